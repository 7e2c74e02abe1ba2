"""A hospital's own phrases and urgencies: what they change, that they are forgotten again, and what is refused."""

from collections.abc import Iterator

import pytest

from radray.checks.check import CHECKS_ID, check, checks_version
from radray.errors import ConfigError
from radray.language.lexicon.concepts import CONCEPTS
from radray.language.lexicon.vocabulary import adopt, check_additions, suffix_of
from radray.language.mentions import find_mentions
from radray.pipelines.score_predictions import checks_id
from radray.settings.generate import ScoreSettings, VocabularyEntry

FINDINGS = "There is a zebra sign at the left apex. Scoliosis."
ZEBRA = {"pneumothorax": VocabularyEntry(phrases=("zebra sign",))}


@pytest.fixture(autouse=True)
def _the_vocabulary_as_it_was() -> Iterator[None]:
    yield
    adopt({})


def missed(impression: str, findings: str) -> bool | None:
    return check(impression, findings, None, modality="DX", body_part="chest").flags["critical_missed"]


def test_a_phrase_of_the_hospital_names_its_concept_until_it_is_taken_back() -> None:
    assert missed("Scoliosis.", FINDINGS) is False
    adopt(ZEBRA)
    assert "pneumothorax" in {mention.concept for mention in find_mentions(FINDINGS)}
    assert missed("Scoliosis.", FINDINGS) is True
    assert missed("Left zebra signs. Scoliosis.", FINDINGS) is False  # its plural too
    adopt({})
    assert missed("Scoliosis.", FINDINGS) is False
    assert "zebra sign" not in CONCEPTS["pneumothorax"].synonyms


def test_an_urgency_of_the_hospital_takes_the_place_of_the_vocabulary() -> None:
    findings = "Severe scoliosis of the thoracic spine."
    assert missed("Normal heart.", findings) is False
    adopt({"scoliosis": VocabularyEntry(urgency="critical")})
    assert missed("Normal heart.", findings) is True
    adopt({"pneumothorax": VocabularyEntry(urgency="none")})
    assert CONCEPTS["pneumothorax"].urgency is None
    assert CONCEPTS["scoliosis"].urgency is None


def test_rows_carry_the_digest_of_the_vocabulary() -> None:
    plain, own = ScoreSettings(), ScoreSettings(vocabulary=ZEBRA)
    assert checks_id(plain) == CHECKS_ID == checks_version()
    assert checks_id(own) == CHECKS_ID + suffix_of(ZEBRA)
    assert len(suffix_of(ZEBRA)) == 13
    adopt(ZEBRA)
    assert checks_version() == checks_id(own)
    other = {"pneumothorax": VocabularyEntry(phrases=("zebra signs",))}
    assert suffix_of(other) != suffix_of(ZEBRA)


def test_an_unknown_concept_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"score\.vocabulary\.pneumothorx: no concept"):
        checks_id(ScoreSettings(vocabulary={"pneumothorx": VocabularyEntry()}))


@pytest.mark.parametrize("phrase", ["", "Zebra sign", "zebra | sign", " zebra"])
def test_a_phrase_that_is_not_plain_words_is_refused_by_its_number(phrase: str) -> None:
    with pytest.raises(ConfigError, match=r"score\.vocabulary\.mass: phrase 2 "):
        check_additions({"mass": VocabularyEntry(phrases=("zebra", phrase))})


def test_refused_additions_change_nothing() -> None:
    with pytest.raises(ConfigError):
        adopt({**ZEBRA, "nothing": VocabularyEntry()})
    assert missed("Scoliosis.", FINDINGS) is False
