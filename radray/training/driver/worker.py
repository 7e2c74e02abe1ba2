"""What a Ray Train worker does: read its data, train, save; and hand back how it ended."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import ray
import ray.train
import ray.train.torch
import torch

from radray.errors import RadrayError
from radray.models.families.t5.loading import load_tokenizer
from radray.settings.train import TrainSettings
from radray.training.checkpoints.store import Checkpoints
from radray.training.driver.learning import Outcome, learn
from radray.training.driver.stopping import StopSign
from radray.training.loop.examples import Examples, tokenise
from radray.training.loop.loop import steps_total
from radray.training.loop.sharding import Worker
from radray.training.loop.team import Team
from radray.training.loop.validation import Sample, Scoring
from radray.training.progress import Metric, now


def run_worker(config: Mapping[str, Any]) -> Outcome | RadrayError:
    """Fine-tune the model of ``config["init"]`` (a path) with ``config["settings"]`` (`Train`).

    Values and lines go to the actor ``config["box"]``, checkpoints to ``config["checkpoints"]`` (a path) and
    ``config["uploads"]`` (`Uploads`, None: nowhere else); ``config["scoring"]`` (`Scoring`) says how impressions for
    the sample are written. What a worker raises, Ray Train answers by starting all of them again; so an error of ours,
    which all workers meet alike and would meet again, is returned.
    """
    settings: TrainSettings = config["settings"]
    torch.set_num_threads(settings.threads_per_worker)
    context = ray.train.get_context()
    worker = Worker(
        context.get_world_rank(),
        context.get_world_size(),
        ray.train.torch.get_device(),
        first_here=context.get_local_rank() == 0,
    )

    def put(said: Metric | str) -> None:
        if worker.rank == 0:
            config["box"].put.remote(said)

    figures: dict[str, float] = {}

    def log(step: int, epoch: float, name: str, value: float) -> None:
        put(Metric(step, epoch, name, value, now()))
        if name.startswith("val_"):
            figures[name] = value
        if name == "val_loss":  # the last one of a step; a report waits for the controller
            ray.train.report({"step": step, "epoch": epoch, **figures})
            figures.clear()

    try:
        team = Team(worker)
        tokenizer = team.agree(lambda: load_tokenizer(Path(config["init"])))
        trained, held_out = _table("train"), _table("validation")
        examples, validation = _examples(trained, tokenizer, settings), _examples(held_out, tokenizer, settings)
        log(0, 0.0, "steps_total", steps_total(len(examples), settings))
        for split, tokenised in (("train", examples), ("validation", validation)):
            log(0, 0.0, f"{split}_inputs_truncated", tokenised.inputs_truncated)
            log(0, 0.0, f"{split}_targets_truncated", tokenised.targets_truncated)
        checkpoints = Checkpoints(
            Path(config["checkpoints"]), team, kept=settings.checkpoints_kept, note=put, uploads=config["uploads"]
        )
        return learn(
            Path(config["init"]),
            examples,
            validation,
            settings,
            checkpoints,
            log=log,
            sample=_sample(held_out, tokenizer, config["scoring"]),
            told_to_stop=StopSign(config["box"], ask=worker.rank == 0),
        )
    except RadrayError as error:
        return error
    finally:
        ray.get(config["box"].flush.remote())


def _table(name: str) -> pa.Table:
    """Return the whole of dataset `name` in the order of unit_id, which Ray Data does not promise to keep."""
    batches = ray.train.get_dataset_shard(name).iter_batches(batch_size=None, batch_format="pyarrow")
    return pa.concat_tables(batches).sort_by("unit_id")


def _examples(table: pa.Table, tokenizer: Any, settings: TrainSettings) -> Examples:
    """Return the rows that have a target."""
    table = table.filter(pc.field("target").is_valid())
    return tokenise(
        tokenizer,
        table["input"].to_pylist(),
        table["target"].to_pylist(),
        max_input_tokens=settings.max_input_tokens,
        max_target_tokens=settings.max_target_tokens,
    )


def _sample(table: pa.Table, tokenizer: Any, scoring: Scoring) -> Sample | None:
    """Return the rows that have a reference; None where none has."""
    table = table.filter(pc.field("reference").is_valid())
    if not table.num_rows:
        return None
    limit = scoring.generate.max_input_tokens
    cut = tokenise(tokenizer, table["input"].to_pylist(), [], max_input_tokens=limit, max_target_tokens=limit)
    return Sample(cut.inputs, table["reference"].to_pylist(), tokenizer, scoring)
