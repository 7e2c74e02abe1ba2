"""Residual identifiers: seen by kind in texts as they come, and in what a model wrote."""

import hashlib
import time
from typing import Any

import pytest

from radray.checks.identifiers.find import find_identifiers
from radray.checks.identifiers.kinds import KINDS, ORDINARY
from radray.checks.identifiers.written import find_written, invents_identifier
from tests.benchmarks.identifiers import BED, DIGESTS, harmless, recall


def _words(text: str, hits: Any) -> list[str]:
    return [text[hit[0].start : hit[0].end] for hit in hits]


SEEN = (
    ("name", "Compared with the film of Mrs. Kowalska."),
    ("name", "Cough. John Smith, seen in triage."),
    ("name", "Zebediah Quanterfield, seen."),
    ("name", "Patient: SMITH, JANE"),
    ("name", "Patient name: Li Wei"),
    ("name", "Spoke with Karen Ng about the result."),
    ("name", "Reported by Dr. P. van den Berg."),
    ("name", "READ BY: DR. HOUSE"),
    ("name", "Findings called to Alice Mburu by telephone."),
    ("name", "Ana Meyer, MD"),
    ("name", "Interpreted by: Walter Bishop, D.O."),
    ("name", "Discussed with Miss Marple at noon."),
    ("name", "dr. albright was notified."),
    ("name", "Her daughter Olivia drove her in."),
    ("name", "Ordering physician: Gregory House"),
    ("name", "Technologist: R. Mendez"),
    ("name", "This is Juan Carlos Rivera Lopez, 40 M."),
    ("address", "Lives at 12 Baker Street, London."),
    ("address", "Home address: 900 W Olive Ave Apt 3, Fresno, CA 93728"),
    ("address", "47 Wimplethorpe Lane Drizzleby 90417"),
    ("address", "PO Box 88, Springfield"),
    ("address", "She lives in Boise with family."),
    ("address", "Outside films from Mercy Regional Hospital."),
    ("address", "Postcode SW1A 2AA"),
    ("address", "ZIP: 02139"),
    ("address", "Wohnhaft Lindenstraße 7, patient from Leipzig."),
    ("birth", "DOB 01/02/1950"),
    ("birth", "Date of birth: 5 May 1971"),
    ("birth", "born 3/3/33"),
    ("birth", "Born June 4, 1988."),
    ("date", "Surgery on 06/21/2020."),
    ("date", "Status post fall on March 3."),
    ("date", "Admission 2019-12-24."),
    ("date", "Stroke 5-Jun-2017."),
    ("date", "Expired on July 4th, 2021."),
    ("exam_date", "Comparison: CT chest 03/02/2018."),
    ("exam_date", "Unchanged since March 2, 2018."),
    ("exam_date", "Prior radiograph dated 5/6/19."),
    ("exam_date", "Comparison is made with 11/16/2018."),
    ("age", "95 year old man"),
    ("age", "90-year-old female"),
    ("age", "99 y.o. M"),
    ("age", "103 yo"),
    ("age", "aged 91"),
    ("age", "nonagenarian with cough"),
    ("phone", "555-013-7788"),
    ("phone", "Call (555) 201-3344."),
    ("phone", "pager 12345"),
    ("phone", "ext 4512"),
    ("phone", "Phone: 020 7946 0000"),
    ("phone", "+44 161 496 0123"),
    ("fax", "fax 555-013-9911"),
    ("fax", "Faxed to 555.201.3345"),
    ("email", "zquant@canarymail.example"),
    ("email", "Mail a.b@example.org"),
    ("ssn", "078-05-1120"),
    ("ssn", "SSN 078051120"),
    ("mrn", "MRN 4471203"),
    ("mrn", "Medical record no: 55-1203-A"),
    ("mrn", "MRN: AB99120"),
    ("mrn", "patient number 7712034"),
    ("plan", "Medicare no. 4EG1-TE9-MK11"),
    ("plan", "member ID ABC99812"),
    ("number", "HPBCANARY12"),
    ("account", "acct no 55120-33"),
    ("account", "Account: 7712001"),
    ("licence", "NPI: 1234567893"),
    ("licence", "License #A55120"),
    ("vehicle", "VIN 1M8GDM9AXKP042788"),
    ("vehicle", "license plate ABC-1234"),
    ("device", "serial number 55A120-7"),
    ("device", "S/N 8841203"),
    ("device", "lot number B5512"),
    ("url", "https://canary.example/p/77"),
    ("url", "see www.hospital.org/case"),
    ("ip", "203.0.113.77"),
    ("ip", "server 10.0.0.12"),
    ("biometric", "fingerprint FP5512"),
    ("biometric", "voiceprint ID 88123"),
    ("photo", "PHOTOCANARY.jpg"),
    ("photo", "image face.png attached"),
    ("number", "UIDCANARY99"),
    ("number", "Accession: AB-99812"),
    ("number", "See 1.2.840.10008.5.1"),
    ("number", "Study 50414267 shows"),
    ("number", "order number 5512033"),
    ("number", "123e4567-e89b-12d3-a456-426614174000"),
)
"""A kind, and a text with an identifier of it."""


@pytest.mark.parametrize(("kind", "text"), SEEN)
def test_an_identifier_is_seen_under_its_kind(kind: str, text: str) -> None:
    assert [each.kind for each in find_identifiers(text)].count(kind) >= 1


def test_every_kind_is_tried() -> None:
    assert {kind for kind, _ in SEEN} == KINDS.keys() > ORDINARY


@pytest.mark.parametrize(
    "text",
    [
        "Nodule 4 x 5 mm, series 3 image 55. DLP 456.2.",
        "L1-L2 and T12. C5/6 disc. S1 nerve root.",
        "At 10:30 a.m. the catheter was placed by Interventional Radiology.",
        "Dr. XXXX was notified at XXXX hours. XXXX/XXXX.",
        "Dr. ___ at ___ on ___.",
        "Contrast: 75 mL Omnipaque 300. 12 Fr drain. 5F catheter.",
        "Loss of 1/3 of the height; grade 3/4. Narrowing from 2/6.",
        "EXAM: XR CHEST 2 VIEWS. CLINICAL INFORMATION: COUGH.",
        "Right Upper Lobe nodule. Left Lower Lobe Atelectasis.",
        "PA and Lateral Chest. AP Pelvis and Lateral Right Hip.",
        "CT Angiogram Chest Abdomen Pelvis With And Without Contrast",
        "MRI Lumbar Spine: Multilevel Degenerative Disc Disease.",
        "Hartmann pouch; Foley catheter; Jackson Pratt drain. Chance fracture.",
        "An 81-year-old patient. 45 F with cough. Age: 67.",
        "May be seen in 10 days. March is ok.",
        "ICD code 786.50. CPT 71020.",
        "Images 100-1200. Series 2 image 1045-1100.",
        "Patient Name: ___. Technologist: XXXX.",
        "Discussed with ER physician. Discussed with Emergency Department.",
        "Clinical History: Shortness of Breath. Reason For Exam: Chest Pain.",
        "Impression: No Acute Cardiopulmonary Process.",
        "Findings called to the floor nurse at 1430 hours.",
        "Follow up in 6-12 months (Fleischner Society 2017).",
        "b-values 0, 500, 1000 s/mm2. TE 90 ms. kVp 120, mAs 250.",
        "HU of 10-1000. 1000-2000 mL.",
        "Ventricular Peritoneal Shunt in place. Harrington Rods.",
        "Hodgkin Lymphoma; Non-Hodgkin Lymphoma; Wilms Tumor.",
    ],
)
def test_what_reports_say_of_nobody_is_none(text: str) -> None:
    assert find_identifiers(text) == ()


def test_places_are_those_of_the_text_and_values_have_no_label() -> None:
    text = "Caf\u00e9. Fax 555-013-9911, MRN: AB-99812 of Mr. Albright."
    seen = find_identifiers(text)
    assert [(each.kind, text[each.start : each.end]) for each in seen] == [
        ("fax", "Fax 555-013-9911"),
        ("mrn", "MRN: AB-99812"),
        ("name", "Mr. Albright"),
    ]
    assert [each.value for each in seen] == ["555-013-9911", "ab-99812", "albright"]


def test_blank_text_and_masks_hold_none() -> None:
    assert find_identifiers("") == find_identifiers(" \n") == ()
    assert find_identifiers("Seen by Dr. [**Last Name 4421**] on [**2101-5-3**].") == ()


def test_a_date_is_of_birth_of_an_exam_or_another() -> None:
    kinds = [each.kind for each in find_identifiers("DOB 1/2/1950. Admitted 3/4/2020. Compared with 5/6/2019.")]
    assert kinds == ["birth", "date", "exam_date"]


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
    assert _words(text, find_written(text)) == [words]


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
    assert find_written(text) == []


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
    assert find_written(text)
    assert find_written(text, (), ("The lungs are clear.", given)) == []


def test_another_date_or_name_than_the_input_has_is_found() -> None:
    texts = ("Discussed with Dr. Albright.", "Comparison: 04/17/2016.")
    assert find_written("Smaller since 04/18/2016.", (), texts)
    assert find_written("Smaller since 2015.04.17.", (), texts)
    assert find_written("Read with Dr. Albee.", (), texts)


def test_an_identifier_of_the_study_is_found_though_the_input_has_it() -> None:
    text = "Study of 04/17/2016, AB-99812."
    assert _words(text, find_written(text, ["AB-99812"], (text,))) == ["AB-99812"]


def test_passed_identifiers_are_found_as_whole_words() -> None:
    assert _words("Study CXR77_a: clear.", find_written("Study CXR77_a: clear.", ["cxr77_A"])) == ["CXR77_a"]
    assert find_written("Study CXR77_ab: clear.", ["cxr77_a"]) == []
    assert _words("See s50414 now.", find_written("See s50414 now.", ["s50414"])) == ["s50414"]


def test_a_short_identifier_is_a_number_of_the_text() -> None:
    assert find_written("A 9 mm nodule in 3999 parts.", ["9", "3999"]) == []


def test_the_digits_of_an_identifier_are_one() -> None:
    assert _words("Study 504142 now.", find_written("Study 504142 now.", ["s504142"])) == ["504142"]


def test_the_bed_is_the_frozen_files() -> None:
    assert {name: hashlib.sha256((BED / name).read_bytes()).hexdigest() for name in DIGESTS} == DIGESTS


def test_planted_identifiers_are_seen_and_harmless_sentences_pass() -> None:
    counts = recall()
    assert len(counts) == 21
    assert sum(n for n, _, _ in counts.values()) == 160
    assert min(seen / n for n, seen, _ in counts.values()) >= 0.9
    assert sum(bool(find_identifiers(text)) for text in harmless()) <= 1


@pytest.mark.parametrize(
    "unit", ["Dr. Smith ", "12-34-", "1.2.", "+1 (", "Aa Bb ", "patient: ", "0:", "a@b.", "3/4/19 "]
)
def test_long_texts_take_as_long_for_each_character(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        best = float("inf")
        for _ in range(2):
            began = time.process_time()
            find_identifiers(text)
            best = min(best, time.process_time() - began)
        return best

    assert seconds(80_000) < 8 * seconds(20_000) + 0.1


def test_what_the_report_says_is_not_invented() -> None:
    given = ("Discussed with Dr Albright, MRN 447-1203, on 4 May 2019.", "")
    for text in ("Told to Dr. Albright.", "MRN: 447-1203.", "Since 5/4/2019."):
        assert find_identifiers(text)
        assert not invents_identifier(text, ("447-1203",), given)
    for text in ("Told to Dr. Albee.", "MRN: 447-1204.", "Since 5/5/2019.", "447-1203 seen."):
        assert invents_identifier(text, ("447-1203",), ("The lungs are clear.", ""))


def test_the_id_of_the_patient_is_invented_where_the_report_lacks_it() -> None:
    assert invents_identifier("Study of quux77.", ("quux77",), ("Clear.",))
    assert not invents_identifier("Study of quux77.", ("quux77",), ("Clear.", "Study quux77."))
    assert not invents_identifier("Clear.", ("quux77",), ("Clear.",))
