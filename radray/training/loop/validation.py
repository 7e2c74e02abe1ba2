"""ROUGE during training: impressions generated for a sample of the validation reports and scored, by all workers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch.distributed.fsdp import FSDPModule
from transformers import PreTrainedTokenizerBase

from radray.evaluation.rouge import Scorer
from radray.language.normality import is_normal
from radray.models.batching import length_batches
from radray.models.engines.transformers_beam import search_config
from radray.settings.train import TrainSettings
from radray.training.loop.examples import rounds
from radray.training.loop.loop import over_workers
from radray.training.loop.sharding import Learner
from radray.training.scoring import Scoring

METRICS = ("rouge1", "rouge2", "rougel")
"""The F-measures that are computed."""
STRATA = ("", "_normal", "_abnormal")
"""Suffixes of the figures: over all reports, those with a normal reference, those with an abnormal one."""
STANDARDISED = "_standardised"
"""Suffix of the mean of the normal and the abnormal figure, weighted alike whatever the sample's case mix."""
FIGURES = tuple(f"val_{metric}{suffix}" for suffix in (*STRATA, STANDARDISED) for metric in METRICS)
"""Names of the figures of `score_sample`."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The reports that are scored: token ids of the inputs, already cut, and the radiologist's impression of each."""

    inputs: list[list[int]]
    references: list[str]
    tokenizer: PreTrainedTokenizerBase
    scoring: Scoring


def score_sample(learner: Learner, sample: Sample, settings: TrainSettings) -> dict[str, float]:
    """Return the mean F-measures of the model's present impressions of `sample`, 0 to 1, the same on every worker.

    Names: val_rouge1, val_rouge2, val_rougel, and each with the suffix ``_normal`` and ``_abnormal`` for the reports
    whose reference `is_normal` finds so, and ``_standardised`` for the mean of these two, the normal one weighted by
    `Scoring.normal_weight`; a stratum without reports has no figure, and then there is no mean. All workers call it
    together, each generates for its share. Leaves the model in evaluation mode.
    """
    learner.plain.eval()
    scorer = Scorer(stemmer=sample.scoring.stemmer)
    sums = {f"{metric}{stratum}": 0.0 for stratum in STRATA for metric in ("reports", *METRICS)}
    for row, text in _impressions(learner, sample, settings):
        reference = sample.references[row]
        scores = scorer.score(reference, text) | {"reports_f": 1.0}
        own = {True: "_normal", False: "_abnormal", None: None}[is_normal(reference)]
        for stratum in ("", own):
            if stratum is not None:
                for metric in ("reports", *METRICS):
                    sums[f"{metric}{stratum}"] += scores[f"{metric}_f"]
    totals = dict(zip(sums, over_workers(list(sums.values()), learner.worker), strict=True))
    figures = {
        f"val_{metric}{stratum}": totals[f"{metric}{stratum}"] / totals[f"reports{stratum}"]
        for stratum in STRATA
        for metric in METRICS
        if totals[f"reports{stratum}"]
    }
    weight = sample.scoring.normal_weight
    for metric in METRICS:
        normal, abnormal = (figures.get(f"val_{metric}{stratum}") for stratum in ("_normal", "_abnormal"))
        if normal is not None and abnormal is not None:
            figures[f"val_{metric}{STANDARDISED}"] = weight * normal + (1 - weight) * abnormal
    return figures


# not inference_mode: parameters that FSDP2 gathers in it could not be trained afterwards
@torch.no_grad()
def _impressions(learner: Learner, sample: Sample, settings: TrainSettings) -> Iterator[tuple[int, str]]:
    """Yield the row in `sample` and the text of each impression of this worker's share, by beam search."""
    plain, worker = cast(Any, learner.plain), learner.worker
    search = sample.scoring.generate.model_copy(update={"num_return_sequences": 1})
    model = plain.get_base_model() if hasattr(plain, "get_base_model") else plain
    family = learner.family
    model.generation_config = search_config(family, model.generation_config, sample.tokenizer, search)
    sharded = isinstance(learner.plain, FSDPModule)
    for batch in rounds(_batches(sample, settings), worker.rank, worker.workers):
        if not batch and not sharded:
            continue
        # a worker without reports left takes part in gathering the layers, with a report that is not its own
        rows = [sample.inputs[row] for row in batch or [0]]
        if sharded:
            plain.unshard()  # a T5's encoder is called by itself, past the hook that gathers the embedding
        with learner.computing():
            sequences = family.search(
                *(plain, rows, worker.device),
                # each continues until all are done: a layer is gathered by all workers or by none
                synced_gpus=sharded and worker.workers > 1,
            ).sequences
        if sharded:
            plain.reshard()
        texts = sample.tokenizer.batch_decode(sequences, skip_special_tokens=True)
        yield from zip(batch, (text.strip() for text in texts), strict=False)


def _batches(sample: Sample, settings: TrainSettings) -> Sequence[list[int]]:
    """Return the rows of the sample in batches for one model call each, longest first.

    Beam search keeps the encoder's states once per beam: that many times fewer tokens fit in a call.
    """
    tokens = settings.micro_batch_tokens
    beams = sample.scoring.generate.num_beams
    limit = None if tokens is None else max(1, tokens // beams)
    return length_batches([len(row) for row in sample.inputs], settings.batch_size, limit)
