"""Scores that another program computed (RadGraph, CheXbert, GREEN, ...), read from a file and put beside ours.

The file is CSV with a header, or Parquet where its name ends in ``.parquet``: a row is a value of a report, with the
columns ``unit_id``, ``metric``, ``value`` and, where several models are compared, ``system``. Only these are read.
"""

import csv
import hashlib
import io
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from radray.errors import ConfigError, InputError
from radray.evaluation.concept_f1 import CONCEPT_F1
from radray.evaluation.figures import OUTSIDE, ROUGE, of_checks
from radray.evaluation.systems import FLOORS, Row, SideBySide, is_named, system_name

COLUMNS = ("unit_id", "metric", "value")
SYSTEM = "system"
_METRIC = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_OF_DEFERRAL = re.compile(r"(?:aurc|augrc|deferred)_")


@dataclass(frozen=True, slots=True)
class Value:
    """One row of the file."""

    row: int
    """Its line in a CSV file, the header being line 1; in Parquet its place, from 1."""
    unit_id: str
    metric: str
    value: float
    system: str | None


@dataclass(frozen=True, slots=True)
class OutsideScores:
    """The values of a file, by system and metric, then by unit."""

    file: str
    scorer_id: str
    values: Mapping[tuple[str, str], Mapping[str, float]]


def read_scores(file: str) -> tuple[str, list[Value]]:
    """Return the scorer id and the values of `file`, in order; a file without a row gives [].

    Raises ConfigError for a file that cannot be read or lacks a column, InputError for a row with an empty cell, with a
    metric that is ours or no name, or with a value that is no finite number.
    """
    try:
        content = Path(file).read_bytes()
    except OSError as error:
        raise ConfigError(f"evaluate.scores: {file}: {error.strerror}") from None
    rows = _parquet_rows(file, content) if file.endswith(".parquet") else _csv_rows(file, content)
    scorer_id = f"{OUTSIDE}{hashlib.sha256(content).hexdigest()[:12]}"
    return scorer_id, [_value(file, number, row) for number, row in rows]


def place_scores(file: str, predictions: Iterable[Row]) -> OutsideScores:
    """Return the scores of `file` for `predictions`, the rows that are evaluated.

    Raises ConfigError and InputError as `read_scores` does, and InputError, naming the row, for a system or unit that
    is not evaluated, for a unit of which the system has no prediction, and for a second value of the same.
    """
    scorer_id, read = read_scores(file)
    rows = list(predictions)
    units = {row["unit_id"] for row in rows}
    of_model: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        of_model[system_name(row)].add(row["unit_id"])
    names: dict[str | None, str] = {}
    values: dict[tuple[str, str], dict[str, float]] = {}
    for each in read:
        where = f"evaluate.scores: {file}, row {each.row}"
        if each.system not in names:
            names[each.system] = _system(where, each.system, rows, list(of_model))
        system = names[each.system]
        if each.unit_id not in of_model.get(system, units):
            what = f"a prediction of {system}" if each.unit_id in units else "a report that is evaluated"
            raise InputError(f"{where}: its unit_id is not that of {what}; export the ids from `predictions`")
        of_units = values.setdefault((system, each.metric), {})
        if each.unit_id in of_units:
            raise InputError(f"{where}: a second value of {each.metric} for the same unit_id and system")
        of_units[each.unit_id] = each.value
    return OutsideScores(file, scorer_id, values)


def add_scores(side: SideBySide, scores: OutsideScores) -> list[str]:
    """Add `scores` to the systems of `side`; return a sentence for each system and metric that lacks reports."""
    sentences = []
    for (name, metric), of_units in scores.values.items():
        system = side.systems.get(name)
        values = np.array([of_units.get(row["unit_id"], np.nan) for row in side.reports], dtype=np.float64)
        known = ~np.isnan(values)
        if system is None or not known.any():
            continue
        system.values[scores.scorer_id, metric] = values
        missing = int((side.referenced & system.present & ~known).sum())
        if missing:
            total = int((side.referenced & system.present).sum())
            sentences.append(
                f"{side.dataset}, {side.split}: {scores.file} has no {metric} of {name} for {missing:,} of its"
                f" {total:,} reports with a reference: left out of its means"
            )
    return sentences


def _system(where: str, given: str | None, rows: Sequence[Row], models: Sequence[str]) -> str:
    if given in models or given in FLOORS:
        return str(given)
    if given is None:
        if len(models) == 1:
            return models[0]
        raise InputError(f"{where}: {len(models)} models are evaluated: a column {SYSTEM} has to say whose value it is")
    named = sorted({system_name(row) for row in rows if is_named(row, given)})
    if len(named) == 1:
        return named[0]
    matches = "is none" if not named else f"is {len(named)}"
    raise InputError(f"{where}: its system {matches} of those evaluated: {', '.join((*models, *FLOORS))}")


def _value(file: str, number: int, row: Mapping[str, Any]) -> Value:
    where = f"evaluate.scores: {file}, row {number}"
    unit_id, metric, given = (row.get(name) for name in COLUMNS)
    for name, cell in zip(COLUMNS, (unit_id, metric, given), strict=True):
        if cell is None or cell == "":
            raise InputError(f"{where}: {name} is empty")
    if not isinstance(metric, str) or not _METRIC.fullmatch(metric):
        raise InputError(f"{where}: metric is no name: letters, digits, '_', '.' and '-', 64 at most, a letter first")
    if metric in (*ROUGE, CONCEPT_F1) or of_checks(metric) or _OF_DEFERRAL.match(metric):
        raise InputError(
            f"{where}: {metric} is the name of a metric of ours; call it otherwise, such as other_{metric}"
        )
    try:
        value = float(given) if isinstance(given, str | int | float) else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{where}: value is no finite number; leave out the rows of reports without a value")
    return Value(number, str(unit_id), metric, value, str(row[SYSTEM]) if row.get(SYSTEM) else None)


def _csv_rows(file: str, content: bytes) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"evaluate.scores: {file}: not UTF-8; a Parquet file has to end in .parquet") from None
    reader = csv.DictReader(io.StringIO(text, newline=""))
    _refuse_without_columns(file, reader.fieldnames or ())
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error:
        raise ConfigError(f"evaluate.scores: {file}, row {reader.line_num}: not CSV") from None


def _parquet_rows(file: str, content: bytes) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        with pq.ParquetFile(io.BytesIO(content)) as source:
            names = source.schema_arrow.names
            _refuse_without_columns(file, names)
            table = source.read([name for name in (*COLUMNS, SYSTEM) if name in names])
    except pa.ArrowException:
        raise ConfigError(f"evaluate.scores: {file}: not Parquet") from None
    yield from enumerate(table.to_pylist(), 1)


def _refuse_without_columns(file: str, names: Sequence[str]) -> None:
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise ConfigError(
            f"evaluate.scores: {file} lacks {', '.join(missing)}; expected the columns {', '.join(COLUMNS)} and,"
            f" with several models, {SYSTEM}"
        )
