"""Clinical checks of an impression against its findings and background, by rule and without a model.

A check is a rule with a class; a flag is its result for one impression. Tier A is for errors that must not reach a
reader, and may gate a night; Tier B for differences that a person has to weigh. Radiologists' own impressions are
flagged too: every check is also applied to the reference, and a model is judged by its excess over that rate. On
Open-i's 1,384 pairs (tests/benchmarks/check_rates.py) Tier A flags under 2 % of the references, half of them for a call
that a radiologist did make and a model cannot have made. This leaves out masks, which in a reference come from
de-identification.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from radray.checks.communication import find_communication
from radray.checks.context import ReportContext, mentions_of, urgency_rank
from radray.checks.findings.advisory import (
    find_certainty,
    find_comparison,
    find_device,
    find_location,
    find_severity,
    find_unsupported,
)
from radray.checks.findings.changes import find_reversed_changes
from radray.checks.findings.critical import find_invented_critical, find_missed_critical
from radray.checks.findings.levels import find_levels
from radray.checks.findings.normal_over import find_normal_over_abnormal
from radray.checks.findings.omissions import find_omissions
from radray.checks.findings.polarity import find_invented_changes, find_polarity_flips
from radray.checks.findings.sections import find_exchanged_sections
from radray.checks.findings.sides import find_side_conflicts
from radray.checks.form import find_degenerate, find_masks
from radray.checks.identifiers.written import find_written
from radray.checks.numbers.counts import find_changed_counts
from radray.checks.numbers.exchanged import find_changed_grades, find_exchanged
from radray.checks.numbers.measurements import find_changed
from radray.checks.prior import find_prior
from radray.checks.recommendations.changed import (
    find_changed_intervals,
    find_changed_recommendations,
    find_missed_recommendations,
)
from radray.checks.recommendations.recommendation import Recommendation, find_recommendations_in
from radray.checks.recommendations.unsound import find_recommendations
from radray.checks.recommendations.vocabulary import NO_FOLLOW_UP
from radray.checks.scope import OF_CONCEPTS, covers, out_of_view
from radray.checks.spans import Hit, write_evidence
from radray.flags import CLASSES
from radray.language.lexicon.vocabulary import adopted_suffix
from radray.language.mentions import Mention

CHECKS_ID = "checks-3"
"""Version of the checks: raise it when a change here, in the phrase table or in `find_mentions` can change a flag."""


def checks_version() -> str:
    """Return the version of the checks with the vocabulary in use, as it stands in `checks_id`."""
    return CHECKS_ID + adopted_suffix()


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of all checks on one impression."""

    flags: Mapping[str, bool | None]
    """By class, TIER_A then TIER_B; None where a class does not apply."""
    evidence: str
    """Where: ``side impression:12-25 findings:40-61; mask impression:0-3``, characters of the texts, never text."""
    recommendations: tuple[Recommendation, ...]
    """What the impression recommends to be done, in order."""
    most_urgent_first: bool | None
    """Whether the most urgent sentence with a finding is the first; None with fewer than two, or none urgent."""

    @property
    def followup(self) -> bool:
        """Return whether the impression recommends follow-up or another action."""
        return any(each.test != NO_FOLLOW_UP for each in self.recommendations)


def check(
    impression: str | None,
    findings: str,
    background: str | None,
    *,
    modality: str | None = None,
    body_part: str | None = None,
    identifiers: Sequence[str] = (),
    output_cut: bool = False,
) -> CheckResult:
    """Return the flags of `impression` against `findings` and `background`, with evidence as positions.

    `identifiers` are those of the study and the patient, searched for in the impression; `output_cut` says that the
    model reached its length limit. The classes of `OF_CONCEPTS` are None where the vocabulary was not
    tried on such exams (`scope.covers`); where `body_part` or `modality` is unknown, they apply if the findings name a
    concept of the vocabulary. A blank impression is degenerate and nothing else.
    """
    text, behind = impression or "", background or ""
    context = ReportContext(findings, behind)
    applies = _applies(modality, body_part, context)
    if not text.strip():
        flags = {name: None if name in OF_CONCEPTS and not applies else False for name in CLASSES}
        return CheckResult(flags | {"degenerate": True}, "degenerate impression:0-0", (), None)
    hits: dict[str, list[Hit]] = {
        "measurement": find_changed(text, findings, behind)
        + find_exchanged(text, findings, behind)
        + find_changed_grades(text, findings, behind)
        + find_changed_counts(text, findings)
        + find_changed_intervals(text, findings, behind),
        "communication": find_communication(text, findings, behind),
        "mask": find_masks(text),
        "prior": find_prior(text, findings, behind),
        "degenerate": find_degenerate(text, output_cut=output_cut),
        "identifier": find_written(text, identifiers, (findings, behind)),
        "recommendation_missed": find_missed_recommendations(text, findings),
    }
    mentions = mentions_of(text)
    hits["side"] = find_side_conflicts(text, mentions, context)
    if applies:
        hits |= {
            "polarity": find_polarity_flips(text, mentions, context)
            or find_exchanged_sections(text, mentions, context),
            "critical_missed": find_missed_critical(text, mentions, context, out_of_view(body_part)),
            "critical_invented": find_invented_critical(mentions, context),
            "level": find_levels(text, mentions, context),
            "change": find_reversed_changes(text, mentions, context),
            "prior": hits["prior"] or find_invented_changes(text, mentions, context),
            "recommendation": find_recommendations(text, context) + find_changed_recommendations(text, findings),
            "unsupported": find_unsupported(mentions, context),
            "certainty": find_certainty(text, mentions, context),
            "severity": find_severity(mentions, context),
            "location": find_location(text, mentions, context),
            "device": find_device(text, mentions, context),
            "comparison": find_comparison(text, mentions, context),
            "normal_over_abnormal": find_normal_over_abnormal(text, mentions, context),
            "omission": find_omissions(text, mentions, context),
        }
    order = CLASSES
    return CheckResult(
        flags={name: bool(hits[name]) if name in hits else None for name in order},
        evidence=write_evidence((name, hits[name]) for name in order if hits.get(name)),
        recommendations=find_recommendations_in(text),
        most_urgent_first=_most_urgent_first(mentions),
    )


def _applies(modality: str | None, body_part: str | None, context: ReportContext) -> bool:
    known = body_part is not None and modality is not None
    return covers(modality, body_part) and (known or bool(context.in_findings))


def _most_urgent_first(mentions: tuple[Mention, ...]) -> bool | None:
    urgency: dict[int, int] = {}
    for mention in mentions:
        urgency[mention.sentence] = max(urgency.get(mention.sentence, 0), urgency_rank(mention))
    if len(urgency) < 2 or not any(urgency.values()):
        return None
    return urgency[min(urgency)] == max(urgency.values())
