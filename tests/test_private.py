"""What a user alone may read: modes, and the one place of what is temporary, swept of what killed processes left."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from radray.errors import RadrayError
from radray.private import keep_private, own_place, sweep
from tests.support.faults.owner import owner
from tests.support.paths import ROOT


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of what is temporary, this test's own."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path / f"radray-{os.getuid()}"


@pytest.fixture
def usual_rights() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_are_600_and_folders_700_from_then_on(tmp_path: Path, usual_rights: None) -> None:
    keep_private()
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    subprocess.run(["touch", str(tmp_path / "child")], check=True)
    assert (mode(tmp_path / "folder"), mode(tmp_path / "file"), mode(tmp_path / "child")) == (0o700, 0o600, 0o600)


def test_the_place_is_700_also_where_it_was_not(place: Path) -> None:
    assert (own_place(), mode(own_place())) == (place, 0o700)
    place.chmod(0o755)
    assert mode(own_place()) == 0o700


def test_a_place_that_others_may_write_is_refused(place: Path, tmp_path: Path) -> None:
    place.mkdir()
    place.chmod(0o777)
    with pytest.raises(RadrayError, match="is not a folder that belongs to this user alone"):
        own_place()
    place.rmdir()
    (tmp_path / "elsewhere").mkdir(0o700)
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RadrayError, match="is not a folder that belongs to this user alone"):
        own_place()


def test_what_a_killed_process_left_goes_and_a_living_one_keeps_its_own(place: Path) -> None:
    killed, left = owner(place.parent)
    living, kept = owner(place.parent)
    assert mode(left) == 0o700
    assert f"process {killed.pid}\n" == left.with_suffix(".owner").read_text()
    assert sweep() == []
    killed.kill()
    killed.communicate()
    assert (left / "rows.parquet").read_text() == "Canary Jones"  # nothing could remove it
    assert sweep() == [left]
    assert not left.with_suffix(".owner").exists()
    assert (kept / "rows.parquet").exists()
    living.communicate("\n")
    assert living.returncode == 0
    assert sorted(place.iterdir()) == []  # it removes its own, and what says whose it is


def test_the_next_process_that_needs_a_folder_sweeps(place: Path) -> None:
    killed, left = owner(place.parent)
    killed.kill()
    killed.communicate()
    following, _ = owner(place.parent)
    assert not left.exists()
    following.communicate("\n")


def test_the_next_job_on_the_machine_sweeps_and_a_dry_run_does_not(place: Path, tmp_path: Path) -> None:
    killed, left = owner(place.parent)
    killed.kill()
    killed.communicate()
    command = [sys.executable, "-m", "jobs.maintain", f"warehouse.uri={tmp_path}/none"]
    environment = {**os.environ, "TMPDIR": str(place.parent), "PYTHONPATH": str(ROOT)}
    subprocess.run([*command, "--dry-run"], env=environment, capture_output=True, check=True)
    assert left.exists()
    subprocess.run(command, env=environment, capture_output=True, check=False)
    assert not left.exists()


def test_a_sweep_follows_no_link(place: Path, tmp_path: Path) -> None:
    killed, left = owner(place.parent)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("x")
    (left / "link").symlink_to(tmp_path / "kept")
    killed.kill()
    killed.communicate()
    (place / "00000000.owner").symlink_to(tmp_path / "kept" / "file")
    (place / "00000000").symlink_to(tmp_path / "kept")
    assert sweep() == [left]
    assert (tmp_path / "kept" / "file").read_text() == "x"


def test_a_process_has_one_folder_and_a_forked_one_its_own(place: Path) -> None:
    code = (
        "import os; from radray.private import temporary_folder as f; a = f(); assert f() == a\n"
        "if os.fork() == 0:\n    assert f() != a and a.is_dir()\n"
        "else:\n    assert os.wait()[1] == 0 and a.is_dir()\n"
    )
    environment = {**os.environ, "TMPDIR": str(place.parent), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert sorted(place.iterdir()) == []


def test_a_folder_that_a_cleaner_took_is_made_again(place: Path) -> None:
    code = (
        "import shutil; from radray.private import temporary_folder as f; a = f(); shutil.rmtree(a)\n"
        "assert f().is_dir() and f() != a\n"
    )
    environment = {**os.environ, "TMPDIR": str(place.parent), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert sorted(place.iterdir()) == []
