"""Words of a side and the words beside them, whatever the organ: "left" of "left optic nerve", with "optic nerve"."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from radray.checks.subjects import normal_words
from radray.language.lexicon.attributes import BOTH as BOTH_SIDES
from radray.language.lexicon.attributes import SIDES
from radray.language.lexicon.concept import words_of
from radray.language.lexicon.cues import DENIALS, WELL
from radray.language.normality import LABELS

LEFT, RIGHT, BOTH = "left", "right", "both"
_TABLE = words_of("sides.toml")
_WORDS = {name: frozenset(packed) for name, packed in _TABLE["words"].items()}
_SIDES: dict[str, str] = {
    **{word: BOTH if sides == BOTH_SIDES else min(sides) for word, sides in SIDES.items()},
    **dict.fromkeys(_TABLE["sides"]["both"], BOTH),
}
_BY_NATURE: dict[str, str] = {word: side for side, organs in _TABLE["by_nature"].items() for word in organs}
_PLACES: dict[str, list[str]] = _TABLE["places"]
_MEANINGS: dict[str, str] = {word: meaning for meaning, packed in _TABLE["meanings"].items() for word in packed}
_LETTERS = {"L": LEFT, "R": RIGHT}
"""Letters that stand for a side, only as capitals; "L4" is another word."""
_TOKEN = re.compile(
    r"\d+(?:\.\d+)?(?:\s*-?\s*[mc]m\b)?|[a-z0-9]+(?:[-/'][a-z]+)*|[,;:.!?()]|\n(?!\s*(?-i:[a-z]))", re.IGNORECASE
)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*-?\s*([mc])m", re.IGNORECASE)
_MAY_HOLD = re.compile(r"\b(?:left|right|[lr]t\b|[lr][ulm]l\b|lingul|middle\s+lobe)|(?-i:\b[LR]\b)", re.IGNORECASE)
_MOST = 64
"""Words of a side that are read in one text: no report has more, and each is compared with each."""
_STEM = 6
"""Letters of a word that are compared: "epididymitis" is one of the "epididymis"."""
_LIST_ITEM = 4
"""Most words of an item in a list of anatomy."""
_IS_BARE = frozenset({"on", "at", "in", "the", "side", LEFT, RIGHT})
"""Words of a side that is the heading of its sentence alone: "On the left, there is ..."."""
_HEADING = 8
"""Most words of a heading: "Right breast, 10 o'clock:"."""

_Token = tuple[str, int]


class SideWord(NamedTuple):
    """A word of a side, with the words of its clause."""

    side: str
    quiet: bool
    """Whether the clause denies or says what is well: "no left effusion", "the left lung is clear"."""
    beside: frozenset[str]
    start: int
    end: int
    first: int
    last: int
    """The characters of the clause."""
    by_nature: bool = False
    """Whether an organ implies the side: the spleen lies on the left."""


class _Part(NamedTuple):
    """The words of a sentence between two pauses, and the pause after them."""

    tokens: list[_Token]
    pause: str


def may_hold_side(text: str) -> bool:
    """Return whether `text` may hold a word of a left or right side."""
    return _MAY_HOLD.search(text) is not None


@lru_cache(maxsize=256)
def find_sides(text: str) -> tuple[SideWord, ...]:
    """Return the words of a side in `text`, at most `_MOST`; () for none.

    The words beside a side are those of its clause, between stops and commas, and between "and"s where sides differ. A
    list carries its side on ("the right upper, middle and lower lobes"), and so does a heading ("Left hand. ..."). A
    measurement belongs to the side of its sentence where that has only one. A side that another is compared with or
    moved towards ("worse than left", "shifted to the left") does not count.
    """
    if not may_hold_side(text) and "bi" not in text and "both" not in text:
        return ()
    words: list[SideWord] = []
    heading: SideWord | None = None
    for parts, ended in _sentences(text):
        read, heading = _read(parts, heading)
        words += read
        if len(words) >= _MOST:
            break
        if ended == "\n":
            heading = None
    return tuple(words[:_MOST])


def _sentences(text: str) -> Iterator[tuple[list[_Part], str]]:
    """Yield the parts of each sentence with the stop after it."""
    parts: list[_Part] = []
    tokens: list[_Token] = []
    for match in _TOKEN.finditer(text):
        word = match[0]
        if word[0].isalnum():
            size = _SIZE.fullmatch(word) if word[0].isdigit() else None
            if size:
                word = f"{float(size[1]) * (10 if size[2] in 'cC' else 1):g}mm"
            tokens.append((_LETTERS.get(word) or word.lower(), match.start()))
            continue
        if tokens:
            parts.append(_Part(tokens, word))
            tokens = []
        if word not in ",:()" and parts:
            yield parts, word
            parts = []
    if tokens:
        parts.append(_Part(tokens, ""))
    if parts:
        yield parts, ""


def _read(parts: list[_Part], heading: SideWord | None) -> tuple[list[SideWord], SideWord | None]:
    """Return the side words of a sentence, and the heading that is in force after it."""
    words: list[SideWord] = []
    own = [_names_side(part.tokens) for part in parts]
    at = 0
    passing = False
    while at < len(parts):
        tokens, pause = parts[at]
        if own[at]:
            following = _list_end(parts, own, at) if pause == "," else at
            tokens = [token for part in parts[at : following + 1] for token in part.tokens]
            read = _read_clause(tokens)
            label = len(parts) == 1 and LABELS.issuperset(word for word, _ in tokens)
            passing = pause == "," and following == at and _IS_BARE.issuperset(word for word, _ in tokens)
            heads = (label or passing or (pause == ":" and len(tokens) <= _HEADING)) and len(read) == 1
            heading = read[0] if heads else None
            if not label and (not heads or at + 1 == len(parts) or own[at + 1]):
                words += read
            at = following + 1
            continue
        if heading is not None and pause != ":":
            words.append(_under(heading, tokens))
        elif heading is not None:
            heading = None
        else:
            words += _by_nature(tokens)
        at += 1
    sizes = frozenset(word for part in parts for word, _ in part.tokens if word.endswith("mm") and word[0].isdigit())
    if sizes and len({word.side for word in words if not word.by_nature}) == 1:
        words = [word._replace(beside=word.beside | sizes) for word in words]
    return words, None if passing else heading


def _side_at(words: Sequence[str], at: int) -> str | None:
    """Return the side that the word `at` names: "left", "left-sided", or the "middle" of "middle lobe" by itself.

    The chambers of the heart lie on no side of the patient: "right atrium" names none.
    """
    word = words[at]
    if word == "middle" and words[at + 1 : at + 2] and words[at + 1].startswith("lobe"):
        return None if at and words[at - 1] in _SIDES else RIGHT
    if words[at + 1 : at + 2] and words[at + 1] in _WORDS["chambers"]:
        return None
    return _SIDES.get(word) or (_SIDES.get(word.replace("-", "")) if "-" in word else None)


def _names_side(tokens: Sequence[_Token]) -> bool:
    words = [word for word, _ in tokens]
    return any(_side_at(words, at) is not None for at in range(len(words)))


def _list_end(parts: list[_Part], own: list[bool], at: int) -> int:
    """Return the last part of the list of anatomy that begins in the part `at` with its side; `at` for no list."""
    if not _WORDS["verbs"].isdisjoint(word for word, _ in parts[at].tokens):
        return at
    for following in range(at + 1, len(parts)):
        if own[following]:
            return at
        first = [word for word, _ in parts[following].tokens[: _LIST_ITEM + 1]]
        if "and" in first or "or" in first:
            return following
        if len(first) > _LIST_ITEM or parts[following].pause != "," or not DENIALS.isdisjoint(first):
            return at
    return at


def _read_clause(clause: list[_Token]) -> list[SideWord]:
    words = [word for word, _ in clause]
    sides = {side for at in range(len(words)) if (side := _side_at(words, at)) is not None}
    parts: list[list[_Token]] = [[]]
    for word, start in clause:
        if len(sides) > 1 and word in _WORDS["joins"]:
            parts.append([])
        else:
            parts[-1].append((word, start))
    return [side_word for part in parts if part for side_word in _read_part(part)]


def _read_part(part: list[_Token]) -> Iterator[SideWord]:
    words = [word for word, _ in part]
    sides = [(at, side) for at in range(len(words)) if (side := _side_at(words, at)) is not None]
    beside = frozenset(_stems(word for word in words if word not in _SIDES))
    denied = next((at for at, word in enumerate(words) if word in DENIALS), len(words))
    if not WELL.isdisjoint(words):
        denied = -1
    for at, side in sides:
        if not _is_compared(words, at):
            word, start = part[at]
            yield SideWord(
                side, denied < at, beside.union(_PLACES.get(word, ())), start, start + len(word), *_span(part), False
            )


def _span(part: list[_Token]) -> tuple[int, int]:
    return part[0][1], part[-1][1] + len(part[-1][0])


def _under(heading: SideWord, part: list[_Token]) -> SideWord:
    """Return the side of `heading` with the words of a part that stands under it."""
    words = [word for word, _ in part]
    first, last = _span(part)
    beside = heading.beside.union(_stems(words))
    return heading._replace(quiet=_is_quiet(words), beside=beside, first=first, last=last)


def _is_quiet(words: list[str]) -> bool:
    return not WELL.isdisjoint(words) or not DENIALS.isdisjoint(words)


def _by_nature(part: list[_Token]) -> list[SideWord]:
    if _BY_NATURE.keys().isdisjoint(word for word, _ in part):
        return []
    words = [word for word, _ in part]
    beside = frozenset(_stems(words))
    return [
        SideWord(_BY_NATURE[word], _is_quiet(words), beside, start, start + len(word), *_span(part), True)
        for word, start in part
        if word in _BY_NATURE
    ]


def _is_compared(words: list[str], index: int) -> bool:
    """Return whether the side at `index` is only one that another is compared with or moved towards."""
    before, after = words[max(0, index - 2) : index], words[index + 1 : index + 3]
    if after and (after[0] in _WORDS["comparing"] or (after[0] == "to" and after[1:] and after[1] in _SIDES)):
        return True
    to = ("than", "to", "toward", "towards")
    return bool(before) and (before[-1] in to or (before[-1] == "the" and before[0] in to and len(before) == 2))


def _stems(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        if word not in _WORDS["of_any"]:
            yield from _stem(word)


@lru_cache(maxsize=4096)
def _stem(word: str) -> tuple[str, ...]:
    meaning = _MEANINGS.get(word)
    return (meaning,) if meaning else tuple(part[:_STEM] for part in normal_words(word))
