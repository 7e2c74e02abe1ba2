"""The files of a review: writing the sheet (CSV, Parquet) and its key, reading and validating filled sheets."""

import codecs
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from radray.errors import ConfigError, InputError
from radray.evaluation.review.sheet import ADDED_COLUMNS, ANSWER_COLUMNS, PREFERRED, QUESTIONS, SIDES, Question, Sheet

SHEET_CSV, SHEET_PARQUET, SHEET_HTML = "review_sheet.csv", "review_sheet.parquet", "review_sheet.html"
KEY_PARQUET = "review_key.parquet"

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Characters that make a spreadsheet evaluate a cell which begins with them (OWASP, "CSV Injection"), full-width forms
included."""

_MOST_NAMED = 20
"""Most bad cells that an error names; the others are counted."""

_OF = {PREFERRED.name: PREFERRED} | {f"{side}_{question.name}": question for side in SIDES for question in QUESTIONS}


@dataclass(frozen=True, slots=True)
class Reading:
    """The answers of one reader, by item and column of the sheet; blank cells are left out."""

    reader: str
    answers: dict[int, dict[str, str]]


def write_sheet(folder: Path, sheet: Sheet, form: str | None = None) -> list[Path]:
    """Write the sheet as CSV, Parquet and `form`, a page, and its key as Parquet into `folder`; return the paths.

    The key's is the last; None: no page.

    The CSV is UTF-8 with a byte order mark, without which Excel assumes another encoding; an apostrophe precedes a text
    that a spreadsheet would evaluate. Raises ConfigError when one of the files exists (it may have been filled in) or
    cannot be written.
    """
    files = {
        SHEET_CSV: _csv(sheet.sheet),
        SHEET_PARQUET: _parquet(sheet.sheet),
        **({} if form is None else {SHEET_HTML: form.encode("utf-8", "replace")}),
        KEY_PARQUET: _parquet(sheet.key),
    }
    paths = [folder / name for name in files]
    there = [path.name for path in paths if path.exists()]
    if there:
        raise ConfigError(f"{folder} holds {', '.join(there)}, which may be filled in: name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in zip(paths, files.values(), strict=True):
            with path.open("xb") as file:
                file.write(content)
    except OSError as error:
        raise ConfigError(f"{folder}: the review cannot be written: {error.strerror}") from None
    return paths


def read_key(file: Path) -> pa.Table:
    """Return the key of a sheet. Raises InputError for a file that cannot be read or is not a key."""
    try:
        key = pq.read_table(file)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{file}: the key of the review cannot be read: {type(error).__name__}") from None
    if not {"sheet_id", "item", "split_key", "prediction_is", "weight"} <= set(key.column_names):
        raise InputError(f"{file}: this is not the key of a review")
    return key


def read_filled(file: Path, key: pa.Table) -> Reading:
    """Return the answers in the filled sheet `file` (.csv as a spreadsheet saves it, or .parquet), whose key is `key`.

    The file's name is the reader's. Case and white space around an answer do not matter; a blank cell is no answer.
    A sheet of the form before ADDED_COLUMNS is read without them.
    Raises InputError, which names each bad cell by row and column and never quotes it: an answer that is not allowed,
    an item that is unknown or occurs twice, a sheet of another key, a missing column, nothing filled in.
    """
    rows = _rows(file)
    answered = ANSWER_COLUMNS
    if rows and ADDED_COLUMNS.isdisjoint(rows[0]):  # drawn before these were asked
        answered = tuple(name for name in ANSWER_COLUMNS if name not in ADDED_COLUMNS)
    needed = ("sheet_id", "item", *answered)
    missing = [name for name in needed if rows and name not in rows[0]]
    if missing or not rows:
        raise InputError(f"{file}: the sheet lacks the columns {', '.join(missing)}" if rows else f"{file}: no rows")
    sheet_id, items = key.column("sheet_id")[0].as_py(), set(key.column("item").to_pylist())
    answers: dict[int, dict[str, str]] = {}
    bad: list[str] = []
    for number, row in enumerate(rows, 2):
        cells = {name: str(row[name] if row[name] is not None else "").strip().lower() for name in needed}
        if not any(cells.values()):
            continue  # spreadsheets add empty lines
        item = int(cells["item"]) if cells["item"].isdecimal() else None
        if cells["sheet_id"] != sheet_id:
            bad.append(f"row {number}, column sheet_id (of another sheet)")
        if item is None or item not in items:
            bad.append(f"row {number}, column item (no item of this sheet)")
        elif item in answers:
            bad.append(f"row {number}, column item (there twice)")
        given = {name: cells[name] for name in answered if cells[name]}
        bad += [
            f"row {number}, column {name} ({_choice(_OF[name])})"
            for name, answer in given.items()
            if answer not in _OF[name].answers
        ]
        if item is not None:
            answers[item] = given
    if bad:
        more = f"; and {len(bad) - _MOST_NAMED:,} more" if len(bad) > _MOST_NAMED else ""
        raise InputError(f"{file}: {len(bad):,} cells cannot be used: {'; '.join(bad[:_MOST_NAMED])}{more}")
    if not any(answers.values()):
        raise InputError(f"{file}: nothing is filled in")
    return Reading(file.stem, {item: given for item, given in answers.items() if given})


def read_all(files: Sequence[Path], key: pa.Table) -> list[Reading]:
    """Return the reading of each file.

    Raises InputError as `read_filled` does, and when two files have the same name: it identifies the reader.
    """
    readings = [read_filled(file, key) for file in files]
    names = [reading.reader for reading in readings]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"two filled sheets are called {', '.join(twice)}: name each file after its reader")
    return readings


def _choice(question: Question) -> str:
    return f"{', '.join(question.answers[:-1])} or {question.answers[-1]}"


def _csv(table: pa.Table) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(table.column_names)
    for row in table.to_pylist():
        writer.writerow("" if value is None else _harmless(str(value)) for value in row.values())
    return codecs.BOM_UTF8 + text.getvalue().encode("utf-8", "replace")


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
    return bytes(sink.getvalue().to_pybytes())


def _rows(file: Path) -> list[dict[str, Any]]:
    """Return the rows of a filled sheet, cells unchanged. Raises InputError for a file that cannot be read."""
    try:
        if file.suffix.lower() == ".parquet":
            return list(pq.read_table(file).to_pylist())
        content = file.read_bytes()
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{file}: the filled sheet cannot be read: {type(error).__name__}") from None
    # answers are ASCII, so how a spreadsheet encodes the texts does not matter
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = content.decode("utf-16" if wide else "utf-8-sig", "replace")
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)  # where the comma is the decimal sign, Excel writes semicolons
    try:
        return [
            {name: row.get(name) for name in row if isinstance(name, str)}
            for row in csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restval="")
        ]
    except csv.Error:
        raise InputError(f"{file}: this is not CSV") from None
