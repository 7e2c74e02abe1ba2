"""Files of every format changed at random by bytes: each ends as the rows that were planned, or as one InputError."""

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from radray.errors import InputError
from radray.reports.synthetic.studies import make_studies
from tests.support.inputs import bad_messages
from tests.support.inputs.mutate import mutations
from tests.support.worlds.prepared import prepared

FILES_A_FORMAT = 40
STUDIES = list(make_studies(4, seed=9))
ROWS = [
    {"study_id": study.study_id, "subject_id": "3", "findings": f"Lungs are clear {i}.", "impression": "Normal, é."}
    for i, study in enumerate(STUDIES)
]
CSV_ROWS = "".join(f'{row["study_id"]},"{row["findings"]}","{row["impression"]}",x\n' for row in ROWS)


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for study in STUDIES:
            archive.writestr(study.path, study.text)
    return file.getvalue()


def _tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for study in STUDIES:
            info = tarfile.TarInfo(study.path)
            info.size = len(study.text.encode())
            archive.addfile(info, io.BytesIO(study.text.encode()))
    return file.getvalue()


def _parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), file, write_page_checksum=True)
    return file.getvalue()


XML = (
    '<?xml version="1.0" encoding="utf-8"?><eCitation><uId id="CXR1"/><MedlineCitation><Article><Abstract>'
    '<AbstractText Label="FINDINGS">Lungs are clear.</AbstractText><AbstractText Label="IMPRESSION">Normal.'
    "</AbstractText></Abstract></Article></MedlineCitation><MeSH><major>normal</major></MeSH></eCitation>"
)
GOOD: dict[str, tuple[str, Callable[[], bytes]]] = {
    "mimic_zip": ("a.zip", _zip),
    "mimic_tar": ("a.tar", _tar),
    "mimic_folder": ("p10000032/s50414267.txt", lambda: STUDIES[0].text.encode()),
    "mimic_sectioned_csv": (
        "a.csv.gz",
        lambda: gzip.compress(f"study,findings,impression,last_paragraph\n{CSV_ROWS}".encode(), mtime=0),
    ),
    "mediqa_json": ("a.json", lambda: json.dumps(ROWS).encode()),
    "openi_xml": ("1.xml", XML.encode),
    "openi_csv": ("a.csv", lambda: f"uid,findings,impression,indication\n{CSV_ROWS}".encode()),
    "jsonl": ("a.jsonl", lambda: "".join(json.dumps(row) + "\n" for row in ROWS).encode()),
    "parquet": ("a.parquet", _parquet),
    "hl7": ("a.hl7", lambda: bad_messages.ORU + bad_messages.OTHER),
    "fhir": ("a.json", lambda: json.dumps(bad_messages.bundle(bad_messages.resource())).encode()),
    "text": ("a.txt", lambda: STUDIES[1].text.encode()),
}


@pytest.mark.parametrize("format_", GOOD)
def test_a_mutated_file_is_rows_or_one_error(format_: str, tmp_path: Path) -> None:
    name, make = GOOD[format_]
    file = tmp_path / "source" / name
    file.parent.mkdir(parents=True)
    file.write_bytes(make())
    rows = prepared(tmp_path / "source", format_)
    assert any(row["status"] == "ok" for row in rows)
    answered = 0
    for data in mutations(make(), seed=20, count=FILES_A_FORMAT):
        file.write_bytes(data)
        try:
            answered += len(prepared(tmp_path / "source", format_)) > 0 or not data.strip()
        except InputError as error:
            answered += len(str(error).splitlines()) == 1
    assert answered == FILES_A_FORMAT
