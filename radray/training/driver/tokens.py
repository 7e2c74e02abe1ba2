"""The examples as the workers get them: each text tokenised once, on the driver, whatever the number of workers."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from radray.models.tokens import encode

_IDS = pa.list_(pa.int32())


def tokenised(table: pa.Table, tokenizer: Any) -> pa.Table:
    """Return `table` with the token ids of `input` and `target` in place of their text, whole, end tokens included.

    Other columns stay as they are; a null stays null. The workers cut: the loss and the scored sample have limits of
    their own.
    """
    for name in ("input", "target"):
        column = table[name]
        ids = iter(encode(tokenizer, column.drop_null().to_pylist()))
        rows = [next(ids) if valid else None for valid in pc.is_valid(column).to_pylist()]
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(rows, _IDS))
    return table
