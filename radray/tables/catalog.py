"""The warehouse: its catalog, and how its tables are created, evolved and read."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.expressions import AlwaysTrue, And, BooleanExpression, EqualTo, Reference
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.table import Table
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DatabaseError, IntegrityError

from radray.errors import ConfigError, InputError, RadrayError
from radray.schema.column import TableSchema
from radray.settings.warehouse import WarehouseSettings
from radray.storage.failures import translated
from radray.storage.files import Storage, absolute_uri, is_s3
from radray.tables.layout import Layout

NAMESPACE = "radray"

_PROPERTIES = {
    "format-version": "2",
    # a conflict is ours to look at (commit.py): pyiceberg's own retry would rebase without asking who won
    "commit.retry.num-retries": "0",
    # without these two, commits grow from 0.09 to 0.70 s in 200 nights (measured)
    "commit.manifest-merge.enabled": "true",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    "write.parquet.compression-codec": "zstd",
    # no bounds of report texts in manifests, and whole bounds of what rows are looked up by (see _bounds): the first 16
    # characters, the default, are the same for many run_ids, and each write of `runs` would read all its files
    "write.metadata.metrics.default": "counts",
}
_BOUNDS = "write.metadata.metrics.column."
_LOOKED_UP = ("run_id", "run_key", "job", "status", "model_name", "scorer_id")
_OF_PATIENTS = ("unit_id", "study_id", "subject_id", "split_key")
"""Columns without bounds: a manifest would name two patients a file to whoever may list files and not read tables. They
part no files: each night has ids from the whole range."""


class Warehouse:
    """A catalog, the folder of its tables, and the storage that both lie on.

    Opening touches nothing on a warehouse that exists and makes the catalog of one that does not. On S3 it lists one
    object, so that a wrong key, bucket or endpoint is refused before any work is done.
    """

    def __init__(self, settings: WarehouseSettings, *, must_exist: bool = False) -> None:
        """Open the warehouse of `settings`; with `must_exist` raise InputError if there is none.

        Raises ConfigError when its storage refuses access.
        """
        self.layout = Layout(absolute_uri(settings.uri))
        self.storage = Storage.of(settings.s3)
        if must_exist and settings.catalog == "sqlite" and not _catalog_file(settings, self.layout).is_file():
            raise InputError(
                f"warehouse.uri={settings.uri}: there is no warehouse here ({_catalog_file(settings, self.layout)} is"
                " missing); name the one that jobs.prepare wrote"
            )
        if is_s3(self.layout.root):
            self.storage.access.check(self.layout.root)
        self._catalog = _open_catalog(settings, self.layout, self.storage)

    def has(self, schema: TableSchema) -> bool:
        """Return whether the table exists."""
        try:
            self._open(schema)
        except NoSuchTableError:
            return False
        return True

    def load(self, schema: TableSchema) -> Table:
        """Return the table; it is created if there is none, and gains the columns that it lacks.

        Raises ConfigError when the table holds a column that this version does not know, or one of another type.
        """
        # pyiceberg looks first and inserts then: of two first runs at once, the second insert fails
        with suppress(NamespaceAlreadyExistsError, IntegrityError):
            self._catalog.create_namespace_if_not_exists(NAMESPACE)
        try:
            table = self._open(schema)
        except NoSuchTableError:
            return self._create(schema)
        return _evolve(table, schema)

    def read(
        self,
        schema: TableSchema,
        columns: Sequence[str] | None = None,
        where: Mapping[str, Any] | None = None,
    ) -> pa.Table:
        """Return the rows whose columns equal `where`, `columns` (None: all) in that order.

        An empty table, or none, gives no rows; a column that an older table lacks is null. Raises InputError when a
        file of the table cannot be read.
        """
        names = tuple(columns) if columns is not None else tuple(column.name for column in schema.columns)
        types = {column.name: column.type for column in schema.columns}
        if not self.has(schema):
            return pa.schema([(name, types[name]) for name in names]).empty_table()
        table = self._open(schema)
        present = {field.name for field in table.schema().fields}
        scan = table.scan(row_filter=equal_to(where or {}), selected_fields=tuple(n for n in names if n in present))
        with translated(
            f"table {schema.name}", "a data file cannot be read", InputError, f"is {self.layout.root} whole?"
        ):
            rows = with_null_lists(scan.to_arrow())
        for name in names:
            if name not in present:  # written before the column was: reading does not change the table
                rows = rows.append_column(name, pa.nulls(rows.num_rows, types[name]))
        return rows.select(names)

    def metadata_location(self, schema: TableSchema) -> str | None:
        """Return the uri of the table's newest metadata file; None where there is no such table."""
        if not self.has(schema):
            return None
        return self._open(schema).metadata_location

    def _open(self, schema: TableSchema) -> Table:
        advice = f"is {self.layout.root} whole, and where it was when the catalog was created?"
        with translated(f"table {schema.name}", "its metadata cannot be read", InputError, advice):
            return self._catalog.load_table((NAMESPACE, schema.name))

    def _create(self, schema: TableSchema) -> Table:
        try:
            with (
                self._catalog.create_table_transaction(
                    (NAMESPACE, schema.name),
                    schema=schema.arrow(),
                    location=self.layout.location(schema.name),
                    properties={
                        **_PROPERTIES,
                        **_bounds(schema),
                        "write.data.path": self.layout.data(schema.name),
                        "comment": schema.doc,
                    },
                ) as transaction,
                transaction.update_spec() as spec,
            ):
                for name in schema.partition:
                    spec.add_identity(name)
        except (TableAlreadyExistsError, CommitFailedException):
            pass  # another run made it first
        return self._open(schema)


def _bounds(schema: TableSchema) -> dict[str, str]:
    """Return the table properties that keep whole bounds of what rows are looked up by, and none of patients' ids.

    Of every other column, and so of texts, the default keeps counts alone.
    """
    names = {column.name for column in schema.columns}
    looked_up = names & {*schema.key, *schema.partition, *_LOOKED_UP}
    modes = dict.fromkeys(looked_up, "full") | dict.fromkeys(names & set(_OF_PATIENTS), "counts")
    return {f"{_BOUNDS}{name}": modes[name] for name in sorted(modes)}


def outdated_bounds(table: Table, schema: TableSchema) -> dict[str, str]:
    """Return the properties that decide on bounds which an older version gave `table` otherwise; {} for none.

    Whoever commits to the table sets them with it. Files that were committed before keep their bounds until their
    partition is written again.
    """
    return {name: mode for name, mode in _bounds(schema).items() if table.properties.get(name) != mode}


def equal_to(values: Mapping[str, Any]) -> BooleanExpression:
    """Return the filter of rows whose columns equal `values`; all rows for none."""
    expression: BooleanExpression = AlwaysTrue()
    for name, value in values.items():
        literal = value.isoformat() if hasattr(value, "isoformat") else value
        expression = And(expression, EqualTo(Reference(name), literal))  # type: ignore[call-arg]  # pydantic hides its __init__
    return expression


def with_null_lists(rows: pa.Table) -> pa.Table:
    """Return `rows` with null in the place of empty lists of structs, which no table here holds.

    pyiceberg 0.12 reads a null list of structs as an empty one (DuckDB and pyarrow read null).
    """
    for place, field in enumerate(rows.schema):
        is_list = pa.types.is_list(field.type) or pa.types.is_large_list(field.type)
        if is_list and pa.types.is_struct(field.type.value_type):
            column = rows.column(place)
            empty = pc.equal(pc.list_value_length(column), 0)
            rows = rows.set_column(place, field, pc.if_else(empty, pa.scalar(None, field.type), column))
    return rows


def file_schema(table: Table) -> pa.Schema:
    """Return the Arrow schema to write the table's data files with: it carries Iceberg's field ids."""
    return schema_to_pyarrow(table.schema())


def _open_catalog(settings: WarehouseSettings, layout: Layout, storage: Storage) -> Catalog:
    access = storage.access
    properties = {"warehouse": layout.root, **access.pyiceberg()}
    if settings.catalog == "glue":
        return load_catalog(NAMESPACE, type="glue", **{"glue.region": access.region}, **properties)
    file = _catalog_file(settings, layout)
    with translated(f"warehouse: {file.parent}", "cannot be created", ConfigError):
        file.parent.mkdir(parents=True, exist_ok=True)
    for last in (False, True):
        try:
            catalog = SqlCatalog(NAMESPACE, uri=f"sqlite:///{file}", **properties)
            break
        except DatabaseError as error:
            # once: another first run may have made the catalog's own tables between look and creation
            if last:
                raise ConfigError(_describe_sqlite(file, error.orig)) from None
    event.listen(catalog.engine, "handle_error", lambda context: _refuse_sqlite(file, context))
    return catalog


def _refuse_sqlite(file: Path, context: ExceptionContext) -> None:
    """Raise what SQLite refuses as a RadrayError: but a row that is there already, which pyiceberg looks for."""
    if not isinstance(context.original_exception, sqlite3.IntegrityError):
        raise RadrayError(_describe_sqlite(file, context.original_exception)) from None


def _describe_sqlite(file: Path, error: BaseException | None) -> str:
    # SQLite's own sentences name no value: database is locked, attempt to write a readonly database, ... is full
    return (
        f"catalog {file}: {error}: wait until no other job holds it, see that there is room and that it can be"
        " written; or name another in warehouse.catalog_uri"
    )


def _catalog_file(settings: WarehouseSettings, layout: Layout) -> Path:
    return Path(settings.catalog_uri or layout.catalog_file()).expanduser().resolve()


def _evolve(table: Table, schema: TableSchema) -> Table:
    present = {field.name: str(field.type) for field in file_schema(table)}
    wanted = {column.name: str(column.type) for column in schema.columns}
    unknown = sorted(present.keys() - wanted.keys())
    if unknown:
        raise ConfigError(
            f"table {schema.name} has columns {unknown} that this version of radray does not know;"
            " use the version that wrote it, or a newer one"
        )
    for name, type_ in present.items():
        if type_.replace("large_", "") != wanted[name]:
            raise ConfigError(f"table {schema.name}: column {name} is {type_}, this version expects {wanted[name]}")
    if present.keys() != wanted.keys():
        try:
            with table.update_schema() as update:
                update.union_by_name(schema.arrow())
        except CommitFailedException:
            pass  # another run of this version did it first: the union below is then empty
        table.refresh()
        if {field.name for field in table.schema().fields} != wanted.keys():
            return _evolve(table, schema)
    return table
