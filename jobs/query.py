"""SQL over the tables: ``python -m jobs.query "SELECT status, count(*) FROM reports GROUP BY 1" out=csv``."""

import json
import sys

import pyarrow as pa
import pyarrow.csv
from rich.console import Console
from rich.table import Table

from jobs import cli
from radray.config import Settings
from radray.tables.catalog import Warehouse
from radray.tables.query import query


def show(rows: pa.Table, out: str) -> None:
    """Write `rows` to standard output as a table to read, CSV with a header, or a JSON array of objects."""
    if out == "csv":
        flat = pa.table({name: _flat(rows.column(name)) for name in rows.column_names})
        pyarrow.csv.write_csv(flat, sys.stdout.buffer)
    elif out == "json":
        sys.stdout.write(json.dumps(rows.to_pylist(), default=str, ensure_ascii=False, indent=1) + "\n")
    else:
        table = Table(*rows.column_names)
        for row in rows.to_pylist():
            table.add_row(*("" if value is None else _cell(value) for value in row.values()))
        Console(width=None if sys.stdout.isatty() else 200, markup=False, highlight=False).print(table)


def _cell(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _flat(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    """Return `column` as CSV can hold it: lists and structs as JSON."""
    if pa.types.is_nested(column.type):
        return pa.array(
            [None if v is None else json.dumps(v, ensure_ascii=False) for v in column.to_pylist()], pa.string()
        )
    return column


def run(settings: Settings, sql: str) -> None:
    """Answer `sql` from the tables of `settings`."""
    show(query(Warehouse(settings.warehouse, must_exist=True), sql), settings.out)


def main() -> int:
    """Run the job as a command and return its exit code."""

    def command() -> None:
        settings, dry_run, sql = cli.parse(sys.argv[1:], __doc__, positional="SQL")
        if dry_run:
            cli.show_plan(settings, [f"read {settings.warehouse.uri}: {' '.join(sql.split())}"])
        else:
            run(settings, sql)

    return cli.exit_code(command)


if __name__ == "__main__":
    sys.exit(main())
