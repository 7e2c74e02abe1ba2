"""Positions that a text numbers or names: vertebrae, discs, lobes, segments of the liver, ribs, rays, node levels."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from radray.checks.findings.locations import ORDINAL, find_ribs, read_ordinals
from radray.language.alternation import holds

_I = re.IGNORECASE
_VERTEBRA = re.compile(
    r"\b(?P<part>[CTLDS])-?(?P<number>\d{1,2})(?:\s?(?P<link>-|/|\u2013|to|through|thru|on|over)\s?(?P<part_2>[CTLDS])?-?"
    r"(?P<number_2>\d{1,2}))?(?!\w|\.\d)(?!-?\s?(?:weight|hyper|hypo|iso|signal|bright|dark|imag|seq|flair|stir|prolong"
    r"|shorten|relax|fat|post|pre|N\d|M\d|tum))",
    _I,
)
_BETWEEN = frozenset({"-", "/", "\u2013", "on", "over"})
"""Links of two vertebrae that name what lies between: "L4-L5", "anterolisthesis of L4 on L5"."""
_SPINAL = re.compile(
    r"\s*(?:vertebra|body|bodies|level|compression|burst|wedge|fracture|endplate|spinous|transverse|lamina|pedicle"
    r"|facet|nerve|root|disc|disk|neural|foramen|segment|superior|inferior|anterior|posterior|through|to\b)",
    _I,
)
_ROOT = re.compile(r"\s+(?:(?:exiting|traversing|descending)\s+)?(?:nerve\s+)?(?:roots?|nerves?|radicul\w+)\b", _I)
_FIRST = {"c": 0, "t": 7, "d": 7, "l": 19, "s": 24}
"""What is added to a vertebra's number, so that all are counted from C1; "D" is "dorsal", thoracic."""
_VERTEBRAE_OF = {"c": 7, "t": 12, "d": 12, "l": 6, "s": 5}
_NAMED_VERTEBRA = re.compile(
    rf"\b(?P<numbers>{ORDINAL})\s+(?P<part>cervical|thoracic|dorsal|lumbar|sacral)\s+(?:vertebra|body|segment)", _I
)

_LOBE = re.compile(
    r"\b(?P<short>[rl][uml]l)\b"
    r"|\b(?P<lobes>(?:upper|middle|lower)(?:(?:,\s*|\s+(?:and|or)\s+|,\s*and\s+)(?:upper|middle|lower))*)\s+lobes?\b"
    r"|\b(?P<zone>upper|lower)\s+(?:lung|zone)s?\b"
    r"|\b(?P<lingula>lingular?)\b"
    r"|\b(?:(?:left|right|both|lung)\s+(?:lung\s+)?(?P<base>bases?)|(?P<basilar>bi-?bas(?:ilar|al)|basilar|basal))\b"
    r"(?!\s+(?:ganglia|cistern|artery|tip|invagination|skull|segment))"
    r"|\b(?P<apex>bi-?apical|apical|apex|apices)\b(?!\s+(?:segment|pleural|cap|view|lordotic))",
    _I,
)
_LOBE_STEMS = (
    "lobe",
    "lung",
    "zone",
    "basal",
    "basil",
    "base",
    "apic",
    "apex",
    "lingul",
    "rul",
    "lul",
    "rml",
    "rll",
    "lll",
)
_ZONES = {
    "upper": frozenset({"upper"}),
    "middle": frozenset({"middle"}),
    "lower": frozenset({"lower"}),
    "lingula": frozenset({"upper", "lingula"}),
    "base": frozenset({"lower", "middle", "lingula"}),
}
"""The lobes that a word may mean: an opacity at the base may lie in the lower or the middle lobe or in the lingula."""
_LETTERS = {"u": "upper", "m": "middle", "l": "lower"}
_BRAIN = re.compile(
    r"(?<!o)\b(?P<lobe>frontal|parietal|temporal|occipital|cerebell(?:ar|um))\b(?P<noun>\s+lobes?\b)?"
    r"(?!\s+(?:bones?|sinus\w*|horns?|scalp|views?|projections?|radiograph\w*|films?|images?|calvari\w*|skull|process"
    r"|approach|crani\w*|burr|arter\w*|condyles?|pleura|tonsils?|and\s+lateral|and\s+\w+\s+sinus|ethmoid|maxillary))(?!,\s*\w+\s+and)",
    _I,
)
_SEGMENT = re.compile(
    r"\bsegments?\s+(?P<numbers>(?:viii|vii|vi|iv|v|iii|ii|i|[1-8])[ab]?"
    r"(?:\s?(?:-|/|,|and|to|or)\s?(?:viii|vii|vi|iv|v|iii|ii|i|[1-8])[ab]?)*)\b",
    _I,
)
_NODES = re.compile(r"\blevels?\s+(?P<numbers>(?:vii|vi|iv|v|iii|ii|i|[1-7])[ab]?)\b", _I)
_ROMAN = re.compile(r"(?:viii|vii|vi|iv|v|iii|ii|i)(?=[ab]?\b)|[1-8]", _I)
_VALUES = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8}
_RAY = re.compile(
    rf"\b(?P<numbers>{ORDINAL}(?:(?:\s*(?:-|,|and|to|through|or|&)\s*)+{ORDINAL}){{0,4}})\s+"
    r"(?:(?:left|right|proximal|distal|middle|mid)\s+){0,2}(?:metacarp\w+|metatars\w+|digits?|fingers?|toes?|rays?|mcp|mtp"
    r"|pip|dip|phalan\w+)\b"
    r"|\b(?P<name>thumb|index\s+finger|(?:long|middle)\s+finger|ring\s+finger|(?:little|small|pinky)\s+(?:finger|toe)"
    r"|(?:great|big)\s+toe|hallux)\b",
    _I,
)
_DIGIT = re.compile(r"\d")
_BRAIN_STEMS = ("frontal", "parietal", "temporal", "occipital", "cerebell")
_RAY_STEMS = (
    "metacarp",
    "metatars",
    "digit",
    "finger",
    "toe",
    "thumb",
    "hallux",
    "ray",
    "mcp",
    "mtp",
    "pip",
    "dip",
    "phal",
)
_RAYS = {"thumb": 1, "index": 2, "long": 3, "middle": 3, "ring": 4, "little": 5, "small": 5, "pinky": 5}
MAX_POSITIONS = 64
"""Positions of a kind that are read in a text, its first ones: each is compared with each."""


class Position(NamedTuple):
    """A position of one kind; two agree where they share a value."""

    kind: str
    """"spine", "root", "lung", "brain", "liver", "rib", "ray" or "nodes"."""
    values: frozenset[int | str]
    side: str | None
    """The side that its word implies: "RUL" is right."""
    start: int
    end: int


@lru_cache(maxsize=512)
def find_positions(text: str) -> tuple[Position, ...]:
    """Return the positions of `text` in order of their start; () for none.

    A disc lies between two vertebrae and agrees with each; "L3 to L5" covers all that lies between.
    """
    lowered = text.lower()
    positions: list[Position] = []
    if _DIGIT.search(text) or "vertebra" in lowered:
        positions += _vertebrae(text)
    if holds(lowered, _LOBE_STEMS):
        positions += _lobes(text)
    if holds(lowered, _BRAIN_STEMS):
        positions += _brain(text)
    if "segment" in lowered:
        positions += [_numbered("liver", match) for match in _SEGMENT.finditer(text)]
    if "level" in lowered and ("node" in lowered or "adenopathy" in lowered or "nodal" in lowered):
        positions += [_numbered("nodes", match) for match in _NODES.finditer(text)]
    positions += [Position("rib", frozenset(ribs), None, start, end) for ribs, start, end in find_ribs(text)]
    if holds(lowered, _RAY_STEMS):
        positions += [
            Position("ray", frozenset(_rays(match)), None, match.start(), match.end()) for match in _RAY.finditer(text)
        ]
    return tuple(sorted(positions[: 8 * MAX_POSITIONS], key=lambda position: position.start))


def _vertebrae(text: str) -> Iterator[Position]:
    for match in _VERTEBRA.finditer(text):
        part, number = match["part"].lower(), int(match["number"])
        if not 1 <= number <= _VERTEBRAE_OF[part]:
            continue
        if not match["number_2"] and part in "ts" and number <= 3 and not _SPINAL.match(text, match.end()):
            continue  # "T1" and "T2" are weightings, "S1" and "S2" sounds of the heart
        kind = "root" if _ROOT.match(text, match.end()) else "spine"
        first = last = _FIRST[part] + number
        if match["number_2"]:
            last = _FIRST[(match["part_2"] or part).lower()] + int(match["number_2"])
        if first + 1 == last and match["link"].lower() in _BETWEEN:
            yield Position(kind, frozenset({2 * first + 1}), None, match.start(), match.end())
        elif first <= last <= _FIRST["s"] + 5:
            yield Position(kind, frozenset(range(2 * first, 2 * last + 1)), None, match.start(), match.end())
    for match in _NAMED_VERTEBRA.finditer(text) if "vertebra" in text.lower() else ():
        for number in read_ordinals(match["numbers"]):
            place = 2 * (_FIRST[match["part"][0].lower()] + number)
            yield Position("spine", frozenset({place}), None, match.start(), match.end())


def _lobes(text: str) -> Iterator[Position]:
    for match in _LOBE.finditer(text):
        kind = match.lastgroup
        side = None
        if kind == "short":
            side = "left" if match["short"][0].lower() == "l" else "right"
            names = {_LETTERS[match["short"][1].lower()]}
        elif kind == "lobes":
            names = set(re.findall("upper|middle|lower", match["lobes"].lower()))
        elif kind == "zone":
            names = {"upper" if match["zone"].lower() == "upper" else "base"}
        elif kind == "lingula":
            side, names = "left", {"lingula"}
        else:
            names = {"upper" if kind == "apex" else "base"}
        values = frozenset[int | str]().union(*(_ZONES[name] for name in names))
        yield Position("lung", values, side, match.start(), match.end())


def _brain(text: str) -> Iterator[Position]:
    for match in _BRAIN.finditer(text):
        yield Position("brain", frozenset({match["lobe"].lower()[:8]}), None, match.start(), match.end())


def _numbered(kind: str, match: re.Match[str]) -> Position:
    values: list[int] = []
    end = 0
    for number in _ROMAN.finditer(match["numbers"]):
        value = _VALUES.get(number[0].lower()) or int(number[0])
        if values and re.search(r"-|to", match["numbers"][end : number.start()]):
            values += range(values[-1], value)
        values.append(value)
        end = number.end()
    return Position(kind, frozenset(values), None, match.start(), match.end())


def _rays(match: re.Match[str]) -> frozenset[int]:
    if match["numbers"]:
        return read_ordinals(match["numbers"])
    return frozenset({_RAYS.get(match["name"].lower().split()[0], 1)})


def agree(first: Position, second: Position) -> bool:
    """Return whether two positions of a kind may be the same; a disc agrees with the vertebrae beside it."""
    if first.kind in ("spine", "root"):
        return any(
            isinstance(end, int) and isinstance(other, int) and abs(end - other) <= 1
            for end in first.values
            for other in second.values
        )
    return not first.values.isdisjoint(second.values)
