"""ROUGE while a model learns: impressions written for a sample of the validation reports, and scored by all workers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch.distributed.fsdp import FSDPModule
from transformers import PreTrainedTokenizerBase

from radray.evaluation.rouge import Scorer
from radray.language.normality import is_normal
from radray.models.batching import length_batches, pad
from radray.models.engines.transformers_beam import search_config
from radray.settings.generate import GenerateSettings
from radray.settings.train import TrainSettings
from radray.training.loop.examples import rounds
from radray.training.loop.loop import over_workers
from radray.training.loop.sharding import Learner

METRICS = ("rouge1", "rouge2", "rougel")
"""F-measures that are taken."""
STRATA = ("", "_normal", "_abnormal")
"""What the names of the figures end in: of all reports, of those whose reference is normal, and abnormal."""
FIGURES = tuple(f"val_{metric}{stratum}" for stratum in STRATA for metric in METRICS)
"""Names of what `score_sample` returns."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """How impressions are written and scored: as `jobs.generate` would."""

    generate: GenerateSettings = field(default_factory=GenerateSettings)
    stemmer: bool = True


@dataclass(frozen=True, slots=True)
class Sample:
    """Token ids of inputs, already cut, and the references, as radiologists wrote them, that go with each."""

    inputs: list[list[int]]
    references: list[str]
    tokenizer: PreTrainedTokenizerBase
    scoring: Scoring


def score_sample(learner: Learner, sample: Sample, settings: TrainSettings) -> dict[str, float]:
    """Return mean F-measures of what the model writes for `sample` now, 0 to 1, the same on every worker.

    Names: val_rouge1, val_rouge2, val_rougel, and each with ``_normal`` and ``_abnormal`` behind it for the references
    of which `is_normal` says so; a kind without a report has none. All workers call it together: each writes for its
    share. Leaves the model in eval.
    """
    learner.plain.eval()
    scorer = Scorer(stemmer=sample.scoring.stemmer)
    sums = {f"{metric}{stratum}": 0.0 for stratum in STRATA for metric in ("reports", *METRICS)}
    for place, text in _written(learner, sample, settings):
        reference = sample.references[place]
        scores = scorer.score(reference, text) | {"reports_f": 1.0}
        kind = {True: "_normal", False: "_abnormal", None: None}[is_normal(reference)]
        for stratum in ("", kind):
            if stratum is not None:
                for metric in ("reports", *METRICS):
                    sums[f"{metric}{stratum}"] += scores[f"{metric}_f"]
    totals = dict(zip(sums, over_workers(list(sums.values()), learner.worker), strict=True))
    return {
        f"val_{metric}{stratum}": totals[f"{metric}{stratum}"] / totals[f"reports{stratum}"]
        for stratum in STRATA
        for metric in METRICS
        if totals[f"reports{stratum}"]
    }


# not inference_mode: what FSDP2 gathers in it could not be trained with afterwards
@torch.no_grad()
def _written(learner: Learner, sample: Sample, settings: TrainSettings) -> Iterator[tuple[int, str]]:
    """Yield place and text of each report of this worker's share, by beam search."""
    plain, worker = cast(Any, learner.plain), learner.worker
    search = sample.scoring.generate.model_copy(update={"num_return_sequences": 1})
    model = plain.get_base_model() if hasattr(plain, "get_base_model") else plain
    config = model.generation_config = search_config(model.generation_config, sample.tokenizer, search)
    sharded = isinstance(learner.plain, FSDPModule)
    for batch in rounds(_batches(sample, settings), worker.rank, worker.workers):
        if not batch and not sharded:
            continue
        # a worker that has none left takes part in gathering the layers, with a report that is not its own
        rows = [sample.inputs[place] for place in batch or [0]]
        if sharded:
            plain.unshard()  # the encoder is called by itself, past what gathers the embedding
        with learner.computing():
            found = plain.generate(
                input_ids=torch.tensor(pad(rows, config.pad_token_id), device=worker.device),
                attention_mask=torch.tensor(pad([[1] * len(row) for row in rows], 0), device=worker.device),
                use_cache=True,
                # each goes on until all have done: a layer is gathered by all or by none
                synced_gpus=sharded and worker.workers > 1,
            ).sequences
        if sharded:
            plain.reshard()
        texts = sample.tokenizer.batch_decode(found, skip_special_tokens=True)
        yield from zip(batch, (text.strip() for text in texts), strict=False)


def _batches(sample: Sample, settings: TrainSettings) -> Sequence[list[int]]:
    """Return the places of the sample in calls, longest first.

    A beam keeps the encoder's states for each of its candidates: so many tokens less fit in a call.
    """
    tokens = settings.micro_batch_tokens
    beams = sample.scoring.generate.num_beams
    limit = None if tokens is None else max(1, tokens // beams)
    return length_batches([len(row) for row in sample.inputs], settings.batch_size, limit)
