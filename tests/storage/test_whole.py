"""A file or folder is there whole or not at all, whatever ends the writing of it."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from radray.errors import ConfigError
from radray.storage.requested import requested_file
from radray.storage.whole import PRIVATE, remove_abandoned, whole_file, whole_folder, write_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_a_file_is_there_when_the_block_has_ended(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("old")
    with whole_file(file) as partial:
        partial.write_text("new")
        assert file.read_text() == "old"
    assert (file.read_text(), names(tmp_path)) == ("new", ["a.txt"])


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", b"old")
    with pytest.raises(UnicodeEncodeError), whole_file(tmp_path / "a") as partial:
        partial.write_text("half \ud800", encoding="utf-8")
    assert ((tmp_path / "a").read_bytes(), names(tmp_path)) == (b"old", ["a"])


@pytest.mark.parametrize("held", [0o600, 0o640, 0o664])
def test_a_file_that_is_replaced_keeps_its_mode(held: int, tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.touch()
    file.chmod(held)
    with whole_file(file) as partial:
        assert mode(partial) == PRIVATE  # nobody reads it before it has the mode of the old one
        partial.write_bytes(b"x")
    assert (mode(file), file.read_bytes()) == (held, b"x")


def test_a_new_file_has_the_mode_asked_for_less_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "a", b"")
        with requested_file(str(tmp_path / "b"), "source.pairs", mode=PRIVATE):
            pass
    finally:
        os.umask(before)
    assert (mode(tmp_path / "a"), mode(tmp_path / "b")) == (0o640, 0o600)


def test_a_writer_that_is_killed_leaves_the_old_file(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", b"old")
    code = "import os, signal, sys; from pathlib import Path; from radray.storage.whole import whole_file\n"
    code += "with whole_file(Path(sys.argv[1])) as partial:\n"
    code += "    partial.write_bytes(b'ne'); os.kill(os.getpid(), signal.SIGKILL)\n"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "a").read_bytes() == b"old"


def test_a_file_that_a_setting_names_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    says = r"^out_file=.*/file/a\.csv: cannot be written: E\w+ \(.+\): "
    with pytest.raises(ConfigError, match=says), requested_file(f"{tmp_path}/file/a.csv", "out_file"):
        pass
    with requested_file(f"{tmp_path}/new/a.csv", "out_file") as partial:
        partial.write_text("1")
    assert (tmp_path / "new" / "a.csv").read_text() == "1"


def test_a_folder_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "deep" / "model").mkdir(parents=True)
    (tmp_path / "deep" / "model" / "old").touch()
    with whole_folder(tmp_path / "deep" / "model", replace=True) as folder:
        (folder / "new").touch()
        assert names(tmp_path / "deep" / "model") == ["old"]
    assert (names(tmp_path / "deep"), names(tmp_path / "deep" / "model")) == (["model"], ["new"])


def test_a_folder_that_another_made_first_stays(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "model", replace=False) as folder:
        (folder / "ours").touch()
        (tmp_path / "model").mkdir()
        (tmp_path / "model" / "theirs").touch()
    assert (names(tmp_path), names(tmp_path / "model")) == (["model"], ["theirs"])


@pytest.mark.parametrize("replace", [False, True])
def test_a_folder_that_fails_leaves_nothing(replace: bool, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), whole_folder(tmp_path / "model", replace=replace) as folder:
        (folder / "no folder" / "half").touch()
    assert names(tmp_path) == []


def test_the_old_folder_comes_back_when_the_new_one_cannot_be_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "old").touch()
    rename = Path.rename

    def refused(path: Path, target: Path) -> Path:
        if (path / "new").exists():
            raise OSError("no such luck")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(OSError, match="no such luck"), whole_folder(model, replace=True) as folder:
        (folder / "new").touch()
    assert (names(tmp_path), names(model)) == (["model"], ["old"])


def test_what_a_killed_process_left_is_removed_after_a_day(tmp_path: Path) -> None:
    for name, age_s in (("a.partial", 90_000), (".b.partial", 90_000), ("at-work.partial", 3_000), ("kept", 90_000)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age_s,) * 2)
    remove_abandoned(tmp_path)
    assert names(tmp_path) == ["at-work.partial", "kept"]
