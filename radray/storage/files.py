"""Files on local disk or object storage, by uri."""

import hashlib
import io
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.fs as pafs
import smart_open
import smart_open.s3
from botocore.exceptions import BotoCoreError, ClientError

from radray.errors import InputError
from radray.messages import file_name, source_place
from radray.schema.statuses import RejectReason
from radray.settings.warehouse import S3Settings
from radray.storage import s3, transfers
from radray.storage.arrow import s3_filesystem
from radray.storage.failures import MissingFile, cause, lever, translated
from radray.storage.walk import Entry, Kind, entries_below, files_below, open_plain, shown_path

CHUNK_BYTES = 1 << 20

WHOLE_BYTES = 256 << 20
"""A source on S3 up to this size is read whole and verified; of a larger file only the parts needed are read."""


@dataclass(frozen=True, slots=True)
class FrozenFile:
    """One file of the frozen input, as it was when the run began."""

    uri: str
    path: str
    """Path below the source's uri; the file's own name when the source is one file."""
    bytes: int
    digest: str
    """sha256 of the content (local; of a link that of its target's name, '' where nothing can be read), or ETag (S3,
    where a sha256 would mean reading the file twice)."""
    problem: RejectReason | None = None
    """Why it is never opened: a link, a device, a file or folder that the system does not open."""


def absolute_uri(uri: str) -> str:
    """Return `uri` without a trailing slash, a local path made absolute."""
    return uri.rstrip("/") if "://" in uri else str(Path(uri).expanduser().resolve())


def is_s3(uri: str) -> bool:
    """Return whether `uri` lies on S3."""
    return uri.startswith(s3.SCHEME)


@dataclass(frozen=True)
class Storage:
    """Local disk, and the S3 of the settings. It can be pickled: clients are created in the process that uses them.

    ::

        storage = Storage.of(settings.warehouse.s3)   # or warehouse.storage
        fs, path = storage.filesystem("s3://bucket/folder")
    """

    access: s3.S3Access

    @classmethod
    def of(cls, settings: S3Settings) -> "Storage":
        """Return the storage of `settings`, without a request to S3."""
        return cls(s3.S3Access.resolve(settings))

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: no client."""
        return {"access": self.access}

    def filesystem(self, uri: str) -> tuple[pafs.FileSystem, str]:
        """Return the file system of `uri` and the path on it. Raises InputError for an unknown scheme."""
        if is_s3(uri):
            return self._arrow, uri.removeprefix(s3.SCHEME)
        try:
            return pafs.FileSystem.from_uri(uri) if "://" in uri else (pafs.LocalFileSystem(), uri)
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(f"{uri}: {type(error).__name__}: not a place that can be opened") from None

    def list_files(self, uri: str, suffix: str = "") -> list[str]:
        """Return the uris of the files below `uri` that end in `suffix`, sorted; [] where there is no such folder.

        On disk, links are not followed. Raises RadrayError when the folder cannot be listed.
        """
        if is_s3(uri):
            # pyarrow looks for an object of the name of a folder that is empty, see `s3.find`
            with translated(uri, "cannot be listed"):
                return sorted(each.uri for each in s3.below(self._boto, uri) if each.uri.endswith(suffix))
        fs, path = self.filesystem(uri)
        with translated(uri, "cannot be listed"):
            if isinstance(fs, pafs.LocalFileSystem):
                paths = files_below(path)
            else:
                infos = fs.get_file_info(pafs.FileSelector(path, recursive=True, allow_not_found=True))
                paths = [info.path for info in infos if info.type == pafs.FileType.File]
        return sorted(f"{_scheme(uri)}{path}" for path in paths if path.endswith(suffix))

    def make_folder(self, uri: str) -> None:
        """Create the folder `uri` and those above it, where they do not exist; does nothing on S3, which has none.

        Raises RadrayError.
        """
        fs, path = self.filesystem(uri)
        if not is_s3(uri):
            with translated(uri, "cannot be created"):
                fs.create_dir(path, recursive=True)

    def read(self, uri: str) -> bytes:
        """Return the content of the file at `uri`, verified on S3 (see `s3.read`). Raises MissingFile, RadrayError."""
        with translated(uri, "cannot be read"):
            return s3.read(self._boto, uri) if is_s3(uri) else Path(uri).read_bytes()

    def write(self, uri: str, content: bytes | BinaryIO) -> None:
        """Write `content` to `uri`: on S3 in one request, on disk over the file that is there.

        Raises RadrayError; on disk no file is left then.
        """
        with translated(uri, "cannot be written"):
            if is_s3(uri):
                s3.write(self._boto, uri, content)
                return
            file = Path(uri)
            file.parent.mkdir(parents=True, exist_ok=True)
            try:
                with file.open("wb") as sink:
                    shutil.copyfileobj(io.BytesIO(content) if isinstance(content, bytes) else content, sink)
            except OSError:
                with suppress(OSError):
                    file.unlink()
                raise

    def upload(self, file: Path, uri: str) -> None:
        """Upload the local `file`, of any size, to `uri` on S3. Raises RadrayError."""
        with translated(uri, "cannot be written"):
            transfers.upload(self._boto, file, uri)

    def download(self, uri: str, file: Path) -> None:
        """Download the object at `uri` on S3, of any size, to the local `file`. Raises MissingFile, RadrayError.

        Raises OSError when the disk refuses it. The content is not verified: for callers that know its sha256.
        """
        disk_error: OSError | None = None
        with translated(uri, "cannot be read"):
            try:
                transfers.download(self._boto, uri, file)
            except FileNotFoundError:
                raise  # S3 has none: a disk that refuses says so with another error
            except OSError as error:
                disk_error = error
        if disk_error is not None:
            raise disk_error

    def remove_object(self, uri: str) -> None:
        """Remove the object at `uri` on S3; does nothing where there is none. Raises RadrayError."""
        bucket, key = s3.split(uri)
        with translated(uri, "cannot be removed"):
            s3.persistently(lambda: self._boto.delete_object(Bucket=bucket, Key=key))

    def size(self, uri: str) -> int:
        """Return the size of the file at `uri` in bytes. Raises MissingFile, RadrayError."""
        with translated(uri, "cannot be read"):
            if not is_s3(uri):
                return Path(uri).stat().st_size
            entry = s3.find(self._boto, uri)
            if entry is None:
                raise FileNotFoundError
            return entry.bytes

    def remove_folder(self, uri: str) -> None:
        """Remove the folder `uri` and all below it; does nothing where there is none. Raises RadrayError."""
        if is_s3(uri):
            with translated(uri, "cannot be removed"):
                s3.remove(self._boto, uri)
            return
        fs, path = self.filesystem(uri)
        # a second run with the same run key removes the same staging: a file that is gone meanwhile is no error
        with suppress(FileNotFoundError), translated(uri, "cannot be removed"):
            if fs.get_file_info(path).type == pafs.FileType.Directory:
                fs.delete_dir(path)

    def require(self, uri: str) -> None:
        """Check that there is a file or folder at `uri`. Raises InputError when there is none."""
        if is_s3(uri):
            exists = bool(self._s3_files(uri, only_first=True))
        else:
            fs, path = self.filesystem(uri)
            exists = fs.get_file_info(path).type != pafs.FileType.NotFound
        if not exists:
            raise InputError(f"source.uri={source_place(uri)}: no such file or folder")

    def freeze(self, uri: str, *, may_be_empty: bool = False) -> list[FrozenFile]:
        """Return the file, or the files below the folder, at `uri` with size and digest, sorted by path.

        Hidden files are left out. On disk, what is no regular file, or cannot be opened, is there with its `problem`,
        and no link is followed. Raises InputError when there is nothing at `uri`, or no file in the folder; with
        `may_be_empty` the list is empty then.
        """
        if not may_be_empty:
            self.require(uri)
        every = self._s3_files(uri) if is_s3(uri) else self._local_files(uri)
        files = sorted((file for file in every if not _hidden(file.path)), key=lambda file: file.path)
        if not files and not may_be_empty:
            raise InputError(f"source.uri={uri}: the folder holds no file")
        return files

    def sha256(self, uri: str) -> str:
        """Return the sha256 of the file at `uri`, in hex. Raises RadrayError."""
        if is_s3(uri):
            return hashlib.sha256(self.read(uri)).hexdigest()
        digest = hashlib.sha256()
        for chunk in self._chunks(uri):
            digest.update(chunk)
        return digest.hexdigest()

    def open_input(self, uri: str, name: str | None = None) -> BinaryIO:
        """Open the file at `uri` for reading bytes, seekable, never decompressed.

        Raises InputError, which calls it `name`; None: `uri`, for files that a setting names.

        On S3 it is verified up to WHOLE_BYTES; in a larger file nothing but https notices a bit that flipped.
        """
        try:
            if not is_s3(uri):
                return smart_open.open(uri, "rb", compression="disable")
            if s3.head(self._boto, uri).bytes <= WHOLE_BYTES:
                return io.BytesIO(s3.read(self._boto, uri))
            return smart_open.s3.open(*s3.split(uri), "rb", client=self._boto)
        except (OSError, ValueError, ClientError, BotoCoreError) as error:  # ValueError: smart_open, of a uri
            raise InputError(f"{name or uri}: cannot be opened: {cause(error)}: {lever(error)}") from None

    def open_frozen(self, file: FrozenFile) -> BinaryIO:
        """Open a file of the frozen input as `open_input` does; on disk never through a link. Raises InputError."""
        if is_s3(file.uri):
            return self.open_input(file.uri, file_name(file.path))
        with translated(file_name(file.path), "cannot be opened", InputError):
            return open_plain(self.filesystem(file.uri)[1])

    @cached_property
    def _arrow(self) -> pafs.S3FileSystem:
        return s3_filesystem(self.access)

    @cached_property
    def _boto(self) -> Any:
        return self.access.boto()

    def _local_files(self, uri: str) -> Iterator[FrozenFile]:
        fs, path = self.filesystem(uri)
        if fs.get_file_info(path).is_file:
            yield self._frozen(Entry(path, Kind.FILE), uri, Path(path).name)
            return
        with suppress(MissingFile), translated(f"source.uri={source_place(uri)}", "cannot be listed", InputError):
            os.scandir(path).close()
        names: set[str] = set()
        for entry in sorted(entries_below(path), key=lambda entry: entry.path):
            name = shown_path(entry.path[len(path) :].lstrip("/"))
            if _hidden(name):  # and so not read
                continue
            while name in names:  # a name that is not UTF-8, shown as another file's
                name += "~"
            names.add(name)
            with suppress(MissingFile):  # gone since it was listed
                yield self._frozen(entry, f"{_scheme(uri)}{entry.path}", name)

    def _frozen(self, entry: Entry, uri: str, name: str) -> FrozenFile:
        """Return the local file at `uri`, or what is there in the place of one. Raises MissingFile."""
        digest, size = hashlib.sha256(), 0
        try:
            if entry.kind is Kind.OTHER:
                digest.update(os.fsencode(os.readlink(entry.path)) if Path(entry.path).is_symlink() else b"")
                return FrozenFile(uri, name, 0, digest.hexdigest(), RejectReason.UNSUPPORTED_CONTENT)
            if entry.kind is Kind.CLOSED_FOLDER:
                return FrozenFile(uri, name, 0, "", RejectReason.UNREADABLE)
            with open_plain(entry.path) as file:
                while chunk := file.read(CHUNK_BYTES):
                    digest.update(chunk)
                    size += len(chunk)
        except FileNotFoundError:
            raise MissingFile from None
        except OSError:
            return FrozenFile(uri, name, 0, "", RejectReason.UNREADABLE)
        return FrozenFile(uri, name, size, digest.hexdigest())

    def _s3_files(self, uri: str, *, only_first: bool = False) -> list[FrozenFile]:
        """Return the object at `uri`, or those below it; [] for none. Raises InputError where S3 does not answer."""
        with translated(f"source.uri={source_place(uri)}", "cannot be listed", InputError):
            # as a folder first: a role may list what is below a source's folder, and not what begins with its name
            entries = islice(s3.below(self._boto, uri), 1 if only_first else None)
            files = [FrozenFile(each.uri, each.uri[len(uri) + 1 :], each.bytes, each.etag) for each in entries]
            entry = None if files else s3.find(self._boto, uri)
            return files if entry is None else [FrozenFile(uri, uri.rsplit("/", 1)[-1], entry.bytes, entry.etag)]

    def _chunks(self, uri: str) -> Iterator[bytes]:
        fs, path = self.filesystem(uri)
        # without compression=None a file called .gz is unpacked
        with translated(uri, "cannot be read", InputError), fs.open_input_stream(path, compression=None) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                yield chunk


def _hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))


def _scheme(uri: str) -> str:
    return uri[: uri.index("://") + 3] if "://" in uri else ""
