"""What rows are made of, pinned: when this fails, raise ROWS_VERSION and write the new digest beside it.

Else a night that was made by older code would be taken for what the new code makes, and left as it is.
"""

import io
import json

from radray.metrics.rouge import Scorer
from radray.reports import mediqa, mimic, openi
from radray.reports.identity import split_key, text_digest, unit_id
from radray.reports.prompts import PROMPTS
from radray.reports.record import Record
from radray.reports.synthetic import make_studies
from radray.tables.identity import ROWS_VERSION, digest

PINNED = {1: "200e1270de72f8fed9e9f8ee02b46989dc2245ebec265a74d4edbaf2ad1c3bb5"}

MESSY = """FINAL REPORT
 EXAMINATION: CHEST (PA AND LAT)
 HISTORY: Cough &amp; fever , XXXX year old.
 COMPARISON: ___.
 FINDINGS: 1.9 x 1.8 cm nodule..  No effusion.Heart normal<BR>T12. fracture.
 IMPRESSION:
 1. Nodule, 1.9 cm.
 2) No effusion.
 NOTIFICATION: Dr. ___ was told.
"""


def rows() -> list[Record]:
    studies = [
        *(study.text for study in make_studies(30, seed=1)),
        MESSY,
        MESSY.replace("FINDINGS", "FINDINGS AND IMPRESSION"),
    ]
    records = [mimic.read(text.encode(), f"p10/p10000032/s{50000000 + i}.txt") for i, text in enumerate(studies)]
    values = {
        "study_id": "1",
        "subject_id": "2",
        "findings": "A [**name**] nodule",
        "impression": "- Nodule",
        "background": "x",
    }
    records += mediqa.read(io.BytesIO(json.dumps([values, values | {"findings": " "}]).encode()))
    header = "uid,MeSH,image,indication,comparison,findings,impression"
    table = f"{header}\n1,normal,Chest,Pain,None,Clear . ,1. Normal chest .\n2,,,,,,\n"
    records += openi.read(io.BytesIO(table.encode()))
    return records


def test_the_rows_are_those_of_the_version() -> None:
    made = []
    for record in rows():
        made.append([str(getattr(record, name)) for name in Record.__slots__])
        if record.findings and record.study_id:
            made.append([text_digest(record), split_key("d", record.study_id, record.subject_id, record.findings)])
            made += [[prompt.fill(record.findings, record.background)] for prompt in PROMPTS.values()]
            if record.reference:
                made.append(
                    [f"{v:.12f}" for v in Scorer(stemmer=True).score(record.reference, record.findings).values()]
                )
    made.append([unit_id("d", "a.zip", "m", 3), Scorer(stemmer=False).scorer_id])
    assert {ROWS_VERSION: digest(made)} == PINNED
