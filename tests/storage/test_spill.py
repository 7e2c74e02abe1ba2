"""What DuckDB writes to disk when memory does not suffice: encrypted, in a folder of this user, and not without end."""

import os
import shutil
import stat
from pathlib import Path

import duckdb
import pytest

from radray.private import OTHERS
from radray.storage import spill

CANARY = "CANARY PATIENT TEXT Mr Smith "
SORTED = f"SELECT * FROM (SELECT range AS i, '{CANARY}' || range AS t FROM range(1000000)) ORDER BY hash(i)"
SMALL: dict[str, str | int | float | list[str]] = {"memory_limit": "60MB", "threads": 1}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(spill, "temporary_folder", lambda: tmp_path)
    return tmp_path


def spilled(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[Path]:
    """Return the files that a sort beyond memory has on disk, half-way through its answer."""
    connection.execute(SORTED).fetchmany(5)
    return [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size]


def test_no_text_is_in_what_a_sort_spills(folder: Path) -> None:
    before = os.umask(OTHERS)
    try:
        connection = spill.connect(SMALL)
        files = spilled(connection, folder)
    finally:
        os.umask(before)
    assert files
    assert not any(CANARY.encode() in file.read_bytes() for file in files)
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert {stat.S_IMODE(file.parent.stat().st_mode) for file in files} == {0o700}
    connection.close()
    assert list(folder.iterdir()) == []
    # and the search finds it where it is not encrypted
    plain = duckdb.connect(config={**SMALL, "temp_directory": str(folder / "plain")})
    assert any(CANARY.encode() in file.read_bytes() for file in spilled(plain, folder))


def test_a_spill_ends_before_the_disk_is_full(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = shutil.disk_usage(folder)._replace(free=4 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    with spill.connect(SMALL) as connection, pytest.raises(duckdb.OutOfMemoryException):
        connection.execute(SORTED).fetchmany(5)


def test_two_connections_of_a_process_spill_beside_each_other(folder: Path) -> None:
    with spill.connect(SMALL) as first, spill.connect(SMALL) as second:
        assert len({file.parent for connection in (first, second) for file in spilled(connection, folder)}) == 2
