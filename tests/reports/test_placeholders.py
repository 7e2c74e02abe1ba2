import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.reports.record.record import make_record
from radray.reports.text.cleaning import clean
from radray.reports.text.placeholders import is_missing, says_nothing
from radray.schema.statuses import RejectReason, ReportStatus


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "-", "___", "NaN", "null", "<NA>", "None", "None.", "N/A", "n.a.", "not applicable"),
        *(
            "See impression.",
            "Please see the impression below.",
            "[See Conclusion]",
            "Impression: see above.",
            "As above.",
        ),
        *("As described below.", "Findings as noted above.", "Findings are described in the impression section."),
        *("See report for full details.", "See body of report.", "Refer to the separately dictated CT report."),
        *(
            "Same as above",
            "Above.",
            "None available.",
            "Not provided.",
            "Report to follow",
            "No findings.",
            "Impression:",
        ),
        *("See above. See below.", "1. As above.\n2. See findings."),
    ],
)
def test_a_placeholder_says_nothing(text: str) -> None:
    assert says_nothing(clean(text))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Normal.",
            "Unremarkable",
            "Negative.",
            "Stable.",
            "No change.",
            "Clear.",
            "5 mm",
            "30\u00b0.",
            "Empty sella.",
        ),
        *("No acute findings.", "No significant finding.", "No findings of edema.", "None of the ribs is broken."),
        *("As above, no edema.", "See above. No fracture.", "Findings suggest edema.", "Above findings favour a scar."),
        *("Findings reported to Dr. ___.", "See nodule below.", "Pending fracture", "\u80f8\u90e8\u6b63\u5e38"),
        "See impression of the same day, in which the nodule of the left lower lobe was said to have grown since the "
        "year before, and which is not repeated here for that reason alone.",
    ],
)
def test_a_text_with_any_content_says_something(text: str) -> None:
    assert not says_nothing(clean(text))


def test_values_that_are_missing_are_known_from_words() -> None:
    assert [is_missing(value) for value in ("nan", "NULL", "<NaT>", "undefined", "None", "Nance", "0", "-")] == [
        *[True] * 4,
        *[False] * 4,
    ]


@pytest.mark.parametrize(
    ("findings", "impression", "reason", "reference"),
    [
        ("nan", "Small heart.", RejectReason.NO_FINDINGS, "Small heart."),
        ("See impression.", "Small heart.", RejectReason.NO_FINDINGS, "Small heart."),
        ("None.", "See above.", RejectReason.EMPTY, None),
        ("The heart is small.", "As above.", None, None),
        ("The heart is small.", "1. NaN", None, None),
        ("Normal.", "Unremarkable.", None, "Unremarkable."),
    ],
)
def test_a_placeholder_is_neither_findings_nor_reference(
    findings: str, impression: str, reason: RejectReason | None, reference: str | None
) -> None:
    record = make_record(member="", offset=0, source_digest="d", study_id="1", findings=findings, impression=impression)
    assert (record.reason, record.reference) == (reason, reference)
    assert record.status is (ReportStatus.OK if reason is None else ReportStatus.REJECTED)
    assert (record.findings is None) == (reason is not None)
    assert (record.impression_items is None) == (reference is None)
    assert record.reference_raw == impression


def test_a_missing_value_is_no_value_in_any_field() -> None:
    record = make_record(
        member="",
        offset=0,
        source_digest="d",
        study_id="1",
        subject_id="nan",
        indication="NaN",
        comparison="null",
        exam_description="undefined",
        findings="Small heart.",
    )
    assert (record.subject_id, record.indication, record.comparison, record.background) == (None,) * 4
    assert (record.exam_description, record.comparison_state) == (None, "unknown")
    nameless = make_record(member="", offset=0, source_digest="d", study_id="nan", findings="Small heart.")
    assert nameless.reason is RejectReason.NO_STUDY_ID


@given(st.text(), st.sampled_from(["See above.", "nan", "As noted. ", "the above report "]))
def test_any_text_has_an_answer(text: str, placeholder: str) -> None:
    says_nothing(text)
    assert says_nothing(placeholder)
    start = time.process_time()
    says_nothing(placeholder * 40)
    assert time.process_time() - start < 1
