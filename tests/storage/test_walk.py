"""Folders are listed without following a link, and what is no plain file is there with its problem."""

import os
from pathlib import Path

import pytest

from radray.errors import InputError
from radray.schema.statuses import RejectReason
from radray.settings.warehouse import S3Settings
from radray.storage.files import FrozenFile, Storage
from radray.storage.walk import entries_below, open_plain

STORAGE = Storage.of(S3Settings())


def frozen(folder: Path) -> dict[str, str | None]:
    """Return the problem of each frozen file, by path; None for one that is read."""
    return {file.path: file.problem and file.problem.value for file in STORAGE.freeze(str(folder))}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.txt").write_text("FINDINGS: of another place.")
    source = tmp_path / "source"
    (source / "a").mkdir(parents=True)
    (source / "a" / "1.txt").write_text("FINDINGS: Clear.")
    return source


@pytest.mark.parametrize("target", ["/etc/passwd", ".", "a", "..", "a/1.txt", "nowhere", "../elsewhere/secret.txt"])
def test_a_link_is_an_entry_of_its_own_and_leads_nowhere(folder: Path, target: str) -> None:
    (folder / "l.txt").symlink_to(target)
    assert frozen(folder) == {"a/1.txt": None, "l.txt": "unsupported_content"}
    assert STORAGE.list_files(str(folder)) == [f"{folder}/a/1.txt"]


def test_links_that_form_a_circle_end(folder: Path) -> None:
    for depth in ("a", "a/b", "a/b/c"):
        (folder / depth).mkdir(exist_ok=True)
        (folder / depth / "up").symlink_to(folder)
    assert sorted(frozen(folder)) == ["a/1.txt", "a/b/c/up", "a/b/up", "a/up"]


def test_a_link_with_another_target_is_another_file(folder: Path) -> None:
    digests = []
    for target in ("/etc/passwd", "/etc/hosts"):
        (folder / "l").symlink_to(target)
        digests.append(next(file.digest for file in STORAGE.freeze(str(folder)) if file.path == "l"))
        (folder / "l").unlink()
    assert digests[0] != digests[1]


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe.txt")
    assert frozen(folder)["pipe.txt"] == "unsupported_content"
    with pytest.raises(OSError, match="not a regular file"):
        open_plain(str(folder / "pipe.txt"))


def test_a_link_put_in_the_place_of_a_frozen_file_is_not_opened(folder: Path) -> None:
    (file,) = STORAGE.freeze(str(folder))
    (folder / "a" / "1.txt").unlink()
    (folder / "a" / "1.txt").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match="cannot be opened"):
        STORAGE.open_frozen(file)


@pytest.mark.parametrize("name", [b"r\xf6ntgen.txt", b"\xff\xfe.txt", b"a\n\x1b[31mb.txt", "röntgen.txt".encode()])
def test_any_name_is_a_path_that_a_table_can_hold(folder: Path, name: bytes) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text("FINDINGS: Clear.")
    shown = next(file for file in STORAGE.freeze(str(folder)) if file.path != "a/1.txt")
    assert shown.path.encode() == name.decode("utf-8", "backslashreplace").encode()
    with STORAGE.open_frozen(shown) as opened:
        assert opened.read() == b"FINDINGS: Clear."


def test_names_that_are_shown_alike_stay_apart(folder: Path) -> None:
    for name in (b"\xff.txt", b"\\xff.txt"):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text("x")
    assert len(frozen(folder)) == 3


def test_what_cannot_be_opened_is_there_and_unreadable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "b").mkdir()
    (folder / "b" / "2.txt").write_text("x")
    (folder / "3.txt").write_text("x")

    def refuse(path: str) -> object:
        if str(path).endswith(("3.txt", "/b")):
            raise PermissionError(13, "refused", path)
        return scandir(path) if os.path.isdir(path) else opened(path)

    scandir, opened = os.scandir, open_plain
    monkeypatch.setattr("radray.storage.walk.os.scandir", refuse)
    monkeypatch.setattr("radray.storage.files.open_plain", refuse)
    files = {file.path: file for file in STORAGE.freeze(str(folder))}
    assert {path: file.problem for path, file in files.items()} == {
        "3.txt": RejectReason.UNREADABLE,
        "a/1.txt": None,
        "b": RejectReason.UNREADABLE,
    }
    assert files["b"] == FrozenFile(f"{folder}/b", "b", 0, "", RejectReason.UNREADABLE)


def test_a_folder_that_is_not_there_has_no_entries(tmp_path: Path) -> None:
    assert list(entries_below(tmp_path / "nowhere")) == []
    assert STORAGE.list_files(str(tmp_path / "nowhere")) == []
