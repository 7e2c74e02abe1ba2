"""Files on local disk or object storage, by uri."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

import pyarrow as pa
import pyarrow.fs as pafs
import smart_open

from radray.errors import InputError

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FrozenFile:
    """One file of the frozen input: what it was when the run began."""

    uri: str
    path: str
    """Path below the source's uri; the file's own name when the source is one file."""
    bytes: int
    digest: str
    """sha256 of the content (local)."""


def absolute_uri(uri: str) -> str:
    """Return `uri` without a trailing slash, a local path made absolute."""
    return uri.rstrip("/") if "://" in uri else str(Path(uri).expanduser().resolve())


def filesystem(uri: str) -> tuple[pafs.FileSystem, str]:
    """Return the file system of `uri` and the path on it. Raises InputError when the scheme is not known."""
    try:
        return pafs.FileSystem.from_uri(uri) if "://" in uri else (pafs.LocalFileSystem(), uri)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{uri}: {type(error).__name__}: not a place that can be opened") from None


def list_files(uri: str, suffix: str = "") -> list[str]:
    """Return the uris of the files below `uri` that end in `suffix`, sorted; [] where there is no such folder."""
    fs, path = filesystem(uri)
    infos = fs.get_file_info(pafs.FileSelector(path, recursive=True, allow_not_found=True))
    scheme = uri[: uri.index("://") + 3] if "://" in uri else ""
    return sorted(
        f"{scheme}{info.path}" for info in infos if info.type == pafs.FileType.File and info.path.endswith(suffix)
    )


def remove_folder(uri: str) -> None:
    """Remove the folder `uri` and all below it; nothing where there is none."""
    fs, path = filesystem(uri)
    if fs.get_file_info(path).type == pafs.FileType.Directory:
        fs.delete_dir(path)


def require(uri: str) -> None:
    """Raise InputError when there is nothing at `uri`."""
    fs, path = filesystem(uri)
    if fs.get_file_info(path).type == pafs.FileType.NotFound:
        raise InputError(f"source.uri={uri}: no such file or folder")


def freeze(uri: str) -> list[FrozenFile]:
    """Return the file, or the files below the folder, at `uri` with size and sha256, sorted by path.

    Hidden files are left out. Raises InputError when there is nothing at `uri`, or no file in the folder.
    """
    require(uri)
    fs, path = filesystem(uri)
    info = fs.get_file_info(path)
    if info.type == pafs.FileType.File:
        return [FrozenFile(uri, path.rsplit("/", 1)[-1], info.size, sha256(uri))]
    files = []
    for file in list_files(uri):
        below = file[len(uri) + 1 :]
        if not any(part.startswith(".") for part in below.split("/")):
            files.append(FrozenFile(file, below, fs.get_file_info(filesystem(file)[1]).size, sha256(file)))
    if not files:
        raise InputError(f"source.uri={uri}: the folder holds no file")
    return files


def sha256(uri: str) -> str:
    """Return the hex sha256 of the file at `uri`."""
    digest = hashlib.sha256()
    for chunk in _chunks(uri):
        digest.update(chunk)
    return digest.hexdigest()


def open_input(uri: str) -> BinaryIO:
    """Return the file at `uri` opened for reading bytes, seekable, never decompressed. Raises InputError."""
    try:
        return smart_open.open(uri, "rb", compression="disable")
    except (OSError, ValueError) as error:
        raise InputError(f"{uri}: cannot be opened: {type(error).__name__}") from None


def open_text(uri: str) -> TextIO:
    """Return the file at `uri` opened for reading UTF-8 text (a byte order mark is dropped). Raises InputError."""
    return io.TextIOWrapper(open_input(uri), encoding="utf-8-sig", newline="")


def _chunks(uri: str) -> Iterator[bytes]:
    fs, path = filesystem(uri)
    try:
        with fs.open_input_stream(path) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise InputError(f"{uri}: cannot be read: {type(error).__name__}") from None
