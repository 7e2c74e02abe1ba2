"""A night that its gates refuse, by the job itself: exit code 3, yesterday's rows stay, and nothing is made twice."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from jobs import cli
from jobs.generate import generate
from jobs.prepare import prepare
from radray.cluster.connection import ray_cluster
from radray.schema.predictions import PREDICTIONS
from radray.schema.runs import RUNS
from radray.tables.catalog import Warehouse
from tests.support.worlds.loop import settings_for, tiny_model, write_corpus

pytestmark = pytest.mark.drill  # 2 minutes; a night of test_nights.py is refused in every run

STUDIES = 24
SOURCE = ("source.format=mimic_zip", "date=2026-11-21", "generate.max_new_tokens=4", "generate.engine=transformers")
STRICT = ("gates.min_reports=4", "gates.max_tier_a_rate=0", "gates.min_distinct_rate=1")


def test_a_refused_night_is_not_committed_and_other_models_are_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    studies = write_corpus(tmp_path / "corpus.zip", STUDIES)
    models = [tiny_model(tmp_path / name, [study.text for study in studies]) for name in ("one", "two")]
    output = io.StringIO()
    console = Console(file=output, width=120)

    def run(*overrides: str) -> int:
        settings = settings_for(tmp_path, *SOURCE, *overrides)
        return cli.exit_code(lambda: generate(settings, console))

    def keys() -> dict[str, str]:
        rows = warehouse.read(PREDICTIONS, ["model_name", "run_key"]).to_pylist()
        return {row["model_name"]: row["run_key"] for row in rows}

    first = settings_for(tmp_path, *SOURCE)
    both, score = f"model.uri=[{models[0]}, {models[1]}]", "score.defer_below_logprob=-0.5"
    with ray_cluster(first.cluster):
        prepare(settings_for(tmp_path, *SOURCE, f"source.uri={tmp_path}/corpus.zip"), console)
        warehouse = Warehouse(first.warehouse)
        assert run(f"model.uri={models[0]}") == 0
        yesterday = keys()
        assert set(yesterday) == {"one"}

        # another threshold makes other rows: the night is made again, and refused
        assert run(both, score, *STRICT) == 3
        printed = capsys.readouterr().err
        assert keys() == yesterday
        for name in ("one", "two"):
            assert f"split=live, model {name}: " in printed
        assert "gates.max_tier_a_rate" in printed
        assert not any(study.text[:30] in printed for study in studies)
        statuses = [(row["status"], row["reason"]) for row in warehouse.read(RUNS).to_pylist()]
        assert statuses.count(("failed", "GateError")) == 2

        assert run(both, score) == 0  # a night as small as this passes the gates as they are
    assert set(keys()) == {"one", "two"}
    assert keys()["one"] != yesterday["one"]
    assert output.getvalue().count(f"{STUDIES} resumed") == 2
