"""LoRA and soft prompts spread over workers, killed and resumed; and every method's export against what learnt."""

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

from radray.models.families.adapters import add_adapter, write_adapted
from radray.models.families.registry import open_family
from radray.models.folder import open_model
from radray.settings.train import TrainSettings
from radray.training.checkpoints.store import Checkpoints
from radray.training.delivery.export import export_checkpoint
from radray.training.loop.loop import evaluate
from radray.training.loop.sharding import Learner, Worker
from radray.training.loop.team import Team
from tests.support.training.learning_process import ALONE, Pairs, Plan, examples_of, run, run_workers, tensors_in
from tests.support.training.toy import both_families

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


@pytest.mark.parametrize(
    ("toy_family", "how"),
    [(family, how) for family in ("t5", "causal") for how in SPREAD],
    indirect=["toy_family"],
)
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


@both_families
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


def _learnt(plan: Plan, checkpoints: Checkpoints, step: int) -> Any:
    """The model as it was when the checkpoint of `step` was written, adapter and all."""
    family = open_family(plan.init)
    model = add_adapter(family.load_model(plan.init), plan.settings, family)
    learning = Learner(model, model, Worker()).learning()
    checkpoints.load(step, {f"model.{name}": value.detach() for name, value in learning.items()})
    return model


def _logits_alone(model: Any, row: list[int], target: list[int]) -> torch.Tensor:
    """The logits of one target by transformers alone: no other row, no padding."""
    if hasattr(model, "encoder"):
        logits = model(input_ids=torch.tensor([row]), decoder_input_ids=torch.tensor([[0, *target[:-1]]])).logits[0]
    else:
        logits = model(input_ids=torch.tensor([[*row, *target[:-1]]])).logits[0, len(row) - 1 :]
    assert len(logits) == len(target)
    return logits


@both_families
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
@torch.no_grad()
def test_plain_transformers_reads_the_export_as_the_model_that_learnt(
    more: dict[str, Any], toy_family: str, toy_model: Path, pairs: Pairs, tmp_path: Path
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
    # from here on the folder is read by code that is not ours
    kind = {"t5": AutoModelForSeq2SeqLM, "causal": AutoModelForCausalLM}[toy_family]
    model: Any = kind.from_pretrained(out, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(out, local_files_only=True)
    rows = [tokenizer(text)["input_ids"] for text in pairs["validation"][0]]
    examples = examples_of(toy_model, pairs)[1]
    logits = [_logits_alone(model, row, target) for row, target in zip(rows, examples.targets, strict=True)]
    # the pieces of a soft prompt are among the logits of its folder; engines leave them out
    known = AutoConfig.from_pretrained(toy_model).vocab_size
    losses = [
        nn.functional.cross_entropy(own[:, :known], torch.tensor(target), reduction="sum")
        for own, target in zip(logits, examples.targets, strict=True)
    ]
    loss = float(sum(losses)) / sum(map(len, examples.targets))
    assert loss == pytest.approx(state.val_loss, rel=1e-5)
    assert state.val_loss == min(value for _, value in ran.values("val_loss"))
    learnt, family = _learnt(plan, checkpoints, step), open_family(toy_model)
    expected = family.target_logits(learnt, learnt, examples.inputs, examples.targets, torch.device("cpu"))
    for own, theirs in zip(logits, expected, strict=True):
        torch.testing.assert_close(own[:, :known], theirs[: len(own), :known], rtol=1e-4, atol=1e-4)
    before = family.load_model(toy_model)
    assert evaluate(Learner(before, before, Worker()), examples, 20) > loss + 0.02
    if toy_family == "t5":
        assert not torch.equal(model.lm_head.weight, model.shared.weight)
    else:
        assert model.lm_head.weight is model.model.embed_tokens.weight
    if not more:
        weights = tensors_in(plan.folder, step)
        stored = model.state_dict()
        learning = {name.removeprefix("model."): value for name, value in weights.items() if name.startswith("model.")}
        assert all(torch.equal(stored[name], value) for name, value in learning.items())


@both_families
@torch.no_grad()
def test_a_soft_prompt_is_searched_as_its_folder_is(
    toy_family: str, toy_model: Path, pairs: Pairs, tmp_path: Path
) -> None:
    settings = TrainSettings(**SETTINGS, method="soft_prompt")
    family, inputs = open_family(toy_model), pairs["validation"][0][:8]
    learnt: Any = add_adapter(family.load_model(toy_model), settings, family)
    for name, parameter in learnt.named_parameters():
        # weights that tell what stands where, so that a vector in the wrong place shows
        parameter *= 1.0 if "norm" in name else 4.0
    tokenizer = family.load_tokenizer(toy_model)
    rows = [prompt.ids for prompt in family.encode_prompts(tokenizer, inputs, chat=False)]
    assert len({len(row) for row in rows}) > 2
    # renormalised: the folder's probabilities are without the pieces of the prompt, as in our engines
    search: dict[str, Any] = {"num_beams": 3, "max_new_tokens": 8, "early_stopping": True, "renormalize_logits": True}
    answers = family.search(learnt, rows, torch.device("cpu"), return_dict_in_generate=True, **search).sequences
    write_adapted(learnt, tokenizer, settings, tmp_path / "soft", "toy", family)
    kind = {"t5": AutoModelForSeq2SeqLM, "causal": AutoModelForCausalLM}[toy_family]
    model: Any = kind.from_pretrained(tmp_path / "soft", local_files_only=True)
    theirs = AutoTokenizer.from_pretrained(tmp_path / "soft", local_files_only=True)
    texts = []
    for prompt in inputs:
        batch = theirs(prompt, return_tensors="pt")
        length = batch["input_ids"].shape[1]
        written = model.generate(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], **search)[0]
        texts.append(theirs.decode(written[1 if toy_family == "t5" else length :], skip_special_tokens=True))
    assert tokenizer.batch_decode(answers, skip_special_tokens=True) == texts
    assert len(set(texts)) > 1
