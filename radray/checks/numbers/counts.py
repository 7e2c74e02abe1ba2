"""How many of a finding there are: a number before a noun, in the impression and in its input."""

import re
from functools import lru_cache
from typing import NamedTuple

from radray.checks.spans import FINDINGS, IMPRESSION, Hit, Place
from radray.checks.subjects import normal_words
from radray.language.alternation import holds
from radray.language.numbers import NUMBER_WORDS

_DIGIT = re.compile(r"\d")
_NUMBERS = {word: number for word, number in NUMBER_WORDS.items() if number <= 10} | {"single": 1, "solitary": 1}
_NOUN = (
    r"nodules?|mass(?:es)?|lesions?|stones?|calculi|calculus|metastas[ei]s|fractures?|lymph\s+nodes|cysts?|polyps?"
    r"|aneurysms?|fibroids?|emboli|infarcts?|abscess(?:es)?|screws?|h(?:a)?emorrhages|gallstones|fetus(?:es)?|ribs"
)
_COUNT = re.compile(
    rf"(?<![\w.,/-])(?P<number>{'|'.join(_NUMBERS)}|\d{{1,2}})\s+(?P<beside>(?:(?!and\b|or\b|to\b|of\b|mm\b|cm\b)[a-z-]+\s+){{0,4}}?)"
    rf"(?P<noun>{_NOUN})\b",
    re.IGNORECASE,
)
_A_KIND = re.compile(
    r"(?:type|grade|stage|class|category|level|segment|series|image|rads|number|no\.|#)\s*$", re.IGNORECASE
)
"""Words before a number that numbers kinds and counts nothing: "type 1 fracture"."""
_NOUNS = re.compile(rf"\b(?:{_NOUN})\b", re.IGNORECASE)


class Count(NamedTuple):
    """A number of a finding."""

    number: int
    noun: str
    sides: frozenset[str]
    start: int
    end: int


@lru_cache(maxsize=512)
def find_counts(text: str) -> tuple[Count, ...]:
    """Return the counts of findings of `text`, "two left rib fractures", in order; () for none."""
    lowered = text.lower()
    if not holds(lowered, _NUMBERS) and not _DIGIT.search(text):
        return ()
    counts: list[Count] = []
    for match in _COUNT.finditer(text):
        number = _NUMBERS.get(match["number"].lower()) or int(match["number"])
        noun = match["noun"].lower()
        plural = noun.endswith(("s", "i")) and not noun.endswith(("ss", "us", "is"))
        if number and plural == (number > 1) and not _A_KIND.search(text, max(0, match.start() - 12), match.start()):
            sides = frozenset(word for word in match["beside"].lower().split() if word in ("left", "right"))
            counts.append(Count(number, normal_words(noun.split()[-1])[-1], sides, match.start(), match.end()))
    return tuple(counts[:32])


def find_changed_counts(impression: str, findings: str) -> list[Hit]:
    """Return the counts of `impression` that are not those of `findings` for the same noun; [] for none.

    A sum of the counts of the findings is right ("two on the right, one on the left": three). Where the findings name
    the noun without a number too, nobody can tell how many there are.
    """
    stated = find_counts(impression)
    known = find_counts(findings) if stated else ()
    hits: list[Hit] = []
    for count in stated:
        alike = [other for other in known if other.noun == count.noun]
        if not alike or any(other.number == count.number for other in alike):
            continue
        named = sum(normal_words(noun[0].lower().split()[-1])[-1] == count.noun for noun in _NOUNS.finditer(findings))
        if named > len(alike) or count.number in _sums([other.number for other in alike]):
            continue
        if all(count.sides and other.sides and count.sides.isdisjoint(other.sides) for other in alike):
            continue
        first = alike[0]
        hits.append((Place(IMPRESSION, count.start, count.end), Place(FINDINGS, first.start, first.end)))
    return hits


def _sums(numbers: list[int]) -> set[int]:
    sums = {0}
    for number in numbers:
        sums |= {number + other for other in sums}
    return sums
