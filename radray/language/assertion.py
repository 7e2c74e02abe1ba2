"""Split a text into words, and decide which of them stand under a negation, an uncertainty or a history.

Our own rules after NegEx (Chapman et al. 2001) and ConText (Harkema et al. 2009): cues with a scope, and words that
end it. Libraries were tried first, on Python 3.11, on the 246 findings of the hand-written sentences in
tests/support/inputs/mention_cases.py (states right; time for a report of 83 words with the findings given):

- medspacy 1.3.1 (2024; ConText, its own rules): 197 right, 71 of 84 absent, 8 of 31 uncertain; 2,800 us. It
  installs without a model, but requires spacy < 3.8 on Python 3.11 and so numpy < 2, where this project has 2.
- negspacy (NegEx; 1.0.4 was run, 1.1.0 installs beside numpy 2): 186 right, 63 of 84 absent, no uncertainty; 1,000 us.
- pyConTextNLP 0.7.0.1 (2019, no release since): imports; not measured.
- these rules: 246 right, with the findings and their attributes extracted too; 390 us. The sentences were written
  along with the rules, so this does not measure their accuracy: tests/benchmarks/extractor.py compares them with
  human codes.

"Unlikely" counts as absent (an impression that then asserts the finding contradicts it, one that denies it does not);
"likely", "probable" and "suggests" count as uncertain, "consistent with" as present.
"""

import re
from typing import NamedTuple

from radray.language.lexicon.cues import (
    ASSERTIVE,
    BESIDE_GIVEN,
    CAUSES,
    CLOSING,
    GIVEN,
    INSTEAD,
    LIMITS,
    ORGANS,
    PLACED,
)
from radray.language.lexicon.trie import CANONICAL, Entry

NONE, COMMA, COLON, QUESTION, STOP, ASKED = range(6)
"""The barrier before a word: none, a comma or bracket, a colon, a question mark that casts doubt on what follows, the
end of a clause, or its end with a question mark. `STOP` and above end a clause."""

_WORD = re.compile(r"\w+")
_ABBREVIATIONS = frozenset({"vs", "dr", "drs", "mr", "mrs", "ms", "st", "approx", "no", "fig", "figs", "incl", "resp"})
_PAUSES = frozenset({COMMA, COLON})
_IS = frozenset({"is", "are"})
_KNOWN = frozenset({"the", "this", "these", "known", "previously"})
"""Words before something that is there: "evaluation of the nodule is limited"."""
_GIVEN_REACH = 8
"""Most words from a negation to what was given."""
_HISTORY_REACH = 6
"""Most words in the scope of "history of" or "old"; ConText takes the sentence, but sentences of reports run on."""


class Words:
    """The words of a text, lower-cased and canonical, their offsets, the barriers before each and after the last."""

    __slots__ = ("barriers", "ends", "starts", "words")

    def __init__(self, text: str) -> None:
        places = [match.span() for match in _WORD.finditer(text)]
        # outside ASCII, lower case may change the length of a text: lower each word by itself
        plain = text.isascii()
        words = _WORD.findall(text.lower()) if plain else [text[start:end].lower() for start, end in places]
        barriers = []
        end = 0
        before = ""
        for (start, following), word in zip(places, words, strict=True):
            gap = text[end:start]
            barriers.append(NONE if gap == " " or gap == "-" else _barrier(gap, before, text[start]))
            end, before = following, word
        barriers.append(ASKED if text.startswith("?", end) else STOP)
        canonical = CANONICAL.get
        self.words = [canonical(word, word) for word in words]
        self.starts = [start for start, _ in places]
        self.ends = [end for _, end in places]
        self.barriers = barriers


def _barrier(gap: str, before: str, following: str) -> int:
    if "?" in gap:
        return QUESTION if gap[0] != "?" or not before else ASKED
    if ";" in gap or "!" in gap:
        return STOP
    if "." in gap:
        if gap == "." and (len(before) == 1 or (before.isdigit() and following.isdigit())):
            return NONE
        if before not in _ABBREVIATIONS:
            return STOP
    if ("\n" in gap or "\r" in gap) and not following.islower():
        return STOP
    if ":" in gap:
        return COLON
    if "," in gap or "(" in gap or ")" in gap or " - " in gap or "--" in gap:
        return COMMA
    return NONE


class Assertion(NamedTuple):
    """Whether each word of a clause is negated, uncertain, historical, or only what the exam cannot show."""

    negated: list[bool]
    doubted: list[bool]
    past: list[bool]
    limited: list[bool]


def asserted(words: Words, first: int, last: int, cues: dict[int, tuple[int, Entry]]) -> Assertion:
    """Return what the cues make of each word of a clause: lists of `last - first` items.

    The clause is the words `first` to `last` (exclusive). `cues` are its cue phrases by their first word, each with the
    word after its last. The scope of a cue runs forward to the end of the clause, to a word that ends it ("but"), or,
    after a comma, a colon or an "and", to words that introduce something present ("small", "the", "tube in place"),
    unless an "or" follows that continues the list.
    """
    tokens, barriers = words.words, words.barriers
    if not cues and QUESTION not in barriers[first:last]:
        nothing = [False] * (last - first)
        return Assertion(nothing, nothing, nothing, nothing)
    last_or = next((at for at in range(last - 1, first, -1) if tokens[at] in ("or", "nor")), -1)
    negated, doubted, past = [], [], []
    limited = [False] * (last - first)
    negation = doubt = limit = False
    limiting: bool | None = None  # whether the clause has a word that limits; known at its first "evaluation for"
    history = 0
    skip, opened, prefixed = first, -1, -2
    placed: list[bool] | None = None  # of each word of the clause; most clauses do not ask
    for at in range(first, last):
        word, barrier = tokens[at], barriers[at]
        if barrier in _PAUSES or word == "and":
            following = tokens[at + 1] if word == "and" and at + 1 < last else word
            closed = tokens[at - 1] in CLOSING and following not in ("or", "nor")
            opens = following in ASSERTIVE or (word == "and" and following in INSTEAD)
            if negation and barrier != NONE and last_or < at and placed is None:
                placed = _placed(words, first, last)
            if (negation or doubt or limit) and (
                (barrier != COLON and closed)
                or (
                    last_or < at
                    and (opens or (barrier != NONE and negation and placed is not None and placed[at - first]))
                )
            ):
                negation = doubt = limit = False
            if barrier != NONE:
                history = 0
        elif barrier == QUESTION:
            doubt = True
        elif word == "the" and negation and at + 2 < last and tokens[at + 1] in ORGANS and tokens[at + 2] in _IS:
            negation = doubt = False
        elif word == "with" and (at >= skip or tokens[at - 1] == "associated"):
            negation = doubt = limit = False
            history = 0
        elif limit and at >= skip and word in CAUSES:
            limit = False
        if at >= skip and at in cues:
            skip, entry = cues[at]
            cue = entry.cue
            if cue in ("sought", "examined"):
                if limiting is None:
                    limiting = not LIMITS.isdisjoint(tokens[first:last])
                known = skip < last and tokens[skip] in _KNOWN
                cue = "limit" if limiting and not known else "uncertainty" if cue == "sought" else None
            if cue == "negation":
                negation, limit = True, False
            elif cue == "prefix":
                prefixed = skip
            elif cue == "uncertainty":
                doubt, limit = True, False
            elif cue == "limit":
                limit = True
            elif cue == "history":
                history = _HISTORY_REACH + skip - at
            elif cue == "end" and at != opened:  # "not certain if there is": the scope of the cue just before continues
                negation = doubt = limit = False
                history = 0
            if cue in ("negation", "uncertainty"):
                opened = skip
        negated.append(negation or prefixed <= at <= prefixed + 1)
        doubted.append(doubt and not negation)
        past.append(history > 0)
        if limit:
            limited[at - first] = True
        history -= 1
    return Assertion(negated, doubted, past, limited)


def _placed(words: Words, first: int, last: int) -> list[bool]:
    """Return for each word of a clause whether the part of a list that begins there says that something is there."""
    placed: list[bool] = []
    for at in reversed(range(first, last)):
        goes_on = at + 1 < last and words.barriers[at + 1] != COMMA and placed[-1]
        placed.append(words.words[at] in PLACED or goes_on)
    return placed[::-1]


def denies(words: Words, end: int, covered: set[int]) -> bool:
    """Return whether the negation before the word `end` denies a finding and not what was given: "no IV contrast".

    `covered` are the words of findings up to their last: "no contrast extravasation" denies one.
    """
    tokens = words.words
    at = end
    farthest = min(end + _GIVEN_REACH, len(tokens))
    while at < farthest and tokens[at] in BESIDE_GIVEN:
        at += 1
    return at >= farthest or tokens[at] not in GIVEN or at in covered or words.barriers[at] >= STOP
