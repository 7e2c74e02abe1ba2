"""The reports of a partition, from the data files of the table: those of a split, less what is staged."""

import io
from collections.abc import Collection, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from radray.pipelines.stage import Stage, texts_withheld
from radray.reports.splits import SplitCut
from radray.schema.column import TableSchema
from radray.schema.reports import REPORTS
from radray.settings.section import SplitName
from radray.storage.files import Storage, is_s3

REPORT_COLUMNS = (
    *("unit_id", "status", "split", "split_key", "study_id", "subject_id", "text_digest"),
    *("background", "findings", "reference", "reference_raw"),
    *("modality", "body_part", "comparison_state"),
)
"""Columns of `reports` that generation reads."""

READ_ROWS = 2_000
"""Reports in a table as they are read: about 4 MB."""


class ReadRows:
    """Read columns of a table's data files, every page checked.

    Not ray.data.read_parquet: it takes page_checksum_verification and does not verify (2.60, pyarrow 26: a flipped
    bit came through as text), and a bit may flip on its way from S3.
    """

    def __init__(
        self, storage: Storage, schema: TableSchema = REPORTS, columns: Sequence[str] = REPORT_COLUMNS
    ) -> None:
        self._storage = storage
        self._schema = schema
        self._columns = tuple(columns)

    def __call__(self, batch: pa.Table) -> Iterator[pa.Table]:
        """Yield the columns of the files in column `uri`. Raises StageError for a page that is not as written."""
        with texts_withheld(type(self).__name__, f"{batch.num_rows} data files"):
            for uri in batch.column("uri").to_pylist():
                source = io.BytesIO(self._storage.read(uri)) if is_s3(uri) else uri
                with pq.ParquetFile(source, page_checksum_verification=True) as file:
                    for rows in file.iter_batches(READ_ROWS, columns=list(self._columns)):
                        yield self._with_later_columns(pa.Table.from_batches([rows]))

    def _with_later_columns(self, rows: pa.Table) -> pa.Table:
        """Return the columns of `rows`, null in those that came after its data file was written."""
        for column in self._schema.columns:
            if column.name in self._columns and column.nullable and column.name not in rows.column_names:
                rows = rows.append_column(column.name, pa.nulls(rows.num_rows, column.type))
        return rows.select(self._columns)


class UnitIds:
    """Ids of units, for many questions whether units are among them."""

    def __init__(self, unit_ids: Collection[str]) -> None:
        # sorted bytes: 32 for an id, where a set of strings takes 150, in every worker
        self._ids = np.sort(np.array([unit.encode() for unit in unit_ids], dtype=np.bytes_))

    def have(self, units: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Return for each of `units` whether it is among the ids."""
        if not len(self._ids):
            return np.zeros(len(units), dtype=bool)
        ids = np.array([unit.encode() for unit in units], dtype=np.bytes_)
        places = np.searchsorted(self._ids, ids)
        return self._ids[np.minimum(places, len(self._ids) - 1)] == ids


class SelectReports(Stage):
    """Keep the ok reports of a split that are not staged yet."""

    reads = ("unit_id", "status", "split", "split_key")
    keeps_rows = False

    def __init__(self, cut: SplitCut, split: SplitName, staged: Collection[str]) -> None:
        self._cut = cut
        self._split = split
        self._staged = UnitIds(staged)

    def run(self, batch: pa.Table) -> pa.Table:
        """Return the rows that are kept, in order."""
        units = batch.column("unit_id").to_pylist()
        wanted = self._cut.ok_in(self._split, batch)
        return batch.filter(pa.array(np.array(wanted, dtype=bool) & ~self._staged.have(units)))
