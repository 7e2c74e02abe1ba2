"""Texts that their source names findings or impression, and conclusions inside findings."""

from typing import Any

import pytest

from radray.reports.record.conclusions import may_conclude, split_conclusion
from radray.reports.record.named_texts import NamedTexts, cut_named
from radray.reports.record.record import Record
from radray.reports.record.values import to_record
from radray.schema.statuses import RejectReason

SEEN, MEANT = "The heart is large. No effusion.", "Cardiomegaly."
WHOLE = f"EXAM: XR chest\nHISTORY: Dyspnea.\nCOMPARISON: None.\nFINDINGS: {SEEN}\nIMPRESSION: {MEANT}"


def read(**values: str) -> Record:
    return to_record({"study_id": "s", **values}, 0, "d")


@pytest.mark.parametrize(
    "values",
    [
        *({"findings": WHOLE}, {"impression": WHOLE}, {"findings": WHOLE, "impression": WHOLE}),
        *({"findings": WHOLE, "impression": f"IMPRESSION: {MEANT}"}, {"report": WHOLE, "impression": MEANT}),
        {
            "findings": f"EXAM: XR chest\nHISTORY: Dyspnea.\nCOMPARISON: None.\n\n{SEEN}",
            "impression": f"CONCLUSION\n{MEANT}",
        },
        {"findings": f"<p>HISTORY: Dyspnea.<br>COMPARISON: None.</p><p>FINDINGS</p><p>{SEEN}</p>", "impression": MEANT},
    ],
)
def test_a_named_text_is_cut_like_a_report_and_never_doubled(values: dict[str, str]) -> None:
    record = read(**values)
    assert (record.status, record.findings, record.reference) == ("ok", SEEN, MEANT)
    assert record.indication == "Dyspnea."
    assert record.comparison_state == "none"


@pytest.mark.parametrize("form", ["{}: {}", "{}\n{}", "{} - {}", "{}:\n\n{}", "**{}:** {}"])
def test_a_named_text_loses_its_own_heading(form: str) -> None:
    for write in (str.upper, str.title):
        record = read(findings=form.format(write("findings"), SEEN), impression=form.format(write("impression"), MEANT))
        assert (record.findings, record.reference) == (SEEN, MEANT)


def test_texts_without_headings_are_untouched() -> None:
    assert cut_named(SEEN, MEANT) == NamedTexts(SEEN, MEANT)
    assert cut_named(None, "") == NamedTexts(None, None)
    assert read(findings=SEEN, impression=MEANT).sections is None


def test_the_sections_of_named_texts_are_kept() -> None:
    record = read(
        findings=f"TECHNIQUE: PA.\nFINDINGS: {SEEN}", impression=f"{MEANT}\nElectronically signed by A. Example, MD"
    )
    assert [section.name for section in record.sections or ()] == ["technique", "findings", "impression", "attestation"]
    assert (record.reference, record.reference_raw) == (MEANT, MEANT)


def test_no_text_before_a_mention_of_findings_is_lost() -> None:
    for text in ("Large heart. The findings: as before.", "Large heart. Clinical findings: none. Lungs clear."):
        assert read(findings=text, impression=MEANT).findings == text


def test_an_impression_that_holds_both_is_no_reference() -> None:
    record = read(impression=f"FINDINGS/IMPRESSION:\n{SEEN} {MEANT}")
    assert (record.reason, record.reference) == (RejectReason.NO_FINDINGS, None)


def test_what_follows_a_comparison_on_its_line_are_the_findings() -> None:
    assert read(findings=f"Comparison: None. {SEEN}", impression=MEANT).findings == SEEN
    assert read(findings="Comparison: Film of March. Heart large.", impression=MEANT).reason is RejectReason.NO_FINDINGS


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        *(("Clear. Impression: normal.", " normal."), ("Clear.\nimpression: normal.", " normal.")),
        *(("Clear. Imrpession and plan: normal.", " normal."), ("Clear IMPRESSION: normal.", " normal.")),
        *(("Clear. Imp: normal.", " normal."), ("Clear. Pression: normal.", ""), ("Clear. PRIOR IMPRESSION: old.", "")),
        ("Clear. Findings and impression: normal.", ""),
    ],
)
def test_findings_end_at_the_heading_of_a_conclusion(text: str, rest: str) -> None:
    findings, inside = split_conclusion(text)
    assert (findings.strip(), inside) == ("Clear." if "." in findings else "Clear", rest)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "In summary, the heart is large.",
            "To conclude: large heart.",
            "IMPRESSION large heart.",
            "Impression - large.",
        ),
        *("Impression Large heart.", "Conclusion large heart", "Mild scoliosis impression: no change."),
        *("Overall impression is that of a large heart.", "Imp - large heart"),
    ],
)
def test_what_looks_like_a_conclusion_rejects_the_report(text: str) -> None:
    record = read(findings=f"No effusion. {text}", impression=MEANT)
    assert record.reason is RejectReason.CONCLUSION_IN_FINDINGS
    assert record.findings is not None


@pytest.mark.parametrize(
    "text",
    [
        *("This gives the impression of a mass.", "A general impression: none.", "Basilar impression: none."),
        *(
            "Impression on the esophagus by the aorta.",
            "Depression: none.",
            "Compression: mild.",
            "Valve assessment: normal.",
        ),
        *("Limited assessment: bases.", "Diagnosis of pneumonia is not excluded.", "Cortical impression: none.", ""),
    ],
)
def test_a_mention_is_no_conclusion(text: str) -> None:
    assert not may_conclude(text)
    assert split_conclusion(text) == (text, None)


def test_the_answer_is_in_no_findings_that_are_ok() -> None:
    given: dict[str, Any] = {"impression": MEANT}
    for heading in ("Impression", "CONCLUSION", "Opinion", "Final impression", "Interpretation", "Diagnosis"):
        for form in ("{} {}: {}", "{}\n{}: {}", "{}\n{}\n{}", "{}\n{} - {}", "{}  {}: {}"):
            record = read(findings=form.format(SEEN, heading, MEANT), **given)
            assert record.findings == SEEN or record.status == "rejected"
