import pytest

from radray.reports.text.headings.names import BOTH
from radray.reports.wire.hl7.messages import Delimiters
from radray.reports.wire.hl7.names import OTHER, REPORT, name_of_observation, rendering_of

USUAL = Delimiters("|", "^", "~", "\\", "&")


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ("&GDT", "findings"),
        ("73630&FND^XR FOOT", "findings"),
        ("FIND^FINDINGS^L", "findings"),
        ("59776-5", "findings"),
        ("CT_FINDINGS^^L", "findings"),
        ("^Radiology Study Findings", "findings"),
        ("73630&MDT", "findings"),
        ("I^IMPRESSION^L", "impression"),
        ("73630&IMP^RADIOLOGIST'S IMPRESSION", "impression"),
        ("X9^Foot^L^19005-8^Impression^LN", "impression"),
        ("55110-1^Conclusions^LN", "impression"),
        ("ECHO_IMP^^L", "impression"),
        ("9^Impression and Recommendation", "impression"),
        ("FI^Findings and Impression", BOTH),
        ("GDT^Impression", "impression"),
        ("H^HISTORY^L", "indication"),
        ("18785-6^Reason for study^LN", "indication"),
        ("73630&CMS", "comparison"),
        ("18834-2^Comparison^LN", "comparison"),
    ],
)
def test_a_text_of_the_report_is_known_by_code_suffix_or_label(identifier: str, name: str) -> None:
    assert name_of_observation(identifier, USUAL) == name


@pytest.mark.parametrize(
    ("identifier", "section"),
    [
        ("&ADT", "addendum"),
        ("&ADN", "addendum"),
        ("GDT^ADDENDUM TEXT^L", "addendum"),
        ("A^ADDENDUM^L", "addendum"),
        ("73630&REC", "recommendations"),
        ("18783-1^^LN", "recommendations"),
        ("18834-2^RECOMMENDATION^LN", "recommendations"),
        ("TCM^TECH COMMENT^L", "comment"),
        ("&TCM", "comment"),
        ("N7^Technologist's Notes", "comment"),
        ("GDT^PEER REVIEW NOTE", "comment"),
        ("GDT^CRITICAL RESULT", "notification"),
        ("18747-6^CT Signature^LN", "attestation"),
        ("Dictation TS", "attestation"),
        ("P^PROCEDURE^L", "examination"),
        ("M^MODIFIERS^L", "examination"),
        ("C4^CPT MODIFIERS^L", "examination"),
        ("73630&ANT", "examination"),
        ("MODALITY^Modality", "examination"),
        ("D^DIAGNOSTIC CODE^L", "codes"),
        ("113014^DICOM Study^DCM", "identifiers"),
        ("A^ALLERGIES^L", "allergies"),
        ("55111-9^Current Imaging Procedure Description^LN", "technique"),
        ("73630&CMR", "prior_exams"),
        ("7^Previous impression", "prior_exams"),
        ("WET_READ^^L", "wet_read"),
        ("7^CT Dose Report", "technique"),
    ],
)
def test_what_is_no_part_of_the_report_is_known_too(identifier: str, section: str) -> None:
    assert name_of_observation(identifier, USUAL) == section


@pytest.mark.parametrize(
    "identifier",
    [
        "",
        "12",
        "R^REPORT^L",
        "18748-4^Imaging^LN",
        "RPID9&BODY",
        "T5^CT KNEE^L",
        "7^Low dose CT chest",
        "HTML^Display format in HTML^AUSPDI",
    ],
)
def test_what_names_the_exam_or_the_report_is_of_the_report(identifier: str) -> None:
    assert name_of_observation(identifier, USUAL) == REPORT


def test_an_observation_with_the_code_of_its_exam_is_of_the_report() -> None:
    identifier, exam = "Q44^History room", frozenset({"Q44", "HISTORY ROOM"})
    assert name_of_observation(identifier, USUAL, exam) == REPORT
    assert name_of_observation(identifier, USUAL) == "indication"
    assert name_of_observation("Q44^Any words", USUAL, exam) == REPORT
    assert name_of_observation("Q44^Impression", USUAL, exam) == "impression"
    assert name_of_observation("Q44&ZZZ^Any words", USUAL, exam) == OTHER


@pytest.mark.parametrize(
    "identifier",
    [
        "73630&ZZZ^XR FOOT",
        "Q7^Billing",
        "I^Quality",
        "SIDE_R^^L",
        "D^Diagnosis",
        "7^Chest comment",
        "1849^Foot swelling^SCT",
        "STAGE^Clinical stage^L",
        "MED^Film bag",
    ],
)
def test_a_name_that_says_nothing_is_not_taken_for_one_that_does(identifier: str) -> None:
    assert name_of_observation(identifier, USUAL) == OTHER


def test_delimiters_of_its_own_and_escapes() -> None:
    own = Delimiters("#", "*", "!", "?", "@")
    assert name_of_observation("73630@IMP*Foot", own) == "impression"
    assert name_of_observation("9^Findings \\T\\ impression", USUAL) == BOTH


def test_formats_of_one_report_have_a_rank_and_plain_text_the_first() -> None:
    ranks = [rendering_of(f"{code}^Display^AUSPDI", USUAL) for code in ("TXT", "RTF", "XHTML", "HTML")]
    assert None not in ranks
    assert ranks == sorted(ranks, key=lambda rank: rank or 0)
    assert rendering_of("R^REPORT", USUAL) is None
