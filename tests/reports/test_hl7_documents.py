import io

import pytest

from radray.reports.formats.hl7 import count, read
from radray.reports.record.record import Record
from radray.schema.statuses import RejectReason

TEXT = "OBX|1|FT|GDT^REPORT TEXT||The liver is large.||||||F\rOBX|2|FT|&IMP||Large liver.||||||F\r"
HEAD = "EVN|T02|20260101\rPID|1||P3\rPV1|1|O\r"


def document(
    segments: str = TEXT, kind: str = "RAD^Report", event: str = "T02", end: str = "AU||AV", request: str = ""
) -> str:
    header = f"MSH|^~\\&|DICT|H|E|H|20260102101500||MDM^{event}^MDM_{event}|1|P|2.5\r"
    return f"{header}{HEAD}TXA|1|{kind}|FX|20260101093000||||||||D-7||ORD5|FIL6||{end}\r{request}{segments}"


def document_with(**fields: str) -> str:
    places = {"number": 12, "placer": 14, "filler": 15, "completion": 17, "availability": 19}
    txa = ["TXA", "1", "RAD^Report", "FX", "20260101093000", *[""] * 15]
    for name, value in fields.items():
        txa[places[name]] = value
    return f"MSH|^~\\&|DICT|H|E|H|20260102101500||MDM^T02|1|P|2.5\r{HEAD}{'|'.join(txa)}\r{TEXT}"


def record_of(text: str) -> Record:
    (record,) = read(io.BytesIO(text.encode()))
    assert count(io.BytesIO(text.encode())) == 1
    return record


@pytest.mark.parametrize("event", ["T02", "T04", "T08", "T10"])
def test_a_document_of_imaging_is_a_report(event: str) -> None:
    record = record_of(document(event=event))
    assert (record.reason, record.findings, record.reference) == (None, "The liver is large.", "Large liver.")
    assert record.subject_id == "P3"


@pytest.mark.parametrize("event", ["T01", "T03", "T09", ""])
def test_a_notification_without_the_document_is_none(event: str) -> None:
    assert record_of(document(event=event)).reason is RejectReason.NOT_A_REPORT


@pytest.mark.parametrize(
    ("kind", "label", "is_report"),
    [
        ("DI", "1^Text", True),
        ("RADAD^Radiology Addendum", "1^Text", True),
        ("DOC^Document", "1^CT abdomen", True),
        ("DOC^Document", "18782-3^Radiology observation", True),
        ("DOC^Document", "1^Text", False),
        ("OP", "1^CT guided puncture", False),
        ("DS^Discharge", "1^Abdomen", False),
        ("18842-5^Discharge summary^LN", "1^Chest", False),
    ],
)
def test_the_type_of_the_document_its_exam_or_its_texts_say_so(kind: str, label: str, is_report: bool) -> None:
    record = record_of(document(f"OBX|1|TX|{label}||FINDINGS: Large liver.||||||F\r", kind=kind))
    assert (record.reason is None) is is_report
    assert is_report or record.reason is RejectReason.NOT_A_REPORT


@pytest.mark.parametrize(
    ("numbers", "study_id"),
    [
        ({"number": "D7", "placer": "O5", "filler": "F6"}, "F6"),
        ({"number": "D7", "placer": "O5"}, "D7"),
        ({"placer": "O5"}, "O5"),
        ({}, None),
    ],
)
def test_the_study_id_is_an_order_s_or_the_document_s(numbers: dict[str, str], study_id: str | None) -> None:
    assert record_of(document_with(**numbers)).study_id == study_id


def test_the_request_of_a_document_says_more() -> None:
    request = "OBR|1|O9|A9|74150^CT ABDOMEN^L|||20251231080000\r"
    record = record_of(document(request=request))
    assert (record.study_id, record.exam_description, record.modality) == ("A9", "CT ABDOMEN", "CT")
    assert record.exam_time is not None
    assert record.exam_time.year == 2025


@pytest.mark.parametrize(
    ("completion", "availability", "status"),
    [
        ("AU", "AV", "final"),
        ("LA", "", "final"),
        ("DI", "", "preliminary"),
        ("PA", "AV", "preliminary"),
        ("AU", "CA", "cancelled"),
        ("CA", "", "cancelled"),
        ("", "", "final"),
    ],
)
def test_the_status_is_that_of_the_document(completion: str, availability: str, status: str) -> None:
    record = record_of(document_with(number="D7", completion=completion, availability=availability))
    assert record.report_status == status
    assert (record.reason is RejectReason.CANCELLED) is (status == "cancelled")


def test_a_document_that_was_cancelled_is_cancelled_by_its_number() -> None:
    text = document("", event="T11").replace("|D-7||ORD5|FIL6|", "|D-7|||A1|")
    record = record_of(text)
    assert (record.reason, record.study_id) == (RejectReason.CANCELLED, "A1")


def test_an_addendum_is_no_report_unless_it_repeats_it() -> None:
    late = "OBX|1|TX|CT^Liver||On review the liver is normal in all of its segments.||||||F\r"
    record = record_of(document(late, event="T06"))
    assert (record.reason, [section.name for section in record.sections or ()]) == (
        RejectReason.NO_FINDINGS,
        ["addendum"],
    )
    whole = "OBX|1|TX|CT^Liver||FINDINGS: Liver normal.~IMPRESSION: Normal.||||||C\r"
    assert record_of(document(whole, event="T06")).findings == "Liver normal."


def test_a_document_that_is_cut_or_broken_is_no_report() -> None:
    text = document()
    assert record_of(text[:-20]).reason is RejectReason.TRUNCATED
    assert record_of(text.replace("OBX|2", "0BX|2")).reason is RejectReason.MALFORMED
    assert record_of(text.replace("is large", "is| large")).reason is RejectReason.MALFORMED
