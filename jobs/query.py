"""SQL over tables and views: ``python -m jobs.query "SELECT status, count(*) FROM reports GROUP BY 1" out=csv``.

Values are bound: ``"SELECT * FROM worklist WHERE dataset = :d" params.d=hospital``. Files: ``out=parquet out_file=x``.
"""

import itertools
import sys

from rich.console import Console
from rich.table import Table

from jobs import cli
from radray.analytics.output import RowStream, printable, write_csv, write_file, write_json
from radray.analytics.query import stream
from radray.analytics.views import Choices
from radray.errors import ConfigError
from radray.nights.console import print_line, stderr_console
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse

SHOWN = 1_000
"""Rows that a table for reading shows at most."""


def show(answer: RowStream, out: str) -> None:
    """Write the rows to standard output as a table to read, CSV with a header, or a JSON array of objects."""
    if out == "csv":
        write_csv(answer, sys.stdout)
    elif out == "json":
        write_json(answer, sys.stdout)
    else:
        table = Table(*map(printable, answer.schema.names))
        rows = (row for batch in answer.batches for row in batch.to_pylist())
        for row in itertools.islice(rows, SHOWN):
            table.add_row(*("" if value is None else _cell(value) for value in row.values()))
        Console(width=None if sys.stdout.isatty() else 200, markup=False, highlight=False).print(table)
        if next(rows, None) is not None:
            print_line(stderr_console(), f"query: the first {SHOWN:,} rows; out=csv, json or parquet give all")


def _cell(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else printable(str(value))


def run(settings: Settings, sql: str) -> None:
    """Answer `sql` from the tables and views of `settings`."""
    warehouse = Warehouse(settings.warehouse, must_exist=True)
    answer = stream(warehouse, sql, settings.params, Choices.of(settings))
    if settings.out_file is None:
        show(answer, settings.out)
    else:
        count = write_file(answer, settings.out, settings.out_file)
        print_line(stderr_console(), f"query: {count:,} rows in {settings.out_file}")


def refuse_unfit(settings: Settings) -> None:
    """Raise ConfigError where `out` and `out_file` do not go together."""
    if settings.out == "parquet" and settings.out_file is None:
        raise ConfigError("out=parquet needs out_file=FILE")
    if settings.out == "table" and settings.out_file is not None:
        raise ConfigError("out_file needs out=csv, json or parquet")


def main() -> int:
    """Run the job as a command and return its exit code."""

    def command() -> None:
        settings, dry_run, sql = cli.parse(sys.argv[1:], __doc__, positional="SQL")
        refuse_unfit(settings)
        if dry_run:
            cli.show_plan(settings, [f"read {settings.warehouse.uri}: {' '.join(sql.split())}"])
        else:
            run(settings, sql)

    return cli.exit_code(command)


if __name__ == "__main__":
    sys.exit(main())
