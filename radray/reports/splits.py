"""Which split a report belongs to: by a corpus's split file, and validation by the split key."""

import hashlib
import json
from collections.abc import Mapping
from typing import TextIO

from radray.errors import InputError
from radray.reports.csv_file import read_csv

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


def read_split_file(file: TextIO) -> dict[str, str]:
    """Return the split, train or test, of each study id in a CSV `file` with the columns study_id and split.

    A corpus's own validation part becomes test: fine-tuning cuts the validation that chooses a checkpoint from
    train, so what the corpus holds out is never looked at before the end. A study may stand in several rows of one
    split (MIMIC-CXR has a row an image). No rows give {}. Raises InputError, naming the line: a column is missing, a
    row is ragged, a study id is blank, a split is not known, a study is in two splits; also if it is not UTF-8.
    """
    splits: dict[str, str] = {}
    try:
        table = read_csv(file, ("study_id", "split"))
        for row in table.rows:
            if table.is_ragged(row):
                raise InputError(f"split file, line {row.line}: expected {len(table.columns)} cells")
            study_id = (table.get(row, "study_id") or "").strip()
            split = _SPLITS.get((table.get(row, "split") or "").strip().lower())
            if not study_id:
                raise InputError(f"split file, line {row.line}: the study_id is blank")
            if split is None:
                raise InputError(f"split file, line {row.line}: split is not one of {', '.join(_SPLITS)}")
            if splits.setdefault(study_id, split) != split:
                raise InputError(f"split file, line {row.line}: the study is in another split on an earlier line")
    except UnicodeError:
        raise InputError("the split file is not UTF-8") from None
    return splits


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
