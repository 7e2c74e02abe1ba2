"""Findings in other words: the same is asserted, and what depends on its place keeps it."""

from random import Random

import pytest

from radray.language.findings_stratum import findings_stratum
from radray.language.lexicon.concept import words_of
from radray.language.mentions import find_mentions
from radray.language.rephrasing import SAME, rephrase
from radray.language.sentences import split_sentences

GROUPS = words_of("normal_phrases.toml")["groups"]


def _asserted(text: str) -> set[tuple[object, ...]]:
    return {
        (m.concept, m.state, m.sides, m.severity, frozenset(m.locations), m.change, m.historical)
        for m in find_mentions(text)
    }


@pytest.mark.parametrize("name", GROUPS)
def test_sentences_of_a_group_assert_the_same(name: str) -> None:
    phrases = GROUPS[name]
    assert len(set(phrases)) == len(phrases) > 1
    assert [split_sentences(phrase) for phrase in phrases] == [[phrase] for phrase in phrases]
    first, *others = map(_asserted, phrases)
    assert all(other == first for other in others)
    assert {findings_stratum(phrase) for phrase in phrases} == {"normal"}


def test_no_sentence_is_in_two_groups() -> None:
    assert len(SAME) == sum(map(len, GROUPS.values()))


def _forms(findings: str) -> set[str]:
    return {rephrase(findings, Random(seed)) for seed in range(300)}


def test_a_whole_sentence_gives_way_to_any_other_of_its_group() -> None:
    assert _forms("The trachea is midline.") == set(GROUPS["trachea"])
    assert _forms("THE LUNGS ARE CLEAR.") == {"THE LUNGS ARE CLEAR.", *GROUPS["lungs clear"]}


@pytest.mark.parametrize(
    "findings",
    ["No pneumothorax on the right.", "The lungs are clear of consolidation.", "Is there no pneumothorax?", "", "___."],
)
def test_a_part_of_a_sentence_does_not(findings: str) -> None:
    assert _forms(findings) == {findings}


def test_sentences_that_stand_by_themselves_change_places() -> None:
    assert _forms("Small nodule. Old fracture. Large heart.") == {
        *("Small nodule. Old fracture. Large heart.", "Small nodule. Large heart. Old fracture."),
        *("Old fracture. Small nodule. Large heart.", "Old fracture. Large heart. Small nodule."),
        *("Large heart. Small nodule. Old fracture.", "Large heart. Old fracture. Small nodule."),
    }


@pytest.mark.parametrize(
    ("findings", "forms"),
    [
        # "it" and "otherwise" are about what stands before them
        (
            "Small nodule. It is calcified. Old fracture. Large heart.",
            {
                "Small nodule. It is calcified. Old fracture. Large heart.",
                "Small nodule. It is calcified. Large heart. Old fracture.",
            },
        ),
        ("Small nodule. Large heart. Otherwise clear.", {"Small nodule. Large heart. Otherwise clear."}),
        ("1. Small nodule. 2. Large heart.", {"1. Small nodule. 2. Large heart."}),
        ("Heart: Large. Bones: Old fracture.", {"Heart: Large. Bones: Old fracture."}),
        # without a stop nobody knows where a sentence would end in another place
        ("Small nodule. Large heart", {"Small nodule. Large heart"}),
        ("Small nodule.\nLarge heart.", {"Small nodule.\nLarge heart."}),
    ],
)
def test_what_depends_on_its_place_keeps_it(findings: str, forms: set[str]) -> None:
    assert _forms(findings) == forms
