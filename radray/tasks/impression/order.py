"""The items of an impression in the order of their urgency: its own words, each item whole, the most urgent first.

What a critical finding is called is the vocabulary's (`CONCEPTS`, by the ACR's categories). The order is changed only
where the items can be distinguished and read by themselves: a sentence that leans on the one before it stays with it.
Where the findings that are read in the text would be others afterwards, the text stays as it is.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from radray.checks.context import urgency_rank
from radray.checks.spans import sentence_spans
from radray.language.mentions import Mention, State, find_mentions
from radray.reports.text.items import find_marks

_LEANS = re.compile(
    r"\b(?:this|that|these|those|its?|they|them|their|which|also|too|otherwise|others?|else|another|additional(?:ly)?"
    r"|remainder|remaining|rest|again|further(?:more)?|moreover|however|although|though|similar(?:ly)?|likewise|same|former"
    r"|latter|respectively|above|aforementioned|ipsilateral|contralateral|opposite|would|thus"
    r"|therefore|hence|overall|summary|conclusion|differential|exclu\w+|consider\w*|possibilit\w+|questionable|described"
    r"|questioned|recommend\w*|advis\w+|correlat\w+|follow-?\s?up|discussed|communicated"
    r"|notified|informed|films?|exams?|examinations?|stud(?:y|ies)|radiographs?|imaging|images?|views?|CT|MRI?|ultrasound"
    r"|comparison|compared|treatment|therapy)\b",
    re.IGNORECASE,
)
"""Words by which a sentence leans on what stands before it, or is about an exam and no finding."""
_LEANS_AT_ITS_START = re.compile(
    r"(?:and|or|but|then|such|given|both|either|neither|with|without|as|in|on|of|for|to|by|at|more|findings?|may|might|could"
    r"|can|cannot|should|would|is|are|was|were|has|have|appears?|suggest\w*|represent\w*|consistent|compatible"
    r"|associated|secondary|resulting|adjacent|underlying|superimposed|distal|tip|primary|unclear|if|when)\b",
    re.IGNORECASE,
)
"""Words that say so at the start of a sentence alone: it has no subject, or one that was named before."""
_DEFINITE = re.compile(r"\bthe\s+(?:[\w-]+\s+){0,2}$", re.IGNORECASE)
"""An article before a finding that was named before."""
_SUSPECTED = re.compile(
    r"(?:possibl[ey]|probabl[ey]|suspected|suspicious|likely|concern\w*|worrisome)\b", re.IGNORECASE
)
"""Words at the start of a sentence that names what it is not certain of."""
_SETTLED = re.compile(r"\b(?:calcifi\w+|granulom\w+|healed|healing|chronic|remote|benign)\b", re.IGNORECASE)
"""Words of a sentence whose findings wait: an old fracture, a calcified nodule."""
_LABEL_WORDS = 2
"""A sentence of so few words that names nothing is a heading ("Chest."), to which what follows belongs."""
_REFERS = re.compile(
    r"\b(?:item|number|point|finding|impression|see)s?\s*(?:#\s*)?\d|#\s?\d|\bas\s+follows\b|:\s*$", re.I | re.M
)
"""Words that name an item by its place, or promise what follows."""
_HEADING = re.compile(r"(?:^|(?<=\s))[A-Z][A-Za-z /&-]{2,40}:")
"""A heading within the impression: what stands below it belongs to it."""
_ENDS = (".", "!", "?")
_BEFORE = 60
"""Characters before a finding in which its article is looked for."""
MAX_ITEMS = 40
"""Items of an impression that are put in order; a longer text is no impression, and stays as it is."""


class Ordered(NamedTuple):
    """An impression in the order of urgency."""

    text: str
    order: str | None
    """Places that the items had, from 1, joined by ","; None: the text is as it was."""


def order_by_criticality(text: str) -> Ordered:
    """Return `text` with its items in the order of urgency, items of one urgency as they stood.

    Items are those of a list, whose marks stay where they are, else sentences. Every word is there as often as before.
    A text of fewer than two items, without an urgent finding, or with the most urgent first already is returned as it
    is, and so is one whose items cannot be distinguished or moved, see the module. Linear in the length of `text`.
    """
    unchanged = Ordered(text, None)
    mentions = find_mentions(text)
    if not any(urgency_rank(mention) for mention in mentions):
        return unchanged
    spans = _items(text)
    if spans is None or not 2 <= len(spans) <= MAX_ITEMS:
        return unchanged
    groups: list[list[int]] = []
    ranks = []
    for place, (start, end) in enumerate(spans):
        own = [mention for mention in mentions if start <= mention.start < end]
        ranks.append(_urgency(text, start, end, own))
        leans = _leans(text, start, end, own)
        if (leans and not groups) or (not own and len(text[start:end].split()) <= _LABEL_WORDS):
            return unchanged
        if leans:
            groups[-1].append(place)
        else:
            groups.append([place])
    urgency = [max(ranks[place] for place in group) for group in groups]
    ranked = sorted(range(len(groups)), key=lambda place: -urgency[place])
    order = [place for group in ranked for place in groups[group]]
    if order == list(range(len(spans))):
        return unchanged
    written = _rewritten(text, spans, order)
    if _read(find_mentions(written)) != _read(mentions):
        return unchanged
    return Ordered(written, ",".join(str(place + 1) for place in order))


def _leans(text: str, start: int, end: int, mentions: Sequence[Mention]) -> bool:
    """Return whether a sentence with these `mentions` is not understood without the one before it."""
    if _LEANS.search(text, start, end) or _LEANS_AT_ITS_START.match(text, start, end):
        return True
    if any(_DEFINITE.search(text, max(start, mention.start - _BEFORE), mention.start) for mention in mentions):
        return True
    certain = any(mention.state is not State.UNCERTAIN for mention in mentions)
    return not certain and _SUSPECTED.match(text, start, end) is None


def _urgency(text: str, start: int, end: int, mentions: Sequence[Mention]) -> int:
    """Return the rank of the most urgent finding of an item that has these `mentions`."""
    if _SETTLED.search(text, start, end):
        return 0
    return max(map(urgency_rank, mentions), default=0)


def _items(text: str) -> list[tuple[int, int]] | None:
    """Return start and end of the items, without marks and white space; None where they cannot be distinguished."""
    if _REFERS.search(text) or _HEADING.search(text):
        return None
    marks = find_marks(text)
    if len(marks) > 1:
        numbers = [int(digits[0]) for mark in marks if (digits := re.findall(r"\d+", text[mark.start : mark.end]))]
        if text[: marks[0].start].strip() or numbers != sorted(set(numbers)):
            return None
        ends = [mark.start for mark in marks[1:]] + [len(text.rstrip())]
        return [(mark.end, end) for mark, end in zip(marks, ends, strict=True)]
    if marks:
        return None
    spans = [_stripped(text, *span) for span in sentence_spans(text)]
    # a sentence without its stop would run into the next one
    return spans if all(text.endswith(_ENDS, *span) for span in spans) else None


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), end - len(part) + len(part.rstrip())


def _rewritten(text: str, spans: Sequence[tuple[int, int]], order: Sequence[int]) -> str:
    """Return `text` with the item `order[k]` in the place of the item k; what stands between items stays."""
    parts, last = [], 0
    for (start, end), place in zip(spans, order, strict=True):
        parts += [text[last:start], text[slice(*spans[place])]]
        last = end
    return "".join([*parts, text[last:]])


def _read(mentions: Sequence[Mention]) -> Counter[tuple[object, ...]]:
    """Return what is read in a text, wherever in it."""
    return Counter(
        (its.concept, its.state, its.sides, its.severity, its.locations, its.change, its.historical) for its in mentions
    )
