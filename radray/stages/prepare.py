"""The parsing pipeline: raw files → rows of `reports`, staged."""

import lzma
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import pyarrow as pa
import ray

from radray.config import SourceFormat
from radray.errors import InputError
from radray.reports import mediqa, mimic, openi
from radray.reports.identity import split_key, text_digest, unit_id
from radray.reports.record import Record, rejected
from radray.schemas import REPORTS, RejectReason, ReportStatus
from radray.stages.stage import Stage
from radray.tables.rows import to_arrow
from radray.tables.storage import FrozenFile, Storage, is_s3

MEMBERS_A_TASK = 2_000
"""Reports a task parses: about 0.2 s of work and 2 MB of rows, so that blocks stay small and many."""

_T = TypeVar("_T")
_CONTAINERS = {"mediqa_json": mediqa, "openi_csv": openi}


@dataclass(frozen=True, slots=True)
class WorkUnit:
    """What one task reads: a file of records, some members of an archive, or some files of a folder."""

    files: tuple[FrozenFile, ...]
    members: tuple[str, ...]
    """Members of the one archive; () otherwise."""
    unit_ids: tuple[str, ...]
    """The rows that must come of it."""


@dataclass(frozen=True, slots=True)
class RowContext:
    """What every row of a `prepare` run says alike, and the splits."""

    format: SourceFormat
    dataset: str
    constants: Mapping[str, Any]
    """batch_date, run_key, run_id."""
    splits: Mapping[str, str] | None
    """Split by study_id; a study that is not there is in no split. None: all are in `default_split`."""
    default_split: str


def plan(storage: Storage, files: Sequence[FrozenFile], format_: SourceFormat, dataset: str) -> list[WorkUnit]:
    """Return the work units of `files` in order; together their unit_ids are the frozen input, each once.

    Raises InputError for a file that is not of the format.
    """
    units: list[WorkUnit] = []
    if format_ == "mimic_folder":
        _require_reports([file.path for file in files], "the folder")
        for some in _chunks(files):
            ids = tuple(unit_id(dataset, file.path, "", 0) for file in some)
            units.append(WorkUnit(tuple(some), (), ids))
        return units
    for file in files:
        if format_ == "mimic_zip":
            names = _members(storage, file)
            _require_reports(names, file.uri)
            for members in _chunks(names):
                ids = tuple(unit_id(dataset, file.path, member, 0) for member in members)
                units.append(WorkUnit((file,), tuple(members), ids))
        else:
            with _named(file), storage.open_input(file.uri) as stream:
                count = _CONTAINERS[format_].count(stream)
            units.append(WorkUnit((file,), (), tuple(unit_id(dataset, file.path, "", i) for i in range(count))))
    return units


class ReadReports(Stage):
    """Read and parse work units into rows of `reports`."""

    reads = ("unit",)
    keeps_rows = False

    def __init__(self, storage: Storage, units: Sequence[WorkUnit], context: RowContext) -> None:
        self._storage = storage
        self._units = units
        self._context = context

    def run(self, batch: pa.Table) -> pa.Table:
        """Return the rows of the work units whose places are in column `unit`."""
        rows = []
        for place in batch.column("unit").to_pylist():
            unit = self._units[place]
            rows += [self._row(file, record) for file, record in _read(self._storage, unit, self._context.format)]
        return to_arrow(rows, REPORTS)

    def _row(self, file: FrozenFile, record: Record) -> dict[str, Any]:
        context = self._context
        row = dict.fromkeys(column.name for column in REPORTS.columns) | dict(context.constants)
        row |= {
            "unit_id": unit_id(context.dataset, file.path, record.member, record.offset),
            "dataset": context.dataset,
            "format": context.format,
            "status": record.status.value,
            "reason": record.reason.value if record.reason else None,
            "source_uri": file.path,
            "source_member": record.member,
            "source_offset": record.offset,
        }
        for name in (
            *("source_digest", "study_id", "subject_id", "background", "indication", "comparison", "findings"),
            *("reference", "reference_raw", "exam_description", "human_codes", "exam_time", "report_time"),
        ):
            row[name] = getattr(record, name)
        if record.status is ReportStatus.OK and record.study_id is not None:
            row["text_digest"] = text_digest(record)
            row["split_key"] = split_key(context.dataset, record.study_id, record.subject_id, record.findings)
            row["split"] = context.default_split if context.splits is None else context.splits.get(record.study_id)
        return row


def stage_reports(
    storage: Storage, units: Sequence[WorkUnit], context: RowContext, staging: str, staged: frozenset[str]
) -> None:
    """Run the parsing pipeline over `units` into Parquet files below `staging`; units wholly staged are passed over."""
    places = [place for place, unit in enumerate(units) if not staged.issuperset(unit.unit_ids)]
    if not places:
        return
    data = ray.data.from_items([{"unit": place} for place in places], override_num_blocks=len(places))
    # tasks, not actors: parsing has nothing to load, and a pool of actors can starve the tasks that write
    data = data.map_batches(ReadReports(storage, units, context).__call__, batch_size=1, batch_format="pyarrow")
    fs, path = storage.filesystem(staging)
    data.write_parquet(path, filesystem=fs, try_create_dir=not is_s3(staging))


def _read(storage: Storage, unit: WorkUnit, format_: SourceFormat) -> Iterator[tuple[FrozenFile, Record]]:
    if format_ == "mimic_folder":
        for file in unit.files:
            with storage.open_input(file.uri) as stream:
                yield file, replace(mimic.read(stream.read(), file.path), member="")
    elif format_ == "mimic_zip":
        (file,) = unit.files
        with storage.open_input(file.uri) as stream, zipfile.ZipFile(stream) as archive:
            for member in unit.members:
                yield file, _read_member(archive, member)
    else:
        (file,) = unit.files
        with _named(file), storage.open_input(file.uri) as stream:
            for record in _CONTAINERS[format_].read(stream):
                yield file, record


@contextmanager
def _named(file: FrozenFile) -> Iterator[None]:
    """Put the file's uri before what a reader says of it: readers see bytes and know no names."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{file.uri}: {error}") from None


def _read_member(archive: zipfile.ZipFile, member: str) -> Record:
    try:
        data = archive.read(member)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, OSError, EOFError, ValueError):
        # a bad checksum or stream, a cut member, one that is encrypted or of an unknown compression
        return rejected(member, 0, "", RejectReason.MALFORMED)
    return mimic.read(data, member)


def _require_reports(names: Sequence[str], where: str) -> None:
    if not any(mimic.is_report(name) for name in names):
        raise InputError(
            f"{where}: none of {len(names)} files is named as a MIMIC-CXR report is (p10000032/s50414267.txt);"
            " see source.format and source.uri"
        )


def _members(storage: Storage, file: FrozenFile) -> list[str]:
    try:
        with storage.open_input(file.uri) as stream, zipfile.ZipFile(stream) as archive:
            names = sorted(info.filename for info in archive.infolist() if not info.is_dir())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise InputError(f"{file.uri}: not a zip archive that can be read (source.format=mimic_zip)") from None
    if len(set(names)) != len(names):
        raise InputError(f"{file.uri}: {len(names) - len(set(names))} members have a name that another one has")
    if not names:
        raise InputError(f"{file.uri}: the archive holds no file")
    return names


def _chunks(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), MEMBERS_A_TASK):
        yield items[start : start + MEMBERS_A_TASK]
