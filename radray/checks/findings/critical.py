"""Critical findings that an impression leaves out, or asserts where its input has none."""

import re

from radray.checks.context import ReportContext, is_asserted, is_current, place, related
from radray.checks.spans import FINDINGS, Hit, sentence_of
from radray.language.lexicon.concepts import CONCEPTS, ancestors
from radray.language.mentions import Mention, State

_SUSPECTS = re.compile(
    r"\b(?:possib|probab|likely|may\b(?!\s+(?:not|be\s+(?:obscured|missed|occult)))|might\b|could\b(?!\s+not)|concern|suspic"
    r"|suspect|worris|question|suggest|favou?r|represent|raises?\b|equivocal|apparent|reflect|compatible|versus|vs\b)",
    re.IGNORECASE,
)
"""Words by which the findings suspect what they do not assert."""
_LIMITS = re.compile(
    r"\b(?:obscur|miss(?:ed|ing)?\b|occult|sensitiv|insensitiv|limit(?:s|ed|ation)?\b|evaluat|exclude[ds]?\b(?!\s+by)|rule[sd]?\s+out"
    r"|assess|initially|if\s+there|if\s+clinical|clinical(?:ly)?\s+(?:concern|suspicion|suspected)|history\s+of)",
    re.IGNORECASE,
)
"""Words of what an exam cannot show, which is no suspicion: "a small pneumothorax cannot be excluded"."""
_LASTING = re.compile(
    r"\b(?:chronic|old|remote|healed|long-?\s?standing|treated|prior|previous)\b(?!\s+(?:exam|stud|film|radiograph|ct|mri|chest))"
    r"(?!\s+on\b)[^.;,]{0,40}$",
    re.IGNORECASE,
)
_EXPLAINED = re.compile(
    r"\b(?:represents?\s+(?:normal|physiologic)|physiologic|artifact|artefact|skin\s?fold|interpos|chilaiditi|haustra|mimic"
    r"|simulat|volume\s+averag|beam\s+harden|streak|not\s+(?:consistent|compatible)|within\s+(?:the\s+)?(?:colon|bowel|stomach))",
    re.IGNORECASE,
)
"""Words by which a sentence of the findings explains away what it describes."""
_ACUTE = re.compile(r"\b(?:acute|new|worsen\w*|enlarg\w*|increas\w*)\b", re.IGNORECASE)
_MENDS = re.compile(
    r"\b(?:reposition|withdraw|retract|pull(?:ed)?\s+back|advanc(?:ed|ing|ement)\b|malposition|mis-?\s?position|misplac"
    r"|main\s?-?stem|main\s+bronch|intermedius|coiled|looped|kinked|remov|replac|exchang|readjust)",
    re.IGNORECASE,
)
"""Words of a tube in the wrong place, or of what is done about it."""
_GRAVER = frozenset({"tension_pneumothorax", "cardiac_tamponade"})
"""Critical kinds of a finding that does not make them likely by itself."""


def has_critical(findings: str, background: str | None) -> bool:
    """Return whether `findings` assert or suspect a critical finding, which an impression could leave out."""
    return bool(find_missed_critical("", (), ReportContext(findings, background or "")))


def find_missed_critical(
    impression: str,
    mentions: tuple[Mention, ...],
    context: ReportContext,
    out_of_view: frozenset[str] = frozenset(),
) -> list[Hit]:
    """Return the critical findings, asserted or suspected, that the impression does not mention; [] for none.

    A concept is critical if its `urgency` in the vocabulary is "critical", unless the findings call it old. A parent,
    a child, or a concept of which it is a sign covers it in the impression, certain or not; a denial covers what is
    only suspected or explained away. Findings of the organs `out_of_view` count for nothing. Each hit is a place in
    the findings alone.
    """
    hits: list[Hit] = []
    named = {mention.concept for mention in mentions if mention.state is not State.ABSENT}
    weighed = {mention.concept for mention in mentions}
    missed: set[str] = set()
    for mention in context.in_findings:
        concept = mention.concept
        if CONCEPTS[concept].urgency != "critical" or concept in missed or not is_current(mention):
            continue
        if CONCEPTS[concept].organ in out_of_view:
            continue
        suspected = mention.state is State.UNCERTAIN
        if suspected and not _is_suspected(mention, context.findings):
            continue
        if _is_old(mention, context.findings) or any(_covers(other, concept) for other in named):
            continue
        resolved = suspected or _EXPLAINED.search(context.findings, *sentence_of(context.findings, mention.start))
        if resolved and any(related(other, concept) for other in weighed):
            continue
        if concept == "malpositioned_device" and _MENDS.search(impression):
            continue
        missed.add(concept)
        hits.append((place(mention, FINDINGS),))
    return hits


def _covers(named: str, missed: str) -> bool:
    """Return whether the concept `named` speaks for `missed`: its kin, its sign, or what it is a sign of."""
    return related(named, missed) or missed in CONCEPTS[named].signs or named in CONCEPTS[missed].signs


def _is_suspected(mention: Mention, findings: str) -> bool:
    """Return whether the words around an uncertain `mention` suspect the finding, and not only fail to exclude it."""
    first, last = sentence_of(findings, mention.start)
    first = max(first, findings.rfind(";", first, mention.start) + 1)
    part = findings.find(";", mention.end, last)
    sentence = findings[first : part if part >= 0 else last]
    return _SUSPECTS.search(sentence) is not None and not _LIMITS.search(sentence)


def _is_old(mention: Mention, findings: str) -> bool:
    """Return whether the words before or in `mention` say that the finding has been there for long."""
    start, _ = sentence_of(findings, mention.start)
    before = findings[max(start, mention.start - 60) : mention.start]
    return _LASTING.search(before) is not None and not _ACUTE.search(before)


def find_invented_critical(mentions: tuple[Mention, ...], context: ReportContext) -> list[Hit]:
    """Return the critical findings that the impression asserts for certain and nothing in `context` names; [] for none.

    A denial in the findings is a contradiction and left to `find_polarity_flips`. A finding is supported by its kin in
    findings or background, by its signs, and by what it is a sign of.
    """
    hits: list[Hit] = []
    for mention in mentions:
        if CONCEPTS[mention.concept].urgency != "critical" or not is_asserted(mention):
            continue
        if not any(
            other.concept == mention.concept or (is_current(other) and _supports(other.concept, mention.concept))
            for _, other in context.mentions()
        ):
            hits.append((place(mention),))
    return hits


def _supports(seen: str, concluded: str) -> bool:
    """Return whether the concept `seen` can be concluded to be `concluded`."""
    if concluded in _GRAVER:
        return concluded in ancestors(seen) or seen in CONCEPTS[concluded].signs
    return _covers(seen, concluded) or not ancestors(seen).isdisjoint(ancestors(concluded))
