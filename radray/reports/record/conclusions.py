"""Conclusions inside findings: they would put the answer into the input.

A heading of an impression inside the findings ends them where it is certain to be one; what only looks like a
conclusion rejects the report. Of the findings of Open-i's 1,390 reports the first is in one, the second in none.
"""

import re
from collections.abc import Collection, Iterator

from radray.reports.text.headings.names import BOTH, SUMMARY
from radray.reports.text.headings.spelling import correct
from radray.reports.text.headings.words import CONCLUDING, LAST_WORDS, SUMMING, is_title, names_exam, qualified_name_of

_CONCLUDING = CONCLUDING | {"IMP", "CONC"}
_LAST = _CONCLUDING | SUMMING | {"RECOMMENDATION", "RECOMMENDATIONS", "PLAN", "COMMENT", "COMMENTS", "FINDINGS"}
_ANOTHER = "another"
"""Stands for the section of a report that is not known: "PRELIMINARY IMPRESSION:"."""
_WORD = re.compile(r"[A-Z]+")
_WORD_BEFORE_COLON = re.compile(r"([A-Za-z]{3,20})[)\]*]{0,3}[ ]?$")
_LAST_STOP = re.compile(r"[\n.!?;:)\]_]|[ \t]{2}")
_MENTION = re.compile(
    r"""(?:^|[ ])(?:(?:an?|the|this|that|no|under|see|per|as)(?:[ ][a-z-]+){0,2}
    # of the skull base, of bone, of a neighbour on an organ
    |basilar|cortical|vascular|extrinsic|aortic|cardiac|dural|renal|splenic|gastric|colonic|bony|hill-sachs|rhomboid
    )[ ]*$
    """,
    re.IGNORECASE | re.VERBOSE,
)
_CONCLUDES = re.compile(
    # a capital after a word in lower case shows that a stop was lost
    r"""(?:^|[.!?;:)\]_][ ]?|(?<=[a-z]{3})[ ])(?:
        (?:In|To|Taken)[ ](?:conclusion|summary|conclude|summari[sz]e|sum[ ]up|together)\b
        | (?:Overall|Final|My|Our|Radiological|Radiologic|Diagnostic)[ ](?:impression|conclusion|opinion)s?\b
        | (?:Interpretation|Summary|Diagnosis|Assessment)(?=[ ]?[-\u2013\u2014][ ])
        | Conclusions?(?=[ ](?!of\b))
        | (?:Impression|Opinion)s?(?=[ ](?:is|are|was)[ ]|[ ]?[-\u2013\u2014=][ ]|[ ][A-Z0-9])
        | (?i:imp|conc)(?=[ ]?[-\u2013\u2014=:][ ])
    )""",
    re.VERBOSE,
)
_CAPITALS_BEFORE = re.compile(r"(?:[A-Z][A-Z'-]+[ ]+)++$")
_IN_CAPITALS = re.compile(r"\b(?:IMPRESSION|CONCLUSION|OPINION)S?\b(?![ ]OF\b)")
_LOST_LETTERS = frozenset({"PRESSION", "PRESSIONS"})


def split_conclusion(findings: str) -> tuple[str, str | None]:
    """Return `findings` up to the first heading of a conclusion in them, and the text under it.

    Without such a heading it is (findings, None). The text is "" where the heading has lost letters ("Pression:"), is
    of findings and impression in one, or of a report that is not known ("PRIOR IMPRESSION:"): that is certain enough to
    remove it, but not to score against it.
    """
    for start, end, colon in _words_before_colons(findings, _LAST):
        heading = _heading(findings, start, end)
        if heading is not None:
            begin, name = heading
            lost = findings[start:end].upper() in _LOST_LETTERS or name in (BOTH, _ANOTHER)
            return findings[:begin], "" if lost else findings[colon + 1 :]
    return findings, None


def _words_before_colons(text: str, wanted: Collection[str]) -> Iterator[tuple[int, int, int]]:
    """Yield the start and end of each word of `wanted`, also misspelt, before a colon, and the place of the colon."""
    colon = text.find(":")
    while colon >= 0:
        begin = max(0, colon - 24)
        word = _WORD_BEFORE_COLON.search(text[begin:colon])
        if word is not None and correct(word[1].upper()) in wanted:
            yield begin + word.start(1), begin + word.end(1), colon
        colon = text.find(":", colon + 1)


def _heading(text: str, word: int, end: int) -> tuple[int, str] | None:
    """Return where the heading with the word from `word` to `end` begins, and its section; None for a mention."""
    start = max(0, end - 80)
    sentence = max((stop.end() for stop in _LAST_STOP.finditer(text, start, word)), default=start)
    words = text[sentence:end].lstrip()
    begin = end - len(words)
    whole = _section(words)
    if whole is not None and (sentence > start or start == 0):
        return begin, whole
    # "clear lungs IMPRESSION: normal", without a stop before it
    own = text[word:end]
    if correct(own.upper()) in _CONCLUDING and own[0].isupper():
        before = text[:word].rstrip(" ")
        starts = not before[-1:].islower() and before[-1:] != ","
        if own.isupper() and not _MENTION.search(before[-40:]):
            run = _CAPITALS_BEFORE.search(text[max(0, word - 60) : word])
            return (word - len(run.group()), _ANOTHER) if run else (word, "impression")
        if starts:
            return word, "impression"
    return None


def _section(words: str) -> str | None:
    upper = words.upper()
    if upper in ("IMP", "CONC"):
        return "impression"
    if not is_title(words) and not is_title(words.capitalize()):
        return None
    if not names_exam(words) and any(correct(word) not in LAST_WORDS for word in _WORD.findall(upper)):
        return None
    name = qualified_name_of(upper)
    return name if name in ("impression", BOTH, SUMMARY) else None


def may_conclude(findings: str) -> bool:
    """Return whether cleaned `findings` hold what looks like a conclusion, though not certain enough to be cut.

    A conclusion without a colon ("In summary, ...", "Impression - ...", "IMPRESSION normal"), or a heading in the
    middle of a sentence ("mild scoliosis impression: no change"), unless an article shows that it is a mention.
    """
    if _may_hold_conclusion(findings) and (
        _CONCLUDES.search(findings) or (_IN_CAPITALS.search(findings) and not findings.isupper())
    ):
        return True
    return any(
        _MENTION.search(findings[max(0, start - 40) : start]) is None
        for start, _, _ in _words_before_colons(findings, _CONCLUDING)
    )


def _may_hold_conclusion(text: str) -> bool:
    # substrings: a regular expression takes 20 times as long
    return (
        " - " in text
        or "mpression" in text
        or "MPRESSION" in text
        or "onclu" in text
        or "ONCLU" in text
        or "pinion" in text
        or "PINION" in text
        or "ummar" in text
        or "sum up" in text
        or "aken together" in text
        or "Imp" in text
        or "IMP" in text
        or "imp " in text
        or "onc " in text
        or "CONC " in text
    )
