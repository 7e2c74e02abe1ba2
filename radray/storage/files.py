"""Files on local disk or object storage, by uri."""

import hashlib
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.fs as pafs
import smart_open
import smart_open.s3
from botocore.exceptions import BotoCoreError, ClientError

from radray.errors import InputError, RadrayError
from radray.settings.warehouse import S3Settings
from radray.storage import s3, transfers

CHUNK_BYTES = 1 << 20


WHOLE_BYTES = 256 << 20
"""A source on S3 up to this size is read whole and verified; of a larger one only what is asked for is read."""


class MissingFile(InputError, FileNotFoundError):
    """There is no file at the uri."""


@dataclass(frozen=True, slots=True)
class FrozenFile:
    """One file of the frozen input: what it was when the run began."""

    uri: str
    path: str
    """Path below the source's uri; the file's own name when the source is one file."""
    bytes: int
    digest: str
    """sha256 of the content (local), etag (S3, where a sha256 would cost reading it all twice)."""


def absolute_uri(uri: str) -> str:
    """Return `uri` without a trailing slash, a local path made absolute."""
    return uri.rstrip("/") if "://" in uri else str(Path(uri).expanduser().resolve())


def is_s3(uri: str) -> bool:
    """Return whether `uri` lies on S3."""
    return uri.startswith(s3.SCHEME)


@dataclass(frozen=True)
class Storage:
    """Local disk, and the S3 of the settings. It can be sent to other processes: clients are made where they are used.

    ::

        storage = Storage.of(settings.warehouse.s3)   # or warehouse.storage
        fs, path = storage.filesystem("s3://bucket/folder")
    """

    access: s3.S3Access

    @classmethod
    def of(cls, settings: S3Settings) -> "Storage":
        """Return the storage of `settings`; nothing is asked of S3."""
        return cls(s3.S3Access.resolve(settings))

    def __getstate__(self) -> dict[str, Any]:
        """Return what is sent to another process: no client."""
        return {"access": self.access}

    def filesystem(self, uri: str) -> tuple[pafs.FileSystem, str]:
        """Return the file system of `uri` and the path on it. Raises InputError when the scheme is not known."""
        if is_s3(uri):
            return self._arrow, uri.removeprefix(s3.SCHEME)
        try:
            return pafs.FileSystem.from_uri(uri) if "://" in uri else (pafs.LocalFileSystem(), uri)
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(f"{uri}: {type(error).__name__}: not a place that can be opened") from None

    def list_files(self, uri: str, suffix: str = "") -> list[str]:
        """Return the uris of the files below `uri` that end in `suffix`, sorted; [] where there is no such folder.

        Raises RadrayError when it cannot be listed.
        """
        fs, path = self.filesystem(uri)
        with told(uri, "cannot be listed"):
            infos = fs.get_file_info(pafs.FileSelector(path, recursive=True, allow_not_found=True))
        scheme = uri[: uri.index("://") + 3] if "://" in uri else ""
        return sorted(
            f"{scheme}{info.path}" for info in infos if info.type == pafs.FileType.File and info.path.endswith(suffix)
        )

    def make_folder(self, uri: str) -> None:
        """Make the folder `uri` and those above it; nothing on S3, which has no folders, and where it is there."""
        fs, path = self.filesystem(uri)
        if not is_s3(uri):
            with told(uri, "cannot be made"):
                fs.create_dir(path, recursive=True)

    def read(self, uri: str) -> bytes:
        """Return the content of the file at `uri`, on S3 verified (see `s3.read`). Raises MissingFile, RadrayError."""
        with told(uri, "cannot be read"):
            return s3.read(self._boto, uri) if is_s3(uri) else Path(uri).read_bytes()

    def write(self, uri: str, content: bytes | BinaryIO) -> None:
        """Make `content` the file at `uri`: on S3 in one request, on disk in the place of what is there.

        Raises RadrayError; on disk nothing is left then.
        """
        with told(uri, "cannot be written"):
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
        """Make the local `file`, of any size, the object at `uri` on S3. Raises RadrayError."""
        with told(uri, "cannot be written"):
            transfers.upload(self._boto, file, uri)

    def download(self, uri: str, file: Path) -> None:
        """Make the object at `uri` on S3, of any size, the local `file`. Raises MissingFile, RadrayError.

        OSError is what the disk says. What came is not verified: for callers that know its sha256.
        """
        full: OSError | None = None
        with told(uri, "cannot be read"):
            try:
                transfers.download(self._boto, uri, file)
            except OSError as error:
                full = error
        if full is not None:
            raise full

    def remove_object(self, uri: str) -> None:
        """Remove the object at `uri` on S3; nothing where there is none. Raises RadrayError."""
        bucket, key = s3.split(uri)
        with told(uri, "cannot be removed"):
            s3.persistently(lambda: self._boto.delete_object(Bucket=bucket, Key=key))

    def size(self, uri: str) -> int:
        """Return the bytes of the file at `uri`. Raises MissingFile, RadrayError."""
        with told(uri, "cannot be read"):
            if not is_s3(uri):
                return Path(uri).stat().st_size
            found = s3.head(self._boto, uri)
            if found is None:
                raise FileNotFoundError
            return found.bytes

    def remove_folder(self, uri: str) -> None:
        """Remove the folder `uri` and all below it; nothing where there is none. Raises RadrayError."""
        if is_s3(uri):
            with told(uri, "cannot be removed"):
                s3.remove(self._boto, uri)
            return
        fs, path = self.filesystem(uri)
        # a twin with the same run key removes the same staging: what is gone meanwhile is no error
        with suppress(FileNotFoundError), told(uri, "cannot be removed"):
            if fs.get_file_info(path).type == pafs.FileType.Directory:
                fs.delete_dir(path)

    def require(self, uri: str) -> None:
        """Raise InputError when there is nothing at `uri`."""
        if is_s3(uri):
            found = bool(self._s3_files(uri, only_first=True))
        else:
            fs, path = self.filesystem(uri)
            found = fs.get_file_info(path).type != pafs.FileType.NotFound
        if not found:
            raise InputError(f"source.uri={uri}: no such file or folder")

    def freeze(self, uri: str, *, may_be_empty: bool = False) -> list[FrozenFile]:
        """Return the file, or the files below the folder, at `uri` with size and digest, sorted by path.

        Hidden files are left out. Raises InputError when there is nothing at `uri`, or no file in the folder; with
        `may_be_empty` there are no files then.
        """
        if not may_be_empty:
            self.require(uri)
        found = self._s3_files(uri) if is_s3(uri) else self._local_files(uri)
        files = sorted((file for file in found if not _hidden(file.path)), key=lambda file: file.path)
        if not files and not may_be_empty:
            raise InputError(f"source.uri={uri}: the folder holds no file")
        return files

    def sha256(self, uri: str) -> str:
        """Return the hex sha256 of the file at `uri`."""
        if is_s3(uri):
            return hashlib.sha256(self.read(uri)).hexdigest()
        digest = hashlib.sha256()
        for chunk in self._chunks(uri):
            digest.update(chunk)
        return digest.hexdigest()

    def open_input(self, uri: str) -> BinaryIO:
        """Return the file at `uri` opened for reading bytes, seekable, never decompressed. Raises InputError.

        On S3 it is verified up to WHOLE_BYTES; beyond, nothing but https sees a bit that flipped on its way.
        """
        try:
            if is_s3(uri):
                lone = s3.head(self._boto, uri)
                if lone is not None and lone.bytes <= WHOLE_BYTES:
                    return io.BytesIO(s3.read(self._boto, uri))
                return smart_open.s3.open(*s3.split(uri), "rb", client=self._boto)
            return smart_open.open(uri, "rb", compression="disable")
        except (OSError, ValueError, ClientError, BotoCoreError) as error:
            raise InputError(f"{uri}: cannot be opened: {s3.cause(error)}: {s3.lever(error)}") from None

    @cached_property
    def _arrow(self) -> pafs.S3FileSystem:
        return self.access.arrow()

    @cached_property
    def _boto(self) -> Any:
        return self.access.boto()

    def _local_files(self, uri: str) -> Iterator[FrozenFile]:
        fs, path = self.filesystem(uri)
        info = fs.get_file_info(path)
        if info.is_file:
            yield FrozenFile(uri, info.base_name, info.size, self.sha256(uri))
            return
        for file in self.list_files(uri):
            below = file[len(uri) + 1 :]
            if not _hidden(below):  # and so not read
                yield FrozenFile(file, below, fs.get_file_info(self.filesystem(file)[1]).size, self.sha256(file))

    def _s3_files(self, uri: str, *, only_first: bool = False) -> list[FrozenFile]:
        """Return the object at `uri`, or those below it; [] for none. Raises InputError where S3 does not say."""
        try:
            lone = s3.head(self._boto, uri)
            if lone is not None:
                return [FrozenFile(uri, uri.rsplit("/", 1)[-1], lone.bytes, lone.etag)]
            files = []
            for one in s3.below(self._boto, uri):
                files.append(FrozenFile(one.uri, one.uri[len(uri) + 1 :], one.bytes, one.etag))
                if only_first:
                    break
        except (ClientError, BotoCoreError) as error:
            raise InputError(f"source.uri={uri}: {s3.cause(error)}: {s3.lever(error)}") from None
        return files

    def _chunks(self, uri: str) -> Iterator[bytes]:
        fs, path = self.filesystem(uri)
        try:
            with fs.open_input_stream(path, compression=None) as stream:  # else a name in .gz is unpacked
                while chunk := stream.read(CHUNK_BYTES):
                    yield chunk
        except OSError as error:
            raise InputError(f"{uri}: cannot be read: {s3.cause(error)}") from None


@contextmanager
def told(uri: str, what: str) -> Iterator[None]:
    """Raise what storage raises in the block as one RadrayError: uri, what, the cause, the lever."""
    try:
        yield
    except (OSError, ClientError, BotoCoreError) as error:
        if isinstance(error, FileNotFoundError) or s3.is_missing(error):
            raise MissingFile(f"{uri}: {what}: {s3.cause(error)}: {s3.lever(error)}") from None
        raise RadrayError(f"{uri}: {what}: {s3.cause(error)}: {s3.lever(error)}") from None


def _hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))
