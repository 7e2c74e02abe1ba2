"""Everything that a whole run writes on this machine is its user's alone: 600 and 700, while it runs and afterwards."""

import os
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.worlds.loop import TINY

pytestmark = pytest.mark.drill

PATIENCE_S = 1_200
SMALL = ["demo.studies=120", "demo.held_out=20", *TINY, "train.max_steps=4", "split.validation_fraction=0.2"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder whose path is short: Ray's sockets lie below it, and a socket's path has 107 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="r", dir="/tmp") as name:
        yield Path(name)


def reachable(folder: Path) -> Iterator[Path]:
    """Yield what another user could open below `folder`, were it open itself: nothing in a folder that is closed."""
    for path in sorted(folder.iterdir()):
        try:
            mode = stat.S_IMODE(path.lstat().st_mode)
            if path.is_symlink():
                continue
            if mode & 0o077:
                yield path
                if path.is_dir():
                    yield from reachable(path)
        except FileNotFoundError:  # it was there for a moment
            continue


def opened(folder: Path) -> Iterator[Path]:
    """Yield all files and folders below `folder` with a right for others, wherever they are; none of Ray's own."""
    for path in folder.rglob("*"):
        ours = not path.is_symlink() and "ray" not in path.relative_to(folder).parts
        if ours and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield path


def test_a_whole_run_writes_for_its_user_alone(folder: Path) -> None:
    for name in ("home", "cache", "temporary", "work"):
        (folder / name).mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment |= {"HOME": str(folder / "home"), "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONPATH": str(ROOT)}
    environment |= {"TMPDIR": str(folder / "temporary"), "HF_HUB_OFFLINE": "1"}

    def job(name: str, *words: str) -> set[Path]:
        """Run the job as one does by the usual umask; return what others could read of its files meanwhile."""
        seen: set[Path] = set()
        with (folder / f"{name}.log").open("wb") as log:
            running = subprocess.Popen(
                [sys.executable, "-m", f"jobs.{name}", *words],
                cwd=folder / "work",
                env=environment,
                stdout=log,
                stderr=log,
                umask=0o022,
            )
            until = time.monotonic() + PATIENCE_S
            while running.poll() is None and time.monotonic() < until:
                seen |= {path for part in ("cache", "temporary", "work") for path in reachable(folder / part)}
                time.sleep(0.2)
            running.kill()
        assert running.wait() == 0, (folder / f"{name}.log").read_text()[-2000:]
        return seen

    where = "warehouse.uri=out/demo/warehouse"
    assert job("demo", *SMALL) == set()
    assert job("query", "SELECT * FROM predictions_text", "out=parquet", "out_file=out/answer.parquet", where) == set()
    assert job("maintain", where) == set()
    written = {path.name for path in (folder / "work").rglob("*")}
    assert {"catalog.db", "evaluation.html", "manifest.json", "answer.parquet", "model-untrained"} <= written
    assert [path for part in ("cache", "home", "temporary", "work") for path in opened(folder / part)] == []
    # nothing temporary is left but locks, marks and Ray's own logs
    left = {path.suffix for path in (folder / "temporary" / f"radray-{os.getuid()}").iterdir() if path.name != "ray"}
    assert left <= {".lock", ".json"}
