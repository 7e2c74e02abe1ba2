"""A source through the real planning and parsing stage, without Ray: every unit that was planned is a row."""

import datetime
import pickle
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from radray.pipelines.parse_reports import ReadReports, RowContext
from radray.pipelines.plan import plan
from radray.pipelines.work import SourceSpec
from radray.reports.record.fields import Fields
from radray.schema.reports import REPORTS
from radray.settings.warehouse import S3Settings
from radray.storage.files import Storage

STORAGE = Storage.of(S3Settings())


def prepared(
    source: Path, format_: str, splits: Mapping[str, str] | None = None, fields: Mapping[str, str | None] | None = None
) -> list[dict[str, Any]]:
    """Return the rows of `source`, each unit that was planned exactly once; raises as the job does."""
    files = STORAGE.freeze(str(source))
    spec = SourceSpec(format_, Fields.of(fields or {}), "hospital")
    units = plan(STORAGE, files, spec)
    constants = {"batch_date": datetime.date(1970, 1, 1), "run_key": "k", "run_id": "r"}
    read = ReadReports(STORAGE, RowContext(spec, constants, splits, "train"))
    rows: list[dict[str, Any]] = []
    for unit in units:
        tables = list(read(pa.table({"work": [pickle.dumps(unit.work)]})))
        assert all(table.schema.equals(REPORTS.arrow()) for table in tables)
        parsed = [row for table in tables for row in table.to_pylist()]
        assert sorted(row["unit_id"] for row in parsed) == sorted(unit.unit_ids)
        rows += parsed
    assert len({row["unit_id"] for row in rows}) == len(rows)
    return rows


def outcome(rows: list[dict[str, Any]]) -> Counter[str]:
    """Return the rows by reason, or "ok"."""
    return Counter(row["reason"] or row["status"] for row in rows)
