"""Normality over findings, and urgent findings left out: what belongs into an impression and what does not."""

from typing import Any

import pytest

from radray.checks.check import check
from radray.checks.findings.reportable import is_reportable
from radray.language.mentions import find_mentions
from radray.language.normality import judged_sentences


def flag(name: str, impression: str, findings: str, body_part: str = "chest") -> Any:
    return check(impression, findings, "", modality="CR", body_part=body_part).flags[name]


SERIOUS = [
    "Dense lingular consolidation.",
    "Moderate right hydrothorax.",
    "The heart is moderately enlarged.",
    "Stable cardiomegaly.",
    "Interstitial oedema and septal lines.",
    "Displaced fracture of the right clavicle.",
    "A 14 mm nodule projects over the left apex.",
    "Complete collapse of the right upper lobe.",
    "Destructive lesion of the left sixth rib.",
    "There may be a retrocardiac pneumonia.",
    "Persistent airspace disease at both bases.",
]
TRIVIAL = [
    "Calcified granuloma at the left apex.",
    "Old healed fracture of the right clavicle.",
    "Heart size is borderline.",
    "Tortuous, calcified aorta.",
    "Minimal basal atelectasis.",
    "Opacity at the left base, unchanged scar.",
    "Low lung volumes with crowding; the hilar opacity reflects hypoinflation.",
    "A nodular opacity is due to the nipple.",
    "Stable 4 mm nodule.",
    "No consolidation.",
    "Degenerative change of the thoracic spine.",
]


@pytest.mark.parametrize("findings", SERIOUS)
@pytest.mark.parametrize(
    "impression", ["No acute cardiopulmonary process.", "Normal chest.", "Calcified granuloma. No active disease."]
)
def test_a_normal_impression_over_a_serious_finding(impression: str, findings: str) -> None:
    assert flag("normal_over_abnormal", impression, findings + " No pneumothorax.")


@pytest.mark.parametrize("findings", TRIVIAL)
def test_a_normal_impression_over_a_trivial_finding(findings: str) -> None:
    assert not flag("normal_over_abnormal", "No acute cardiopulmonary process.", findings)


@pytest.mark.parametrize(
    "impression",
    [
        "Moderate left effusion.",
        "Moderate left effusion. No other acute disease.",
        "Possible left effusion. Otherwise no acute disease.",
        "Stable postoperative chest.",
        "",
    ],
)
def test_an_impression_that_does_not_read_normal(impression: str) -> None:
    assert not flag("normal_over_abnormal", impression, "There is a moderate left pleural effusion.")


@pytest.mark.parametrize(
    ("impression", "findings", "body_part"),
    [
        ("Normal ultrasound of the abdomen.", "Several gallstones up to 9 mm.", "abdomen"),
        ("Unremarkable MRI of the knee.", "Torn medial meniscus.", "extremity"),
        ("Normal CT of the chest.", "Enlarged subcarinal lymph nodes. Lungs are clear.", "chest"),
        ("Unremarkable chest radiograph.", "Radiopaque foreign body over the left main bronchus.", "chest"),
        ("Normal MRI of the brain.", "Enhancing lesion in the right frontal lobe.", "head"),
    ],
)
def test_an_exam_called_normal_over_a_finding(impression: str, findings: str, body_part: str) -> None:
    assert flag("normal_over_abnormal", impression, findings, body_part)


def test_no_acute_abnormality_leaves_what_is_chronic() -> None:
    assert not flag("normal_over_abnormal", "No acute abdominal abnormality.", "Several gallstones.", "abdomen")


def test_a_finding_that_the_impression_names_is_not_passed_over() -> None:
    findings = "Mild cardiomegaly. Lungs are clear."
    assert not flag("normal_over_abnormal", "Mild cardiomegaly. No acute disease.", findings)


@pytest.mark.parametrize(
    ("impression", "findings", "body_part"),
    [
        ("Small right effusion.", "Small right effusion. Acute fracture of the left clavicle.", "chest"),
        ("Old granulomas.", "Spiculated mass in the right upper lobe. Granulomas.", "chest"),
        ("Diverticulosis.", "Abscess beside the sigmoid. Diverticulosis.", "abdomen"),
        ("Baker cyst.", "Occlusive thrombus of the popliteal vein. Baker cyst.", "extremity"),
        ("Basal atelectasis.", "Basal atelectasis. 3 cm rounded mass behind the heart.", "chest"),
        ("Emphysema.", "Emphysema. Lytic lesion of the third rib.", "chest"),
        ("Biliary sludge.", "Biliary sludge. Solid lesion of the liver; MRI suggested.", "abdomen"),
        ("Simple renal cysts.", "Severe left hydronephrosis. Simple renal cysts.", "abdomen"),
    ],
)
def test_an_urgent_finding_is_left_out(impression: str, findings: str, body_part: str) -> None:
    assert flag("omission", impression, findings, body_part)


@pytest.mark.parametrize(
    ("impression", "findings"),
    [
        ("Fluid in the left pleural space.", "Moderate left pleural effusion."),
        ("Congestive heart failure.", "Interstitial edema and small effusions; vascular congestion. No fluid."),
        ("Right lung opacity, CT advised.", "Spiculated mass in the right upper lobe."),
        ("Suspected malignancy.", "There is a 3 cm lung mass with mediastinal adenopathy."),
        ("Granuloma.", "Healed fractures of the left ribs. Granuloma."),
        ("Granuloma.", "Possible nodule. Granuloma."),
        ("Left effusion.", "Trace left effusion with minimal pleural fluid."),
    ],
)
def test_an_urgent_finding_has_a_related_word(impression: str, findings: str) -> None:
    assert not flag("omission", impression, findings)


def test_a_critical_finding_is_reportable_however_old_or_stable() -> None:
    text = "Stable chronic pneumothorax."
    assert [is_reportable(mention, text) for mention in find_mentions(text)] == [True]


def test_sentences_are_judged_one_by_one() -> None:
    assert judged_sentences("1. No acute disease. 2. Old granuloma. End of report.") == [
        ("1. No acute disease.", True),
        ("2. Old granuloma.", False),
    ]
    assert judged_sentences("___") == []
