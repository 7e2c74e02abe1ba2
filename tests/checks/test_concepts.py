"""Tier A by concept: side, polarity, missed critical findings, recommendations; and where side meets location."""

from typing import Any

import pytest

from radray.checks.check import check


def flag(name: str, impression: str, findings: str, background: str = "") -> Any:
    return check(impression, findings, background, modality="CR", body_part="chest").flags[name]


SIDED = "There is a moderate right pleural effusion. Left basilar opacity is seen. A port enters from the left."


@pytest.mark.parametrize(
    "impression",
    [
        "Moderate left pleural effusion.",
        "Right basilar opacity.",
        "Left-sided effusion, moderate in size.",
        "Pneumonia in the right lower lobe.",
        "Effusion on the left.",
        "1. Left effusion. 2. Port.",
        "Right port.",
        "Opacity at the right base, likely atelectasis.",
    ],
)
def test_sides_in_conflict(impression: str) -> None:
    assert flag("side", impression, SIDED)


@pytest.mark.parametrize(
    "impression",
    [
        "Moderate right pleural effusion.",
        "Pleural effusion and opacity.",
        "Left basilar pneumonia with a right effusion.",
        "No left pleural effusion.",
        "Effusion on the right, greater than expected.",
        "Cardiac shift to the left due to the right effusion.",
        "Right effusion, more than left.",
        "Left port in place.",
    ],
)
def test_sides_in_accord(impression: str) -> None:
    assert not flag("side", impression, SIDED)


def test_one_side_of_a_bilateral_finding_is_no_conflict() -> None:
    assert not flag("side", "Left pleural effusion.", "Bilateral pleural effusions.")
    assert not flag("side", "Left pleural effusion.", "Right pleural effusion. Left pleural effusion, too.")


def test_a_side_where_the_findings_have_none_is_a_location() -> None:
    assert not flag("side", "Left pleural effusion.", "There is a pleural effusion.")
    assert flag("location", "Left pleural effusion.", "There is a pleural effusion.")


def test_a_side_is_found_in_words_of_no_concept() -> None:
    assert flag(
        "side", "Crescentic band along the left scapular border.", "A crescentic band along the right scapular border."
    )


DENIED = "No pleural effusion or pneumothorax. There is no focal consolidation. Heart size is normal."


@pytest.mark.parametrize(
    "impression",
    [
        "Pleural effusion.",
        "Small right pneumothorax.",
        "Focal consolidation in the left lower lobe.",
        "Cardiomegaly.",
        "Enlarged heart without edema.",
        "There is a large left pleural effusion.",
        "Tension pneumothorax on the right.",
        "1. Clear lungs. 2. Pneumothorax.",
    ],
)
def test_what_the_findings_deny_is_asserted(impression: str) -> None:
    assert flag("polarity", impression, DENIED)


@pytest.mark.parametrize(
    "impression",
    [
        "No pleural effusion.",
        "No acute disease.",
        "Possible small pleural effusion.",
        "Pneumothorax cannot be excluded.",
        "Granuloma.",
        "No change in the effusion status: none.",
        "Heart size normal.",
        "History of pneumothorax.",
    ],
)
def test_what_the_findings_deny_is_denied_or_left_open(impression: str) -> None:
    assert not flag("polarity", impression, DENIED)


ASSERTED = (
    "Small left pleural effusion. Cardiomegaly. Calcified granuloma. Possible pneumonia. Rib fracture on the left."
)


@pytest.mark.parametrize(
    "impression",
    [
        "No effusion.",
        "No pleural effusion or pneumothorax.",
        "No left pleural effusion.",
        "Heart size is normal.",
        "No cardiomegaly.",
        "No fracture.",
        "Without evidence of effusion.",
        "The left rib fracture is not seen: no fracture.",
    ],
)
def test_what_the_findings_assert_is_denied(impression: str) -> None:
    assert flag("polarity", impression, ASSERTED)


@pytest.mark.parametrize(
    "impression",
    [
        "Small left pleural effusion.",
        "No right pleural effusion.",
        "No large pleural effusion.",
        "No pneumonia.",
        "No change in the effusion.",
        "No acute disease.",
        "No pneumothorax.",
        "No new effusion.",
    ],
)
def test_what_the_findings_assert_is_not_denied(impression: str) -> None:
    assert not flag("polarity", impression, ASSERTED)


def test_findings_with_both_polarities_conflict_on_the_same_side_only() -> None:
    findings = "Right pleural effusion. No left pleural effusion."
    assert flag("polarity", "Left pleural effusion.", findings)
    assert flag("polarity", "No right pleural effusion.", findings)
    assert not flag("polarity", "Right pleural effusion.", findings)
    assert not flag("polarity", "No left pleural effusion.", findings)
    assert not flag("polarity", "Pleural effusion.", findings)


@pytest.mark.parametrize(
    ("findings", "impression"),
    [
        ("Large left pneumothorax.", "Rib fracture."),
        ("Left apical pneumothorax is present.", "No acute disease."),
        ("There is free air under the diaphragm.", "Clear lungs."),
        ("Pneumomediastinum.", "Normal heart."),
        ("Tension pneumothorax on the right with shift.", "Effusion."),
        ("Small pneumothorax and small effusion.", "Small effusion."),
        ("Acute pulmonary embolism.", "No pneumonia."),
        ("Aortic dissection.", "Tortuous aorta."),
    ],
)
def test_missed_critical_findings(findings: str, impression: str) -> None:
    assert flag("critical_missed", impression, findings)


@pytest.mark.parametrize(
    ("findings", "impression"),
    [
        ("Large left pneumothorax.", "Left pneumothorax."),
        ("Left apical pneumothorax is present.", "Possible pneumothorax."),
        ("No pneumothorax.", "No acute disease."),
        ("Possible pneumothorax.", "No definite pneumothorax."),
        ("Tension pneumothorax.", "Pneumothorax."),
        ("Pneumothorax, large.", "Tension pneumothorax."),
        ("History of pneumothorax.", "No acute disease."),
        ("Small effusion.", "No acute disease."),
        ("The pneumothorax has resolved.", "Clear lungs."),
    ],
)
def test_critical_findings_told_or_not_there(findings: str, impression: str) -> None:
    assert not flag("critical_missed", impression, findings)


NORMAL = "The heart is normal in size. The lungs are clear. No pleural effusion or pneumothorax."


@pytest.mark.parametrize(
    ("findings", "impression"),
    [
        (NORMAL, "No acute disease. Recommend CT of the chest."),
        (NORMAL, "Normal chest. Follow-up radiograph in 6 weeks is advised."),
        (NORMAL, "Biopsy is recommended."),
        (NORMAL, "Clear lungs. Further evaluation with MRI."),
        (NORMAL, "No acute disease. Clinical correlation is recommended."),
        ("Calcified granuloma. Lungs clear.", "Granuloma. CT-guided biopsy is advised."),
        ("Mild cardiomegaly. Lungs clear.", "Cardiomegaly. Recommend bronchoscopy."),
        ("Rib fracture.", "Rib fracture. Chest tube placement should be considered."),
        ("Left basilar atelectasis.", "Atelectasis. Consider thoracentesis."),
    ],
)
def test_recommendations_with_no_reason(findings: str, impression: str) -> None:
    assert flag("recommendation", impression, findings)


@pytest.mark.parametrize(
    ("findings", "impression"),
    [
        ("Right upper lobe nodule.", "Nodule. Recommend CT."),
        ("Left lower lobe opacity.", "Pneumonia. Follow-up in 6 weeks is advised."),
        ("Spiculated mass.", "Mass. Biopsy is recommended."),
        ("Large effusion.", "Effusion. Consider thoracentesis."),
        (NORMAL, "No acute disease. If symptoms persist, CT may be helpful."),
        (NORMAL + " Repeat film is recommended.", "Repeat film is recommended."),
        ("Limited exam due to rotation.", "Repeat film is suggested."),
        ("Possible pneumothorax.", "Recommend follow-up film."),
        (NORMAL, "No acute disease."),
    ],
)
def test_recommendations_with_a_reason(findings: str, impression: str) -> None:
    assert not flag("recommendation", impression, findings)
