"""Denials of a whole organ, and denials of what is acute: what they contradict and what they leave open."""

from typing import Any

import pytest

from radray.checks.check import check


def polarity(impression: str, findings: str, body_part: str = "chest", modality: str = "CR") -> Any:
    return check(impression, findings, "", modality=modality, body_part=body_part).flags["polarity"]


@pytest.mark.parametrize(
    "findings",
    [
        "A 4 cm mass lies in the right middle lobe.",
        "Ill-defined nodules in both lungs.",
        "Alveolar oedema in a perihilar distribution.",
        "Thick-walled cavity at the left apex.",
        "The left lower lobe is collapsed.",
        "Marked bibasal atelectasis.",
        "Lingular consolidation.",
    ],
)
@pytest.mark.parametrize("impression", ["Clear lungs.", "The lungs are normal.", "No effusion. Lungs are clear."])
def test_clear_lungs_over_a_finding_of_the_lungs(impression: str, findings: str) -> None:
    assert polarity(impression, findings)


@pytest.mark.parametrize(
    ("impression", "findings"),
    [
        ("Lungs are clear.", "Minimal bibasal atelectasis."),
        ("Lungs are clear.", "Calcified nodule at the right base."),
        ("Clear lungs apart from a small nodule.", "Small nodule in the right lung."),
        ("Small mass at the left apex. Clear lungs.", "Small mass at the left apex."),
        ("The right lung is clear.", "Mass in the left lung."),
        ("Clear lungs.", "The thyroid casts an opacity over the trachea."),
        ("Clear lungs.", "An opacity over the right renal mass is a clip. No opacity elsewhere."),
        ("Clear lungs.", "The lungs are clear. Nodular shadow on the lateral view."),
        ("Clear lungs.", "The lungs are emphysematous."),
        ("No acute pulmonary disease.", "Reticular fibrosis of both bases with a nodule."),
    ],
)
def test_clear_lungs_over_what_they_leave_open(impression: str, findings: str) -> None:
    assert not polarity(impression, findings)


def test_an_opacity_of_another_organ_is_no_contradiction_of_clear_lungs() -> None:
    assert not polarity("Mediastinal opacity from a goitre.", "The lungs are clear. Deviated trachea.")
    assert polarity("Opacity at the right lung base.", "The lungs are clear. Deviated trachea.")


def test_normal_lungs_exclude_emphysema() -> None:
    assert polarity("Normal lungs.", "Severe emphysema.")


@pytest.mark.parametrize(
    ("impression", "findings"),
    [
        ("No acute osseous abnormality.", "Displaced fractures of the left clavicle and scapula."),
        ("Normal osseous structures.", "There is an acute fracture of the sternum."),
        ("No bony injury.", "Anterior dislocation of the right shoulder."),
    ],
)
def test_normal_bones_over_a_fracture(impression: str, findings: str) -> None:
    assert polarity(impression, findings)


@pytest.mark.parametrize(
    ("impression", "findings"),
    [
        ("No acute osseous abnormality.", "Healed fractures of the left ribs."),
        ("No acute osseous abnormality.", "Compression deformity of T8."),
        ("No acute bony abnormality.", "Severe degenerative change of the spine."),
        ("Fractured clavicle. No other bony abnormality.", "Displaced fracture of the clavicle."),
        ("No acute fracture.", "Old fracture of the sixth rib."),
    ],
)
def test_normal_bones_over_what_is_old(impression: str, findings: str) -> None:
    assert not polarity(impression, findings)


def test_a_denied_sign_does_not_deny_its_finding() -> None:
    assert not polarity("Basal consolidation.", "Airspace opacity at the base. No air bronchogram.")
    assert polarity("Basal consolidation.", "Normal heart. No consolidation.")


@pytest.mark.parametrize(
    ("impression", "findings", "modality", "body_part"),
    [
        ("Normal kidneys.", "Moderate hydronephrosis of the left kidney.", "US", "abdomen"),
        ("The gallbladder is unremarkable.", "Gallstones with acute cholecystitis.", "US", "abdomen"),
        ("The portal vein is patent.", "Occlusive thrombus in the portal vein.", "US", "abdomen"),
        ("Bowel loops are not dilated.", "Mechanical small bowel obstruction.", "CT", "abdomen"),
        ("The appendix is normal.", "Acute appendicitis with an appendicolith.", "CT", "abdomen"),
        ("No active extravasation; haemoperitoneum.", "Active extravasation. Haemoperitoneum.", "CT", "abdomen"),
        ("Normal midline.", "Midline shift of 8 mm.", "CT", "head"),
        ("The ventricles are normal in size.", "Marked hydrocephalus.", "CT", "head"),
        ("The femoral veins are compressible.", "Noncompressible common femoral vein with clot.", "US", "extremity"),
        ("ACL intact.", "Complete tear of the anterior cruciate ligament.", "MR", "extremity"),
        ("Alignment is anatomic.", "Posterior dislocation of the elbow.", "CR", "extremity"),
        ("Vertebral body heights are maintained.", "Acute compression fracture of L1.", "MR", "spine"),
        ("Patent carotid arteries.", "Severe stenosis of the right internal carotid artery.", "US", "neck"),
    ],
)
def test_a_normal_organ_over_its_finding(impression: str, findings: str, modality: str, body_part: str) -> None:
    assert polarity(impression, findings, body_part, modality)


@pytest.mark.parametrize(
    ("impression", "findings", "modality", "body_part"),
    [
        ("ACL tear. Collateral ligaments intact.", "ACL tear. PCL, MCL and LCL are intact.", "MR", "extremity"),
        ("Left hydronephrosis. Normal right kidney.", "Left hydronephrosis. Right kidney normal.", "US", "abdomen"),
        ("Portal vein thrombus.", "Thrombus in the portal vein. Hepatic veins are patent.", "US", "abdomen"),
        ("Remaining vertebral heights are maintained.", "Acute compression fracture of L1.", "MR", "spine"),
        ("Old infarct. No acute infarct.", "Chronic infarct of the left occipital lobe.", "CT", "head"),
    ],
)
def test_a_normal_organ_beside_a_finding(impression: str, findings: str, modality: str, body_part: str) -> None:
    assert not polarity(impression, findings, body_part, modality)


@pytest.mark.parametrize(
    ("impression", "findings", "modality", "body_part"),
    [
        ("The aorta is normal in calibre.", "Infrarenal abdominal aortic aneurysm of 5 cm.", "CT", "abdomen"),
        ("Unremarkable bile ducts.", "The common bile duct is dilated.", "US", "abdomen"),
        ("Patent intracranial arteries.", "Occlusion of the basilar artery.", "CT", "head"),
        ("Clear lungs.", "Miliary reticulonodular opacities.", "CR", "chest"),
    ],
)
def test_a_normal_vessel_duct_or_lung_over_its_finding(
    impression: str, findings: str, modality: str, body_part: str
) -> None:
    assert polarity(impression, findings, body_part, modality)


def test_no_acute_fracture_over_one_that_is_called_acute() -> None:
    assert polarity("No acute fracture.", "Acute hairline fracture of the radial head.", "extremity")
    assert not polarity("No acute fracture.", "Fracture of the radial head, age unknown.", "extremity")
    assert not polarity("No acute pneumonia.", "New opacity at the left base.")


def test_clear_lungs_over_an_implant() -> None:
    assert not polarity("Clear lungs.", "Implants increase the density of both lung bases.")
