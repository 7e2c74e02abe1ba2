"""Find the findings and devices that a text names: state, side, location, severity and change of each."""

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate, pairwise

from radray.language.assertion import ASKED, COLON, STOP, Words, asserted, denies
from radray.language.binding import bind
from radray.language.lexicon.attributes import SIDES
from radray.language.lexicon.concepts import CONCEPTS
from radray.language.lexicon.cues import GIVEN, PARTS
from radray.language.lexicon.trie import TRIE, Entry, scan
from radray.language.lexicon.vocabulary import forgets
from radray.language.malpositions import find_malpositions
from radray.language.organs import bind_organs
from radray.language.sentences import split_sentences
from radray.language.targets import BORDERLINE, NORMAL, Match, Target, find_targets, listed

_WORD = re.compile(r"\w+")
_NOTHING: frozenset[str] = frozenset()
_TUBES = frozenset(
    {
        *("endotracheal_tube", "tracheostomy_tube", "enteric_tube", "chest_tube", "central_line", "support_devices"),
        "circulatory_support",
    }
)
MIDLINE_TUBES = frozenset({"endotracheal_tube", "tracheostomy_tube", "enteric_tube"})
"""Devices in the midline: a side beside one is that of the bronchus that it lies in, or of a lung."""
_OPEN = frozenset({"cannot", "not", "should", "must", "could", "needs", "need"})
_OR = frozenset({"or", "versus", "vs"})
_OF_NEXT_WORDS = Entry(cue="prefix")
_ALTERNATIVE = 5
"""Most words from one alternative to the next."""
KEPT_TEXTS = 1024
"""Texts whose mentions are cached: the findings of a report are read for its stratum, its prediction and its reference,
and the same normal texts recur all the time."""
KEPT_PARTS = 8192
"""Parts of texts whose mentions are cached."""


_SENTENCE_END = re.compile(r"[.](?<=[a-z]{3}.)(?<!mrs.)(?<!rof.)(?<!rox.)(?<!ncl.)(?<!esp.)(?<!igs.)\s+(?=[A-Z][a-z])")
"""An end of a sentence beyond doubt: no abbreviation of `radray.language.sentences` before it."""
_LIST_MARK = re.compile(r"[.)](?:(?<=[\s(][A-Za-z0-9].)|(?<=[\s(]\d\d.)|(?<=\A[A-Za-z0-9].)|(?<=\A\d\d.))")
"""A mark of a list, such as "2." or "(b)"; the stop first, since looking back from every character takes long."""


class State(StrEnum):
    """Whether a text asserts a concept."""

    PRESENT = "present"
    ABSENT = "absent"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Mention:
    """A concept of the phrase table, as named at one place of a text.

    `start` and `end` are the characters of the concept's own words in the text ("heart is mildly enlarged"); `sides` is
    a subset of {"left", "right"}, both for bilateral, empty where not stated; `severity` is one of `SEVERITIES`;
    `locations` are keys of `LOCATIONS`; `change` is "new", "increased", "decreased", "unchanged" or "resolved" (which
    makes it absent), None where not stated; `sentence` is the ordinal by `split_sentences`; `historical` is true under
    "history of", "old", "prior" and the like. A side carries over within a list ("left effusion and atelectasis") and
    from a finding to its interpretation; severity and change do not.
    """

    concept: str
    start: int
    end: int
    state: State
    sides: frozenset[str]
    severity: str | None
    locations: frozenset[str]
    change: str | None
    sentence: int
    historical: bool = False


@forgets
@lru_cache(maxsize=KEPT_TEXTS)
def find_mentions(text: str) -> tuple[Mention, ...]:
    """Return the mentions of `text` in order of their start; () for a text without a word of the table.

    Works on cleaned and on raw text, in any case and across line breaks; masks are words like any other. Statements of
    normality such as "Heart size is normal" are mentions of what they deny (cardiomegaly, absent). Takes time linear in
    the length of the text; the mentions of the last `KEPT_TEXTS` texts are cached.
    """
    mentions: list[Mention] = []
    sentences = 0
    for start, end in _parts(text):
        of_part, count = _read(text[start:end])
        if any(mention.concept in _TUBES for mention in of_part):
            return _read(text)[0]  # where a tube ends, and that it was moved, may stand in the next sentence
        mentions += (_moved(mention, start, sentences) for mention in of_part)
        sentences += count
    return tuple(mentions)


def _parts(text: str) -> list[tuple[int, int]]:
    """Return the spans of parts of `text`, sentences or a few, that are read each by itself, since many recur.

    Of the 5,648 parts of Open-i's findings 3,416 are repetitions, such as "The lungs are clear."
    A list is one part, as its numbers depend on each other.
    """
    if _LIST_MARK.search(text):
        return [(0, len(text))]
    starts = [0, *(match.end() for match in _SENTENCE_END.finditer(text))]
    return list(zip(starts, [*starts[1:], len(text)], strict=True))


def _moved(mention: Mention, characters: int, sentences: int) -> Mention:
    """Return `mention` of a part that has so many characters and sentences before it."""
    if not characters:
        return mention
    return Mention(
        mention.concept,
        mention.start + characters,
        mention.end + characters,
        mention.state,
        mention.sides,
        mention.severity,
        mention.locations,
        mention.change,
        mention.sentence + sentences,
        mention.historical,
    )


@forgets
@lru_cache(maxsize=KEPT_PARTS)
def _read(text: str) -> tuple[tuple[Mention, ...], int]:
    """Return the mentions of `text`, read as a whole, and how many sentences it has."""
    words = Words(text)
    matches = scan(TRIE, words.words, words.barriers, 0, len(words.words))
    if not any(entry.concepts or entry.anatomy for _, _, entry in matches):
        return (), len(split_sentences(text))
    ordinals = _sentence_ends(text)
    mentions: list[Mention] = []
    first = index = sentence = 0
    total = len(words.words)
    barriers = words.barriers
    given = not GIVEN.isdisjoint(words.words)
    while first < total:
        while ordinals[sentence] <= first:
            sentence += 1
        last = first + 1
        while last < ordinals[sentence] and barriers[last] < STOP:
            last += 1
        clause: list[Match] = []
        while index < len(matches) and matches[index][0] < last:
            clause.append(matches[index])
            index += 1
        if clause:
            # a line break ends a sentence but may stand within a phrase: raw text is wrapped
            last = max(last, clause[-1][1])
            for target in _read_clause(words, first, last, clause, given):
                mentions.extend(_mentions(words, target, sentence))
        first = last
    devices = [mention.start for mention in mentions if mention.concept in _TUBES]
    if devices:
        mentions = _with_malpositions(words, ordinals, text, mentions, devices)
    mentions.sort(key=lambda mention: mention.start)
    return tuple(mentions), len(ordinals)


def _with_malpositions(
    words: Words, ordinals: list[int], text: str, mentions: list[Mention], devices: list[int]
) -> list[Mention]:
    """Return `mentions` with one more for each tube or line in the wrong place; its side is no side of a tube."""
    misplaced = find_malpositions(text, devices)
    spans = sorted((start, end) for start, end, _ in misplaced)
    starts = [start for start, _ in spans]
    ends = list(accumulate((end for _, end in spans), max))

    def is_misplaced(at: int) -> bool:
        place = bisect_right(starts, at)
        return place > 0 and at < ends[place - 1]

    mentions = [
        replace(mention, sides=_NOTHING)
        if mention.concept in MIDLINE_TUBES and is_misplaced(mention.start)
        else mention
        for mention in mentions
    ]
    for start, end, doubtful in misplaced:
        first, last = bisect_left(words.starts, start), bisect_left(words.starts, end)
        sides = _NOTHING.union(*(SIDES.get(word, _NOTHING) for word in words.words[first:last]))
        state = State.UNCERTAIN if doubtful else State.PRESENT
        sentence = bisect_right(ordinals, first)
        mentions.append(Mention("malpositioned_device", start, end, state, sides, None, _NOTHING, None, sentence))
    return mentions


def _sentence_ends(text: str) -> list[int]:
    """Return, for each sentence of `text`, the number of words up to its end."""
    ends, count = [], 0
    for sentence in split_sentences(text):
        count += len(_WORD.findall(sentence))
        ends.append(count)
    return ends


def _mentions(words: Words, target: Target, sentence: int) -> list[Mention]:
    return [
        Mention(
            concept=concept,
            start=words.starts[target.first],
            end=words.ends[target.last - 1],
            state=target.state,
            sides=frozenset(target.sides) if target.sides else _NOTHING,
            severity=target.severity,
            locations=frozenset(target.places) if target.places else _NOTHING,
            change=target.change,
            sentence=sentence,
            historical=target.past,
        )
        for concept in target.concepts
    ]


def _read_clause(words: Words, first: int, last: int, matches: list[Match], given: bool) -> list[Target]:
    targets, used = find_targets(words, matches)
    targets = bind_organs(words, first, last, targets)
    if not targets:
        return []
    cues = {start: (end, entry) for start, end, entry in matches if entry.cue is not None}
    if given:
        covered = {at for target in targets for at in range(target.first, target.last - 1)}
        cues = {
            start: (end, entry if entry.cue != "negation" or denies(words, end, covered) else _OF_NEXT_WORDS)
            for start, (end, entry) in cues.items()
        }
    negated, doubted, past, limited = asserted(words, first, last, cues)
    links = {start for start, (_, entry) in cues.items() if entry.cue in ("link", "uncertainty")}
    bind(words, first, last, matches, targets, used, links)
    for target in targets:
        decided = target.last - 1 - first
        target.past = past[target.first - first]
        if limited[decided]:
            target.state = None
        elif target.kind == NORMAL:
            inside = any(at in cues and cues[at][1].cue == "negation" for at in range(target.first, target.last))
            target.state = State.PRESENT if inside else State.UNCERTAIN if doubted[decided] else State.ABSENT
        elif negated[decided] and not _part_alone(words, first, target):
            target.state = State.ABSENT
        elif doubted[decided] or target.kind == BORDERLINE:
            target.state = State.UNCERTAIN
        else:
            target.state = State.PRESENT
        if target.change == "resolved":
            target.state = State.ABSENT
    _look_back(words, first, last, cues, targets)
    _doubt_alternatives(words, targets)
    if words.barriers[last] == ASKED and targets[-1].state == State.PRESENT:
        targets[-1].state = State.UNCERTAIN
    return [target for target in targets if target.state is not None]


def _part_alone(words: Words, first: int, target: Target, *, between: bool = False) -> bool:
    """Return whether only a part of a device is meant: "tube tip not visualized"; `between`: one before the cue."""
    if not CONCEPTS[target.concepts[0]].device:
        return False
    before, after = (
        words.words[max(target.first - 3, first) : target.first],
        words.words[target.last - 1 : target.last + 1],
    )
    return not PARTS.isdisjoint(after) or (before[-1:] != ["no"] and not PARTS.isdisjoint(before)) or between


def _doubt_alternatives(words: Words, targets: list[Target]) -> None:
    """Mark two findings joined by "or" or "versus" as uncertain where they are not denied: either may be present."""
    for earlier, later in pairwise(targets):
        between = words.words[earlier.last : min(later.first, earlier.last + _ALTERNATIVE)]
        if later.first - earlier.last <= _ALTERNATIVE and not _OR.isdisjoint(between):
            if earlier.change == "unchanged":  # "no change in effusion or atelectasis": of both
                later.change = later.change or earlier.change
                continue
            for target in (earlier, later):
                if target.state == State.PRESENT and target.kind != NORMAL:
                    target.state = State.UNCERTAIN


def _look_back(words: Words, first: int, last: int, cues: dict[int, tuple[int, Entry]], targets: list[Target]) -> None:
    """Apply the cues that stand after their finding ("cannot be excluded", "not seen", ": none") to its state."""
    tokens = words.words
    firsts = [target.first for target in targets]
    parts: list[int] | None = None
    for start, (end, entry) in cues.items():
        cue = entry.cue
        lone_no = cue == "negation" and end == last and (words.barriers[start] == COLON or tokens[start] == "not")
        doubtful = cue == "uncertainty_after" or (cue == "uncertainty" and end == last)  # "cardiomegaly, perhaps"
        if cue not in ("negation_after", "limit_after") and not doubtful and not lone_no:
            continue
        # "cannot be confidently excluded", "should be excluded": nobody has excluded it yet
        open_yet = tokens[end - 1] in ("excluded", "out") and not _OPEN.isdisjoint(tokens[max(start - 4, first) : end])
        state = None if cue == "limit_after" else State.UNCERTAIN if doubtful or open_yet else State.ABSENT
        before = bisect_right(firsts, start) - 1
        while before >= 0 and targets[before].last > start:
            before -= 1
        for target in listed(words, targets, before) if before >= 0 else ():
            if target.kind == NORMAL or (target.state == State.ABSENT and state == State.UNCERTAIN):
                continue
            if state == State.ABSENT:
                parts = [at for at in range(first, last) if tokens[at] in PARTS] if parts is None else parts
                between = target.last < start and bisect_left(parts, target.last) < bisect_left(parts, start)
                if _part_alone(words, first, target, between=between):
                    continue
            target.state = state
