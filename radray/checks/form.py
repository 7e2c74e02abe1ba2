"""The form of an impression: masks, and degenerate text (empty, looping, cut off, junk)."""

import re
from collections.abc import Sequence
from functools import lru_cache

from radray.checks.exams import exam_sections
from radray.checks.spans import CACHED_TEXTS, IMPRESSION, Hit, Place

_MASK = re.compile(
    r"__+|\bX{3,}\b|(?<=-)X{3,}|\[\*\*[^\[\]]{0,200}\*\*\]|\*{3,}"
    r"|[\[<({](?:REDACTED|REMOVED|DE-?IDENTIFIED|ANONYMI[SZ]ED|NAME|PATIENT(?:\sNAME)?|DATE|TIME|LOCATION|HOSPITAL|PHI|ID|MRN"
    r"|PHONE|DOCTOR|PHYSICIAN|AGE|MASK)[\]>)}]",
    re.IGNORECASE,
)


def find_masks(impression: str) -> list[Hit]:
    """Return the de-identification masks of `impression` (``___``, ``XXXX``, ``[**...**]``, ``[REDACTED]``) or []."""
    return [(Place(IMPRESSION, *match.span()),) for match in _MASK.finditer(impression)]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD = re.compile(r"[^\W_]+")
# A sentence that ends in one of these is incomplete: connectives, prepositions, articles, auxiliary verbs.
_OPEN_ENDED = _words(
    "a an the and or nor but with without of in on at to from for by into within along versus vs than as that which"
    " is are was were be been being has have had may might could can should would will shall cannot no not this these"
    " those their its if although though while because since due compatible consistent suggestive concerning"
    " suspicious probably possibly mild moderate severe small large either both between through during including given"
    " there"
)
# "unlikely" ends a sentence; "likely" ("is likely"), "moderate" and "not" may. Fewer words count as incomplete before a
# full stop than without one.
_OPEN_ENDED_BEFORE_STOP = _words(
    "a an the and or nor but with without of from for by into within versus than which is are was were be been has"
    " have had may might could should would will their its if although because"
)
_END = re.compile(r"([^\W_]+)([^\w%)\]\"']*)$")
_CUT_CHARACTER = re.compile(r"[,:;(\[/&+=<-]\s*$|\b\w-$")
_JUNK = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd\ufffe\uffff\ue000-\uf8ff\u200b-\u200f\u202a-\u202e\u2060\ufeff\ud800-\udfff]"
    # letters foreign to reports in Latin script: all other scripts but the few Greek letters of medicine
    "|[\u0370-\u0390\u0400-\u1dff\u2c00-\ud7ff\uf900-\ufaff\ufb13-\ufdff\ufe70-\uffef\U00010000-\U0010ffff]"
    "|[\u2500-\u25a9\u25ab-\u25ce]|<(?:unk|pad|s|/s|extra_id_\\d+|eos|bos|mask|sep|cls)>|\\[(?:UNK|PAD|CLS|SEP|MASK)\\]"
    # UTF-8 read as Latin-1
    "|\u00c3[\u0080-\u00bf]|\u00e2\u20ac|\u00c2[\u0080-\u00bf]"
)
_LONG_WORD = re.compile(r"[^\W\d_]{36,}|([^\W\d_])\1{4,}|([^\W\d_]{2,5}?)\2{3,}")
"""A word longer than any medical term in use, or a looping one ("effusionnnnn", "nononono")."""
_LONG_PUNCTUATION = re.compile(r"([^\w\s.])\1{3,}|\.{6,}")
_UNSAYABLE = re.compile(r"[bcdfghjklmnpqrstvwxz]{4,}")
"""A lower-case word without a vowel; two of them are unlikely to be abbreviations."""
_SENTENCE_END = re.compile(r"[.!?;\n]+")


def find_degenerate(impression: str, *, output_cut: bool = False) -> list[Hit]:
    """Return where the `impression` is degenerate; [] where it is not.

    Degenerate is a text without a word, with characters that no report has, with words in a loop (a phrase of three or
    more words twice in a row, four words three times in all, a pair three times, a word three times, a sentence of
    three or more words again: none of Open-i's 1,384 impressions has any), or that breaks off: `output_cut`, or a last
    word that cannot end a sentence.
    """
    hits = list(_broken(impression))
    if output_cut and not hits:
        last = impression.rstrip().rfind(" ") + 1
        hits.append((Place(IMPRESSION, last, len(impression)),))
    return hits


@lru_cache(maxsize=CACHED_TEXTS)
def _broken(impression: str) -> tuple[Hit, ...]:
    words = list(_WORD.finditer(impression))
    if not any(word[0][0].isalpha() or any(map(str.isalpha, word[0])) for word in words):
        return ((Place(IMPRESSION, 0, len(impression)),),)
    hits: list[Hit] = [(Place(IMPRESSION, *match.span()),) for match in _JUNK.finditer(impression)]
    hits += [(Place(IMPRESSION, *match.span()),) for match in _LONG_PUNCTUATION.finditer(impression)]
    hits += [
        (Place(IMPRESSION, *word.span()),)
        for word in words
        if len(word[0]) - len(set(word[0])) >= 4 and _LONG_WORD.search(word[0])
    ]
    hits += _loops(words)
    unsayable = [word for word in words if _UNSAYABLE.fullmatch(word[0])]
    if len(unsayable) >= 2:
        hits.append((Place(IMPRESSION, unsayable[0].start(), unsayable[-1].end()),))
    if _ends_in_the_middle(impression):
        hits.append((Place(IMPRESSION, words[-1].start(), len(impression)),))
    return tuple(hits)


def _ends_in_the_middle(impression: str) -> bool:
    text = impression.rstrip()
    if _CUT_CHARACTER.search(text, max(0, len(text) - 4)):
        return True
    match = _END.search(text, max(0, len(text) - 60))
    if match is None:
        return False
    stopped = any(mark in match[2] for mark in ".!?")
    return match[1].lower() in (_OPEN_ENDED_BEFORE_STOP if stopped else _OPEN_ENDED)


def _loops(words: Sequence[re.Match[str]]) -> list[Hit]:
    """Return where words loop, in time linear in their number."""
    lowered = [word[0].lower() for word in words]
    hits: list[Hit] = []

    def hit(first: int, last: int) -> None:
        hits.append((Place(IMPRESSION, words[first].start(), words[last].end()),))

    for period in (1, 2):  # "effusion effusion effusion", "no acute no acute no acute"
        run = 0
        for index in range(period, len(lowered)):
            run = run + 1 if lowered[index] == lowered[index - period] and not lowered[index].isdigit() else 0
            if run == 2 * period:
                hit(index - run - period + 1, index)
    grams = list(zip(lowered, lowered[1:], lowered[2:], strict=False))
    if len(set(grams)) == len(grams):  # what repeats below has three words twice
        return hits
    exams = _exams(words)
    seen: dict[tuple[object, ...], list[int]] = {}
    for index, gram in enumerate(zip(lowered, lowered[1:], lowered[2:], lowered[3:], strict=False)):
        places = seen.setdefault((exams[index], gram), [])
        places.append(index)
        if len(places) == 3:
            hit(index, index + 3)
    return hits + _repeats(words, lowered, exams)


def _exams(words: Sequence[re.Match[str]]) -> list[tuple[str, ...]]:
    """Return for each word the heading that it stands under, which names an exam: ("left", "wrist"), else ()."""
    sections = exam_sections(words[0].string)
    exams: list[tuple[str, ...]] = []
    under: tuple[str, ...] = ()
    at = 0
    for word in words:
        while at < len(sections) and sections[at].start <= word.start():
            under = sections[at].heading
            at += 1
        exams.append(under)
    return exams


def _repeats(words: Sequence[re.Match[str]], lowered: Sequence[str], exams: Sequence[tuple[str, ...]]) -> list[Hit]:
    """Return the phrases of three or more words that repeat at once, and the sentences that recur."""
    hits: list[Hit] = []
    last: dict[tuple[str, ...], int] = {}
    skip = 0
    for index, gram in enumerate(zip(lowered, lowered[1:], lowered[2:], strict=False)):
        before = last.get(gram)
        last[gram] = index
        if before is None or index < skip:
            continue
        period = index - before
        if 3 <= period <= 40 and lowered[before:index] == lowered[index : index + period]:
            hits.append((Place(IMPRESSION, words[index].start(), words[index + period - 1].end()),))
            skip = index + period
    text = words[0].string
    sentences: set[tuple[object, ...]] = set()
    position = 0
    for stop in [*(match.start() for match in _SENTENCE_END.finditer(text)), len(text)]:
        first = position
        while position < len(words) and words[position].start() < stop:
            position += 1
        sentence = tuple(lowered[first:position])
        if len(sentence) >= 3 and (exams[first], sentence) in sentences:
            hits.append((Place(IMPRESSION, words[first].start(), words[position - 1].end()),))
        if sentence:
            sentences.add((exams[first], sentence))
    return hits
