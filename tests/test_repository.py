"""The repository holds what it should at its top, and speaks of itself alone."""

import ast
import subprocess

import pytest

from tests.support.paths import ROOT

TOP = {
    *("jobs", "radray", "tests", "cluster.yaml", "pyproject.toml", "requirements.lock"),
    *("README.md", "CHANGELOG.md", "LICENSE"),
}

MOST_CHARACTERS_OF_A_TEST = 70


@pytest.fixture(autouse=True)
def _in_a_clone() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git clone: there is no list of tracked files")


def tracked() -> list[str]:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_the_top_level_is_as_agreed() -> None:
    tops = {path.split("/")[0] for path in tracked()}
    assert {top for top in tops if not top.startswith(".")} <= TOP
    assert {"jobs", "radray", "tests", "pyproject.toml", "README.md", "LICENSE"} <= tops


def test_no_paths_of_a_machine_are_in_the_sources() -> None:
    for path in tracked():
        content = (ROOT / path).read_bytes()  # some are archives
        for word in ("/ro" + "ot/", "/wo" + "rk/", "/ho" + "me/"):
            assert word.encode() not in content, (path, word)


def test_names_of_tests_have_70_characters_at_most() -> None:
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                assert len(node.name) <= MOST_CHARACTERS_OF_A_TEST, (path.name, node.name)
