"""The files of a warehouse: each with its size and time, and the removal of single files."""

import datetime
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
from pyiceberg.table import StaticTable, Table

from radray.errors import InputError
from radray.schema.column import TableSchema
from radray.storage.failures import translated
from radray.storage.files import is_s3
from radray.storage.s3 import below, persistently, split
from radray.tables.catalog import Warehouse


@dataclass(frozen=True, slots=True, order=True)
class StoredFile:
    """One file of a warehouse."""

    uri: str
    bytes: int
    modified: datetime.datetime
    """Last written, UTC, naive."""


class Inventory:
    """The files below a warehouse's root, as they are found: never through a symbolic link."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self.layout = warehouse.layout

    def files(self, folder: str) -> list[StoredFile]:
        """Return the files below the folder `folder` of the warehouse, sorted; [] where there is no such folder.

        Links, and what lies behind them, are not listed: it may belong to anybody. Raises RadrayError when S3 refuses.
        """
        if not is_s3(folder):
            return sorted(self._local(Path(self._warehouse.storage.filesystem(folder)[1])))
        with translated(folder, "cannot be listed"):
            return sorted(
                StoredFile(each.uri, each.bytes, each.modified.astimezone(datetime.UTC).replace(tzinfo=None))
                for each in below(self._boto, folder)
            )

    def open(self, uri: str) -> pa.NativeFile:
        """Return the file at `uri` for reading, seekable, on S3 verified. Raises RadrayError when it cannot be."""
        if is_s3(uri):
            return pa.BufferReader(self._warehouse.storage.read(uri))
        fs, path = self._warehouse.storage.filesystem(uri)
        with translated(uri, "cannot be opened", InputError):
            return fs.open_input_file(path)

    def write(self, uri: str) -> pa.NativeFile:
        """Return a new file at `uri`, open for writing; its folder is made if need be."""
        self._warehouse.storage.make_folder(uri.rpartition("/")[0])
        fs, path = self._warehouse.storage.filesystem(uri)
        return fs.open_output_stream(path)

    def remove(self, uri: str) -> None:
        """Remove the file at `uri`, and its folder when that is empty then; nothing when it is gone already."""
        if is_s3(uri):
            # pyarrow would put an empty object in the place of a folder that it has emptied
            bucket, key = split(uri)
            with translated(uri, "cannot be removed"):
                persistently(lambda: self._boto.delete_object(Bucket=bucket, Key=key))
            return
        with suppress(FileNotFoundError), translated(uri, "cannot be removed"):
            Path(uri).unlink()
        with suppress(OSError):  # not empty: somebody else's file keeps it
            Path(uri).parent.rmdir()

    def remove_empty_folders(self, folder: str, depth: int, before: datetime.datetime) -> None:
        """Remove the empty folders `depth` levels below `folder` that nobody wrote to since `before` (UTC, naive)."""
        fs, path = self._warehouse.storage.filesystem(folder)
        if not isinstance(fs, pafs.LocalFileSystem) or self._behind_a_link(Path(path)):
            return
        for inner in Path(path).glob("/".join("*" * depth)):
            linked = any(folder.is_symlink() for folder in (inner, *inner.parents[: depth - 1]))
            if not linked and inner.is_dir() and _utc(inner.stat().st_mtime) < before:
                with suppress(OSError):
                    inner.rmdir()

    def table(self, schema: TableSchema) -> Table | None:
        """Return the table as it is now, for reading alone; None where there is none.

        Raises InputError when its files lie elsewhere: the warehouse was moved or copied, and it is then unknown which
        files here are in use.
        """
        location = self._warehouse.metadata_location(schema)
        if location is None:
            return None
        access = self._warehouse.storage.access
        table = StaticTable.from_metadata(location, access.pyiceberg() if is_s3(location) else {})
        here = self._warehouse.layout.location(schema.name)
        if table.location() != here:
            raise InputError(
                f"table {schema.name} lies at {table.location()}, the warehouse is {self.layout.root}: it was moved or"
                " copied; nothing was removed; name the place where it was made in warehouse.uri"
            )
        return table

    @cached_property
    def _boto(self) -> Any:
        return self._warehouse.storage.access.boto()

    def _local(self, folder: Path) -> Iterator[StoredFile]:
        if self._behind_a_link(folder):
            return
        for parent, _, names in os.walk(folder, followlinks=False):
            for name in names:
                file = Path(parent, name)
                with suppress(FileNotFoundError):  # gone since it was listed
                    info = file.lstat()
                    if not file.is_symlink() and file.is_file():
                        yield StoredFile(str(file), info.st_size, _utc(info.st_mtime))

    def _behind_a_link(self, folder: Path) -> bool:
        below = folder.relative_to(self.layout.root).parts
        return any(Path(self.layout.root, *below[:count]).is_symlink() for count in range(1, len(below) + 1))


def _utc(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).replace(tzinfo=None)
