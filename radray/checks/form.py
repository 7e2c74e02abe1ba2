"""The form of an impression: masks, identifiers, and degenerate text (empty, looping, cut off, junk)."""

import re
from collections.abc import Sequence
from functools import lru_cache

from radray.checks.dates import is_known
from radray.checks.exams import exam_sections
from radray.checks.spans import CACHED_TEXTS, IMPRESSION, Hit, Place
from radray.language.alternation import holds

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


_TITLED = r"(?:Dr|Drs|Mr|Mrs|Ms|Miss|Prof|Professor|Doctor|Nurse|Sister)\b\.?\s+"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_IDENTIFIER = re.compile(
    rf"""
    \b(?:dr|mr|mrs|ms)\.\s(?!(?:was|were|is|has|had|at|by|on|the|in|for|of|and|notified|who|to)\b)[a-z][a-z'\u2019-]+
    | (?-i:\b{_TITLED}(?:[A-Z]\.?\s+)?[A-Z][a-z'\u2019-]+)
    | (?-i:\b[A-Z][a-z'\u2019-]+,?\s(?:[A-Z]\.?\s)?(?:MD|M\.D\.|DO|D\.O\.|RN|NP|PA-C|MBBS|FRCR)\b)
    | \b(?:patient(?:'s)?\s+name|name|patient|signed(?:\s+by)?|dictated\s+by|read\sby|attending|radiologist|physician)
        \s*+:\s*+(?-i:[A-Z][a-z'-]+)
    | (?-i:\b[Pp]atient\s+[A-Z][a-z]+,?\s+[A-Z][a-z]+)
    | \b(?:electronically\s+signed)\b
    | \b(?:mrn|accession|acc|dob|d\.o\.b|ssn|medical\s+record|record\s+(?:number|no)|patient\s+id|pt\s+id|study\s+id
        |id|case
        |order|exam|visit|encounter|account)\s*+(?:number|no\.?|num|id)?\s*+(?:\#|:|=
            |is)?\s*+\#?\s*+[a-z]{{0,4}}-?\d[\w./-]{{2,}}\w
    | \b(?:date\s+of\s+birth|birth\s?date|born\s+(?:on|in)|d\.?o\.?b\b)
    | \b\d{{1,2}}[/.-]\d{{1,2}}[/.-](?:19|20)?\d{{2}}\b(?!\s?(?:x|mm|cm))
    | \b(?:19|20)\d{{2}}[/.-]\d{{1,2}}[/.-]\d{{1,2}}\b | \b\d{{1,2}}/(?:19|20)\d{{2}}\b
    | \b{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+(?:19|20)\d{{2}})?\b(?!\s?(?:x\s|mm|cm|weeks?|months?|days?))
    | \b\d{{1,2}}(?:st|nd|rd|th)?[\s-](?:of\s+)?{_MONTH}(?:,?[\s-](?:19|20)?\d{{2}})?\b(?!\s+(?:be|represent|reflect
        |also|indicate))
    | \b{_MONTH},?\s+(?:of\s+)?(?:19|20)\d{{2}}\b | \b(?:on|dated|from|of|since)\s+\d{{1,2}}/\d{{1,2}}\b(?!/)
    | (?<![\w.])(?:\+?\d{{1,2}}[\s.-]?)?\(?\d{{3}}\)?[\s.-]\d{{3}}[\s.-]\d{{4}}\b | (?<![\w.-])\d{{3}}-\d{{4}}\b
    | \b(?:ext|extension|pager|beeper|phone|tel|telephone|fax|cell)\.?\s*+(?:number|no\.?|is
        |at)?\s*+[\#:x]?\s*+\d[\d\s-]{{3,}}
    | \b\d{{3}}-\d{{2}}-\d{{4}}\b | [\w.+-]{{1,64}}@[\w-]{{1,64}}\.[a-z]{{2,}}
    | (?<![\w.,])\d{{6,}}(?![\w.,]*\d) | \b(?=[a-z-]{{0,6}}\d)[a-z]{{1,5}}-?\d{{5,}}\b
        | \b\d{{2,4}}-[a-z]{{1,4}}-\d{{3,}}\b
    | \b[a-z]{{1,4}}-?\d{{2,4}}-\d{{3,}}\b | \b\d(?:\.\d+){{4,}}\b | \b\d{{2,}}-\d{{4,}}\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_DIGIT = re.compile(r"\d")
_CAPITALS = (
    "Dr",
    "Mr",
    "Ms",
    "Miss",
    "Prof",
    "Doctor",
    "Nurse",
    "Sister",
    "MD",
    "M.D",
    "DO",
    "D.O",
    "RN",
    "NP",
    "PA-C",
    "MB",
    "FRCR",
)
_STEMS = (
    "patient",
    "name",
    "sign",
    "dictated",
    "read by",
    "attending",
    "radiologist",
    "physician",
    "birth",
    "born",
    "dob",
    "@",
    "dr.",
    "mr.",
    "mrs.",
    "ms.",
)
"""Every identifier without a digit contains one of these, in lower case, or of `_CAPITALS`: a quick first test."""
_MOST_GIVEN = 32
"""Different identifiers of an impression that are looked for in its input."""
MIN_IDENTIFIER = 5
"""Fewest letters or digits of an identifier that is searched for: Open-i's study ids, 1 to 3,999, occur in any text."""


def find_identifiers(impression: str, identifiers: Sequence[str] = (), texts: tuple[str, ...] = ()) -> list[Hit]:
    """Return the identifiers in `impression`: `identifiers`, dates, phone numbers, record numbers, titled names.

    What findings and background, the `texts`, have too, a date in whatever form, was given to the writer and counts
    only where it is one of `identifiers`.

    `identifiers` of at least MIN_IDENTIFIER letters or digits are searched for as whole words in any case, and so are
    the digits of one that has at least six ("s50414267"). Years alone, ages and times do not count. [] for none.
    """
    given: dict[str, bool] = {}
    hits: list[Hit] = []
    for hit in _identified(impression):
        written = impression[hit[0].start : hit[0].end]
        if written not in given:
            given[written] = len(given) < _MOST_GIVEN and _is_given(written, texts)
        if not given[written]:
            hits.append(hit)
    if not identifiers:
        return hits
    lowered = impression.lower()
    for written in dict.fromkeys(form for identifier in identifiers for form in _forms(identifier)):
        start = lowered.find(written)
        while start >= 0:
            end = start + len(written)
            whole = not (start and lowered[start - 1].isalnum()) and not lowered[end : end + 1].isalnum()
            if whole and not any(hit[0].start < end and start < hit[0].end for hit in hits):
                hits.append((Place(IMPRESSION, start, end),))
                break
            start = lowered.find(written, end)
    return hits


def _is_given(written: str, texts: tuple[str, ...]) -> bool:
    plain = _plain(written)
    return any(plain in _plain(text) for text in texts) or is_known(written, texts)


@lru_cache(maxsize=CACHED_TEXTS)
def _plain(text: str) -> str:
    return " ".join(text.lower().split())


@lru_cache(maxsize=CACHED_TEXTS)
def _identified(impression: str) -> tuple[Hit, ...]:
    lowered = impression.lower()
    if _DIGIT.search(impression) or holds(impression, _CAPITALS) or holds(lowered, _STEMS):
        return tuple((Place(IMPRESSION, *match.span()),) for match in _IDENTIFIER.finditer(impression))
    return ()


@lru_cache(maxsize=CACHED_TEXTS)
def _forms(identifier: str) -> tuple[str, ...]:
    plain = identifier.strip().lower()
    digits = re.sub(r"\D", "", plain)
    forms = [plain] if sum(map(str.isalnum, plain)) >= MIN_IDENTIFIER else []
    if len(digits) >= 6 and digits != plain:
        forms.append(digits)
    return tuple(forms)
