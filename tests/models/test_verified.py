"""Model files checked once a node and run: who reads them, and no file mistaken for another."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from radray.errors import InputError
from radray.models.manifest import Manifest, write_manifest
from radray.models.verified import CheckedFiles

READ: list[str] = []


def _opened(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and str(arguments[0]).endswith("weights.safetensors") and "w" not in str(arguments[1]):
        READ.append(str(arguments[0]))


sys.addaudithook(_opened)


@pytest.fixture(autouse=True)
def _markers_are_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    READ.clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "weights.safetensors").write_bytes(b"abc")
    (folder / "config.json").write_text("{}")
    return folder


@pytest.fixture
def manifest(folder: Path) -> Manifest:
    written = write_manifest(folder, "m", {})
    READ.clear()
    settle(folder)
    return written


def settle(folder: Path) -> None:
    """Wait until the files are older than the resolution of the file system's clock."""
    while time.time() - max(file.stat().st_ctime for file in folder.iterdir()) < 0.15:
        os.sched_yield()


def test_files_are_read_once_a_run(folder: Path, manifest: Manifest) -> None:
    for run, reads in (("a", 1), ("a", 1), ("b", 2), ("a", 2), ("b", 2)):
        CheckedFiles(run)(folder, manifest)
        assert len(READ) == reads


def test_of_processes_that_come_at_once_one_reads_them(folder: Path, manifest: Manifest, tmp_path: Path) -> None:
    code = (
        "import sys, json\n"
        "from pathlib import Path\n"
        "from radray.models.verified import CheckedFiles\n"
        "from radray.models.manifest import read_manifest\n"
        "read = []\n"
        "sys.addaudithook(lambda e, a: read.append(1) if e == 'open' and 'weights' in str(a[0]) else None)\n"
        "folder = Path(sys.argv[1])\n"
        "CheckedFiles('run')(folder, read_manifest(folder))\n"
        "print(len(read))\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path / "temporary"), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, str(folder)]
    at_work = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert sorted(process.communicate()[0] for process in at_work) == ["0\n", "0\n", "1\n"]


@pytest.mark.parametrize("way", ["in place", "renamed", "times set back"])
def test_a_file_that_was_replaced_is_read_again_and_refused(folder: Path, manifest: Manifest, way: str) -> None:
    CheckedFiles("run")(folder, manifest)
    weights = folder / "weights.safetensors"
    times = weights.stat()
    if way == "renamed":
        (folder / "new").write_bytes(b"abd")
        os.utime(folder / "new", ns=(times.st_atime_ns, times.st_mtime_ns))
        (folder / "new").rename(weights)
    else:
        weights.write_bytes(b"abd")
    if way == "times set back":
        os.utime(weights, ns=(times.st_atime_ns, times.st_mtime_ns))
    for _ in range(2):
        with pytest.raises(InputError, match=r"the sha256 of weights.safetensors differs"):
            CheckedFiles("run")(folder, manifest)
    assert len(READ) == 3


def test_a_file_that_comes_beside_the_others_is_refused(folder: Path, manifest: Manifest) -> None:
    CheckedFiles("run")(folder, manifest)
    (folder / "adapter.safetensors").write_bytes(b"x")
    with pytest.raises(InputError, match=r"adapter.safetensors is not listed"):
        CheckedFiles("run")(folder, manifest)
    (folder / "adapter.safetensors").unlink()
    (folder / "config.json").unlink()
    with pytest.raises(InputError, match=r"config.json is missing"):
        CheckedFiles("run")(folder, manifest)


def test_a_file_that_is_replaced_while_it_is_loaded_is_refused_afterwards(folder: Path, manifest: Manifest) -> None:
    checked = CheckedFiles("run")
    checked(folder, manifest)
    checked.refuse_changed()
    (folder / "weights.safetensors").write_bytes(b"abc")  # the same bytes: who says so?
    with pytest.raises(InputError, match="changed while they were loaded"):
        checked.refuse_changed()


def test_a_marker_that_was_cut_off_is_no_marker(folder: Path, manifest: Manifest, tmp_path: Path) -> None:
    CheckedFiles("run")(folder, manifest)
    (marker,) = (tmp_path / "temporary").rglob("*.json")
    held = json.loads(marker.read_text())
    for content in (marker.read_text()[:-9], "", "[]", json.dumps({**held, "config.json": [1, 2, 3, 4, 5]})):
        READ.clear()
        marker.write_text(content)
        CheckedFiles("run")(folder, manifest)
        assert len(READ) == 1
        assert json.loads(marker.read_text()) == held


def test_files_that_were_written_this_moment_leave_no_marker(folder: Path) -> None:
    manifest = write_manifest(folder, "m", {})
    later = time.time() + 3600
    for _ in range(2):
        READ.clear()
        # a change within the same tick of the clock would not show
        os.utime(folder / "config.json", (later, later))
        CheckedFiles("run")(folder, manifest)
        assert len(READ) == 1


def test_markers_that_somebody_else_may_write_are_not_believed(
    folder: Path, manifest: Manifest, tmp_path: Path
) -> None:
    CheckedFiles("run")(folder, manifest)
    (place,) = (tmp_path / "temporary").iterdir()
    place.chmod(0o777)
    with pytest.raises(Exception, match="belongs to this user alone"):
        CheckedFiles("run")(folder, manifest)
