"""The same training whatever it is spread over: losses and weights of one worker, DDP, FSDP2, several calls a step.

What differs is the order of floating-point sums. AdamW divides a gradient by its own size, so that a gradient which
is rounding alone moves a weight by a part of the rate: hence 1e-4, a fiftieth of one step at the rate used here.
"""

from pathlib import Path
from typing import Any

import pytest
import torch

from radray.models.families.registry import open_family
from radray.settings.train import TrainSettings
from radray.training.loop.examples import Examples, calls
from radray.training.loop.loop import evaluate
from radray.training.loop.sharding import Learner, Worker
from tests.support.training.learning_process import Pairs, Plan, Ran, examples_of, run, run_workers, tensors_in
from tests.support.training.toy import both_families

SETTINGS: dict[str, Any] = {
    "epochs": 2,
    "batch_size": 37,
    "learning_rate": 5e-3,
    "log_every_steps": 1,
    "threads_per_worker": 1,
    "seed": 4,
}
WEIGHTS: dict[str, Any] = {"rtol": 0.0, "atol": 1e-4}
SPREAD: dict[str, dict[str, Any]] = {
    "ddp": {"workers": 2},
    "fsdp": {"workers": 2, "sharding": "fsdp"},
    "fsdp, one worker": {"sharding": "fsdp"},
    "fsdp, activation checkpointing, calls of 300 tokens": {
        "workers": 2,
        "sharding": "fsdp",
        "activation_checkpointing": True,
        "micro_batch_tokens": 300,
    },
    "ddp, calls of 300 tokens": {"workers": 2, "micro_batch_tokens": 300},
    "activation checkpointing": {"activation_checkpointing": True},
}


@pytest.fixture(scope="module")
def optimiser(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def alone(optimiser: Any, toy_model: Path, pairs: Pairs, tmp_path_factory: Any) -> tuple[Plan, Ran]:
    """One worker, one call per step, every weight, in this process: all else is compared with it."""
    folder = tmp_path_factory.mktemp("alone") / "checkpoints"
    plan = Plan(toy_model, pairs, TrainSettings(**SETTINGS, optimiser=optimiser), folder)
    return plan, run(plan, Worker())


@pytest.mark.parametrize("optimiser", ["adamw", "adafactor"], indirect=True)
@pytest.mark.parametrize("how", SPREAD)
def test_spread_over_workers_and_calls_it_is_the_same_training(
    how: str, alone: tuple[Plan, Ran], tmp_path: Path
) -> None:
    _is_the_same_spread(how, alone, tmp_path)


@pytest.mark.parametrize(("toy_family", "optimiser"), [("causal", "adamw")], indirect=True)
@pytest.mark.parametrize("how", ["ddp", "fsdp", "fsdp, activation checkpointing, calls of 300 tokens"])
def test_spread_out_a_causal_models_training_is_the_same_too(how: str, alone: tuple[Plan, Ran], tmp_path: Path) -> None:
    _is_the_same_spread(how, alone, tmp_path)


def _is_the_same_spread(how: str, alone: tuple[Plan, Ran], tmp_path: Path) -> None:
    plan, expected = alone
    settings = TrainSettings(**SETTINGS, **SPREAD[how], optimiser=plan.settings.optimiser)
    ran = run_workers(Plan(plan.init, plan.pairs, settings, tmp_path / "checkpoints"))
    assert [worker.exit for worker in ran] == [0] * settings.workers
    for name in ("train_loss", "val_loss", "learning_rate"):
        steps, values = zip(*expected.values(name), strict=True)
        for worker in ran:
            logged_steps, logged = zip(*worker.values(name), strict=True)
            assert logged_steps == steps
            assert logged == pytest.approx(values, rel=1e-5)
    assert len(expected.values("train_loss")) == 6
    weights, whole = tensors_in(tmp_path / "checkpoints", 6), tensors_in(plan.folder, 6)
    assert set(weights) == set(whole)
    embedding = {"model.shared.weight", "model.model.embed_tokens.weight"} & set(weights)
    assert len(embedding) == 1
    if "model.shared.weight" in weights:
        assert not torch.equal(weights["model.lm_head.weight"], weights["model.shared.weight"])
    else:
        assert "model.lm_head.weight" not in weights  # one matrix, kept once
    for name, value in whole.items():
        torch.testing.assert_close(weights[name], value, **WEIGHTS, msg=name)
    # and it was a training: every matrix moved by more than the tolerance
    start = open_family(plan.init).load_model(plan.init).state_dict()
    assert all(
        float((value - start[name.removeprefix("model.")]).abs().max()) > 1e-3
        for name, value in weights.items()
        if name.startswith("model.") and value.dim() == 2
    )


@pytest.mark.parametrize("how", ["ddp", "fsdp"])
def test_several_tasks_are_validated_alike_by_several_workers(
    how: str, toy_model: Path, pairs: Pairs, tmp_path: Path
) -> None:
    # of 20 validation examples one is of sections: a worker has none
    tasks = (*("impression",) * 10, *("labels",) * 9, "sections")
    settings = TrainSettings(**{**SETTINGS, "epochs": 1})
    alone = run(Plan(toy_model, pairs, settings, tmp_path / "alone", tasks=tasks), Worker())
    spread = TrainSettings(**{**SETTINGS, "epochs": 1}, **SPREAD[how])
    ran = run_workers(Plan(toy_model, pairs, spread, tmp_path / "spread", tasks=tasks))
    assert [worker.exit for worker in ran] == [0, 0]
    for name in ("val_loss", *(f"val_loss_{task}" for task in set(tasks))):
        expected = alone.values(name)
        assert [step for step, _ in expected] == [3]
        for worker in ran:
            assert [step for step, _ in worker.values(name)] == [3]
            assert worker.values(name)[0][1] == pytest.approx(expected[0][1], rel=1e-5)
    assert len({alone.values(f"val_loss_{task}")[0][1] for task in set(tasks)}) == 3


@both_families
def test_four_calls_of_eight_are_one_of_thirty_two(toy_model: Path, tmp_path: Path) -> None:
    # 32 examples of one length: 16 tokens each, so that 128 tokens are eight
    row, target = [7, 8, 9, 10, 11, 12, 13, 14, 15, 1], [20, 21, 22, 23, 24, 1]
    examples = Examples([[5 + n, *row[1:]] for n in range(32)], [[30 + n, *target[1:]] for n in range(32)], 0, 0)
    parts = calls(examples, list(range(32)), 0, 1, 128)
    assert [len(call) for call in parts] == [8, 8, 8, 8]
    assert sorted(index for call in parts for index in call) == list(range(32))
    learner = Learner(model := open_family(toy_model).load_model(toy_model), model, Worker())
    gradients = []
    for limit in (None, 128):
        model.zero_grad()
        for call in calls(examples, list(range(32)), 0, 1, limit):
            learner.loss_sum(examples, call).backward()
        gradients.append({name: parameter.grad.clone() for name, parameter in model.named_parameters()})
    for name, value in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], value, rtol=1e-5, atol=1e-5 * float(value.abs().max()), msg=name)


@both_families
def test_bf16_computes_in_bf16_and_keeps_weights_in_float32(toy_model: Path, pairs: Pairs, tmp_path: Path) -> None:
    losses = {}
    changes: dict[str, dict[str, Any]] = {"plain": {}, "fsdp": {"workers": 2, "sharding": "fsdp"}}
    for how, more in changes.items():
        settings = TrainSettings(**SETTINGS, precision="bf16", **more)
        ran = run_workers(Plan(toy_model, pairs, settings, tmp_path / how))
        losses[how] = [value for _, value in ran[0].values("train_loss")]
        tensors = tensors_in(tmp_path / how, 6)
        assert {value.dtype for value in tensors.values()} == {torch.float32}
    exact = [
        value
        for _, value in run(Plan(toy_model, pairs, TrainSettings(**SETTINGS), tmp_path / "exact"), Worker()).values(
            "train_loss"
        )
    ]
    for loss in losses.values():
        assert loss == pytest.approx(exact, rel=0.03)
        assert loss != pytest.approx(exact, rel=1e-6)


@both_families
def test_bf16_weights_are_bf16(toy_model: Path, pairs: Pairs, tmp_path: Path) -> None:
    settings = TrainSettings(**SETTINGS, precision="bf16_weights", optimiser="adafactor", workers=2, sharding="fsdp")
    ran = run_workers(Plan(toy_model, pairs, settings, tmp_path / "checkpoints"))
    losses = [value for _, value in ran[0].values("val_loss")]
    assert losses[-1] < losses[0]
    weights = {n: v.dtype for n, v in tensors_in(tmp_path / "checkpoints", 6).items() if n.startswith("model.")}
    assert set(weights.values()) == {torch.bfloat16}


@both_families
def test_parts_hold_what_the_folder_holds(toy_model: Path, pairs: Pairs, tmp_path: Path) -> None:
    # the loss before any step, of a model that was loaded layer by layer
    settings = TrainSettings(
        **{**SETTINGS, "learning_rate": 1e-12, "epochs": 1, "max_steps": 1}, workers=2, sharding="fsdp"
    )
    ran = run_workers(Plan(toy_model, pairs, settings, tmp_path / "checkpoints"))
    model = open_family(toy_model).load_model(toy_model)
    expected = evaluate(Learner(model, model, Worker()), examples_of(toy_model, pairs)[1], 37)
    assert ran[1].values("val_loss") == [(1, pytest.approx(expected, rel=1e-6))]
