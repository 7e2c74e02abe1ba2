"""The written schemas keep the promises that readers count on."""

import pyarrow as pa
import pytest

from radray.flags import TIER_A
from radray.schema.column import TableSchema
from radray.schema.predictions import PREDICTIONS, ROUGE_COLUMNS
from radray.schema.reports import REPORTS
from radray.schema.tables import TABLES
from radray.settings.gates import FlagRates


@pytest.mark.parametrize("schema", TABLES.values(), ids=lambda schema: schema.name)
def test_columns_are_named_documented_and_of_types_that_all_readers_have(schema: TableSchema) -> None:
    names = [column.name for column in schema.columns]
    assert len(set(names)) == len(names)
    assert all(name == name.lower() and name.isidentifier() for name in names)  # Athena folds case
    assert all(column.doc for column in schema.columns)
    assert set(schema.key) | set(schema.partition) <= set(names)
    required = {column.name for column in schema.columns if not column.nullable}
    assert set(schema.key) | set(schema.partition) <= required
    for column in schema.columns:
        assert not pa.types.is_uint64(column.type)
        if pa.types.is_timestamp(column.type):
            assert (column.type.unit, column.type.tz) == ("us", None)


def test_rouge_has_twelve_columns() -> None:
    assert len(ROUGE_COLUMNS) == 12
    assert {"rouge1_precision", "rouge2_recall", "rougel_f", "rougelsum_f"} <= set(ROUGE_COLUMNS)
    assert set(ROUGE_COLUMNS) <= set(PREDICTIONS.arrow().names)


def test_released_columns_stay_where_they_are() -> None:
    # columns are only ever added, at the end: data files of old nights are read by these ids
    assert REPORTS.arrow().names[:8] == [
        *("unit_id", "batch_date", "dataset", "format", "status", "reason", "split", "split_key"),
    ]
    assert PREDICTIONS.arrow().names[:8] == [
        *("unit_id", "batch_date", "dataset", "split", "model_digest", "model_name", "status", "reason"),
    ]


def test_gates_know_every_class_of_tier_a() -> None:
    assert tuple(FlagRates.model_fields) == tuple(TIER_A)
