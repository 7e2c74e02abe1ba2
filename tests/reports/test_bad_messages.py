"""The catalogue of bad messages, each through its own reader; tests/pipelines sends them through all stages."""

import collections
import io
import time
from pathlib import Path

import pytest

from radray.errors import InputError
from radray.reports.formats.registry import RecordFormat, get_format
from radray.reports.record.fields import Fields
from tests.support.inputs import bad_messages
from tests.support.inputs.bad_input import BadInput


@pytest.mark.parametrize("bad", bad_messages.INPUTS, ids=lambda bad: f"{bad.kind}, {bad.what}")
def test_a_bad_input_is_answered_by_rows_or_one_error(bad: BadInput, tmp_path: Path) -> None:
    reader = get_format(bad.format, Fields())
    assert isinstance(reader, RecordFormat)
    begun = time.process_time()
    data = bad.make(tmp_path).read_bytes()
    if bad.error is not None:
        for use in (lambda: list(reader.read(io.BytesIO(data))), lambda: reader.count(io.BytesIO(data))):
            with pytest.raises(InputError) as refused:
                use()
            assert bad.error in str(refused.value)
            assert refused.value.__cause__ is None
            assert "clear" not in str(refused.value).lower()
        return
    records = list(reader.read(io.BytesIO(data)))
    assert reader.count(io.BytesIO(data)) == len(records)
    assert time.process_time() - begun < 10
    outcomes = collections.Counter(str(record.reason or record.status) for record in records)
    assert outcomes == bad.rows
    assert [record.offset for record in records] == list(range(len(records)))


def test_the_catalogue_is_as_wide_as_it_should_be() -> None:
    assert len({bad.kind for bad in bad_messages.INPUTS}) >= 30
    assert len({(bad.kind, bad.what) for bad in bad_messages.INPUTS}) == len(bad_messages.INPUTS) >= 60
