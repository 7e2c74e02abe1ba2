"""Which split a report belongs to: train and test by the corpus's split file, validation by the split key."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from radray.errors import InputError
from radray.reports.wire.csv_rows import read_csv
from radray.schema.statuses import ReportStatus
from radray.settings.section import SplitName

_SPLITS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "dev": "test",
    "val": "test",
    "valid": "test",
    "validate": "test",
    "validation": "test",
}


def read_split_file(file: BinaryIO) -> dict[str, str]:
    """Return the split, train or test, of each study id in a CSV `file` with the columns study_id and split.

    A corpus's own validation set becomes test: fine-tuning cuts its validation, which chooses a checkpoint, from
    train, so that nothing the corpus holds out is seen before the end. A study may occur in several rows of one
    split (MIMIC-CXR has a row an image). Ids are text: leading zeros stay. Encoding: see `read_csv`. No rows give
    {}. Raises InputError, naming the line, if a column is missing, a row is incomplete, a study id is blank, a split is
    unknown, or a study is in two splits: splits depend on this file, so no row of it may be bad.
    """
    splits: dict[str, str] = {}
    table = read_csv(file, ("study_id", "split"))
    for row in table.rows:
        if row.problem is not None:
            what = row.problem.value.replace("_", " ")
            raise InputError(f"split file, line {row.line}: {what}; expected {len(table.columns)} cells of text")
        study_id = (table.get(row, "study_id") or "").strip()
        split = _SPLITS.get((table.get(row, "split") or "").strip().lower())
        if not study_id:
            raise InputError(f"split file, line {row.line}: the study_id is blank")
        if split is None:
            raise InputError(f"split file, line {row.line}: split is not one of {', '.join(_SPLITS)}")
        if splits.setdefault(study_id, split) != split:
            raise InputError(f"split file, line {row.line}: the study is in another split on an earlier line")
    return splits


def count_missing(splits: Mapping[str, str], seen: Iterable[str | None]) -> int:
    """Return how many ids of `splits` are not among `seen`, the study ids of the reports, which is read once.

    `seen` may hold ids that `splits` lacks (reports in no split), None (units without an id), and ids more than once.
    Memory grows with the ids not yet seen, not with the number of reports.
    """
    left = set(splits)
    for study_id in seen:
        if study_id is not None:
            left.discard(study_id)
    return len(left)


def digest_split(splits: Mapping[str, str]) -> str:
    """Return the sha256 (hex) of the content of a split file; the order of its rows does not matter."""
    return hashlib.sha256(json.dumps(sorted(splits.items())).encode("ascii")).hexdigest()


def is_validation(split_key: str, *, fraction: float, seed: int) -> bool:
    """Return whether the reports with `split_key` are validation: true for about `fraction` of all keys, 0 for none.

    True where the first 64 bits of sha256("seed:key"), as a number, are below fraction * 2**64. This depends on the
    key alone, so a report never changes its split when others are added.
    """
    drawn = int.from_bytes(hashlib.sha256(f"{seed}:{split_key}".encode()).digest()[:8], "big")
    return drawn < fraction * 2**64


@dataclass(frozen=True, slots=True)
class SplitCut:
    """How `validation` is cut from the reports whose stored split is train: by split key, with a seed."""

    validation_fraction: float
    seed: int

    def split_of(self, stored_split: str | None, split_key: str | None) -> str | None:
        """Return the split of a report; None for a report in no split."""
        if stored_split != "train" or split_key is None:
            return stored_split
        held_out = is_validation(split_key, fraction=self.validation_fraction, seed=self.seed)
        return "validation" if held_out else "train"

    def ok_in(self, split: SplitName, reports: pa.Table | pa.RecordBatch) -> list[bool]:
        """Return for each row of `reports` whether it is ok and in `split`."""
        ok = [status == ReportStatus.OK for status in reports.column("status").to_pylist()]
        return [its and own for its, own in zip(ok, self.rows_in(split, reports), strict=True)]

    def rows_in(self, split: SplitName, rows: pa.Table | pa.RecordBatch) -> list[bool]:
        """Return for each row of `rows`, whatever its status, whether it is in `split`."""
        columns = (rows.column(name).to_pylist() for name in ("split", "split_key"))
        return [self.split_of(stored, key) == split for stored, key in zip(*columns, strict=True)]


def report_units(reports: pa.Table, cut: SplitCut, split: SplitName) -> pa.Table:
    """Return the ok reports of `split`, sorted by unit_id: the frozen input."""
    # batch by batch: a column of a million texts is 100 MB as Python objects
    wanted = [pa.array(cut.ok_in(split, batch), pa.bool_()) for batch in reports.to_batches(10_000)]
    units = reports.filter(pa.chunked_array(wanted, pa.bool_()))
    return units.take(pc.sort_indices(units, sort_keys=[("unit_id", "ascending")]))
