"""Work whose reader ended with its process: divided until it is one file or member, whose planned rows say so."""

import datetime
import json
import pickle
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ray.exceptions import WorkerCrashedError

from radray.pipelines import parse_reports
from radray.pipelines.parse_reports import ReadReports, RowContext, stage_reports
from radray.pipelines.plan import plan
from radray.pipelines.work import PlannedUnit, SourceSpec
from radray.reports.record.fields import Fields
from radray.schema.reports import REPORTS
from radray.tables.merge import staged_ids
from tests.support.worlds.prepared import STORAGE

TEXT = "FINDINGS: The lungs are clear.\nIMPRESSION: Normal.\n"
LINE = json.dumps({"study_id": "1", "findings": "The lungs are clear."}) + "\n"


def texts(source: Path) -> None:
    source.mkdir()
    for number in range(5):
        (source / f"{number}.txt").write_text(TEXT)


def zipped_texts(source: Path) -> None:
    with zipfile.ZipFile(source, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name that stands there twice
        for name in ("a.txt", "b.txt", "b.txt", "c.txt"):
            archive.writestr(name, TEXT)


def zipped_lines(source: Path) -> None:
    with zipfile.ZipFile(source, "w") as archive:
        for name, count in (("a.jsonl", 2), ("b.jsonl", 1), ("c.jsonl", 3)):
            archive.writestr(name, LINE * count)


def lines(source: Path) -> None:
    source.write_text(LINE * 3)


SOURCES = {
    "files": ("text", texts, [1] * 5),
    "members": ("text", zipped_texts, [1] * 4),
    "members of many": ("jsonl", zipped_lines, [2, 1, 3]),
    "a file of many": ("jsonl", lines, [3]),
}


def planned(source: Path, format_: str) -> tuple[list[PlannedUnit], RowContext]:
    spec = SourceSpec(format_, Fields(), "hospital")
    constants = {"batch_date": datetime.date(2026, 11, 21), "run_key": "k", "run_id": "r"}
    return plan(STORAGE, STORAGE.freeze(str(source)), spec), RowContext(spec, constants, None, "train")


def parts(unit: PlannedUnit) -> list[PlannedUnit]:
    halves = unit.halves()
    return halves if len(halves) == 1 else [part for half in halves for part in parts(half)]


@pytest.mark.parametrize(("format_", "write", "sizes"), SOURCES.values(), ids=SOURCES)
def test_each_planned_row_says_so(
    tmp_path: Path, format_: str, write: Callable[[Path], None], sizes: list[int]
) -> None:
    write(tmp_path / "source")
    (unit,), context = planned(tmp_path / "source", format_)
    divided = parts(unit)
    assert [len(part.unit_ids) for part in divided] == sizes
    assert sum((part.unit_ids for part in divided), ()) == unit.unit_ids
    read = ReadReports(STORAGE, context)
    for part in divided:
        for work, reason in ((part.work, None), (part.set_aside().work, "malformed")):
            rows = pa.concat_tables(read(pa.table({"work": [pickle.dumps(work)]}))).to_pylist()
            assert sorted(row["unit_id"] for row in rows) == sorted(part.unit_ids)
            assert {row["reason"] for row in rows} == {reason}


def test_the_one_that_ends_its_reader_costs_its_own_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipeline without Ray stands in for the one that ends: tests/e2e/test_prepare_job.py has that."""
    texts(tmp_path / "source")
    (unit,), context = planned(tmp_path / "source", "text")
    read = ReadReports(STORAGE, context)
    begun: list[int] = []

    def stage(_storage: object, units: list[PlannedUnit], _context: object, staging: str) -> None:
        begun.append(sum(len(unit.unit_ids) for unit in units))
        for unit in units:
            if any(file.path == "3.txt" for file in unit.work.files) and not unit.work.ended_reader:
                raise WorkerCrashedError
            for table in read(pa.table({"work": [pickle.dumps(unit.work)]})):
                pq.write_table(table, f"{staging}/{len(begun)}.parquet")

    monkeypatch.setattr(parse_reports, "_stage", stage)
    (tmp_path / "staging").mkdir()
    stage_reports(STORAGE, [unit], context, str(tmp_path / "staging"), ())
    assert begun == [5, 2, 3, 1, 2, 1, 1, 1]
    rows = pq.read_table(tmp_path / "staging").to_pylist()
    assert sorted((row["source_uri"], row["reason"]) for row in rows if row["reason"]) == [("3.txt", "malformed")]
    assert staged_ids(STORAGE, str(tmp_path / "staging"), REPORTS) == sorted(unit.unit_ids)
