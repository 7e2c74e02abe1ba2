"""Identifiers that a model wrote: those of its impression that findings and background do not have."""

import re
from collections.abc import Sequence
from functools import lru_cache

from radray.checks.dates import is_known
from radray.checks.identifiers.find import find_identifiers
from radray.checks.identifiers.kinds import Identifier
from radray.checks.spans import CACHED_TEXTS, IMPRESSION, Hit, Place

_MOST_GIVEN = 32
"""Different identifiers of an impression that are looked for in its input."""
MIN_IDENTIFIER = 5
"""Fewest letters or digits of an identifier that is searched for: Open-i's study ids, 1 to 3,999, occur in any text."""
_SIGNED = re.compile(r"\belectronically\s+signed\b|\bdate\s+of\s+birth\b|\bd\.?o\.?b\b", re.IGNORECASE)
"""What no impression says, whatever stands behind it."""
_DATES = frozenset({"date", "exam_date", "birth"})
_WORDS = re.compile(r"[^\W_]+")


def find_written(impression: str, identifiers: Sequence[str] = (), texts: tuple[str, ...] = ()) -> list[Hit]:
    """Return the identifiers in `impression`: of any kind of KINDS, and `identifiers`, those of study and patient.

    What findings and background, the `texts`, have too, a date in whatever form, was given to the writer and counts
    only where it is one of `identifiers`.

    `identifiers` of at least MIN_IDENTIFIER letters or digits are searched for as whole words in any case, and so are
    the digits of one that has at least six ("s50414267"). Years alone, ages up to 89 and times do not count. [] for
    none.
    """
    hits: list[Hit] = [(Place(IMPRESSION, each.start, each.end),) for each in _not_given(impression, texts)]
    for start, end in _places(impression, identifiers):
        if not any(hit[0].start < end and start < hit[0].end for hit in hits):
            hits.append((Place(IMPRESSION, start, end),))
    return hits


def invents_identifier(text: str, identifiers: Sequence[str], texts: tuple[str, ...]) -> bool:
    """Return whether `text` holds an identifier that none of `texts` has: of KINDS, or one of `identifiers`.

    Other than `find_written` it lets pass what the input says of the patient. False for blank text.
    """
    if _not_given(text, texts):
        return True
    return any(_places(text, [each]) and not any(_places(given, [each]) for given in texts) for each in identifiers)


def _not_given(impression: str, texts: tuple[str, ...]) -> list[Identifier]:
    given: dict[str, bool] = {}
    kept: list[Identifier] = []
    for each in _identified(impression):
        if each.value not in given:
            given[each.value] = len(given) < _MOST_GIVEN and _is_given(each, texts)
        if not given[each.value]:
            kept.append(each)
    return kept


def _is_given(identifier: Identifier, texts: tuple[str, ...]) -> bool:
    """Return whether any text has the identifier: its date, all words of its name, or its letters and digits."""
    if identifier.kind == "name":
        words = [word for word in _WORDS.findall(identifier.value) if len(word) > 1]
        return any(_words(text).issuperset(words) for text in texts)
    if identifier.kind in _DATES and is_known(identifier.value, texts):
        return True
    plain = "".join(_WORDS.findall(identifier.value))
    return any(plain in _plain(text) for text in texts)


@lru_cache(maxsize=CACHED_TEXTS)
def _words(text: str) -> frozenset[str]:
    return frozenset(_WORDS.findall(text.lower()))


@lru_cache(maxsize=CACHED_TEXTS)
def _plain(text: str) -> str:
    return "".join(_WORDS.findall(text.lower()))


@lru_cache(maxsize=CACHED_TEXTS)
def _identified(impression: str) -> tuple[Identifier, ...]:
    seen = find_identifiers(impression)
    signed = (
        Identifier("name", match.start(), match.end(), match[0].lower())
        for match in _SIGNED.finditer(impression)
        if not any(each.start < match.end() and match.start() < each.end for each in seen)
    )
    return (*seen, *signed)


def _places(text: str, identifiers: Sequence[str]) -> list[tuple[int, int]]:
    """Return where `text` has each form of `identifiers` first, as a whole word."""
    if not identifiers:
        return []
    lowered, places = text.lower(), []
    for written in dict.fromkeys(form for identifier in identifiers for form in _forms(identifier)):
        start = lowered.find(written)
        while start >= 0:
            end = start + len(written)
            if not (start and lowered[start - 1].isalnum()) and not lowered[end : end + 1].isalnum():
                places.append((start, end))
                break
            start = lowered.find(written, end)
    return places


@lru_cache(maxsize=CACHED_TEXTS)
def _forms(identifier: str) -> tuple[str, ...]:
    plain = identifier.strip().lower()
    digits = re.sub(r"\D", "", plain)
    forms = [plain] if sum(map(str.isalnum, plain)) >= MIN_IDENTIFIER else []
    if len(digits) >= 6 and digits != plain:
        forms.append(digits)
    return tuple(forms)
