"""Every format that a user can set has a reader, and every reader can be set."""

from typing import get_args

import pytest

from radray.reports.formats.registry import DOCUMENTS, RECORDS, DocumentFormat, RecordFormat, get_format
from radray.reports.record.fields import Fields
from radray.settings.source import SourceFormat

NAMES = [name for name in get_args(SourceFormat) if name != "auto"]


@pytest.mark.parametrize("name", NAMES)
def test_every_format_that_can_be_set_has_a_reader(name: str) -> None:
    assert isinstance(get_format(name, Fields()), DocumentFormat | RecordFormat)


def test_every_reader_can_be_set_under_its_own_name() -> None:
    assert sorted([*DOCUMENTS, *RECORDS, "jsonl", "parquet"]) == sorted(NAMES)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(KeyError):
        get_format("auto", Fields())
