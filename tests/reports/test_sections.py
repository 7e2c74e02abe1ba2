import time

from hypothesis import given, settings
from hypothesis import strategies as st

from radray.reports.sections import Section, parse

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
    r"|NDICATION|:|: |\n|\r\n| |\. |_{12}|the lungs|No ){0,20}"
)


def named(text):
    """Return (name, whole span) of each section."""
    return [(span.name, text[span.start : span.end]) for span in parse(text).spans]


def test_a_report_is_cut_at_its_headings():
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


def test_spans_hold_heading_and_text():
    assert parse("Chest.\nFINDINGS: Clear.\n").spans == (
        Section("preamble", 0, 0, 7),
        Section("findings", 7, 16, 24),
    )
    assert parse("").spans == ()
    assert parse("Clear lungs.").spans == (Section("preamble", 0, 0, 12),)


def test_headings_are_capitals_or_title_case_with_a_colon_or_capitals_alone_on_a_line():
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


def test_mentions_are_no_headings():
    for text in (
        "In the findings: edema.",
        "findings: edema.",
        "No findings",
        "Findings\nedema.",
        "Impression of edema: yes.",
        "See IMPRESSION: above.",
        "FINDINGS consistent with edema.",
        "LUNGS: Clear.",
        "History of cough.",
    ):
        assert named(text) == [("preamble", text)]
        assert not parse(text).has_headings


def test_variants_have_one_name():
    variants = {
        "REASON FOR EXAM": "indication",
        "NDICATION": "indication",
        "CLINICAL HISTORY": "history",
        "COMPARISONS": "comparison",
        "CHEST, TWO VIEWS": "findings",
        "CONCLUSION": "impression",
        "IMPRESSOIN": "impression",
        "RECOMMENDATION(S)": "recommendations",
        "RECOMMENDATION": "recommendations",
        "WET READ": "wet_read",
        "FINAL ADDENDUM": "addendum",
        "TYPE OF EXAMINATION": "examination",
    }
    assert {heading: parse(f" {heading}:  text\n").spans[0].name for heading in variants} == variants


def test_several_sections_of_a_name_are_joined_and_blank_ones_left_out():
    sections = parse("FINDINGS:\nCHEST:\nClear.\nFINDINGS:\n\nIMPRESSION: Normal.\nFINDINGS: Ribs intact.")
    assert sections.get("findings") == "CHEST:\nClear.\n\nRibs intact."
    assert sections.get("impression") == "Normal."
    assert sections.get("comparison") is None


def test_findings_and_impression_at_once_are_neither():
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


def test_what_follows_the_impression_is_not_in_it():
    for heading in ("NOTIFICATION:", "RECOMMENDATION(S):", "ADDENDUM:", "WET READ: ___ 9:36 PM", "FINAL REPORT"):
        assert parse(f"IMPRESSION: Effusion.\n {heading}\n More.").get("impression") == "Effusion."


def test_a_wet_read_or_addendum_ends_at_the_report_or_a_rule():
    sections = parse(f" WET READ: ___ 9:36 PM\n  Edema.\n {'_' * 40}\n   FINAL REPORT\n FINDINGS: Clear.")
    assert sections.get("wet_read") == "___ 9:36 PM\n  Edema."
    assert sections.get("findings") == "Clear."
    sections = parse(f" ADDENDUM: Left, not right.\n {'_' * 40}\n Chest film.\n FINDINGS: Clear.")
    assert sections.get("addendum") == "Left, not right."


@given(st.one_of(st.text(), st.from_regex(PIECES, fullmatch=True)))
@settings(max_examples=400)
def test_spans_cover_the_text_without_overlap(text):
    spans = parse(text).spans
    assert "".join(text[span.start : span.end] for span in spans) == text
    assert all(span.start <= span.text_start <= span.end and span.start < span.end for span in spans)
    assert [span.start for span in spans] == [0, *(span.end for span in spans)][: len(spans)]


def test_long_runs_are_parsed_in_linear_time():
    # 0.1 s here; anything quadratic takes minutes
    start = time.process_time()
    for unit in ("\n", " ", "FINDINGS: ", "A", "_", ". "):
        parse(unit * 50_000)
    assert time.process_time() - start < 10
