"""The readers of all formats, by the names that `source.format` gives them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

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
    """Returns their number, the same for the same bytes. Raises InputError as `read` does."""


def get_format(name: str, fields: Fields) -> DocumentFormat | RecordFormat:
    """Return the format `name`, any value of `source.format` but auto; `fields` name what jsonl and parquet hold.

    Raises KeyError for an unknown name.
    """
    if name.startswith("mimic_") and name != "mimic_sectioned_csv":
        return DocumentFormat(mimic.read, mimic.is_report, "p10000032/s50414267.txt")
    documents = {"openi_xml": openi_xml, "text": plain_text}
    if name in documents:
        return DocumentFormat(documents[name].read)
    with_fields: dict[str, Any] = {"jsonl": jsonl, "parquet": parquet}
    if name in with_fields:
        return RecordFormat(
            partial(with_fields[name].read, fields=fields), partial(with_fields[name].count, fields=fields)
        )
    records: dict[str, Any] = {
        "mediqa_json": mediqa,
        "mimic_sectioned_csv": mimic_sectioned_csv,
        "openi_csv": openi_csv,
        "hl7": hl7,
        "fhir": fhir,
    }
    return RecordFormat(records[name].read, records[name].count)
