"""Clinical checks of an impression against its findings and background, by rule and without a model.

Tier A holds what a reader must not meet in the morning, and may gate a night; Tier B what is for a person to weigh.
Radiologists' own impressions trip both: every check is made for the reference too, and a model is judged by its excess.
On Open-i's 1,384 pairs (tests/benchmarks/check_rates.py) they trip Tier A in under 2 % of reports, half of these for
a call that a person did make and a model cannot have; masks aside, which in a reference are the de-identification's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from radray.checks.actions import find_actions
from radray.checks.advisory import (
    find_certainty,
    find_comparison,
    find_device,
    find_location,
    find_severity,
    find_unsupported,
)
from radray.checks.communication import find_communication
from radray.checks.form import find_degenerate, find_identifiers, find_masks
from radray.checks.known import Known, mentions_of, said
from radray.checks.measurements import find_changed
from radray.checks.polarity import find_invented_changes, find_missed_critical, find_polarity_flips
from radray.checks.prior import find_prior
from radray.checks.recommendations import find_recommendations
from radray.checks.sides import find_side_conflicts
from radray.checks.spans import Hit, write_evidence
from radray.flags import CLASSES, TIER_B
from radray.language.lexicon.concepts import CONCEPTS, URGENCIES
from radray.language.mentions import Mention

CHECKS_ID = "checks-1"
"""Raised when a change here, in the phrase table or in the finding of mentions can change a flag."""

OF_CONCEPTS = ("side", "polarity", "critical_missed", "recommendation", *TIER_B)
"""Classes that hang on the phrase table, and apply only where it has the findings; the others apply to any report."""
BODY_PARTS = frozenset({"chest", "ribs", "heart", "head", "spine", "neck", "abdomen", "pelvis", "extremity"})
"""Body parts whose common and critical findings the phrase table has. Measured on real reports of the chest alone
(Open-i, ribs and heart among them); the others only on made-up ones. No breast: its findings have a language of their
own (BI-RADS) that the table does not know."""
MODALITIES = frozenset({"CR", "DX", "CT", "MR", "US", "RF", "XA"})
"""DICOM modalities whose findings the phrase table has: no mammography, no nuclear medicine."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks say of one impression."""

    flags: Mapping[str, bool | None]
    """By class, those of TIER_A and then TIER_B; None where a class does not apply."""
    evidence: str
    """Where: ``side impression:12-25 findings:40-61; mask impression:0-3``, characters of the texts; never text."""
    followup: bool
    """Whether the impression recommends a follow-up or another action."""
    most_urgent_first: bool | None
    """Whether its most urgent sentence with a finding is its first; None with fewer than two or none urgent."""


def check(
    impression: str | None,
    findings: str,
    background: str | None,
    *,
    modality: str | None = None,
    body_part: str | None = None,
    identifiers: Sequence[str] = (),
    output_cut: bool = False,
) -> Checked:
    """Return the flags of `impression` against `findings` and `background`, with evidence as positions.

    `identifiers` are those of the study and the patient, looked for in the impression; `output_cut`: the model was
    stopped before its end. The classes of `OF_CONCEPTS` are None where `body_part` or `modality` is one that the
    phrase table was not tried on; where either is not known, they apply if the findings name a concept of the table.
    A blank impression is degenerate and nothing else.
    """
    text, behind = impression or "", background or ""
    facts = Known(findings, behind)
    applies = _applies(modality, body_part, facts)
    if not text.strip():
        flags = {name: None if name in OF_CONCEPTS and not applies else False for name in CLASSES}
        return Checked(flags | {"degenerate": True}, "degenerate impression:0-0", False, None)
    hits: dict[str, list[Hit]] = {
        "measurement": find_changed(text, findings, behind),
        "communication": find_communication(text, findings, behind),
        "mask": find_masks(text),
        "prior": find_prior(text, findings, behind),
        "degenerate": find_degenerate(text, output_cut=output_cut),
        "identifier": find_identifiers(text, identifiers),
    }
    mentions = mentions_of(text)
    if applies:
        hits |= {
            "side": find_side_conflicts(text, mentions, facts),
            "polarity": find_polarity_flips(text, mentions, facts),
            "critical_missed": find_missed_critical(text, mentions, facts),
            "prior": hits["prior"] or find_invented_changes(text, mentions, facts),
            "recommendation": find_recommendations(text, facts),
            "unsupported": find_unsupported(mentions, facts),
            "certainty": find_certainty(text, mentions, facts),
            "severity": find_severity(mentions, facts),
            "location": find_location(text, mentions, facts),
            "device": find_device(text, mentions, facts),
            "comparison": find_comparison(text, mentions, facts),
        }
    order = CLASSES
    return Checked(
        flags={name: bool(hits[name]) if name in hits else None for name in order},
        evidence=write_evidence((name, hits[name]) for name in order if hits.get(name)),
        followup=bool(find_actions(text)),
        most_urgent_first=_most_urgent_first(mentions),
    )


def _applies(modality: str | None, body_part: str | None, facts: Known) -> bool:
    if (body_part is not None and body_part not in BODY_PARTS) or (modality is not None and modality not in MODALITIES):
        return False
    return (body_part is not None and modality is not None) or bool(facts.in_findings)


def _most_urgent_first(mentions: tuple[Mention, ...]) -> bool | None:
    urgency: dict[int, int] = {}
    for mention in mentions:
        degree = CONCEPTS[mention.concept].urgency if said(mention) else None
        rank = len(URGENCIES) - URGENCIES.index(degree) if degree else 0
        urgency[mention.sentence] = max(urgency.get(mention.sentence, 0), rank)
    if len(urgency) < 2 or not any(urgency.values()):
        return None
    return urgency[min(urgency)] == max(urgency.values())
