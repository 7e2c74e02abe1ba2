"""Findings named by an anatomy and an attribute near it ("the heart is mildly enlarged")."""

from radray.language.lexicon.concept import words_of

_WORDS = words_of("pairs.toml")

ANATOMY: dict[str, list[str]] = _WORDS["anatomy"]
"""Anatomies, each with the phrases of reports; a phrase may name two."""

ATTRIBUTES: dict[str, list[str]] = _WORDS["attributes"]
"""Attributes, each with its phrases."""

NORMAL_PAIRS: list[tuple[str, str, str]] = [
    (anatomy, attribute, concept) for anatomy, attribute, concept in _WORDS["statements"]["normal"]
]
"""What a statement of normality denies: (anatomy, attribute, concept)."""

BORDERLINE_PAIRS: list[tuple[str, str, str]] = [
    (anatomy, attribute, concept) for anatomy, attribute, concept in _WORDS["statements"]["borderline"]
]
"""What makes a concept uncertain: (anatomy, attribute, concept)."""
