import pytest

from radray.reports.record.named_texts import SectionText
from radray.reports.record.record import MAX_REPORT_BYTES
from radray.reports.record.values import to_record
from radray.schema.statuses import RejectReason

NOTE = ("comment", "Patient was seated.")


def test_texts_apart_are_sections_after_those_of_the_report() -> None:
    report = "FINDINGS: Clear lungs.\nIMPRESSION: Normal."
    record = to_record({"study_id": "7", "report": report}, 0, "d", apart=[NOTE, ("addendum", " Left side.\n")])
    assert (record.findings, record.reference) == ("Clear lungs.", "Normal.")
    assert record.sections is not None
    assert record.sections[2:] == (
        SectionText("comment", len(report), "Patient was seated."),
        SectionText("addendum", len(report) + 20, "Left side."),
    )


def test_with_nothing_but_texts_apart_a_unit_has_no_findings() -> None:
    record = to_record({"study_id": "7"}, 0, "d", apart=[NOTE])
    assert (record.reason, record.sections) == (RejectReason.NO_FINDINGS, (SectionText("comment", 0, NOTE[1]),))
    assert to_record({"study_id": "7"}, 0, "d", apart=[("comment", " ")]).reason is RejectReason.EMPTY


def test_texts_apart_are_bounded_and_are_text_like_the_others() -> None:
    values = {"study_id": "7", "findings": "Clear lungs."}
    assert to_record(values, 0, "d", apart=[("comment", "a\x00b")]).reason is RejectReason.BAD_ENCODING
    long = "a" * MAX_REPORT_BYTES
    assert to_record(values, 0, "d", apart=[("comment", long)]).reason is RejectReason.TOO_LARGE


def test_a_cancelled_unit_keeps_no_text_apart() -> None:
    record = to_record({"study_id": "7", "report_status": "cancelled"}, 0, "d", apart=[NOTE])
    assert (record.reason, record.sections) == (RejectReason.CANCELLED, None)


@pytest.mark.parametrize("heading", ["SUMMARY:", "Interpretation:", "DIAGNOSIS:\n", "Opinion:"])
def test_an_impression_may_have_a_heading_that_elsewhere_is_none(heading: str) -> None:
    values = {"study_id": "7", "findings": "The spleen is large.", "impression": f"{heading} Large spleen."}
    record = to_record(values, 0, "d")
    assert (record.reason, record.findings, record.reference) == (None, "The spleen is large.", "Large spleen.")


def test_findings_named_report_are_findings_beside_an_impression() -> None:
    values = {"study_id": "7", "findings": "EXAM: US SPLEEN\nReport: The spleen is large."}
    beside = to_record({**values, "impression": "Large spleen."}, 0, "d")
    assert (beside.findings, beside.reference) == ("The spleen is large.", "Large spleen.")
    assert to_record(values, 0, "d").reason is RejectReason.NO_FINDINGS
    both = {**values, "findings": "FINDINGS AND IMPRESSION: The spleen is large.", "impression": "Large spleen."}
    assert to_record(both, 0, "d").reason is RejectReason.NO_FINDINGS


def test_a_report_under_its_own_heading_is_findings_beside_an_impression() -> None:
    values = {"study_id": "7", "report": "HISTORY: Pain.\nREPORT: The spleen is large."}
    beside = to_record({**values, "impression": "Large spleen."}, 0, "d")
    assert (beside.findings, beside.reference) == ("The spleen is large.", "Large spleen.")
    assert to_record(values, 0, "d").reason is RejectReason.NO_FINDINGS
