"""A patient's ids in texts and bytes: where they are ids, and where the same characters are something else.

An id stands alone: no further digit beside its digits, no further letter beside its letters. So ``10000032`` is in
``p10000032.txt`` and in ``MRN10000032``, and not in ``910000032``.
"""

import datetime
import re
from collections.abc import Collection, Iterator
from contextlib import suppress

import pyarrow as pa
import pyarrow.compute as pc

SEARCHED_BYTES = 6
"""Shorter values are compared only with whole values of their own column: as bytes they occur by chance."""

MASK = "_"
"""Stands for each character of an id that is taken out: places of what follows in the text stay as they are."""

LONGER_BY = 4
"""A run of digits, or of a digest, is something else than the id in it if it is so much longer: before a value a binary
file may have a byte of its length, and after it another's, which look like digits."""

_CONTEXT = 96
_SYSTEM = re.compile(
    rb"[a-z]+-\d{8}T\d{6}-[0-9a-f]{8}"  # a run id
    rb"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    rb"|[0-9a-f]{16,}|[0-9]{7,}"
    rb'|"[a-z_.-]*(?:-id|ms|number|size|count|records|files|deletes|bytes|_for|_too)"\s*:\s*"?-?[0-9]+"?'  # counts
)


def is_distinctive(identifier: str) -> bool:
    """Return whether `identifier` in a text or a file's name can be nothing else: not short, no word, no date."""
    if len(identifier.encode("utf-8")) < SEARCHED_BYTES or not any(map(str.isdigit, identifier)):
        return False
    digits = re.sub(r"[-/._]", "", identifier)
    for form in ("%Y%m%d", "%d%m%Y", "%m%d%Y") if re.fullmatch(r"[0-9]{8}", digits) else ():
        with suppress(ValueError):
            if 1900 <= datetime.datetime.strptime(digits, form).year < 2100:
                return False
    return True


class Ids:
    """Ids of a patient, as they are searched for in texts: in any case of letters. None: nothing is an id."""

    def __init__(self, identifiers: Collection[str]) -> None:
        """Take the ids; longer ones come first where they overlap."""
        self.identifiers = frozenset(identifiers)
        ordered = sorted(identifiers, key=lambda identifier: (-len(identifier), identifier))
        self._pattern = re.compile("|".join(map(_alone, ordered)), re.IGNORECASE) if ordered else None
        # of RE2, which knows no look to the side: a filter for many texts
        self._anywhere = "|".join(f"(?i:{re.escape(identifier)})" for identifier in ordered)

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield start and end of each id in `text`."""
        for match in () if self._pattern is None else self._pattern.finditer(text):
            if not _in_digest(text, *match.span()):
                yield match.span()

    def within(self, text: str, own: Collection[str] = ()) -> bool:
        """Return whether an id is in `text` that is none of `own`."""
        return any(text[start:end] not in own for start, end in self.places(text))

    def indices(self, column: pa.Array) -> list[int]:
        """Return the places of the texts of `column` that an id is in; [] for none."""
        if self._pattern is None:
            return []
        maybe = pc.fill_null(pc.match_substring_regex(column, self._anywhere), False)
        return [place for place in pc.indices_nonzero(maybe).to_pylist() if self.within(column[place].as_py())]

    def masked(self, text: str, own: Collection[str] = ()) -> str:
        """Return `text` with MASK for each character of the ids in it, but for those that are among `own`."""
        for start, end in self.places(text):
            if text[start:end] not in own:
                text = text[:start] + MASK * (end - start) + text[end:]
        return text


def is_in(content: bytes, value: bytes, lookalikes: Collection[bytes] = (), *, as_text: bool = False) -> bool:
    """Return whether the id `value` is in `content`, which may be binary, and not by chance.

    By chance: within a run id, a digest, a counter of Iceberg's metadata or of a certificate, or a longer number, and
    within `lookalikes`, longer values that others have. `as_text`: `content` is text, and an id stands alone in it.
    """
    start = content.find(value)
    while start >= 0:
        end = start + len(value)
        if not _by_chance(content, start, end, lookalikes) and not (as_text and _continued(content, start, end)):
            return True
        start = content.find(value, start + 1)
    return False


def _by_chance(content: bytes, start: int, end: int, lookalikes: Collection[bytes]) -> bool:
    for longer in lookalikes:
        at = longer.find(content[start:end])
        if at >= 0 and content[max(0, start - at) : start - at + len(longer)] == longer:
            return True
    first = max(0, start - _CONTEXT)
    for match in _SYSTEM.finditer(content[first : end + _CONTEXT]):
        if first + match.start() <= start and end <= first + match.end():
            return match.end() - match.start() >= end - start + LONGER_BY
    return False


def _continued(content: bytes, start: int, end: int) -> bool:
    """Return whether the value from `start` to `end` is part of a longer number or word."""
    before, after = content[max(0, start - 1) : start], content[end : end + 1]
    return _alike(before, content[start : start + 1]) or _alike(content[end - 1 : end], after)


def _alike(left: bytes, right: bytes) -> bool:
    return (left.isdigit() and right.isdigit()) or (left.isalpha() and right.isalpha())


def _in_digest(text: str, start: int, end: int) -> bool:
    digits = "0123456789abcdef"
    first, last = start, end
    while first and text[first - 1] in digits:
        first -= 1
    while last < len(text) and text[last] in digits:
        last += 1
    inside = all(letter in digits for letter in text[start:end])
    return inside and last - first >= max(16, end - start + LONGER_BY)


def _alone(identifier: str) -> str:
    """Return the pattern of `identifier` where it stands alone."""
    kinds = {True: "[0-9]", False: r"[^\W\d_]"}
    before, after = (
        kinds[letter.isdigit()] if letter.isalnum() else None for letter in (identifier[0], identifier[-1])
    )
    left, right = (f"(?<!{before})" if before else ""), (f"(?!{after})" if after else "")
    if identifier[0].isdigit():
        left += r"(?<![0-9]\.)"  # the decimals of a number
    return f"{left}{re.escape(identifier)}{right}"
