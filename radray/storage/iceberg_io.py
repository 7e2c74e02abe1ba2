"""How pyiceberg opens files: on S3 each whole and verified, through boto3; on disk through pyarrow.

pyarrow's S3 client does not notice a bit that flipped on its way, and a wrong bit in table metadata is a wrong table.
So on S3 every file that pyiceberg reads (metadata, manifests, data) comes whole through `Storage.read`, which verifies
it, and every file that it writes goes as one object with its checksum. The price: a query of a few columns fetches
whole data files, of about 128 MB at most.
"""

import os
from functools import lru_cache
from io import BytesIO
from types import TracebackType

from pyiceberg.io import InputFile, InputStream, OutputFile, OutputStream
from pyiceberg.io.pyarrow import PyArrowFileIO

from radray.storage.failures import MissingFile
from radray.storage.files import Storage, is_s3
from radray.storage.s3 import S3Access


class VerifiedFileIO(PyArrowFileIO):
    """pyiceberg's file system for `S3Access.pyiceberg`; catalogs name it as `py-io-impl`."""

    def new_input(self, location: str) -> InputFile:  # type: ignore[override]  # pyarrow's is both in one
        """Return the file at `location` for reading."""
        return self._file(location) if is_s3(location) else super().new_input(location)

    def new_output(self, location: str) -> OutputFile:  # type: ignore[override]
        """Return the file at `location` for writing."""
        return self._file(location)

    def _file(self, location: str) -> "WholeFile":
        return WholeFile(location, _storage(S3Access.of_pyiceberg(self.properties), os.getpid()))


class WholeFile(InputFile, OutputFile):
    """A file that is read and written whole. Raises RadrayError, and MissingFile where there is none."""

    def __init__(self, location: str, storage: Storage) -> None:
        super().__init__(location)
        self._storage = storage

    def __len__(self) -> int:
        """Return the size in bytes. Raises MissingFile, RadrayError."""
        return self._storage.size(self.location)

    def exists(self) -> bool:
        """Return whether the file exists. Raises RadrayError."""
        try:
            self._storage.size(self.location)
        except MissingFile:
            return False
        return True

    def open(self, seekable: bool = True) -> InputStream:
        """Return the content, verified on S3. Raises MissingFile, RadrayError."""
        return BytesIO(self._storage.read(self.location))

    def create(self, overwrite: bool = False) -> OutputStream:
        """Return a stream that is written when it is closed; pyiceberg's names are new, so it replaces no file."""
        return _Output(self.location, self._storage)

    def to_input_file(self) -> "WholeFile":
        """Return the file for reading."""
        return self


class _Output(BytesIO):
    """Content that is written when it is closed, and not when the block that makes it fails."""

    def __init__(self, location: str, storage: Storage) -> None:
        super().__init__()
        self._location, self._storage = location, storage

    def close(self) -> None:
        if not self.closed:
            content = self.getvalue()
            super().close()
            self._storage.write(self._location, content)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            super().close()

    def __del__(self) -> None:
        super().close()  # content that was never closed is no file


@lru_cache(maxsize=8)
def _storage(access: S3Access, process: int) -> Storage:
    """Return the storage that all tables of this process share: creating a client takes longer than a request."""
    return Storage(access)
