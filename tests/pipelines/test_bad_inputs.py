"""The catalogue of bad input: each is answered by rows or by one clear error, none by a crash, a hang or silence.

``pytest tests/pipelines/test_bad_inputs.py -v`` prints it: class, what is special, and that it was answered so.
"""

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from radray.errors import InputError
from tests.support.inputs import bad_archives, bad_messages, bad_tables, bad_texts
from tests.support.inputs.bad_input import BadInput
from tests.support.worlds.prepared import outcome, prepared

HANG_S = 30
CATALOGUE: list[BadInput] = [
    *bad_texts.INPUTS,
    *bad_archives.INPUTS,
    *bad_tables.INPUTS,
    *bad_messages.INPUTS,
]


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    """Fail a test that takes longer than any of them should."""

    def ended(*_: object) -> None:
        raise TimeoutError(f"not answered within {HANG_S} s")

    before = signal.signal(signal.SIGALRM, ended)
    signal.alarm(HANG_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def test_the_catalogue_is_as_wide_as_it_says() -> None:
    names = Counter((case.format, case.kind, case.what) for case in CATALOGUE)
    assert [name for name, times in names.items() if times > 1] == []
    assert len({case.kind for case in CATALOGUE}) >= 75
    assert len(CATALOGUE) >= 150
    assert all((case.rows is None) != (case.error is None) for case in CATALOGUE)


@pytest.mark.parametrize("bad", CATALOGUE, ids=[f"{case.kind} - {case.what} ({case.format})" for case in CATALOGUE])
def test_is_answered_by_rows_or_one_clear_error(bad: BadInput, tmp_path: Path) -> None:
    source = bad.make(tmp_path)
    if bad.rows is not None:
        assert outcome(prepared(source, bad.format)) == Counter(bad.rows)
        return
    with pytest.raises(InputError) as caught:
        prepared(source, bad.format)
    assert bad.error is not None
    assert bad.error in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
