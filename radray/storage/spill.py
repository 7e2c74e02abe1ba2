"""DuckDB connections: what they spill is encrypted, in the temporary folder of this process, and leaves others room."""

import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import duckdb_extension_httpfs

from radray.private import temporary_folder

ROOM_SHARE = 0.5
"""Share of the free disk that a connection may spill: a question must not fill the disk that a night is written to."""


def connect(options: Mapping[str, Any]) -> duckdb.DuckDBPyConnection:
    """Return a connection in memory with `options` that installs nothing by itself.

    A sort that does not fit into memory spills report text. It is written with a key that this connection alone has, by
    the cryptography of httpfs: DuckDB's own writes nothing ("read-only crypto module", 1.5.5).
    Raises RadrayError, OSError as `temporary_folder`.
    """
    folder = temporary_folder()
    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            # its own: connections of one process would write the same names
            "temp_directory": str(folder / f"duckdb-{secrets.token_hex(4)}"),
            "temp_file_encryption": "true",
            **options,
        }
    )
    # among the options above DuckDB 1.5.5 shows it and does not keep to it
    connection.execute(f"SET max_temp_directory_size = '{int(shutil.disk_usage(folder).free * ROOM_SHARE)}B'")
    load_extension(connection, duckdb_extension_httpfs, "httpfs")
    return connection


def load_extension(connection: duckdb.DuckDBPyConnection, package: ModuleType, name: str) -> None:
    """Load the extension `name` from the wheel `package`, which has it for this version of DuckDB."""
    folder = Path(package.__file__ or "").parent / "extensions" / f"v{duckdb.__version__}"
    connection.load_extension(str(folder / f"{name}.duckdb_extension"))
