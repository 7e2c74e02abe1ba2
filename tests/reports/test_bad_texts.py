"""The catalogue of bad texts, each file through its reader."""

import time
from collections import Counter
from pathlib import Path

import pytest

from radray.reports.formats.registry import DOCUMENTS
from tests.support.inputs.bad_input import BadInput
from tests.support.inputs.bad_texts import INPUTS


@pytest.mark.parametrize(
    "bad", [bad for bad in INPUTS if bad.rows], ids=lambda bad: f"{bad.format}, {bad.kind}, {bad.what}"
)
def test_each_file_is_a_row_with_its_reason(bad: BadInput, tmp_path: Path) -> None:
    root = bad.make(tmp_path)
    began = time.process_time()
    records = [
        DOCUMENTS[bad.format].read(path.read_bytes(), str(path.relative_to(root)))
        for path in sorted(root.rglob("*"))
        if path.is_file()
    ]
    assert Counter(record.reason.value if record.reason else "ok" for record in records) == bad.rows
    # 1 s at most here
    assert time.process_time() - began < 15


def test_the_catalogue_is_as_large_as_it_says() -> None:
    assert len({bad.kind for bad in INPUTS}) >= 25
    assert len(INPUTS) >= 100
