"""Checks of the form: masks, and text that is no impression."""

from typing import Any

import pytest

from radray.checks.form import find_degenerate, find_masks


def _words(text: str, hits: Any) -> list[str]:
    return [text[hit[0].start : hit[0].end] for hit in hits]


@pytest.mark.parametrize(
    "text",
    [
        "Seen by Dr. ___ today.",
        "Compared to XXXX.",
        "____ acute disease.",
        "[**Hospital 12**] film.",
        "Read by [NAME].",
        "x-XXXX of the chest.",
        "Seen on <DATE>.",
        "[REDACTED]",
    ],
)
def test_masks_are_found(text: str) -> None:
    assert find_masks(text)


@pytest.mark.parametrize(
    "text",
    [
        "No acute disease.",
        "Snake_case is no mask",
        "xx",
        "XX chromosome",
        "4 x 4 cm",
        "(none)",
        "[sic]",
        "<5 mm",
        "5 * 3",
    ],
)
def test_what_is_no_mask_passes(text: str) -> None:
    assert find_masks(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        ". . .",
        "1. 2. 3.",
        "No acute disease. No acute disease.",
        "pneumonia pneumonia pneumonia",
        "Small left effusion and small left effusion and small left effusion.",
        "No acute no acute no acute disease.",
        "Left lower lobe pneumonia with",
        "Small effusion, likely due to",
        "There is a small left pleural effusion and a",
        "Pneumonia in the left lower lobe, with",
        "Right basilar \u043f\u043d\u0435\u0432\u043c\u043e\u043d\u0438\u044f.",
        "Left effusion \x00\x01.",
        "No acute \ufffd disease.",
        "Effusionnnnnnnn on the left.",
        "<extra_id_0> effusion.",
        "no no no no no",
        "Right elbow: no acute fracture. Right elbow: no acute fracture.",
        "Right elbow. No acute fracture. No effusion. No acute fracture.",
        "___ ___",
    ],
)
def test_no_impressions_are_found(text: str) -> None:
    assert find_degenerate(text)


@pytest.mark.parametrize(
    "text",
    [
        "No acute disease.",
        "Normal.",
        "Negative",
        "1. No effusion. 2. No pneumothorax. 3. No edema.",
        "Small left and small right effusions.",
        "Chest: no acute disease. Ribs: no fracture.",
        "Left-sided 1.2 x 1.3 cm nodule; \u03b1-emitter in place.",
        "Hepatitis C.",
        "Pneumonia is likely",
        "Caf\u00e9-au-lait spots \u2013 none, temperature 38 \u00b0C.",
        "CT is advised for further evaluation of the nodule (see above).",
        "Effusion on the left, larger than the effusion on the right.",
        "Right elbow: no fracture or dislocation. Left elbow: no fracture or dislocation.",
        "1. Pelvis. No acute osseous abnormality. 2. Right hip. No acute osseous abnormality.",
        "CT head: no acute finding at all. CT neck: no acute finding at all. CT chest: no acute finding at all.",
    ],
)
def test_impressions_pass(text: str) -> None:
    assert find_degenerate(text) == []


def test_a_cut_output_is_degenerate_whatever_it_says() -> None:
    text = "No acute disease."
    assert find_degenerate(text) == []
    assert _words(text, find_degenerate(text, output_cut=True)) == ["disease."]
