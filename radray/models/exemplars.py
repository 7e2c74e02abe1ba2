"""Exemplars that somebody picked: the pairs of findings and impression that a prompt shows before every report.

They are read from a file of JSON lines as `jobs.prepare` writes pairs, and stored in the folder of a model that learnt
with them, which is thereby one that holds report text; of a patient it has no id but a digest of it.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from radray.errors import ConfigError, InputError
from radray.models.manifest import PICKED
from radray.models.neighbours import COLUMNS, read_carried, subject_digest
from radray.storage.failures import MissingFile
from radray.storage.files import Storage

_SETTING = "model.exemplars_file"
_MOST = 40


class FixedExemplar(NamedTuple):
    """A pair that a prompt shows; subject: `subject_digest`, None where the file has no patient."""

    unit_id: str
    subject: str | None
    findings: str
    impression: str


def read_pairs(uri: str, storage: Storage) -> tuple[FixedExemplar, ...]:
    """Return the pairs of the JSON lines file at `uri`, in order: prompt and completion, study_id and subject_id.

    A line without a study_id is known by its number. Raises ConfigError for no file, one without a pair or with more
    than 40, and a line that is no pair.
    """
    try:
        lines = storage.read(uri).decode("utf-8").splitlines()
    except (MissingFile, UnicodeDecodeError) as error:
        raise ConfigError(f"{_SETTING}: {uri} is not a file in UTF-8 ({type(error).__name__})") from None
    pairs = [_pair(line, number, uri) for number, line in enumerate(lines, 1) if line.strip()]
    if not 1 <= len(pairs) <= _MOST:
        raise ConfigError(f"{_SETTING}: {uri} has {len(pairs):,} pairs, and a prompt shows 1 to {_MOST}")
    return tuple(pairs)


def write_exemplars(exemplars: Sequence[FixedExemplar], folder: Path) -> None:
    """Write `exemplars` into the model folder `folder`. Raises OSError."""
    rows = [exemplar._asdict() for exemplar in exemplars]
    pq.write_table(pa.Table.from_pylist(rows, schema=COLUMNS), folder / PICKED, compression="zstd")


def read_exemplars(folder: Path) -> tuple[FixedExemplar, ...]:
    """Return the exemplars of the model folder `folder`; none: an empty tuple. Raises InputError for a damaged file."""
    if not (folder / PICKED).is_file():
        return ()
    reports = read_carried(folder / PICKED)
    if reports.num_rows > _MOST:
        raise InputError(f"model folder {folder}: {PICKED} has {reports.num_rows:,} pairs, and a prompt shows {_MOST}")
    return tuple(FixedExemplar(**row) for row in reports.to_pylist())


def fixed_exemplars(uri: str | None, storage: Storage, folder: Path | None = None) -> tuple[FixedExemplar, ...]:
    """Return the exemplars of the model in `folder` (None: it has none), else those of the file `uri` (None: none).

    Raises ConfigError where both are there and differ in a text, and as `read_pairs` and `read_exemplars`.
    """
    carried = () if folder is None else read_exemplars(folder)
    named = () if uri is None else read_pairs(uri, storage)
    if carried and named and [pair[2:] for pair in carried] != [pair[2:] for pair in named]:
        raise ConfigError(
            f"{_SETTING}={uri}: the model was trained with other exemplars, which stand in its folder: leave it unset"
        )
    return carried or named


def _pair(line: str, number: int, uri: str) -> FixedExemplar:
    try:
        value = json.loads(line)
        findings, impression = (value[name].strip() for name in ("prompt", "completion"))
        study, subject = value.get("study_id"), value.get("subject_id")
    except (ValueError, KeyError, TypeError, AttributeError):
        findings = impression = ""
    if not findings or not impression:
        raise ConfigError(f"{_SETTING}: line {number} of {uri} is no JSON object with prompt and completion")
    return FixedExemplar(str(study or number), subject_digest(subject and str(subject)), findings, impression)
