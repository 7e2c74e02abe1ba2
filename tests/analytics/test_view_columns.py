"""Columns of views for which hand-made rows show more than random ones: state of a night, missed words, main scorer."""

import datetime
from pathlib import Path

import pytest

from radray.analytics.query import stream
from radray.analytics.views import Choices
from radray.checks.check import CHECKS_ID, check
from radray.evaluation.rouge import Scorer
from radray.schema.evaluations import EVALUATIONS
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from tests.support.worlds.tables import open_warehouse
from tests.support.worlds.views import START, append


def test_the_state_of_a_night_is_what_became_of_it(tmp_path: Path) -> None:
    """Of nine days of one hospital, one a state; a corpus, and what another model did, are no nights."""
    warehouse = open_warehouse(tmp_path / "warehouse")
    day = [datetime.date(2026, 2, 24) + datetime.timedelta(days=n) for n in range(9)]
    reports = [
        {"unit_id": f"{at}-{n}", "batch_date": at, "status": status, "dataset": "north", "format": "hl7"}
        | {"source_uri": "a", "source_member": "", "source_offset": n, "source_digest": "0", "run_key": "k"}
        | {"run_id": "prepare-1", "study_id": f"s{n}", "reason": None if status == "ok" else "no_findings"}
        for at, statuses in {
            **{day[0]: ("ok", "ok", "rejected"), day[1]: ("ok", "ok"), day[2]: ("ok",), day[5]: ("rejected",)},
            **{day[7]: ("ok",), datetime.date(1970, 1, 1): ("ok",)},
        }.items()
        for n, status in enumerate(statuses)
    ]
    blank = dict.fromkeys(("split_key", "text_digest", "prompt_id", "settings_digest", "engine", "run_key"), "x")
    predictions = [
        {**blank, "unit_id": f"{at}-{n}", "batch_date": at, "dataset": "north", "split": "live", "model_name": model}
        | {"model_digest": model, "status": status, "study_id": f"s{n}", "findings": "f", "run_id": "generate-1"}
        | {"defer": defer}
        for at, n, model, status, defer in (
            *((day[0], 0, "model", "ok", True), (day[0], 1, "model", "ok", False)),
            *((day[1], 0, "model", "ok", None), (day[1], 1, "model", "failed", None)),
            (day[2], 0, "fine", "ok", None),
        )
    ]
    hour = iter(range(100))
    runs = [
        {"run_id": f"{job}-{at}-{status}", "job": job, "batch_date": at, "dataset": "north", "model_name": model}
        | {"status": status, "reason": reason, "run_key": "k", "config": "c", "code_version": "1"}
        | {"started": START + datetime.timedelta(hours=next(hour))}
        for at, job, model, status, reason in (
            *((day[0], "generate", "model", "failed", "GateError"), (day[0], "generate", "model", "finished", None)),
            (day[2], "prepare", None, "finished", None),
            (day[3], "generate", "model", "finished", None),
            (day[4], "prepare", None, "failed", "InputError"),
            (day[6], "generate", "fine", "finished", None),
            (day[7], "generate", "model", "running", None),
            (day[8], "prepare", None, "running", None),
        )
    ]
    for schema, rows in ((REPORTS, reports), (PREDICTIONS, predictions), (RUNS, runs)):
        append(warehouse, schema, rows)
    got = (
        stream(warehouse, "SELECT * FROM nights ORDER BY batch_date", choices=Choices("model", "fine"))
        .table()
        .to_pylist()
    )
    assert [row["batch_date"] for row in got] == day
    states = ["complete", "partial", "unwritten", "empty", "failed", "complete", "missing", "running", "running"]
    assert [row["state"] for row in got] == states
    assert [row["units"] for row in got] == [3, 2, 1, 0, 0, 1, 0, 1, 0]
    assert [(row["written"], row["failed"], row["deferred"]) for row in got[:3]] == [(2, 0, 1), (1, 1, 0), (0, 0, 0)]
    assert [row["deferred_share"] for row in got[:3]] == [0.5, 0.0, None]
    ends = [(row["last_run_status"], row["last_run_reason"]) for row in got]
    assert ends[:5] == [
        *(("finished", None), (None, None), ("finished", None), ("finished", None)),
        ("failed", "InputError"),
    ]


@pytest.mark.parametrize("stemmer", [True, False])
def test_figures_of_the_scorer_of_predictions_are_marked(tmp_path: Path, *, stemmer: bool) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse")
    key = {"run_id": "evaluate-1", "batch_date": datetime.date(2026, 3, 1), "dataset": "north", "split": "live"}
    key |= {"system": "model"}
    key |= dict.fromkeys(("n", "mean", "min", "p25", "p50", "p75", "max"), 1) | {"stratum": "all", "metric": "m"}
    ours = Scorer(stemmer=stemmer).scorer_id
    scorers = [Scorer(stemmer=s, references=r).scorer_id for s in (True, False) for r in ("clean", "raw")]
    append(warehouse, EVALUATIONS, [{**key, "scorer_id": scorer} for scorer in (*scorers, CHECKS_ID)])
    sql = "SELECT scorer_id FROM evaluation_figures WHERE main_scorer"
    got = stream(warehouse, sql, choices=Choices(stemmer=stemmer)).table().to_pylist()
    assert {row["scorer_id"] for row in got} == {ours, CHECKS_ID}


def test_the_words_that_an_impression_misses_are_those_of_the_findings(tmp_path: Path) -> None:
    findings = "Größe unverändert. Large left pneumothorax. Free air under the diaphragm."
    checked = check("No acute disease.", findings, None)
    assert checked.flags["critical_missed"] is True
    warehouse = open_warehouse(tmp_path / "warehouse")
    filler = dict.fromkeys(("split_key", "text_digest", "prompt_id", "settings_digest", "engine", "run_key"), "x")
    row = {**filler, "unit_id": "u", "batch_date": datetime.date(2026, 3, 1), "dataset": "north", "split": "live"}
    row |= {"model_name": "model", "model_digest": "m", "status": "ok", "study_id": "s", "run_id": "generate-1"}
    row |= {"findings": findings, "flag_critical_missed": True, "evidence": checked.evidence}
    append(warehouse, PREDICTIONS, [row, {**row, "unit_id": "v", "flag_critical_missed": False}])
    got = stream(warehouse, "SELECT unit_id, missed_words FROM predictions_text ORDER BY 1").table().to_pylist()
    assert got == [
        {"unit_id": "u", "missed_words": "pneumothorax; Free air under the diaphragm"},
        {"unit_id": "v", "missed_words": None},
    ]


def test_deferrals_are_counted_by_reason_and_what_is_kept_beside(tmp_path: Path) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse")
    blank = dict.fromkeys(("split_key", "text_digest", "prompt_id", "settings_digest", "engine", "run_key"), "x")
    nights: dict[datetime.date, list[str | None]] = {
        START.date(): [None, None, "unsure_normal", "no_prediction"],
        START.date() + datetime.timedelta(days=1): ["withdrawn", "withdrawn"],
        START.date() + datetime.timedelta(days=2): ["off"],
    }
    rows = [
        {**blank, "unit_id": f"{night}-{place}", "batch_date": night, "dataset": "north", "split": "live"}
        | {"model_name": "model", "model_digest": "m", "study_id": "s", "findings": "f", "run_id": "generate-1"}
        | {"status": "failed" if reason == "no_prediction" else "ok", "checks_id": "checks-1"}
        | ({} if reason == "off" else {"defer": reason is not None, "defer_reason": reason})
        for night, reasons in nights.items()
        for place, reason in enumerate(reasons)
    ]
    append(warehouse, PREDICTIONS, rows)
    asked = "SELECT batch_date, defer_reason, reports, share FROM deferrals"
    first, second, _ = nights
    assert {tuple(row.values()) for row in stream(warehouse, asked).table().to_pylist()} == {
        *((first, None, 2, 0.5), (first, "unsure_normal", 1, 0.25), (first, "no_prediction", 1, 0.25)),
        (second, "withdrawn", 2, 1.0),
    }


def test_calibrations_hold_what_was_tested_and_what_is_kept(tmp_path: Path) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse")
    figures = {
        "r2": {"alpha": (59, 0.1), "delta": (59, 0.05), "errors": (59, 2 / 59), "p_value": (59, 0.04)}
        | {"threshold": (90, -0.3), "kept": (90, 0.8), "kept_normal": (90, 0.5)},
        # where no threshold passed there is none, and nothing that reads normal is kept
        "r1_normal": {"alpha": (0, 0.1), "delta": (0, 0.05), "errors": (0, 0.0), "p_value": (0, 1.0)}
        | {"kept": (90, 0.3), "kept_normal": (90, 0.0)},
    }
    about = {"run_id": "evaluate-1", "batch_date": START.date(), "dataset": "north", "split": "test", "stratum": "all"}
    about |= {"system": "model 12345678", "kind": "model", "scorer_id": "s", "missing": 0, "failed": 0, "clusters": 90}
    spread = ("mean", "min", "p25", "p50", "p75", "max")
    rows = [
        {**about, "metric": f"calibration.logprob.{risk}.{what}", "n": n, **dict.fromkeys(spread, mean)}
        | {"ci_high": 0.12 if what == "errors" else None}
        for risk, values in figures.items()
        for what, (n, mean) in values.items()
    ]
    append(warehouse, EVALUATIONS, [*rows, {**about, "metric": "rouge1", "n": 90, **dict.fromkeys(spread, 0.5)}])
    names = "risk, confidence, alpha, delta, threshold, tested, errors, upper, p_value, calibrated, kept, kept_normal"
    answers = stream(warehouse, f"SELECT {names} FROM calibrations ORDER BY risk").table().to_pylist()
    assert [tuple(row.values()) for row in answers] == [
        ("r1_normal", "logprob", 0.1, 0.05, None, 0, 0, 0.12, 1.0, 90, 0.3, 0.0),
        ("r2", "logprob", 0.1, 0.05, -0.3, 59, 2, 0.12, 0.04, 90, 0.8, 0.5),
    ]
