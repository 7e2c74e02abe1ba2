"""What a disk can refuse: full, read only, moved, a locked catalog. One clear line, nothing half, and a rerun is whole.

Each fault is a real one, in a mount namespace of its own: chmod does nothing to root.
"""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from radray.errors import RadrayError
from radray.settings.warehouse import WarehouseSettings
from radray.tables.catalog import Warehouse
from tests.support.paths import ROOT
from tests.support.worlds.faults import expected_rows, night, read_rows, run_night

UNITS = ["1", "2", "3", "4"]
SMALL_KB = 256

# run in the namespace: argument 1 is the folder; what it prints is checked here
FULL = """
mount -t tmpfs -o size={kb}k tmpfs "$1" && cp -r "$2"/. "$1"/ &&
"$3" - "$1" <<'PROOF'
import errno, sys
try:
    with open(sys.argv[1] + "/filler", "wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
except OSError as error:
    print("fault", errno.errorcode[error.errno], flush=True)
PROOF
shift 3; "$@"; echo "exit $?"; rm "$FOLDER/filler"; "$@"; echo "again $?"; cp -r "$FOLDER"/. "$BACK"/
"""
READ_ONLY = """
mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" &&
"$3" - "$1" <<'PROOF'
import errno, sys
try:
    open(sys.argv[1] + "/probe", "wb")
except OSError as error:
    print("fault", errno.errorcode[error.errno], flush=True)
PROOF
shift 3; "$@"; echo "exit $?"; umount "$FOLDER"; "$@"; echo "again $?"
"""
"""The night by a process of its own: see `main`."""


def namespaces() -> bool:
    """Return whether a mount namespace can be made here."""
    return subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode == 0


needs_namespaces = pytest.mark.skipif(not namespaces(), reason="no mount namespaces here: disk faults cannot be made")


def in_namespace(script: str, folder: Path, back: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run `script` in a mount namespace of its own over `folder`; `back` gets (and gives) what is in it."""
    return subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", str(folder), str(back), sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "FOLDER": str(folder), "BACK": str(back)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def night_command(uri: Path) -> list[str]:
    return [sys.executable, "-m", __name__, str(uri)]


def query_command(uri: Path) -> list[str]:
    return [sys.executable, "-m", "jobs.query", "SELECT count(*) AS n FROM reports", f"warehouse.uri={uri}", "out=csv"]


def maintain_command(uri: Path) -> list[str]:
    words = ["maintain.snapshots_older_than_days=1", "maintain.orphans_older_than_days=1"]
    return [sys.executable, "-m", "jobs.maintain", f"warehouse.uri={uri}", *words]


def prepare_command(uri: Path, source: Path) -> list[str]:
    words = [f"warehouse.uri={uri}", "source.format=openi_csv", f"source.uri={source}", "source.dataset=h"]
    return [sys.executable, "-m", "jobs.prepare", *words]


def check_single_line(done: subprocess.CompletedProcess[str], says: str, lever: str) -> None:
    """Check that the job's error is one line that names `says` and `lever`."""
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, done.stderr
    assert says in errors[0], errors
    assert lever in errors[0], errors
    assert "Traceback" not in done.stderr
    assert "unexpected" not in done.stderr


@needs_namespaces
def test_a_full_disk_costs_the_run_and_no_row(tmp_path: Path) -> None:
    folder, back = tmp_path / "full", tmp_path / "back"
    folder.mkdir()
    back.mkdir()
    settings = WarehouseSettings(uri=str(folder))
    run_night(Warehouse(settings), night(0), "k0", UNITS)
    for file in folder.iterdir():
        os.rename(file, back / file.name)
    done = in_namespace(FULL.format(kb=SMALL_KB * 4), folder, back, night_command(folder))
    assert "fault ENOSPC" in done.stdout, done.stdout + done.stderr
    assert "exit 1" in done.stdout, done.stdout + done.stderr
    check_single_line(done, "full", "room")
    assert "again 0" in done.stdout, done.stdout + done.stderr
    for file in back.iterdir():
        os.rename(file, folder / file.name)
    assert read_rows(Warehouse(settings), night(0)) == expected_rows("k0", UNITS)
    assert read_rows(Warehouse(settings), night(1)) == expected_rows("k1", UNITS)


@needs_namespaces
@pytest.mark.parametrize("job", ["night", "query", "maintain"])
def test_a_read_only_warehouse_is_left_as_it_is(tmp_path: Path, job: str) -> None:
    folder = tmp_path / "warehouse"
    settings = WarehouseSettings(uri=str(folder))
    run_night(Warehouse(settings), night(0), "k0", UNITS)
    command = {"night": night_command, "query": query_command, "maintain": maintain_command}[job](folder)
    done = in_namespace(READ_ONLY, folder, tmp_path, command)
    assert "fault EROFS" in done.stdout, done.stdout + done.stderr
    if job == "night":
        assert "exit 1" in done.stdout, done.stdout + done.stderr
        check_single_line(done, str(folder), "writ")
        assert read_rows(Warehouse(settings), night(1)) == expected_rows("k1", UNITS)
    elif job == "query":  # what nobody could see is not done
        assert "exit 1" in done.stdout, done.stdout + done.stderr
        check_single_line(done, "query is refused", "make it writable")
    else:
        assert "exit 0" in done.stdout, done.stdout + done.stderr
    assert "again 0" in done.stdout, done.stdout + done.stderr
    assert read_rows(Warehouse(settings), night(0)) == expected_rows("k0", UNITS)


@needs_namespaces
def test_a_warehouse_that_cannot_be_made_is_a_setting(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    (tmp_path / "a.csv").write_text("uid,findings,impression\n1,The lungs are clear.,Normal chest.\n")
    once = READ_ONLY.partition("umount")[0]
    done = in_namespace(once, folder, tmp_path, prepare_command(folder / "warehouse", tmp_path / "a.csv"))
    assert "fault EROFS" in done.stdout, done.stdout + done.stderr
    assert "exit 2" in done.stdout, done.stdout + done.stderr
    check_single_line(done, f"{folder}/warehouse", "make it writable")
    assert list(folder.iterdir()) == []


def test_a_moved_warehouse_is_one_clear_error(tmp_path: Path) -> None:
    settings = WarehouseSettings(uri=str(tmp_path / "here"))
    run_night(Warehouse(settings), night(0), "k0", UNITS)
    (tmp_path / "here").rename(tmp_path / "there")
    for command in (query_command, maintain_command):
        done = subprocess.run(command(tmp_path / "there"), cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 3
        check_single_line(done, "its metadata cannot be read: FileNotFoundError", "where it was")
    moved = WarehouseSettings(uri=str(tmp_path / "there"))
    with pytest.raises(RadrayError, match="where it was when the catalog was created") as caught:
        run_night(Warehouse(moved), night(1), "k1", UNITS)
    assert caught.value.exit_code == 3
    (tmp_path / "there").rename(tmp_path / "here")
    run_night(Warehouse(settings), night(1), "k1", UNITS)
    assert read_rows(Warehouse(settings), night(1)) == expected_rows("k1", UNITS)


def test_a_locked_catalog_is_one_clear_error(tmp_path: Path) -> None:
    settings = WarehouseSettings(uri=str(tmp_path / "warehouse"))
    warehouse = Warehouse(settings)
    run_night(warehouse, night(0), "k0", UNITS)
    with sqlite3.connect(tmp_path / "warehouse" / "catalog.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RadrayError, match="database is locked: wait until no other job holds it") as caught:
            run_night(warehouse, night(1), "k1", UNITS)
        other.execute("ROLLBACK")
    other.close()
    assert caught.value.exit_code == 1
    run_night(warehouse, night(1), "k1", UNITS)
    assert read_rows(warehouse, night(1)) == expected_rows("k1", UNITS)


def test_a_catalog_that_is_no_database_is_one_clear_error(tmp_path: Path) -> None:
    file = tmp_path / "catalog.db"
    file.write_bytes(b"not a database, and longer than a header of one" * 100)
    with pytest.raises(RadrayError, match="file is not a database") as caught:
        Warehouse(WarehouseSettings(uri=str(tmp_path / "warehouse"), catalog_uri=str(file)))
    assert caught.value.exit_code == 2


def main() -> int:
    """Run night 1 of the named warehouse, as a job does, and return its exit code."""
    from jobs import cli

    def command() -> None:
        run_night(Warehouse(WarehouseSettings(uri=sys.argv[1])), night(1), "k1", UNITS)

    return cli.exit_code(command)


if __name__ == "__main__":
    sys.exit(main())
