import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radray.reports.text.sections import Section, parse

REPORT = """                                 FINAL REPORT
 EXAMINATION:  CHEST (PA AND LAT)

 INDICATION:  ___F with cough  // eval for
 infection

 TECHNIQUE:  Chest PA and lateral

 COMPARISON:  None.

 FINDINGS:

 Lungs are clear.  The findings: as before.
 LUNGS: no edema.

 IMPRESSION:

 No acute process.

 NOTIFICATION:  Told to Dr. ___ by telephone.
""".replace("\n\n", " \n \n")  # as in MIMIC-CXR, no line is empty

PIECES = (
    r"(?:FINDINGS|IMPRESSION|Impression|WET READ|FINDINGS AND IMPRESSION|FINAL REPORT|ADDENDUM|RECOMMENDATION\(S\)"
    r"|NDICATION|Findings|findings|REPORT|PA CHEST|HISTORY|:|: |\n|\n\n|\r\n|<br>| |\. |_{12}|the lungs|No "
    r"|The lungs are clear and there is no effusion\.){0,20}"
)


def named(text: str) -> list[tuple[str, str]]:
    """Return (name, whole span) of each section."""
    return [(span.name, text[span.start : span.end]) for span in parse(text).spans]


def test_a_report_is_cut_at_its_headings() -> None:
    sections = parse(REPORT)
    assert {span.name: sections.get(span.name) for span in sections.spans} == {
        "preamble": None,
        "examination": "CHEST (PA AND LAT)",
        "indication": "___F with cough  // eval for\n infection",
        "technique": "Chest PA and lateral",
        "comparison": "None.",
        "findings": "Lungs are clear.  The findings: as before.\n LUNGS: no edema.",
        "impression": "No acute process.",
        "notification": "Told to Dr. ___ by telephone.",
    }
    assert sections.has_headings


def test_spans_hold_heading_and_text() -> None:
    assert parse("Chest.\nFINDINGS: Clear.\n").spans == (
        Section("preamble", 0, 0, 7),
        Section("findings", 7, 16, 24),
    )
    assert parse("").spans == ()
    assert parse("Clear lungs.").spans == (Section("preamble", 0, 0, 12),)


def test_headings_are_capitals_or_title_case_and_colon_or_capitals_alone() -> None:
    assert named("Findings: Clear.\nImpression : Normal.") == [
        ("findings", "Findings: Clear.\n"),
        ("impression", "Impression : Normal."),
    ]
    assert named("FINDINGS\nClear.\r\nIMPRESSION\r\nNormal.") == [
        ("findings", "FINDINGS\nClear.\r\n"),
        ("impression", "IMPRESSION\r\nNormal."),
    ]
    assert named("INDICATION: Cough. COMPARISON: None. FINDINGS: Clear.") == [
        ("indication", "INDICATION: Cough. "),
        ("comparison", "COMPARISON: None. "),
        ("findings", "FINDINGS: Clear."),
    ]


def test_lower_case_with_a_colon_is_a_heading_where_something_begins() -> None:
    assert named("findings: clear lungs.\nimpression: normal.") == [
        ("findings", "findings: clear lungs.\n"),
        ("impression", "impression: normal."),
    ]
    text = "FINDINGS: Edema as in the\nfindings: see there, and no\nImpression: Normal"
    assert named(text) == [("findings", text)]


def test_a_heading_with_a_first_capital_may_stand_alone_on_its_line() -> None:
    assert named("Findings\nThe lungs are clear.\n\nImpression\n1. Normal.") == [
        ("findings", "Findings\nThe lungs are clear.\n\n"),
        ("impression", "Impression\n1. Normal."),
    ]
    for text in ("Two new\nFindings\nThe lungs", "Findings\nedema."):
        assert named(text) == [("preamble", text)]


def test_a_heading_with_a_first_capital_may_stand_above_a_list() -> None:
    text = "Findings: The spleen is large.\n\nImpression\n- Large spleen.\n- No stone."
    assert [name for name, _ in named(text)] == ["findings", "impression"]


def test_capitals_without_a_colon_before_what_begins_a_sentence() -> None:
    text = "HISTORY Cough\nCOMPARISON None\nFINDINGS The lungs are clear.\nIMPRESSION 1. Normal.\nADDENDUM ___ 3:45 PM"
    assert [name for name, _ in named(text)] == ["history", "comparison", "findings", "impression", "addendum"]
    for text in (
        "FINDINGS - Clear.",
        "FINDINGS \u2013 clear.",
        "FINDINGS. Clear.",
        "FINDINGS; clear",
        "FINDINGS\uff1a clear",
    ):
        assert [name for name, _ in named(text)] == ["findings"]
    for text in (
        "FINDINGS CONSISTENT WITH EDEMA",
        "FINDINGS consistent",
        "The acute\nFINDINGS Edema",
        "STUDY The chest",
    ):
        assert [name for name, _ in named(text)] == ["preamble"]


def test_marks_of_emphasis_and_other_line_ends() -> None:
    for text in (
        "**FINDINGS:** Clear.\n**IMPRESSION:** Normal.",
        "## FINDINGS\nClear.\n## IMPRESSION\nNormal.",
        "FINDINGS: Clear.\rIMPRESSION: Normal.",
        "FINDINGS:\r\nClear.\r\nIMPRESSION:\r\nNormal.",
        "FINDINGS: Clear.<br>IMPRESSION: Normal.",
        "FINDINGS: Clear.<BR/>IMPRESSION: Normal.",
        "FINDINGS: Clear.\\.br\\IMPRESSION: Normal.",
        "FINDINGS: Clear.\u2028IMPRESSION: Normal.",
    ):
        sections = parse(text)
        assert "Clear." in sections.get("findings")
        assert sections.get("impression") == "Normal."


def test_headings_inside_a_line() -> None:
    for text in (
        "INDICATION: Cough. FINDINGS: Clear. IMPRESSION: Normal.",
        "INDICATION: Cough FINDINGS: Clear IMPRESSION: Normal.",
        "COMPARISON: ___ FINDINGS: Clear. IMPRESSION : Normal.",
        "Indication: Cough. Findings: Clear. Impression: Normal.",
        "FINDINGS: Clear (PA). FINDINGS AND IMPRESSION: both. IMPRESSION: Normal.",
    ):
        sections = parse(text)
        assert sections.get("findings").startswith("Clear")
        assert sections.get("impression") == "Normal."


def test_a_heading_alone_on_its_line_may_follow_a_line_without_a_stop() -> None:
    text = "Findings\nN/A\nImpression\nLarge spleen."
    assert [name for name, _ in named(text)] == ["findings", "impression"]
    wrapped = "FINDINGS: Large spleen, as is the clinical\nImpression\nOf the ward."
    assert [name for name, _ in named(wrapped)] == ["findings"]


def test_a_qualified_heading_begins_a_sentence_of_the_background() -> None:
    text = "EXAM: US. INDICATION: Pain. Clinical Findings: fever. COMPARISON: None. Imaging Findings: Large spleen."
    assert [name for name, _ in named(text)] == ["examination", "indication", "comparison", "findings"]


def test_mentions_are_no_headings() -> None:
    for text in (
        "In the findings: edema.",
        "No findings",
        "no new findings.",
        "Findings\nedema.",
        "IMPRESSION of a nodule",
        "Findings: were discussed by phone.",
        "Impression of edema: yes.",
        "See IMPRESSION: above.",
        "PLEASE SEE IMPRESSION: ABOVE",
        "as described under FINDINGS: edema",
        "INCIDENTAL FINDINGS: none",
        "FINDINGS consistent with edema.",
        "LUNGS: Clear.",
        "History of cough.",
        "Seen at 3:45 PM: ok",
    ):
        if text != "INCIDENTAL FINDINGS: none":
            assert named(text) == [("preamble", text)]
            assert not parse(text).has_headings
        whole = f"FINDINGS: Edema.\nIMPRESSION: Edema. {text}"
        assert named(whole)[-1] == ("impression", f"IMPRESSION: Edema. {text}")
    text = "FINDINGS: Clear. Findings: were discussed. No change. Impression: not here."
    assert named(text) == [("findings", text)]


def test_qualified_headings_are_recognised_in_the_background_alone() -> None:
    assert parse("PAST MEDICAL HISTORY: Asthma.\nCHEST FINDINGS: Clear.\nFINAL IMPRESSION: Normal.").spans == (
        Section("history", 0, 21, 30),
        Section("findings", 30, 45, 53),
        Section("impression", 53, 70, 78),
    )
    text = "IMPRESSION: Edema.\nINCIDENTAL FINDINGS: Nodule.\nCHEST: Clear.\nPRIOR IMPRESSION: Normal."
    assert named(text) == [("impression", text)]
    assert parse("HISTORY OF PRESENT ILLNESS: Cough.").get("history") == "Cough."


def test_text_under_the_exams_name_is_findings_only_beside_an_impression() -> None:
    for heading in ("PA AND LATERAL CHEST", "CHEST, TWO VIEWS", "PORTABLE AP CHEST", "REPORT"):
        sections = parse(f"HISTORY: Cough.\n{heading}: Small effusion.\nIMPRESSION: Effusion.")
        assert (sections.get("findings"), sections.get("impression")) == ("Small effusion.", "Effusion.")
        sections = parse(f"HISTORY: Cough.\n{heading}: Small effusion.")
        assert (sections.get("findings"), sections.get("findings_and_impression")) == (None, "Small effusion.")


FINDINGS = "The heart is normal in size. The lungs are clear and there is no effusion."


def test_paragraphs_without_heading_before_the_impression_are_findings() -> None:
    sections = parse(f" COMPARISON: ___.\n \n {FINDINGS}\n \n No fracture.\n \n IMPRESSION: Normal.")
    assert sections.get("comparison") == "___."
    assert sections.get("findings") == f"{FINDINGS}\n \n No fracture."
    assert sections.get("impression") == "Normal."
    sections = parse(f"FINAL REPORT\n CHEST, ___\n\n {FINDINGS}\n\nIMPRESSION: Normal.")
    assert sections.get("findings") == FINDINGS
    assert sections.get("preamble") == "CHEST, ___"


@pytest.mark.parametrize(
    "paragraph",
    [
        "Evaluate for pneumonia in the right lung, which was seen on a film.",
        "A ___ year old man with cough and fever for a week.",
        "PA and lateral views of the chest were obtained in the usual way.",
        "Comparison is made with a chest film of last week and a CT.",
        "PA AND LATERAL CHEST OF THREE DAYS AGO WITH TWO VIEWS.",
        "and a fever for more than a week before that day.",
        "No acute process.",
    ],
)
def test_other_paragraphs_are_not(paragraph: str) -> None:
    sections = parse(f"INDICATION: Cough.\n\n{paragraph}\n\nIMPRESSION: Normal.")
    assert sections.get("findings") is None
    assert sections.get("indication") == f"Cough.\n\n{paragraph}"


def test_a_last_paragraph_without_findings_and_impression_is_neither() -> None:
    sections = parse(f"FINAL REPORT\nINDICATION: Cough.\n\n{FINDINGS}\n")
    assert sections.get("last_paragraph") == FINDINGS
    assert sections.get("findings") is None
    assert sections.get("impression") is None
    assert sections.get("indication") == "Cough."


def test_variants_have_one_name() -> None:
    variants = {
        "REASON FOR EXAM": "indication",
        "NDICATION": "indication",
        "CLINICAL HISTORY": "history",
        "COMPARISONS": "comparison",
        "WET READ VERSION #1": "wet_read",
        "Findings / Impression": "findings_and_impression",
        "CONCLUSION": "impression",
        "IMPRESSOIN": "impression",
        "RECOMMENDATION(S)": "recommendations",
        "RECOMMENDATION": "recommendations",
        "WET READ": "wet_read",
        "FINAL ADDENDUM": "addendum",
        "TYPE OF EXAMINATION": "examination",
    }
    assert {heading: parse(f" {heading}:  text\n").spans[0].name for heading in variants} == variants


def test_several_sections_of_a_name_are_joined_and_blank_ones_left_out() -> None:
    sections = parse("FINDINGS:\nCHEST:\nClear.\nFINDINGS:\n\nIMPRESSION: Normal.\nFINDINGS: Ribs intact.")
    assert sections.get("findings") == "CHEST:\nClear.\n\nRibs intact."
    assert sections.get("impression") == "Normal."
    assert sections.get("comparison") is None


def test_findings_and_impression_at_once_are_neither() -> None:
    for heading in (
        "FINDINGS AND IMPRESSION:",
        "FINDINGS/IMPRESSION:",
        "Findings and impression:",
        "FINDINGS/IMPRESSION\n",
    ):
        sections = parse(f"INDICATION: Cough.\n{heading} Small effusion.")
        assert sections.get("findings") is None
        assert sections.get("impression") is None
        assert sections.get("findings_and_impression") == "Small effusion."


def test_what_follows_the_impression_is_not_in_it() -> None:
    for heading in ("NOTIFICATION:", "RECOMMENDATION(S):", "ADDENDUM:", "WET READ: ___ 9:36 PM", "FINAL REPORT"):
        assert parse(f"IMPRESSION: Effusion.\n {heading}\n More.").get("impression") == "Effusion."


def test_a_wet_read_or_addendum_ends_at_the_report_or_a_rule() -> None:
    sections = parse(f" WET READ: ___ 9:36 PM\n  Edema.\n {'_' * 40}\n   FINAL REPORT\n FINDINGS: Clear.")
    assert sections.get("wet_read") == "___ 9:36 PM\n  Edema."
    assert sections.get("findings") == "Clear."
    sections = parse(f" ADDENDUM: Left, not right.\n {'_' * 40}\n Chest film.\n FINDINGS: Clear.")
    assert sections.get("addendum") == "Left, not right."


def test_an_addendum_or_wet_read_keeps_its_own_findings_to_itself() -> None:
    for aside in (
        "WET READ: ___ ___ 3:45 AM\n",
        "WET READ VERSION #1 ___ ___ 5:06 PM\n",
        "ADDENDUM:\n",
        "FINAL ADDENDUM\n",
    ):
        own = f"{aside}FINDINGS: Edema.\nIMPRESSION: Edema."
        report = "FINDINGS: Clear.\nIMPRESSION: Normal."
        for text in (f"{report}\n{own}", f"{own}\nFINAL REPORT\n{report}", f"{own}\n{'_' * 40}\n{report}"):
            sections = parse(text)
            assert sections.get("findings") == "Clear."
            assert sections.get("impression") == "Normal."


def test_a_wet_read_without_a_rule_ends_where_the_report_begins() -> None:
    sections = parse("WET READ: ___ 3:45 AM\nEdema.\n\nEXAMINATION: Chest.\nFINDINGS: Clear.\nIMPRESSION: Normal.")
    assert sections.get("wet_read") == "___ 3:45 AM\nEdema."
    assert (sections.get("findings"), sections.get("impression")) == ("Clear.", "Normal.")


def test_two_studies_in_a_file_are_joined_in_order_without_copies() -> None:
    first = "EXAMINATION: Chest.\nFINDINGS: Clear.\nIMPRESSION: Normal chest."
    other = "EXAMINATION: Hand.\nFINDINGS: No fracture.\nIMPRESSION: Normal hand."
    sections = parse(f"{first}\n{other}\n{first}")
    assert sections.get("examination") == "Chest.\n\nHand."
    assert sections.get("findings") == "Clear.\n\nNo fracture."
    assert sections.get("impression") == "Normal chest.\n\nNormal hand."


@given(st.one_of(st.text(), st.from_regex(PIECES, fullmatch=True)))
@settings(max_examples=1000)
def test_spans_cover_the_text_without_overlap(text: str) -> None:
    spans = parse(text).spans
    assert "".join(text[span.start : span.end] for span in spans) == text
    assert all(span.start <= span.text_start <= span.end and span.start < span.end for span in spans)
    assert [span.start for span in spans] == [0, *(span.end for span in spans)][: len(spans)]


@pytest.mark.parametrize(
    "unit",
    [
        *("\n", " ", "\n ", "A", "_", ". ", ".", ":", "7", "\r", "\\", "<", "(", "*", "A:", "a:", "A ", "A, "),
        *("FINDINGS: ", "FINDINGS:", "\nFINDINGS:", "\nFindings\n", "\nFINDINGS ", "see FINDINGS: ", "\nADDENDUM:\n"),
        *("\nCHEST:", "\n\nThe lungs are clear and there is no effusion.", "\n__________", "WET READ", "\nREPORT:\n"),
    ],
)
def test_a_megabyte_of_anything_is_parsed_in_linear_time(unit: str) -> None:
    # 0.6 s at most here; anything quadratic takes minutes
    start = time.process_time()
    parse("INDICATION: a\n" + unit * (1_000_000 // len(unit)))
    assert time.process_time() - start < 15


def test_a_heading_without_a_colon_does_not_hide_one_inside_a_line() -> None:
    sections = parse(" FINAL REPORT\n INDICATION: Cough. FINDINGS: Clear lungs.\n")
    assert (sections.get("indication"), sections.get("findings")) == ("Cough.", "Clear lungs.")
