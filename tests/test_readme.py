"""The README's commands are commands that the jobs take, and its two set-up commands are the ones that CI runs."""

import importlib
import re
import shlex
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```bash\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
JOBS = [line.rpartition(" && ")[2] for line in COMMANDS if " -m jobs." in line]


def test_the_readme_has_its_two_commands() -> None:
    setup = "python3 -m venv .venv && .venv/bin/pip install -q -e "
    assert COMMANDS[0] == f"{setup}. && .venv/bin/python -m jobs.demo"
    assert COMMANDS[1] == f"{setup}'.[test]' && .venv/bin/python -m pytest"
    assert "\n.venv-ci/bin/python -m pytest\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert len(JOBS) >= 8


@pytest.mark.parametrize("line", JOBS)
def test_every_command_of_the_readme_is_taken(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word.replace("jobs/configs/", f"{ROOT}/jobs/configs/") for word in shlex.split(line)]
    place = words.index("-m")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [words[place + 1], *words[place + 2 :], "--dry-run"])
    assert importlib.import_module(words[place + 1]).main() == 0, capsys.readouterr().err


def test_every_setting_that_the_readme_names_is_one() -> None:
    from radray.settings.loading import load_settings

    for key in set(
        re.findall(r"`((?:source|split|model|warehouse|train|evaluate|generate)\.[a-z_.]+)(?:=FILE)?`", README)
    ):
        if key == "split.csv":  # a file of the demo
            continue
        section, _, name = key.partition(".")
        assert hasattr(getattr(load_settings(), section), name), key
