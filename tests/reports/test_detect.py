from collections.abc import Mapping
from typing import Any

import pytest

from radray.errors import InputError
from radray.reports.formats.detect import detect
from tests.support.inputs.bad_archives import xml

MIMIC = "files/p10/p10000032/s50414267.txt"


def format_of_files(origin: Any, **files: str | bytes) -> Any:
    """The format of files given as name=content; two underscores stand for a dot."""
    contents = {name.replace("__", "."): content for name, content in files.items()}
    return format_of(origin, contents)


def format_of(origin: Any, contents: Mapping[str, str | bytes]) -> Any:
    def head(name: str) -> bytes:
        content = contents[name]
        return content if isinstance(content, bytes) else content.encode()

    return detect(origin, list(contents), head)


@pytest.mark.parametrize(
    ("origin", "expected"), [("zip", "mimic_zip"), ("tar", "mimic_tar"), ("folder", "mimic_folder")]
)
def test_names_of_mimic_decide_alone(origin: Any, expected: str) -> None:
    assert format_of(origin, {"README.md": "", "a.csv": "uid,findings,impression", MIMIC: ""}) == expected
    assert detect(origin, [f"x/{MIMIC}"], lambda name: pytest.fail("the name is enough")) == expected


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
        assert format_of("file", {name: content}) == expected
    files = {"a/1.x": content, "a/2.x": content, "README": "read me", ".DS_Store": b"\0"}
    assert format_of("folder", files) == expected


def test_plain_text_is_recognised_by_its_suffix() -> None:
    assert format_of_files("folder", a__txt="FINDINGS: Clear.", b__txt="") == "text"
    assert format_of_files("file", a__TXT="FINDINGS: Clear.") == "text"
    assert format_of_files("file", s50414267__txt="FINDINGS: Clear.") == "text"
    assert format_of_files("file", report="FINDINGS: Clear.") == "text"
    assert format_of_files("folder", readme__txt="FINDINGS: Clear.") == "text"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"a__xml": xml(), "b__csv": "uid,findings,impression\n"},
            "several formats, openi_csv and openi_xml: set source",
        ),
        ({"a__txt": "FINDINGS: Clear.", "b__hl7": "MSH|^~\\&|"}, "several formats, hl7 and text"),
        (
            {"a__csv": "id,text\n1,Clear secret lungs\n"},
            r"\(csv; the first is a.csv\), or they are damaged: set source.format \(mimic_zip, ",
        ),
        ({"a__json": '["Clear secret lungs"]'}, r"is not recognised by its files \(json; the first is a"),
        ({"a__json": '{\n "report": "secret"\n}'}, r"is not recognised by its files \(json; the first is a"),
        ({"a__html": "<html>secret</html>"}, r"is not recognised by its files \(html; the first is a"),
        ({"a__bin": bytes(100)}, r"is not recognised by its files \(bin; the first is a"),
        ({"a": b""}, r"is not recognised by its files \(no suffix; the first is a"),
        ({"a__zip": b"PK\x03\x04"}, r"is not recognised by its files \(zip; the first is a"),
        ({}, "no file at all"),
    ],
)
def test_an_unknown_format_is_refused_with_the_setting(files: dict[str, str | bytes], message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        format_of_files("folder", **files)
    assert "secret" not in str(refused.value)


def test_one_head_a_suffix_is_asked_for() -> None:
    asked = []

    def head(name: str) -> bytes:
        asked.append(name)
        return xml().encode()

    assert detect("folder", [f"{number}.xml" for number in range(1000)] + ["x.xml.gz"], head) == "openi_xml"
    assert asked == ["0.xml"]
