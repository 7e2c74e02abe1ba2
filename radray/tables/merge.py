"""Staged rows into the data files of one partition: one row a unit, sorted, audited, each file with its sha256."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from radray.errors import AuditError, RadrayError
from radray.private import temporary_folder
from radray.schema.column import TableSchema
from radray.schema.statuses import RejectReason, ReportStatus
from radray.storage import spill
from radray.storage.failures import MissingFile, cause, lever, translated
from radray.storage.files import Storage, is_s3
from radray.tables.counts import RowCounts
from radray.tables.whole_rows import WholeRows

FILE_BYTES = 128 << 20
"""A data file is closed when it has grown past this: few files to open, small enough to read in parallel."""

BATCH_ROWS = 20_000
SORT_MEMORY = "512MB"
"""DuckDB's memory for the sort; it spills beyond, see `storage.spill`. Enough for one thread, not for two."""


_ONCE = "QUALIFY row_number() OVER (PARTITION BY {row_id} ORDER BY status DESC) = 1"


@dataclass(frozen=True, slots=True)
class DataFile:
    """A data file that was written, and read back for its digest."""

    uri: str
    rows: int
    digest: str


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
            batches = _rows(staged, _once_sql(schema, whole.columns), schema)
            whole.decide(pa.Table.from_batches([batch]) for batch in batches)
        writer = _FileWriter(storage, target, write_schema, folder)
        for batch in _rows(staged, _merge_sql(schema), schema):
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


class _FileWriter:
    """Writes tables into files ``part-00000.parquet``, ... of about FILE_BYTES each.

    A file is written on this disk; one for S3 is written in `folder` and sent whole, in one request with its checksum.
    """

    def __init__(self, storage: Storage, target: str, schema: pa.Schema, folder: str) -> None:
        storage.make_folder(target)
        self._storage = storage
        self._folder = Path(folder if is_s3(target) else target)
        self._target, self._schema = target, schema
        self._uris: list[str] = []
        self._rows: list[int] = []
        self._sink: pa.NativeFile | None = None
        self._writer: pq.ParquetWriter | None = None

    def write(self, table: pa.Table) -> None:
        if self._writer is None:
            name = f"part-{len(self._uris):05d}.parquet"
            self._sink = pa.OSFile(str(self._folder / name), "wb")
            self._writer = pq.ParquetWriter(
                self._sink, self._schema, compression="zstd", write_page_checksum=True, store_schema=False
            )
            self._uris.append(f"{self._target}/{name}")
            self._rows.append(0)
        self._writer.write_table(table)
        self._rows[-1] += table.num_rows
        if self._sink is not None and self._sink.tell() > FILE_BYTES:
            self._end_file()

    def close(self) -> list[DataFile]:
        self._end_file()
        return [
            DataFile(uri, rows, self._storage.sha256(uri)) for uri, rows in zip(self._uris, self._rows, strict=True)
        ]

    def _end_file(self) -> None:
        if self._writer is not None and self._sink is not None:
            self._writer.close()
            self._sink.close()
            if is_s3(self._target):
                file = self._folder / self._uris[-1].rpartition("/")[2]
                with file.open("rb") as content:
                    self._storage.write(self._uris[-1], content)
                file.unlink()
        self._writer = self._sink = None


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


def _rows(files: list[str], sql: str, schema: TableSchema) -> Iterator[pa.RecordBatch]:
    with spill.connect({"memory_limit": SORT_MEMORY, "threads": 1}) as connection:
        try:
            yield from connection.execute(sql, {"files": files}).to_arrow_reader(BATCH_ROWS)
        except duckdb.Error as error:  # a staged file went while it was read, the disk is full; its message is not ours
            raise RadrayError(
                f"table {schema.name}: the staged rows could not be merged: {type(error).__name__}; is there room in"
                f" {gettempdir()} (TMPDIR)? nothing was committed; run again"
            ) from None


def _once_sql(schema: TableSchema, columns: Sequence[str]) -> str:
    """Return the query of `columns` of one row a `row_id`: that which `_merge_sql` keeps."""
    once = _ONCE.format(row_id=schema.row_id)
    return f"SELECT {', '.join(columns)} FROM read_parquet($files, hive_partitioning = false) {once}"


def _merge_sql(schema: TableSchema) -> str:
    """Return the query of one row a `row_id`, sorted by study, with all but the last ok row of a study superseded.

    A cancellation withdraws the rows before it of the same study and the same `withdrawn_by` (subject and sender),
    which are superseded too: what somebody else sends about a study takes no report away. Which rows stay is decided on
    the few columns that say so, and the others are joined to them by numbers: a window over whole rows is held in
    memory (935,000 reports did not fit into 0.5 GB), and so are the keys of a join (nor did the paths of a million
    predictions' files); a sort is spilled.
    """
    decide = dict.fromkeys([schema.row_id, "status", "reason", "file_index", "file_row_number"])
    withdrawn = late = "false"
    if schema.one_ok is not None:
        decide |= dict.fromkeys([schema.one_ok, *schema.withdrawn_by, *schema.order])
        order = ", ".join(f"{name} DESC NULLS LAST" for name in schema.order)
        later = "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
        same = ", ".join([schema.one_ok, *schema.withdrawn_by])
        cancelled = f"bool_or(reason IS NOT DISTINCT FROM '{RejectReason.CANCELLED}')"
        cancelled_later = f"{cancelled} OVER (PARTITION BY {same} ORDER BY {order} {later})"
        withdrawn = f"status = '{ReportStatus.OK}' AND coalesce({cancelled_later}, false)"
        counts = f"(status = '{ReportStatus.OK}' AND NOT withdrawn)"
        late = f"{counts} AND row_number() OVER (PARTITION BY {counts}, {schema.one_ok} ORDER BY {order}) > 1"
    replaced = {
        "status": f"'{ReportStatus.SUPERSEDED}'",
        "reason": f"CASE WHEN withdrawn THEN '{RejectReason.WITHDRAWN}' ELSE '{RejectReason.DUPLICATE_STUDY}' END",
        "split": "NULL",
        "split_key": "NULL",
    }
    columns = ", ".join(
        f"CASE WHEN withdrawn OR late THEN {replaced[column.name]} ELSE staged.{column.name} END AS {column.name}"
        if column.name in replaced and schema.one_ok is not None
        else f"staged.{column.name}"
        for column in schema.columns
    )
    return f"""
        WITH staged AS (
            SELECT *, file_index, file_row_number FROM read_parquet($files, hive_partitioning = false)),
        once AS (
            SELECT {", ".join(decide)} FROM staged {_ONCE.format(row_id=schema.row_id)}),
        judged AS (SELECT *, {withdrawn} AS withdrawn FROM once),
        kept AS (SELECT file_index, file_row_number, withdrawn, {late} AS late FROM judged)
        SELECT {columns} FROM staged
        JOIN kept ON staged.file_index = kept.file_index AND staged.file_row_number = kept.file_row_number
        ORDER BY staged.study_id, staged.{schema.row_id}"""


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
