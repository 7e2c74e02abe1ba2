"""The examples as the workers get them: each text tokenised once, on the driver, whatever the number of workers."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from radray.models.families.family import Family

TAIL = "tail"
"""Column of how many tokens at the end of an input stay when it is cut."""
EXEMPLARS = "exemplars"
"""Column of the tokens of each exemplar of an input, first and end of one after the other: what is lost first."""
_IDS = pa.list_(pa.int32())


def tokenised(table: pa.Table, family: Family, tokenizer: Any, *, chat: bool) -> pa.Table:
    """Return `table` with the token ids of `input` and `target` in place of their text, whole, and how to cut them.

    That is in the columns TAIL and EXEMPLARS. Others stay as they are; a target that is null stays so. The workers cut:
    the loss and the scored sample have limits of their own. `chat`: prompts go through the tokenizer's chat template.
    """
    prompts = family.encode_prompts(tokenizer, table["input"].to_pylist(), chat=chat)
    targets = iter(family.encode_targets(tokenizer, table["target"].drop_null().to_pylist(), chat=chat))
    columns = {
        "input": [prompt.ids for prompt in prompts],
        "target": [next(targets) if valid else None for valid in pc.is_valid(table["target"]).to_pylist()],
    }
    for name, rows in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(rows, _IDS))
    edges = [[edge for exemplar in prompt.exemplars for edge in exemplar] for prompt in prompts]
    table = table.append_column(EXEMPLARS, pa.array(edges, _IDS))
    return table.append_column(TAIL, pa.array([prompt.tail for prompt in prompts], pa.int32()))


def how_to_cut(table: pa.Table) -> dict[str, Any]:
    """Return what `cut_examples` is to know of the inputs of a `tokenised` table, by the name of its argument."""
    edges = table[EXEMPLARS].to_pylist()
    exemplars = [list(zip(row[::2], row[1::2], strict=True)) for row in edges]
    return {"tails": table[TAIL].to_pylist(), "exemplars": exemplars}


def in_order(table: pa.Table) -> pa.Table:
    """Return the rows of `table` by task, unit_id and copy, where it has them: the same on every worker."""
    return table.sort_by([(key, "ascending") for key in ("task", "unit_id", "copy") if key in table.column_names])
