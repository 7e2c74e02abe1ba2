"""Levels, lobes, ribs, rays and segments: a finding that the impression puts elsewhere."""

import pytest

from radray.checks.check import check
from radray.checks.findings.positions import find_positions


def _flagged(impression: str, findings: str, name: str = "level") -> bool:
    return bool(check(impression, findings, "Comparison: None.", modality="CT", body_part="spine").flags[name])


@pytest.mark.parametrize(
    ("impression", "findings"),
    [
        ("L2-L3 disc protrusion.", "Disc protrusion at L3-L4. L2-L3 is unremarkable."),
        ("Wedge fracture of T8.", "Wedge fracture of T10."),
        ("Fracture of the first lumbar vertebra.", "Fracture of L3."),
        ("L3 pars defect with slip of L3 on L4.", "Pars defect of L4 with slip of L4 on L5."),
        ("Right lower lobe consolidation.", "Consolidation in the right upper lobe. The right lower lobe is clear."),
        ("Lingular cavity.", "A cavity is seen in the left lower lobe."),
        ("LUL cavity.", "A cavity is seen in the left lower lobe."),
        ("Left upper lobe pneumonia.", "Airspace opacity of the left lower lobe."),
        ("Parietal lobe hematoma on the right.", "Hematoma in the right temporal lobe."),
        ("Lesion in hepatic segment III.", "Lesion in liver segment 6."),
        ("Third metacarpal fracture.", "Fracture of the fifth metacarpal."),
        ("Fracture of the thumb.", "Fracture of the ring finger."),
        ("Fourth and second toe fractures.", "Fractures of the fourth and fifth toes."),
        ("Right 3rd rib fracture.", "Right 5th rib fracture."),
        ("Enlarged level II lymph node.", "Enlarged lymph node at level IV."),
    ],
)
def test_a_finding_at_another_level_is_found(impression: str, findings: str) -> None:
    assert _flagged(impression, findings)


@pytest.mark.parametrize(
    ("impression", "findings"),
    [
        ("L3-4 disc protrusion.", "Disc protrusion at L3-L4. L2-L3 is unremarkable."),
        ("Disc protrusion contacting the L4 root.", "Disc protrusion at L3-L4 contacting the L4 root."),
        ("Compression fractures from T8 to T10.", "Compression fractures of T8, T9 and T10."),
        ("Endplate fracture of L1, disc bulge at L1-L2.", "Superior endplate fracture of L1. L1-L2: disc bulge."),
        ("L4 fracture. T2-weighted images show edema.", "L4 fracture with T2 hyperintense marrow."),
        ("Left basilar pneumonia.", "Opacity in the left lower lobe."),
        ("Left upper lobe pneumonia.", "Opacity in the lingula."),
        ("Right basilar pneumonia.", "Opacity in the right middle lobe."),
        ("Right lower lobe atelectasis.", "Right upper lobe nodule. Plate of atelectasis in the right lower lobe."),
        ("Right lower lobe pneumonia.", "Ground glass in the right upper lobe. Opacity in the right lower lobe."),
        ("Right lower lobe atelectasis and right upper lobe mass.", "Mass in the RUL. Right effusion."),
        ("Frontal lobe infarct.", "Left frontoparietal infarct."),
        ("Hepatic lesion, segment IV.", "Liver lesion in segment 4a."),
        ("Fourth finger fracture.", "Fracture of the ring finger."),
        ("Left 4th to 6th rib fractures.", "Fractures of ribs 4, 5 and 6 on the left. Granuloma over the 9th rib."),
        ("T9 fracture.", "The T7 body is preserved. Slight height loss of T9."),
    ],
)
def test_the_same_level_or_a_neighbour_passes(impression: str, findings: str) -> None:
    assert not _flagged(impression, findings)


def test_vertebrae_and_discs_are_counted_through() -> None:
    values = [sorted(position.values) for position in find_positions("C7-T1, T12-L1, L5, L5 on S1 and T1 signal")]
    assert values == [[15], [39], [48], [49]]


@pytest.mark.parametrize(
    ("impression", "findings"),
    [
        ("Improving edema.", "Pulmonary edema has worsened since the prior."),
        ("Enlarging right pneumothorax.", "Right pneumothorax has markedly decreased."),
        ("Ascites has increased.", "Decrease in size of the ascites; ascites is smaller than before."),
        ("Partial response.", "All liver lesions have increased in size."),
        ("Hilar node has decreased in size.", "The hilar node measures 24 mm, previously 15 mm."),
        ("No new lesions of the brain.", "Two new lesions in the left hemisphere since the last study."),
        ("Volume overload with shrinking effusions.", "Large effusions with atelectasis, increased since the prior."),
        ("Decreased ascites.", "Ascites has slightly reaccumulated."),
        ("Progression of the effusion.", "The effusion has nearly completely resolved. No new opacity."),
        ("Improving right effusion.", "Right effusion is larger and more dense than a week ago."),
        ("Worsening pulmonary edema.", "Bilateral airspace opacities have almost completely cleared."),
    ],
)
def test_a_reversed_change_is_found(impression: str, findings: str) -> None:
    assert _flagged(impression, findings, "change")


@pytest.mark.parametrize(
    ("impression", "findings"),
    [
        ("Improving edema.", "Pulmonary edema has improved. The left effusion has increased."),
        ("Worsening on the left, improving effusion on the right.", "Left effusion larger, right effusion smaller."),
        ("Enlarging effusion.", "The effusion has increased. Pleural thickening has decreased."),
        ("Worse right opacities.", "Opacities are worse on the right and have improved on the left."),
        (
            "Lower volumes, worsening atelectasis.",
            "Lung volumes are low, decreased from before. Atelectasis, increased.",
        ),
        ("New lingular nodule.", "Ground-glass opacities have resolved. New nodule in the lingula."),
        ("Progression despite a decrease of the index lesion.", "Index lesion 3 cm, previously 4 cm. New lesions."),
        ("Mixed response.", "Some lesions have grown, others have regressed."),
        ("Increased effusion. Repeat film to document resolution.", "The effusion has increased."),
        ("Atelectasis has increased.", "Lung volumes have decreased. Atelectasis has increased."),
        ("No new lesions elsewhere.", "New lesion in the left hemisphere. No new lesions on the right."),
        ("Stable node.", "The node measures 21 mm, previously 20 mm."),
        ("Larger than on the left.", "The right nodule has decreased."),
    ],
)
def test_a_change_of_something_else_reverses_nothing(impression: str, findings: str) -> None:
    assert not _flagged(impression, findings, "change")


@pytest.mark.parametrize(
    ("impression", "right"),
    [
        ("Right elbow. No fracture. Left elbow. Fracture of the radial head.", False),
        ("Left elbow: no acute fracture. Right elbow: radial head fracture.", True),
        ("Radial head fracture on the right.", True),
    ],
)
def test_findings_under_headings_belong_to_their_exam(impression: str, right: bool) -> None:
    findings = "Right elbow: fracture of the radial head. Left elbow: no fracture."
    flags = check(impression, findings, "Comparison: None.", modality="DX", body_part="extremity").flags
    assert flags["polarity"] is not right
