"""Checks of the form: masks, text that is no impression, identifiers."""

from typing import Any

import pytest

from radray.checks.form import find_degenerate, find_identifiers, find_masks


def _words(text: str, hits: Any) -> list[str]:
    return [text[hit[0].start : hit[0].end] for hit in hits]


@pytest.mark.parametrize(
    "text",
    [
        "Seen by Dr. ___ today.",
        "Compared to XXXX.",
        "____ acute disease.",
        "[**Hospital 12**] film.",
        "Read by [NAME].",
        "x-XXXX of the chest.",
        "Seen on <DATE>.",
        "[REDACTED]",
    ],
)
def test_masks_are_found(text: str) -> None:
    assert find_masks(text)


@pytest.mark.parametrize(
    "text",
    [
        "No acute disease.",
        "Snake_case is no mask",
        "xx",
        "XX chromosome",
        "4 x 4 cm",
        "(none)",
        "[sic]",
        "<5 mm",
        "5 * 3",
    ],
)
def test_what_is_no_mask_passes(text: str) -> None:
    assert find_masks(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        ". . .",
        "1. 2. 3.",
        "No acute disease. No acute disease.",
        "pneumonia pneumonia pneumonia",
        "Small left effusion and small left effusion and small left effusion.",
        "No acute no acute no acute disease.",
        "Left lower lobe pneumonia with",
        "Small effusion, likely due to",
        "There is a small left pleural effusion and a",
        "Pneumonia in the left lower lobe, with",
        "Right basilar \u043f\u043d\u0435\u0432\u043c\u043e\u043d\u0438\u044f.",
        "Left effusion \x00\x01.",
        "No acute \ufffd disease.",
        "Effusionnnnnnnn on the left.",
        "<extra_id_0> effusion.",
        "no no no no no",
        "Right elbow: no acute fracture. Right elbow: no acute fracture.",
        "Right elbow. No acute fracture. No effusion. No acute fracture.",
        "___ ___",
    ],
)
def test_no_impressions_are_found(text: str) -> None:
    assert find_degenerate(text)


@pytest.mark.parametrize(
    "text",
    [
        "No acute disease.",
        "Normal.",
        "Negative",
        "1. No effusion. 2. No pneumothorax. 3. No edema.",
        "Small left and small right effusions.",
        "Chest: no acute disease. Ribs: no fracture.",
        "Left-sided 1.2 x 1.3 cm nodule; \u03b1-emitter in place.",
        "Hepatitis C.",
        "Pneumonia is likely",
        "Caf\u00e9-au-lait spots \u2013 none, temperature 38 \u00b0C.",
        "CT is advised for further evaluation of the nodule (see above).",
        "Effusion on the left, larger than the effusion on the right.",
        "Right elbow: no fracture or dislocation. Left elbow: no fracture or dislocation.",
        "1. Pelvis. No acute osseous abnormality. 2. Right hip. No acute osseous abnormality.",
        "CT head: no acute finding at all. CT neck: no acute finding at all. CT chest: no acute finding at all.",
    ],
)
def test_impressions_pass(text: str) -> None:
    assert find_degenerate(text) == []


def test_a_cut_output_is_degenerate_whatever_it_says() -> None:
    text = "No acute disease."
    assert find_degenerate(text) == []
    assert _words(text, find_degenerate(text, output_cut=True)) == ["disease."]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Reported by Dr. Albright.", "Dr. Albright"),
        ("Compared to 3/14/2012.", "3/14/2012"),
        ("Since 2012-03-14 no change.", "2012-03-14"),
        ("Film of March 3, 2012.", "March 3, 2012"),
        ("Call 555-201-3344.", "555-201-3344"),
        ("MRN 4471203, pneumonia.", "MRN 4471203"),
        ("Accession: AB-99812.", "Accession: AB-99812"),
        ("Study 50414267 shows pneumonia.", "50414267"),
        ("Ana Meyer, MD", "Meyer, MD"),
        ("Mail a.b@example.org", "a.b@example.org"),
        ("DOB 01/02/1950", "DOB 01/02/1950"),
        ("See 1.2.840.10008.5.1", "1.2.840.10008.5.1"),
    ],
)
def test_identifiers_are_found(text: str, words: str) -> None:
    assert _words(text, find_identifiers(text)) == [words]


@pytest.mark.parametrize(
    "text",
    [
        "1.9 x 1.8 cm nodule at T12-L1.",
        "Follow-up in 3-6 months.",
        "Fracture of the 4th to 7th ribs.",
        "Nodule since 2012.",
        "An 81-year-old patient. Pneumonia.",
        "Dr. ___ was notified.",
        "ICD code 786.50.",
        "May be seen in 10 days.",
        "Grade 3/4 effusion, 2 to 3 views.",
        "Patient rotated.",
        "Tube 3.5 cm above the carina.",
    ],
)
def test_what_identifies_nobody_passes(text: str) -> None:
    assert find_identifiers(text) == []


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("Smaller since 04/17/2016.", "Comparison: 04/17/2016."),
        ("Smaller since April 17, 2016.", "Comparison: 04/17/2016."),
        ("Smaller since 17 Apr 2016.", "Comparison: 2016-04-17."),
        ("Smaller since 4/17.", "Comparison: 4/17/16."),
        ("Read with Dr. Albright.", "Discussed with Dr. Albright."),
    ],
)
def test_what_the_input_has_too_identifies_nobody_anew(text: str, given: str) -> None:
    assert find_identifiers(text)
    assert find_identifiers(text, (), ("The lungs are clear.", given)) == []


def test_another_date_or_name_than_the_input_has_is_found() -> None:
    texts = ("Discussed with Dr. Albright.", "Comparison: 04/17/2016.")
    assert find_identifiers("Smaller since 04/18/2016.", (), texts)
    assert find_identifiers("Smaller since 2015.04.17.", (), texts)
    assert find_identifiers("Read with Dr. Albee.", (), texts)


def test_an_identifier_of_the_study_is_found_though_the_input_has_it() -> None:
    text = "Study of 04/17/2016, AB-99812."
    assert _words(text, find_identifiers(text, ["AB-99812"], (text,))) == ["AB-99812"]


def test_passed_identifiers_are_found_as_whole_words() -> None:
    assert _words("Study CXR77_a: clear.", find_identifiers("Study CXR77_a: clear.", ["cxr77_A"])) == ["CXR77_a"]
    assert find_identifiers("Study CXR77_ab: clear.", ["cxr77_a"]) == []
    assert _words("See s50414 now.", find_identifiers("See s50414 now.", ["s50414"])) == ["s50414"]


def test_a_short_identifier_is_a_number_of_the_text() -> None:
    assert find_identifiers("A 9 mm nodule in 3999 parts.", ["9", "3999"]) == []


def test_the_digits_of_an_identifier_are_one() -> None:
    assert _words("Study 504142 now.", find_identifiers("Study 504142 now.", ["s504142"])) == ["504142"]
