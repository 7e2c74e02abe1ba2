"""A small warehouse for the tests of tables: rows of `reports`, and runs over one night."""

import datetime
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from radray.schema.reports import REPORTS
from radray.settings.warehouse import WarehouseSettings
from radray.tables.catalog import Warehouse
from radray.tables.commit import pin
from radray.tables.identity import new_run_id
from radray.tables.merge import Merged
from radray.tables.partition import LeasedRun, PartitionRun, RecordedRun
from radray.tables.rows import to_arrow
from radray.tables.runs import RunRow

NIGHT = datetime.date(2026, 11, 21)


def report_rows(unit_ids: Sequence[str], run_key: str, run_id: str, night: datetime.date = NIGHT) -> pa.Table:
    rows = []
    for unit_id in unit_ids:
        row = dict.fromkeys(column.name for column in REPORTS.columns)
        row |= {
            "unit_id": unit_id,
            "batch_date": night,
            "dataset": "hospital",
            "format": "mimic_zip",
            "status": "ok",
            "source_uri": "a.zip",
            "source_member": f"{unit_id}.txt",
            "source_offset": 0,
            "source_digest": "00",
            "study_id": f"s{unit_id}",
            "run_key": run_key,
            "run_id": run_id,
        }
        rows.append(row)
    return to_arrow(rows, REPORTS)


@dataclass
class Night:
    """One run over a night: opened (base pinned), staged, then committed when asked."""

    warehouse: Warehouse
    run_key: str
    night: datetime.date = NIGHT

    def __post_init__(self) -> None:
        partition = {"batch_date": self.night, "dataset": "hospital"}
        self.row = RunRow(new_run_id("prepare"), "prepare", self.run_key, "config", partition)
        self.base = pin(self.warehouse, REPORTS, partition)
        self.run = PartitionRun(self.warehouse, self.base, self.row)
        self.staging = self.warehouse.layout.staging(REPORTS.name, self.run_key)

    def stage(self, unit_ids: Sequence[str], file: str = "a") -> None:
        self.stage_rows(report_rows(unit_ids, self.run_key, self.row.run_id, self.night), file)

    def stage_rows(self, rows: pa.Table, file: str = "a") -> None:
        self.warehouse.storage.make_folder(self.staging)
        fs, path = self.warehouse.storage.filesystem(f"{self.staging}/{file}.parquet")
        pq.write_table(rows, path, filesystem=fs)

    def staged_files(self) -> list[str]:
        return self.warehouse.storage.list_files(self.staging)

    def staged_ids(self) -> list[str]:
        return self.unrecorded().staged_ids()

    def recorded(self) -> AbstractContextManager[RecordedRun]:
        """Record the run though its lease was lost, or could not be had: nothing depends on one."""
        return LeasedRun(self.warehouse, self.base, [self.run_key]).recorded(self.row)

    def unrecorded(self) -> RecordedRun:
        """Return the run as one whose `runs` row is not kept: its process ended, or is about to."""
        return RecordedRun(self.warehouse, self.base, self.row)

    def commit(self, expected: Sequence[str]) -> Merged:
        """Commit what is staged, without a `runs` row."""
        return self.unrecorded().stage().commit(expected).merged

    def finish(self, expected: Sequence[str]) -> None:
        with self.recorded() as run:
            run.stage().commit(expected)


def open_warehouse(folder: Path) -> Warehouse:
    return Warehouse(WarehouseSettings(uri=str(folder)))


def units(warehouse: Warehouse, night: datetime.date = NIGHT) -> list[tuple[str, str]]:
    """Return (unit_id, run_key) of the night as a reader sees it now, sorted."""
    rows = warehouse.read(REPORTS, ["unit_id", "run_key"], {"batch_date": night, "dataset": "hospital"})
    return sorted((row["unit_id"], row["run_key"]) for row in rows.to_pylist())
