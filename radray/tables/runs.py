"""The `runs` table: one row a job run, running from its start, finished or failed at its end."""

import datetime
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from radray.schema.runs import RUNS
from radray.schema.statuses import RunStatus
from radray.tables.catalog import Warehouse
from radray.tables.commit import replace_rows
from radray.tables.identity import utc_now
from radray.tables.rows import to_arrow

outcomes: ContextVar[list[str] | None] = ContextVar("outcomes", default=None)
"""Ids of what the job has committed so far, for the audit log; None: nobody keeps them."""


def note_outcome(identifier: str) -> None:
    """Add the id, or digest, of something that the job committed to `outcomes`."""
    noted = outcomes.get()
    if noted is not None:
        noted.append(identifier)


def code_version() -> str:
    """Return radray's version, or `source` when it is not installed."""
    try:
        return version("radray")
    except PackageNotFoundError:
        return "source"


@dataclass(slots=True)
class RunRow:
    """One run: its id, its key and what it is about."""

    run_id: str
    job: str
    run_key: str
    config: str
    about: Mapping[str, Any] = field(default_factory=dict)
    """batch_date, dataset, split, model_name, model_digest, input_digest: those that the job has."""
    started: datetime.datetime = field(default_factory=utc_now)
    price_per_hour: float | None = None
    """What an hour of the cluster costs; None: not known."""
    share: float = 1.0
    """Part of the run's cost that is its own, where several runs share the cluster at once."""

    def seconds(self) -> float:
        """Return the seconds since the run started."""
        return (utc_now() - self.started).total_seconds()

    def of_earlier(self, run_id: str, row: Mapping[str, Any] | None) -> "RunRow":
        """Return the row of the earlier run `run_id`, which made what this one would.

        `row` is what `runs` holds of it; None: nothing, and it is described as this one.
        """
        if row is None:
            return RunRow(run_id, self.job, self.run_key, self.config, self.about, self.started)
        about = {name: row[name] for name in self.about}
        return RunRow(run_id, row["job"], row["run_key"], row["config"], about, row["started"])

    def write(
        self,
        warehouse: Warehouse,
        status: RunStatus,
        counts: Mapping[str, float | str | None] | None = None,
        reason: str | None = None,
    ) -> None:
        """Write the run's row, in the place of the one that it has. `counts` are further columns: input_units, ...

        Raises ConflictError as `commit_on_newest`.
        """
        row = dict.fromkeys(column.name for column in RUNS.columns) | {
            "run_id": self.run_id,
            "job": self.job,
            "run_key": self.run_key,
            "config": self.config,
            "code_version": code_version(),
            "started": self.started,
            "status": status.value,
            "reason": reason,
            "ended": None if status is RunStatus.RUNNING else utc_now(),
            **self.about,
            **(counts or {}),
        }
        replace_rows(warehouse, RUNS, to_arrow([row], RUNS), {"run_id": self.run_id})


@contextmanager
def recorded(warehouse: Warehouse, row: RunRow) -> Iterator[dict[str, float | str | None]]:
    """Keep `row` in `runs` while the block works: running, then finished, or failed with the class of the error.

    Yields a mapping for the block to fill: counts, or the digest of a new model. They are columns of the finished row.
    """
    row.write(warehouse, RunStatus.RUNNING)
    counts: dict[str, float | str | None] = {}
    try:
        yield counts
    except BaseException as error:
        # the error that ended the run is the one to see, not that of a storage which is down by now
        with suppress(Exception):
            row.write(warehouse, RunStatus.FAILED, reason=type(error).__name__)
        raise
    row.write(warehouse, RunStatus.FINISHED, counts)
    note_outcome(row.run_id)
