"""Alarms by kind of error: ``python -m tests.benchmarks.correction WAREHOUSE [SPLIT]``.

Reads the rows of task `correction` in `answers` (split test, where none is named) and prints, for each model and then
for each floor on the same examples, trained on `examples` of split train, by kind of error, and of what is fine: the
share in which the answer saw an error. Of all kinds together ``jobs.evaluate tasks=correction`` has the errors seen at
5 % false alarms.
"""

import sys
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from radray.schema.answers import ANSWERS
from radray.schema.examples import EXAMPLES
from radray.settings.warehouse import WarehouseSettings
from radray.tables.catalog import Warehouse
from radray.tasks.correction.suspicion import ERROR
from radray.tasks.correction.task import TASK
from radray.tasks.example_rows import answer_of, example_of
from tests.benchmarks.trained_model import say

Row = dict[str, Any]


def systems(rows: list[Row], training: list[Row]) -> Iterator[tuple[str, list[str], list[bool]]]:
    """Yield the name, the items and the alarms of each model of `rows`, sorted by it and example, and of each floor."""
    models = [(name, list(group)) for name, group in groupby(rows, key=itemgetter("model_name"))]
    for name, group in models:
        answers = [answer_of(row) for row in group]
        alarms = [answer is not None and answer.value == ERROR for answer in answers]
        yield name, [row["item"] for row in group], alarms
    learnt, asked = [example_of(row) for row in training], [example_of(row) for row in models[0][1]]
    for name, floor in TASK.floors.items():
        yield name, [its.item for its in asked], [answer.value == ERROR for answer in floor(learnt, asked)]


def main() -> None:
    """Print the figures of the warehouse that the command line names."""
    if len(sys.argv) not in (2, 3) or sys.argv[1].startswith("-"):
        raise SystemExit(__doc__)
    warehouse = Warehouse(WarehouseSettings(uri=sys.argv[1]), must_exist=True)
    split = sys.argv[2] if len(sys.argv) == 3 else "test"
    answers = warehouse.read(ANSWERS, None, {"task": TASK.id, "split": split}).to_pylist()
    rows = sorted((row for row in answers if row["gold_source"]), key=itemgetter("model_name", "example_id"))
    if not rows:
        raise SystemExit(f"no answers of task correction with a known right one in split {split}")
    examples = warehouse.read(EXAMPLES, None, {"task": TASK.id, "split": "train", "status": "ok"}).to_pylist()
    for name, items, alarms in systems(rows, [row for row in examples if row["gold_source"]]):
        of = {item: np.array(alarms)[np.array(items) == item] for item in sorted(set(items))}
        say(f"{name}: {', '.join(f'{item} {100 * seen.mean():.0f} % of {len(seen):,}' for item, seen in of.items())}")


if __name__ == "__main__":
    main()
