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

from radray.language.lexicon.cues import ASSERTIVE, CLOSING, ORGANS
from radray.language.lexicon.trie import CANONICAL, Entry

NONE, COMMA, COLON, QUESTION, STOP, ASKED = range(6)
"""The barrier before a word: none, a comma or bracket, a colon, a question mark that casts doubt on what follows, the
end of a clause, or its end with a question mark. `STOP` and above end a clause."""

_WORD = re.compile(r"\w+")
_ABBREVIATIONS = frozenset({"vs", "dr", "drs", "mr", "mrs", "ms", "st", "approx", "no", "fig", "figs", "incl", "resp"})
_IS = frozenset({"is", "are"})
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


def asserted(
    words: Words, first: int, last: int, cues: dict[int, tuple[int, Entry]]
) -> tuple[list[bool], list[bool], list[bool]]:
    """Return whether each word of the clause is negated, uncertain, historical: three lists of `last - first` items.

    The clause is the words `first` to `last` (exclusive). `cues` are its cue phrases by their first word, each with the
    word after its last. The scope of a cue runs forward to the end of the clause, to a word that ends it ("but"), or,
    after a comma or an "and", to a word that introduces something present ("small", "the"), unless an "or" follows
    that continues the list.
    """
    tokens, barriers = words.words, words.barriers
    if not cues and QUESTION not in barriers[first:last]:
        nothing = [False] * (last - first)
        return nothing, nothing, nothing
    last_or = next((at for at in range(last - 1, first, -1) if tokens[at] in ("or", "nor")), -1)
    negated, doubted, past = [], [], []
    negation = doubt = False
    history = 0
    skip, opened = first, -1
    for at in range(first, last):
        word, barrier = tokens[at], barriers[at]
        if barrier == COMMA or word == "and":
            following = tokens[at + 1] if word == "and" and at + 1 < last else word
            closed = tokens[at - 1] in CLOSING and following not in ("or", "nor")
            if closed or (following in ASSERTIVE and last_or < at):
                negation = doubt = False
            if barrier == COMMA:
                history = 0
        elif barrier == QUESTION:
            doubt = True
        elif word == "the" and negation and at + 2 < last and tokens[at + 1] in ORGANS and tokens[at + 2] in _IS:
            negation = doubt = False
        elif word == "with":
            negation = doubt = False
            history = 0
        if at >= skip and at in cues:
            skip, entry = cues[at]
            cue = entry.cue
            if cue == "negation":
                negation = True
            elif cue == "uncertainty":
                doubt = True
            elif cue == "history":
                history = _HISTORY_REACH + skip - at
            elif cue == "end" and at != opened:  # "not certain if there is": the scope of the cue just before continues
                negation = doubt = False
                history = 0
            if cue in ("negation", "uncertainty"):
                opened = skip
        negated.append(negation)
        doubted.append(doubt and not negation)
        past.append(history > 0)
        history -= 1
    return negated, doubted, past
