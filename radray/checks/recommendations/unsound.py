"""Recommendations without a reason: nothing to act on, too much for what is there, or too little, too late."""

import re

from radray.checks.context import ReportContext
from radray.checks.recommendations.actions import find_actions
from radray.checks.recommendations.recommendation import Recommendation, find_recommendations_in
from radray.checks.recommendations.vocabulary import ACTIONS, BENIGN, CHRONIC, NO_FOLLOW_UP, SUSPICIOUS, Action
from radray.checks.spans import IMPRESSION, Hit, Place, sentence_spans
from radray.language.lexicon.concepts import CONCEPTS, ancestors
from radray.language.mentions import State

_HARMLESS = frozenset({"atelectasis", "cardiomegaly", "scarring", "granuloma", "interstitial_markings", "lung_opacity"})
"""Concepts that give no reason by their parents: atelectasis is an opacity, and no lesion to be sampled. A large heart
is not a wide mediastinum, though the CheXpert labeler files it there."""

_INVASIVE = frozenset({"sampling", "endoscopy", "surgery"})
"""Kinds of actions for which any suspicious word of the findings is a reason."""

_LIMITED = re.compile(
    r"\b(?:limit(?:ed|ation\w*)|suboptimal|sub-optimal|rotat(?:ed|ion)|motion|technique|obscur\w+|not\s+well|poorly|incomplete\w*"
    r"|degraded|underpenetrat\w+|under-?exposed|inadequate|difficult|cannot|questiona\w+|possibl[ey]|may\b|might|could|suggest\w*"
    r"|suspicious|concern\w*|nonspecific|indeterminate|asymmetr\w+|denser?|fullness|prominen\w+|irregular\w*|abnormal\b|vague"
    r"|correlat\w+|not\s+(?:included|visuali[sz]ed|imaged)|convexity)",
    re.IGNORECASE,
)
"""Words that give a reason to act where the findings name no finding of the table."""
_ASKED = re.compile(r"\b(?:recommended|advised|suggested)\b", re.IGNORECASE)
_PLAIN = re.compile(
    r"\b(?:no|not|without|negative|normal\w*|unremarkable|clear|intact|within|patent|preserved|maintained|midline|absent|free"
    r"|limits|stable|unchanged|sharp|expanded|inflated|symmetric\w*|views?|radiographs?|projections?|technique|films?"
    r"|examination|study|images|contrast|lungs?|heart|none|homogeneous|nondisplaced|aligned|exam)\b",
    re.IGNORECASE,
)
"""Words of sentences that state normality or the technique; a sentence without any states something."""
_NEGATED = re.compile(r"\b(?:no|without|negative\s+for|free\s+of|absence\s+of|rather\s+than|neither)\b.*", re.I | re.S)
_NORMAL = re.compile(r"\b(?:normal|unremarkable|clear|intact|patent|preserved|not|benign)\b", re.IGNORECASE)
_PART = re.compile(r"(?<![.;\n])[.;\n]+(?=\s|$)|\b(?:but|however|although)\b|,\s+(?:with\s+)?(?=\d)")

_MALIGNANT = re.compile(
    r"\b(?:suspicious\s+for|concerning\s+for|worrisome\s+for|compatible\s+with|consistent\s+with|likely|probabl[ey])\s+(?:[\w-]+\s+){0,3}?"
    r"(?:malignan\w+|metasta\w+|cancer|carcinoma|neoplas\w+|tumou?rs?|lymphoma|sarcoma)|\bspiculated\b"
    r"|\b(?:bi-?\s?rads|ti-?\s?rads)\s+(?:category\s+)?5|\bobstructing\s+(?:tumou?r|mass|lesion|neoplasm)|\bmetastas[ei]s\b",
    re.IGNORECASE,
)
"""Words of a finding that must not wait."""
WAIT_DAYS = 183
"""Most days of a follow-up alone where a mass or a suspected cancer was seen: half a year is the longest first interval
that the Fleischner Society (2017) and BI-RADS give a finding that may be malignant."""


def find_recommendations(impression: str, context: ReportContext) -> list[Hit]:
    """Return the actions that the impression recommends without a reason in findings or background; [] for none.

    Radiologists recommend in the impression what the findings do not mention, so an action counts as invented only

    - if there is nothing to act on (`_has_reason`), unless the action is left to the patient's state ("if symptoms
      persist") or the findings or the background recommend something themselves;
    - if it needs a reason of its own (`Action.reasons`) and none is there; or
    - if it is none, or one in more than `WAIT_DAYS` alone, where the findings assert a mass or suspect a cancer.
    """
    written = find_recommendations_in(impression)
    if not written:
        return []
    quiet: bool | None = None
    hits: list[Hit] = []
    seen = _concepts(context)
    now = seen - {m.concept for m in context.in_findings if m.historical}
    reasons = now | frozenset().union(*(ancestors(concept) for concept in now - _HARMLESS))
    asserted = _asserted_text(context.findings)
    asked = bool(find_actions(context.findings)) or _ASKED.search(context.background) is not None
    tests_asked = {
        each.test for text in (context.findings, context.background) for each in find_recommendations_in(text)
    }
    for each in written:
        action = ACTIONS.get(each.test)
        if each.test == NO_FOLLOW_UP or _is_late(each, written):
            invented = _is_malignant(context, impression)
        elif each.conditional or each.test in tests_asked:
            invented = False
        elif action is not None and action.reasons and not _is_reasoned(action, reasons, asserted, context.background):
            invented = True
        elif asked or (each.kind == "device" and any(CONCEPTS[concept].device for concept in seen)):
            invented = False  # where a tip lies is reason enough to move it
        else:
            quiet = not _has_reason(context, seen, asserted) if quiet is None else quiet
            invented = quiet
        if invented:
            hits.append((Place(IMPRESSION, each.start, each.end),))
    return list(dict.fromkeys(hits))


def _concepts(context: ReportContext) -> frozenset[str]:
    """Return the concepts that may be a reason: those of the findings, and nodules and masses of the background."""
    concepts = {m.concept for m in context.in_findings if m.state is not State.ABSENT and _is_reason(m.concept)}
    return frozenset(concepts) | {
        m.concept
        for m in context.in_background
        if m.concept in ("nodule", "mass", "malignancy") and m.state is State.PRESENT
    }


def _has_reason(context: ReportContext, seen: frozenset[str], asserted: str) -> bool:
    """Return whether there is anything to act on.

    That is a finding, certain or not, that is not one of `CHRONIC`; words of doubt or of a limited exam (`_LIMITED`);
    or a sentence that neither states normality nor names a finding of the table.
    """
    if any(concept not in CHRONIC for concept in seen) and asserted.strip():
        return True
    if _LIMITED.search(context.findings):
        return True
    spans = sentence_spans(context.findings)
    named = [(m.start, m.end) for m in context.in_findings]
    for first, last in spans:
        sentence = context.findings[first:last]
        if not _PLAIN.search(sentence) and not any(first <= start < last for start, _ in named):
            return True
    return False


def _is_reasoned(action: Action, reasons: frozenset[str], asserted: str, background: str) -> bool:
    if not action.reasons.isdisjoint(reasons):
        return True
    if action.kind in _INVASIVE and SUSPICIOUS.search(asserted):
        return True
    return action.words is not None and bool(action.words.search(asserted) or action.words.search(background))


_EARLIER = re.compile(
    r"\bnot\s+(?:\w+\s+)?(?:on|in)\s+(?:the\s+)?(?:prior|previous|earlier|last|older)\b[^.,;]{0,40}", re.IGNORECASE
)
"""What an earlier exam did not have is here now."""


def _asserted_text(findings: str) -> str:
    """Return `findings` without what they deny, what they state as normal, and what is benign by its name."""
    kept = []
    for part in _PART.split(_EARLIER.sub(" ", findings)):
        stated = _NEGATED.sub(" ", BENIGN.sub(" ", part))
        if not _NORMAL.search(stated):
            kept.append(stated)
    return " . ".join(kept)


def _is_late(each: Recommendation, written: tuple[Recommendation, ...]) -> bool:
    """Return whether a recommendation is to wait for more than `WAIT_DAYS`, and no other has another test."""
    return (
        each.days is not None
        and each.days[0] > WAIT_DAYS
        and all(other.days is not None and other.days[0] > WAIT_DAYS for other in written)
    )


def _is_malignant(context: ReportContext, impression: str) -> bool:
    """Return whether the findings assert a mass, or findings or impression suspect a cancer."""
    return any(
        m.concept in ("mass", "malignancy") and m.state is State.PRESENT and not m.historical
        for m in context.in_findings
    ) or any(_MALIGNANT.search(_asserted_text(text)) for text in (context.findings, impression))


def _is_reason(concept: str) -> bool:
    return concept not in ("abnormality", "no_finding") and not CONCEPTS[concept].normal
