"""Mentions of findings: hand-written cases, and what holds for any text."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radray.language.lexicon.attributes import CHANGES, LOCATIONS, SEVERITIES
from radray.language.lexicon.concepts import CONCEPTS
from radray.language.mentions import Mention, State, find_mentions
from radray.language.sentences import split_sentences
from tests.support.inputs.mention_cases import CASES

STATES = {"+": State.PRESENT, "-": State.ABSENT, "?": State.UNCERTAIN}
SIDES = {"left": {"left"}, "right": {"right"}, "both": {"left", "right"}}


def fields_of(mention: Mention, *, places: bool) -> tuple[object, ...]:
    fields = (mention.concept, mention.state, mention.sides, mention.severity, mention.change, mention.historical)
    return (*fields, mention.locations) if places else fields


def expected(row: str) -> tuple[object, ...]:
    mention, _, places = row.partition("@")
    concept, state, *words = mention.split()
    sides = next((SIDES[word] for word in words if word in SIDES), set())
    severity = next((word for word in words if word in SEVERITIES), None)
    change = next((word for word in words if word in CHANGES), None)
    assert set(words) <= {*SIDES, *SEVERITIES, *CHANGES, "historical"}, row
    first = (concept, STATES[state], frozenset(sides), severity, change, "historical" in words)
    return (*first, frozenset(places.strip().split(", "))) if places else first


@pytest.mark.parametrize(("text", "row"), CASES, ids=[text[:40] or "empty" for text, _ in CASES])
def test_mentions_of(text: str, row: str) -> None:
    wanted = [expected(part) for part in row.split(";") if part.strip()]
    places = "@" in row
    assert [fields_of(mention, places=places) for mention in find_mentions(text)] == wanted


def test_there_are_cases_enough() -> None:
    assert len(CASES) >= 150
    assert len({text for text, _ in CASES}) == len(CASES)


def test_words_of_the_concept_and_the_sentence_are_pointed_at() -> None:
    text = "1. Small effusion on the left.\n2. The heart is mildly enlarged. No edema"
    mentions = [(m.concept, text[m.start : m.end], m.sentence) for m in find_mentions(text)]
    assert mentions == [
        ("pleural_effusion", "effusion", 0),
        ("cardiomegaly", "heart is mildly enlarged", 1),
        ("edema", "edema", 2),
    ]


VOCABULARY = """no without effusion pneumothorax left right bilateral heart is enlarged normal lungs clear and or but
 with , . ; : ? small moderate unchanged new resolved possible may represent versus cannot be excluded not seen history
 of the tip svc aorta tortuous calcified in base lower lobe ___ XXXX 1.9 cm T12 there are ( ) - / opacity pneumonia
 pleural free air under the diaphragm heart size costophrenic angle blunting elevated hemidiaphragm rib fracture"""
WORDS = st.sampled_from([*VOCABULARY.split(), "\n", ""])


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(),
        st.lists(WORDS).map(" ".join),
        st.lists(WORDS).map("".join),
        st.binary().map(lambda raw: raw.decode("utf-8", "replace")),
    )
)
def test_any_text_gives_mentions_that_hold_together(text: str) -> None:
    sentences = split_sentences(text)
    mentions = find_mentions(text)
    assert [m.start for m in mentions] == sorted(m.start for m in mentions)
    for mention in mentions:
        assert mention.concept in CONCEPTS
        assert 0 <= mention.start < mention.end <= len(text)
        assert mention.severity is None or mention.severity in SEVERITIES
        assert mention.change is None or mention.change in CHANGES
        assert mention.sides <= {"left", "right"}
        assert mention.locations <= LOCATIONS.keys()
        # the sentence named is the one which holds the words, or the first of them where a line break parts them
        words = re.findall(r"\w+", text[mention.start : mention.end])
        assert words
        inside = re.findall(r"\w+", sentences[mention.sentence])
        assert any((part := inside[at : at + len(words)]) and words[: len(part)] == part for at in range(len(inside)))
        assert "\n" in text or any(inside[at : at + len(words)] == words for at in range(len(inside)))
        # what is resolved is not there
        assert mention.change != "resolved" or mention.state == State.ABSENT


def test_every_synonym_is_recognised_in_any_case_and_over_a_line_break() -> None:
    for concept in CONCEPTS.values():
        for phrase in concept.synonyms:
            for text in (phrase, phrase.upper(), f"There is a {phrase}.", re.sub(r" (?=[a-z])", "\n", phrase)):
                assert concept.id in {mention.concept for mention in find_mentions(text)}, (concept.id, text)


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "no effusion and ",
            "heart normal ",
            "left effusion ",
            "effusion and ",
            "effusion not seen and ",
            "effusion ",
        ),
        *("evaluation for effusion limited by left ", "effusion shift to the left ", "without "),
        *("increased left ", "no or ", "? ", "a", "1", ". ", "lower lobe ", "aorta and tortuous and ", "heart heart "),
    ],
)
def test_a_hostile_text_costs_no_more_than_its_length(piece: str) -> None:
    def cost(size: int) -> float:
        text = piece * (size // len(piece))
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            find_mentions(text)
            best = min(best, time.process_time() - start)
        return best

    # eight times the text: about eight times the cost when linear, 64 times when quadratic
    assert cost(80_000) < 24 * cost(10_000) + 0.02
