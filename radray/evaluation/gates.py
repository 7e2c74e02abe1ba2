"""Gates: a night's predictions compared with limits, before the night replaces the rows that are there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from radray.errors import GateError
from radray.flags import TIER_A
from radray.schema.statuses import FailReason, PredictionStatus
from radray.settings.gates import ExcessRates, GatesSettings

STRATA = ("normal", "abnormal")
"""Strata of the standardised mean, whose weights are fixed: otherwise the case mix decides it (28 % of the Open-i pairs
are abnormal, and the nearest neighbour scores 84 on normal and 26 on abnormal ones)."""

_FLAGS = tuple(f"flag_{name}" for name in TIER_A)

_EXCESS = tuple(ExcessRates.model_fields)
"""Classes that are judged by their excess over the radiologists' own rate."""

SCORE_COLUMNS = ("reference_stratum", "rougel_f", "scorer_id")
"""Columns of `predictions` that `measure_scores` reads."""

_COMPARED = tuple(f"{writer}flag_{name}" for name in _EXCESS for writer in ("", "reference_"))

NIGHT_COLUMNS = ("status", "reason", "findings", "prediction", "findings_stratum", *SCORE_COLUMNS, *_FLAGS, *_COMPARED)
"""Columns of `predictions` that `measure` reads."""


@dataclass(slots=True)
class Night:
    """Counts and sums over a night's rows of `predictions`, from which the gates are computed."""

    rows: int = 0
    ok: int = 0
    flagged: int = 0
    """Ok predictions with a Tier A flag."""
    flags: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By class: ok predictions with the flag, and those to which the check applies. `identifier`: with those that were
    withheld for one, among both."""
    excess: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """By class: flags of predictions, flags of references, and the reports on which both were checked."""
    rouge_l: dict[str, tuple[float, int]] = field(default_factory=dict)
    """By stratum of the reference: sum of ROUGE-L F, and number of reports; failed predictions count as 0."""
    scorers: set[str] = field(default_factory=set)
    """Ids of the scorers of the rows."""
    predictions: set[int] = field(default_factory=set)
    """Hashes of the distinct predictions for reports with abnormal findings."""
    findings: set[int] = field(default_factory=set)
    """Hashes of the distinct abnormal findings that have a prediction."""

    def standardised_rouge_l(self, least: int, normal_weight: float) -> float | None:
        """Return the weighted mean of the strata's mean ROUGE-L F, 0 to 1.

        None where a stratum has fewer than `least` reports, or none.
        """
        if any(self.rouge_l.get(stratum, (0.0, 0))[1] < max(least, 1) for stratum in STRATA):
            return None
        normal, abnormal = (total / n for total, n in (self.rouge_l[stratum] for stratum in STRATA))
        return normal_weight * normal + (1 - normal_weight) * abnormal


@dataclass(frozen=True, slots=True)
class GateResult:
    """The result of one gate for one night."""

    gate: str
    """Name of its setting."""
    quantity: str
    """What it measures, in words."""
    value: float | None
    """None: too few reports to judge, or nothing to compare with."""
    limit: float
    n: int
    """Number of reports behind the value."""
    at_most: bool = True
    """Whether the limit is the highest value that passes; else it is the lowest."""
    least: int = 0
    """Reports that the limit of a share counts at least: of a smaller part as many flags are allowed as of so many."""

    @property
    def passed(self) -> bool | None:
        """Whether the night passes this gate; None where it is not judged."""
        if self.value is None:
            return None
        if not self.at_most:
            return self.value >= self.limit
        return self.value * min(1.0, self.n / max(self.least, 1)) <= self.limit

    def describe(self) -> str:
        """Return the result in words: value, number of reports, limit and setting."""
        value = "not judged" if self.value is None else f"{self.value:.4g}"
        bound = "at most" if self.at_most else "at least"
        return f"{self.quantity} {value} over {self.n:,} reports, {bound} {self.limit:g} ({self.gate})"


def measure(batches: Iterable[pa.Table | pa.RecordBatch]) -> Night:
    """Return the counts and sums of the rows of `predictions` in `batches`, which have NIGHT_COLUMNS.

    All are 0 without rows. Memory holds one batch, and a hash for each distinct text of abnormal findings and of their
    predictions.
    """
    night = Night(flags=dict.fromkeys(TIER_A, (0, 0)), excess=dict.fromkeys(_EXCESS, (0, 0, 0)))
    for batch in batches:
        night.rows += batch.num_rows
        _add_scores(night, batch)
        ok = batch.filter(pc.equal(batch.column("status"), PredictionStatus.OK.value))
        night.ok += ok.num_rows
        _add_flags(night, ok)
        _add_excess(night, ok)
        withheld = pc.sum(pc.equal(batch.column("reason"), FailReason.IDENTIFIER.value)).as_py() or 0
        hits, n = night.flags["identifier"]
        night.flags["identifier"] = (hits + withheld, n + withheld)
        abnormal = ok.filter(pc.equal(ok.column("findings_stratum"), "abnormal"))
        for name, seen in (("prediction", night.predictions), ("findings", night.findings)):
            seen.update(hash(text) for text in abnormal.column(name).to_pylist())
    return night


def measure_scores(batches: Iterable[pa.Table | pa.RecordBatch]) -> Night:
    """Return a `Night` with only its `rouge_l` and `scorers`, from batches that have SCORE_COLUMNS."""
    night = Night()
    for batch in batches:
        _add_scores(night, batch)
    return night


def judge(
    night: Night, reports: Mapping[str, int], mean: float | None, previous: float | None, settings: GatesSettings
) -> list[GateResult]:
    """Return the result of each gate that is on.

    `reports` counts the night's rows of `reports` by status, without what is not a report; `mean` is the night's
    standardised ROUGE-L and `previous` that of the night to compare with, each None with too few reports or no such
    night. A night without reports is not judged, so that it can be committed empty.
    """
    large = night.rows >= settings.min_reports
    results: list[GateResult] = []

    def rate(gate: str, quantity: str, hits: int, n: int, limit: float | None, *, at_most: bool = True) -> None:
        if limit is not None:
            judged = large and n >= settings.min_part
            value = hits / n if judged else None
            results.append(GateResult(f"gates.{gate}", quantity, value, limit, n, at_most, settings.min_reports))

    rate(
        "max_failed_rate",
        "share of empty or failed predictions",
        night.rows - night.ok,
        night.rows,
        settings.max_failed_rate,
    )
    units = sum(reports.values())
    rate(
        "max_rejected_rate",
        "share of rejected input units",
        reports.get("rejected", 0),
        units,
        settings.max_rejected_rate,
    )
    rate(
        "max_tier_a_rate", "share of predictions with a Tier A flag", night.flagged, night.ok, settings.max_tier_a_rate
    )
    for name in TIER_A:
        limit = getattr(settings.max_flag_rates, name)
        rate(f"max_flag_rates.{name}", f"share of predictions with flag_{name}", *night.flags.get(name, (0, 0)), limit)
    for name in _EXCESS:
        theirs, radiologists, n = night.excess.get(name, (0, 0, 0))
        quantity, limit = f"excess of flag_{name} over the radiologists", getattr(settings.max_excess_rates, name)
        rate(f"max_excess_rates.{name}", quantity, theirs - radiologists, n, limit)
    predictions, findings = len(night.predictions), len(night.findings)
    quantity = "distinct predictions for each distinct abnormal findings text"
    rate("min_distinct_rate", quantity, predictions, findings, settings.min_distinct_rate, at_most=False)

    mean, scored = mean if large else None, sum(n for _, n in night.rouge_l.values())
    if settings.min_rouge_l is not None:
        quantity, limit = "standardised ROUGE-L F", settings.min_rouge_l
        results.append(GateResult("gates.min_rouge_l", quantity, mean, limit, scored, at_most=False))
    if settings.max_rouge_l_drop is not None:
        drop = None if mean is None or previous is None else previous - mean
        quantity, limit = "drop of the standardised ROUGE-L F since the last night", settings.max_rouge_l_drop
        results.append(GateResult("gates.max_rouge_l_drop", quantity, drop, limit, scored))
    return results


def describe_unjudged(results: Sequence[GateResult]) -> str:
    """Return the gates that did not judge the night, those of a section together; '' for none."""
    sections: dict[str, list[str]] = {}
    for result in results:
        if result.passed is None:
            _, setting, *rest = result.gate.split(".")
            sections.setdefault(f"gates.{setting}", []).extend(rest)
    return ", ".join(f"{name} ({', '.join(classes)})" if classes else name for name, classes in sections.items())


def refuse_failed(results: Sequence[GateResult], where: str) -> None:
    """Raise GateError, naming every gate that failed, if any did; `where` names the night."""
    failed = [result.describe() for result in results if result.passed is False]
    if failed:
        raise GateError(
            f"{where}: {len(failed)} of {len(results)} gates refuse the night: {'; '.join(failed)}; nothing was"
            " committed, the rows there before stay; to commit the night all the same, change the setting named and run"
            " again: its predictions are staged"
        )


def _add_scores(night: Night, batch: pa.Table | pa.RecordBatch) -> None:
    scored = batch.filter(pc.is_valid(batch.column("rougel_f")))
    night.scorers.update(pc.unique(scored.column("scorer_id")).drop_null().to_pylist())
    for stratum in STRATA:
        values = scored.filter(pc.equal(scored.column("reference_stratum"), stratum)).column("rougel_f")
        total, n = night.rouge_l.get(stratum, (0.0, 0))
        night.rouge_l[stratum] = (total + (pc.sum(values).as_py() or 0.0), n + len(values))


def _add_flags(night: Night, ok: pa.Table | pa.RecordBatch) -> None:
    any_flag = pa.repeat(pa.scalar(False), ok.num_rows)
    for name, column in zip(TIER_A, _FLAGS, strict=True):
        flags = ok.column(column)
        hits, n = night.flags[name]
        night.flags[name] = (hits + (pc.sum(flags).as_py() or 0), n + len(flags) - flags.null_count)
        any_flag = pc.or_(any_flag, pc.fill_null(flags, False))
    night.flagged += pc.sum(any_flag).as_py() or 0


def _add_excess(night: Night, ok: pa.Table | pa.RecordBatch) -> None:
    for name in _EXCESS:
        flags, radiologists = ok.column(f"flag_{name}"), ok.column(f"reference_flag_{name}")
        both = pc.and_(pc.is_valid(flags), pc.is_valid(radiologists))
        before = night.excess[name]
        counts = [pc.sum(pc.and_(both, column)).as_py() or 0 for column in (flags, radiologists)]
        night.excess[name] = (before[0] + counts[0], before[1] + counts[1], before[2] + (pc.sum(both).as_py() or 0))
