"""A night of examples, without Ray: whole, once, made anew for other reports or code, gone on with after a crash."""

import datetime
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from jobs import prepare
from radray.errors import AuditError, ConfigError, ConflictError, InputError
from radray.nights import examples_run
from radray.nights.examples_run import prepare_examples
from radray.nights.failures import worst_at_end
from radray.nights.final_line import FinalLine
from radray.pipelines.answers.examples import ExamplesJob
from radray.schema.examples import EXAMPLES
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.storage.files import Storage
from radray.tables.catalog import Warehouse
from radray.tables.commit import pin
from radray.tables.identity import utc_now
from radray.tables.lease import hold_lease
from radray.tables.partition import free_runs
from radray.tables.patients.priors import find_priors
from radray.tasks.answering import AnswerTask, Example
from radray.tasks.change.task import TASK as CHANGE
from tests.support.tasks import SIDES, SIZE, registered
from tests.support.worlds.examples import night_settings, stage_here
from tests.support.worlds.night_tables import NIGHT, put_prepare_run, put_reports
from tests.support.worlds.tables import Night, open_warehouse


@pytest.fixture(autouse=True)
def _without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples_run, "stage_examples", stage_here)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return open_warehouse(tmp_path)


def make(warehouse: Warehouse, *tasks: AnswerTask) -> tuple[FinalLine, str, int]:
    """Prepare the examples of a night; return the line, what was printed, and how often Ray was asked for."""
    line, output, starts = FinalLine("prepare"), io.StringIO(), []
    settings = night_settings(Path(warehouse.layout.root))
    console = Console(file=output, width=200)
    with worst_at_end(console) as refused:
        refused += prepare_examples(settings, tasks, lambda: starts.append(1), console, line).values()
    return line, output.getvalue(), len(starts)


def examples(warehouse: Warehouse, task: AnswerTask, *columns: str) -> list[dict[str, Any]]:
    rows = warehouse.read(EXAMPLES, ["example_id", "run_key", *columns], {"task": task.id}).to_pylist()
    return sorted(rows, key=lambda row: row["example_id"])


def test_each_task_is_committed_once_and_a_rerun_writes_nothing(warehouse: Warehouse) -> None:
    put_reports(warehouse, ["a", "b"])
    put_reports(warehouse, ["c"], reference=None, subject_id="p")
    put_reports(warehouse, ["d"], status="rejected")
    line, printed, starts = make(warehouse, SIZE, SIDES)
    assert starts == 1
    assert (
        "examples of size, hospital 2026-11-21: 3 examples of 3 reports: 2 ok, 1 not asked (no_impression)" in printed
    )
    assert [row["example_id"] for row in examples(warehouse, SIDES)] == [
        f"{u}/{s}" for u in "abc" for s in ("left", "right")
    ]
    sizes = examples(warehouse, SIZE, "status", "subject_id", "split")
    assert [(row["status"], row["subject_id"]) for row in sizes] == [("ok", None), ("ok", None), ("not_asked", "p")]
    runs = warehouse.read(RUNS, ["task", "job", "status", "rows_ok", "rows_not_ok", "run_id"]).to_pylist()
    assert sorted((run["task"], run["job"], run["status"], run["rows_ok"], run["rows_not_ok"]) for run in runs) == [
        ("sides", "prepare", "finished", 6, 0),
        ("size", "prepare", "finished", 2, 1),
    ]
    assert sorted(line.run_ids) == sorted(run["run_id"] for run in runs)
    assert (line.counts["examples"], line.counts["examples_ok"]) == (9, 8)
    before = warehouse.load(EXAMPLES).metadata.current_snapshot_id
    line, printed, starts = make(warehouse, SIDES, SIZE)
    assert (line.there, line.run_ids, starts) == (2, [], 0)
    assert warehouse.load(EXAMPLES).metadata.current_snapshot_id == before


def test_other_reports_and_another_version_make_the_rows_anew(warehouse: Warehouse) -> None:
    put_reports(warehouse, ["a"])
    make(warehouse, SIDES, SIZE)
    first = examples(warehouse, SIDES)[0]["run_key"]
    line, printed, _ = make(warehouse, replace(SIDES, version="sides-2"), SIZE)
    assert line.there == 1
    assert "examples of sides, hospital 2026-11-21: 2 rows made from other input or code will be replaced" in printed
    second = examples(warehouse, SIDES)[0]["run_key"]
    put_reports(warehouse, ["b"])
    line, _, _ = make(warehouse, replace(SIDES, version="sides-2"), SIZE)
    assert (line.there, len(line.run_ids)) == (0, 2)
    assert {len(examples(warehouse, SIDES)), len(examples(warehouse, SIZE))} == {4, 2}
    assert len({first, second, examples(warehouse, SIDES)[0]["run_key"]}) == 3


def test_an_empty_night_is_committed_empty_and_an_unknown_one_refused(warehouse: Warehouse) -> None:
    put_reports(warehouse, ["z"], dataset="other")
    with pytest.raises(InputError, match=r"no reports of dataset hospital on batch_date=2026-11-21"):
        make(warehouse, SIDES)
    put_prepare_run(warehouse, "hospital")
    line, _, starts = make(warehouse, SIDES, SIZE)
    assert (len(line.run_ids), starts, examples(warehouse, SIDES)) == (2, 0, [])
    line, _, _ = make(warehouse, SIZE, SIDES)
    assert (line.there, line.run_ids) == (2, [])


def test_a_run_goes_on_with_what_a_killed_one_staged(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    put_reports(warehouse, ["a", "b"])
    put_reports(warehouse, ["c"])

    def killed(storage: Storage, files: Sequence[str], jobs: Sequence[ExamplesJob], _: object) -> Iterator[int]:
        yield from stage_here(storage, files[:1], jobs)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(examples_run, "stage_examples", killed)
        with pytest.raises(KeyboardInterrupt):
            make(warehouse, SIDES, SIZE)
    assert examples(warehouse, SIDES) == []
    asked: list[str] = []

    def counted(report: Any) -> Sequence[Example]:
        asked.append(report["unit_id"])
        return SIDES.make_examples(report)

    make(warehouse, replace(SIDES, make_examples=counted), SIZE)
    assert len(examples(warehouse, SIDES)) == 6
    assert len(examples(warehouse, SIZE)) == 3
    assert asked in (["c"], ["a", "b"])  # the files of a table come in no order
    staged = warehouse.read(RUNS, ["rows_resumed"], {"status": "finished", "task": "sides"}).to_pylist()
    assert staged == [{"rows_resumed": 6 - 2 * len(asked)}]


def test_a_report_without_an_example_stops_the_commit(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    put_reports(warehouse, ["a", "b"])
    put_reports(warehouse, ["c"])

    def lossy(storage: Storage, files: Sequence[str], jobs: Sequence[ExamplesJob], _: object) -> Iterator[int]:
        return stage_here(storage, files[:1], jobs)

    with monkeypatch.context() as patch:
        patch.setattr(examples_run, "stage_examples", lossy)
        with pytest.raises(AuditError, match=r"of 3 reports have no example, and 0 are not of the input"):
            make(warehouse, SIDES)
    assert examples(warehouse, SIDES) == []
    make(warehouse, SIDES)
    assert len(examples(warehouse, SIDES)) == 6


def test_a_task_that_fails_on_its_reports_stops_no_other(warehouse: Warehouse) -> None:
    put_reports(warehouse, list("abcdefghi"))
    put_reports(warehouse, ["x", "y"], reference="broken")
    with pytest.raises(AuditError, match=r"task size: its code failed on 2 of 11 reports, more than 10%") as refused:
        make(warehouse, SIDES, SIZE)
    assert "broken" not in str(refused.value)
    assert (len(examples(warehouse, SIDES)), examples(warehouse, SIZE)) == (22, [])
    runs = warehouse.read(RUNS, ["task", "status", "reason"]).to_pylist()
    assert sorted((run["task"], run["status"], run["reason"]) for run in runs) == [
        ("sides", "finished", None),
        ("size", "failed", "AuditError"),
    ]


def test_a_task_of_many_questions_is_refused_by_its_reports(warehouse: Warehouse) -> None:
    put_reports(warehouse, list("abcdefgh"))
    put_reports(warehouse, ["x", "y"], reference="broken")

    def many(report: Any) -> Sequence[Example]:
        if report["reference"] == "broken":
            raise ValueError
        return [replace(SIDES.make_examples(report)[0], item=str(item)) for item in range(50)]

    task = replace(SIDES, reads=("findings", "reference"), make_examples=many)
    with pytest.raises(AuditError, match=r"its code failed on 2 of 10 reports, more than 10%"):
        make(warehouse, task)  # 2 of 402 rows


def test_a_task_that_another_run_makes_now_stops_no_other(warehouse: Warehouse) -> None:
    put_reports(warehouse, ["a"])
    place = {"batch_date": NIGHT, "dataset": "hospital", "task": "sides"}
    uri = warehouse.layout.lease(EXAMPLES.name, pin(warehouse, EXAMPLES, place).partition_id)
    with (
        hold_lease(warehouse, uri, "other-run", "other-key", utc_now(), 0.05),
        pytest.raises(ConflictError, match=r"examples of sides, hospital 2026-11-21: run other-run .* is working on"),
    ):
        make(warehouse, SIDES, SIZE)
    assert (examples(warehouse, SIDES), len(examples(warehouse, SIZE))) == ([], 1)
    assert len(make(warehouse, SIDES, SIZE)[0].run_ids) == 1  # its lease was left


def test_rows_that_an_equal_run_made_meanwhile_are_taken(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    put_reports(warehouse, ["a"])
    lease = free_runs

    def late(runs: Any) -> Any:
        monkeypatch.setattr(examples_run, "free_runs", lease)
        make(warehouse, SIDES)
        return lease(runs)

    monkeypatch.setattr(examples_run, "free_runs", late)
    line, printed, _ = make(warehouse, SIDES, SIZE)
    assert (line.there, len(line.run_ids)) == (1, 1)
    assert "examples of sides, hospital 2026-11-21 are there already" in printed
    assert (len(examples(warehouse, SIDES)), len(examples(warehouse, SIZE))) == (2, 1)


def test_an_empty_night_of_reports_is_done_whatever_was_made_of_it(warehouse: Warehouse) -> None:
    Night(warehouse, "key").finish([])
    assert Night(warehouse, "key").run.is_committed()
    make(warehouse, SIDES)  # a run of prepare too, over an empty night, and not over `reports`
    assert Night(warehouse, "key").run.is_committed()


def test_prepare_needs_no_source_where_it_has_tasks(warehouse: Warehouse) -> None:
    with registered(SIDES):
        settings = night_settings(Path(warehouse.layout.root), "tasks=impression,sides")
        prepare.check(settings)
        read, write = prepare.describe(settings)
        assert read.endswith(": reports, batch_date=2026-11-21, dataset=hospital")
        assert write.endswith(": examples, batch_date=2026-11-21, dataset=hospital, task=sides")
        parsed = settings.model_copy(update={"source": settings.source.model_copy(update={"uri": "a.zip"})})
        with pytest.raises(ConfigError, match=r"source\.format is not set"):
            prepare.check(parsed)
        assert len(prepare.describe(parsed)) == 3
    with pytest.raises(ConfigError, match=r"unknown task 'sides'; known: .*impression"):
        prepare.check(settings)
    with pytest.raises(ConfigError, match=r"source\.format is not set"):
        prepare.check(night_settings(Path(warehouse.layout.root), "tasks=impression"))


def test_the_report_before_is_the_patients_last_and_decides_the_rows(warehouse: Warehouse) -> None:
    day = datetime.timedelta(days=1)
    put_reports(warehouse, ["old"], subject_id="p", batch_date=NIGHT - 2 * day, findings="Old.", study_id="1")
    put_reports(warehouse, ["later"], subject_id="p", batch_date=NIGHT + day, findings="Later.", study_id="5")
    put_reports(warehouse, ["other"], subject_id="p", batch_date=NIGHT - day, dataset="elsewhere", findings="Else.")
    put_reports(warehouse, ["stranger"], subject_id="q", batch_date=NIGHT - day, findings="Stranger.")
    put_reports(warehouse, ["bad"], subject_id="p", batch_date=NIGHT - day, findings="Bad.", status="rejected")
    put_reports(warehouse, ["a"], subject_id="p", study_id="3")
    put_reports(warehouse, ["nobody"], subject_id=None)

    def asked() -> dict[str, Any]:
        make(warehouse, CHANGE)
        return {
            row["example_id"]: row["inputs"] or row["reason"] for row in examples(warehouse, CHANGE, "inputs", "reason")
        }

    old = json.loads(asked()["a"])
    assert (old["prior"], old["findings"]) == ("Old. Normal.", "Clear a.")
    assert asked()["nobody"] == "no_prior"
    assert make(warehouse, CHANGE)[0].there == 1
    # an exam of before, that arrived on the same night, by its time
    put_reports(
        warehouse, ["b"], subject_id="p", study_id="2", exam_time=datetime.datetime(2026, 11, 19, 12), findings="Mid."
    )
    assert json.loads(asked()["a"])["prior"] == "Mid. Normal."
    assert json.loads(asked()["b"])["prior"] == "Old. Normal."
    # a night that is prepared late changes what is before, of this task alone
    make(warehouse, SIDES)
    put_reports(warehouse, ["late"], subject_id="p", batch_date=NIGHT - day, study_id="2b", findings="Late.")
    line, _, _ = make(warehouse, SIDES, CHANGE)
    assert (line.there, len(line.run_ids)) == (1, 1)
    assert json.loads(asked()["b"])["prior"] == "Old. Normal."
    assert json.loads(asked()["a"])["prior"] == "Late. Normal."


def prior_of_a(warehouse: Warehouse) -> tuple[str, str] | None:
    """Return the night and the text of the report before `a` of NIGHT; None where there is none."""
    table = warehouse.load(REPORTS)
    units = warehouse.read(REPORTS, ["unit_id", "subject_id"], {"batch_date": NIGHT, "status": "ok"})
    priors = find_priors(table, "hospital", NIGHT, units)
    texts = priors.of(["a"])
    return (priors.rows["prior_batch_date"][0].as_py(), texts["a"]["prior_findings"]) if texts else None


def test_a_report_of_another_night_with_the_same_unit_id_is_another(warehouse: Warehouse) -> None:
    nights = [NIGHT - datetime.timedelta(days=days) for days in range(4)]
    put_reports(warehouse, ["a"], subject_id="p", study_id="0", batch_date=nights[3], findings="Theirs.")
    put_reports(warehouse, ["a"], subject_id="p", study_id="9", batch_date=NIGHT)
    for night in nights[1:3]:  # strangers, with the ids that the patient's reports have on their nights
        put_reports(warehouse, ["a"], subject_id="q", batch_date=night, study_id=f"q{night}", findings="Stranger's.")
    assert prior_of_a(warehouse) == (nights[3].isoformat(), "Theirs.")


def test_a_corrected_report_is_the_newer_and_a_cancelled_study_none(warehouse: Warehouse) -> None:
    nights = [NIGHT - datetime.timedelta(days=days) for days in range(5)]
    exam = {"subject_id": "p", "study_id": "1", "exam_time": datetime.datetime(2026, 11, 1)}
    put_reports(warehouse, ["a"], subject_id="p", study_id="2", exam_time=datetime.datetime(2026, 11, 20))
    put_reports(warehouse, ["z"], **exam, batch_date=nights[4], findings="First.")
    put_reports(warehouse, ["b"], **exam, batch_date=nights[3], findings="Corrected.")
    assert prior_of_a(warehouse) == (nights[3].isoformat(), "Corrected.")
    # the cancellation itself may lack the patient's id; what is sent after it counts again
    gone = {"study_id": "1", "status": "rejected", "reason": "cancelled", "split": None, "findings": None}
    put_reports(warehouse, ["c"], **gone, batch_date=nights[2])
    assert prior_of_a(warehouse) is None
    put_reports(warehouse, ["d"], **exam, batch_date=nights[1], findings="Again.")
    assert prior_of_a(warehouse) == (nights[1].isoformat(), "Again.")
