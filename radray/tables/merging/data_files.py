"""Data files of a partition, and the digest of each."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from radray.storage.files import Storage, is_s3

FILE_BYTES = 128 << 20
"""A data file is closed when it has grown past this: few files to open, small enough to read in parallel."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A data file that was written, and read back for its digest."""

    uri: str
    rows: int
    digest: str


class FileWriter:
    """Writes tables into files ``part-00000.parquet``, ... of about FILE_BYTES each.

    A file is written on this disk; one for S3 is written in `folder` and sent whole, in one request with its checksum.
    """

    def __init__(self, storage: Storage, target: str, schema: pa.Schema, folder: str) -> None:
        """Make the folder `target` to write into."""
        storage.make_folder(target)
        self._storage = storage
        self._folder = Path(folder if is_s3(target) else target)
        self._target, self._schema = target, schema
        self._uris: list[str] = []
        self._rows: list[int] = []
        self._sink: pa.NativeFile | None = None
        self._writer: pq.ParquetWriter | None = None

    def write(self, table: pa.Table) -> None:
        """Append rows."""
        if self._writer is None:
            name = f"part-{len(self._uris):05d}.parquet"
            self._sink = pa.OSFile(str(self._folder / name), "wb")
            self._writer = pq.ParquetWriter(
                self._sink, self._schema, compression="zstd", write_page_checksum=True, store_schema=False
            )
            self._uris.append(f"{self._target}/{name}")
            self._rows.append(0)
        self._writer.write_table(table)
        self._rows[-1] += table.num_rows
        if self._sink is not None and self._sink.tell() > FILE_BYTES:
            self._end_file()

    def close(self) -> list[DataFile]:
        """Return the files that were written, each read back; [] without rows."""
        self._end_file()
        return [
            DataFile(uri, rows, self._storage.sha256(uri)) for uri, rows in zip(self._uris, self._rows, strict=True)
        ]

    def _end_file(self) -> None:
        if self._writer is not None and self._sink is not None:
            self._writer.close()
            self._sink.close()
            if is_s3(self._target):
                file = self._folder / self._uris[-1].rpartition("/")[2]
                with file.open("rb") as content:
                    self._storage.write(self._uris[-1], content)
                file.unlink()
        self._writer = self._sink = None
