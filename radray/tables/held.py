"""What a partition holds: whose rows, how many, and which run committed them."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow.compute as pc

from radray.schema.runs import RUNS
from radray.schema.statuses import RunStatus
from radray.tables.catalog import Warehouse, equal_to
from radray.tables.commit import PartitionBase
from radray.tables.counts import RowCounts
from radray.tables.runs import RunRow


@dataclass(frozen=True, slots=True)
class HeldRows:
    """The rows of a partition that was committed."""

    run_key: str
    """Key of its rows; '' for rows of several keys."""
    committed_by: str | None
    """Run that committed them; None for an empty partition, and for files that another tool wrote."""
    counts: RowCounts


def read_held(warehouse: Warehouse, base: PartitionBase, row: RunRow, count_by: Sequence[str] = ()) -> HeldRows | None:
    """Return what the partition holds in `base`, its rows counted by status and `count_by`.

    `row` says which runs in `runs` are about the partition: an empty one has its key there alone. None when the
    partition was never committed.
    """
    counts = RowCounts(count_by)
    names = ("run_key", *counts.columns)
    rows = base.table.scan(row_filter=equal_to(base.partition), selected_fields=names).to_arrow()
    keys = set(pc.unique(rows.column("run_key")).to_pylist())
    if not keys:
        key = _last_finished_empty(warehouse, base, row)
        return None if key is None else HeldRows(key, None, counts)
    counts.add(rows)
    if len(keys) > 1:
        return HeldRows("", None, counts)
    # rows that were resumed carry the run that made them; the attempt's folder names the run that committed
    # files of other names were written by another tool, such as a compaction: whose they are cannot be said
    run_ids = {file.rsplit("/", 2)[-2].rpartition(".")[0] for file in base.files(base.table)}
    committed_by = run_ids.pop() if len(run_ids) == 1 else ""
    return HeldRows(keys.pop(), committed_by or None, counts)


def _last_finished_empty(warehouse: Warehouse, base: PartitionBase, row: RunRow) -> str | None:
    """Return the key of the last finished run over the partition, if that run left it empty."""
    about = {name: value for name, value in row.about.items() if name in base.partition}
    where = {"job": row.job, "status": RunStatus.FINISHED.value, **about}
    runs = warehouse.read(RUNS, ["run_key", "ended", "input_units", "task"], where).to_pylist()
    # a run of the same job over another table is of a task, or of none
    over = [run for run in runs if run["task"] == base.partition.get("task")]
    last = max(over, key=lambda run: run["ended"], default=None)
    return last["run_key"] if last is not None and last["input_units"] == 0 else None
