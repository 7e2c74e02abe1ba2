import datetime

import pytest

from radray.reports.record import Record, make_record, rejected
from radray.schemas import RejectReason, ReportStatus

UNIT = {"member": "m", "offset": 3, "source_digest": "d"}


def test_texts_are_cleaned_and_the_raw_impression_is_kept():
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
def test_background_is_the_source_s_own_or_made_of_its_parts(given, background):
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
def test_one_rule_decides_the_status(given, reason):
    record = make_record(**UNIT, **given)
    assert record.reason == reason
    assert record.status == (ReportStatus.REJECTED if reason else ReportStatus.OK)


def test_blank_fields_are_none():
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
    assert record == Record(**UNIT, status=ReportStatus.OK, study_id="s", findings="Clear.")


def test_a_rejected_record_keeps_the_texts_it_has():
    record = make_record(**UNIT, study_id="s", indication="Cough", impression="1. Normal")
    assert (record.indication, record.reference, record.reference_raw) == ("Cough", "Normal", "1. Normal")


def test_rejected():
    assert rejected("m", 3, "d", RejectReason.MALFORMED, "s", " ") == Record(
        **UNIT, status=ReportStatus.REJECTED, reason=RejectReason.MALFORMED, study_id="s"
    )
