"""Types of the views' columns, as DuckDB infers them from empty tables."""

from collections.abc import Mapping
from functools import cache

import duckdb

from radray.analytics.views import Choices, duckdb_sql, in_order
from radray.schema.tables import TABLES


@cache
def view_types(name: str) -> Mapping[str, str]:
    """Return the view's columns in order, each with DuckDB's name for its type."""
    with duckdb.connect() as connection:
        for schema in TABLES.values():
            connection.register(schema.name, schema.arrow().empty_table())
        for view in in_order([name]):
            connection.execute(f"CREATE VIEW {view} AS {duckdb_sql(view, Choices())}")
        return {column: str(type_) for column, type_, *_ in connection.execute(f"DESCRIBE {name}").fetchall()}
