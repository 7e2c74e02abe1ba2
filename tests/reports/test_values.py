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
