"""The devices of a report, read from the codes that people gave it, or by our rules from its text."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from radray.language.mentions import Mention, State, find_mentions
from radray.tasks.answering import Entry
from radray.tasks.devices.kinds import DEVICE, GROUP_OF, KINDS, LINE, TUBE, kind_of_code
from radray.tasks.entries import SIDES, place_of

MISPLACED, MAYBE_MISPLACED = "malpositioned", "possibly_malpositioned"
STATES = (MISPLACED, MAYBE_MISPLACED, State.PRESENT.value, State.UNCERTAIN.value)
"""The states of a device, of which an earlier one prevails over a later one."""

_ENDS = {
    "superior vena cava": r"svc|superior\s+vena\s+cava",
    "cavoatrial junction": r"cav(?:al|o)[\s-]?atrial(?:\s+junction)?",
    "right atrium": r"right\s+atri(?:um|al)",
    "right ventricle": r"right\s+ventric(?:le|ular)",
    "azygos vein": r"azyg(?:o|ou)s",
    "innominate vein": r"(?:innominate|brachiocephalic)\s+vein",
    "carina": r"carina",
    "trachea": r"trachea",
    "main bronchus": r"(?:main\s?stem|main)\s+bronchus",
    "esophagus": r"o?esophagus",
    "stomach": r"stomach|gastric\s+(?:body|fundus|antrum)",
    "duodenum": r"duodenum",
}
"""Where tubes, lines and leads end, and how reports write that."""
_PLACES = (
    *("mediastinum", "hilum", "abdomen", "axilla", "breast", "neck", "shoulder", "humerus", "coronary", "aorta"),
    *("cervical spine", "thoracic spine", "lumbar spine", "spine", "pelvis"),
)
"""Places of `Mention.locations` where clips, hardware and the like are."""
_WHERE = (*_ENDS, *_PLACES)
PLACES = (*SIDES, *_WHERE, *(f"{side}, {place}" for side in SIDES for place in _WHERE))
"""Places of entries: a side, where it is or ends, or both."""

_END = re.compile(
    r"\b(?:tips?|terminat\w+|ends?|ending|project\w*|over|overl\w+|above|below|within|in|into|at|near)\b[^.;]{0,60}?\b"
    rf"(?:{'|'.join(f'(?P<e{number}>{words})' for number, words in enumerate(_ENDS.values()))})\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?:[^.;\n]|\.(?=\d))+")
_GOES_ON = re.compile(r"[.;\s]*(?:(?:the|its|distal|catheter|line|tube)\s+)*(?:tip|it)\b", re.IGNORECASE)
"""The beginning of a sentence on where the device of the one before ends."""
_REACH = 300
"""Most characters between a device and what is read of it: its side, and where it ends."""
_OWN_SIDE = re.compile(
    r"\b(left|right|bilateral)(?:ly)?\b(?!\s+(?:atri|ventric|main|innominate|brachiocephalic|heart|___))", re.IGNORECASE
)
"""A side that is not part of a place's name, nor of one that is masked."""
_UNNAMED = (
    (re.compile(r"catheter|\bline", re.IGNORECASE), LINE),
    (re.compile(r"stent", re.IGNORECASE), "stent"),
    (re.compile(r"tub(?:es?|ing)\b|drain", re.IGNORECASE), TUBE),
)
"""Groups by the words of a device of a kind that is not named."""
_ALL = re.compile(r"\b(?:lines|tubes|drains)(?:\s*(?:,|/|and)\s*(?:lines|tubes|drains|devices))+", re.IGNORECASE)
"""All tubes and lines together, which are named elsewhere."""
_CONCEPTS = {*KINDS, "support_devices"} - {TUBE, LINE, DEVICE}
_MOVING = frozenset(kind for kind, group in GROUP_OF.items() if group in (TUBE, LINE)) | {TUBE, LINE}
"""Kinds that are taken out again."""


@dataclass(slots=True)
class _Device:
    """What a report says of a kind: of all devices of it together."""

    states: set[str] = field(default_factory=set)
    sides: set[str] = field(default_factory=set)
    where: list[str] = field(default_factory=list)

    def add(self, other: "_Device") -> None:
        self.states |= other.states
        self.sides |= other.sides
        self.where += other.where

    def entry(self, kind: str) -> Entry:
        state = min(self.states, key=STATES.index)
        side = place_of(frozenset(self.sides))
        return Entry(kind, state, ", ".join(filter(None, (side, *self.where[:1]))) or None)


def read_codes(codes: Iterable[frozenset[str]]) -> tuple[Entry, ...]:
    """Return the devices of the parsed `codes` of a report, each present, with its side; () for none.

    The codes know groups of kinds, and nothing of where a device ends and whether it should.
    """
    devices: dict[str, _Device] = {}
    for code in codes:
        kind = kind_of_code(code)
        if kind is not None:
            device = devices.setdefault(kind, _Device({State.PRESENT.value}))
            device.sides.update(*(SIDES[word] for word in code & SIDES.keys()))
    return _entries(devices)


def read_texts(texts: Iterable[str]) -> tuple[Entry, ...]:
    """Return the devices that `texts` have by our rules, one entry a kind; () for none.

    What is denied, was taken out, or is a tube or line of an earlier time is left out. Takes time linear in a text.
    """
    devices: dict[str, _Device] = {}
    for text in texts:
        named = list(_named(text))
        if not named:
            continue
        sentences = [match.span() for match in _SENTENCE.finditer(text)]
        following = [mention.start for mention, _ in named[1:]]
        for (mention, kind), limit in zip(named, [*following, len(text)], strict=True):
            device = devices.setdefault(kind, _Device())
            device.states.add(mention.state.value)
            start, end = _about(text, sentences, mention.start)
            device.sides |= mention.sides & _own_sides(text, start, end)
            end = min(end, max(limit, mention.end))
            device.where += _ends(text, mention.start, end) or [its for its in _PLACES if its in mention.locations]
        moving = [(mention.start, kind) for mention, kind in named if kind in _MOVING]
        for mention in find_mentions(text):
            if mention.concept == "malpositioned_device" and mention.state != State.ABSENT:
                last = bisect_left(moving, (mention.end,)) - 1
                kind = moving[max(last, 0)][1] if moving else DEVICE
                state = MISPLACED if mention.state == State.PRESENT else MAYBE_MISPLACED
                devices.setdefault(kind, _Device()).states.add(state)
    return _entries(devices)


def _entries(devices: dict[str, _Device]) -> tuple[Entry, ...]:
    """Return an entry for each kind. A device of no closer kind is the only one of its group that is named closer."""
    for group in (TUBE, LINE, DEVICE):
        closer = [kind for kind in devices if GROUP_OF.get(kind) == group]
        if group in devices and len(closer) == 1:
            devices[closer[0]].add(devices.pop(group))
    return tuple(devices[kind].entry(kind) for kind in KINDS if kind in devices)


def _named(text: str) -> Iterator[tuple[Mention, str]]:
    """Yield the devices that are there, with their kinds, in order."""
    together = [match.span() for match in _ALL.finditer(text)]
    for mention in find_mentions(text):
        if mention.concept not in _CONCEPTS or mention.state == State.ABSENT:
            continue
        within = bisect_right(together, (mention.start, len(text))) - 1
        if within >= 0 and mention.end <= together[within][1]:
            continue
        kind = mention.concept if mention.concept != "support_devices" else _unnamed(text[mention.start : mention.end])
        if not (mention.historical and kind in _MOVING):
            yield mention, kind


def _unnamed(words: str) -> str:
    return next((group for pattern, group in _UNNAMED if pattern.search(words)), DEVICE)


def _about(text: str, sentences: list[tuple[int, int]], at: int) -> tuple[int, int]:
    """Return the span about the device at `at`: its sentence, and the next one if that goes on about its tip.

    No more than _REACH characters before and after it.
    """
    index = max(bisect_right(sentences, (at, len(text))) - 1, 0)
    start, end = sentences[index]
    if index + 1 < len(sentences) and _GOES_ON.match(text, end):
        end = sentences[index + 1][1]
    return max(start, at - _REACH), min(end, at + _REACH)


def _own_sides(text: str, start: int, end: int) -> frozenset[str]:
    return frozenset[str]().union(*(SIDES[side.lower()] for side in _OWN_SIDE.findall(text, start, end)))


def _ends(text: str, start: int, end: int) -> list[str]:
    match = _END.search(text, start, end)
    return [] if match is None else [list(_ENDS)[int(str(match.lastgroup)[1:])]]
