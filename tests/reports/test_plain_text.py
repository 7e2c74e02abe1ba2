import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.reports.formats.plain_text import read
from radray.reports.record.named_texts import SectionText
from radray.reports.record.record import MAX_REPORT_BYTES, Record
from radray.schema.statuses import RejectReason, ReportStatus


def test_a_file_is_a_report_and_its_name_the_study_id() -> None:
    data = "Exam: CT chest\nFindings: Nodule of 30\u00b0.\nImpression: Nodule.".encode("cp1252")
    assert read(data, "2024/A-0017.v2.txt") == Record(
        member="2024/A-0017.v2.txt",
        offset=0,
        source_digest=hashlib.sha256(data).hexdigest(),
        status=ReportStatus.OK,
        study_id="A-0017.v2",
        findings="Nodule of 30\u00b0.",
        reference="Nodule.",
        reference_raw="Nodule.",
        exam_description="CT chest",
        sections=(
            SectionText("examination", 0, "CT chest"),
            SectionText("findings", 15, "Nodule of 30\u00b0."),
            SectionText("impression", 40, "Nodule."),
        ),
        impression_items=("Nodule.",),
        comparison_state="unknown",
        modality="CT",
        body_part="chest",
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"Clear lungs.", RejectReason.NO_SECTIONS),
        (b"", RejectReason.EMPTY),
        (b"\xef\xbb\xbf \r\n", RejectReason.EMPTY),
        (b"FINDINGS:\nIMPRESSION:\n", RejectReason.EMPTY),
        (b"IMPRESSION: Normal.", RejectReason.NO_FINDINGS),
        (b"FINDINGS: Clear\x00", RejectReason.BAD_ENCODING),
        (b"FINDINGS: Clear." + b"." * MAX_REPORT_BYTES, RejectReason.TOO_LARGE),
        ("\ufeffFINDINGS: Clear.".encode("utf-16-be"), None),
    ],
)
def test_what_cannot_be_used_says_why(data: bytes, reason: RejectReason | None) -> None:
    record = read(data, "a/7.txt")
    assert (record.reason, record.study_id, record.subject_id) == (reason, "7", None)


def test_ids_are_names_to_the_letter() -> None:
    assert [read(b"FINDINGS: a", name).study_id for name in ("007", "x/y/0 1.txt", ".txt", "a.b/c")] == [
        "007",
        "0 1",
        ".txt",
        "c",
    ]
    assert read(b"FINDINGS: a", "x" * 300 + ".txt").reason == RejectReason.BAD_ID


def test_sections_of_a_name_are_joined_as_the_parser_says() -> None:
    record = read(b"FINDINGS: A.\nCOMPARISON: None.\nFINDINGS: B.\nFINDINGS:\nFINDINGS: A.\nIMPRESSION: C.", "7.txt")
    assert (record.findings, record.reference, record.comparison_state) == ("A. B.", "C.", "none")
    assert [section.name for section in record.sections].count("findings") == 4


@given(st.binary(), st.text())
def test_any_bytes_under_any_name_give_a_record(data: bytes, member: str) -> None:
    record = read(data, member)
    assert (record.status == ReportStatus.OK) == (record.reason is None)
