"""What rows are made of, pinned: when this fails, raise ROWS_VERSION and write the new digest beside it.

Else a night that was made by older code would be taken for what the new code makes, and left as it is.
"""

import datetime
import io
import json
from typing import Any

import pyarrow as pa

from radray.evaluation.rouge import Scorer
from radray.pipelines.report_rows import REPORT_COLUMNS
from radray.pipelines.score_predictions import ScorePredictions
from radray.reports.formats import fhir, jsonl, mediqa, mimic, openi_xml
from radray.reports.formats import hl7 as hl7_file
from radray.reports.formats import mimic_sectioned_csv as sectioned_csv
from radray.reports.formats import openi_csv as openi
from radray.reports.formats import plain_text as text
from radray.reports.record.identity import split_key, text_digest, unit_id
from radray.reports.record.record import Record
from radray.reports.synthetic.studies import make_studies
from radray.schema.checks import CHECK_COLUMNS
from radray.schema.predictions import PREDICTIONS
from radray.settings.generate import ScoreSettings
from radray.tables.identity import ROWS_VERSION, digest
from radray.tasks.impression.prompts import PROMPTS

PINNED = {3: "04b7c83411e61f645fc23c8d26fec5f2158a550b16200c5bead7730e1eb3a47b"}

CONSTANTS = (
    *("dataset", "split", "model_digest", "model_name", "prompt_id", "settings_digest", "engine", "run_key", "run_id"),
)

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
    records = [mimic.read(study.encode(), f"p10/p10000032/s{50000000 + i}.txt") for i, study in enumerate(studies)]
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
    texts = {"findings": values["findings"], "impression": "1. Nodule.\n2. No effusion."}
    report = MESSY.replace("\n", "\\.br\\")
    message = (
        f"MSH|^~\\&|R|H|R|R|20240305101500||ORU^R01|M1|P|2.5.1\rPID|1||P3\rOBR|1|O7|A7|1^CHEST^L|||20240305093000\r"
        f"OBX|1|TX|1^CHEST||{report}||||||F\r"
    )
    xml = (
        '<eCitation><uId id="CXR1"/><MedlineCitation><Article><Abstract><AbstractText Label="FINDINGS">Clear &lt; 1 cm.'
        "</AbstractText></Abstract></Article></MedlineCitation><MeSH><major>normal</major></MeSH></eCitation>"
    )
    resource = {"resourceType": "DiagnosticReport", "id": "r7", "status": "final", "conclusion": texts["impression"]}
    sectioned = "study,impression,findings,last_paragraph,comparison\ns50000001,Normal.,Clear . ,,None\n"
    records += jsonl.read(io.BytesIO(json.dumps({"study_id": 7, **texts, "report_time": "2024-03-05T10:15Z"}).encode()))
    records += hl7_file.read(io.BytesIO(message.encode()))
    records += fhir.read(io.BytesIO(json.dumps(resource).encode()))
    records += sectioned_csv.read(io.BytesIO(sectioned.encode()))
    records += [openi_xml.read(xml.encode(), "1.xml"), text.read(MESSY.encode("utf-16"), "a/1.txt")]
    return records


def checked(records: list[Record]) -> list[list[Any]]:
    """Return what flags, strata and raw scores are made of reports whose prediction is the reference of another."""
    usable = [record for record in records if record.findings and record.study_id and record.reference]
    inputs = [
        {name: getattr(one, name, None) for name in REPORT_COLUMNS}
        | {"unit_id": "u", "status": "ok", "split": "test", "split_key": "k", "text_digest": "t"}
        | {"prediction": other.reference, "output_cut": False, "logprob_per_token": -0.2, "margin": 0.1}
        for one, other in zip(usable, [*usable[1:], usable[0]], strict=True)
    ]
    types = {column.name: column.type for column in PREDICTIONS.columns}
    table = pa.table(
        {name: pa.array([row.get(name) for row in inputs], types[name]) for name in ScorePredictions.reads}
    )
    constants = {"batch_date": datetime.date(1970, 1, 1)} | dict.fromkeys(CONSTANTS, "c")
    made = ScorePredictions(ScoreSettings(defer_below_logprob=-0.1), constants)(table).to_pylist()
    return [[row[name] for name, *_ in CHECK_COLUMNS] for row in made]


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
    made += [[f"{value:.12f}" if isinstance(value, float) else str(value) for value in row] for row in checked(rows())]
    assert {ROWS_VERSION: digest(made)} == PINNED
