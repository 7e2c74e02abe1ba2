"""SQL over the tables and views, answered as a table to read, CSV, JSON or Parquet.

python -m jobs.query "SELECT status, count(*) FROM reports GROUP BY 1" out=csv
python -m jobs.query "SELECT * FROM worklist WHERE dataset = :d" params.d=hospital
python -m jobs.query "SELECT * FROM reports WHERE subject_id = :s" params.s=file:patient.txt
python -m jobs.query "SELECT * FROM nights" out=parquet out_file=nights.parquet
"""

import shutil
import sys

from jobs import cli
from radray.console import print_line, stderr_console
from radray.errors import ConfigError
from radray.settings.loading import read_referred
from radray.settings.root import Settings

USES = (
    *("warehouse", "params", "out", "out_file", "principal", "publish.production_model", "publish.candidate_model"),
    "publish.deidentification_key",
    *("evaluate.normal_weight", "score.stemmer"),
)

LOG_COLUMNS = 200
"""Width of a table where standard output is no terminal."""


def query(settings: Settings, sql: str) -> None:
    """Answer `sql` from the tables and views of `settings`, on standard output or in `out_file`.

    The table `audit` says so before any row is read; where it cannot be written, the query is refused.
    """
    # here and not above: an error in the settings should not wait a second for DuckDB and pyiceberg
    from radray.analytics.display import SHOWN, show
    from radray.analytics.output import write_csv, write_file, write_json
    from radray.analytics.query import named_tables, statement_digest, stream
    from radray.analytics.views import Choices
    from radray.tables.catalog import Warehouse

    params = read_referred(settings.params, "params")
    warehouse = Warehouse(settings.warehouse, must_exist=True)
    to_file = settings.out_file is not None
    about = {"statement_digest": statement_digest(sql), "tables": named_tables(sql), "to_file": to_file}
    with cli.audited("query", settings, warehouse, about) as entry:
        rows = stream(warehouse, sql, params, Choices.of(settings)).counted(entry.add_rows)
        entry.add_rows(0)  # it is answered, if by no row
        if settings.out_file is not None:
            count = write_file(rows, settings.out, settings.out_file)
            print_line(stderr_console(), f"query: {count:,} rows in {settings.out_file}")
        elif settings.out == "csv":
            write_csv(rows, sys.stdout)
        elif settings.out == "json":
            write_json(rows, sys.stdout)
        else:
            columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else LOG_COLUMNS
            more = show(rows, sys.stdout, columns)
            entry.row_count = min(entry.row_count or 0, SHOWN)
            if more:
                print_line(stderr_console(), f"query: the first {SHOWN:,} rows; out=csv, json or parquet give all")


def check(settings: Settings) -> None:
    """Raise ConfigError where `out` and `out_file` do not go together."""
    if settings.out == "parquet" and settings.out_file is None:
        raise ConfigError("out=parquet needs out_file=FILE")
    if settings.out == "table" and settings.out_file is not None:
        raise ConfigError("out_file needs out=csv, json or parquet")


def main() -> int:
    """Run the job as a command and return its exit code."""

    def command() -> None:
        asked = cli.parse(sys.argv[1:], __doc__, positional="SQL", uses=USES)
        check(asked.settings)
        if asked.dry_run:
            cli.show_plan(asked, [f"read {asked.settings.warehouse.uri}: {' '.join(asked.argument.split())}"])
        else:
            query(asked.settings, asked.argument)

    return cli.exit_code(command)


if __name__ == "__main__":
    sys.exit(main())
