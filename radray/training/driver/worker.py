"""What a Ray Train worker does: read its data, train, save, and return how the training ended."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import ray
import ray.train
import ray.train.torch
import torch

from radray.errors import RadrayError
from radray.models.families.registry import open_family
from radray.settings.train import TrainSettings
from radray.training.checkpoints.store import Checkpoints
from radray.training.driver.job import Outcome
from radray.training.driver.learning import learn
from radray.training.driver.stopping import StopSign
from radray.training.driver.tokens import how_to_cut, in_order
from radray.training.loop.examples import Examples, cut_examples
from radray.training.loop.loop import steps_total
from radray.training.loop.sharding import Worker
from radray.training.loop.team import Team
from radray.training.loop.validation import Sample
from radray.training.progress import Metric, now
from radray.training.scoring import Scoring


def run_worker(config: Mapping[str, Any]) -> Outcome | RadrayError:
    """Fine-tune the model in ``config["init"]`` (a path) as ``config["settings"]`` (`TrainSettings`) say.

    Metrics and notes go to the actor ``config["box"]``, checkpoints to ``config["checkpoints"]`` (a path) and
    ``config["uploads"]`` (`Uploads`; None: nowhere else); ``config["scoring"]`` (`Scoring`) says how the impressions of
    the sample are generated. Ray Train answers an exception by starting all workers again. A RadrayError is therefore
    returned and not raised: every worker meets it, and would meet it again.
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

    def put(message: Metric | str) -> None:
        if worker.rank == 0:
            config["box"].put.remote(message)

    figures: dict[str, float] = {}

    def log(step: int, epoch: float, name: str, value: float) -> None:
        put(Metric(step, epoch, name, value, now()))
        if name.startswith("val_"):
            figures[name] = value
        if name == "val_loss":  # the last value of a validation; a report waits for the controller
            ray.train.report({"step": step, "epoch": epoch, **figures})
            figures.clear()

    try:
        team = Team(worker)
        init = Path(config["init"])
        tokenizer = team.agree(lambda: open_family(init).load_tokenizer(init))
        held_out = _table("validation")
        examples, validation = (_examples(table, tokenizer, settings) for table in (_table("train"), held_out))
        log(0, 0.0, "steps_total", steps_total(len(examples), settings))
        for split, rows in (("train", examples), ("validation", validation)):
            log(0, 0.0, f"{split}_inputs_truncated", rows.inputs_truncated)
            log(0, 0.0, f"{split}_targets_truncated", rows.targets_truncated)
        checkpoints = Checkpoints(
            Path(config["checkpoints"]), team, kept=settings.checkpoints_kept, note=put, uploads=config["uploads"]
        )
        return learn(
            init,
            examples,
            validation,
            settings,
            checkpoints,
            log=log,
            sample=_sample(held_out, tokenizer, config["scoring"]),
            should_stop=StopSign(config["box"], ask=worker.rank == 0),
        )
    except RadrayError as error:
        return error
    finally:
        ray.get(config["box"].flush.remote())


def _table(name: str) -> pa.Table:
    """Return all rows of the dataset `name`, `in_order`: Ray Data does not promise to keep one."""
    return in_order(
        pa.concat_tables(ray.train.get_dataset_shard(name).iter_batches(batch_size=None, batch_format="pyarrow"))
    )


def _examples(table: pa.Table, tokenizer: Any, settings: TrainSettings) -> Examples:
    """Return the rows of a `tokenised` table that have a target."""
    table = table.filter(pc.field("target").is_valid())
    examples = cut_examples(
        table["input"].to_pylist(),
        table["target"].to_pylist(),
        max_input_tokens=settings.max_input_tokens,
        max_target_tokens=settings.max_target_tokens,
        side=tokenizer.truncation_side,
        **how_to_cut(table),
    )
    return replace(examples, tasks=tuple(table["task"].to_pylist()))


def _sample(table: pa.Table, tokenizer: Any, scoring: Scoring) -> Sample | None:
    """Return the rows of a `tokenised` table that have a reference; None where none has."""
    table = table.filter(pc.field("reference").is_valid())
    if not table.num_rows:
        return None
    limit, side = scoring.generate.max_input_tokens, tokenizer.truncation_side
    inputs = cut_examples(
        *(table["input"].to_pylist(), []),
        max_input_tokens=limit,
        max_target_tokens=limit,
        side=side,
        **how_to_cut(table),
    ).inputs
    return Sample(inputs, table["reference"].to_pylist(), tokenizer, scoring)
