"""Gates: figures of a night's predictions held against limits, before the night takes the place of what is there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from radray.errors import GateError
from radray.flags import TIER_A
from radray.schema.statuses import PredictionStatus
from radray.settings.gates import GatesSettings

STRATA = ("normal", "abnormal")
"""Strata of the standardised mean, whose weights are fixed: else case mix decides it (28 % of the Open-i pairs are
abnormal, and the nearest neighbour gets 84 on normal and 26 on abnormal ones)."""

_FLAGS = tuple(f"flag_{name}" for name in TIER_A)

SCORE_COLUMNS = ("reference_stratum", "rougel_f", "scorer_id")
"""Columns of `predictions` that `measure_scores` reads."""

NIGHT_COLUMNS = ("status", "findings", "prediction", "findings_stratum", *SCORE_COLUMNS, *_FLAGS)
"""Columns of `predictions` that `measure` reads."""


@dataclass(slots=True)
class Night:
    """What the gates know of a night: counts and sums over its rows of `predictions`."""

    rows: int = 0
    ok: int = 0
    flagged: int = 0
    """Ok predictions with a Tier A flag."""
    flags: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Ok predictions with the flag, and those where it can be told, by class."""
    rouge_l: dict[str, tuple[float, int]] = field(default_factory=dict)
    """Sum of ROUGE-L F, and reports, by stratum of the reference; failed predictions count with their 0."""
    scorers: set[str] = field(default_factory=set)
    predictions: set[int] = field(default_factory=set)
    """Hashes of the distinct predictions for reports of abnormal findings."""
    findings: set[int] = field(default_factory=set)
    """Hashes of the distinct abnormal findings that have a prediction."""

    def standardised_rouge_l(self, least: int, normal_weight: float) -> float | None:
        """Return the weighted mean of the strata's mean ROUGE-L F, 0 to 1; None where one has fewer than `least`."""
        if any(self.rouge_l.get(stratum, (0.0, 0))[1] < max(least, 1) for stratum in STRATA):
            return None
        normal, abnormal = (total / n for total, n in (self.rouge_l[stratum] for stratum in STRATA))
        return normal_weight * normal + (1 - normal_weight) * abnormal


@dataclass(frozen=True, slots=True)
class Verdict:
    """One gate on one night."""

    gate: str
    """Name of its setting."""
    says: str
    """What it measures."""
    value: float | None
    """None: too few reports to judge, or nothing to compare with."""
    limit: float
    n: int
    """Reports that the value is of."""
    at_most: bool = True
    """The limit is the most, else the least, that passes."""

    @property
    def passed(self) -> bool | None:
        """Whether the night passes this gate; None where it is not judged."""
        if self.value is None:
            return None
        return self.value <= self.limit if self.at_most else self.value >= self.limit

    def told(self) -> str:
        """Return the verdict in words, with value, limit, number of reports and lever."""
        value = "not judged" if self.value is None else f"{self.value:.4g}"
        bound = "at most" if self.at_most else "at least"
        return f"{self.says} {value} over {self.n:,} reports, {bound} {self.limit:g} ({self.gate})"


def measure(batches: Iterable[pa.Table | pa.RecordBatch]) -> Night:
    """Return the figures of the rows of `predictions` in `batches`, which have NIGHT_COLUMNS; of none, those of none.

    Held at once are a batch, and 8 bytes and a set's place for each distinct text of abnormal findings.
    """
    night = Night(flags=dict.fromkeys(TIER_A, (0, 0)))
    for batch in batches:
        night.rows += batch.num_rows
        _add_scores(night, batch)
        ok = batch.filter(pc.equal(batch.column("status"), PredictionStatus.OK.value))
        night.ok += ok.num_rows
        _add_flags(night, ok)
        abnormal = ok.filter(pc.equal(ok.column("findings_stratum"), "abnormal"))
        for name, seen in (("prediction", night.predictions), ("findings", night.findings)):
            seen.update(hash(text) for text in abnormal.column(name).to_pylist())
    return night


def measure_scores(batches: Iterable[pa.Table | pa.RecordBatch]) -> Night:
    """Return what `measure` does, of the scores alone: `rouge_l` and `scorers`, from SCORE_COLUMNS."""
    night = Night()
    for batch in batches:
        _add_scores(night, batch)
    return night


def judge(
    night: Night, reports: Mapping[str, int], mean: float | None, previous: float | None, settings: GatesSettings
) -> list[Verdict]:
    """Return the verdict of each gate that is on.

    `reports` counts the night's rows of `reports` by status; `mean` is the night's standardised ROUGE-L, `previous`
    that of the night to compare with; None: too few reports, no such night. A night without a report is not judged,
    and so is committed empty.
    """
    large = night.rows >= settings.min_reports
    found: list[Verdict] = []

    def rate(gate: str, says: str, hits: int, n: int, limit: float | None, *, at_most: bool = True) -> None:
        if limit is not None:
            judged = large and n >= settings.min_part
            found.append(Verdict(f"gates.{gate}", says, hits / n if judged else None, limit, n, at_most))

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
    for name, limit in sorted(settings.max_flag_rates.items()):
        rate(f"max_flag_rates.{name}", f"share of predictions with flag_{name}", *night.flags[name], limit)
    said, asked = len(night.predictions), len(night.findings)
    says = "distinct predictions for each distinct abnormal findings text"
    rate("min_distinct_rate", says, said, asked, settings.min_distinct_rate, at_most=False)

    mean, scored = mean if large else None, sum(n for _, n in night.rouge_l.values())
    if settings.min_rouge_l is not None:
        says, limit = "standardised ROUGE-L F", settings.min_rouge_l
        found.append(Verdict("gates.min_rouge_l", says, mean, limit, scored, at_most=False))
    if settings.max_rouge_l_drop is not None:
        drop = None if mean is None or previous is None else previous - mean
        says, limit = "drop of the standardised ROUGE-L F since the last night", settings.max_rouge_l_drop
        found.append(Verdict("gates.max_rouge_l_drop", says, drop, limit, scored))
    return found


def refuse_failed(verdicts: Sequence[Verdict], where: str) -> None:
    """Raise GateError when a gate is not passed, all of them named; `where` names the night."""
    failed = [verdict.told() for verdict in verdicts if verdict.passed is False]
    if failed:
        raise GateError(
            f"{where}: {len(failed)} of {len(verdicts)} gates refuse the night: {'; '.join(failed)}; nothing was"
            " committed, what stood there stays; to commit it all the same change the setting named and run again:"
            " what was made is staged"
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
