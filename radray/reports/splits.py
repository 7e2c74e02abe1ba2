"""Which split a report belongs to: by a corpus's split file, and validation by the split key."""

import hashlib
import heapq
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from radray.errors import InputError
from radray.reports.wire.csv_rows import read_csv

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

    A corpus's own validation part becomes test: fine-tuning cuts the validation that chooses a checkpoint from
    train, so what the corpus holds out is never looked at before the end. A study may stand in several rows of one
    split (MIMIC-CXR has a row an image). Ids are text: leading zeros stay. Encoding: see `read_csv`. No rows give
    {}. A split file decides, so nothing in it may be bad: raises InputError, naming the line, if a column is
    missing, a row is not whole, a study id is blank, a split is not known, or a study is in two splits.
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


@dataclass(frozen=True, slots=True)
class Missing:
    """Study ids of a split file that no report has."""

    count: int
    first: tuple[str, ...]
    """The least of them in order of text, a few."""


def missing_studies(splits: Mapping[str, str], seen: Iterable[str | None], most: int = 5) -> Missing:
    """Return which ids of `splits` are not among `seen`, the study ids of the reports, gone through once.

    `seen` may hold ids that `splits` does not have (reports in no split), None (units without an id), and ids again
    and again. Memory is that of the ids not met yet, whatever the number of reports.
    """
    left = set(splits)
    for study_id in seen:
        if study_id is not None:
            left.discard(study_id)
    return Missing(len(left), tuple(heapq.nsmallest(most, left)))


def digest_split(splits: Mapping[str, str]) -> str:
    """Return the sha256 (hex) of what a split file says, whatever the order of its rows."""
    return hashlib.sha256(json.dumps(sorted(splits.items())).encode("ascii")).hexdigest()


def is_validation(split_key: str, *, fraction: float, seed: int) -> bool:
    """Tell whether the reports with `split_key` are validation: for about `fraction` of all keys, 0 for none.

    The first 64 bits of sha256("seed:key") are a number below fraction * 2**64. It hangs on this key alone, so a
    report never changes sides when others are added.
    """
    drawn = int.from_bytes(hashlib.sha256(f"{seed}:{split_key}".encode()).digest()[:8], "big")
    return drawn < fraction * 2**64
