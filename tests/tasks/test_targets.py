import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.checks.communication import find_communication
from radray.checks.form import find_masks
from radray.tasks.impression.targets import make_targets, without_communications, without_masks
from radray.tasks.task import TargetCounts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Small effusion, unchanged since ___.", "Small effusion, unchanged."),
        ("Large mass, new since ___.", "Large mass, new."),
        ("Compared to ___, the nodule has grown.", "The nodule has grown."),
        ("No change from the prior study of ___ at ___ p.m.", "No change from the prior study."),
        ("___ opacity in the left base.", "Opacity in the left base."),
        ("No ___ of pneumonia.", "No pneumonia."),
        ("No ___ acute disease. Old ___ fracture.", "No acute disease. Old fracture."),
        ("Normal chest x-___.", "Normal chest."),
        ("Blunted left angle, most ___ due to scarring. Clear lungs.", "Clear lungs."),
        ("Enlarged lymph ___, ___ node.", "Enlarged lymph, node."),
        ("Large mass. ___ by Dr. ___ on ___.", "Large mass."),
        ("Nodule seen on XXXX [**2019**] film.", "Nodule seen on film."),
        # what cannot do without the word goes whole
        ("The nodule is ___ on the lateral view. Clear lungs.", "Clear lungs."),
        ("Recommend further ___. Clear lungs.", "Clear lungs."),
        ("The ___ is enlarged. Clear lungs.", "Clear lungs."),
        ("___ is enlarged.", ""),
        ("___.", ""),
        ("Comparison ___, ___.", ""),
        # and what has no mask is left as it is, spaces and all
        ("No  pneumonia.\nX marks the spot_1.", "No  pneumonia.\nX marks the spot_1."),
        ("", ""),
    ],
)
def test_masks_go_with_the_words_that_led_to_them(text: str, expected: str) -> None:
    assert without_masks(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Large mass. Dr. Smith was notified by phone at 3 pm. Clear lungs.", "Large mass. Clear lungs."),
        ("Findings were discussed with the team.", ""),
        ("Large mass. Please notify the surgeon.", "Large mass. Please notify the surgeon."),
        ("Large  mass.", "Large  mass."),
    ],
)
def test_sentences_of_communication_go_whole(text: str, expected: str) -> None:
    assert without_communications(text) == expected


_WORDS = st.sampled_from(
    ["No", "nodule", "___", "___,", "___.", "x-___", "Dr.", "of", "the", "is", "since", "mass.", "effusion,", "/", "pm"]
)


@given(words=st.lists(_WORDS, max_size=12))
def test_no_mask_is_left_and_nothing_is_added(words: list[str]) -> None:
    target = without_masks(" ".join(words))
    assert find_masks(target) == []
    given_words = [word.strip(",.").lower() for word in words]
    for word in target.split():
        assert word.strip(",.").lower() in given_words
    assert without_masks(target) == target


@pytest.mark.parametrize(
    ("keep", "expected", "counts"),
    [
        ({}, ["Stable.", None, None, "Clear."], TargetCounts(masks=2, communications=1, empty=2)),
        (
            {"keep_masks": True},
            ["Stable since ___.", None, "___.", "Clear."],
            TargetCounts(masks=0, communications=1, empty=1),
        ),
        (
            {"keep_communications": True},
            ["Stable.", "Dr. Smith was notified.", None, "Clear."],
            TargetCounts(masks=2, communications=0, empty=1),
        ),
    ],
)
def test_each_is_a_setting_and_what_is_taken_is_counted(
    keep: dict[str, bool], expected: list[str | None], counts: TargetCounts
) -> None:
    references = ["Stable since ___.", "Dr. Smith was notified.", "___.", "Clear."]
    target = make_targets(references, **{"keep_masks": False, "keep_communications": False, **keep})
    assert target == (expected, counts)
    assert find_communication(references[1], "", "")


def test_nothing_gives_nothing() -> None:
    assert make_targets([], keep_masks=False, keep_communications=False) == ([], TargetCounts(0, 0, 0))
