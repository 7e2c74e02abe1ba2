"""What ends a training, on every worker alike and in one line: nobody waits for a worker that is gone."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from radray.errors import InputError, RadrayError
from radray.settings.train import TrainSettings
from tests.support.training.learning_process import Pairs, Plan, run_workers

TWO = {
    sharding: TrainSettings(workers=2, sharding=sharding, epochs=1, batch_size=37, threads_per_worker=1)
    for sharding in ("ddp", "fsdp")
}


def _poison(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    # a row that the last of two workers holds, of the matrix that gives the logits
    output = weights.get("lm_head.weight", weights.get("model.embed_tokens.weight"))
    assert output is not None
    output[-5, 5] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def _other_tokenizer(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": config["vocab_size"] * 2}))


def _tensor_gone(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.self_attn.v_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def _no_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\x01not it")


FAULTS: dict[str, tuple[Callable[[Path], None], type[RadrayError], str]] = {
    "nan": (_poison, RadrayError, "fine-tuning: the loss is nan at step 1; lower train.learning_rate (now 0.0001)"),
    "tokenizer": (_other_tokenizer, InputError, "it is another model's tokenizer"),
    "weights": (_no_weights, InputError, "model.safetensors is no whole safetensors file"),
    "tensor": (_tensor_gone, InputError, "not in the weights"),
}
CASES = [
    *(("t5", fault, on) for fault in ("nan", "tokenizer", "weights") for on in ("all", "last")),
    *(("causal", fault, "last") for fault in FAULTS),
]


@pytest.mark.parametrize("sharding", TWO)
@pytest.mark.parametrize(("toy_family", "fault", "on"), CASES, indirect=["toy_family"])
def test_all_workers_end_with_the_same_line(
    fault: str, on: str, sharding: str, toy_model: Path, pairs: Pairs, tmp_path: Path
) -> None:
    spoil, kind, says = FAULTS[fault]
    bad = tmp_path / "bad"
    shutil.copytree(toy_model, bad)
    spoil(bad)
    plan = Plan(toy_model, pairs, TWO[sharding], tmp_path / "checkpoints", init_of_last=bad)
    if on == "all":
        plan = Plan(bad, pairs, TWO[sharding], tmp_path / "checkpoints")
    ran = run_workers(plan)
    if fault == "nan" and on == "last" and sharding == "ddp":
        # DDP gives every worker the first one's weights
        assert [worker.error for worker in ran] == [None, None]
        return
    assert [worker.exit for worker in ran] == [0, 0]
    for worker in ran:
        assert type(worker.error) is kind
        assert says in str(worker.error)
        assert "\n" not in str(worker.error)
    assert list((tmp_path / "checkpoints").glob("step-*")) == []
