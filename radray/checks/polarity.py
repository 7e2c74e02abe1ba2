"""Impression against findings, by concept: the opposite said, a critical finding left out."""

import re

from radray.checks.known import (
    Known,
    asserted,
    is_finding,
    place,
    places_meet,
    related,
    said,
    sides_meet,
)
from radray.checks.prior import knows_prior, wants_prior
from radray.checks.spans import FINDINGS, Hit, Place
from radray.language.lexicon.concepts import CONCEPTS, ancestors
from radray.language.mentions import Mention, State

_ON_AN_EARLIER_EXAM = re.compile(
    r"[^.;]*?\bnot\s+(?:\w+\s+){0,2}?(?:on|in)\s+(?:the\s+)?(?:prior|previous|earlier|older|last|outside|___)",
    re.IGNORECASE,
)
TIMELY = frozenset(
    {
        *(
            "pleural_effusion",
            "pneumothorax",
            "atelectasis",
            "consolidation",
            "pneumonia",
            "infiltrate",
            "edema",
            "nodule",
        ),
        *(
            "mass",
            "lung_lesion",
            "cardiomegaly",
            "scarring",
            "pleural_other",
            "hiatal_hernia",
            "lymphadenopathy",
            "fracture",
        ),
        *("granuloma", "pneumomediastinum", "subcutaneous_emphysema", "airspace_disease", "free_air"),
    }
)
"""Concepts of which a change is a change in time."""
_IN_AIRWAY = re.compile(
    r"\b(?:nasogastric|orogastric|enteric|feeding|dobb?hoff|ngt?|ogt?|gastric)\b"
    r"(?:[^\w.;]+(?!(?:no|not|without)\b)\w+){1,9}?[^\w.;]+"
    r"(?:bronch\w+|airway|trachea|lung|pleural\s+space)\b",
    re.IGNORECASE,
)
_AIRWAY = re.compile(r"\b(?:bronch|airway|trache|malposition|misplac|reposition)", re.IGNORECASE)
_BORDER = re.compile(r"[^.;]*?\b(?:top|upper|borderline|high)\b", re.IGNORECASE)
# named as what is looked for, or as said elsewhere: "CT to identify a small nodule", "the previously described nodule"
_ONLY_NAMED = re.compile(
    r"\b(?:to\s+(?:identify|evaluate|exclude|assess|look|rule|detect|confirm|locali[sz]e|locate|establish)\b"
    r"|previously\s+(?:described|seen|noted|reported))[^.;]*$",
    re.IGNORECASE,
)
# "No opacity" is said of a film with a scar: only the finding itself, not a part of so wide a family, contradicts it.
_AIRSPACE = frozenset({"airspace_disease", "consolidation", "infiltrate", "pneumonia"})
"""What "no opacity" does deny."""
WIDE = frozenset({"lung_opacity", "enlarged_cardiomediastinum", "bone_abnormality", "support_devices", "lung_lesion"})
"""Concepts so wide that their absence says nothing of their children."""


def find_polarity_flips(impression: str, mentions: tuple[Mention, ...], known: Known) -> list[Hit]:
    """Return the findings that the impression asserts and the findings deny, or the reverse.

    Uncertain is neither. A denial of a degree or a change ("no large effusion", "no new opacity") denies no other; a
    denial of one side or place does not reach another. What the findings assert and deny both conflicts only where
    the assertion is of another side. A denied concept denies its children, an asserted one asserts its parents, but
    for `WIDE`.
    """
    hits: list[Hit] = []
    for mention in mentions:
        if not is_finding(mention) or mention.historical:
            continue
        if asserted(mention) and not _ONLY_NAMED.search(impression, max(0, mention.start - 60), mention.start):
            other = _denied(mention, known)
        elif mention.state is State.ABSENT and _plain(mention) and not _borderline(mention, impression):
            other = _asserted_anyway(mention, mentions, known)
        else:
            continue
        if other is not None:
            hits.append((place(mention), place(other, FINDINGS)))
    return hits


def _plain(denial: Mention) -> bool:
    """Whether a denial is of the concept as such."""
    return denial.severity is None and denial.change is None


def _denied(mention: Mention, known: Known) -> Mention | None:
    """Return the denial in the findings that an asserted `mention` contradicts."""
    supports = [
        other
        for other in known.in_findings
        if other.state is not State.ABSENT and sides_meet(other, mention) and related(other.concept, mention.concept)
    ]
    # an opacity elsewhere does not take back "no consolidation"; one at the very place may be read as one
    of_kind = any(
        other.concept == mention.concept
        or mention.concept in ancestors(other.concept)
        or (bool(other.sides & mention.sides) and places_meet(other, mention))
        for other in supports
    )
    for other in known.in_findings:
        if other.state is not State.ABSENT or other.historical or other.change is not None:
            continue
        if other.severity not in (None, mention.severity) or _of_the_past(other, known.findings):
            continue
        if _borderline(other, known.findings):
            continue
        if other.concept == mention.concept:
            excused = of_kind
        else:
            excused = bool(supports) or other.concept not in ancestors(mention.concept) or other.concept in WIDE
        if not excused and (not other.sides or mention.sides <= other.sides) and places_meet(other, mention):
            return other
    return None


def _borderline(denial: Mention, text: str) -> bool:
    """Whether a statement of normality is one of the border: "heart top normal", "upper limits of normal"."""
    return _BORDER.match(text, denial.start, denial.end + 12) is not None


def _of_the_past(denial: Mention, findings: str) -> bool:
    """Whether what follows a denial makes it one of an earlier exam: "opacity, not seen on the prior"."""
    return _ON_AN_EARLIER_EXAM.match(findings, denial.end, denial.end + 80) is not None


def _asserted_anyway(mention: Mention, mentions: tuple[Mention, ...], known: Known) -> Mention | None:
    """Return the assertion in the findings that a denying `mention` contradicts."""

    def reaches(other: Mention) -> bool:
        same = other.concept == mention.concept
        child = mention.concept not in WIDE and mention.concept in ancestors(other.concept)
        child = child or (mention.concept == "lung_opacity" and other.concept in _AIRSPACE)
        return (same or child) and sides_meet(other, mention) and places_meet(other, mention)

    for other in mentions:
        kin = other.concept == mention.concept or (
            mention.concept not in WIDE and related(other.concept, mention.concept)
        )
        if kin and said(other) and sides_meet(other, mention):
            return None
    contradicted = next((other for other in known.in_findings if asserted(other) and reaches(other)), None)
    if contradicted is None or (contradicted.concept == mention.concept and not _excused(mention, known)):
        return contradicted
    return None if any(other.concept == mention.concept for other in known.in_findings) else contradicted


def _excused(mention: Mention, known: Known) -> bool:
    """Whether the findings deny what `mention` denies, beside asserting it.

    "Right effusion, no left effusion": the denial of the left excuses none of the right, nor of all.
    """
    return any(
        other.concept == mention.concept
        and other.state is State.ABSENT
        and (not other.sides or (bool(mention.sides) and sides_meet(other, mention)))
        for other in known.in_findings
    )


def find_invented_changes(impression: str, mentions: tuple[Mention, ...], known: Known) -> list[Hit]:
    """Return the findings that the impression says to have changed, when nothing knows of an earlier exam.

    Only of `TIMELY` concepts: "increased markings" and "decreased volumes" describe one film.
    """
    found = [
        mention
        for mention in mentions
        if mention.change is not None and mention.concept in TIMELY and not wants_prior(impression, mention.start)
    ]
    if not found or knows_prior(known.findings, known.background):
        return []
    return [(place(mention),) for mention in found]


def has_critical(findings: str, background: str | None) -> bool:
    """Return whether `findings` assert a critical finding: one that an impression could leave out."""
    return bool(find_missed_critical("", (), Known(findings, background or "")))


def find_missed_critical(impression: str, mentions: tuple[Mention, ...], known: Known) -> list[Hit]:
    """Return the critical findings that the findings assert and the impression does not mention.

    Critical as the phrase table has it (`urgency`). A parent or a child of the finding says it, and so does its mention
    as uncertain; a denial does not. A feeding tube in the airway is critical in any words. The place is that of the
    findings alone.
    """
    airway = _IN_AIRWAY.search(known.findings)
    hits: list[Hit] = []
    if airway and not _AIRWAY.search(impression) and not any(m.concept == "malpositioned_device" for m in mentions):
        hits.append((Place(FINDINGS, *airway.span()),))
    told = {mention.concept for mention in mentions if mention.state is not State.ABSENT}
    missed: set[str] = set()
    for mention in known.in_findings:
        if CONCEPTS[mention.concept].urgency != "critical" or not asserted(mention) or mention.concept in missed:
            continue
        if not any(related(concept, mention.concept) for concept in told):
            missed.add(mention.concept)
            hits.append((place(mention, FINDINGS),))
    return hits
