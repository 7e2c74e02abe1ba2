"""Pages of a report: the text goes on, the header is gone."""

from radray.reports.record.free_text import record_of_text
from radray.reports.record.record import Record
from radray.reports.text.page_breaks import find_page_breaks

HEADER = " [**2150-1-2**] 9:10 PM\n CT CHEST W/O CONTRAST        Clip # [**Clip Number 12**]\n Reason: mass?"
TURN = f"\n{'(Over)':>60}\n\n{HEADER}\n {'_' * 60}\n{'FINAL REPORT':>40}\n (Cont)\n"


def read(text: str) -> Record:
    return record_of_text(text, member="m", digest="d", study_id="s")


def test_a_turned_page_in_findings_and_impression() -> None:
    findings = f"FINDINGS: A mass of 4 cm in the{TURN} left upper lobe."
    text = f"{HEADER}\n {findings}\n IMPRESSION:\n 1. Mass.{TURN} 2. No node.\n"
    record = read(text)
    assert (record.findings, record.reference) == ("A mass of 4 cm in the left upper lobe.", "Mass. No node.")
    assert record.impression_items == ("Mass.", "No node.")
    assert [section.name for section in record.sections or ()].count("page_break") == 2


def test_the_number_of_a_page_and_the_header_repeated_below_it() -> None:
    header = "General Hospital\nPatient: DOE, PAT   MRN 123"
    for line in ("Page 2 of 3", "--- Page 2 ---", "PAGE 2/3", "(continued)"):
        text = f"{header}\nFINDINGS: A mass in the\n{line}\n\n{header}\nleft lung.\nIMPRESSION: Mass."
        assert (read(text).findings, read(text).reference) == ("A mass in the left lung.", "Mass.")


def test_what_only_mentions_pages_is_text() -> None:
    for text in ("See page 2 of the outside report.", "The mass (over 4 cm) is new.", "Continued follow-up.", ""):
        assert find_page_breaks(f"\n{text}") == []
        assert not text or read(f"FINDINGS: {text}\nIMPRESSION: Mass.").findings == text


def test_an_unpaired_mark_costs_its_own_line_alone() -> None:
    assert read("FINDINGS: A mass\n(Over)\nin the lung.\nIMPRESSION: Mass.").findings == "A mass in the lung."


def test_a_header_that_the_first_page_has_not_is_known_by_its_labels() -> None:
    header = "Page 2 of 2\nPatient: DOE, PAT\nMRN: 123\nExam date: 3/4/2026"
    text = f"FINDINGS: A mass in the\n{header}\nleft lung.\nIMPRESSION: Mass."
    assert read(text).findings == "A mass in the left lung."
    assert read("FINDINGS: A mass in the\nPage 2 of 2\nleft lung: apex.\nIMPRESSION: x").findings == (
        "A mass in the left lung: apex."
    )


def test_a_page_break_whose_line_ends_were_lost() -> None:
    text = f"FINDINGS:  A mass of 4 cm in the {' '.join(TURN.split())}  left lobe.  IMPRESSION:  Mass."
    assert read(text).findings == "A mass of 4 cm in the left lobe."
