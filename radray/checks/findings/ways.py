"""Words of a change since an earlier exam, each with what it is said of: worse, better, or new."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from radray.checks.context import is_finding
from radray.checks.findings.positions import find_positions
from radray.checks.numbers.exchanged import bind, with_positions
from radray.checks.numbers.measurements import find_measurements
from radray.checks.spans import FINDINGS, stems
from radray.checks.subjects import Subject, conflict, shared, subjects
from radray.language.mentions import Mention

_I = re.IGNORECASE | re.VERBOSE
_IN = r"in\s+(?:\w+\s+)?(?:size|extent|volume|number|severity|prominence|conspicuity|density|thickness|degree|caliber)"
_THEN = r"(?:since|from|compared|relative|than|over\s+the|when|versus)"
_LY = r"(?:(?:\w+ly|almost|since|now|somewhat|further)\s+){0,3}"
_MUCH = r"(?:slightly|somewhat|much|mildly|markedly)"
_KIND = r"(?:interval|slight|mild|marked|further|continued|some|significant|minimal|moderate|overall)"
_OF = (
    r"(?=\s+(?:[\w-]+\s+){0,3}?(?:effusions?|pneumothora\w+|o?edema|ascites|hydrocephalus|h(?:a)?ematomas?|shift"
    r"|collections?|consolidations?|atelectasis|nodules?|mass(?:es)?|metastas\w+|aneurysms?|hydronephrosis|adenopathy|lymphadenopathy)\b)"
)
"""What a radiologist would not call increased on a single film."""
_WORSE = re.compile(
    rf"""\b(?:
        (?:has|have|had|having)\s+{_LY}(?:increased|risen|enlarged|worsened|progressed|grown|expanded|deteriorated
            |re-?accumulated)
        | (?:increased|enlarged|larger|bigger|worse|denser|more\s+\w+)\s+(?:{_IN}\s+)?(?:and\s+(?:\w+\s+){{1,2}})?
            (?:\w+ly\s+)?{_THEN}
        | increas(?:ed?|ing)\s+{_IN} | increase\s+(?:in|of)
        | (?:is|are|now|appears?)\s+(?:\w+ly\s+)?(?:larger|bigger|worse)\b
        | (?:increased|larger){_OF} | (?<=,\s)(?:\w+ly\s+)?(?:increased|larger|enlarged)(?=\s*(?:[.;,]|$))
        | {_MUCH}\s+worse | worsen(?:ing|ed) | progress(?:ing|ion|ed) | enlarging | increasing | re-?accumulation
        | {_KIND}\s+(?:increase|worsening|progression|enlargement|growth|expansion)
    )\b""",
    _I,
)
_BETTER = re.compile(
    rf"""\b(?:
        (?:has|have|had|having)\s+{_LY}(?:decreased|fallen|dropped|improved|resolved|diminished|regressed|shrunk|cleared|lessened|reduced
            |subsided)
        | (?:decreased|smaller|reduced|diminished|less\s+\w+)\s+(?:{_IN}\s+)?(?:and\s+(?:\w+\s+){{1,2}})?
            (?:\w+ly\s+)?{_THEN}
        | decreas(?:ed?|ing)\s+{_IN} | (?:decrease|reduction)\s+(?:in|of)
        | (?:is|are|now|appears?)\s+(?:\w+ly\s+)?(?:smaller|improved|better|resolved)
        | (?:decreased|smaller|reduced){_OF} | (?<=,\s)(?:\w+ly\s+)?(?:decreased|smaller)(?=\s*(?:[.;,]|$))
        | {_MUCH}\s+better | improv(?:ing|ed|ement) | resolv(?:ing|ed) | (?<!high[-\s])resolution\s+of
        | regress(?:ing|ion|ed) | shrinking | shrunk | decreasing | diminishing | partial\s+response | clearing
        | {_KIND}\s+(?:decrease|improvement|resolution|regression|reduction|clearing)
    )\b""",
    _I,
)
_NEW = re.compile(r"\bnew(?:ly)?\b(?!\s+(?:york|onset))", re.IGNORECASE)
_STEMS = stems(
    "increas enlarg wors progress grow grew expan deterior accum reaccum re-accum larger bigger denser decreas improv"
    " resol dimin regress shr cleared clearing lessen reduc subsid smaller better response new more less previous prior"
    " compar fallen dropped risen"
)
_OFF = re.compile(
    r"\b(?:no|not|without|nor|never|if|until|may|might|could|should|would|cannot|risk\s+of|to)\s+(?:[\w-]+\s+){0,3}?$",
    re.I,
)
_NOT = re.compile(r"\b(?:no|without)\s+(?:\w+\s+)?$", re.IGNORECASE)
# "larger than on the left", "worse on the right": two sides are compared, and not two exams
_SIDES_COMPARED = re.compile(
    r"\b(?:than|(?:worse|larger|bigger|smaller|better)(?:\s+than)?\s+on|(?:more|less)\s+\w+\s+on)\s+"
    r"(?:(?:on|that\s+on)\s+)?(?:the\s+)?(?:left|right|other|contralateral)\b",
    re.IGNORECASE,
)
_BREATH = re.compile(
    r"\b(?:volumes?(?!\s+(?:overload|loss))|inspirat\w+|inflat\w+|hyperinflat\w+|technique|rotat\w+)\b", re.IGNORECASE
)
"""What changes with each breath or film, whatever the finding does."""
_SICK = re.compile(
    r"\s*(?:\w+\s+)?(?:symptom|pain|cough|dyspn|fever|shortness|headache|weakness|hypox|function|oxygen)", re.I
)
_STOP = re.compile(r"[.;](?=\s)|\n")
GROWTH = 1.1
"""From this ratio of a size to the earlier one on, a finding has grown; measurements of one reader differ by less."""
MAX_WAYS = 32
"""Changes of a text that are read, its first ones: each is compared with each."""


class Way(NamedTuple):
    """A change with what it is of."""

    way: str
    """"worse", "better", "new", "not new", or "open" where two sides may be compared and not two exams."""
    subject: Subject
    concepts: frozenset[str]
    """The findings in its part of the sentence."""
    start: int
    end: int


def may_change(text: str) -> bool:
    """Return whether `text` has a word that a change begins with: a quick first test."""
    return _STEMS.search(text.lower()) is not None


def find_ways(text: str, mentions: Sequence[Mention]) -> tuple[Way, ...]:
    """Return the changes that `text` states in words, and by two sizes of a finding; () for none."""
    if not may_change(text):
        return ()
    spans = [*_worded(text), *_measured(text)]
    spans.sort(key=lambda span: span[1:])
    apart: list[tuple[str, int, int]] = []
    for span in spans:
        if not apart or span[1] >= apart[-1][2]:
            apart.append(span)
    apart = apart[:MAX_WAYS]
    bound = subjects(text, [(start, end) for _, start, end in apart])
    positions = find_positions(text)
    return tuple(
        Way(
            way,
            with_positions(subject, positions),
            frozenset(
                mention.concept
                for mention in mentions
                if subject.start <= mention.start < subject.end and is_finding(mention)
            ),
            start,
            end,
        )
        for (way, start, end), subject in zip(apart, bound, strict=True)
        if not _BREATH.search(text, max(subject.start, start - 24), min(subject.end, end + 24))
    )


@lru_cache(maxsize=512)
def _worded(text: str) -> tuple[tuple[str, int, int], ...]:
    spans: list[tuple[str, int, int]] = []
    for way, pattern in (("worse", _WORSE), ("better", _BETTER), ("new", _NEW)):
        for match in pattern.finditer(text):
            before = max(0, match.start() - 48)
            if way == "new" and _NOT.search(text, before, match.start()):
                spans.append(("not new", match.start(), match.end()))
            elif _SIDES_COMPARED.search(text, match.start(), match.end() + 24):
                spans.append(("open", match.start(), match.end()))
            elif not (_OFF.search(text, before, match.start()) or _SICK.match(text, match.end())):
                spans.append((way, match.start(), match.end()))
    return tuple(spans)


@lru_cache(maxsize=512)
def _measured(text: str) -> tuple[tuple[str, int, int], ...]:
    """Return the sizes that are larger or smaller than the earlier one of the same finding."""
    sizes = [size for size in find_measurements(text) if size.quantity in ("length", "volume") and not size.bound]
    bound = bind(FINDINGS, text, sizes) if len(sizes) > 1 else []
    spans: list[tuple[str, int, int]] = []
    for now in bound:
        for then in bound if not now.then else ():
            apart = sorted((then.number.start, now.number.start))
            near = then.number.quantity == now.number.quantity and not _STOP.search(text, *apart)
            if then.then and near and shared(now.subject, then.subject) and not conflict(now.subject, then.subject):
                ratio = now.number.value / then.number.value if then.number.value else 1.0
                if ratio >= GROWTH or ratio <= 1 / GROWTH:
                    spans.append(("worse" if ratio > 1 else "better", now.number.start, now.number.end))
                break
    return tuple(spans)
