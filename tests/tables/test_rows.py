import pyarrow as pa
import pytest

from radray.errors import AuditError
from radray.schema.column import Column, TableSchema
from radray.tables.rows import to_arrow

SCHEMA = TableSchema(
    "t", "A table.", (Column("id", pa.string(), "Id", nullable=False), Column("n", pa.int64(), "Number")), ("id",)
)


def test_rows_become_exactly_the_schema() -> None:
    table = to_arrow([{"n": 1, "id": "a"}, {"id": "b", "n": None}], SCHEMA)
    assert table.to_pylist() == [{"id": "a", "n": 1}, {"id": "b", "n": None}]
    assert table.schema.equals(SCHEMA.arrow(), check_metadata=True)


def test_no_rows_give_an_empty_table() -> None:
    assert to_arrow([], SCHEMA).schema.equals(SCHEMA.arrow())


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"id": "a"}, r"lacks \['n'\]"),
        ({"id": "a", "n": 1, "z": 2}, r"unknown \['z'\]"),
        ({"id": None, "n": 1}, "column id must not be null"),
        ({"id": "a", "n": "CANARY"}, "column n expects int64"),
        ({"id": 7, "n": 1}, "column id expects string"),
        ({"id": "a", "n": 2**70}, "column n expects int64"),
        ({"id": "a\ud800CANARY", "n": 1}, "column id expects string"),
    ],
)
def test_a_row_that_does_not_fit_is_named_without_its_values(row: dict[str, object], says: str) -> None:
    with pytest.raises(AuditError, match=says) as caught:
        to_arrow([row], SCHEMA)
    assert "CANARY" not in str(caught.value)
    assert caught.value.__cause__ is None
