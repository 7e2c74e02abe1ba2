"""Sides by words: which words stand beside a side, and what of that is a conflict."""

import pytest

from radray.checks.check import check
from radray.checks.findings.side_words import find_sides


def flagged(findings: str, impression: str, modality: str = "DX", body_part: str = "chest") -> bool | None:
    return check(impression, findings, None, modality=modality, body_part=body_part).flags["side"]


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("The left carotid, vertebral and subclavian arteries are patent.", ["left"]),
        ("Worse on the right than the left.", ["right"]),
        ("Trachea deviated towards the left.", []),
        ("Left-to-right shunt.", []),
        ("Rightward bowing of the septum.", []),
        ("Middle lobe nodule.", ["right"]),
        ("Left-sided and R hip pain.", ["left", "right"]),
    ],
)
def test_directions_and_comparisons_are_no_sides(text: str, sides: list[str]) -> None:
    assert [word.side for word in find_sides(text)] == sides


def test_a_list_of_anatomy_carries_its_side_to_its_end() -> None:
    (side,) = find_sides("The left radial, ulnar and palmar arteries are narrowed, with a wrist effusion.")
    assert {"radial", "ulnar", "palmar"} <= side.beside
    assert "wrist" not in side.beside


def test_a_heading_carries_its_side_to_the_next_heading() -> None:
    words = find_sides("Right kidney: 11 cm. Two stones. No hydronephrosis.\nBladder: thick wall.")
    assert [(word.side, word.quiet) for word in words] == [("right", False), ("right", False), ("right", True)]


def test_a_bare_side_before_a_comma_heads_its_sentence_alone() -> None:
    findings = (
        "On the left, a fibroadenoma of the upper breast. In the right, the breast is normal. Lipoma of the axilla."
    )
    words = find_sides(findings)
    assert [(word.side, "axilla" in word.beside) for word in words if "breast" in word.beside] == [
        ("left", False),
        ("right", False),
    ]
    assert not flagged(findings, "Fibroadenoma of the left upper breast.", "US", "breast")
    assert flagged(findings, "Fibroadenoma of the right upper breast.", "US", "breast")


def test_a_measurement_belongs_to_the_only_side_of_its_sentence() -> None:
    assert all("14mm" in word.beside for word in find_sides("Mass in the left orbit, lateral, 1.4 cm."))
    assert not any("14mm" in word.beside for word in find_sides("Left mass, 1.4 cm; right mass.")[1:])


@pytest.mark.parametrize(
    ("findings", "impression", "exam"),
    [
        ("Oval mass in the left breast, 12 mm. Right breast: no mass.", "Right breast mass, 12 mm.", ("MG", "breast")),
        (
            "Focal uptake in the right tibia. The left tibia is normal.",
            "Uptake in the left tibia.",
            ("NM", "extremity"),
        ),
        ("The right parotid is swollen. The left parotid is normal.", "Left parotitis.", ("US", "neck")),
        ("Stenosis of the left vertebral artery. The right is patent.", "Right vertebral stenosis.", ("CT", "neck")),
        ("5 mm nodule in the middle lobe.", "5 mm nodule in the left lung.", ("CT", "chest")),
        (
            "Plate atelectasis at the left base. The right base is clear.",
            "Possible right atelectasis.",
            ("DX", "chest"),
        ),
        ("Right femoral fracture. Left wrist fracture.", "Left femoral fracture.", ("DX", "extremity")),
        ("Right effusion shifting the heart to the left.", "Left effusion.", ("DX", "chest")),
        ("Left orbital mass, 2 cm, with right axillary nodes.", "Right orbital mass, 2 cm.", ("CT", "head")),
        ("Midline shift to the left.", "Rightward midline shift.", ("CT", "head")),
    ],
)
def test_another_side_is_found_for_any_organ(findings: str, impression: str, exam: tuple[str, str]) -> None:
    assert flagged(findings, impression, *exam)


@pytest.mark.parametrize(
    ("findings", "impression", "exam"),
    [
        ("Linear scar at the right base. Opacity at the left base.", "Left basal scar or infection.", ("DX", "chest")),
        ("Fracture of the left hip. Angulation of the right wrist.", "Possible right wrist fracture.", ("DX", "hand")),
        (
            "The left brachial, radial and ulnar arteries are occluded. The right brachial artery is patent.",
            "Occlusion of the left arm arteries.",
            ("US", "extremity"),
        ),
        ("Right middle lobe opacity, and some in the lingula.", "Lingular airspace disease.", ("DX", "chest")),
        (
            "Cysts: 9 mm at the right upper pole on images 30 to 35 of series 4, 21 mm at the left lower pole.",
            "21 mm cyst at the left lower pole.",
            ("CT", "abdomen"),
        ),
        ("Right renal cyst. Cyst of the spleen.", "Left upper quadrant cyst.", ("CT", "abdomen")),
        ("Right effusion with shift to the left.", "Right effusion with right-to-left shift.", ("DX", "chest")),
        (
            "Right hand: no erosions. Left hand: erosions.",
            "Right hand. No erosions. Left hand. Erosions.",
            ("DX", "hand"),
        ),
        ("Right kidney: 4 mm stone. Left kidney: calculus.", "Left renal stone.", ("US", "abdomen")),
        ("Tube withdrawn from the right bronchus. Left lung open.", "ETT in place, left lung open.", ("DX", "chest")),
        (
            "The endotracheal tube now lies above the right bronchus. The left base is re-aerated.",
            "Endotracheal tube in good position now; left base re-aerated.",
            ("DX", "chest"),
        ),
    ],
)
def test_the_same_side_in_other_words_passes(findings: str, impression: str, exam: tuple[str, str]) -> None:
    assert not flagged(findings, impression, *exam)
