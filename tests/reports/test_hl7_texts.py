import base64
import io
import time
from collections.abc import Sequence

import pytest

from radray.reports.formats.hl7 import count, read
from radray.reports.record.record import Record
from radray.reports.text.headings.names import BOTH
from radray.schema.statuses import RejectReason
from tests.support.inputs.bad_messages import message

FINDINGS, IMPRESSION = "A stone of 3 mm lies in the left ureter.", "Left ureteric stone."
WHOLE = rf"INDICATION: Colic.\.br\FINDINGS: {FINDINGS}\.br\IMPRESSION: {IMPRESSION}"
HTML = (
    f'<p><a href="x">CLICK HERE TO VIEW IMAGES</a></p><h1>CT KIDNEYS</h1><b>FINDINGS</b><br>{FINDINGS}<br><br>'
    f"<b>CONCLUSION</b><br>{IMPRESSION}"
)


def record_of(*segments: str) -> Record:
    data = (message() + "\r".join(segments) + "\r").encode()
    (record,) = read(io.BytesIO(data))
    assert count(io.BytesIO(data)) == 1
    return record


def obx(identifier: str, value: str, kind: str = "TX", units: str = "", status: str = "F") -> str:
    return f"OBX|1|{kind}|{identifier}||{value}|{units}|||||{status}"


def encapsulated(text: str, kind: str = "TEXT^HTML") -> str:
    return f"^{kind}^Base64^{base64.b64encode(text.encode()).decode()}"


def texts(record: Record) -> tuple[str | None, str | None]:
    return record.findings, record.reference


def names(record: Record) -> Sequence[str]:
    return [section.name for section in record.sections or ()]


def test_what_is_no_part_of_the_report_is_kept_apart() -> None:
    record = record_of(
        obx("P^PROCEDURE^L", "7^CT KIDNEYS^L", "CE"),
        obx("I^IMPRESSION^L", IMPRESSION),
        obx("M^MODIFIERS^L", "LEFT"),
        obx("TCM^TECH COMMENT^L", "Came by bed."),
        obx("D^DIAGNOSTIC CODE^L", "4^ABNORMAL^L", "CE"),
        obx("R^REPORT^L", FINDINGS),
        obx("&ADN", "Seen with Dr. X."),
        obx("&REC", "9^Urology", "CWE"),
    )
    assert texts(record) == (FINDINGS, IMPRESSION)
    assert [(section.name, section.text) for section in record.sections or ()] == [
        ("examination", "CT KIDNEYS"),
        ("examination", "LEFT"),
        ("comment", "Came by bed."),
        ("codes", "ABNORMAL"),
        ("addendum", "Seen with Dr. X."),
        ("recommendations", "Urology"),
    ]


@pytest.mark.parametrize(
    ("identifier", "value", "section"),
    [
        ("&ADT", "The stone is on the right.", "addendum"),
        ("&TCM", "Bladder was not full.", "comment"),
        ("18783-1^^LN", "Urology in a week.", "recommendations"),
        ("71046&ZZZ^CHEST", "Two lines without a meaning.", "comment"),
        ("Q7^Billing", "Insured by none.", "comment"),
        ("ACC^Number", "RX77120", "identifiers"),
        ("71046^CHEST", "1.2.840.5.7", "identifiers"),
        ("^Findings and impression", "Stone, to be removed.", BOTH),
    ],
)
def test_beside_an_impression_it_is_not_taken_for_findings(identifier: str, value: str, section: str) -> None:
    record = record_of(obx("&IMP", IMPRESSION), obx(identifier, value))
    assert (record.reason, texts(record)) == (RejectReason.NO_FINDINGS, (None, IMPRESSION))
    assert [(section.name, section.text) for section in record.sections or ()] == [(section, value)]


def test_an_unknown_text_takes_the_place_of_none_and_is_not_lost() -> None:
    described = [obx("71046&GDT", "Supine."), obx("71046&IMP", IMPRESSION)]
    record = record_of(*described, obx("71046&FND", FINDINGS))
    assert texts(record) == (f"Supine. {FINDINGS}", IMPRESSION)
    record = record_of(*described, obx("71046&ZZZ", FINDINGS))
    assert (texts(record), names(record)) == (("Supine.", IMPRESSION), ["comment"])


def test_an_unknown_text_is_the_report_if_there_is_no_other() -> None:
    assert texts(record_of(obx("Q7^Befund", WHOLE), obx("Q7^Befund", "Second line."))) == (
        FINDINGS,
        f"{IMPRESSION} Second line.",
    )
    record = record_of(obx("&IMP", "Other."), obx("Q7^Befund", WHOLE))
    assert texts(record) == (FINDINGS, "Other.")


def test_under_its_own_heading_a_report_is_findings_beside_an_impression() -> None:
    record = record_of(obx("R^REPORT^L", rf"History: Colic.\.br\REPORT: {FINDINGS}"), obx("I^IMPRESSION^L", IMPRESSION))
    assert texts(record) == (FINDINGS, IMPRESSION)
    both = obx("R^REPORT^L", f"FINDINGS AND IMPRESSION: {FINDINGS}")
    assert record_of(both, obx("I^IMPRESSION^L", IMPRESSION)).reason is RejectReason.NO_FINDINGS


def test_coded_impressions_are_sentences() -> None:
    record = record_of(
        obx("71046&IMP", "^STONE IN LEFT URETER", "CWE"),
        obx("71046&IMP", "44^^L^^^^^^Hydronephrosis, mild.", "CWE"),
        obx("71046&GDT", FINDINGS, "FT"),
        obx("RADS^Category", "2^Benign", "CE"),
    )
    assert texts(record) == (FINDINGS, "STONE IN LEFT URETER. Hydronephrosis, mild.")


@pytest.mark.parametrize(
    "placeholder", ["See Comments", "Report follows:", "(see notes below)", "Please refer to attached report.", " "]
)
def test_notes_stand_for_a_text_that_refers_to_them(placeholder: str) -> None:
    record = record_of(
        obx("CT9^KIDNEYS", placeholder), f"NTE|1||FINDINGS: {FINDINGS}", f"NTE|2||IMPRESSION: {IMPRESSION}"
    )
    assert texts(record) == (FINDINGS, IMPRESSION)
    record = record_of(obx("&GDT", FINDINGS), obx("&IMP", placeholder), f"NTE|1|L|{IMPRESSION}")
    assert texts(record) == (FINDINGS, IMPRESSION)


def test_a_heading_alone_on_its_line_refers_to_no_notes() -> None:
    record = record_of(obx("R^REPORT", "Report:"), obx("R^REPORT", FINDINGS), obx("&IMP", IMPRESSION))
    assert (texts(record), names(record)) == ((FINDINGS, IMPRESSION), ["findings"])


def test_other_notes_are_no_report_unless_they_have_its_headings() -> None:
    record = record_of(obx("&GDT", FINDINGS), obx("&IMP", IMPRESSION), "NTE|1||Findings told to Dr. X.")
    assert (texts(record), names(record)) == ((FINDINGS, IMPRESSION), ["comment"])
    record = record_of(f"NTE|1||FINDINGS: {FINDINGS}~IMPRESSION: {IMPRESSION}", obx("S^Score", "50", "NM"))
    assert texts(record) == (FINDINGS, IMPRESSION)
    record = record_of(obx("&GDT", FINDINGS), obx("&IMP", "", status="X"), "NTE|1||of another patient")
    assert (texts(record), record.sections) == ((FINDINGS, None), None)


def test_a_note_may_hold_raw_line_ends() -> None:
    record = record_of(obx("R^REPORT", "See note"), f"NTE|1||FINDINGS: {FINDINGS}\nIMPRESSION: {IMPRESSION}")
    assert texts(record) == (FINDINGS, IMPRESSION)


def test_a_value_with_units_is_a_measurement_and_not_malformed() -> None:
    record = record_of(
        obx("59776-5^^LN", FINDINGS),
        obx("30033^Stone^SCT", "3 x 4", units="mm"),
        obx("19005-8^^LN", IMPRESSION, units="{text}"),
    )
    assert (texts(record), names(record)) == ((FINDINGS, IMPRESSION), ["measurements"])
    report = [obx("R^REPORT", f"FINDINGS: {FINDINGS}"), obx("R^REPORT", f"IMPRESSION: {IMPRESSION}", units="mm")]
    assert texts(record_of(*report)) == (FINDINGS, IMPRESSION)
    displaced = record_of("OBX|1|TX|59776-5||A stone| of 3 mm.||||||F")
    assert displaced.reason is RejectReason.MALFORMED


def test_of_two_renderings_of_a_report_one_is_read() -> None:
    record = record_of(
        obx("HTML^Display format in HTML^AUSPDI", HTML, "FT"), obx("TXT^Display format in text^AUSPDI", WHOLE, "FT")
    )
    assert (*texts(record), record.background) == (FINDINGS, IMPRESSION, "Indication: Colic.")
    assert names(record) == ["indication", "findings", "impression"]


@pytest.mark.parametrize(
    "rendering",
    [encapsulated(HTML), encapsulated(rf"{{\rtf1 FINDINGS: {FINDINGS}\par IMPRESSION: {IMPRESSION}}}", "AP^RTF")],
)
def test_a_rendering_beside_named_texts_is_not_read(rendering: str) -> None:
    record = record_of(obx("&GDT", FINDINGS), obx("&IMP", IMPRESSION), obx("HTML^Report", rendering, "ED"))
    assert (texts(record), record.sections) == ((FINDINGS, IMPRESSION), None)
    record = record_of(obx("&IMP", IMPRESSION), obx("HTML^Report", rendering, "ED"))
    assert texts(record) == (FINDINGS, IMPRESSION)


def test_two_renderings_under_one_name_are_read_once() -> None:
    lines = [obx("R^REPORT", line) for line in (f"FINDINGS: {FINDINGS}", "", f"IMPRESSION: {IMPRESSION}")]
    page = [obx("R^REPORT", line, "FT") for line in ("<html><body>", HTML, "</body></html>")]
    record = record_of(*lines, *page)
    assert (texts(record), names(record)) == ((FINDINGS, IMPRESSION), ["findings", "impression"])


def test_a_text_under_two_codes_is_read_once() -> None:
    line = "Both kidneys are normal in size and without a stone."
    wrapped = line.replace("size and", "size~and")
    record = record_of(obx("59776-5^^LN", line), obx("&GDT", wrapped, "FT"), obx("&IMP", IMPRESSION))
    assert texts(record) == (line, IMPRESSION)
    record = record_of(obx("59776-5^^LN", "Normal."), obx("&GDT", "Normal."), obx("&IMP", IMPRESSION))
    assert texts(record) == ("Normal. Normal.", IMPRESSION)


def test_a_long_message_of_many_texts_takes_linear_time() -> None:
    begun = time.process_time()
    record_of(*(obx("R^REPORT", "") for _ in range(100_000)), *(obx(f"HTML{n}", "<p>a</p>") for n in range(5_000)))
    record_of(*(obx("HTML^Display", f"<p>{FINDINGS}</p>", "FT") for _ in range(5_000)))
    assert time.process_time() - begun < 10


def test_an_encapsulated_text_that_says_something_else_is_read() -> None:
    other = encapsulated(f"IMPRESSION: {IMPRESSION}", "TEXT^PLAIN")
    record = record_of(obx("R^REPORT", f"FINDINGS: {FINDINGS}"), obx("R^REPORT", other, "ED"))
    assert texts(record) == (FINDINGS, IMPRESSION)


@pytest.mark.parametrize(
    "segments",
    [
        [obx("R^REPORT", HTML, "FT")],
        [obx("R^REPORT", line) for line in HTML.replace("<br>", "<br>~").split("~")],
        [obx("R^REPORT", encapsulated(f"<html>{HTML}</html>", "multipart^x"), "ED")],
        [obx("R^REPORT", rf"{{\E\rtf1\E\b FINDINGS:\E\b0  {FINDINGS}\E\par IMPRESSION: {IMPRESSION}\E\par}}", "FT")],
    ],
)
def test_markup_is_read_as_the_text_that_it_shows(segments: list[str]) -> None:
    assert texts(record_of(*segments)) == (FINDINGS, IMPRESSION)


PDF = obx("PDF^Report", "^AP^PDF^Base64^JVBERi0=", "ED")


@pytest.mark.parametrize(
    ("segments", "reason"),
    [
        ([obx("113014^DICOM Study^DCM", "1.2.3.4", "ST"), PDF], RejectReason.UNSUPPORTED_CONTENT),
        ([obx("R^REPORT", "See attached PDF."), PDF], RejectReason.UNSUPPORTED_CONTENT),
        ([obx("R^REPORT", "Text without a heading."), PDF], RejectReason.NO_SECTIONS),
        ([obx("&IMP", IMPRESSION), PDF], RejectReason.NO_FINDINGS),
        ([obx("113014^DICOM Study^DCM", "1.2.3.4", "ST")], RejectReason.NO_FINDINGS),
        ([obx("R^REPORT", "^TEXT^PLAIN^Base64^a!", "ED")], RejectReason.MALFORMED),
        ([PDF, obx("R^REPORT", "^TEXT^PLAIN^Hex^00", "ED")], RejectReason.BAD_ENCODING),
        ([PDF.replace("|ED|", "|ST|")], RejectReason.UNSUPPORTED_CONTENT),
        ([obx("R^REPORT", encapsulated(f"FINDINGS: {FINDINGS}"), "TX")], None),
        ([obx("R^REPORT", "^TEXT^PLAIN^Base64^a!", "ED"), obx("R^REPORT", WHOLE)], None),
    ],
)
def test_the_reason_where_the_report_is_in_a_document(segments: list[str], reason: RejectReason | None) -> None:
    assert record_of(*segments).reason is reason
