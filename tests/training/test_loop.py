import math
import multiprocessing
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from radray.config import Train
from radray.errors import RadrayError
from radray.models.loading import load_model, load_tokenizer
from radray.training.examples import Examples, tokenise
from radray.training.loop import Worker, evaluate, learning_rate, steps_total, train

Pairs = dict[str, tuple[list[str], list[str]]]
SETTINGS = Train(epochs=2, batch_size=37, learning_rate=5e-3, log_every_steps=2, threads_per_worker=1, seed=4)


def _load(folder: Path, pairs: Pairs) -> tuple[Any, Examples, Examples]:
    tokenizer = load_tokenizer(folder)
    examples, validation = (
        tokenise(tokenizer, *pairs[name], max_input_tokens=64, max_target_tokens=16) for name in ("train", "validation")
    )
    return load_model(folder), examples, validation


def _run(
    folder: Path, pairs: Pairs, settings: Train, worker: Worker | None = None
) -> tuple[Any, list[tuple[int, float, str, float]], list[tuple[int, float, float]]]:
    worker = worker or Worker()
    plain, examples, validation = _load(folder, pairs)
    model = plain if worker.workers == 1 else DistributedDataParallel(plain)
    logged: list[tuple[int, float, str, float]] = []
    ends: list[tuple[int, float, float]] = []
    train(
        model,
        plain,
        examples,
        validation,
        settings,
        worker,
        log=lambda *values: logged.append(values),
        epoch_end=lambda *values: ends.append(values),
    )
    return plain, logged, ends


@pytest.mark.parametrize(
    ("count", "settings", "expected"),
    [
        (75, Train(epochs=2, batch_size=37), 6),
        (74, Train(epochs=2, batch_size=37), 4),
        (75, Train(epochs=2, batch_size=37, max_steps=5), 5),
        (75, Train(epochs=2, batch_size=37, max_steps=50), 6),
        (3, Train(epochs=1, batch_size=37), 1),
    ],
)
def test_steps_are_counted_by_hand(count: int, settings: Train, expected: int) -> None:
    assert steps_total(count, settings) == expected


def test_the_rate_rises_in_a_line_and_falls_in_a_line() -> None:
    settings = Train(learning_rate=0.8, warmup_fraction=0.2)
    rates = [learning_rate(step, 10, settings) for step in range(1, 11)]
    assert rates == pytest.approx([0.4, 0.8, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])


def test_without_warm_up_the_first_step_has_the_full_rate() -> None:
    settings = Train(learning_rate=0.5, warmup_fraction=0.0)
    assert [learning_rate(step, 2, settings) for step in (1, 2)] == [0.5, 0.25]
    assert learning_rate(1, 1, settings) == 0.5


def test_the_validation_loss_is_the_mean_over_tokens_of_all_targets(toy_model: Path, pairs: Pairs) -> None:
    model, _, validation = _load(toy_model, pairs)
    total, tokens = 0.0, 0
    for row, target in zip(validation.inputs, validation.targets, strict=True):
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([row]), decoder_input_ids=torch.tensor([[0, *target[:-1]]])).logits
        chosen = torch.log_softmax(logits[0].double(), dim=-1)[range(len(target)), target]
        total, tokens = total - float(chosen.sum()), tokens + len(target)
    # whatever the batches
    assert evaluate(model, validation, 20, Worker()) == pytest.approx(total / tokens, rel=1e-5)
    assert evaluate(model, validation, 3, Worker()) == pytest.approx(total / tokens, rel=1e-5)


def test_training_learns_the_toy_language(toy_model: Path, pairs: Pairs) -> None:
    settings = SETTINGS.model_copy(update={"epochs": 12, "batch_size": 8, "log_every_steps": 10})
    before = evaluate(*(_load(toy_model, pairs)[index] for index in (0, 2)), 8, Worker())
    _, logged, ends = _run(toy_model, pairs, settings)
    assert before > 4.0
    assert ends[-1][2] < 0.2
    assert [value for *_, name, value in logged if name == "train_loss"][-1] < 0.2


def test_what_is_logged_and_when(toy_model: Path, pairs: Pairs) -> None:
    _, logged, ends = _run(toy_model, pairs, SETTINGS)
    assert [(step, name) for step, _, name, _ in logged] == [
        *((2, name) for name in ("train_loss", "learning_rate", "examples_per_second")),
        (3, "val_loss"),
        *((4, name) for name in ("train_loss", "learning_rate", "examples_per_second")),
        *((6, name) for name in ("train_loss", "learning_rate", "examples_per_second")),
        (6, "val_loss"),
    ]
    assert [(step, epoch) for step, epoch, _ in ends] == [(3, 1.0), (6, 2.0)]
    assert [value for *_, name, value in logged if name == "val_loss"] == [loss for *_, loss in ends]


def test_the_logged_loss_is_the_mean_over_the_tokens_since_the_last(toy_model: Path, pairs: Pairs) -> None:
    # a rate so small that the weights stay: the mean over an epoch is then that of all training tokens
    settings = SETTINGS.model_copy(update={"epochs": 1, "learning_rate": 1e-12, "log_every_steps": 3})
    model, examples, _ = _load(toy_model, pairs)
    _, logged, _ = _run(toy_model, pairs, settings)
    assert logged[0][:3] == (3, 1.0, "train_loss")
    assert logged[0][3] == pytest.approx(evaluate(model, examples, 5, Worker()), rel=1e-5)


def test_max_steps_below_an_epoch_still_ends_with_validation(toy_model: Path, pairs: Pairs) -> None:
    _, logged, ends = _run(toy_model, pairs, SETTINGS.model_copy(update={"max_steps": 1}))
    assert [(step, epoch) for step, epoch, _ in ends] == [(1, pytest.approx(1 / 3))]
    assert {name for *_, name, _ in logged} == {"train_loss", "learning_rate", "examples_per_second", "val_loss"}


def test_equal_seeds_give_equal_weights(toy_model: Path, pairs: Pairs) -> None:
    one, other = (_run(toy_model, pairs, SETTINGS)[0].state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)
    third = _run(toy_model, pairs, SETTINGS.model_copy(update={"seed": 5}))[0].state_dict()
    assert not all(torch.equal(one[name], third[name]) for name in one)


def test_the_output_layer_trains_apart_from_the_embedding(toy_model: Path, pairs: Pairs) -> None:
    before, after = load_model(toy_model), _run(toy_model, pairs, SETTINGS)[0]
    assert not torch.equal(before.lm_head.weight, after.lm_head.weight)
    assert not torch.equal(before.shared.weight, after.shared.weight)
    assert not torch.equal(after.lm_head.weight, after.shared.weight)


def test_a_loss_that_is_not_finite_stops_at_once(toy_model: Path, pairs: Pairs) -> None:
    plain, examples, validation = _load(toy_model, pairs)
    with torch.no_grad():
        plain.lm_head.weight[5, 5] = math.nan
    with pytest.raises(RadrayError, match=r"loss is nan at step 1; lower train.learning_rate \(now 0.005\)"):
        train(
            plain,
            plain,
            examples,
            validation,
            SETTINGS,
            Worker(),
            log=lambda *values: None,
            epoch_end=lambda *values: None,
        )


def _second_worker(store: str, folder: Path, pairs: Pairs) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{store}", rank=1, world_size=2)
    _run(folder, pairs, SETTINGS, Worker(1, 2))
    distributed.destroy_process_group()


def test_two_workers_take_the_steps_of_one(toy_model: Path, pairs: Pairs, tmp_path: Path) -> None:
    # 75 examples in batches of 37: the second worker has no row in the last batch
    alone, logged_alone, ends_alone = _run(toy_model, pairs, SETTINGS)
    store = str(tmp_path / "store")
    other = multiprocessing.get_context("spawn").Process(target=_second_worker, args=(store, toy_model, pairs))
    other.start()
    distributed.init_process_group("gloo", init_method=f"file://{store}", rank=0, world_size=2)
    together, logged, ends = _run(toy_model, pairs, SETTINGS, Worker(0, 2))
    distributed.destroy_process_group()
    other.join()
    assert other.exitcode == 0
    weights = together.state_dict()
    for name, value in alone.state_dict().items():
        torch.testing.assert_close(weights[name], value, rtol=1e-3, atol=1e-4, msg=name)
    assert [loss for *_, loss in ends] == pytest.approx([loss for *_, loss in ends_alone], rel=1e-4)
    losses, losses_alone = (
        [value for *_, name, value in log if name == "train_loss"] for log in (logged, logged_alone)
    )
    assert losses == pytest.approx(losses_alone, rel=1e-4)
