"""The line that a nightly job ends with, for a monitor: one line of JSON without any text of a report or an error."""

import datetime
import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """The reports of one run over a partition of `predictions`, counted by status, and where its time went."""

    reports: int
    ok: int
    failed: Counter[str]
    """By reason."""
    resumed: int
    copied: int
    repeated: int
    deferred: Counter[str]
    """Reports that a person should write, by reason; empty where nothing is deferred."""
    figures: Mapping[str, float | None]
    """Columns of the run's `runs` row: seconds_staged, gpu_seconds, cost, ...; without those that do not apply."""

    def describe_failures(self) -> str:
        """Return how many reports failed, by reason, as the end of a sentence; '' for none."""
        if not self.failed:
            return ""
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.failed.most_common())
        return f", {self.failed.total():,} failed ({reasons})"

    def describe_deferred(self) -> str:
        """Return how many reports are left to a person, by reason, as the end of a sentence; '' for none."""
        if not self.deferred:
            return ""
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.deferred.most_common())
        return f"; {self.deferred.total():,} deferred ({reasons})"

    def describe_times(self) -> str:
        """Return a sentence with the seconds and reports a second of each step, the GPU seconds and the cost."""
        staged = self.reports - self.resumed - self.copied
        parts = []
        for name, units in (("engine", 0), ("ready", 0), ("staged", staged), ("committed", self.reports)):
            seconds = self.figures.get(f"seconds_{name}")
            if seconds is not None:
                rate = f" ({units / seconds:,.1f} reports/s)" if units and seconds else ""
                parts.append(f"{name} {seconds:,.1f} s{rate}")
        if gpu_seconds := self.figures.get("gpu_seconds"):
            parts.append(f"{gpu_seconds:,.0f} GPU s")
        cost = self.figures.get("cost")
        return ", ".join(parts) + ("" if cost is None else f", cost {cost:,.2f}")


@dataclass(slots=True)
class FinalLine:
    """What a job did, added up over its nights, datasets and models while it does it."""

    job: str
    price_per_hour: float | None = None
    nights: list[datetime.date] = field(default_factory=list)
    refused: list[datetime.date] = field(default_factory=list)
    """Nights that ended with an error."""
    unanswered: list[datetime.date] = field(default_factory=list)
    """Other nights that were prepared and lack what was asked for: an earlier run of theirs was refused, or died."""
    empty: list[datetime.date] = field(default_factory=list)
    """Nights for which the source had no file; a feed that has dried up looks the same."""
    run_ids: list[str] = field(default_factory=list)
    """Runs that did work, in order, each with a row in `runs`; a partition that was there already adds none."""
    there: int = 0
    """Partitions that already held what the job would have written."""
    counts: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    """Failed predictions by reason."""
    deferred: Counter[str] = field(default_factory=Counter)
    """Reports that a person should write, by reason: `withdrawn` for all of a night that is not as calibrated."""
    tasks: dict[str, Counter[str]] = field(default_factory=dict)
    """Examples of `answers`, by task and by outcome: ok, not_asked, or why an answer failed."""
    gpu_seconds: float = 0.0
    unaudited: int = 0
    """Entries of the audit log that could not be written."""
    error: str | None = None
    """Class of the error that ended the job; None: it ended well."""
    began: float = field(default_factory=time.monotonic)

    def add_prepared(self, run_id: str, units: int, units_ok: int) -> None:
        """Add a committed run of `prepare`."""
        self.run_ids.append(run_id)
        self.counts.update(units=units, units_ok=units_ok)

    def add_examples(self, run_id: str, examples: int, examples_ok: int) -> None:
        """Add a committed run of `prepare` over the examples of a task."""
        self.run_ids.append(run_id)
        self.counts.update(examples=examples, examples_ok=examples_ok)

    def add_generated(self, run_id: str, outcome: Outcome) -> None:
        """Add a committed run of `generate`."""
        self.run_ids.append(run_id)
        self.counts.update({name: getattr(outcome, name) for name in _OF_OUTCOME})
        self.failed.update(outcome.failed)
        self.deferred.update(outcome.deferred)
        self.gpu_seconds += outcome.figures.get("gpu_seconds") or 0.0

    def add_answers(self, run_id: str, task: str, outcomes: Counter[str], figures: Mapping[str, float | None]) -> None:
        """Add a committed run of `generate` over the answers to a task.

        `outcomes` are as `tasks` has them, `figures` as `Outcome` has them.
        """
        self.run_ids.append(run_id)
        self.tasks.setdefault(task, Counter()).update(outcomes)
        self.gpu_seconds += figures.get("gpu_seconds") or 0.0

    def json(self, exit_code: int) -> str:
        """Return the final line of a job that ends with `exit_code`, without the line end."""
        seconds = time.monotonic() - self.began
        nights: dict[str, str | None] = {"date": None, "until": None}
        if self.nights:
            nights = {"date": str(self.nights[0]), "until": str(self.nights[-1])}
        about = f" {nights['date']}" if self.nights else ""
        about += f" to {nights['until']}" if len(self.nights) > 1 else ""
        counts: dict[str, Any] = {name: self.counts[name] for name in _COUNTS}
        line = {
            "text": f"radray {self.job}{about}: exit code {exit_code}" + (f" ({self.error})" if self.error else ""),
            "job": self.job,
            "exit_code": exit_code,
            "error": self.error,
            **nights,
            "nights": len(self.nights),
            "nights_refused": [str(night) for night in self.refused],
            "nights_unanswered": [str(night) for night in self.unanswered],
            "nights_empty": [str(night) for night in self.empty],
            **counts,
            "failed": dict(sorted(self.failed.items())),
            "deferred": dict(sorted(self.deferred.items())),
            "tasks": {task: dict(sorted(counts.items())) for task, counts in sorted(self.tasks.items())},
            "partitions_there": self.there,
            "seconds": round(seconds, 1),
            "reports_per_second": round(self.counts["reports"] / max(seconds, 0.1), 2),
            "gpu_seconds": round(self.gpu_seconds, 1),
            "cost": None if self.price_per_hour is None else round(self.price_per_hour * seconds / 3600, 4),
            "run_ids": self.run_ids,
            "unaudited": self.unaudited,
        }
        return json.dumps(line)


_OF_OUTCOME = ("reports", "ok", "resumed", "copied", "repeated")
_COUNTS = ("units", "units_ok", "examples", "examples_ok", *_OF_OUTCOME)
"""Input units prepared, and examples made of reports, then reports that got an impression; a report counts once for
each model. `reports_per_second` is of these `reports`: 0 in a night of tasks alone, whose answers are in `tasks`. A
report has one impression and any number of answers, so that a rate of both together would compare with no other night.
"""
