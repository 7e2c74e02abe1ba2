"""Find tubes and lines that end in the wrong place: a device and a place of ``words/malpositions.toml``."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from radray.language.alternation import alternation, holds, lower
from radray.language.lexicon.concept import expand, words_of

_REACH = 110
"""Most characters between a device and its place: "tip of the tube has been advanced and now lies in the"."""
_BACK = 40
"""The same where the place comes first: "coiled in the esophagus is the feeding tube"."""
_SPACE = r"[\s-]+"
_PART = (
    r"(?:(?:the|a|an|his|her|this|patient|s|proximal|distal|mid|upper|lower|middle|right|left|cervical|thoracic|lateral|level"
    r"|of|region|bilateral|superior|opposite|ipsilateral|contralateral|expected|location|area|takeoff|origin|deep|posterior"
    rf"|anterior|adjacent|overlying){_SPACE}){{0,6}}"
)
_TABLE = words_of("malpositions.toml")
_LINKS: dict[str, list[str]] = _TABLE["links"]
_SOUND = re.compile(
    r"\b(?:no\s+longer|not|without|previously|formerly|had\s+been|rather\s+than|instead\s+of|stents?|away\s+from|was)\b",
    re.IGNORECASE,
)
"""Between a device and its place: it is not there, or no more."""
_NOW = re.compile(r"\b(?:now|currently|remains?|still|again|is|should\s+not)\b", re.IGNORECASE)
_MENDED = re.compile(
    r"\b(?:has|have|was|were)\s+(?:\w+\s+){0,2}?(?:been\s+)?(?:repositioned|withdrawn|retracted|pulled\s+back|corrected|removed"
    r"|adjusted|replaced|exchanged)\b|\binterval\s+(?:repositioning|withdrawal|retraction|removal|correction)\b",
    re.IGNORECASE,
)
"""After a malposition, or in the sentence after it: it has been put right."""
_DOUBT = re.compile(
    r"\b(?:may|might|could|possibl[ey]|probabl[ey]|likely|concern\w*|suspicious|question\w*|suggest\w*)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?:[^.;\n]|\.(?=\d)|\n(?=[a-z]))+")
_OF_SOMETHING_ELSE = (
    rf"(?!{_SPACE}(?:stent|base|bases|apex|apices|opacit|volume|field|zone|marking|line|catheter|central|approach|port\\b|access"
    r"|dialysis|introducer|sheath|wall))"
)
"""After a place: not the place itself ("lung base", "jugular line")."""
_REACHES_ITS_GOAL = re.compile(
    r"\b(?:tips?|terminat\w+|ends?|ending)\b[^.;]{0,40}?\b(?:svc|superior\s+vena|cavo-?\s?atrial|right\s+atri)",
    re.IGNORECASE,
)
"""A line that passes a vein on its way."""


class Malposition(NamedTuple):
    """Characters `start` to `end` from the device to its place; `doubtful` where the text says "may be"."""

    start: int
    end: int
    doubtful: bool


def _any(phrases: list[str]) -> str:
    return alternation((phrase for packed in phrases for phrase in expand(packed)), _SPACE)


def _stems(phrases: list[str]) -> tuple[str, ...]:
    """Return the longest word of each phrase: a sentence without any of them has none of the phrases."""
    return tuple(sorted({max(phrase.split(), key=len) for packed in phrases for phrase in expand(packed)}))


def _places(kind: dict[str, list[str]]) -> re.Pattern[str]:
    ways = [
        rf"(?:{_any(phrases)}){_SPACE}{_PART}(?:{_any(kind[link])})\b{_OF_SOMETHING_ELSE}"
        for link, phrases in _LINKS.items()
        if link in kind
    ]
    return re.compile(rf"\b(?:{'|'.join(ways)})")


_KINDS: dict[str, dict[str, list[str]]] = {name: kind for name, kind in _TABLE.items() if name != "links"}


class _Patterns(NamedTuple):
    devices: re.Pattern[str]
    places: dict[str, re.Pattern[str]]
    place_stems: dict[str, tuple[str, ...]]
    alone: re.Pattern[str]
    alone_stems: tuple[str, ...]


@cache
def _patterns() -> _Patterns:
    """Return what is searched for, compiled when a text first names a tube: it takes longer than all other imports."""
    devices = "|".join(f"(?P<{name}>{_any(kind['devices'])})" for name, kind in _KINDS.items())
    alone = [phrase for kind in _KINDS.values() for phrase in kind["alone"]]
    return _Patterns(
        re.compile(rf"\b(?:{devices})s?\b"),
        {name: _places(kind) for name, kind in _KINDS.items()},
        {name: _stems([phrase for link in _LINKS for phrase in kind.get(link, ())]) for name, kind in _KINDS.items()},
        re.compile(rf"\b(?:{_any(alone)})\b"),
        _stems(alone),
    )


def find_malpositions(text: str, devices: Sequence[int] | None = None) -> list[Malposition]:
    """Return the tubes and lines of `text` that end in the wrong place, in order; [] for none.

    `devices` are the characters at which the text names tubes and lines: only their sentences, and the next ones ("The
    tip lies ..."), are read; None: all are.
    The device nearest before the place is the one that ends there, or the next one after it. What is denied, is of an
    earlier time, or is put right in this or the next sentence is none. Takes time linear in the length of `text`.
    """
    text = lower(text)
    sentences = [match.span() for match in _SENTENCE.finditer(text)]
    malpositions: list[Malposition] = []
    named = None if devices is None else sorted(devices)
    for index, (first, last) in enumerate(sentences):
        since = sentences[index - 1][0] if index else first
        if named is not None and bisect_left(named, since) == bisect_left(named, last):
            continue
        mended = _Ahead(_MENDED, text, sentences[index + 1][1] if index + 1 < len(sentences) else last)
        for start, end in _in_sentence(text, first, last):
            if not mended.after(end):
                malpositions.append(Malposition(start, end, _DOUBT.search(text, start, end) is not None))
    return malpositions


class _Ahead:
    """Whether a pattern matches between a place and the end of a part, asked from one place after another.

    The match that is found for one place stands for all places up to it, and so does that there is none.
    """

    def __init__(self, pattern: re.Pattern[str], text: str, end: int) -> None:
        self._search, self._text, self._end = pattern.search, text, end
        self._match = self._none = -1

    def after(self, at: int) -> bool:
        """Return whether the pattern matches from `at` on."""
        if at <= self._match or 0 <= self._none <= at:
            return at <= self._match
        match = self._search(self._text, at, self._end)
        if match is None:
            self._none = at
        else:
            self._match = match.start()
        return match is not None


def _in_sentence(text: str, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield the span from device to place for each malposition in the sentence `first` to `last` that is not denied."""
    sentence = text[first:last]
    patterns = _patterns()
    for match in patterns.alone.finditer(text, first, last) if holds(sentence, patterns.alone_stems) else ():
        if not _SOUND.search(text, max(first, match.start() - _BACK), match.start()):
            yield match.span()
    kinds = [kind for kind, stems in patterns.place_stems.items() if holds(sentence, stems)]
    if not kinds:
        return
    devices = [
        (match.start(), match.end(), match.lastgroup or "") for match in patterns.devices.finditer(text, first, last)
    ]
    named = {kind for _, _, kind in devices}
    goal = _Ahead(_REACHES_ITS_GOAL, text, last)
    for kind in (kind for kind in kinds if kind in named):
        for place in patterns.places[kind].finditer(text, first, last):
            start = _device_of(place, kind, devices)
            if start is None or (kind == "central_line" and goal.after(start)):
                continue
            denied = list(_SOUND.finditer(text, min(start, place.start()), place.start()))
            if not denied or _NOW.search(text, denied[-1].end(), place.start()):
                yield min(start, place.start()), place.end()
                break


def _device_of(place: re.Match[str], kind: str, devices: list[tuple[int, int, str]]) -> int | None:
    """Return the start of the device of `kind` that ends at `place`; None where another device is nearer."""
    before = bisect_left(devices, place.start(), key=lambda device: device[0])
    if before:
        start, end, nearest = devices[before - 1]
        return start if nearest == kind and place.start() - end <= _REACH else None
    start, _, nearest = devices[0]
    return start if nearest == kind and start - place.end() <= _BACK else None
