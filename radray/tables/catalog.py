"""The warehouse: its catalog, and its tables made, evolved and read."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError, TableAlreadyExistsError
from pyiceberg.expressions import AlwaysTrue, And, BooleanExpression, EqualTo, Reference
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.table import Table

from radray.config import Warehouse as WarehouseSettings
from radray.errors import ConfigError, InputError
from radray.schemas import TableSchema
from radray.tables.layout import Layout
from radray.tables.storage import absolute_uri

NAMESPACE = "radray"

_PROPERTIES = {
    "format-version": "2",
    # a conflict is ours to look at (commit.py): pyiceberg's own retry would rebase without asking who won
    "commit.retry.num-retries": "0",
    # without these two, commits grow from 0.09 to 0.70 s in 200 nights (FACTS of the design, measured)
    "commit.manifest-merge.enabled": "true",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    "write.parquet.compression-codec": "zstd",
}


class Warehouse:
    """A catalog and the folder of its tables.

    Opening touches nothing on a warehouse that exists and makes the catalog of one that does not.
    """

    def __init__(self, settings: WarehouseSettings, *, must_exist: bool = False) -> None:
        """Open the warehouse of `settings`; with `must_exist` raise InputError where there is none."""
        self.layout = Layout(absolute_uri(settings.uri))
        if must_exist and settings.catalog == "sqlite" and not _catalog_file(settings, self.layout).is_file():
            raise InputError(
                f"warehouse.uri={settings.uri}: there is no warehouse here ({_catalog_file(settings, self.layout)} is"
                " missing); name the one that jobs.prepare wrote"
            )
        self._catalog = _open_catalog(settings, self.layout)

    def has(self, schema: TableSchema) -> bool:
        """Return whether the table exists."""
        return self._catalog.table_exists((NAMESPACE, schema.name))

    def load(self, schema: TableSchema) -> Table:
        """Return the table, made if there is none, with columns that it lacks added.

        Raises ConfigError when the table holds a column that this version does not know, or one of another type.
        """
        self._catalog.create_namespace_if_not_exists(NAMESPACE)
        try:
            table = self._catalog.load_table((NAMESPACE, schema.name))
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

        An empty table, or none, gives no rows; a column that an older table lacks is null.
        """
        names = tuple(columns) if columns is not None else tuple(column.name for column in schema.columns)
        types = {column.name: column.type for column in schema.columns}
        if not self.has(schema):
            return pa.schema([(name, types[name]) for name in names]).empty_table()
        table = self._catalog.load_table((NAMESPACE, schema.name))
        present = {field.name for field in table.schema().fields}
        scan = table.scan(row_filter=equal_to(where or {}), selected_fields=tuple(n for n in names if n in present))
        rows = scan.to_arrow()
        for name in names:
            if name not in present:  # written before the column was: reading does not change the table
                rows = rows.append_column(name, pa.nulls(rows.num_rows, types[name]))
        return rows.select(names)

    def metadata_location(self, schema: TableSchema) -> str | None:
        """Return the uri of the table's newest metadata file; None where there is no such table."""
        if not self.has(schema):
            return None
        return self._catalog.load_table((NAMESPACE, schema.name)).metadata_location

    def _create(self, schema: TableSchema) -> Table:
        try:
            with (
                self._catalog.create_table_transaction(
                    (NAMESPACE, schema.name),
                    schema=schema.arrow(),
                    location=self.layout.location(schema.name),
                    properties={
                        **_PROPERTIES,
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
        return self._catalog.load_table((NAMESPACE, schema.name))


def equal_to(values: Mapping[str, Any]) -> BooleanExpression:
    """Return the filter of rows whose columns equal `values`; all rows for none."""
    expression: BooleanExpression = AlwaysTrue()
    for name, value in values.items():
        literal = value.isoformat() if hasattr(value, "isoformat") else value
        expression = And(expression, EqualTo(Reference(name), literal))  # type: ignore[call-arg]  # pydantic hides its __init__
    return expression


def file_schema(table: Table) -> pa.Schema:
    """Return the Arrow schema to write the table's data files with: it carries Iceberg's field ids."""
    return schema_to_pyarrow(table.schema())


def _open_catalog(settings: WarehouseSettings, layout: Layout) -> Catalog:
    if settings.catalog == "glue":
        return load_catalog(NAMESPACE, type="glue", warehouse=layout.root)
    file = _catalog_file(settings, layout)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"warehouse: {file.parent} cannot be made: {error.strerror}") from None
    return load_catalog(NAMESPACE, type="sql", uri=f"sqlite:///{file}", warehouse=layout.root)


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
