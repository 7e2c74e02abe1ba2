"""What rows are made of, pinned by one digest and kept as golden rows, which say what changed when the digest does.

Where the change is meant, raise ROWS_VERSION, run `python -m tests.test_rows_version`, pin the digest that it prints
and note in CHANGELOG.md what changed. Else a night that was made by older code would be taken for what the new code
makes, and left as it is.
"""

import datetime
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pytest

from radray.evaluation.rouge import Scorer
from radray.pipelines.report_rows import REPORT_COLUMNS
from radray.pipelines.score_predictions import ScorePredictions
from radray.reports.formats import (
    fhir,
    hl7,
    jsonl,
    mediqa,
    mimic,
    mimic_sectioned_csv,
    openi_csv,
    openi_xml,
    plain_text,
)
from radray.reports.record.identity import split_key, text_digest, unit_id
from radray.reports.record.record import Record
from radray.reports.synthetic.studies import make_studies
from radray.schema.checks import CHECK_COLUMNS
from radray.schema.predictions import PREDICTIONS
from radray.settings.generate import ScoreSettings
from radray.tables.identity import ROWS_VERSION, digest
from radray.tasks.registry import find_prompt

PINNED = {6: "ebbdc59317c1ffb8239ac480f8d48067b05e59e83b1d598d87007a682d0226cc"}

PINNED_PROMPTS = ("background-findings-v1", "findings-v1")
"""Those that there were when the version was pinned: a new prompt makes new rows and changes none, and its text is held
by tests/tasks/test_prompts.py."""

GOLDEN = Path(__file__).parent / "golden" / f"rows-{ROWS_VERSION}.json"
"""The rows of the version, all of made-up reports: a line a row."""

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


SEEN, MEANT = "The heart is large. No effusion.", "Cardiomegaly."
DRESSED = (
    f"HISTORY: Cough.FINDINGS: {SEEN}IMPRESSION: {MEANT} Electronically signed by: Robin Example, MD 3/4/2026 10:15",
    f"1. Findings:\n=====\n{SEEN}\n2. Imrpession and plan:\n{MEANT}\n\n-- ADDENDUM by R. Example --\nRib fracture.",
    f"FINAL REPORT  PA CHEST    REASON FOR EXAM: Cough.    FINDINGS: {SEEN}    IMPRESSION: {MEANT}",
    "CT HEAD FINDINGS: No bleed.\nCT HEAD IMPRESSION: Normal.\nCT NECK FINDINGS: No clot.\nCT NECK IMPRESSION: Normal.",
    "RESULTS: A mass of\n (Over)\n Clip # 12\n (Cont)\n5 mm [<6 mm], seen by Dr. ***.\nDIAGNOSIS: Mass.\nSigned by ___",
    f"<html><body><h3>Findings</h3><p>{SEEN}</p><h3>Summary</h3><p>{MEANT}</p></body></html>",
    r"{\rtf1\ansi{\b FINDINGS:} Clear.\par {\b CONCLUSION:} Normal.\par }",
    f"FINDINGS: {SEEN} In summary, a large heart.\nIMPRESSION: {MEANT}",
    f"FINDINGS: See impression.\nINTERPRETATION: {MEANT}",
)
"""Reports in dresses that hospitals give them."""


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
    records += openi_csv.read(io.BytesIO(table.encode()))
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
    records += hl7.read(io.BytesIO(message.encode()))
    records += fhir.read(io.BytesIO(json.dumps(resource).encode()))
    records += mimic_sectioned_csv.read(io.BytesIO(sectioned.encode()))
    records += [openi_xml.read(xml.encode(), "1.xml"), plain_text.read(MESSY.encode("utf-16"), "a/1.txt")]
    records += [plain_text.read(text.encode(), f"b/{place}.txt") for place, text in enumerate(DRESSED)]
    for number, text in enumerate((MESSY.replace("\n", "\\.br\\"), SEEN)):
        named = (
            f"MSH|^~\\&|R|H|R|R|20240305101500||ORU^R01|M{number}|P|2.5.1\rPID|1||P3\rOBR|1|O7|B{number}|1^CHEST^L\r"
            f"OBX|1|TX|1&GDT^CHEST||{text}||||||F\rOBX|2|TX|1&IMP^CHEST||IMPRESSION: {MEANT}||||||F\r"
            f"OBX|3|TX|1&ADT^CHEST||Rib fracture.||||||F\r"
        )
        records += hl7.read(io.BytesIO(named.encode()))
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
    constants = {"batch_date": datetime.date(1970, 1, 1), "task": "impression"} | dict.fromkeys(CONSTANTS, "c")
    made = ScorePredictions(ScoreSettings(defer_below_logprob=-0.1), constants)(table).to_pylist()
    return [[row[name] for name, *_ in CHECK_COLUMNS] for row in made]


class Row(NamedTuple):
    """One row of what is pinned."""

    kind: str
    """What the row is of: the columns of one kind are the same in every row."""
    values: dict[str, str]
    """By column, in the order that the digest has them."""


def rows_of_the_version() -> list[Row]:
    """Return all that is pinned, in the order of the digest."""
    pinned = []
    for record in rows():
        pinned.append(Row("report", {name: str(getattr(record, name)) for name in Record.__slots__}))
        if record.findings and record.study_id:
            key = split_key("d", record.study_id, record.subject_id, record.findings)
            pinned.append(Row("identity", {"text_digest": text_digest(record), "split_key": key}))
            pinned += [
                Row(f"prompt {name}", {"text": find_prompt(name).prompt.fill(record.findings, record.background)})
                for name in PINNED_PROMPTS
            ]
            if record.reference:
                scores = Scorer(stemmer=True).score(record.reference, record.findings)
                pinned.append(Row("rouge", {name: f"{value:.12f}" for name, value in scores.items()}))
    pinned.append(Row("ids", {"unit_id": unit_id("d", "a.zip", "m", 3), "scorer_id": Scorer(stemmer=False).scorer_id}))
    names = [name for name, *_ in CHECK_COLUMNS]
    for values in checked(rows()):
        texts = [f"{value:.12f}" if isinstance(value, float) else str(value) for value in values]
        pinned.append(Row("checks", dict(zip(names, texts, strict=True))))
    return pinned


def digest_of(pinned: Sequence[Row]) -> str:
    return digest([list(row.values.values()) for row in pinned])


def golden_rows() -> list[Row]:
    return [Row(*row) for row in json.loads(GOLDEN.read_text(encoding="utf-8"))]


def changes(golden: Sequence[Row], now: Sequence[Row]) -> list[str]:
    """Return a sentence for each column that changed, with its first row that did; empty where none did."""
    sentences = []
    for kind in dict.fromkeys(row.kind for row in (*golden, *now)):
        before = [row.values for row in golden if row.kind == kind]
        after = [row.values for row in now if row.kind == kind]
        if len(before) != len(after):
            sentences.append(f"{kind}: {len(after)} rows, {len(before)} in the golden rows")
            continue
        for name in dict.fromkeys(name for row in (*before, *after) for name in row):
            old, new = ([row.get(name, "no such column") for row in rows_of_kind] for rows_of_kind in (before, after))
            places = [place for place, pair in enumerate(zip(old, new, strict=True)) if pair[0] != pair[1]]
            if places:
                first = places[0]
                counts = f"{len(places)} of {len(new)} rows, first row {first}"
                sentences.append(f"{kind}, column {name}: {counts}: {old[first]!r} is now {new[first]!r}")
        if before == after and [list(row) for row in before] != [list(row) for row in after]:
            sentences.append(f"{kind}: the order of its columns")
    return sentences


def test_the_rows_are_those_of_the_version() -> None:
    now = rows_of_the_version()
    assert {ROWS_VERSION: digest_of(now)} == PINNED, "\n".join(changes(golden_rows(), now))


def test_the_golden_rows_are_those_of_the_digest() -> None:
    assert {ROWS_VERSION: digest_of(golden_rows())} == PINNED


def _with(golden: list[Row], place: int, values: dict[str, str]) -> list[Row]:
    return [row._replace(values=row.values | values) if row is golden[place] else row for row in golden]


def test_a_change_names_its_column() -> None:
    golden = golden_rows()
    assert changes(golden, golden) == []
    (report, *_) = (place for place, row in enumerate(golden) if row.kind == "report" and row.values["findings"])
    (check, *_) = (place for place, row in enumerate(golden) if row.kind == "checks")
    changed = _with(_with(golden, report, {"findings": "Clear."}), check, {"flag_polarity": "maybe"})
    first, second = changes(golden, changed)
    assert first.startswith("report, column findings: 1 of ")
    assert first.endswith(" is now 'Clear.'")
    assert second.startswith("checks, column flag_polarity: 1 of ")
    assert digest_of(changed) != digest_of(golden)


def test_a_new_column_another_order_and_a_lost_row_are_named() -> None:
    golden = golden_rows()
    (place,) = (place for place, row in enumerate(golden) if row.kind == "ids")
    (new,) = changes(golden, _with(golden, place, {"new": "1"}))
    assert new == "ids, column new: 1 of 1 rows, first row 0: 'no such column' is now '1'"
    turned = [row._replace(values=dict(reversed(row.values.items()))) if row.kind == "ids" else row for row in golden]
    assert changes(golden, turned) == ["ids: the order of its columns"]
    assert changes(golden, golden[1:])[0].startswith("report: ")


def test_a_change_of_the_code_names_its_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("radray.reports.record.record.modality_of", lambda *_: "XA")
    sentences = changes(golden_rows(), rows_of_the_version())
    columns = [sentence.split(":")[0] for sentence in sentences]
    assert [column for column in columns if not column.startswith("checks")] == ["report, column modality"]
    # the checks ask other questions of another modality: flags change with it
    assert "checks, column modality" in columns
    assert sentences[0].endswith(": 'CR' is now 'XA'")


def _write() -> None:
    """Write the golden rows of the version that the code has, and print their digest."""
    now = rows_of_the_version()
    lines = ",\n".join(json.dumps([row.kind, row.values]) for row in now)
    GOLDEN.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    sys.stdout.write(f'PINNED = {{{ROWS_VERSION}: "{digest_of(now)}"}}\n')


if __name__ == "__main__":
    _write()
