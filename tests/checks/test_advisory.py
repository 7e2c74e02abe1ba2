"""Tier B: eight impressions a class that raise it against one report, and eight that do not."""

import pytest

from radray.checks.check import check

CHEST = (
    "Small left pleural effusion, increased since the prior exam. Possible pneumonia at the right base. Moderate"
    " cardiomegaly. Fracture of T12. Fracture of the right fourth rib. A right PICC ends in the SVC. Stable granuloma"
    " in the left upper lobe."
)
ADVISED = {
    "unsupported": (
        [
            "Hiatal hernia.",
            "Scoliosis.",
            "Aortic aneurysm.",
            "Pneumothorax.",
            "Free air under the diaphragm.",
            "Possible emphysema.",
            "Lymphadenopathy.",
            "Rib fracture and kyphosis.",
        ],
        [
            "Left effusion.",
            "Atelectasis at the right base.",
            "Cardiomegaly.",
            "No pneumothorax.",
            "PICC.",
            "Opacity.",
            "No acute disease.",
            "Fracture of T12.",
        ],
    ),
    "certainty": (
        [
            "Pneumonia at the right base.",
            "Possible left pleural effusion.",
            "Right basilar pneumonia.",
            "Questionable fracture.",
            "Effusion cannot be excluded.",
            "Probable granuloma.",
            "There is pneumonia.",
            "Possible cardiomegaly.",
        ],
        [
            "Possible pneumonia.",
            "Left effusion.",
            "Cardiomegaly.",
            "Pneumonia cannot be excluded.",
            "Fracture of T12.",
            "No pneumonia.",
            "Questionable pneumonia.",
            "Possible edema.",
        ],
    ),
    "severity": (
        [
            "Large left pleural effusion.",
            "Mild cardiomegaly.",
            "Severe cardiomegaly.",
            "Moderate pleural effusion.",
            "Massive effusion.",
            "Trace left effusion.",
            "Marked cardiomegaly.",
            "The heart is mildly enlarged.",
        ],
        [
            "Small pleural effusion.",
            "Pleural effusion.",
            "Moderate cardiomegaly.",
            "Cardiomegaly.",
            "Small fracture.",
            "No large effusion.",
            "Mild scoliosis.",
            "Small effusion and moderate cardiomegaly.",
        ],
    ),
    "location": (
        [
            "Pneumonia in the right upper lobe.",
            "Fracture of L1.",
            "Granuloma in the left lower lobe.",
            "Fracture of T8.",
            "Granuloma in the right upper lobe.",
            "Right fifth rib fracture.",
            "Apical pneumonia.",
            "Bilateral effusions.",
        ],
        [
            "Right basilar pneumonia.",
            "Fracture of T12.",
            "Fracture of the thoracic spine.",
            "Left effusion.",
            "Pneumonia.",
            "Granuloma in the upper lobe.",
            "Right fourth rib fracture.",
            "Right lower lobe pneumonia.",
        ],
    ),
    "device": (
        [
            "Endotracheal tube in place.",
            "PICC ends in the right atrium.",
            "Pacemaker.",
            "Chest tube on the right.",
            "PICC tip in the azygos vein.",
            "PICC is coiled.",
            "Feeding tube in the stomach.",
            "Right PICC in the right ventricle.",
        ],
        [
            "PICC in the SVC.",
            "Right PICC.",
            "PICC in place.",
            "No chest tube.",
            "Effusion.",
            "PICC at the cavoatrial junction.",
            "Catheter tip in the superior vena cava.",
            "Central line.",
        ],
    ),
    "comparison": (
        [
            "Decreased left effusion.",
            "Improved pleural effusion.",
            "Unchanged effusion.",
            "New granuloma.",
            "The effusion has resolved.",
            "The effusion is smaller than before.",
            "Granuloma, increased.",
            "Stable left effusion.",
        ],
        [
            "Increased effusion.",
            "Effusion.",
            "Stable granuloma.",
            "Worsening left effusion.",
            "Larger effusion.",
            "The effusion has increased.",
            "Unchanged cardiomegaly.",
            "Granuloma without change.",
        ],
    ),
}


@pytest.mark.parametrize(
    ("name", "impression"), [(name, text) for name, (texts, _) in ADVISED.items() for text in texts]
)
def test_tier_b_is_found(name: str, impression: str) -> None:
    assert check(impression, CHEST, None, modality="CR", body_part="chest").flags[name]


@pytest.mark.parametrize(
    ("name", "impression"), [(name, text) for name, (_, texts) in ADVISED.items() for text in texts]
)
def test_tier_b_passes(name: str, impression: str) -> None:
    assert not check(impression, CHEST, None, modality="CR", body_part="chest").flags[name]


def test_the_junction_below_the_esophagus_is_no_place_of_a_tip() -> None:
    findings = "Feeding tube with side port below the gastro-esophageal junction."
    flags = check("Feeding tube in the stomach.", findings, None, modality="CR", body_part="chest").flags
    assert not flags["device"]
