"""Numbers of the impression that the input has, but for another finding, another place or another time."""

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

from radray.checks.findings.positions import Position, find_positions
from radray.checks.numbers.grades import Grade, agree, find_grades
from radray.checks.numbers.measurements import Measurement, find_measurements, same
from radray.checks.spans import BACKGROUND, FINDINGS, IMPRESSION, Hit, Place, sentence_has, sentence_of, sentence_spans
from radray.checks.subjects import (
    KNOWN,
    OF_A_KIND,
    ORGANS,
    Subject,
    conflict,
    normal_words,
    shared,
    sides_between,
    subjects,
)

_Stated = TypeVar("_Stated", Measurement, Grade)

_THEN = re.compile(
    r"\b(?:previous(?:ly)?|prior|formerly|earlier|before|last|initial(?:ly)?|baseline)\b[^.;,()]{0,24}$"
    r"|\b(?:compared\s+(?:to|with)|versus|vs\.?|down\s+from|up\s+from|unchanged\s+from)\s+(?:\w+\s+){0,2}?$",
    re.IGNORECASE,
)
_THEN_AFTER = re.compile(
    r"\s*\(?(?:(?:on|in|at)\s+)?(?:the\s+)?(?:prior|previous(?:ly)?|earlier|last|before|baseline)\b"
    r"(?!\W{0,3}(?:\w+\s+){0,2}?\d)"
    r"|\s*(?:\w+\s+){0,2}ago\b|\s*\(?(?:on|in)\s+(?:\d{1,2}[/.-]\d|(?:19|20)\d\d\b|[a-z]{3,9}\.?\s+(?:\d|of\s+\d)|__)",
    re.IGNORECASE,
)
_WAS = re.compile(r"(?P<aside>[(,]\s*)?\b(?:was|were|had\s+been|had)\s+(?:about\s+|approximately\s+)?$", re.IGNORECASE)
# "growth (1.1 to 1.4 cm)": then and now, or a range
_TO = re.compile(r"[\d.]+\s?(?:mm|cm|ml)?\s?(?:to|-|\u2013)\s?\d", re.IGNORECASE)
_FROM_TO = re.compile(r"\bfrom\s+[\w.\s]{1,24}?\s(?:to|-|\u2013)\s?$", re.IGNORECASE)
_TO_IN = re.compile(r"\bto\b|-|\u2013|\band\b", re.IGNORECASE)
_AFTER_TO = re.compile(r"\d\s?(?:mm|cm|ml)?\s?(?:to|-|\u2013)\s?$", re.IGNORECASE)
_FROM = re.compile(r"\bfrom\s+(?:(?:about|approximately|a|the|\w+\s+of)\s+)?$", re.IGNORECASE)
_MOVED = re.compile(
    r"\b(?:grown|grew|enlarg\w*|increas\w*|decreas\w*|shrunk|shrank|smaller|larger|reduced|regress\w*|progress\w*|dropped"
    r"|fallen|risen|went|gone|chang\w*|growth|growing|improv\w*)\b",
    re.IGNORECASE,
)
_NOW = re.compile(r"\bnow\b")
_SHIFTED = re.compile(
    r"\b(?:shift|deviat|displac|herniat|mediastin|trache|midline|atri|ventric|arch)\w*", re.IGNORECASE
)


class Bound(NamedTuple, Generic[_Stated]):
    """A number with what it belongs to."""

    form: str
    number: _Stated
    subject: Subject
    then: bool | None
    """Whether it is of an earlier exam; None where that is open, as in "growth (1.1 to 1.4 cm)"."""


def find_exchanged(impression: str, findings: str, background: str) -> list[Hit]:
    """Return the measurements of `impression` that its input has for another finding or time; [] for none.

    A measurement is another's where the input has its value only with another side, lobe, organ or finding, and has
    another value for what the impression measures; or where its value is of the earlier exam, and another of this one.
    """
    stated = [number for number in find_measurements(impression) if not number.bound]
    if not stated:
        return []
    in_findings = find_measurements(findings)
    if not in_findings:
        return []
    known = bind(FINDINGS, findings, in_findings) + bind(BACKGROUND, background, find_measurements(background))
    texts = {IMPRESSION: impression, FINDINGS: findings, BACKGROUND: background}
    hits: list[Hit] = []
    for each in bind(IMPRESSION, impression, stated):
        alike = [other for other in known if other.number.quantity == each.number.quantity]
        hit = _exchange(each, alike, same) or _borrowed(each, alike, findings)
        hit = hit or _of_other_side(each, [other for other in alike if same(each.number, other.number)], texts)
        if hit is not None:
            hits.append(hit)
    return hits


def find_changed_grades(impression: str, findings: str, background: str) -> list[Hit]:
    """Return the grades of `impression` that are not those of its input; [] for none.

    A scale that the input does not use is the impression's own assessment ("BI-RADS 2"). A grade without the name of a
    scale ("grade III laceration") is compared where the same noun stands beside it.
    """
    stated = find_grades(impression)
    if not stated:
        return []
    known = bind(FINDINGS, findings, find_grades(findings)) + bind(BACKGROUND, background, find_grades(background))
    hits: list[Hit] = []
    for each in bind(IMPRESSION, impression, stated):
        on_scale = [
            other
            for other in known
            if other.number.scale == each.number.scale
            and (each.number.named or shared(each.subject, other.subject) or _graded(each.subject, other.subject))
        ]
        if not on_scale:
            continue
        if not any(agree(each.number, other.number) for other in on_scale):
            if each.number.named or not all(conflict(each.subject, other.subject) for other in on_scale):
                hits.append((_place(each), _place(on_scale[0])))
        elif hit := _exchange(each, on_scale, agree):
            hits.append(hit)
    return hits


def _graded(first: Subject, second: Subject) -> bool:
    return bool((first.head | first.beside) & (second.head | second.beside))


def _place(each: Bound[_Stated]) -> Place:
    return Place(each.form, each.number.start, each.number.end)


def _exchange(
    stated: Bound[_Stated], known: Sequence[Bound[_Stated]], equal: Callable[[_Stated, _Stated], bool]
) -> Hit | None:
    """Return the hit of `stated` where `known` has its value only for another subject or time, and another for its."""
    agreeing = [other for other in known if equal(stated.number, other.number)]
    if not agreeing or any(other.form == BACKGROUND for other in agreeing):
        return None
    if not all(_another(stated, other) for other in agreeing):
        return _by_specific_words(stated, agreeing, [other for other in known if other not in agreeing])
    reach = max(shared(stated.subject, other.subject) for other in agreeing)
    timed = any(_other_time(stated, other) and not conflict(stated.subject, other.subject) for other in agreeing)
    for other in known:
        if equal(stated.number, other.number) or _other_time(stated, other) or conflict(stated.subject, other.subject):
            continue
        common = shared(stated.subject, other.subject)
        if (common and (timed or common >= reach)) or not (stated.subject.head or reach):
            return _place(stated), _place(other)
    return None


def _of_other_side(
    stated: Bound[Measurement], agreeing: Sequence[Bound[Measurement]], texts: Mapping[str, str]
) -> Hit | None:
    """Return the hit where a length stands in sentences of only one side each, and not of the same side."""
    own = _only_side(stated, texts)
    if own is None or stated.number.quantity != "length" or not agreeing:
        return None
    sides = [_only_side(other, texts) for other in agreeing]
    if None in sides or own in sides or any(other.form == BACKGROUND for other in agreeing):
        return None
    return _place(stated), _place(agreeing[0])


def _only_side(each: Bound[Measurement], texts: Mapping[str, str]) -> str | None:
    """Return the only side in the sentence of a measurement; None for both, for none, and where something shifts."""
    text = texts[each.form]
    return _side_of(text, *sentence_of(text, each.number.start))


@lru_cache(maxsize=512)
def _side_of(text: str, start: int, end: int) -> str | None:
    sides = sides_between(text, start, end)
    return next(iter(sides)) if len(sides) == 1 and not _SHIFTED.search(text, start, end) else None


def _borrowed(stated: Bound[Measurement], known: Sequence[Bound[Measurement]], findings: str) -> Hit | None:
    """Return the hit where the value is only that of another thing, and what `stated` measures stands without a size.

    Both must be known words for different things: "5 mm kidney stone" from "Kidney stone. Bile duct 5 mm."
    """
    agreeing = [other for other in known if same(stated.number, other.number)]
    words = stated.subject.head | stated.subject.beside
    named = stated.subject.head & (KNOWN | {"lesion"})
    if not agreeing or not named or any(other.form == BACKGROUND for other in agreeing):
        return None
    for other in agreeing:
        theirs = other.subject.head | other.subject.beside
        if not words.isdisjoint(theirs) or not other.subject.head & KNOWN:
            return None
    measured = sorted(other.number.start for other in known if other.form == FINDINGS)
    for (first, last), plain in zip(sentence_spans(findings), _plain_words(findings), strict=True):
        if named <= plain and bisect_left(measured, first) == bisect_left(measured, last):
            return _place(stated), _place(agreeing[0])
    return None


@lru_cache(maxsize=16)
def _plain_words(findings: str) -> tuple[frozenset[str], ...]:
    """Return the words that those of each sentence stand for."""
    return tuple(
        frozenset(part for word in findings[first:last].lower().split() for part in normal_words(word.strip(",.;:()")))
        for first, last in sentence_spans(findings)
    )


def _by_specific_words(
    stated: Bound[_Stated], agreeing: Sequence[Bound[_Stated]], others: Sequence[Bound[_Stated]]
) -> Hit | None:
    """Return the hit where only words of a kind agree, and another number has those that say which one.

    "6 mm supraspinatus tear" from "supraspinatus tear of 23 mm, partial subscapularis tear of 6 mm".
    """
    words = stated.subject.head | stated.subject.beside
    for other in agreeing:
        theirs = other.subject.head | other.subject.beside
        if not (other.subject.head - OF_A_KIND) or words & theirs - OF_A_KIND or other.form == BACKGROUND:
            return None
    for other in others:
        if _other_time(stated, other) or conflict(stated.subject, other.subject):
            continue
        named = stated.subject.head & (other.subject.head | other.subject.beside)
        if len(named) > 1 and named - OF_A_KIND and stated.subject.head & other.subject.head:
            return _place(stated), _place(other)
    return None


def _other_time(stated: Bound[_Stated], known: Bound[_Stated]) -> bool:
    return stated.then is not None and known.then is not None and stated.then != known.then


def _another(stated: Bound[_Stated], known: Bound[_Stated]) -> bool:
    """Return whether `known` belongs to another time, place or finding than `stated`."""
    if _other_time(stated, known) or conflict(stated.subject, known.subject):
        return True
    if not stated.subject.head or not known.subject.head or shared(stated.subject, known.subject):
        return False
    if known.subject.head <= ORGANS:  # the size of a kidney is not that of a lesion in it
        return True
    return not (stated.subject.head | stated.subject.beside) & (known.subject.head | known.subject.beside)


def bind(form: str, text: str, numbers: Sequence[_Stated]) -> list[Bound[_Stated]]:
    """Return `numbers` of `text` with their subjects and times; [] for none. Those of one phrase share both."""
    if not numbers:
        return []
    phrases: dict[int, int] = {}
    for number in numbers:
        phrases.setdefault(number.end, number.start)
    spans = sorted((start, end) for end, start in phrases.items())
    positions = find_positions(text)
    by_end = {
        span[1]: with_positions(subject, positions) for span, subject in zip(spans, subjects(text, spans), strict=True)
    }
    starts = sorted(number.start for number in numbers)

    def first_of(number: _Stated) -> int:
        """Return where the phrase of a product begins: "previously 1.1 x 1.0 cm" is of one exam."""
        start = phrases[number.end]
        return number.start if _TO_IN.search(text, start, number.start) else start

    return [
        Bound(form, number, by_end[number.end], _is_then(text, first_of(number), number.end, starts))
        for number in numbers
    ]


def with_positions(subject: Subject, positions: Sequence[Position]) -> Subject:
    """Return `subject` with the numbered positions of its part as places: a segment, a vertebra, a ray."""
    places = {
        (position.kind, str(value))
        for position in positions
        if position.kind not in ("lung", "brain") and subject.start <= position.start < subject.end
        for value in position.values
    }
    bodies = [int(value) for kind, value in places if kind == "spine" and int(value) % 2 == 0]
    spinal = {("spine", str(body + step)) for body in bodies for step in (-1, 1)}  # the discs beside a vertebra
    return subject._replace(places=subject.places | places | spinal) if places else subject


def _is_then(text: str, start: int, end: int, starts: Sequence[int]) -> bool | None:
    """Return whether the number at `start` is of an earlier exam by the words before and after it; None where open.

    `starts` are those of all numbers, in order.
    """
    first, last = sentence_of(text, start)
    before = max(first, start - 60)
    if _THEN.search(text, before, start) or _THEN_AFTER.match(text, end, last):
        return True
    if bisect_left(starts, last) - bisect_left(starts, first) < 2:
        return False
    moved = sentence_has(_MOVED, text, start)
    if moved and _FROM.search(text, before, start):
        return True
    if moved and (_TO.match(text, start, last) or _AFTER_TO.search(text, before, start)):
        return False if _FROM_TO.search(text, before, start) else None
    was = _WAS.search(text, before, start)
    return was is not None and (was["aside"] is not None or sentence_has(_NOW, text, start))
