"""Rows of examples and answers as staged files, which a stage writes itself."""

import hashlib

import pyarrow as pa
import pyarrow.parquet as pq

from radray.storage.files import Storage


def write_staged(storage: Storage, staging: str, rows: pa.Table) -> None:
    """Write `rows`, which have an example_id, as one file below `staging`; no rows: no file.

    The file is named by its examples, so that rows which Ray has made again are written over the same ones.
    """
    if not rows.num_rows:
        return
    name = hashlib.sha256(" ".join(rows.column("example_id").to_pylist()).encode()).hexdigest()[:32]
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd", write_page_checksum=True)
    storage.write(f"{staging}/{name}.parquet", sink.getvalue().to_pybytes())
