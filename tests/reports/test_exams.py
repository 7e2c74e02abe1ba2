from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.reports.text.exams import body_part, modality


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("CHEST (PA AND LAT)", ("CR", "chest")),
        ("CHEST (PORTABLE AP)", ("CR", "chest")),
        ("Xray Chest PA and Lateral", ("CR", "chest")),
        ("Two-view chest.", ("CR", "chest")),
        ("2 VIEW CHEST: ___", ("CR", "chest")),
        ("CHEST 2V FRONTAL/LATERAL", ("CR", "chest")),
        ("Chest x-___ dated ___", ("CR", "chest")),
        ("CXR", ("CR", "chest")),
        ("Single frontal radiograph of the chest", ("CR", "chest")),
        ("RIGHT RIBS, 3 VIEWS", ("CR", "ribs")),
        ("KNEE 1-2 VIEWS", ("CR", "extremity")),
        ("CT CHEST WITH CONTRAST", ("CT", "chest")),
        ("CTA head and neck", ("CT", "head")),
        ("PET-CT of the whole body", ("PT", None)),
        ("MRI lumbar spine", ("MR", "spine")),
        ("ABDOMEN U.S., ultrasound", ("US", "abdomen")),
        ("Renal US", ("US", "abdomen")),
        ("Bone scan", ("NM", None)),
        ("Bilateral mammogram", ("MG", "breast")),
        ("Fluoroscopy, barium swallow", ("RF", "abdomen")),
        ("PA and lateral chest, comparison chest CT", ("CR", "chest")),
        ("Chest", (None, "chest")),
        ("Not available.", (None, None)),
        ("Must discuss", (None, None)),
        ("", (None, None)),
        (None, (None, None)),
    ],
)
def test_an_exam_is_recognised_by_its_words(description: str, expected: Any) -> None:
    assert (modality(description), body_part(description)) == expected


@given(st.text())
def test_any_description_has_a_known_modality_or_none(description: str) -> None:
    assert modality(description) is None or modality(description).isupper()
    assert body_part(description) is None or body_part(description).islower()
