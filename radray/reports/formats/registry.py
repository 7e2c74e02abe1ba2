"""The readers of all formats, by the names that `source.format` gives them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from radray.reports.formats import (
    fhir,
    hl7,
    jsonl,
    mediqa,
    mimic,
    mimic_sectioned_csv,
    openi_csv,
    openi_xml,
    parquet,
    plain_text,
)
from radray.reports.record.fields import Fields
from radray.reports.record.record import Record


@dataclass(frozen=True, slots=True)
class DocumentFormat:
    """A format with one report in each file or member of an archive."""

    read: Callable[[bytes, str], Record]
    """Returns the record of one file, given its bytes and its name."""
    is_report: Callable[[str], bool] = lambda _: True
    """Whether a file of this name can be a report."""
    example_name: str = ""
    """An example of a report's name, where `is_report` distinguishes names; else empty."""


@dataclass(frozen=True, slots=True)
class RecordFormat:
    """A format with many reports in each file or member of an archive."""

    read: Callable[[BinaryIO], Iterator[Record]]
    """Yields the records of a stream, offsets 0, 1, 2, ... Raises InputError when nothing in it is of the format."""
    count: Callable[[BinaryIO], int]
    """Returns their number, the same for the same bytes, or any number above MAX_UNITS_A_FILE for more than that.
    Raises InputError as `read` does."""


DOCUMENTS: Mapping[str, DocumentFormat] = {
    **dict.fromkeys(
        ("mimic_zip", "mimic_tar", "mimic_folder"),
        DocumentFormat(mimic.read, mimic.is_report, "p10000032/s50414267.txt"),
    ),
    "openi_xml": DocumentFormat(openi_xml.read),
    "text": DocumentFormat(plain_text.read),
}
"""Formats with one report a file."""

RECORDS: Mapping[str, RecordFormat] = {
    "mediqa_json": RecordFormat(mediqa.read, mediqa.count),
    "mimic_sectioned_csv": RecordFormat(mimic_sectioned_csv.read, mimic_sectioned_csv.count),
    "openi_csv": RecordFormat(openi_csv.read, openi_csv.count),
    "hl7": RecordFormat(hl7.read, hl7.count),
    "fhir": RecordFormat(fhir.read, fhir.count),
}
"""Formats with many reports a file, whose fields have fixed names."""


def get_format(name: str, fields: Fields) -> DocumentFormat | RecordFormat:
    """Return the format `name`, any value of `source.format` but auto; `fields` are the names in jsonl and parquet.

    Raises KeyError for an unknown name.
    """
    if name == "jsonl":
        return RecordFormat(partial(jsonl.read, fields=fields), partial(jsonl.count, fields=fields))
    if name == "parquet":
        return RecordFormat(partial(parquet.read, fields=fields), partial(parquet.count, fields=fields))
    return DOCUMENTS[name] if name in DOCUMENTS else RECORDS[name]
