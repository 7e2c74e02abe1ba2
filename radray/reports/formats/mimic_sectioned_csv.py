"""MIMIC-CXR reports as sectioned by the corpus's own parser: mimic_cxr_sectioned.csv, one study a row.

Columns as MIT-LCP/mimic-cxr, txt/create_section_files.py, writes them: study (``s50414267``), impression, findings,
last_paragraph, comparison; of several sections with one name the last. That parser leaves out the few reports that it
sections by hand, and it files "NDICATION:" under impression, so that a few references are the patient's complaint:
prefer the zip where there is a choice.

``last_paragraph`` is not used. It is the text after a blank line under the last heading: the findings of one report,
the impression of the next, often both. As findings, or as background, it would put the answer into the input. A study
that has nothing else is rejected NO_SECTIONS.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import BinaryIO

from radray.reports.record.counting import count_units
from radray.reports.record.record import Record, make_record, rejected_record
from radray.reports.wire.csv_rows import read_csv

_WANTED = ("study", "impression", "findings", "last_paragraph")

_STUDY = re.compile(r"s([0-9]{8})")


def read(file: BinaryIO) -> Iterator[Record]:
    """Yield a record for each row of `file`; the study id loses its letter, as in the zip and the split files.

    There are no subject ids (so equal findings, not patients, stay together in a split) and no indications. For bad
    rows see `read_csv`. No rows yield no records. Raises InputError, before the first record, if the header lacks
    study, impression, findings or last_paragraph.
    """
    table = read_csv(file, _WANTED)
    for offset, row in enumerate(table.rows):
        digest = hashlib.sha256(json.dumps(row.cells).encode("ascii")).hexdigest()
        if row.problem is not None:
            yield rejected_record("", offset, digest, row.problem)
            continue
        study_id = (table.get(row, "study") or "").strip()
        match = _STUDY.fullmatch(study_id)
        yield make_record(
            member="",
            offset=offset,
            source_digest=digest,
            study_id=match[1] if match else study_id,
            comparison=table.get(row, "comparison"),
            findings=table.get(row, "findings"),
            impression=table.get(row, "impression"),
            no_sections=bool((table.get(row, "last_paragraph") or "").strip()),
        )


def count(file: BinaryIO) -> int:
    """Return the number of records that `read` yields, see `count_units`. Raises InputError as `read` does."""
    return count_units(read_csv(file, _WANTED).rows)
