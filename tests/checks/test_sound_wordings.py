"""Wordings of radiologists that once raised a flag: what looks back, is masked, or is told from a graver finding."""

import pytest

from radray.checks.check import check
from radray.flags import TIER_A
from radray.language.mentions import State, find_mentions

MASKS = {"mask", "communication"}


@pytest.mark.parametrize(
    ("findings", "impression", "background"),
    [
        (
            "A 9 mm nodule in the right lower lung, not demonstrated on the earlier film. Heart is normal.",
            "New right lung nodule. CT of the chest is recommended.",
            "Comparison: 2 years ago.",
        ),
        (
            "Consolidation of both bases has not changed. Left effusion.",
            "No ___ change in bibasilar consolidation and left effusion.",
            "Comparison: yesterday.",
        ),
        ("Mild vascular congestion. Enlarged heart.", "Cardiomegaly, no frank edema.", "Comparison: None."),
        (
            "Ground glass opacities in both lungs.",
            "Bilateral infiltrates. Atypical infection or drug reaction may look similar.",
            "Comparison: None.",
        ),
        ("Double lumen dialysis catheter ends in the right atrium. Clear lungs.", "Clear lungs.", "Comparison: None."),
        (
            "The left PICC ends in the axillary region. No pneumothorax.",
            "Left PICC tip in the axillary vein. No pneumothorax.",
            "Comparison: None.",
        ),
        (
            "A round opacity at the right base is an ECG lead outside the patient. No effusion.",
            "Clear lungs.",
            "Comparison: None.",
        ),
        (
            "Beam hardening gives the spurious appearance of haemorrhage in the pons.",
            "No haemorrhage.",
            "Comparison: None.",
        ),
        (
            "Left knee: no fracture. Right ankle: no fracture, medial soft tissue swelling.",
            "Left knee. No fracture. Right ankle. No fracture. Medial soft tissue swelling.",
            "Comparison: None.",
        ),
        (
            "Left jugular line ends 3 cm below the cavoatrial junction. Clear lungs.",
            "Tip of the left jugular line in the right atrium, recommend withdrawal by 3 cm.",
            "Comparison: None.",
        ),
    ],
)
def test_sound_wordings_raise_nothing_of_tier_a(findings: str, impression: str, background: str) -> None:
    flags = check(impression, findings, background, modality="DX", body_part="chest").flags
    assert {name for name in TIER_A if flags[name]} - MASKS == set()


def test_what_the_earlier_exam_did_not_have_is_there() -> None:
    (nodule,) = find_mentions("A nodule, not identified on the prior.")
    assert nodule.state is State.PRESENT


@pytest.mark.parametrize(
    ("findings", "impression", "name"),
    [
        (
            "Right hip: comminuted fracture of the femoral neck. Left hip: no fracture.",
            "Right hip. No fracture. Left hip. No fracture.",
            "polarity",
        ),
        (
            "The right subclavian line lies along the aortic arch, in keeping with arterial position. No effusion.",
            "Right subclavian line. No effusion.",
            "critical_missed",
        ),
        (
            "The mass at the right base has fallen in size. Normal heart.",
            "The mass at the right base has enlarged.",
            "change",
        ),
    ],
)
def test_errors_in_the_same_wordings_are_flagged(findings: str, impression: str, name: str) -> None:
    assert check(impression, findings, "Comparison: yesterday.", modality="DX", body_part="chest").flags[name]
