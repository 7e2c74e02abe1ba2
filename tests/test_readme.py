"""The README's queries print rows, its settings exist, its set-up commands are CI's; the rest is in test_documents."""

import datetime
import re
import shlex
import sys
from typing import Any

import pytest

from jobs import query
from jobs.evaluate import evaluate
from radray.schema.runs import RUNS
from tests.support.paths import ROOT
from tests.support.worlds import evaluate as evaluate_world

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```bash\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
JOBS = [line.rpartition(" && ")[2] for line in COMMANDS if " -m jobs." in line]


def test_the_readme_has_its_two_commands() -> None:
    setup = "python3 -m venv .venv && .venv/bin/pip install -q -e "
    assert COMMANDS[0] == f"{setup}. && .venv/bin/python -m jobs.demo"
    assert COMMANDS[1] == f"{setup}'.[test]' && .venv/bin/python -m pytest"
    assert "\n.venv-ci/bin/python -m pytest\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert len(JOBS) >= 8


def test_every_setting_that_the_readme_names_is_one() -> None:
    from radray.settings.loading import load_settings

    for key in set(
        re.findall(r"`((?:source|split|model|warehouse|train|evaluate|generate)\.[a-z_.]+)(?:=FILE)?`", README)
    ):
        if key == "split.csv":  # a file of the demo
            continue
        section, _, name = key.partition(".")
        assert hasattr(getattr(load_settings(), section), name), key


QUERIES = [line for line in JOBS if " -m jobs.query " in line]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a small warehouse with what the README's queries ask for: reports, two models, an evaluation, a night."""
    models = {"model": "aa" * 32, "model-untrained": "cc" * 32}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluate_world, "MODELS", models)
        world = evaluate_world.make_world(tmp_path_factory.mktemp("readme"), {"synthetic": 120})
    evaluate(world.settings("evaluate.resamples=200"), world.console)
    run: dict[str, Any] = {"run_id": "generate-1", "job": "generate", "run_key": "k", "config": "", "code_version": "1"}
    run |= {"status": "finished", "started": datetime.datetime(2026, 11, 21, 2, 0)}
    evaluate_world.append(world.warehouse, RUNS, [run])
    return world.settings().warehouse.uri


@pytest.mark.parametrize("line", QUERIES)
def test_every_query_of_the_readme_prints_rows(
    line: str, warehouse: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = shlex.split(line)
    words = [word for word in words[words.index("jobs.query") + 1 :] if not word.startswith("warehouse.uri=")]
    monkeypatch.setattr(sys, "argv", ["query", *words, f"warehouse.uri={warehouse}"])
    assert query.main() == 0, capsys.readouterr().err
    out = capsys.readouterr().out
    assert out.startswith(("┏", "-- row 1 -"))
    assert len(out.splitlines()) >= 5


def test_the_readme_has_queries() -> None:
    assert len(QUERIES) >= 5
