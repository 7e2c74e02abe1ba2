"""Staged rows into the data files of one partition: one row a unit, sorted, audited, each file with its sha256."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from radray.errors import AuditError, RadrayError
from radray.private import temporary_folder
from radray.schema.column import TableSchema
from radray.schema.statuses import ReportStatus
from radray.storage.failures import MissingFile, cause, lever, translated
from radray.storage.files import Storage, is_s3
from radray.tables.counts import RowCounts
from radray.tables.merging.data_files import DataFile, FileWriter
from radray.tables.merging.sorted_rows import rows_once, sorted_rows
from radray.tables.whole_rows import WholeRows


@dataclass(frozen=True, slots=True)
class Merged:
    """The files that a merge wrote, and their rows, counted."""

    files: tuple[DataFile, ...]
    counts: RowCounts
    """Its rows, counted while they were merged: by status, and by what else the run asked for."""

    @property
    def rows(self) -> int:
        """All rows."""
        return self.counts.rows

    @property
    def rows_ok(self) -> int:
        """Rows with status ok."""
        return self.counts.where(status=ReportStatus.OK.value)

    @property
    def rows_rejected(self) -> int:
        """Rows with status rejected; the others that are not ok are superseded or failed."""
        return self.counts.where(status=ReportStatus.REJECTED.value)


def readable_files(storage: Storage, staging: str, schema: TableSchema, folder: str) -> list[str]:
    """Return the paths, on this disk, of the staged files that are whole and have `schema`'s columns.

    Files on S3 are copied into `folder`, each verified on its way. Passed over are files without a footer, which a
    crash cut off; files with other columns, staged by another version of radray; and files that are gone, removed by a
    twin of this run that committed. Their rows are made again. Raises RadrayError when a file that may be whole cannot
    be read.
    """
    names = [column.name for column in schema.columns]
    files = []
    for number, uri in enumerate(storage.list_files(staging, ".parquet")):
        with suppress(MissingFile):
            path = f"{folder}/{number:06d}.parquet" if is_s3(uri) else uri
            if path != uri:
                storage.write(path, storage.read(uri))
            if _columns(path) == names:
                files.append(path)
    return files


def staged_ids(storage: Storage, staging: str, schema: TableSchema) -> list[str]:
    """Return the `row_id`s that are staged, each once, sorted; [] if there are none. Raises as `readable_files`."""
    ids: set[str] = set()
    with _spill_folder() as folder:
        for path in readable_files(storage, staging, schema, folder):
            with suppress(FileNotFoundError):  # on disk a twin may take it now
                ids |= set(pq.read_table(path, columns=[schema.row_id], partitioning=None).column(0).to_pylist())
    return sorted(ids)


def merge(
    storage: Storage,
    staging: str,
    target: str,
    schema: TableSchema,
    write_schema: pa.Schema,
    expected_ids: Collection[str],
    shared: Mapping[str, Any] | None = None,
    count_by: Sequence[str] = (),
    whole: WholeRows | None = None,
) -> Merged:
    """Write the staged rows below the folder `target`, one a `row_id`, sorted by study_id, and audit them.

    `write_schema` is the loaded table's, with field ids. Nothing expected gives no file. A row staged twice (a task
    that Ray ran again) is kept once: both were made from the same frozen input by the same run key. `shared` are the
    values that every row must have: those of the partition, and the run key; None: any. Rows are counted by status and
    the columns `count_by` on their way through: nothing has to read the table again to sum a run up. `whole`
    sees all rows before the first is written.

    Raises AuditError, counts named: the ids are not exactly `expected_ids`, a value does not fit its column, or rows
    are not of `shared`. Raises RadrayError when staged files cannot be read any more.
    """
    expected = set(expected_ids)
    ids: list[str] = []
    counts = RowCounts(count_by)
    files: list[DataFile] = []
    with _translated_disk(), _spill_folder() as folder:
        staged = readable_files(storage, staging, schema, folder)
        if not staged:
            _audit_ids(schema, expected, [])
            return Merged((), counts)
        if whole is not None:
            whole.decide(pa.Table.from_batches([batch]) for batch in rows_once(staged, whole.columns, schema))
        writer = FileWriter(storage, target, write_schema, folder)
        for batch in sorted_rows(staged, schema):
            rows = pa.Table.from_batches([batch])
            table = _cast(rows if whole is None else whole.finish(rows), write_schema, schema)
            _audit_shared(schema, table, shared or {})
            ids += table.column(schema.row_id).to_pylist()
            counts.add(table)
            writer.write(table)
        files = writer.close()
    _audit_ids(schema, expected, ids)
    return Merged(tuple(files), counts)


@contextmanager
def _spill_folder() -> Iterator[str]:
    """Yield a folder for copies of rows, removed at the end; what killed processes left in theirs goes first."""
    with TemporaryDirectory(prefix="merge-", dir=temporary_folder()) as folder:
        yield folder


def _columns(path: str) -> list[str]:
    """Return the columns of the file; [] for one that is cut off. Raises RadrayError, MissingFile."""
    try:
        return pq.read_schema(path).names
    except pa.ArrowInvalid:
        return []
    except OSError as error:
        if error.errno is None and not isinstance(error, FileNotFoundError):
            return []  # a footer that cannot be decoded
        with translated(path, "cannot be read"):
            raise


@contextmanager
def _translated_disk() -> Iterator[None]:
    """Turn what this disk refuses in the block into one RadrayError."""
    try:
        yield
    except RadrayError:
        raise
    except OSError as error:
        raise RadrayError(
            f"the staged rows could not be merged: {cause(error)}: {lever(error)}; nothing was committed; run again"
        ) from None


def _cast(table: pa.Table, write_schema: pa.Schema, schema: TableSchema) -> pa.Table:
    columns = []
    for field in write_schema:
        try:
            column = table.column(field.name).cast(field.type)
        except pa.ArrowException as error:  # its message holds the value
            name = type(error).__name__
            raise AuditError(f"table {schema.name}: column {field.name} expects {field.type}: {name}") from None
        if not field.nullable and column.null_count:
            raise AuditError(f"table {schema.name}: column {field.name} must not be null; nothing was committed")
        columns.append(column)
    return pa.Table.from_arrays(columns, schema=write_schema)


def _audit_shared(schema: TableSchema, table: pa.Table, shared: Mapping[str, Any]) -> None:
    # Iceberg takes a file's partition from its rows: those of another night would be added to that night, doubling it
    for name, value in shared.items():
        column = table.column(name)
        others = table.num_rows - (pc.sum(pc.equal(column, pa.scalar(value, column.type))).as_py() or 0)
        if others:
            raise AuditError(
                f"table {schema.name}: {others} staged rows have another {name} than this run's; nothing was committed"
            )


def _audit_ids(schema: TableSchema, expected: set[str], ids: list[str]) -> None:
    got = set(ids)
    if got != expected:
        missing, extra = sorted(expected - got), sorted(got - expected)
        named = f", such as {schema.row_id} {(missing or extra)[0]}"
        raise AuditError(
            f"table {schema.name}: {len(missing)} of {len(expected)} units missing and {len(extra)} not of the"
            f" input{named}; nothing was committed; its rows are staged: run again"
        )
