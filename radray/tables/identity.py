"""What makes two runs the same run: digests of everything that decides the rows, and of nothing else."""

import datetime
import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

ROWS_VERSION = 6
"""Raised by hand when a change of the code changes the rows that a run makes: older nights are then made again."""

READ_BY_TASKS = ("unit_id", "split", "split_key", "study_id", "subject_id", "text_digest", "run_key")
"""Columns of `reports` that are the input of a run over `examples`; the run key stands for all that tasks read."""

_DIGEST_ROWS = 10_000


def digest(value: Any) -> str:
    """Return the hex sha256 of `value` (JSON types) in canonical JSON: key order does not matter."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def digest_columns(table: pa.Table, names: Sequence[str]) -> str:
    """Return `digest` of the columns `names` as a list of lists of values, in the memory of a slice of a column.

    At once a million rows would be eight million Python objects and a text of 400 MB.
    """
    hashed = hashlib.sha256(b"[")
    for place, name in enumerate(names):
        hashed.update(b",[" if place else b"[")
        separator = b""
        for batch in table.select([name]).to_batches(_DIGEST_ROWS):
            values = json.dumps(batch.column(0).to_pylist(), separators=(",", ":"), ensure_ascii=False, allow_nan=False)
            if batch.num_rows:
                hashed.update(separator + values[1:-1].encode("utf-8", "surrogatepass"))
                separator = b","
        hashed.update(b"]")
    hashed.update(b"]")
    return hashed.hexdigest()


def digest_of_example(row: Mapping[str, Any]) -> str:
    """Return the `input_digest` of a row of `examples` or `answers`: of its inputs and the right answer.

    Of a row that asks nothing it is the digest of the reason. An empty list counts as null, as it is often read.
    """
    gold = [row[f"gold_{name}"] for name in ("value", "rewritten", "entries", "source")]
    asked = row["inputs"] is not None
    return digest([row["inputs"], None if asked else row["reason"], [value or None for value in gold]])


def run_key(job: str, decides: Mapping[str, Any]) -> str:
    """Return the key of a run: 32 hex characters, the same whenever `job` would make the same rows.

    `decides` holds all that decides them (date, dataset, input and model digests, prompt, settings of generation
    and scoring, engine). Batch sizes, actors and places stay out: changing them after a crash must not lose work.
    """
    return digest({"job": job, "rows_version": ROWS_VERSION, **decides})[:32]


def examples_key(partition: Mapping[str, Any], version: str, input_digest: str) -> str:
    """Return the key of the run that makes a task's `partition` of `examples` by `version` of the task.

    `input_digest` is that of the columns READ_BY_TASKS of the ok reports that it is made of, sorted by unit_id.
    """
    decides = {**{name: str(value) for name, value in partition.items()}, "version": version}
    return run_key("prepare", {**decides, "input": input_digest})


def new_run_id(job: str) -> str:
    """Return an id that no other run has, which sorts by time: job, UTC time, random."""
    now = datetime.datetime.now(datetime.UTC)
    return f"{job}-{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def utc_now() -> datetime.datetime:
    """Return the time now, UTC, naive, in microseconds: as the tables hold times."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
