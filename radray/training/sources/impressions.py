"""The examples of the impression: the training and validation reports that have one."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import NamedTuple

import pyarrow as pa

from radray.models.neighbours import Neighbours, carried
from radray.settings.root import Settings
from radray.settings.train import IMPRESSION
from radray.tasks.registry import Asked
from radray.tasks.task import Exemplar, TargetCounts
from radray.training.sources.copies import copies_of
from radray.training.sources.reports import Report, no_reports, split_cut
from radray.training.sources.source import Row, TaskExamples, drawn_units, times_drawn


class Impressions(NamedTuple):
    """The examples of the impression, and what only they have."""

    examples: TaskExamples
    target_counts: Mapping[str, TargetCounts]
    """By split (train, validation): how many targets were shortened or left empty."""
    neighbours: pa.Table | None
    """The training reports that the model carries with it, as `models.neighbours` has them; None: it needs none."""


def impression_examples(reports: Sequence[Report], settings: Settings, asked: Asked) -> Impressions:
    """Return the examples of those of `reports` that have an impression, and what the model carries of them.

    A report without a target is left out, unless it is in the sample that ROUGE is scored on. Raises InputError for a
    split without a single target.
    """
    keep = {"keep_masks": settings.train.keep_masks, "keep_communications": settings.train.keep_communications}
    cut, train = split_cut(settings), settings.train
    examples: dict[str, list[Row]] = {}
    target_counts: dict[str, TargetCounts] = {}
    patients: tuple[str, ...] = ()
    neighbours: pa.Table | None = None
    shown: Sequence[Sequence[Exemplar]]
    for split in ("train", "validation"):
        rows = [row for row in reports if row["reference"] and cut.split_of(row["split"], row["split_key"]) == split]
        if not rows:
            raise no_reports(split, settings)
        if split == "train":
            drawn = drawn_units((row["unit_id"] for row in rows), settings)
            rows = [row for row in rows if row["unit_id"] in drawn]
        targets, target_counts[split] = asked.task.make_targets([row["reference"] for row in rows], **keep)
        if split == "train" and (asked.exemplars or train.store_neighbours):
            neighbours = carried(rows, targets)
        shown = [()] * len(rows)
        if asked.exemplars and neighbours is not None and neighbours.num_rows:
            shown = Neighbours(neighbours).nearest(rows, asked.exemplars)
        sample = _sample(rows, settings) if split == "validation" else frozenset()
        times: dict[str, int] = {}
        if split == "train":
            learnt = [row["unit_id"] for row, target in zip(rows, targets, strict=True) if target]
            times = dict(zip(learnt, times_drawn(len(learnt), IMPRESSION, settings), strict=True))
        examples[split] = [
            {
                "unit_id": row["unit_id"],
                "copy": copy,
                "input": form.fill(report, exemplars),
                "target": target,
                "reference": row["reference"] if row["unit_id"] in sample else None,
            }
            for row, target, exemplars in zip(rows, targets, shown, strict=True)
            if target or row["unit_id"] in sample
            for copy, (form, report) in enumerate(
                copies_of(row, target, asked.beside(row["findings"]), train, times[row["unit_id"]])
                if split == "train" and target
                else [(asked.beside(row["findings"]), row)]
            )
        ]
        if split == "train":
            count = len(times)
            whose = {row["unit_id"]: row["split_key"] or row["unit_id"] for row in rows}
            patients = tuple(whose[example["unit_id"]] for example in examples[split])
        if not any(example["target"] for example in examples[split]):
            raise no_reports(split, settings)
    own = TaskExamples(IMPRESSION, examples["train"], examples["validation"], patients, count)
    return Impressions(own, target_counts, neighbours)


def _sample(rows: Sequence[Report], settings: Settings) -> frozenset[str]:
    """Return the unit_ids that ROUGE is scored on, drawn by `split.seed`; none when ROUGE is off."""
    if settings.train.rouge_every_epochs is None:
        return frozenset()
    ids = [row["unit_id"] for row in rows]
    return frozenset(Random(settings.split.seed).sample(ids, min(settings.train.rouge_reports, len(ids))))
