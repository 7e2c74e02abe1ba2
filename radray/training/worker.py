"""What a Ray Train worker does: read its data, load the model, run the loop, save and report each epoch."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import ray
import ray.train
import ray.train.torch
import torch

from radray.config import Train
from radray.models.loading import load_model, load_tokenizer
from radray.models.saving import save_model
from radray.training.examples import Examples, tokenise
from radray.training.loop import Worker, steps_total, train
from radray.training.progress import Metric, now


def run_worker(config: Mapping[str, Any]) -> float:
    """Fine-tune the model of ``config["init"]`` (a path) with ``config["settings"]`` (`Train`).

    Values go to the actor ``config["box"]``; each epoch's model goes to Ray Train as a checkpoint, a Hugging Face
    folder, with its val_loss, step and epoch. Returns the training examples a second over all workers.
    """
    settings: Train = config["settings"]
    torch.set_num_threads(settings.threads_per_worker)
    context = ray.train.get_context()
    worker = Worker(context.get_world_rank(), context.get_world_size(), ray.train.torch.get_device())
    torch.manual_seed(settings.seed * 1_000_003 + worker.rank)

    def log(step: int, epoch: float, name: str, value: float) -> None:
        if worker.rank == 0:
            config["box"].put.remote(Metric(step, epoch, name, value, now()))

    tokenizer = load_tokenizer(Path(config["init"]))
    examples, validation = _examples("train", tokenizer, settings), _examples("validation", tokenizer, settings)
    log(0, 0.0, "steps_total", steps_total(len(examples), settings))
    for split, tokenised in (("train", examples), ("validation", validation)):
        log(0, 0.0, f"{split}_inputs_truncated", tokenised.inputs_truncated)
        log(0, 0.0, f"{split}_targets_truncated", tokenised.targets_truncated)

    plain = load_model(Path(config["init"]), device=worker.device)
    model = ray.train.torch.prepare_model(plain, move_to_device=False)

    def epoch_end(step: int, epoch: float, val_loss: float) -> None:
        metrics = {"step": step, "epoch": epoch, "val_loss": val_loss}
        if worker.rank != 0:
            ray.train.report(metrics)
            return
        folder = Path(tempfile.mkdtemp(prefix="radray-checkpoint-"))
        try:
            save_model(plain, tokenizer, folder)
            ray.train.report(metrics, checkpoint=ray.train.Checkpoint.from_directory(folder))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    speed = train(model, plain, examples, validation, settings, worker, log=log, epoch_end=epoch_end)
    ray.get(config["box"].flush.remote())
    return speed


def _examples(name: str, tokenizer: Any, settings: Train) -> Examples:
    """Return the whole of dataset `name` in the order of unit_id, which Ray Data does not promise to keep."""
    batches = ray.train.get_dataset_shard(name).iter_batches(batch_size=None, batch_format="pyarrow")
    table = pa.concat_tables(batches).sort_by("unit_id")
    return tokenise(
        tokenizer,
        table["input"].to_pylist(),
        table["target"].to_pylist(),
        max_input_tokens=settings.max_input_tokens,
        max_target_tokens=settings.max_target_tokens,
    )
