"""Findings named by an anatomy and an attribute near it ("the heart is mildly enlarged")."""

from radray.language.lexicon.concept import expand, words_of

_WORDS, _ACUTE = words_of("pairs.toml"), words_of("acute_pairs.toml")


def _read(part: str) -> dict[str, list[str]]:
    """Return the phrases of `part` by name, those of both files for a name that both have."""
    phrases: dict[str, list[str]] = {}
    for words in (_WORDS, _ACUTE):
        for name, packed in words[part].items():
            phrases.setdefault(name, []).extend(phrase for each in packed for phrase in expand(each))
    return phrases


ANATOMY: dict[str, list[str]] = _read("anatomy")
"""Anatomies, each with the phrases of reports; a phrase may name two."""

ATTRIBUTES: dict[str, list[str]] = _read("attributes")
"""Attributes, each with its phrases."""

NORMAL_PAIRS: list[tuple[str, str, str]] = [
    (anatomy, attribute, concept)
    for anatomy, attribute, concept in (*_WORDS["statements"]["normal"], *_ACUTE["statements"]["normal"])
]
"""What a statement of normality denies: (anatomy, attribute, concept)."""

BORDERLINE_PAIRS: list[tuple[str, str, str]] = [
    (anatomy, attribute, concept) for anatomy, attribute, concept in _WORDS["statements"]["borderline"]
]
"""What makes a concept uncertain: (anatomy, attribute, concept)."""
