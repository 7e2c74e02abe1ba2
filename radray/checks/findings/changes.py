"""The change of a finding since the prior exam, reversed: better for worse, worse for better, new for not new."""

from collections.abc import Sequence

from radray.checks.context import ReportContext, akin, is_finding, place, related, sides_meet
from radray.checks.findings.locations import direction
from radray.checks.findings.ways import Way, find_ways, may_change
from radray.checks.prior import wants_prior
from radray.checks.spans import FINDINGS, IMPRESSION, Hit, Place
from radray.checks.subjects import conflict
from radray.language.lexicon.cues import words
from radray.language.mentions import Mention

_OPPOSITE = {
    "worse": frozenset({"better"}),
    "better": frozenset({"worse", "new"}),
    "new": frozenset({"better", "not new"}),
    "not new": frozenset({"new"}),
}
_WIDE = words(
    "pleural pulmonary mediastinal hilar cervical thoracic lumbar abdominal cardiac vascular bony osseous interstitial"
    " lung pleura chest bone kidney liver spleen pancreas heart breast brain intracranial retroperitoneal pelvic"
    " hepatobiliary"
)
"""Words of an anatomy that findings of many kinds share: pleural thickening is no pleural effusion."""
_OF_A_BREATH = frozenset({"low_lung_volumes", "hyperinflation"})
"""Concepts that change with each breath: "lower volumes with worsening atelectasis" says nothing of the volumes."""
_OVERALL = words(
    "disease response appearance finding metastatic lesion chest exam process treatment therapy interval partial"
)
"""Words of a judgement of the whole: "progression of disease"."""


def find_reversed_changes(impression: str, mentions: tuple[Mention, ...], context: ReportContext) -> list[Hit]:
    """Return the findings that the impression calls better and the findings worse, or the reverse; [] for none.

    Where the findings state several changes of a finding, or of its like on the same side, one that agrees is enough.
    A judgement of the whole ("partial response") is reversed where every change of the findings is the opposite.
    """
    if not may_change(impression) and not any(mention.change for mention in mentions):
        return []
    hits = _by_mention(impression, mentions, context)
    if hits:
        return hits
    stated = find_ways(impression, mentions)
    known = find_ways(context.findings, context.in_findings) if stated else ()
    return [
        (Place(IMPRESSION, way.start, way.end), Place(FINDINGS, other.start, other.end))
        for way in stated
        if (other := _reversed(way, known)) is not None
    ]


def _reversed(stated: Way, known: Sequence[Way]) -> Way | None:
    opposite = _OPPOSITE.get(stated.way, frozenset())
    if stated.way in ("worse", "better"):
        known = [other for other in known if other.way != "not new"]
    kin = [other for other in known if _same_finding(stated, other)]
    if not kin and all(other.way in opposite for other in known) and any(other.way != "new" for other in known):
        overall = not stated.concepts and stated.subject.head <= _OVERALL
        kin = [other for other in known if overall or _akin(stated, other)]
    return kin[0] if kin and all(other.way in opposite for other in kin) else None


def _akin(stated: Way, other: Way) -> bool:
    """Return whether two changes are of findings of a kind, as oedema and consolidation are both opacities."""
    return not conflict(stated.subject, other.subject) and any(
        akin(concept, known) for concept in stated.concepts for known in other.concepts
    )


def _same_finding(stated: Way, other: Way) -> bool:
    if conflict(stated.subject, other.subject):
        return False
    if any(related(concept, known) for concept in stated.concepts for known in other.concepts):
        return True
    return bool((stated.subject.head | stated.subject.beside) & other.subject.head - _WIDE)


def _by_mention(impression: str, mentions: tuple[Mention, ...], context: ReportContext) -> list[Hit]:
    hits: list[Hit] = []
    for mention in mentions:
        compared = is_finding(mention) and mention.concept not in _OF_A_BREATH and mention.change != "new"
        way = direction(mention, impression) if compared else None
        if way not in _OPPOSITE or wants_prior(impression, mention.start):
            continue
        others = [
            (other, other_way)
            for other in context.in_findings
            if related(other.concept, mention.concept)
            and sides_meet(other, mention)
            and other.change != "new"  # another may be new beside it
            and (other_way := direction(other, context.findings)) is not None
        ]
        if others and all(other_way in _OPPOSITE[way] for _, other_way in others):
            hits.append((place(mention), place(others[0][0], FINDINGS)))
    return hits
