"""The rows of a table as a CSV file that spreadsheets open."""

import csv
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from radray.errors import ConfigError
from radray.schemas import TableSchema

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(folder: Path, schema: TableSchema, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write `rows` of a table into ``TABLE.csv`` in `folder`, whole or not at all, and return the file.

    A file that is there is replaced; folders are made. Numbers have all their digits, null is an empty cell. Text that
    a spreadsheet would take for a formula is written after an apostrophe (a system may be called anything). Raises
    ConfigError when it cannot be written.
    """
    names = [column.name for column in schema.columns]
    file = folder / f"{schema.name}.csv"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=folder, prefix=".csv-", encoding="utf-8", newline="", delete=False
        ) as new:
            lines = csv.writer(new)
            lines.writerow(names)
            lines.writerows([_cell(row[name]) for name in names] for row in rows)
        os.replace(new.name, file)
    except OSError as error:
        raise ConfigError(f"evaluate.csv={folder}: {file.name} cannot be written: {error.strerror}") from None
    return file


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
