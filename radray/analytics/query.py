"""SQL over the tables and views, on this machine: DuckDB and its Iceberg extension, installed from wheels."""

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping

import duckdb
import duckdb_extension_avro
import duckdb_extension_iceberg
import pyarrow as pa
import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from radray.analytics.deidentified import DEIDENTIFIED, register_keyed_id
from radray.analytics.output import RowStream
from radray.analytics.views import VIEWS, Choices, duckdb_sql, in_order
from radray.errors import ConfigError, InputError
from radray.schema.column import ENTRIES, HYPOTHESES, SECTIONS, STRINGS, TableSchema
from radray.schema.tables import TABLES
from radray.storage import spill
from radray.storage.files import is_s3
from radray.storage.s3 import quoted
from radray.tables.catalog import Warehouse

BATCH_ROWS = 10_000
"""Rows in a batch of a result: with report texts some 30 MB."""

_DUCKDB = {pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.float64(): "DOUBLE", pa.bool_(): "BOOLEAN"}
_DUCKDB |= {pa.date32(): "DATE", pa.timestamp("us"): "TIMESTAMP", STRINGS: "VARCHAR[]"}
_DUCKDB |= {
    HYPOTHESES: 'STRUCT("text" VARCHAR, score DOUBLE)[]',
    ENTRIES: 'STRUCT("name" VARCHAR, "state" VARCHAR, place VARCHAR)[]',
    SECTIONS: 'STRUCT("name" VARCHAR, "start" BIGINT, "text" VARCHAR)[]',
}

_LITERALS = frozenset(
    {TokenType.STRING, TokenType.NUMBER, TokenType.HEREDOC_STRING, TokenType.NATIONAL_STRING, TokenType.RAW_STRING}
    | {TokenType.BYTE_STRING, TokenType.HEX_STRING, TokenType.BIT_STRING, TokenType.UNICODE_STRING}
)

_VALUES = (TokenType.NUMBER, TokenType.VAR, TokenType.IDENTIFIER, TokenType.R_PAREN, TokenType.R_BRACKET)


def connect(
    warehouse: Warehouse, choices: Choices | None = None, views: Iterable[str] = VIEWS
) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection with every table as of now, and `views`; a table that does not exist yet is empty.

    The connection only reads: it has no file of its own, it reads tables by their Iceberg metadata and not by folder,
    and it can open nothing outside the warehouse, which no statement can change.
    Raises InputError when a table's metadata cannot be read, ConfigError when S3 is used without credentials, and for a
    view to hand on without the key of its ids.
    """
    connection = engine(warehouse)
    for schema in TABLES.values():
        location = warehouse.metadata_location(schema)
        if location is None:
            connection.register(schema.name, schema.arrow().empty_table())
        else:
            try:
                columns = _columns(connection, location, schema)
                connection.execute(
                    f"CREATE VIEW {schema.name} AS SELECT {columns} FROM iceberg_scan('{quoted(location)}')"
                )
            except duckdb.Error as error:
                raise InputError(f"table {schema.name}: {location} cannot be read: {type(error).__name__}") from None
    choices, names = choices or Choices(), list(views)
    keyed = [name for name in names if name in DEIDENTIFIED]
    if keyed:
        register_keyed_id(connection, choices.key, keyed[0])
    for name in [*in_order(name for name in names if name not in keyed), *keyed]:
        connection.execute(f"CREATE VIEW {name} AS {duckdb_sql(name, choices)}")
    connection.execute(f"SET allowed_directories = ['{quoted(warehouse.layout.root)}/']")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def engine(warehouse: Warehouse) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection that can read the warehouse's files; it has no tables and is not locked down.

    Raises ConfigError when S3 is used without credentials.
    """
    # a name in a query is never a variable of this process
    connection = spill.connect({"python_enable_replacements": "false"})
    for package, name in ((duckdb_extension_avro, "avro"), (duckdb_extension_iceberg, "iceberg")):
        spill.load_extension(connection, package, name)
    if is_s3(warehouse.layout.root):
        for statement in warehouse.storage.access.duckdb():
            connection.execute(statement)
    return connection


def query(warehouse: Warehouse, sql: str, params: Mapping[str, str] | None = None) -> pa.Table:
    """Return all rows of the SELECT `sql`, in memory. Raises ConfigError and InputError as `stream` does."""
    return stream(warehouse, sql, params).table()


def stream(
    warehouse: Warehouse, sql: str, params: Mapping[str, str] | None = None, choices: Choices | None = None
) -> RowStream:
    """Return the rows of the SELECT `sql` over tables and views, batch by batch.

    `params` are bound to ``:name`` or ``$name``; DuckDB casts each text to the type of what it is compared with, a
    number or a date.

    Raises ConfigError when `sql` is not a single SELECT statement, or its parameters are not exactly `params`;
    InputError when it fails to run. DuckDB's own message is shown when the query does not parse or bind, since it holds
    the query's text only, and withheld when the query fails on rows, since it may hold report text.
    """
    bound = _with_dollars(sql, params or {})
    connection = connect(warehouse, choices, _views_of(sql))
    try:
        statements = connection.extract_statements(bound)
    except duckdb.ParserException as error:
        raise ConfigError(f"the query does not parse: {_in_a_line(error)}") from None
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise ConfigError("expected one SELECT statement; the tables are read only")
    _refuse_other_params(statements[0].named_parameters, params or {})
    try:
        reader = connection.execute(statements[0], dict(params or {})).to_arrow_reader(BATCH_ROWS)
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        raise ConfigError(
            f"the query does not fit the tables ({', '.join(TABLES)}) and views: {_in_a_line(error)}"
        ) from None
    except duckdb.PermissionException:
        raise ConfigError("the query reaches outside the warehouse: it may read tables and views only") from None
    except duckdb.Error as error:
        raise _failed(error) from None
    return RowStream(reader.schema, _batches(connection, reader))


def _batches(connection: duckdb.DuckDBPyConnection, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    with connection:
        while True:
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
            except (duckdb.Error, pa.ArrowException, OSError) as error:
                raise _failed(error) from None
            yield batch


def _in_a_line(error: duckdb.Error) -> str:
    """Return the message of an error in the words of a query, which hold the query's text only, as one line."""
    return " ".join(str(error).split())


def _failed(error: Exception) -> InputError:
    return InputError(f"the query failed with {type(error).__name__}; its message may hold report text")


def _columns(connection: duckdb.DuckDBPyConnection, location: str, schema: TableSchema) -> str:
    """Return the columns to select from a table: null for columns newer than the table, which views may name."""
    description = connection.execute(f"SELECT * FROM iceberg_scan('{quoted(location)}') LIMIT 0").description or ()
    present = {column[0] for column in description}
    missing = [column for column in schema.columns if column.name not in present]
    return ", ".join(["*", *(f"CAST(NULL AS {_DUCKDB[column.type]}) AS {column.name}" for column in missing)])


def statement_digest(sql: str) -> str:
    """Return the sha256 (hex) of the words of `sql` without literals and comments: which question, and not of whom.

    With a literal, such as a patient's id, the digest would give it away to whoever tries all ids.
    """
    return hashlib.sha256(" ".join(_words_of(sql)).encode("utf-8", "surrogatepass")).hexdigest()


def named_tables(sql: str) -> list[str]:
    """Return the tables and views whose names occur in `sql`, perhaps as other names, sorted; [] for none."""
    return sorted({*TABLES, *VIEWS}.intersection(word.lower() for word in _words_of(sql)))


def _words_of(sql: str) -> list[str]:
    """Return the words of `sql`, with ? for a literal and _ for a name that is no table's, column's or function's."""
    try:
        tokens = sqlglot.tokenize(sql, read="duckdb")
    except SqlglotError:
        return []  # it will not be answered either
    known = {*TABLES, *VIEWS, *(column.name for schema in TABLES.values() for column in schema.columns)}
    words = []
    for token, following in itertools.zip_longest(tokens, tokens[1:]):
        called = following is not None and following.token_type is TokenType.L_PAREN
        if token.token_type in _LITERALS:
            words.append("?")
        elif token.token_type is TokenType.IDENTIFIER or (token.token_type is TokenType.VAR and not called):
            words.append(token.text.lower() if token.text.lower() in known else "_")
        else:
            words.append(token.text.upper())
    return words


def _views_of(sql: str) -> list[str]:
    """Return the views whose names occur in `sql`, perhaps as other names: a needless view costs milliseconds."""
    try:
        words = {token.text.lower() for token in sqlglot.tokenize(sql, read="duckdb")}
    except SqlglotError:
        return list(VIEWS)
    return [name for name in (*VIEWS, *DEIDENTIFIED) if name in words]


def _with_dollars(sql: str, params: Mapping[str, str]) -> str:
    """Return `sql` with ``$name`` in place of ``:name`` for each of `params`: a shell would expand the dollar."""
    if not params:
        return sql
    try:
        tokens = sqlglot.tokenize(sql, read="duckdb")
    except SqlglotError:
        return sql  # DuckDB says what is wrong with it
    characters = list(sql)
    for place, (colon, name) in enumerate(itertools.pairwise(tokens)):
        if colon.token_type is TokenType.COLON and name.text in params and name.start == colon.end + 1:
            before = tokens[place - 1] if place else colon
            # x[2:name] is a slice
            if before.end + 1 < colon.start or before.token_type not in _VALUES:
                characters[colon.start] = "$"
    return "".join(characters)


def _refuse_other_params(named: Iterable[str], params: Mapping[str, str]) -> None:
    """Raise ConfigError unless the statement's parameters are exactly `params`."""
    missing, unused = sorted(set(named) - params.keys()), sorted(params.keys() - set(named))
    if missing:
        raise ConfigError(f"the query asks for {missing[0]}: give it as params.{missing[0]}=value")
    if unused:
        raise ConfigError(f"params.{unused[0]} is not in the query: write :{unused[0]} where its value belongs")
