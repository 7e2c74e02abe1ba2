"""SQL over the tables on this machine: DuckDB with its Iceberg extension, from wheels, with no download."""

from pathlib import Path

import duckdb
import duckdb_extension_avro
import duckdb_extension_httpfs
import duckdb_extension_iceberg
import pyarrow as pa

from radray.errors import ConfigError, InputError
from radray.schemas import TABLES
from radray.tables.catalog import Warehouse
from radray.tables.s3 import quoted
from radray.tables.storage import is_s3


def connect(warehouse: Warehouse) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection with a view for each table, as of now; a table that is not there yet is empty.

    The connection reads: it has no file of its own, and the views are over Iceberg metadata, not over folders.
    Raises InputError when a table's metadata cannot be read, ConfigError when S3 is asked for without credentials.
    """
    connection = duckdb.connect()
    extensions = [(duckdb_extension_avro, "avro"), (duckdb_extension_iceberg, "iceberg")]
    if is_s3(warehouse.layout.root):
        extensions.insert(0, (duckdb_extension_httpfs, "httpfs"))
    for package, name in extensions:
        connection.load_extension(str(_extension_file(Path(package.__file__ or "").parent, name)))
    if is_s3(warehouse.layout.root):
        for statement in warehouse.storage.access.duckdb():
            connection.execute(statement)
    for schema in TABLES.values():
        location = warehouse.metadata_location(schema)
        if location is None:
            connection.register(schema.name, schema.arrow().empty_table())
        else:
            try:
                connection.execute(f"CREATE VIEW {schema.name} AS SELECT * FROM iceberg_scan('{quoted(location)}')")
            except duckdb.Error as error:
                raise InputError(f"table {schema.name}: {location} cannot be read: {type(error).__name__}") from None
    return connection


def query(warehouse: Warehouse, sql: str) -> pa.Table:
    """Return the rows of the SELECT `sql` over the tables.

    Raises ConfigError when `sql` is not one SELECT statement, InputError when it does not run. DuckDB's own message
    is shown when it does not parse or bind, since it holds the query's text only, and withheld when it fails on
    rows, since it may hold theirs.
    """
    connection = connect(warehouse)
    try:
        statements = connection.extract_statements(sql)
    except duckdb.ParserException as error:
        raise ConfigError(f"the query does not parse: {error}") from None
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise ConfigError("expected one SELECT statement; the tables are read only")
    try:
        return connection.execute(statements[0]).to_arrow_table()
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        raise ConfigError(f"the query does not fit the tables ({', '.join(TABLES)}): {error}") from None
    except duckdb.Error as error:
        raise InputError(f"the query failed with {type(error).__name__}; its message may hold report text") from None


def _extension_file(package: Path, name: str) -> Path:
    return package / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
