"""The examples as the workers get them: each text tokenised once, on the driver, whatever the number of workers."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from radray.models.families.family import Family

TAIL = "tail"
"""Column of how many tokens at the end of an input stay when it is cut."""
_IDS = pa.list_(pa.int32())


def tokenised(table: pa.Table, family: Family, tokenizer: Any, *, chat: bool) -> pa.Table:
    """Return `table` with the token ids of `input` and `target` in place of their text, whole, and the column TAIL.

    Other columns stay as they are; a target that is null stays so. The workers cut: the loss and the scored sample have
    limits of their own. `chat`: prompts go through the tokenizer's chat template.
    """
    prompts = family.encode_prompts(tokenizer, table["input"].to_pylist(), chat=chat)
    targets = iter(family.encode_targets(tokenizer, table["target"].drop_null().to_pylist(), chat=chat))
    columns = {
        "input": [prompt.ids for prompt in prompts],
        "target": [next(targets) if valid else None for valid in pc.is_valid(table["target"]).to_pylist()],
    }
    for name, rows in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(rows, _IDS))
    return table.append_column(TAIL, pa.array([prompt.tail for prompt in prompts], pa.int32()))


def in_order(table: pa.Table) -> pa.Table:
    """Return the rows of `table` by unit_id and, where it has them, copy: the same on every worker."""
    return table.sort_by([(key, "ascending") for key in ("unit_id", "copy") if key in table.column_names])
