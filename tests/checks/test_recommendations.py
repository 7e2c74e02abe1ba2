"""Recommendations as structure, and what the checks say of those left out, changed, unsound, or sound."""

import pytest

from radray.checks.check import check
from radray.checks.recommendations.recommendation import find_recommendations_in, same_interval

Row = tuple[str, str]


def flags(impression: str, findings: str, background: str = "Comparison: None.") -> set[str]:
    got = check(impression, findings, background, modality="CT", body_part="abdomen").flags
    return {name for name, flag in got.items() if flag} & {"recommendation", "recommendation_missed", "measurement"}


@pytest.mark.parametrize(
    ("text", "tests", "days", "concept"),
    [
        ("", (), None, None),
        ("Stable nodule.", (), None, None),
        ("Two nodules in the left lung. Chest CT in 3 to 6 months is advised.", ("ct",), (91, 182), "nodule"),
        ("Consolidation. Follow-up film in six weeks.", ("radiograph",), (42, 42), "consolidation"),
        ("Adrenal mass; MRI or CT recommended.", ("mri", "ct"), None, "organ_mass"),
        (
            "Annual ultrasound surveillance of the aneurysm is suggested.",
            ("ultrasound",),
            (365, 365),
            "aortic_aneurysm",
        ),
        ("Lung mass. CT-guided biopsy is recommended.", ("biopsy",), None, "mass"),
        ("Effusion, unchanged over 3 weeks. Recommend thoracentesis.", ("aspiration",), None, "pleural_effusion"),
        (
            "Pneumonia. Radiographs after antibiotics are recommended in 1 month.",
            ("radiograph",),
            (30, 30),
            "pneumonia",
        ),
        ("Hepatic cyst. No follow-up is required.", ("none",), None, "cystic_organ_lesion"),
        ("Opacity. Further evaluation is recommended.", ("follow_up",), None, "lung_opacity"),
        ("Opacity. Correlate clinically.", ("correlation",), None, "lung_opacity"),
        ("Embolus not excluded. CT angiography is recommended.", ("ct_angiography",), None, None),
    ],
)
def test_what_is_recommended_when_and_for_what(
    text: str, tests: tuple[str, ...], days: tuple[int, int] | None, concept: str | None
) -> None:
    got = find_recommendations_in(text)
    assert tuple(each.test for each in got) == tests
    assert {each.days for each in got} <= {days}
    if concept is not None:
        assert {each.concept for each in got} == {concept}


def test_side_place_condition_and_words_of_a_recommendation() -> None:
    text = "Right upper lobe nodule. If the patient smokes, CT is recommended."
    (got,) = find_recommendations_in(text)
    assert (got.sides, got.conditional) == ({"right"}, True)
    assert got.places
    assert text[got.first : got.last].strip().startswith("If the patient")
    assert got.first <= got.start < got.end <= got.last


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        *(((365, 365), (365, 365), True), ((91, 182), (182, 182), True), ((90, 90), (91, 91), True)),
        *(((42, 42), (182, 182), False), ((365, 365), (91, 91), False), ((14, 14), (28, 28), False)),
    ],
)
def test_intervals_that_overlap_are_the_same(first: tuple[int, int], second: tuple[int, int], same: bool) -> None:
    assert same_interval(first, second) is same


SOUND: list[Row] = [
    ("Dense basilar artery. CT angiography is recommended.", "Dense basilar artery on the unenhanced images."),
    ("Hair braids over the apices. Repeat film.", "Hair braids project over both apices. Lungs are clear."),
    ("Tube in the right main bronchus. Retract by 3 cm.", "Tube tip 3 cm into the right main bronchus."),
    ("Nonspecific opacity. Clinical correlation recommended.", "Faint opacity at the right base."),
    ("Pneumonia. Follow-up film after treatment recommended.", "Right middle lobe consolidation."),
    ("8 mm nodule. CT recommended.", "8 mm nodule in the lingula."),
    (
        "Cord compression at T6. Urgent MRI is advised.",
        "Retropulsed fragment compressing the cord at T6. Fracture of T6.",
    ),
    ("Gallstones. Surgical consultation recommended.", "Several gallstones with wall thickening."),
    ("Hip fracture. Orthopedic consultation recommended.", "Displaced femoral neck fracture."),
    ("Enlarged heart. Echocardiography is suggested.", "The heart is enlarged."),
    ("Thick endometrium. Hysteroscopy is advised.", "The endometrium is thickened at 17 mm."),
    ("Suspicious node. Biopsy is recommended.", "A 3 cm node in the right axilla with a lost hilum."),
    ("Abscess. Percutaneous drainage is advised.", "A 6 cm rim-enhancing collection in the pelvis."),
    ("Occluded femoral artery. Embolectomy and heparin advised.", "Abrupt occlusion of the left femoral artery."),
    ("Complex renal cyst. Urology referral for resection.", "4 cm complex cyst with thick septations, Bosniak IV."),
    ("No fracture. If pain persists, MRI is advised.", "No fracture. Alignment is normal."),
    ("Small effusion. No follow-up is needed.", "A trace left pleural effusion."),
]
UNSOUND: list[Row] = [
    ("Plate-like atelectasis. Surgical resection is recommended.", "Linear atelectasis in the left base."),
    ("Hepatic cyst. Liver transplantation is advised.", "A simple 2 cm cyst in the right lobe of the liver."),
    ("Calcified granuloma. PET/CT is recommended.", "Calcified granuloma in the right upper lobe."),
    ("Lungs are clear. Thoracentesis is recommended.", "The lungs are clear. No pleural effusion."),
    ("Haemangioma of L1. Vertebrectomy and biopsy are advised.", "Haemangioma in the L1 vertebra."),
    ("Mild spondylosis. Anticoagulation is recommended.", "Mild degenerative changes of the spine."),
    ("Cardiomegaly. Chest tube placement is advised.", "The heart is mildly enlarged. No pneumothorax or effusion."),
    ("Left rib fracture. Chemotherapy is recommended.", "Fracture of the left eighth rib."),
    ("Splenule. Splenectomy is recommended.", "A 1 cm accessory spleen."),
    ("4 cm mass. No further imaging is needed.", "A 4 cm mass in the left lower lobe."),
    ("Findings suspicious for lymphoma. Repeat CT in 2 years.", "Bulky nodes suspicious for lymphoma."),
    ("Normal study. Colonoscopy is recommended.", "Liver, spleen and bowel are normal. No free fluid."),
]


@pytest.mark.parametrize(("impression", "findings"), SOUND)
def test_a_recommendation_with_a_reason_is_not_flagged(impression: str, findings: str) -> None:
    assert flags(impression, findings) <= {"measurement"}


@pytest.mark.parametrize(("impression", "findings"), UNSOUND)
def test_a_recommendation_without_a_reason_is_flagged(impression: str, findings: str) -> None:
    assert "recommendation" in flags(impression, findings)


@pytest.mark.parametrize(
    ("impression", "findings", "raised"),
    [
        ("Nodule.", "Nodule. CT in 6 months is recommended.", {"recommendation_missed"}),
        ("Nodule. Chest CT recommended.", "Nodule. CT of the chest is recommended.", set()),
        ("Nodule. Further imaging advised.", "Nodule. CT of the chest is recommended.", set()),
        ("Nodule. CT recommended.", "Nodule. CT and biopsy are recommended.", set()),
        ("Nodule.", "Nodule. If old films show growth, CT is recommended.", set()),
        ("Nodule.", "Nodule. Clinical correlation is recommended.", set()),
        ("Cyst.", "Hepatic cyst. No follow-up is recommended.", set()),
        ("Nodule. Correlate clinically.", "Nodule. CT is recommended.", {"recommendation_missed"}),
        ("Mass. Repeat radiograph advised.", "Liver mass. Biopsy is recommended.", {"recommendation"}),
        ("Nodule. MRI recommended.", "Lung nodule. PET/CT is recommended.", {"recommendation"}),
        ("Opacity. No follow-up needed.", "Opacity. CT is advised.", {"recommendation", "recommendation_missed"}),
        ("Nodule. CT is advised.", "Lung nodule. No follow-up is required.", {"recommendation"}),
        ("Nodule. CT is advised. Goiter; ultrasound advised.", "Lung nodule; CT is advised. Goiter.", set()),
        ("Nodule. CT in 1 year recommended.", "Nodule. CT in 12 months is recommended.", set()),
        ("Nodule. CT in 4 months recommended.", "Nodule. CT in 3-6 months is recommended.", set()),
        ("Nodule. CT in 4 weeks recommended.", "Nodule. CT in 12 months is recommended.", {"measurement"}),
        ("Mass. Ultrasound in 6 months.", "Mass. Ultrasound in six weeks is advised.", {"measurement"}),
        ("Nodule. Biannual review. Annual CT advised.", "Nodule. CT in 2 weeks is advised.", {"measurement"}),
        ("Nodule. CT in 3 months recommended.", "Nodule.", set()),
        (
            "Goiter; ultrasound in 1 year. Nodule; CT in 3 months.",
            "Lung nodule; CT in 3 months is advised. Goiter.",
            set(),
        ),
    ],
)
def test_left_out_contradicted_and_changed_recommendations(impression: str, findings: str, raised: set[str]) -> None:
    assert flags(impression, findings) == raised
