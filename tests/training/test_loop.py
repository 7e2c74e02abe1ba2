import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer

from radray.errors import ConfigError, RadrayError
from radray.models.families.registry import open_family
from radray.models.families.t5.loading import load_model
from radray.settings.train import TrainSettings
from radray.training.loop.examples import Examples
from radray.training.loop.loop import Score, evaluate, steps_total, task_losses, train
from radray.training.loop.optimisers import Adafactor, build_optimiser, fill_state, learning_rate
from radray.training.loop.sharding import Learner, Worker, refuse_bf16
from radray.training.loop.state import State
from tests.support.training.examples import tokenise
from tests.support.training.toy import build_toy, toy_pairs

Pairs = dict[str, tuple[list[str], list[str]]]
SETTINGS = TrainSettings(epochs=2, batch_size=37, learning_rate=5e-3, log_every_steps=2, threads_per_worker=1, seed=4)


def _load(folder: Path, pairs: Pairs, chat: bool = False) -> tuple[Any, Examples, Examples]:
    family = open_family(folder)
    tokenizer = family.load_tokenizer(folder)
    examples, validation = (
        tokenise(family, tokenizer, *pairs[name], max_input_tokens=96, max_target_tokens=16, chat=chat)
        for name in ("train", "validation")
    )
    return family.load_model(folder), examples, validation


def _loss(model: Any, examples: Examples, batch_size: int) -> float:
    return evaluate(Learner(model, model, Worker()), examples, batch_size)


def _run(
    folder: Path,
    pairs: Pairs,
    settings: TrainSettings,
    model: Any = None,
    state: State | None = None,
    score: Score | None = None,
    chat: bool = False,
) -> tuple[Any, list[tuple[int, float, str, float]], list[tuple[int, float | None]]]:
    plain, examples, validation = _load(folder, pairs, chat)
    plain = model or plain
    logged: list[tuple[int, float, str, float]] = []
    saved: list[tuple[int, float | None]] = []
    train(
        Learner(plain, plain, Worker()),
        build_optimiser(plain, settings),
        examples,
        validation,
        settings,
        State() if state is None else state,
        score=score,
        log=lambda *values: logged.append(values),
        save=lambda state: saved.append((state.step, state.val_loss)),
    )
    return plain, logged, saved


@pytest.mark.parametrize(
    ("count", "settings", "expected"),
    [
        (75, TrainSettings(epochs=2, batch_size=37), 6),
        (74, TrainSettings(epochs=2, batch_size=37), 4),
        (75, TrainSettings(epochs=2, batch_size=37, max_steps=5), 5),
        (75, TrainSettings(epochs=2, batch_size=37, max_steps=50), 6),
        (3, TrainSettings(epochs=1, batch_size=37), 1),
    ],
)
def test_steps_are_counted_by_hand(count: int, settings: TrainSettings, expected: int) -> None:
    assert steps_total(count, settings) == expected


def test_the_rate_rises_in_a_line_and_falls_in_a_line() -> None:
    settings = TrainSettings(learning_rate=0.8, warmup_fraction=0.2)
    rates = [learning_rate(step, 10, settings) for step in range(1, 11)]
    assert rates == pytest.approx([0.4, 0.8, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])


def test_without_warm_up_the_first_step_has_the_full_rate() -> None:
    settings = TrainSettings(learning_rate=0.5, warmup_fraction=0.0)
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
    assert _loss(model, validation, 20) == pytest.approx(total / tokens, rel=1e-5)
    assert evaluate(Learner(model, model, Worker()), validation, 20, 60) == pytest.approx(total / tokens, rel=1e-5)
    assert _loss(model, validation, 3) == pytest.approx(total / tokens, rel=1e-5)


def test_the_loss_is_that_of_each_task_where_there_are_several(toy_model: Path, pairs: Pairs) -> None:
    model, _, validation = _load(toy_model, pairs)
    learner, whole = Learner(model, model, Worker()), _loss(model, validation, 20)
    assert task_losses(learner, validation, 20) == {"val_loss": whole}
    assert task_losses(learner, replace(validation, tasks=("labels",) * len(validation)), 20) == {"val_loss": whole}
    tasks = tuple("labels" if row % 3 else "devices" for row in range(len(validation)))
    losses = task_losses(learner, replace(validation, tasks=tasks), 20)
    assert list(losses) == ["val_loss_devices", "val_loss_labels", "val_loss"]
    assert losses["val_loss"] == pytest.approx(whole, rel=1e-5)
    own = [row for row, task in enumerate(tasks) if task == "devices"]
    rows = Examples([validation.inputs[row] for row in own], [validation.targets[row] for row in own], 0, 0)
    assert losses["val_loss_devices"] == pytest.approx(_loss(model, rows, 20), rel=1e-5)


def _padding(folder: Path, token: str | None) -> None:
    """Have a causal model's folder name the piece `token` for its padding, or none (None)."""
    tokenizer = open_family(folder).load_tokenizer(folder)
    config = json.loads((folder / "config.json").read_text())
    config["pad_token_id"] = None if token is None else tokenizer.convert_tokens_to_ids(token)
    (folder / "config.json").write_text(json.dumps(config))
    stored = json.loads((folder / "tokenizer_config.json").read_text())
    assert stored.pop("pad_token") == "<|pad|>"
    (folder / "tokenizer_config.json").write_text(
        json.dumps(stored if token is None else stored | {"pad_token": token})
    )


@pytest.mark.parametrize("toy_family", ["causal"], indirect=True)
@pytest.mark.parametrize("padding", ["<|pad|>", "<|end|>", None])
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_the_loss_of_a_causal_model_is_that_of_each_example_alone(
    padding: str | None, attention: str, toy_model: Path, pairs: Pairs, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(toy_model, folder)
    if padding != "<|pad|>":
        _padding(folder, padding)
    inputs, targets = pairs["validation"]
    longer = [f"{target} {target}" if place % 3 else target for place, target in enumerate(targets)]
    model, _, validation = _load(folder, {**pairs, "validation": (inputs, longer)})
    model.set_attn_implementation(attention)
    # there is padding on either side
    assert len({len(row) for row in validation.inputs}) > 2
    assert len({len(row) for row in validation.targets}) > 1
    # untrained, all tokens are about as likely wherever they stand: weights that tell places apart
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "proj" in name:
                parameter *= 5
    total, tokens = 0.0, 0
    for row, target in zip(validation.inputs, validation.targets, strict=True):
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([[*row, *target[:-1]]])).logits[0, len(row) - 1 :]
        chosen = torch.log_softmax(logits.double(), dim=-1)[range(len(target)), target]
        total, tokens = total - float(chosen.sum()), tokens + len(target)
    for size, limit in ((20, None), (20, 120), (3, None), (1, None)):
        learner = Learner(model, model, Worker())
        assert evaluate(learner, validation, size, limit) == pytest.approx(total / tokens, rel=1e-5)


@pytest.mark.parametrize(
    ("toy_family", "epochs", "rate"), [("t5", 12, 5e-3), ("causal", 36, 3e-3)], indirect=["toy_family"]
)
def test_training_learns_the_toy_language(epochs: int, rate: float, toy_model: Path, pairs: Pairs) -> None:
    more = {"epochs": epochs, "learning_rate": rate, "batch_size": 8, "log_every_steps": 10}
    settings = SETTINGS.model_copy(update=more)
    model, _, validation = _load(toy_model, pairs)
    before = _loss(model, validation, 8)
    _, logged, saved = _run(toy_model, pairs, settings)
    assert before > 4.0
    assert saved[-1][1] < 0.2
    assert [value for *_, name, value in logged if name == "train_loss"][-1] < 0.2


def test_what_is_logged_and_when(toy_model: Path, pairs: Pairs) -> None:
    _, logged, saved = _run(toy_model, pairs, SETTINGS)
    assert [(step, name) for step, _, name, _ in logged] == [
        *((2, name) for name in ("train_loss", "learning_rate", "examples_per_second")),
        (3, "val_loss"),
        *((4, name) for name in ("train_loss", "learning_rate", "examples_per_second")),
        *((6, name) for name in ("train_loss", "learning_rate", "examples_per_second")),
        (6, "val_loss"),
    ]
    losses = [(step, value) for step, _, name, value in logged if name == "val_loss"]
    # before the validation, which a machine may not live to see the end of, and after it
    assert saved == [(3, None), losses[0], (6, None), losses[1]]
    assert [step for step, _ in losses] == [3, 6]


def test_the_logged_loss_is_the_mean_over_the_tokens_since_the_last(toy_model: Path, pairs: Pairs) -> None:
    # a rate so small that the weights stay: the mean over an epoch is then that of all training tokens
    settings = SETTINGS.model_copy(update={"epochs": 1, "learning_rate": 1e-12, "log_every_steps": 3})
    model, examples, _ = _load(toy_model, pairs)
    _, logged, _ = _run(toy_model, pairs, settings)
    assert logged[0][:3] == (3, 1.0, "train_loss")
    assert logged[0][3] == pytest.approx(_loss(model, examples, 5), rel=1e-5)


def test_max_steps_below_an_epoch_still_ends_with_validation(toy_model: Path, pairs: Pairs) -> None:
    _, logged, saved = _run(toy_model, pairs, SETTINGS.model_copy(update={"max_steps": 1}))
    assert [step for step, _ in saved] == [1, 1]
    assert logged[-1][:3] == (1, pytest.approx(1 / 3), "val_loss")
    assert {name for *_, name, _ in logged} == {"train_loss", "learning_rate", "examples_per_second", "val_loss"}


def test_equal_seeds_give_equal_weights(toy_model: Path, pairs: Pairs) -> None:
    first, second = (_run(toy_model, pairs, SETTINGS)[0].state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    third = _run(toy_model, pairs, SETTINGS.model_copy(update={"seed": 5}))[0].state_dict()
    assert not all(torch.equal(first[name], third[name]) for name in first)


def test_a_causal_model_learns_through_its_chat_template(tmp_path: Path) -> None:
    build_toy("causal", tmp_path)
    both = {"train": toy_pairs(75, 1, "causal"), "validation": toy_pairs(20, 2, "causal")}
    settings = SETTINGS.model_copy(update={"epochs": 4, "batch_size": 8, "learning_rate": 1e-2})
    model, logged, _ = _run(tmp_path, both, settings, chat=True)
    losses = [value for _, value in _named(logged, "val_loss")]
    assert losses[-1] < 0.5 * losses[0]
    # the loss that was measured, by transformers alone: turns of its own template, one example at a time
    tokenizer = AutoTokenizer.from_pretrained(tmp_path, local_files_only=True)
    total, tokens = 0.0, 0
    for prompt, answer in zip(*both["validation"], strict=True):
        turn = [{"role": "user", "content": prompt}]
        text = tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
        before = len(tokenizer(text)["input_ids"])
        whole = torch.tensor([tokenizer(f"{text}{answer}{tokenizer.eos_token}")["input_ids"]])
        with torch.no_grad():
            logits = model(input_ids=whole).logits[0, before - 1 : -1]
        total += float(torch.nn.functional.cross_entropy(logits, whole[0, before:], reduction="sum"))
        tokens += whole.shape[1] - before
    assert total / tokens == pytest.approx(losses[-1], rel=1e-5)


def test_the_output_layer_trains_apart_from_the_embedding(toy_model: Path, pairs: Pairs) -> None:
    before: Any = load_model(toy_model)
    after: Any = _run(toy_model, pairs, SETTINGS)[0]
    assert not torch.equal(before.lm_head.weight, after.lm_head.weight)
    assert not torch.equal(before.shared.weight, after.shared.weight)
    assert not torch.equal(after.lm_head.weight, after.shared.weight)


def test_a_loss_that_is_not_finite_stops_at_once(toy_model: Path, pairs: Pairs) -> None:
    plain = load_model(toy_model)
    with torch.no_grad():
        plain.lm_head.weight[5, 5] = math.nan
    with pytest.raises(RadrayError, match=r"loss is nan at step 1; lower train.learning_rate \(now 0.005\)"):
        _run(toy_model, pairs, SETTINGS, plain)


def test_a_validation_loss_that_is_not_finite_is_not_the_best(toy_model: Path, pairs: Pairs) -> None:
    # a step of this rate leaves weights whose logits overflow
    settings = SETTINGS.model_copy(update={"learning_rate": 1.0, "max_steps": 1, "warmup_fraction": 0.0})
    plain = load_model(toy_model)
    with torch.no_grad():
        plain.lm_head.weight *= 1e38
    with pytest.raises(RadrayError, match=r"the loss (on the validation examples )?is (nan|inf)"):
        _run(toy_model, pairs, settings, plain)


def _scripted(values: list[float]) -> Score:
    """Return a score that gives one of `values` after the other."""
    left = list(values)
    return lambda: {"val_rouge1": 0.9, "val_rouge1_abnormal": left.pop(0)}


def _named(logged: list[tuple[int, float, str, float]], name: str) -> list[tuple[int, float]]:
    return [(step, value) for step, _, logged_name, value in logged if logged_name == name]


@pytest.mark.parametrize(("every", "expected"), [(1, [3, 6, 9, 12, 13]), (2, [6, 12, 13]), (3, [9, 13]), (None, [])])
def test_impressions_are_scored_every_so_many_epochs_and_at_the_end(
    every: int | None, expected: list[int], toy_model: Path, pairs: Pairs
) -> None:
    settings = SETTINGS.model_copy(update={"epochs": 5, "max_steps": 13, "rouge_every_epochs": every})
    _, logged, _ = _run(toy_model, pairs, settings, score=_scripted([0.1] * 5))
    assert [step for step, _ in _named(logged, "val_rouge1_abnormal")] == expected
    assert [step for step, _ in _named(logged, "val_loss")] == [3, 6, 9, 12, 13]
    # the loss is recorded last: with it everything is known of these weights
    assert logged[-1][2] == "val_loss"


@pytest.mark.parametrize(
    ("wait", "values", "best", "end"),
    [
        # 3 steps an epoch; two in a row that are no better end it
        (2, [0.2, 0.5, 0.4, 0.5, 0.9], 6, 12),
        (2, [0.2, 0.1, 0.3, 0.2, 0.4, 0.1], 15, 18),
        (1, [0.2, 0.1, 0.9], 3, 6),
        (None, [0.5, 0.4, 0.3, 0.2, 0.1, 0.0], 3, 18),
    ],
)
def test_the_abnormal_may_decide_what_is_best_and_when_to_stop(
    wait: int | None, values: list[float], best: int, end: int, toy_model: Path, pairs: Pairs
) -> None:
    more = {"epochs": 6, "best_by": "val_rouge1_abnormal", "early_stop_after": wait}
    state = State()
    _, logged, saved = _run(toy_model, pairs, SETTINGS.model_copy(update=more), state=state, score=_scripted(values))
    assert (state.best_step, state.best) == (best, -values[best // 3 - 1])
    assert state.step == saved[-1][0] == end
    assert [value for _, value in _named(logged, "val_rouge1_abnormal")] == values[: end // 3]


def test_the_last_weights_may_be_kept_whatever_the_loss(toy_model: Path, pairs: Pairs) -> None:
    # targets that belong to other inputs: the loss on them rises in the end
    inputs, targets = pairs["validation"]
    crossed = {**pairs, "validation": (inputs, targets[1:] + targets[:1])}
    state = State()
    _, logged, _ = _run(toy_model, crossed, SETTINGS.model_copy(update={"epochs": 20, "best_by": "last"}), state=state)
    losses = [value for _, value in _named(logged, "val_loss")]
    assert min(losses) < losses[-1]
    assert state.best_step == state.step == 60


def test_the_loss_may_decide_when_to_stop_and_then_no_step_is_taken_again(toy_model: Path, pairs: Pairs) -> None:
    # targets that belong to other inputs: the loss on them falls while the language is learnt, and then rises
    inputs, targets = pairs["validation"]
    crossed = {**pairs, "validation": (inputs, targets[1:] + targets[:1])}
    settings = SETTINGS.model_copy(update={"epochs": 40, "early_stop_after": 2})
    state = State()
    _, logged, _ = _run(toy_model, crossed, settings, state=state)
    losses = [value for _, value in _named(logged, "val_loss")]
    assert 3 <= len(losses) < 40
    assert min(losses) == losses[-3] < min(losses[-2:])
    assert state.best_step == state.step - 6
    ended = state.step
    assert _run(toy_model, crossed, settings, state=state)[1:] == ([], [])
    assert state.step == ended


def test_what_the_time_limit_adds_does_not_count_against_patience() -> None:
    state = State(step=3)
    state.validated(1.0, 1.0)
    state.stepped(4)
    state.validated(2.0, 2.0, in_turn=False)
    assert (state.since_best, state.best_step, state.val_loss) == (0, 3, 2.0)
    state.stepped(6)
    assert (state.val_loss, state.decisive) == (None, None)
    state.validated(1.5, 1.5)
    assert State.of(state.to_dict()) == state
    assert (state.since_best, state.best) == (1, 1.0)


@pytest.mark.parametrize(
    ("every", "expected"), [(1, [1, 2, 3, 3, 4, 5, 6, 6]), (4, [3, 3, 4, 6, 6]), (None, [3, 3, 6, 6])]
)
def test_checkpoints_are_saved_by_steps_and_around_each_validation(
    every: int | None, expected: list[int], toy_model: Path, pairs: Pairs
) -> None:
    settings = SETTINGS.model_copy(update={"checkpoint_every_steps": every})
    assert [step for step, _ in _run(toy_model, pairs, settings)[2]] == expected


def test_checkpoints_are_saved_by_time(toy_model: Path, pairs: Pairs) -> None:
    settings = SETTINGS.model_copy(update={"checkpoint_every_minutes": 1e-9})
    assert [step for step, _ in _run(toy_model, pairs, settings)[2]] == [1, 2, 3, 3, 4, 5, 6, 6]


def test_the_time_to_the_next_checkpoint_begins_after_a_validation(
    toy_model: Path, pairs: Pairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("radray.training.loop.loop.time.monotonic", lambda: now)

    def score() -> dict[str, float]:
        nonlocal now
        now += 3600.0
        return {}

    settings = SETTINGS.model_copy(update={"checkpoint_every_minutes": 10.0})
    assert [step for step, _ in _run(toy_model, pairs, settings, score=score)[2]] == [3, 3, 6, 6]


def test_adafactor_is_torchs_adafactor() -> None:
    torch.manual_seed(3)
    ours = [torch.nn.Parameter(torch.randn(shape)) for shape in ((7, 5), (6,), (1, 4))]
    theirs = [torch.nn.Parameter(parameter.detach().clone()) for parameter in ours]
    optimiser = Adafactor(ours, lr=0.02, weight_decay=0.1)
    other = torch.optim.Adafactor(theirs, lr=0.02, weight_decay=0.1)
    before = [parameter.detach().clone() for parameter in ours]
    for step in range(30):
        for mine, its in zip(ours, theirs, strict=True):
            mine.grad = torch.randn_like(mine) * (step + 1)
            its.grad = mine.grad.clone()
        optimiser.step()
        other.step()
    for mine, its, start in zip(ours, theirs, before, strict=True):
        torch.testing.assert_close(mine, its, rtol=1e-5, atol=1e-6)
        assert float((mine - start).detach().abs().max()) > 0.1


@pytest.mark.parametrize("optimiser", ["adamw", "adafactor"])
def test_filling_the_state_changes_no_weight_and_gives_every_tensor_of_it(optimiser: Any, toy_model: Path) -> None:
    settings = TrainSettings(optimiser=optimiser)
    model = load_model(toy_model)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    filled = build_optimiser(model, settings)
    fill_state(filled)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    stepped = build_optimiser(model, settings)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    stepped.step()
    shapes = [{key: value.shape for key, value in filled.state[p].items()} for p in model.parameters()]
    assert shapes == [{key: value.shape for key, value in stepped.state[p].items()} for p in model.parameters()]
    assert all(shapes)


@pytest.mark.parametrize(("capability", "refused"), [((7, 0), True), ((7, 5), True), ((8, 0), False), ((9, 0), False)])
def test_bf16_needs_a_compute_capability_of_8(capability: tuple[int, int], refused: bool) -> None:
    if not refused:
        refuse_bf16(capability)
        return
    with pytest.raises(
        ConfigError, match=rf"{capability[0]}\.{capability[1]}, and bf16 needs 8\.0 .* train.precision=fp32"
    ):
        refuse_bf16(capability)
