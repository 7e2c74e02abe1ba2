"""The columns of `runs` that say what came of a run: counts, seconds, cost."""

import pyarrow as pa

_LONG, _DOUBLE = pa.int64(), pa.float64()

FIGURE_COLUMNS: tuple[tuple[str, pa.DataType, str], ...] = (
    ("input_units", _LONG, "Units in the frozen input"),
    ("rows_ok", _LONG, "Rows with status ok"),
    ("rows_not_ok", _LONG, "Rows with any other status"),
    ("rows_resumed", _LONG, "Rows found staged from an earlier attempt, not made again"),
    ("units_per_second", _DOUBLE, "Input units over wall time of the work, 1/s"),
    ("rows_copied", _LONG, "Rows copied from the night as it stood: same text, model and settings"),
    ("rows_repeated", _LONG, "Rows answered from another report of the run that says the same: generations saved"),
    ("seconds_engine", _DOUBLE, "Wall time of choosing the engine before the run began, a parity run included, s"),
    ("seconds_ready", _DOUBLE, "Wall time from the run's start until rows were made: what was there already, s"),
    ("seconds_staged", _DOUBLE, "Wall time of making rows: all that ran in Ray, start of actors included, s"),
    ("seconds_committed", _DOUBLE, "Wall time of merge, audit, gates and commit, s"),
    ("gpu_seconds", _DOUBLE, "GPUs that actors held while rows were made, times the seconds of it, s"),
    ("cost", _DOUBLE, "Wall time, the engine's choice too, at cluster.price_per_hour; null where no price was set"),
)
"""(name, type, sentence) of the columns, all nullable: columns are only ever added, at the end."""
