"""Where the classes of the vocabulary are judged: a pair with an error and a sound one for each exam of the table."""

import pytest

from radray.checks.check import check
from radray.checks.scope import OF_CONCEPTS, TRIED_ON, covers, not_judged, out_of_view
from radray.flags import CLASSES, TIER_A

PAIRS = [
    # body part, modality, findings, an impression with an error, its class, a sound impression
    (
        "chest",
        "CT",
        "Embolus in the left main pulmonary artery. Mild emphysema.",
        "Mild emphysema.",
        "critical_missed",
        "Left PE.",
    ),
    (
        "chest",
        "MR",
        "Dissection of the descending aorta.",
        "Right pneumothorax.",
        "critical_invented",
        "Type B dissection.",
    ),
    ("chest", "US", "Large right pleural effusion.", "No pleural effusion.", "polarity", "Right pleural effusion."),
    (
        "ribs",
        "CT",
        "Left pneumothorax with fractures of the ribs.",
        "Rib fractures.",
        "critical_missed",
        "Left pneumothorax.",
    ),
    (
        "heart",
        "CT",
        "Dissection of the ascending aorta.",
        "Coronary calcification.",
        "critical_missed",
        "Aortic dissection.",
    ),
    ("heart", "MR", "Moderate pericardial effusion.", "No pericardial effusion.", "polarity", "Pericardial effusion."),
    ("heart", "US", "Pericardial effusion with signs of tamponade.", "Normal valves.", "critical_missed", "Tamponade."),
    ("head", "CT", "Right subdural hematoma.", "Sinus disease.", "critical_missed", "Right subdural hematoma."),
    ("head", "MR", "Restricted diffusion in the left insula.", "No infarct.", "polarity", "Acute left infarct."),
    ("head", "CR", "Fracture of the left parietal bone.", "No fracture.", "polarity", "Left skull fracture."),
    ("head", "DX", "Fracture of the left mandible.", "No fracture.", "polarity", "Left mandibular fracture."),
    (
        "head",
        "US",
        "Intraventricular hemorrhage on the left.",
        "Normal corpus callosum.",
        "critical_missed",
        "Left IVH.",
    ),
    ("spine", "CT", "Fracture of T12.", "No fracture.", "polarity", "T12 fracture."),
    (
        "spine",
        "MR",
        "The spinal cord is compressed at T6.",
        "Spondylosis.",
        "critical_missed",
        "Cord compression at T6.",
    ),
    ("spine", "CR", "Compression fracture of L1.", "No compression fracture.", "polarity", "L1 compression fracture."),
    ("spine", "DX", "Anterolisthesis of L4 on L5.", "No listhesis.", "polarity", "Anterolisthesis of L4."),
    (
        "neck",
        "CT",
        "The left carotid artery is occluded.",
        "Small goiter.",
        "critical_missed",
        "Left carotid occlusion.",
    ),
    (
        "neck",
        "MR",
        "Dissection of the right vertebral artery.",
        "Small goiter.",
        "critical_missed",
        "Vertebral dissection.",
    ),
    ("neck", "US", "Thyroid nodule on the right.", "No thyroid nodule.", "polarity", "Right thyroid nodule."),
    ("neck", "CR", "Epiglottitis with airway narrowing.", "No epiglottitis.", "polarity", "Epiglottitis."),
    (
        "neck",
        "DX",
        "Foreign body in the hypopharynx. Airway narrowing.",
        "No airway narrowing.",
        "polarity",
        "Airway narrowing.",
    ),
    ("abdomen", "CT", "Free intraperitoneal air. Renal cyst.", "Renal cyst.", "critical_missed", "Pneumoperitoneum."),
    ("abdomen", "MR", "Acute appendicitis. Renal cyst.", "Renal cyst.", "critical_missed", "Appendicitis."),
    ("abdomen", "US", "Severe left hydronephrosis.", "No hydronephrosis.", "polarity", "Left hydronephrosis."),
    ("abdomen", "CR", "Gas below the right hemidiaphragm.", "Stool burden.", "critical_missed", "Free air."),
    ("abdomen", "DX", "Cecal volvulus.", "Stool burden.", "critical_missed", "Cecal volvulus."),
    ("abdomen", "RF", "Extraluminal gas at the anastomosis.", "Hiatal hernia.", "critical_missed", "Extraluminal gas."),
    (
        "pelvis",
        "CT",
        "Active extravasation beside the left pubis.",
        "Diverticulosis.",
        "critical_missed",
        "Active extravasation.",
    ),
    ("pelvis", "MR", "Torsion of the right ovary.", "Fibroids.", "critical_missed", "Right ovarian torsion."),
    (
        "pelvis",
        "US",
        "No arterial flow in the left testis.",
        "Hydrocele.",
        "critical_missed",
        "Left testicular torsion.",
    ),
    ("pelvis", "CR", "Fracture of the left pubic ramus.", "No fracture.", "polarity", "Left pubic fracture."),
    ("pelvis", "DX", "Dislocation of the left hip.", "No dislocation.", "polarity", "Left hip dislocation."),
    ("extremity", "CT", "Fracture of the tibial plateau.", "No fracture.", "polarity", "Tibial plateau fracture."),
    ("extremity", "MR", "Meniscal tear.", "No meniscal tear.", "polarity", "Meniscal tear."),
    (
        "extremity",
        "US",
        "The left femoral vein is noncompressible.",
        "Baker cyst.",
        "critical_missed",
        "Left femoral DVT.",
    ),
    ("extremity", "CR", "Knee effusion.", "No knee effusion.", "polarity", "Knee effusion."),
    ("extremity", "DX", "Fracture of the distal radius.", "No fracture.", "polarity", "Distal radius fracture."),
]


@pytest.mark.parametrize(("part", "modality", "findings", "wrong", "error", "sound"), PAIRS)
def test_an_error_is_seen_and_a_sound_impression_passes(
    part: str, modality: str, findings: str, wrong: str, error: str, sound: str
) -> None:
    assert check(wrong, findings, None, modality=modality, body_part=part).flags[error]
    flags = check(sound, findings, None, modality=modality, body_part=part).flags
    assert not [name for name in TIER_A if flags[name]]


def test_each_exam_of_the_table_was_tried() -> None:
    written = {(part, modality) for part, row in TRIED_ON.items() for modality, on in row.items() if on == "written"}
    assert {(part, modality) for part, modality, *_ in PAIRS} == written


@pytest.mark.parametrize(
    ("modality", "part", "covered"),
    [
        *(("CT", "head", True), ("RF", "head", False), ("NM", "chest", False), ("MG", "breast", False)),
        *((None, "chest", True), (None, "breast", False), ("CT", None, True), ("PT", None, False), (None, None, True)),
    ],
)
def test_what_was_tried_on_nothing_is_not_judged(modality: str | None, part: str | None, covered: bool) -> None:
    assert covers(modality, part) is covered
    assert set(not_judged(modality, part)) == (set() if covered else set(OF_CONCEPTS))


def test_the_classes_not_judged_are_the_flags_that_are_null() -> None:
    flags = check("Left mass.", "Right mass.", None, modality="MG", body_part="breast").flags
    assert tuple(name for name in CLASSES if flags[name] is None) == not_judged("MG", "breast")


def test_sides_are_judged_on_any_exam() -> None:
    findings = "Oval mass in the left breast at 3 o'clock. The right breast is normal."
    assert check("Right breast mass.", findings, None, modality="MG", body_part="breast").flags["side"]


def test_a_word_of_an_organ_out_of_view_is_of_another() -> None:
    findings = "Missile track through the left lower lobe with surrounding hemorrhage."
    assert "brain" in out_of_view("chest")
    assert not check("Lung contusion.", findings, None, modality="CT", body_part="chest").flags["critical_missed"]
    assert out_of_view(None) == frozenset()
