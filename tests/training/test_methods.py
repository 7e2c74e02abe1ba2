"""LoRA and soft prompts spread over workers, killed and resumed; and every method's export against what learnt."""

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM

from radray.models.families.t5.loading import load_model
from radray.models.folder import open_model
from radray.settings.train import TrainSettings
from radray.training.checkpoints.store import Checkpoints
from radray.training.delivery.export import export_checkpoint
from radray.training.loop.loop import evaluate
from radray.training.loop.sharding import Learner, Worker
from radray.training.loop.team import Team
from tests.support.training.learning_process import ALONE, Pairs, Plan, examples_of, run, run_workers, tensors_in

SETTINGS: dict[str, Any] = {
    "epochs": 2,
    "batch_size": 37,
    "learning_rate": 2e-2,
    "log_every_steps": 1,
    "threads_per_worker": 1,
    "seed": 4,
    "lora_rank": 4,
    "soft_prompt_tokens": 5,
}
SPREAD: dict[str, dict[str, Any]] = {
    "lora, ddp": {"method": "lora", "workers": 2},
    "lora, fsdp": {"method": "lora", "workers": 2, "sharding": "fsdp", "activation_checkpointing": True},
    "soft prompt, ddp": {"method": "soft_prompt", "workers": 2, "micro_batch_tokens": 300},
}


@pytest.mark.parametrize("how", SPREAD)
def test_spread_over_workers_it_is_the_same_training(how: str, toy_model: Path, pairs: Pairs, tmp_path: Path) -> None:
    method = SPREAD[how]["method"]
    alone = run(Plan(toy_model, pairs, TrainSettings(**SETTINGS, method=method), tmp_path / "alone"), Worker())
    ran = run_workers(Plan(toy_model, pairs, TrainSettings(**SETTINGS, **SPREAD[how]), tmp_path / "spread"))
    assert [worker.exit for worker in ran] == [0, 0]
    for name in ("train_loss", "val_loss"):
        assert ran[0].values(name) == [(step, pytest.approx(value, rel=1e-4)) for step, value in alone.values(name)]
    losses = [value for _, value in alone.values("train_loss")]
    assert losses[-1] < losses[0] - 0.02
    first, second = tensors_in(tmp_path / "alone", 6), tensors_in(tmp_path / "spread", 6)
    assert set(first) == set(second)
    # what does not learn is not in a checkpoint
    assert all("lora" in name or "prompt" in name for name in first)
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, rtol=1e-3, atol=1e-3, msg=name)


@pytest.mark.parametrize("how", ["lora, fsdp", "soft prompt, ddp"])
def test_killed_and_resumed_it_is_the_same_training(how: str, toy_model: Path, pairs: Pairs, tmp_path: Path) -> None:
    settings = TrainSettings(**SETTINGS, **SPREAD[how], checkpoint_every_steps=1)
    whole = Plan(toy_model, pairs, settings, tmp_path / "whole")
    run_workers(whole)
    plan = replace(whole, folder=tmp_path / "killed", die_at=5)
    assert [worker.exit for worker in run_workers(plan)] == [ALONE, -signal.SIGKILL]
    again = run_workers(replace(plan, die_at=None))[0]
    assert again.outcome is not None
    assert again.outcome.resumed_from in (3, 4)
    first, second = tensors_in(whole.folder, 6), tensors_in(plan.folder, 6)
    assert [name for name in first if not torch.equal(first[name], second[name])] == []


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"workers": 2, "sharding": "fsdp"},
        {"method": "lora", "workers": 2, "sharding": "fsdp"},
        {"method": "soft_prompt"},
    ],
    ids=["full", "full, fsdp", "lora, fsdp", "soft prompt"],
)
def test_plain_transformers_reads_the_export_as_the_model_that_learnt(
    more: dict[str, Any], toy_model: Path, pairs: Pairs, tmp_path: Path
) -> None:
    plan = Plan(toy_model, pairs, TrainSettings(**SETTINGS, **more), tmp_path / "checkpoints")
    ran = run_workers(plan)[0]
    checkpoints = Checkpoints(plan.folder, Team(Worker()), kept=2, note=lambda line: None)
    best = checkpoints.best()
    assert best is not None
    step, state = best
    out = tmp_path / "export"
    export_checkpoint(toy_model, "toy", plan.settings, checkpoints, step, out)
    open_model(str(out))
    # the loss that training measured, from a model that our code did not load
    model = AutoModelForSeq2SeqLM.from_pretrained(out, local_files_only=True)
    examples = examples_of(out, pairs)[1]
    targets = examples_of(toy_model, pairs)[1].targets
    examples = type(examples)(examples.inputs, targets, 0, 0)
    loss = evaluate(Learner(model, model, Worker()), examples, 20)
    if plan.settings.method == "soft_prompt":
        # the pieces of the prompt are in the sum that a probability is divided by; engines leave them out
        assert loss == pytest.approx(state.val_loss, rel=0.05)
    else:
        assert loss == pytest.approx(state.val_loss, rel=1e-5)
    assert state.val_loss == min(value for _, value in ran.values("val_loss"))
    before = load_model(toy_model)
    assert evaluate(Learner(before, before, Worker()), examples_of(toy_model, pairs)[1], 20) > state.val_loss + 0.02
    assert not torch.equal(model.lm_head.weight, model.shared.weight)
    if not more:
        weights = tensors_in(plan.folder, step)
        stored = model.state_dict()
        learnt = {name.removeprefix("model."): value for name, value in weights.items() if name.startswith("model.")}
        assert all(torch.equal(stored[name], value) for name, value in learnt.items())
