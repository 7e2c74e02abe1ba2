"""Critical findings that an impression leaves out, or asserts where its input has none."""

import re

from radray.checks.context import ReportContext, akin, is_asserted, is_current, place, related
from radray.checks.spans import FINDINGS, Hit, Place
from radray.language.lexicon.concepts import CONCEPTS
from radray.language.mentions import Mention, State

_IN_AIRWAY = re.compile(
    r"\b(?:nasogastric|orogastric|enteric|feeding|dobb?hoff|ngt?|ogt?|gastric)\b"
    r"(?:[^\w.;]+(?!(?:no|not|without)\b)\w+){1,9}?[^\w.;]+"
    r"(?:bronch\w+|airway|trachea|lung|pleural\s+space)\b",
    re.IGNORECASE,
)
_AIRWAY = re.compile(r"\b(?:bronch|airway|trache|malposition|misplac|reposition)", re.IGNORECASE)


def has_critical(findings: str, background: str | None) -> bool:
    """Return whether `findings` assert a critical finding, which an impression could leave out."""
    return bool(find_missed_critical("", (), ReportContext(findings, background or "")))


def find_missed_critical(impression: str, mentions: tuple[Mention, ...], context: ReportContext) -> list[Hit]:
    """Return the critical findings that the findings assert and the impression does not mention; [] for none.

    A concept is critical if its `urgency` in the phrase table is "critical". A parent or a child in the impression
    covers the finding, certain or not; a denial does not. A feeding tube in the airway is critical in any wording. Each
    hit is a place in the findings alone.
    """
    airway = _IN_AIRWAY.search(context.findings)
    hits: list[Hit] = []
    if airway and not _AIRWAY.search(impression) and not any(m.concept == "malpositioned_device" for m in mentions):
        hits.append((Place(FINDINGS, *airway.span()),))
    named = {mention.concept for mention in mentions if mention.state is not State.ABSENT}
    missed: set[str] = set()
    for mention in context.in_findings:
        if CONCEPTS[mention.concept].urgency != "critical" or not is_asserted(mention) or mention.concept in missed:
            continue
        if not any(related(concept, mention.concept) for concept in named):
            missed.add(mention.concept)
            hits.append((place(mention, FINDINGS),))
    return hits


def find_invented_critical(mentions: tuple[Mention, ...], context: ReportContext) -> list[Hit]:
    """Return the critical findings that the impression asserts for certain and nothing in `context` names; [] for none.

    A denial in the findings is a contradiction and left to `find_polarity_flips`; whatever is akin in findings or
    background supports the finding.
    """
    hits: list[Hit] = []
    for mention in mentions:
        if CONCEPTS[mention.concept].urgency != "critical" or not is_asserted(mention):
            continue
        if not any(
            akin(other.concept, mention.concept) and (is_current(other) or other.concept == mention.concept)
            for _, other in context.mentions()
        ):
            hits.append((place(mention),))
    return hits
