"""Critical findings: left out, suspected, old, in other words, or invented; tubes and lines in the wrong place."""

import pytest

from radray.checks.check import check
from radray.language.malpositions import find_malpositions


def flag(name: str, impression: str, findings: str, modality: str = "CT", body_part: str = "chest") -> bool | None:
    return check(impression, findings, None, modality=modality, body_part=body_part).flags[name]


@pytest.mark.parametrize(
    "findings",
    [
        "A tiny left pneumothorax is suspected. Stable nodule.",
        "Irregular lucency above the liver probably represents free air. Stable nodule.",
        "Linear defect in the right lower lobe artery worrisome for a pulmonary embolus. Stable nodule.",
        "Thickened left wall of the arch, possible intramural hematoma. Stable nodule.",
    ],
)
def test_a_suspected_critical_finding_may_not_be_left_out(findings: str) -> None:
    assert flag("critical_missed", "Stable nodule.", findings)


@pytest.mark.parametrize(
    ("findings", "impression"),
    [
        ("On this supine film a small pneumothorax cannot be excluded.", "Stable nodule."),
        ("A tiny left pneumothorax is suspected.", "No definite pneumothorax on the left."),
        ("Hyperdensity along the falx is physiologic calcification.", "No hemorrhage."),
        ("Gas below the right hemidiaphragm lies within the colon.", "Chilaiditi sign without free air."),
        ("Chronic pulmonary emboli with webs, as before.", "Stable nodule."),
        ("Remote left frontal intraparenchymal hemorrhage, now a cleft.", "Nothing new."),
    ],
)
def test_a_limit_a_weighed_or_an_old_finding_is_not_missed(findings: str, impression: str) -> None:
    assert not flag("critical_missed", impression, findings)


def test_an_acute_finding_beside_an_old_one_is_missed() -> None:
    assert flag(
        "critical_missed", "Old right infarct.", "Old right infarct. New left subdural hematoma.", body_part="head"
    )


@pytest.mark.parametrize(
    ("findings", "impression", "body_part"),
    [
        ("Dense right middle cerebral artery with a blurred insular ribbon.", "Acute right MCA stroke.", "head"),
        ("The left popliteal vein is not compressible.", "Left popliteal DVT.", "extremity"),
        ("Fluid filled loops of small bowel are dilated to 4 cm.", "Small bowel obstruction.", "abdomen"),
        ("The third and lateral ventricles are enlarged.", "Obstructive hydrocephalus.", "head"),
        ("Gas lies outside the wall of the inflamed sigmoid.", "Perforated diverticulitis.", "abdomen"),
        ("Large left pneumothorax with mediastinal shift to the right.", "Left tension pneumothorax.", "chest"),
        ("Linear hypodensity in the spleen.", "Splenic laceration.", "abdomen"),
        ("Air outlines the falciform ligament.", "Perforated viscus.", "abdomen"),
        ("The appendix is thickened and hyperemic.", "Acute appendicitis.", "abdomen"),
        ("Severe canal stenosis at C5-C6 with a large disc extrusion.", "Cord compression at C5-C6.", "spine"),
    ],
)
def test_a_sign_supports_and_is_covered_by_its_conclusion(findings: str, impression: str, body_part: str) -> None:
    flags = check(impression, findings, None, modality="CT", body_part=body_part).flags
    assert not flags["critical_invented"]
    assert not flags["critical_missed"]


@pytest.mark.parametrize(
    ("findings", "impression", "body_part"),
    [
        ("Mild sinus disease.", "Acute left cerebellar infarct.", "head"),
        ("Superficial varicosities.", "Acute right femoral DVT.", "extremity"),
        ("Gas in a normal colon.", "Small bowel obstruction.", "abdomen"),
        ("Small right pneumothorax.", "Tension pneumothorax on the right.", "chest"),
        ("Disc desiccation.", "Epidural abscess at T8.", "spine"),
        ("Unchanged thoracic aortic aneurysm.", "Ruptured thoracic aortic aneurysm.", "chest"),
        ("Tip of the ETT is 4 cm above the carina.", "ETT in the right main bronchus.", "chest"),
    ],
)
def test_an_invented_critical_finding_is_flagged(findings: str, impression: str, body_part: str) -> None:
    assert flag("critical_invented", impression, findings, body_part=body_part)


WRONG = [
    "Tip of the ETT projects within the bronchus intermedius.",
    "The orotracheal tube has been advanced into the left mainstem bronchus.",
    "Selective right main bronchus intubation.",
    "The enteric tube loops upon itself in the hypopharynx.",
    "The weighted feeding tube enters the left lower lobe bronchus.",
    "Side port of the NG tube lies above the gastroesophageal junction.",
    "The last side hole of the left chest drain is outside the pleural cavity.",
    "The pigtail catheter tip lies in the subcutaneous tissues.",
    "The right PICC turns cephalad into the internal jugular vein.",
    "The left PICC terminates in the azygos arch.",
    "The tip of the right subclavian line crosses the midline into the left brachiocephalic vein.",
    "The catheter tip is in the right subclavian artery. A central line was attempted.",
    "The gastrostomy tube balloon lies outside the stomach.",
    "The umbilical venous catheter tip is in the left portal vein.",
]


@pytest.mark.parametrize("findings", WRONG)
def test_a_tube_in_the_wrong_place_may_not_be_left_out(findings: str) -> None:
    assert flag("critical_missed", "Tubes in good position.", findings, modality="DX")
    assert not flag("critical_missed", "The tube should be repositioned.", findings, modality="DX")


@pytest.mark.parametrize(
    "findings",
    [
        "A stent in the left main bronchus is open. Endotracheal tube tip is mid tracheal.",
        "The right main bronchus ETT has been withdrawn and ends 3 cm above the carina.",
        "The endotracheal tube is no longer in the right main bronchus.",
        "The enteric tube was coiled in the esophagus on the first image. It has since been replaced.",
        "The feeding tube is coiled in the stomach.",
        "Right internal jugular catheter with its tip in the lower SVC.",
        "The port catheter enters the internal jugular vein and its tip lies at the cavoatrial junction.",
        "Left PICC crosses the midline with its tip in the SVC.",
        "The chest tube ends at the right lung base.",
        "The NG tube is in the stomach, with atelectasis in the left lower lobe.",
        "ETT above the carina; secretions in the right main bronchus.",
        "",
    ],
)
def test_a_tube_in_its_place_is_none_in_the_wrong_place(findings: str) -> None:
    assert not find_malpositions(findings)
    assert not flag("critical_missed", "Tubes in good position.", findings, modality="DX")


def test_a_tube_that_may_be_in_the_wrong_place_is_doubtful() -> None:
    (malposition,) = find_malpositions("The ETT may be in the right main bronchus.")
    assert malposition.doubtful


@pytest.mark.parametrize(
    "findings",
    [
        "Tip of the ETT lies above the thoracic inlet.",
        "The NG tube enters the left lung via the left main bronchus.",
        "The balloon pump tip lies in the abdominal aorta.",
        "The ventricular lead has migrated into the hepatic vein.",
        "The aneurysm has ruptured.",
        "Both sides of the bowel wall are visible.",
        "A swollen epiglottis is seen.",
        "Extraluminal contrast pools beside the spleen.",
    ],
)
def test_further_emergencies_may_not_be_left_out(findings: str) -> None:
    assert flag("critical_missed", "Tubes in good position.", findings, modality="DX")


@pytest.mark.parametrize(
    "findings",
    ["Ex vacuo dilatation of the left lateral ventricle.", "Gas in the splenic flexure below the left hemidiaphragm."],
)
def test_what_only_looks_like_an_emergency_is_none(findings: str) -> None:
    assert not flag("critical_missed", "Nothing new.", findings, body_part="head")
    assert not flag("critical_missed", "Nothing new.", findings, body_part="chest")


@pytest.mark.parametrize(
    ("findings", "rest", "modality", "body_part"),
    [
        ("The ileal loops do not enhance and have air within their walls. Renal cyst.", "Renal cyst.", "CT", "abdomen"),
        ("A live embryo with a yolk sac is seen in the left adnexa. Fibroid.", "Fibroid.", "US", "pelvis"),
        ("Gas tracks along the fascial planes of the calf. Osteophyte.", "Osteophyte.", "CT", "extremity"),
        ("Hangman fracture with perched facets. Spondylosis.", "Spondylosis.", "CT", "spine"),
        ("The tracheostomy tube came out of the trachea. Scoliosis.", "Scoliosis.", "DX", "chest"),
        ("Possible false lumen in the aortic arch; a dissection is not excluded. Cyst.", "Cyst.", "CT", "chest"),
    ],
)
def test_emergencies_in_further_words_must_not_be_left_out(
    findings: str, rest: str, modality: str, body_part: str
) -> None:
    assert check(rest, findings, None, modality=modality, body_part=body_part).flags["critical_missed"]


def test_a_device_that_the_findings_have_is_not_to_be_denied() -> None:
    findings = "A right subclavian line ends in the SVC. Clear lungs."
    assert check("There is no subclavian line.", findings, None, modality="DX", body_part="chest").flags["device"]
    assert not check("Right subclavian line.", findings, None, modality="DX", body_part="chest").flags["device"]


def test_a_nodule_of_the_thyroid_is_none_of_the_lungs() -> None:
    findings = "1 cm nodule in the right lobe of the thyroid. No lung nodule."
    flags = check("Clear lungs. Thyroid nodule.", findings, None, modality="CT", body_part="chest").flags
    assert not flags["polarity"]
