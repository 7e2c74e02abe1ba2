from typing import Any

import pytest

from radray.reports.formats.detect import companion_reason, not_recognised, recognise, without_companions
from tests.support.inputs.bad_archives import xml

MIMIC = "files/p10/p10000032/s50414267.txt"


def format_of(name: str, content: str | bytes, origin: Any = "folder") -> str | None:
    return recognise(origin, name, lambda: content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize(
    ("origin", "expected"), [("zip", "mimic_zip"), ("tar", "mimic_tar"), ("folder", "mimic_folder")]
)
def test_a_name_of_mimic_decides_alone(origin: Any, expected: str) -> None:
    assert recognise(origin, f"x/{MIMIC}", lambda: pytest.fail("the name is enough")) == expected
    assert format_of("x/a.csv", "uid,findings,impression", origin) == "openi_csv"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (xml(), "openi_xml"),
        ('<?xml version="1.0"?>\n<!-- a -->\n' + xml(), "openi_xml"),
        (xml().encode("utf-16"), "openi_xml"),
        ("uid,MeSH,findings,impression\n1,a,b,c\n", "openi_csv"),
        ('\ufeff"UID","Impression","Findings"\r\n', "openi_csv"),
        ("uid,findings,impression\n".encode("utf-16"), "openi_csv"),
        ("study,impression,findings,last_paragraph,comparison\n", "mimic_sectioned_csv"),
        ('[\n {"study_id": "1", "findings": "Clear.", "impression": "Normal."}]', "mediqa_json"),
        ('{"id": "1", "findings": "Clear."}\n{"id": "2"}\n', "jsonl"),
        ('{"prompt": "a", "completion": "' + "b" * 70_000, "jsonl"),
        ('{"id": "1", broken\n{"id": "2"}\n', "jsonl"),
        ('{"resourceType":"DiagnosticReport","id":"1"}\n{"resourceType":"DiagnosticReport"}\n', "fhir"),
        ('{\n  "resourceType" : "Bundle",\n  "entry": []\n}', "fhir"),
        ('[{"resourceType": "DiagnosticReport"}]', "fhir"),
        ("MSH|^~\\&|RIS|A\rPID|1\r", "hl7"),
        ("\x0bMSH|^~\\&|RIS|A\r", "hl7"),
        ("FHS|^~\\&|RIS\rBHS|^~\\&\r", "hl7"),
        ("BHS|^~\\&|RIS\r", "hl7"),
        (b"PAR1\x15\x04", "parquet"),
    ],
)
def test_content_decides_whatever_the_name_says(content: str | bytes, expected: str) -> None:
    for name in ("reports", "reports.dat", "reports.gz", "folder/a.csv"):
        assert format_of(name, content, "file") == expected
        assert format_of(name, content) == expected


def test_plain_text_is_recognised_by_its_suffix() -> None:
    for name in ("a.txt", "a.TXT", "report", "readme.txt", "a.txt.gz"):
        assert format_of(name, "FINDINGS: Clear.") == "text"
    assert format_of("a.txt", "") == "text"
    assert format_of("s50414267.txt", "FINDINGS: Clear.", "file") == "text"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "id,text\n1,Clear secret lungs\n"),
        ("a.json", '["Clear secret lungs"]'),
        ("a.json", '{\n "report": "secret"\n}'),
        ("a.html", "<html>secret</html>"),
        ("a.bin", bytes(100)),
        ("a", b""),
        ("a.zip", b"PK\x03\x04"),
    ],
)
def test_what_is_of_no_format_is_recognised_as_none(name: str, content: str | bytes) -> None:
    assert format_of(name, content) is None


def test_an_unknown_source_is_described_by_suffixes_without_names() -> None:
    message = str(not_recognised(["MRN4711.csv", "b.csv", "c.12345678", "noname", "d.zebediah"]))
    assert "not recognised by any of its 5 files (others, csv)" in message
    assert "set source.format (mimic_zip, " in message
    assert "4711" not in message
    assert "12345678" not in message
    assert "zebediah" not in message
    assert "no file at all" in str(not_recognised([]))


def test_files_beside_reports_are_companions_unless_alone() -> None:
    assert without_companions(["a/1.x", "README", ".DS_Store", "b/LICENSE.txt", "scan.PDF"]) == {"a/1.x"}
    assert without_companions(["./a.hl7", "../b.hl7", "a/.git/c", "./.d", "__MACOSX/e"]) == {"./a.hl7", "../b.hl7"}
    assert without_companions(["README", "notice.txt"]) == {"README", "notice.txt"}
    assert without_companions([]) == set()
    assert [companion_reason(name).value for name in ("README", "x/a.jpg", "x/scan.PDF")] == [
        *("not_a_report", "not_a_report", "unsupported_content")
    ]
