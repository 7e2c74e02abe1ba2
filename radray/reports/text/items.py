"""The marks of list items in report text ("2.", "3)", "-"), distinguished from numbers and dashes in the text."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_MARK = re.compile(
    r"""
    (?P<dot>[\u2022\u25aa\u25cf\u25e6\u2023\u2043]+)
    | (?:(?<!\S)|(?<=[a-z]\.))\(?(?P<number>[0-9]{1,2})(?:\.\)?|\)),?(?=\s|[A-Z]|$)
    | (?<!\S)(?P<dash>[-\u2013\u2014*]{1,3})(?=\s|[A-Z])
    """,
    re.VERBOSE,
)
# Part of every mark; matched 15 times as fast as _MARK, and absent from most texts.
_MAY_HOLD_MARKS = re.compile(
    r"[-\u2013\u2014*0-9\u2022\u25aa\u25cf\u25e6\u2023\u2043]"
    r"(?:(?<=[0-9])[.)]|(?<=[-\u2013\u2014*])[\sA-Z]|(?<=[\u2022\u25aa\u25cf\u25e6\u2023\u2043]))"
)
_LETTER = re.compile(r"(?:(?<!\S)|(?<=[a-z]\.))\(?(?P<letter>[A-Ha-h])[.)](?=\s)")
# "3. 5. 2010" and "5. 2010" are dates.
_DATE_REST = re.compile(r"\s+(?:[0-9]{1,2}[./-]\s?){0,2}(?:19|20)[0-9]{2}\b")
_WORD_BEFORE = re.compile(r"(?:(?P<previous>\S)\s+)?(?P<word>[A-Za-z]+)\.?$")
_ABBREVIATIONS = re.compile(
    r"""
    approx|ca|cf|dr|fig|jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|no|nos|vs
    """,
    re.VERBOSE,
)
"""Words whose dot does not end a sentence when a number follows."""
_TAKES_A_NUMBER = re.compile(
    r"""about|above|and|approximately|approx|at|below|by|ca|class|days?|digit|fig|figure|from|gauge|grade|image|in|item
    |levels?|lobe|measures|measuring|nos?|number|of|on|or|phalanx|point|position|post|ray|ribs?|score|segments?|series
    |stage|status|than|the|through|to|type|under|until|vertebrae?|view|weeks?|with|x|zone""",
    re.VERBOSE,
)
"""Words after which a number is part of the text ("right rib 4. The ..."), not the mark of an item."""


class Mark(NamedTuple):
    """The mark of an item, with the white space around it."""

    start: int
    """Where the text before the mark ends, without white space."""
    end: int
    """Where the item begins, after white space."""


# Called twice for each impression: to remove its marks, and to split it into items.
@lru_cache(maxsize=4)
def find_marks(text: str) -> tuple[Mark, ...]:
    """Return the marks of list items in `text`, in order; () for none. Letters are marks where there are no others."""
    marks = _find_numbers_and_dashes(text) if _MAY_HOLD_MARKS.search(text) else []
    return tuple(marks or _find_letters(text))


def _find_letters(text: str) -> list[Mark]:
    """Return the marks "a.", "b.", ...: at least two, in sequence, each at the start of a sentence or line.

    So "Hepatitis B. No edema." and a single "A. fib" are text.
    """
    marks: list[Mark] = []
    dot = "b. " in text or ("B" in text and "B. " in text)
    if not dot and not (")" in text and ("B) " in text or "b) " in text)):
        return marks
    expected = "aA"
    for match in _LETTER.finditer(text):
        letter = match.group("letter")
        if letter not in expected:
            continue
        start = max(_skip_back(text, match.start()), marks[-1].end if marks else 0)
        begins = start == 0 or text[start - 1] in ".!?:;" or "\n" in text[start : match.start()]
        if not begins:
            continue
        marks.append(Mark(start, _skip(text, match.end())))
        expected = chr(ord(letter) + 1)
    return marks if len(marks) > 1 else []


def _find_numbers_and_dashes(text: str) -> list[Mark]:
    marks: list[Mark] = []
    last_number: int | None = None
    dashed = False
    for match in _candidates(text):
        start = _skip_back(text, match.start())
        end = _skip(text, match.end())
        floor = marks[-1].end if marks else 0
        if start < floor:
            start = floor
        first = start == floor and text[start : match.start()].strip() == ""
        number = match.group("number")
        if number:
            if not _is_item_number(text, match, start, first=first, last=last_number):
                continue
            last_number = int(number)
        elif match.group("dash"):
            if not _is_bullet(text, match, start, first=first, dashed=dashed):
                continue
            dashed = True
        marks.append(Mark(start, end))
    return marks


def _candidates(text: str) -> Iterator[re.Match[str]]:
    """Yield the matches of `_MARK.finditer`, trying only where one is possible: from up to three characters before."""
    end = 0
    for candidate in _MAY_HOLD_MARKS.finditer(text):
        place = candidate.start()
        for start in range(max(end, place - 3), place + 1):
            match = _MARK.match(text, start)
            if match is not None:
                yield match
                end = match.end()
                break


def without_marks(text: str) -> str:
    """Return `text` without the marks of its items; each removed mark ends the sentence before it."""
    marks = find_marks(text)
    if not marks:
        return text
    parts = [text[: marks[0].start]]
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        before = parts[-1]
        if before and mark.end < len(text):
            parts.append(" " if before[-1] in ".!?:;," else ". ")
        item = text[mark.end : following.start if following else len(text)]
        if item:
            parts.append(item)
    return "".join(parts)


def _is_item_number(text: str, match: re.Match[str], start: int, *, first: bool, last: int | None) -> bool:
    """Return whether a number is an item's mark, not the end of a sentence: by the text before it, or by sequence."""
    number = int(match.group("number"))
    follows = last is not None and number == last + 1
    rest = _character_at(text, _skip(text, match.end()))
    if not rest:
        return follows and not first
    if rest.isdigit() and _DATE_REST.match(text, match.end()):
        return False
    if first:
        return True
    previous = text[start - 1]
    if previous in "!?:;":
        return True
    if previous == ".":
        return follows or not _ABBREVIATIONS.fullmatch(_word_before(text, start - 1))
    before = _WORD_BEFORE.search(text, max(0, start - 24), start)
    word = before.group("word").casefold() if before else ""
    if not (previous.isalpha() or previous in ")]\"'_%") or _TAKES_A_NUMBER.fullmatch(word):
        return False
    on_own_line = "\n" in text[start : match.start()]
    if not (rest.isupper() or rest.isdigit() or rest in "_([" or on_own_line):
        return False
    if follows:
        return True
    # a list that begins after a heading without a full stop: on a line of its own, or "Chest 1. ..."
    if number != 1:
        return False
    heading = before is not None and before.group("word")[0].isupper() and before.group("previous") in (None, ".")
    return on_own_line or heading


def _is_bullet(text: str, match: re.Match[str], start: int, *, first: bool, dashed: bool) -> bool:
    """Return whether a dash is a bullet, not between words: it begins the text, a sentence, or a line of a list."""
    if first or text[start - 1] in ".!?:;":
        return True
    if "\n" not in text[start : match.start()]:
        return False
    rest = _character_at(text, _skip(text, match.end()))
    if text[start - 1].isdigit() and rest.isdigit():
        return False
    return dashed or rest.isupper()


def _word_before(text: str, end: int) -> str:
    """Return the letters before `end`, case folded, at most 12 of them."""
    start = end
    while start > 0 and end - start < 12 and text[start - 1].isalpha():
        start -= 1
    return text[start:end].casefold()


def _character_at(text: str, position: int) -> str:
    return text[position : position + 1]


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _skip_back(text: str, position: int) -> int:
    while position > 0 and text[position - 1].isspace():
        position -= 1
    return position
