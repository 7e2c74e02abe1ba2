"""Figures of systems that wrote impressions of Open-i's reports, by radray's own evaluation: for other benchmarks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from radray.checks.check import check, checks_version
from radray.evaluation.bootstrap import Floats, codes_of
from radray.evaluation.comparisons import comparisons
from radray.evaluation.concept_f1 import CONCEPT_F1
from radray.evaluation.figures import FigureChoices, evaluations
from radray.evaluation.floors import NearestNeighbour, best_constant, first_sentence
from radray.evaluation.scoring import READS_NORMAL, Key, concept_scores, main_scorer, score_all
from radray.evaluation.strata import ABNORMAL, ALL, NORMAL, strata_of
from radray.evaluation.strata import Report as StratumReport
from radray.evaluation.systems import FLOOR, MODEL, RADIOLOGIST, SideBySide, System
from radray.flags import TIER_A
from radray.language.normality import is_normal
from tests.benchmarks.openi_folds import Report
from tests.benchmarks.trained_model import say

NEAREST = "nearest neighbour"
FLOORS = ("best constant", "first sentence", NEAREST)
ROUGE = ("rouge1", "rouge2", "rougel")
READS_ABNORMAL = "reads_abnormal"
FLAGS = ("flag_tier_a", "flag_normal_over_abnormal", "flag_omission")
"""flag_tier_a: any class of Tier A but mask, which a reference has from de-identification."""
STRATA = (ALL, NORMAL, ABNORMAL)
SHOWN = (*ROUGE, CONCEPT_F1, READS_NORMAL, READS_ABNORMAL, *FLAGS)
RESAMPLES = 2_000


def floors(known: Sequence[Report], asked: Sequence[Report]) -> dict[str, list[str]]:
    """Return what each of FLOORS, made of the reports `known`, writes for those `asked`."""
    findings, references = [report.findings for report in known], [report.reference for report in known]
    return {
        "best constant": [best_constant(references, stemmer=True)] * len(asked),
        "first sentence": [first_sentence(report.findings) for report in asked],
        NEAREST: NearestNeighbour(findings, references).predict([report.findings for report in asked]),
    }


def flags_of(report: Report, text: str) -> dict[str, bool]:
    """Return FLAGS of `text` as an impression of `report`; what does not apply is no flag."""
    result = check(text, report.findings, report.background, modality=report.modality, body_part=report.body_part)
    flags = result.flags
    return {
        "flag_tier_a": any(flags[name] for name in TIER_A if name != "mask"),
        **{name: bool(flags[name.removeprefix("flag_")]) for name in FLAGS[1:]},
    }


@dataclass(frozen=True, slots=True)
class Figures:
    """Rows of `evaluations` and of `comparisons` by what they are about."""

    evaluations: Mapping[tuple[str, str, str], Mapping[str, Any]]
    """By system, stratum and metric."""
    comparisons: Mapping[tuple[str, str, str, str], Mapping[str, Any]]
    """By system, the other system, stratum and metric."""

    def mean(self, system: str, stratum: str, metric: str) -> float:
        """Return a mean x100; NaN where there is none."""
        row = self.evaluations.get((system, stratum, metric))
        return np.nan if row is None else 100 * row["mean"]

    def to_nearest(self, system: str, stratum: str, metric: str) -> tuple[float, float, float, float]:
        """Return difference to the nearest neighbour, the ends of its interval (x100) and p-value; NaN for none."""
        row = self.comparisons.get((system, NEAREST, stratum, metric))
        if row is None or row["ci_low"] is None:
            return (np.nan,) * 4
        return (*(100 * row[name] for name in ("difference", "ci_low", "ci_high")), row["p_value"])

    def as_json(self) -> dict[str, Any]:
        """Return means, intervals and differences to the nearest neighbour, x100, by stratum, system and metric."""
        whole: dict[str, Any] = {}
        for (system, stratum, metric), row in self.evaluations.items():
            ends = [None if end is None else round(100 * end, 1) for end in (row["ci_low"], row["ci_high"])]
            cell = {"n": row["n"], "clusters": row["clusters"], "mean": round(100 * row["mean"], 1), "interval": ends}
            near = self.to_nearest(system, stratum, metric)
            if not np.isnan(near[0]):
                cell["to_nearest"] = [*(round(value, 1) for value in near[:3]), round(near[3], 4)]
            whole.setdefault(stratum, {}).setdefault(system, {})[metric] = cell
        return whole


def figures_of(
    reports: Sequence[Report], systems: Mapping[str, Sequence[str | None]], resamples: int = RESAMPLES
) -> Figures:
    """Return the figures of `systems` (None: not asked for this report) by clusters of equal findings.

    FLOORS must be among the systems, or `NEAREST` alone: what others are compared with. Radiologists are added.
    """
    strata = strata_of([StratumReport(report.reference) for report in reports])
    clusters = codes_of(np.array([report.key for report in reports], dtype=np.str_))
    rows = [{"reference": report.reference} for report in reports]
    side = SideBySide("openi", "folds", rows, clusters, {name: strata[name] for name in STRATA if name in strata})
    for name, texts in systems.items():
        present = np.array([text is not None for text in texts], dtype=np.bool_)
        values = _values(reports, texts)
        side.systems[name] = System(name, FLOOR if name in FLOORS else MODEL, values, present, np.zeros_like(present))
    own = {key: values for key, values in _values(reports, [r.reference for r in reports]).items() if key[1] in FLAGS}
    everywhere = np.ones(len(reports), dtype=np.bool_)
    side.systems[RADIOLOGIST] = System(RADIOLOGIST, RADIOLOGIST, own, everywhere, ~everywhere)
    choices = FigureChoices(main_scorer(stemmer=True), 0.5, resamples, 13)
    return Figures(
        {(row["system"], row["stratum"], row["metric"]): row for row in evaluations(side, choices)},
        {(row["system_a"], row["system_b"], row["stratum"], row["metric"]): row for row in comparisons(side, choices)},
    )


def _values(reports: Sequence[Report], texts: Sequence[str | None]) -> dict[Key, Floats]:
    """Return the values of SHOWN by report; NaN where there is no text."""
    scorer, checks = main_scorer(stemmer=True), checks_version()
    references = [report.reference for report in reports]
    scores = score_all(references, [None] * len(reports), texts)
    values = {(scorer, metric): scores[scorer, metric] for metric in (*ROUGE, READS_NORMAL)}
    values |= concept_scores(references, texts)
    values[checks, READS_ABNORMAL] = _column(None if text is None else is_normal(text) is False for text in texts)
    pairs = zip(reports, texts, strict=True)
    flags = [None if text is None else flags_of(report, text) for report, text in pairs]
    for name in FLAGS:
        values[checks, name] = _column(None if its is None else its[name] for its in flags)
    return values


def _column(values: Iterable[bool | None]) -> Floats:
    return np.array([np.nan if value is None else float(value) for value in values])


def show(figures: Figures, systems: Iterable[str]) -> None:
    """Write the figures of `systems`, a table for each stratum and one of the errors."""
    systems = list(systems)
    for stratum in (*STRATA, "standardised"):
        say(f"{stratum}: ROUGE-1/2/L, concept F1, ROUGE-1 against the {NEAREST} with 95 % interval and p")
        for system in systems:
            row = figures.evaluations.get((system, stratum, "rouge1"))
            if row is not None:
                rouge = "/".join(f"{figures.mean(system, stratum, metric):.1f}" for metric in ROUGE)
                more, low, high, p = figures.to_nearest(system, stratum, "rouge1")
                say(
                    f"  {system:44} n {row['n']:5}  {rouge}  concepts {figures.mean(system, stratum, CONCEPT_F1):5.1f}"
                    f"  {more:+5.1f} [{low:+5.1f}, {high:+5.1f}] p {p:.4f}"
                )
    say("errors, %: abnormal that reads normal, normal that reads abnormal; Tier A, normal over abnormal, omission")
    for system in (*systems, RADIOLOGIST):
        shares = (figures.mean(system, ABNORMAL, READS_NORMAL), figures.mean(system, NORMAL, READS_ABNORMAL))
        flags = "  ".join(f"{figures.mean(system, ALL, name):5.1f}" for name in FLAGS)
        say(f"  {system:44} {shares[0]:5.1f}  {shares[1]:5.1f}   {flags}")
