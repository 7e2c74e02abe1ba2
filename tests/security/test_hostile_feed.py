"""A hostile file beside a thousand good reports: they are committed, and the file is rows with its reason.

All that a night does but Ray: the reading tasks run in this process.
"""

import io
import pickle
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from jobs import cli
from radray.nights.final_line import FinalLine
from radray.nights.reports_run import prepare_night
from radray.pipelines.parse_reports import ReadReports, RowContext
from radray.pipelines.work import PlannedUnit
from radray.schema.reports import REPORTS
from radray.settings.loading import load_settings
from radray.storage.files import Storage
from radray.tables.catalog import Warehouse
from tests.support.inputs.hostile_files import GOOD, GOOD_OF, HOSTILE, hl7


class Feed:
    """A source folder, and the night that is made of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "feed"
        self.folder.mkdir()
        self._overrides = [f"source.uri={self.folder}", "source.dataset=h", "date=2026-11-21"]
        self._overrides.append(f"warehouse.uri={folder / 'warehouse'}")
        self.printed = ""

    def prepare(self, *overrides: str) -> int:
        """Return the exit code of the night."""
        settings = load_settings([], [*self._overrides, *overrides])
        out = io.StringIO()
        line = FinalLine("prepare")
        night = lambda: prepare_night(  # noqa: E731
            settings, Console(file=out, width=500), line=line, start_ray=lambda: None
        )
        code = cli.exit_code(night)
        self.printed = out.getvalue()
        return code

    def rows(self) -> list[dict[str, object]]:
        warehouse = Warehouse(load_settings([], self._overrides).warehouse)
        return warehouse.read(REPORTS, ["study_id", "status", "reason", "source_uri"]).to_pylist()


def in_process(
    storage: Storage, units: list[PlannedUnit], context: RowContext, staging: str, staged: frozenset[str]
) -> None:
    """Read what a task of Ray each would."""
    Path(staging).mkdir(parents=True, exist_ok=True)
    read = ReadReports(storage, context)
    for number, unit in enumerate(units):
        for part, table in enumerate(read(pa.table({"work": [pickle.dumps(unit.work)]}))):
            pq.write_table(table, f"{staging}/{number}-{part}.parquet")


@pytest.fixture
def feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Feed:
    monkeypatch.setattr("radray.nights.reports_run.stage_reports", in_process)
    return Feed(tmp_path)


@pytest.mark.parametrize(("format_", "write"), HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("as_", ["named", "auto"])
def test_a_hostile_file_costs_its_own_rows_alone(
    feed: Feed, format_: str, write: Callable[[Path], None], as_: str, capsys: pytest.CaptureFixture[str]
) -> None:
    GOOD_OF[format_](feed.folder)
    before = {path.name for path in feed.folder.iterdir()}
    write(feed.folder)
    assert {path.name for path in feed.folder.iterdir()} > before
    code = feed.prepare(f"source.format={format_ if as_ == 'named' else 'auto'}")
    assert (code, capsys.readouterr().err) == (0, "")
    rows = feed.rows()
    ok = Counter(row["status"] for row in rows if str(row["study_id"]).startswith("good"))["ok"]
    assert ok == GOOD
    theirs = [row for row in rows if row["source_uri"] not in before]
    assert theirs != []
    assert all(row["status"] == "ok" or row["reason"] for row in theirs)


def test_a_parquet_cell_out_of_range_costs_its_row_alone(feed: Feed) -> None:
    times = pa.array([0, 253_402_300_800, 0], pa.int64()).view(pa.timestamp("s"))
    table = pa.table({"study_id": ["1", "2", "3"], "findings": ["The lungs are clear."] * 3, "exam_time": times})
    pq.write_table(table, feed.folder / "a.parquet")
    assert feed.prepare("source.format=parquet") == 0
    assert Counter(row["reason"] or row["status"] for row in feed.rows()) == {"malformed": 1, "ok": 2}


def test_a_flood_of_the_senders_own_cancellations_is_refused_by_its_gate(
    feed: Feed, capsys: pytest.CaptureFixture[str]
) -> None:
    (feed.folder / "a.hl7").write_bytes(b"".join(hl7(f"A{n}", f"M{n}") for n in range(40)))
    (feed.folder / "z.hl7").write_bytes(b"".join(hl7(f"A{n}", f"M{n}", status="X", hour=2) for n in range(40)))
    assert feed.prepare("source.format=hl7") == 3
    assert "40 of 40 reports were withdrawn" in capsys.readouterr().err
    assert feed.rows() == []
    assert feed.prepare("source.format=hl7", "source.max_withdrawn_fraction=1") == 0


def test_reports_without_a_study_count_each_and_the_gate_refuses_them(
    feed: Feed, capsys: pytest.CaptureFixture[str]
) -> None:
    GOOD_OF["hl7"](feed.folder)
    (feed.folder / "zz.hl7").write_bytes(hl7("", "M") * 3 * GOOD)
    assert feed.prepare("source.format=hl7") == 3
    assert "3,000 of 4,000 units were rejected, more than source.max_rejected_fraction" in capsys.readouterr().err


def test_cancellations_that_are_not_followed_are_counted_aloud(feed: Feed) -> None:
    (feed.folder / "a.hl7").write_bytes(hl7("A1", "M1") + hl7("A2", "M2"))
    (feed.folder / "z.hl7").write_bytes(hl7("A1", "", status="X", hour=2) + hl7("A2", "M2", status="X", hour=2))
    assert feed.prepare("source.format=hl7") == 0
    assert "1 cancellations name a report of another subject or sender; those reports stay" in feed.printed
    assert Counter(row["reason"] or row["status"] for row in feed.rows()) == {"ok": 1, "withdrawn": 1, "cancelled": 2}


def test_a_night_folder_that_is_a_link_is_refused(feed: Feed, capsys: pytest.CaptureFixture[str]) -> None:
    outside = feed.folder.parent / "outside"
    outside.mkdir()
    (outside / "a.hl7").write_bytes(hl7("A1", "M1"))
    (feed.folder / "2026-11-21").symlink_to(outside)
    assert feed.prepare("source.format=hl7", f"source.uri={feed.folder}/{{date}}") == 3
    assert "is a link, or lies behind one" in capsys.readouterr().err
    assert feed.rows() == []


def test_a_source_that_is_a_link_itself_is_the_operators(feed: Feed) -> None:
    (feed.folder / "a.hl7").write_bytes(hl7("A1", "M1"))
    (feed.folder.parent / "current").symlink_to(feed.folder)
    assert feed.prepare("source.format=hl7", f"source.uri={feed.folder.parent}/current") == 0
    assert len(feed.rows()) == 1
