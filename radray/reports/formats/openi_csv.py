"""Open-i: the Indiana University chest X-ray reports as CSV, one study a row."""

import hashlib
import json
from collections.abc import Iterator
from typing import BinaryIO

from radray.reports.record.counting import count_units
from radray.reports.record.record import Record, make_record, rejected_record
from radray.reports.wire.csv_rows import read_csv

_WANTED = ("uid", "findings", "impression")

_SPREADSHEET_ERRORS = frozenset({"#NAME?", "#VALUE!", "#REF!", "#DIV/0!", "#N/A", "#NUM!", "#NULL!"})
"""What a spreadsheet makes of a cell that begins with "-" or "=": 2 indications of the file are ``#NAME?``."""


def read(file: BinaryIO) -> Iterator[Record]:
    """Yield a record for each row of `file`; `uid` is the study id, `image` the exam, `MeSH` the human codes.

    There are no subject ids. "None" is text. For bad rows see `read_csv`. No rows yield no records. Raises InputError,
    before the first record, if the header lacks uid, findings or impression.
    """
    table = read_csv(file, _WANTED)
    for offset, row in enumerate(table.rows):
        digest = hashlib.sha256(json.dumps(row.cells).encode("ascii")).hexdigest()
        if row.problem is not None:
            yield rejected_record("", offset, digest, row.problem)
            continue
        values = {
            name: None if row.cells[position].strip() in _SPREADSHEET_ERRORS else row.cells[position]
            for name, position in table.columns.items()
        }
        yield make_record(
            member="",
            offset=offset,
            source_digest=digest,
            study_id=values["uid"],
            indication=values.get("indication"),
            comparison=values.get("comparison"),
            findings=values["findings"],
            impression=values["impression"],
            exam_description=values.get("image"),
            human_codes=values.get("mesh"),
        )


def count(file: BinaryIO) -> int:
    """Return the number of records that `read` yields, see `count_units`. Raises InputError as `read` does."""
    return count_units(read_csv(file, _WANTED).rows)
