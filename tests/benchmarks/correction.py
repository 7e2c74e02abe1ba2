"""Errors seen at 5 % false alarms: ``python -m tests.benchmarks.correction WAREHOUSE [SPLIT]``.

Reads the rows of task `correction` in `answers` (split test, where none is named) and prints, for each model and then
for each floor on the same examples, trained on `examples` of split train: the sensitivity at 5 % false alarms with its
95 % interval by cluster, ranked by decision and log-probability (`radray.tasks.correction.suspicion`); and by kind of
error, and of what is fine, the share in which the answer saw an error. No answer counts as one given by a coin.
"""

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from radray.evaluation.bootstrap import intervals
from radray.schema.answers import ANSWERS
from radray.schema.examples import EXAMPLES
from radray.settings.warehouse import WarehouseSettings
from radray.tables.catalog import Warehouse
from radray.tasks.correction.suspicion import ERROR, FALSE_ALARMS, sensitivity, suspicion
from radray.tasks.correction.task import TASK
from radray.tasks.example_rows import answer_of, example_of
from tests.benchmarks.trained_model import say

RESAMPLES, SEED = 2000, 1

Row = dict[str, Any]


def interval(suspicions: Sequence[float], wrong: Sequence[bool], clusters: Sequence[str]) -> tuple[float, float]:
    """Return the ends of the 95 % interval of the sensitivity, by resamples of whole clusters."""
    members: dict[str, list[int]] = {}
    for place, cluster in enumerate(clusters):
        members.setdefault(cluster, []).append(place)
    groups = list(members.values())
    drawn = np.random.default_rng(SEED).integers(0, len(groups), size=(RESAMPLES, len(groups)))
    values = []
    for resample in drawn:
        places = [place for group in resample for place in groups[group]]
        value = sensitivity([suspicions[place] for place in places], [wrong[place] for place in places])
        values.append(np.nan if value is None else value)
    low, high = intervals(np.array(values)[:, None])
    return float(low[0]), float(high[0])


def systems(rows: list[Row], training: list[Row]) -> Iterator[tuple[str, list[float], list[bool]]]:
    """Yield the name, the suspicions and the alarms of each model of `rows`, sorted by it and example, and floor."""
    models = [(name, list(group)) for name, group in groupby(rows, key=itemgetter("model_name"))]
    for name, group in models:
        answers = [answer_of(row) for row in group]
        ranks = [suspicion(answer, row["logprob_per_token"]) for answer, row in zip(answers, group, strict=True)]
        yield name, ranks, [answer is not None and answer.value == ERROR for answer in answers]
    learnt, asked = [example_of(row) for row in training], [example_of(row) for row in models[0][1]]
    for name, floor in TASK.floors.items():
        given = floor(learnt, asked)
        yield name, [suspicion(answer, None) for answer in given], [answer.value == ERROR for answer in given]


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
    first = [row for row in rows if row["model_name"] == rows[0]["model_name"]]
    wrong = [row["gold_value"] == ERROR for row in first]
    items = np.array([row["item"] for row in first])
    say(f"{len(first):,} answers, {sum(wrong):,} errors; sensitivity at {FALSE_ALARMS:.0%} false alarms, x100")
    for name, ranks, alarms in systems(rows, [row for row in examples if row["gold_source"]]):
        value = sensitivity(ranks, wrong)
        low, high = interval(ranks, wrong, [row["split_key"] for row in first])
        seen = {item: float(np.mean(np.array(alarms)[items == item])) for item in sorted(set(items))}
        kinds = ", ".join(f"{item} {100 * share:.0f}" for item, share in seen.items())
        say(f"{name}: {100 * (value or 0):.1f} [{100 * low:.1f}, {100 * high:.1f}]; alarms: {kinds}")


if __name__ == "__main__":
    main()
