"""The formats that reports come in, by the name that `source.format` gives them."""

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
    """A format whose files, or members of archives, hold one report each."""

    read: Callable[[bytes, str], Record]
    """Record of one file's bytes and name."""
    is_report: Callable[[str], bool] = lambda _: True
    """Whether a name can be that of a report."""
    wanted: str = ""
    """What a report's name looks like, where names are told apart."""


@dataclass(frozen=True, slots=True)
class RecordFormat:
    """A format whose files, or members of archives, hold many reports."""

    read: Callable[[BinaryIO], Iterator[Record]]
    """Records of a stream, offsets 0, 1, 2, ... Raises InputError when nothing in it is of the format."""
    count: Callable[[BinaryIO], int]
    """Their number, the same for the same bytes. Raises InputError as `read` does."""


def get_format(name: str, fields: Fields) -> DocumentFormat | RecordFormat:
    """Return the format called `name`, any of `source.format` but auto; `fields` are what jsonl and parquet look for.

    Raises KeyError for a name that is none.
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
