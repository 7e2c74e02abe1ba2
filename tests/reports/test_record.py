import datetime
from typing import Any

import pytest

from radray.reports.record.named_texts import SectionText
from radray.reports.record.record import Record, make_record, rejected_record
from radray.schema.statuses import RejectReason, ReportStatus

UNIT: dict[str, Any] = {"member": "m", "offset": 3, "source_digest": "d"}


def test_texts_are_cleaned_and_the_raw_impression_is_kept() -> None:
    when = datetime.datetime(2024, 5, 1, 12, 30)
    assert make_record(
        **UNIT,
        study_id=" s1 ",
        subject_id="p1",
        indication="XXXX with  cough..",
        comparison="None",
        other_background="PA view .",
        findings="\n1. Lungs clear.\n2. No edema",
        impression=" 1. Normal.. ",
        exam_description="CHEST  PA",
        human_codes=" Lung/base;normal ",
        exam_time=when,
        report_time=when,
    ) == Record(
        member="m",
        offset=3,
        source_digest="d",
        status=ReportStatus.OK,
        reason=None,
        study_id="s1",
        subject_id="p1",
        background="Indication: ___ with cough. Comparison: None PA view.",
        indication="___ with cough.",
        comparison="None",
        findings="Lungs clear. No edema",
        reference="Normal.",
        reference_raw=" 1. Normal.. ",
        exam_description="CHEST PA",
        human_codes="Lung/base;normal",
        exam_time=when,
        report_time=when,
        impression_items=("Normal.",),
        comparison_state="none",
        modality="CR",
        body_part="chest",
    )


@pytest.mark.parametrize(
    ("given", "background"),
    [
        ({}, None),
        ({"indication": "Cough.", "comparison": " "}, "Indication: Cough."),
        ({"comparison": "None."}, "Comparison: None."),
        ({"other_background": "PA view."}, "PA view."),
        (
            {"indication": "Cough.", "background": "INDICATION: Fall .\nCOMPARISON: None."},
            "INDICATION: Fall. COMPARISON: None.",
        ),
        ({"indication": "Cough.", "background": " . "}, "Indication: Cough."),
    ],
)
def test_background_is_the_source_s_own_or_its_parts_joined(given: dict[str, Any], background: str | None) -> None:
    assert make_record(**UNIT, study_id="s", findings="Clear.", **given).background == background


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"study_id": "s", "findings": "Clear.", "impression": "Normal."}, None),
        ({"study_id": "s", "findings": "Clear."}, None),
        ({"study_id": "s", "findings": "Clear.", "impression": " .. "}, None),
        ({"study_id": "s", "findings": "Clear.", "no_sections": True}, None),
        ({"study_id": "s", "impression": "Normal."}, RejectReason.NO_FINDINGS),
        ({"study_id": "s", "findings": " . ", "impression": "Normal."}, RejectReason.NO_FINDINGS),
        ({"study_id": "s"}, RejectReason.EMPTY),
        ({"study_id": "s", "findings": "", "impression": "\n"}, RejectReason.EMPTY),
        ({"study_id": "s", "no_sections": True}, RejectReason.NO_SECTIONS),
        ({"study_id": " ", "findings": "Clear.", "impression": "Normal."}, RejectReason.NO_STUDY_ID),
        ({"study_id": None}, RejectReason.NO_STUDY_ID),
    ],
)
def test_one_rule_decides_the_status(given: dict[str, Any], reason: Any) -> None:
    record = make_record(**UNIT, **given)
    assert record.reason == reason
    assert record.status == (ReportStatus.REJECTED if reason else ReportStatus.OK)


def test_blank_fields_are_none() -> None:
    record = make_record(
        **UNIT,
        study_id="s",
        subject_id=" ",
        indication="",
        comparison=" ",
        findings="Clear.",
        impression=" \n",
        exam_description=".",
        human_codes=" ",
    )
    assert record == Record(**UNIT, status=ReportStatus.OK, study_id="s", findings="Clear.", comparison_state="unknown")


def test_what_follows_from_the_texts_and_what_the_source_says_itself() -> None:
    given: dict[str, Any] = {
        "study_id": "s",
        "findings": "Clear.",
        "impression": "1. Edema\n2. Scar",
        "exam_description": "CT CHEST",
    }
    record = make_record(**UNIT, **given, comparison="Film of ___.", report_status="final")
    assert record.impression_items == ("Edema", "Scar")
    assert (record.comparison_state, record.modality, record.body_part) == ("present", "CT", "chest")
    assert record.report_status == "final"
    record = make_record(**UNIT, **given, modality="MR", body_part="head")
    assert (record.comparison_state, record.modality, record.body_part) == ("unknown", "MR", "head")


def test_findings_and_impression_in_one_are_no_input() -> None:
    for name in ("findings_and_impression", "last_paragraph"):
        sections = (SectionText(name, 0, "Small effusion."),)
        record = make_record(**UNIT, study_id="s", sections=sections)
        assert record.reason == RejectReason.NO_FINDINGS
        assert (record.findings, record.reference, record.sections) == (None, None, sections)
    record = make_record(**UNIT, study_id="s", sections=(SectionText("findings_and_impression", 0, ""),))
    assert record.reason == RejectReason.EMPTY


def test_a_rejected_record_keeps_the_texts_it_has() -> None:
    record = make_record(**UNIT, study_id="s", indication="Cough", impression="1. Normal")
    assert (record.indication, record.reference, record.reference_raw) == ("Cough", "Normal", "1. Normal")


def test_rejected() -> None:
    assert rejected_record("m", 3, "d", RejectReason.MALFORMED, "s", " ") == Record(
        **UNIT, status=ReportStatus.REJECTED, reason=RejectReason.MALFORMED, study_id="s"
    )


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"study_id": "0" * 257}, (None, None)),
        ({"study_id": "1\x00"}, (None, None)),
        ({"study_id": "1\n2"}, (None, None)),
        ({"study_id": "1\x85" + "2"}, (None, None)),
        ({"study_id": "\ud8001"}, (None, None)),
        ({"study_id": "1", "subject_id": "0" * 257}, ("1", None)),
        ({"study_id": None, "subject_id": "a\tb"}, (None, None)),
    ],
)
def test_what_cannot_be_an_id_is_none_whatever_the_source(given: dict[str, Any], kept: tuple[str | None, ...]) -> None:
    record = make_record(**UNIT, findings="Clear.", **given)
    assert (record.status, record.reason) == (ReportStatus.REJECTED, RejectReason.BAD_ID)
    assert (record.study_id, record.subject_id) == kept
    record = rejected_record("m", 3, "d", RejectReason.MALFORMED, **given)
    assert (record.reason, record.study_id, record.subject_id) == (RejectReason.MALFORMED, *kept)


def test_an_id_is_kept_to_the_letter() -> None:
    for study_id in ("0" * 256, "007", "../x", "1.2.840^a", "\u00e9 1"):
        assert make_record(**UNIT, study_id=f" {study_id}\n", findings="Clear.").study_id == study_id


def test_an_impression_inside_the_findings_is_no_input() -> None:
    for heading in ("IMPRESSION:", "Impression :", "Pression:"):
        record = make_record(**UNIT, study_id="s", findings=f"Clear lungs. {heading} Normal.")
        assert (record.findings, record.reference) == ("Clear lungs.", None if heading == "Pression:" else "Normal.")
        record = make_record(**UNIT, study_id="s", findings=f"Clear lungs.\n{heading} Normal.", impression="No edema.")
        assert (record.findings, record.reference) == ("Clear lungs.", "No edema.")
    record = make_record(**UNIT, study_id="s", findings="A vague impression: normal. Depression: none.")
    assert (record.findings, record.reference) == ("A vague impression: normal. Depression: none.", None)


def test_a_report_behind_the_impression_is_no_part_of_the_reference() -> None:
    behind = "Small nodule. Follow up. IMPRESSION: Exam: CHEST. FINDINGS: The heart is large. IMPRESSION: Small nodule."
    record = make_record(
        member="", offset=0, source_digest="d", study_id="1", findings="Nodule, 4 mm.", impression=behind
    )
    assert (record.reference, record.reference_raw) == ("Small nodule. Follow up.", behind)
    assert record.impression_items == ("Small nodule. Follow up.",)
    for given, kept in (
        ("FINDINGS: Nodule.", None),
        ("Nodule, see findings: 4 mm.", "Nodule, see findings: 4 mm."),
        ("Nodule. IMPRESSION: Nodule.", "Nodule."),
    ):
        record = make_record(member="", offset=0, source_digest="d", study_id="1", findings="x", impression=given)
        assert (record.findings, record.reference) == ("x", kept)
