"""Headings in the dress that hospitals give them."""

import pytest

from radray.reports.record.free_text import record_of_text
from radray.reports.record.record import Record
from radray.reports.text.headings.spelling import correct
from radray.reports.text.sections import parse
from radray.schema.statuses import RejectReason

SEEN, MEANT = "The heart is large. No effusion.", "Cardiomegaly."


def read(text: str) -> Record:
    return record_of_text(text, member="m", digest="d", study_id="s")


def texts(text: str) -> tuple[str | None, str | None]:
    record = read(text)
    assert record.reason is None
    return record.findings, record.reference


@pytest.mark.parametrize(
    "heading",
    [
        *("Impression and Recommendations", "IMPRESSION & PLAN", "Impression / Recommendation", "Final Impression"),
        *("OVERALL IMPRESSION", "Radiologist's conclusion", "Conclusion and advice", "Impression(s)", "IMP"),
        *("Interpretation", "SUMMARY", "Summary of findings", "Diagnosis", "Radiological diagnosis", "Assessment"),
        *("CT Chest Impression", "IMPRESSION OF THE CHEST", "Opinion"),
        *(
            "Imrpession",
            "IMPRESION",
            "IMPRESSIONNS",
            "Concluison",
            "CONCLUSON",
            "INTERPETATION",
            "Sumary",
            "DIAGNOSSIS",
        ),
    ],
)
def test_an_impression_in_any_dress_is_cut_from_the_findings(heading: str) -> None:
    for form in ("FINDINGS: {}\n\n{}: {}", "Findings:\n{}\n{}:\n{}", "Findings: {}\n* {}: {}"):
        assert texts("HISTORY: Dyspnea.\n" + form.format(SEEN, heading, MEANT)) == (SEEN, MEANT)


def test_headings_in_capitals_alone_on_a_line_may_be_misspelt() -> None:
    assert texts(f"FINDINGS\n{SEEN}\n\nIMRPESSION\n{MEANT}") == (SEEN, MEANT)


def test_words_that_are_near_a_heading_are_none() -> None:
    for word in ("COMPRESSION", "DEPRESSION", "CONCUSSION", "OCCLUSION", "MEDICATION", "CONTUSIONS", "LUNGS"):
        assert correct(word) == word
        assert texts(f"FINDINGS: No edema.\n{word}: none.\nIMPRESSION: Normal.") == (
            f"No edema. {word}: none.",
            "Normal.",
        )
    assert (correct("CONLCUSION"), correct("FINDNGS"), correct("PINION"), correct("")) == (
        *("CONCLUSION", "FINDINGS", "OPINION", ""),
    )


@pytest.mark.parametrize(
    "heading", ["Findings and Imprssion", "FINDNGS / IMPRESSION", "Findings & opinion", "FINDINGS, IMPRESSION"]
)
def test_findings_and_impression_in_one_are_neither_in_any_dress(heading: str) -> None:
    assert read(f"HISTORY: Dyspnea.\n{heading}: {SEEN} {MEANT}").reason is RejectReason.NO_FINDINGS


def test_a_summary_beside_an_impression_is_apart_and_alone_it_is_both() -> None:
    text = f"FINDINGS: {SEEN}\nSUMMARY: Big heart.\nIMPRESSION: {MEANT}"
    assert texts(text) == (SEEN, MEANT)
    assert parse(text).get("summary") == "Big heart."
    assert read(f"HISTORY: Dyspnea.\nINTERPRETATION: {SEEN} {MEANT}").reason is RejectReason.NO_FINDINGS


def test_a_diagnosis_before_the_findings_is_why_the_exam_was_done() -> None:
    sections = parse(f"CLINICAL DIAGNOSIS: Heart failure.\nFINDINGS: {SEEN}\nIMPRESSION: {MEANT}")
    assert (sections.get("indication"), sections.get("impression")) == ("Heart failure.", MEANT)


@pytest.mark.parametrize("heading", ["RESULTS", "Observations", "DESCRIPTION", "Body of report", "Result"])
def test_results_are_findings_where_nothing_else_is(heading: str) -> None:
    assert texts(f"EXAM: CT\n{heading}:\n{SEEN}\nIMPRESSION: {MEANT}") == (SEEN, MEANT)
    assert read(f"EXAM: CT\n{heading}:\n{SEEN} {MEANT}").reason is RejectReason.NO_FINDINGS
    text = f"EXAM: CT\n{heading}: see PACS.\nFINDINGS: {SEEN}\nIMPRESSION: {MEANT}"
    assert texts(text) == (SEEN, MEANT)
    assert parse(text).get("results") == "see PACS."


@pytest.mark.parametrize(
    "report",
    [
        *(
            f"HISTORY: Cough.FINDINGS: {SEEN}IMPRESSION: {MEANT}",
            f"HISTORY: Cough.,FINDINGS: {SEEN},IMPRESSION: {MEANT}",
        ),
        f"HISTORY: Cough  FINDINGS:  {SEEN.replace('. ', '.  ')}  IMPRESSION:  {MEANT}",
        f"History: Cough.  Findings: {SEEN}  Impression: {MEANT}",
        f"FINAL REPORT  CHEST    HISTORY: Cough.    FINDINGS: {SEEN}    IMPRESSION: {MEANT}",
    ],
)
def test_headings_stand_where_line_ends_were_lost(report: str) -> None:
    assert texts(report) == (SEEN, MEANT)


def test_three_spaces_of_a_text_without_line_ends_are_a_blank_line() -> None:
    seen = "The heart is large and the lungs hold no consolidation on either side."
    assert texts(f"FINAL REPORT  PA CHEST    REASON FOR EXAM: Dyspnea.    {seen}    IMPRESSION: {MEANT}") == (
        seen,
        MEANT,
    )


@pytest.mark.parametrize("space", ["\u00a0", "\u2003", "\u202f", "\u3000", "\ufeff", "\u200b"])
def test_every_space_of_unicode_is_a_space(space: str) -> None:
    assert texts(f"{space}FINDINGS{space}:{space}{SEEN}\n{space}{space}IMPRESSION:{space}{MEANT}") == (SEEN, MEANT)


def test_a_text_in_lower_case_has_headings_in_lower_case() -> None:
    text = "findings: heart is large\nno effusion and mild scoliosis\nimpression: cardiomegaly"
    assert texts(text) == ("heart is large no effusion and mild scoliosis", "cardiomegaly")


@pytest.mark.parametrize("rule", ["=====", "-------", "~~~~", "_______", "****"])
def test_rules_around_headings_are_no_text(rule: str) -> None:
    text = f"{rule}\nFINDINGS:\n{rule}\n{SEEN}\n{rule}\nIMPRESSION\n{rule}\n{MEANT}\n{rule}"
    assert texts(text) == (SEEN, MEANT)


@pytest.mark.parametrize(
    "marks",
    [("1. ", "2. "), ("1) ", "2) "), ("(1) ", "(2) "), ("I. ", "II. "), ("A. ", "B. "), ("- ", "- "), ("== ", "== ")],
)
def test_numbers_and_marks_before_headings(marks: tuple[str, str]) -> None:
    assert texts(f"{marks[0]}Findings: {SEEN}\n{marks[1]}Impression: {MEANT}") == (SEEN, MEANT)
    assert texts(f"{marks[0]}FINDINGS: {SEEN}\n{marks[1]}IMPRESSION: {MEANT}") == (SEEN, MEANT)


def test_an_item_of_the_impression_is_no_heading() -> None:
    text = f"FINDINGS: {SEEN}\nIMPRESSION:\n1. Cardiomegaly.\n2. Findings: as discussed."
    assert read(text).impression_items == ("Cardiomegaly.", "Findings: as discussed.")


@pytest.mark.parametrize("form", ["[{}]", "**{}**", "== {} ==", "--- {} ---", "<<{}>>", "__{}__", "{} :", "{}::"])
def test_headings_in_marks(form: str) -> None:
    assert texts(f"{form.format('FINDINGS')}\n{SEEN}\n{form.format('IMPRESSION')}\n{MEANT}") == (SEEN, MEANT)


@pytest.mark.parametrize(
    "report",
    [
        "CT HEAD FINDINGS: No bleed.\nCT HEAD IMPRESSION: Normal head.\n"
        "CT NECK FINDINGS: No clot.\nCT NECK IMPRESSION: Normal neck.",
        "FINDINGS (HEAD): No bleed.\nIMPRESSION (HEAD): Normal head.\n"
        "FINDINGS (NECK): No clot.\nIMPRESSION (NECK): Normal neck.",
        "CT HEAD\nFINDINGS:\nNo bleed.\nIMPRESSION:\nNormal head.\n\n"
        "CTA NECK\nFINDINGS:\nNo clot.\nIMPRESSION:\nNormal neck.",
        "Findings: No bleed.\n\nImpression: Normal head.\n\nCT Neck:\n\nFindings: No clot.\n\nImpression: Normal neck.",
    ],
)
def test_a_second_exam_has_findings_and_impression_of_its_own(report: str) -> None:
    assert texts(f"HISTORY: Fall.\n{report}") == ("No bleed. No clot.", "Normal head. Normal neck.")


def test_findings_named_in_an_impression_without_another_stay_there() -> None:
    text = "FINDINGS: No bleed.\nIMPRESSION: Normal head.\nCT NECK FINDINGS: not yet reported."
    assert texts(text) == ("No bleed.", "Normal head. CT NECK FINDINGS: not yet reported.")


def test_the_description_of_an_exam_is_bounded() -> None:
    record = read(f"EXAM: CT chest {'of the chest ' * 40}. More.\nFINDINGS: {SEEN}")
    assert record.exam_description is not None
    assert record.exam_description.startswith("CT chest of the chest")
    assert len(record.exam_description) <= 200
    assert read(f"EXAM: CT chest. {'The liver is large. ' * 20}\nFINDINGS: {SEEN}").exam_description == "CT chest"
