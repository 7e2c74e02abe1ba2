"""Impression against findings, by concept: contradictions and invented changes."""

import re

from radray.checks.context import (
    ReportContext,
    akin,
    is_asserted,
    is_current,
    is_finding,
    place,
    places_meet,
    related,
    sides_meet,
)
from radray.checks.findings.reportable import is_lasting
from radray.checks.findings.whole_organs import (
    WIDE,
    denies,
    denies_itself,
    is_acute,
    is_elsewhere,
    is_of_whole,
    is_reserved,
)
from radray.checks.prior import is_of_degree, knows_prior, wants_prior
from radray.checks.spans import FINDINGS, Hit
from radray.language.lexicon.concepts import ancestors
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
"""Concepts whose change is a change over time."""
_BORDER = re.compile(r"[^.;]*?\b(?:top|upper|borderline|high)\b", re.IGNORECASE)
# mentioned only as sought or as described elsewhere: "CT to identify a small nodule", "the previously described nodule"
_ONLY_NAMED = re.compile(
    r"\b(?:to\s+(?:identify|evaluate|exclude|assess|look|rule|detect|confirm|locali[sz]e|locate|establish)\b"
    r"|previously\s+(?:described|seen|noted|reported))[^.;]*$",
    re.IGNORECASE,
)
_SIGNS = re.compile(
    r"\b(?:honeycomb|air\s+bronchogram|kerley|cephali[sz]ation|volume\s+loss|loss\s+of|height\s+loss|pleural\s+line|cavit"
    r"|engorge|redistribut)",
    re.IGNORECASE,
)
"""Signs among the phrases of a concept: without the sign there may still be the finding."""


def find_polarity_flips(impression: str, mentions: tuple[Mention, ...], context: ReportContext) -> list[Hit]:
    """Return the findings that the impression asserts and the findings deny, or the reverse.

    An uncertain finding is neither. A denial with a severity or a change ("no large effusion", "no new opacity") denies
    only that; a denial for one side or location does not extend to another. Where the findings both assert and deny a
    concept, the impression conflicts only on another side than the assertion. Denying a concept denies its children and
    asserting one asserts its parents, except for `WIDE` (see `whole_organs`). "No acute" denies nothing chronic.
    """
    hits: list[Hit] = []
    for mention in mentions:
        if not is_finding(mention) or mention.historical:
            continue
        if is_asserted(mention) and not _ONLY_NAMED.search(impression, max(0, mention.start - 60), mention.start):
            of_lung = mention.concept != "lung_opacity" or not is_elsewhere(mention, impression)
            other = _denied(mention, context) if of_lung else None
        elif mention.state is State.ABSENT and _plain(mention) and not _borderline(mention, impression):
            other = _asserted_anyway(impression, mention, mentions, context)
        else:
            continue
        if other is not None:
            hits.append((place(mention), place(other, FINDINGS)))
    return hits


def _plain(denial: Mention) -> bool:
    """Return whether a denial is of the concept itself, without severity or change."""
    return denial.severity is None and denial.change is None


def _denied(mention: Mention, context: ReportContext) -> Mention | None:
    """Return the denial in the findings that an asserted `mention` contradicts."""
    supports = [
        other
        for other in context.in_findings
        if other.state is not State.ABSENT and sides_meet(other, mention) and related(other.concept, mention.concept)
    ]
    # an opacity elsewhere does not qualify "no consolidation"; one at the same location may be read as one
    of_kind = any(
        other.concept == mention.concept
        or mention.concept in ancestors(other.concept)
        or (bool(other.sides & mention.sides) and places_meet(other, mention))
        for other in supports
    )
    for other in context.in_findings:
        if other.state is not State.ABSENT or other.historical or other.change is not None:
            continue
        if other.severity not in (None, mention.severity) or _of_the_past(other, context.findings):
            continue
        if other.concept in WIDE and is_of_whole(context.findings, other) and is_acute(context.findings, other):
            continue
        if _borderline(other, context.findings) or _SIGNS.search(context.findings, other.start, other.end):
            continue
        if other.concept == mention.concept:
            excused = of_kind
        else:
            excused = bool(supports) or other.concept not in ancestors(mention.concept) or other.concept in WIDE
        if not excused and (not other.sides or mention.sides <= other.sides) and places_meet(other, mention):
            return other
    return None


def _borderline(denial: Mention, text: str) -> bool:
    """Return whether a denial is a borderline statement: "heart top normal", "upper limits of normal"."""
    return _BORDER.match(text, denial.start, denial.end + 12) is not None


def _of_the_past(denial: Mention, findings: str) -> bool:
    """Return whether the words after a denial refer it to an earlier exam: "opacity, not seen on the prior"."""
    return _ON_AN_EARLIER_EXAM.match(findings, denial.end, denial.end + 80) is not None


def _asserted_anyway(
    impression: str, mention: Mention, mentions: tuple[Mention, ...], context: ReportContext
) -> Mention | None:
    """Return the assertion in the findings that a denying `mention` contradicts."""
    kin = [other for other in mentions if is_current(other) and sides_meet(other, mention)]
    if any(other.concept == mention.concept for other in kin):
        return None
    met = [
        other
        for other in context.in_findings
        if is_asserted(other) and sides_meet(other, mention) and places_meet(other, mention)
    ]
    if not met:
        return None
    wide = mention.concept in WIDE
    if wide and is_of_whole(impression, mention):
        if is_reserved(impression, mention) or denies_itself(mention, context):
            return None
        met = [other for other in met if not any(akin(named.concept, other.concept) for named in kin)]
        return next((other for other in met if denies(impression, mention, other, context.findings)), None)
    if not wide and any(related(other.concept, mention.concept) for other in kin):
        return None
    acute = is_acute(impression, mention)
    contradicted = next(
        (
            other
            for other in met
            if (
                other.concept == mention.concept
                or (not wide and mention.concept in ancestors(other.concept))
                or (wide and denies(impression, mention, other, context.findings))
                or (acute and _is_acute_fracture(mention, other, context))
            )
            and not (acute and is_lasting(other, context.findings))
        ),
        None,
    )
    if contradicted is None or (contradicted.concept == mention.concept and not _excused(mention, context)):
        return contradicted
    return None if any(other.concept == mention.concept for other in context.in_findings) else contradicted


def _is_acute_fracture(denial: Mention, other: Mention, context: ReportContext) -> bool:
    """Return whether `denial` is of a kind of fracture ("acute fracture") and the findings call `other` acute."""
    return other.concept == "fracture" and "fracture" in ancestors(denial.concept) and is_acute(context.findings, other)


def _excused(mention: Mention, context: ReportContext) -> bool:
    """Return whether the findings also deny what `mention` denies.

    "Right effusion, no left effusion": that denial excuses neither a denial of the right effusion nor of any effusion.
    """
    return any(
        other.concept == mention.concept
        and other.state is State.ABSENT
        and (not other.sides or (bool(mention.sides) and sides_meet(other, mention)))
        for other in context.in_findings
    )


def find_invented_changes(impression: str, mentions: tuple[Mention, ...], context: ReportContext) -> list[Hit]:
    """Return the findings to which the impression gives a change when `context` knows of no earlier exam.

    Only `TIMELY` concepts count: "increased markings" and "decreased volumes" describe a single film.
    """
    changed = [
        mention
        for mention in mentions
        if mention.change is not None
        and mention.concept in TIMELY
        and not wants_prior(impression, mention.start)
        and not is_of_degree(impression, mention.start)
    ]
    if not changed or knows_prior(context.findings, context.background):
        return []
    return [(place(mention),) for mention in changed]
