"""What makes two runs the same run: digests of what decides the rows, and of nothing else."""

import datetime
import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

ROWS_VERSION = 3
"""Raised by hand when the code changes what rows a run makes: nights made before it are then made anew."""


def digest(value: Any) -> str:
    """Return the hex sha256 of `value` (JSON types) in canonical JSON: key order does not matter."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def run_key(job: str, decides: Mapping[str, Any]) -> str:
    """Return the key of a run: 32 hex characters, the same whenever `job` would make the same rows.

    `decides` holds all that decides them (date, dataset, input and model digests, prompt, settings of generation
    and scoring, engine). Batch sizes, actors and places stay out: changing them after a crash must not lose work.
    """
    return digest({"job": job, "rows_version": ROWS_VERSION, **decides})[:32]


def new_run_id(job: str) -> str:
    """Return an id that no other run has, which sorts by time: job, UTC time, random."""
    now = datetime.datetime.now(datetime.UTC)
    return f"{job}-{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def utc_now() -> datetime.datetime:
    """Return the time now, UTC, naive, in microseconds: as the tables hold times."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
