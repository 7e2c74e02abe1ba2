"""A model from its calibration to a night under it, by the jobs themselves."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from jobs.evaluate import evaluate
from jobs.generate import generate
from jobs.prepare import prepare
from radray.cluster.connection import ray_cluster
from radray.errors import ConfigError
from radray.evaluation.deferral.calibration import parse_calibration
from radray.nights.final_line import FinalLine
from radray.schema.predictions import PREDICTIONS
from radray.schema.runs import RUNS
from radray.tables.catalog import Warehouse
from tests.support.worlds.loop import settings_for, tiny_model, write_corpus

# three nights through Ray; tests/pipelines/test_whole_night.py and tests/evaluation hold what they rest on in every run
pytestmark = pytest.mark.drill
FIRST, SECOND = "2026-11-21", "2026-11-22"
FIXED = ("source.format=mimic_zip", "generate.max_new_tokens=4", "generate.engine=transformers")


def test_a_night_is_deferred_by_the_calibration_of_an_earlier_one(tmp_path: Path) -> None:
    studies = write_corpus(tmp_path / "corpus.zip", 40)
    model = tiny_model(tmp_path / "model", [study.text for study in studies])
    output = io.StringIO()
    console = Console(file=output, width=400)

    def settings(date: str, *overrides: str) -> Any:
        return settings_for(tmp_path, *FIXED, f"date={date}", f"model.uri={model}", *overrides)

    def rows(date: str) -> list[dict[str, Any]]:
        where = {"batch_date": settings(date).date}
        columns = ["unit_id", "status", "defer", "defer_reason", "checks_id", "run_key"]
        return sorted(warehouse.read(PREDICTIONS, columns, where).to_pylist(), key=lambda row: str(row["unit_id"]))

    with ray_cluster(settings(FIRST).cluster):
        for date in (FIRST, SECOND):
            prepare(settings(date, f"source.uri={tmp_path}/corpus.zip"), console)
        warehouse = Warehouse(settings(FIRST).warehouse)
        generate(settings(FIRST), console)
        evaluate(settings(FIRST, "evaluate.calibrate=logprob", "evaluate.resamples=200"), console)
        (file,) = (model / ".calibration").iterdir()
        calibration = parse_calibration(file.read_bytes(), str(file))

        # an earlier night's calibration, and the same reports: their confidences are those of the calibration
        line = FinalLine("generate")
        generate(settings(SECOND, f"score.calibration={file}"), console, line)
        night = rows(SECOND)
        assert {row["defer_reason"] for row in night} <= {None, "no_prediction", "unsure_normal"}
        assert all(row["defer"] == (row["defer_reason"] is not None) for row in night)
        assert {row["checks_id"].split(";")[-1] for row in night} == {f"calibration {calibration.digest[:16]} 0.01"}
        assert sum(line.deferred.values()) == sum(row["defer"] for row in night)
        assert {row["defer"] for row in rows(FIRST)} == {None}

        # the same night again is there already; under a level that no night passes it is withdrawn, without a model
        generate(settings(SECOND, f"score.calibration={file}"), console)
        assert rows(SECOND) == night
        changed = json.loads(file.read_text())
        changed["histogram"]["counts"] = [
            sum(changed["histogram"]["counts"]),
            *[0] * len(changed["histogram"]["edges"]),
        ]
        other = tmp_path / "other.json"
        other.write_text(json.dumps(changed))
        generate(settings(SECOND, f"score.calibration={other}"), console)
        assert {(row["defer"], row["defer_reason"]) for row in rows(SECOND)} == {(True, "withdrawn")}
        generate(settings(SECOND, f"score.calibration={file}"), console)
        again = rows(SECOND)
        assert [{**row, "run_key": ""} for row in again] == [{**row, "run_key": ""} for row in night]

        for override, named in (
            ("generate.length_penalty=2", "settings_digest"),
            ("generate.compute_type=int8", "engine"),
        ):
            with pytest.raises(ConfigError, match=f"was made for .*{named} .*, and this is "):
                generate(settings(SECOND, f"score.calibration={file}", "generate.engine=auto", override), console)
    assert "the calibration is withdrawn: logprob is spread otherwise" in output.getvalue()
    runs = [row for row in warehouse.read(RUNS).to_pylist() if row["job"] == "generate" and row["status"] == "finished"]
    withdrawn = [row for row in runs if row["shift_p_value"] is not None and row["shift_p_value"] < 0.01]
    assert [row["rows_deferred"] for row in withdrawn] == [len(night)]
