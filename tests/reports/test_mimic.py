import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.reports.formats.mimic import is_report, read
from radray.reports.record.named_texts import SectionText
from radray.reports.record.record import MAX_REPORT_BYTES, Record
from radray.schema.statuses import RejectReason, ReportStatus

NAME = "files/p10/p10000032/s50414267.txt"
REPORT = (
    "                                 FINAL REPORT\n EXAMINATION:  CHEST (PA AND LAT)\n \n"
    " INDICATION:  ___F with cough  // eval\n \n HISTORY:  Smoker\n \n TECHNIQUE:  PA and lateral\n \n"
    " COMPARISON:  ___.\n \n FINDINGS: \n \n Small left effusion,  5 mm nodule.\n \n"
    " IMPRESSION: \n \n 1. Small left effusion.\n 2. Nodule.\n \n NOTIFICATION:  Told by phone.\n"
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (NAME, True),
        ("mimic-cxr-reports/files/p10/p10000032/s50414267.txt", True),
        ("p10/p10000032/s50414267.txt", True),
        ("p10000032/s50414267.txt", True),
        ("files/p10/p10000032/s50414267.TXT", False),
        ("files/p10/p10000032/s5041426.txt", False),
        ("files/p10/p10000032/._s50414267.txt", False),
        ("files/p10/xp10000032/s50414267.txt", False),
        ("files/p10/p10000032/", False),
        ("files/p10/p10000032/s50414267.txt\n", False),
        ("s50414267.txt", False),
        ("", False),
    ],
)
def test_a_report_is_recognised_by_its_name(name: str, expected: bool) -> None:
    assert is_report(name) is expected


def test_a_report_is_read() -> None:
    data = REPORT.encode()
    assert read(data, NAME) == Record(
        member=NAME,
        offset=0,
        source_digest=hashlib.sha256(data).hexdigest(),
        status=ReportStatus.OK,
        study_id="50414267",
        subject_id="10000032",
        background="Indication: ___F with cough // eval. Smoker Comparison: ___.",
        indication="___F with cough // eval. Smoker",
        comparison="___.",
        findings="Small left effusion, 5 mm nodule.",
        reference="Small left effusion. Nodule.",
        reference_raw="1. Small left effusion.\n 2. Nodule.",
        exam_description="CHEST (PA AND LAT)",
        sections=(
            SectionText("examination", 46, "CHEST (PA AND LAT)"),
            SectionText("indication", 82, "___F with cough  // eval"),
            SectionText("history", 123, "Smoker"),
            SectionText("technique", 143, "PA and lateral"),
            SectionText("comparison", 173, "___."),
            SectionText("findings", 194, "Small left effusion,  5 mm nodule."),
            SectionText("impression", 246, "1. Small left effusion.\n 2. Nodule."),
            SectionText("notification", 301, "Told by phone."),
        ),
        impression_items=("Small left effusion.", "Nodule."),
        comparison_state="present",
        modality="CR",
        body_part="chest",
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"FINDINGS: Clear.", None),
        (b"IMPRESSION: Normal.", RejectReason.NO_FINDINGS),
        (b"FINDINGS AND IMPRESSION: Clear.", RejectReason.NO_FINDINGS),
        (b"INDICATION: Cough.\n\nThe heart is normal in size and the lungs are clear.", RejectReason.NO_FINDINGS),
        (b"FINDINGS: Clear.\nFINDINGS AND IMPRESSION: Clear.", None),
        (b"INDICATION: Cough.", RejectReason.EMPTY),
        (b"", RejectReason.EMPTY),
        (b" \n", RejectReason.EMPTY),
        (b"   FINAL REPORT\n Clear lungs.", RejectReason.NO_SECTIONS),
        (b"FINDINGS: Clear\x00.", RejectReason.BAD_ENCODING),
        ("FINDINGS: Clear.".encode("utf-16"), None),
        ("FINDINGS: Clear.".encode("utf-16-le"), RejectReason.BAD_ENCODING),
        (b"FINDINGS: Clear." + b" " * MAX_REPORT_BYTES, RejectReason.TOO_LARGE),
        (b"FINDINGS: 30\x81", RejectReason.BAD_ENCODING),
    ],
)
def test_what_cannot_be_used_says_why(data: bytes, reason: RejectReason | None) -> None:
    record = read(data, NAME)
    assert record.reason == reason
    assert (record.study_id, record.subject_id) == ("50414267", "10000032")


def test_a_file_of_another_name_is_no_report() -> None:
    data = b"FINDINGS: Clear."
    assert read(data, "files/index.html") == Record(
        member="files/index.html",
        offset=0,
        source_digest=hashlib.sha256(data).hexdigest(),
        status=ReportStatus.REJECTED,
        reason=RejectReason.NOT_A_REPORT,
    )


def test_utf8_with_or_without_mark_and_windows_1252_are_read() -> None:
    text = "FINDINGS: 30\u00b0 Cobb angle."
    for encoding in ("utf-8", "utf-8-sig", "cp1252"):
        assert read(text.encode(encoding), NAME).findings == "30\u00b0 Cobb angle."


def test_without_a_heading_for_it_the_exam_is_the_title() -> None:
    record = read(b"  FINAL REPORT\n PORTABLE CHEST OF ___\n \n FINDINGS: Clear.", NAME)
    assert (record.exam_description, record.modality, record.body_part) == ("PORTABLE CHEST OF ___", "CR", "chest")
    assert read(b"  FINAL REPORT\n To whom it concerns\n \n FINDINGS: Clear.", NAME).exam_description is None


def test_findings_and_impression_in_one_are_never_input_or_reference() -> None:
    record = read(b"HISTORY: Cough.\nFINDINGS/IMPRESSION: Small effusion.\nIMPRESSION: Effusion.", NAME)
    assert (record.findings, record.reference) == (None, "Effusion.")
    assert record.sections[1] == SectionText("findings_and_impression", 16, "Small effusion.")


@given(st.binary(), st.sampled_from([NAME, "x"]))
def test_any_bytes_give_a_record(data: bytes, member: str) -> None:
    record = read(data, member)
    assert (record.status == ReportStatus.OK) == (record.reason is None) == (record.findings is not None)
