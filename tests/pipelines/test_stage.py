"""What a stage promises: its columns, its row count, and no text in its errors."""

import pyarrow as pa
import pytest

from radray.errors import InputError, StageError
from radray.pipelines.stage import Stage

BATCH = pa.table({"findings": ["CANARY effusion", "clear"]})


class Fails(Stage):
    reads = ("findings",)
    keeps_rows = True

    def __init__(self, error: Exception | None = None, rows: int = 2) -> None:
        self._error, self._rows = error, rows

    def run(self, batch: pa.Table) -> pa.Table:
        if self._error is not None:
            raise self._error
        return batch.slice(0, self._rows)


def test_a_missing_column_is_named_with_the_stage() -> None:
    with pytest.raises(StageError, match=r"stage Fails: columns \['findings'\] are missing, got \['text'\]"):
        Fails()(pa.table({"text": ["a"]}))


def test_a_lost_row_is_an_error() -> None:
    assert Fails()(BATCH).num_rows == 2
    with pytest.raises(StageError, match="stage Fails: 2 rows came and 1 went"):
        Fails(rows=1)(BATCH)


def test_a_foreign_error_is_told_by_type_and_place_alone() -> None:
    with pytest.raises(StageError) as caught:
        Fails(KeyError("CANARY effusion"))(BATCH)
    assert str(caught.value).startswith("stage Fails: KeyError at test_stage.py:")
    assert "CANARY" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_an_error_of_ours_passes() -> None:
    with pytest.raises(InputError, match="line 3"):
        Fails(InputError("a.csv, line 3"))(BATCH)
