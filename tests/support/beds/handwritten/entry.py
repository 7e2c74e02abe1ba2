"""The form of hand-written pairs, and the ids that belong to each of them."""

import re
from typing import NamedTuple

STUDY_ID, SUBJECT_ID, ACCESSION = "50417723", "10088214", "RA4471092"
IDENTIFIERS = (STUDY_ID, SUBJECT_ID, ACCESSION)


class Entry(NamedTuple):
    """A report and its impression."""

    exam: str
    background: str | None
    findings: str
    impression: str


def entries(text: str) -> tuple[Entry, ...]:
    """Return the entries of `text`: exam | background | findings | impression, further lines of an entry indented.

    A background of "-" is none; a written-out ``\\n`` and ``\\s`` are a line break and a space.
    """
    entries = []
    for line in re.sub(r"\n +", " ", text.strip("\n")).splitlines():
        line = line.format(study=STUDY_ID, subject=SUBJECT_ID, accession=ACCESSION)
        exam, background, findings, impression = (
            part.strip().replace("\\n", "\n").replace("\\s", " ") for part in line.split("|")
        )
        entries.append(Entry(exam, None if background == "-" else background, findings, impression))
    return tuple(entries)
