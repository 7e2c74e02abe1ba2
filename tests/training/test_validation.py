"""Impressions written and scored while a model learns: the same by one worker, DDP and FSDP2, killed or not."""

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from radray.evaluation.rouge import Scorer
from radray.models.engines.transformers_beam import TransformersEngine
from radray.models.families.registry import open_family
from radray.settings.train import TrainSettings
from radray.training.checkpoints.store import Checkpoints
from radray.training.delivery.export import export_checkpoint
from radray.training.loop.sharding import Learner, Worker
from radray.training.loop.team import Team
from radray.training.loop.validation import FIGURES, score_sample
from tests.support.training.learning_process import ALONE, SCORING, Pairs, Plan, Ran, run, run_workers, sample_of
from tests.support.training.toy import both_families

SETTINGS: dict[str, Any] = {
    "epochs": 8,
    "batch_size": 20,
    "learning_rate": 1e-2,
    "log_every_steps": 4,
    "rouge_every_epochs": 4,
    "threads_per_worker": 1,
    "seed": 4,
}
"""32 steps, 4 an epoch."""
SPREAD: dict[str, dict[str, Any]] = {
    "ddp": {"workers": 2},
    # 9 reports in calls of one or two: a worker has none left while the other still writes
    "fsdp, checkpointing, few a call": {
        "workers": 2,
        "sharding": "fsdp",
        "activation_checkpointing": True,
        "micro_batch_tokens": 120,
    },
    "fsdp, one worker": {"sharding": "fsdp"},
}


@pytest.fixture(scope="module")
def scored(pairs: Pairs) -> tuple[list[str], list[str]]:
    """Nine reports of validation; every third has a reference that is normal, one has nothing that can be judged."""
    inputs, targets = (list(column[:9]) for column in pairs["validation"])
    return inputs, ["No acute disease." if n % 3 == 0 else "___." if n == 1 else targets[n] for n in range(9)]


@pytest.fixture(scope="module")
def alone(toy_model: Path, pairs: Pairs, scored: Any, tmp_path_factory: Any) -> tuple[Plan, Ran]:
    folder = tmp_path_factory.mktemp("alone") / "checkpoints"
    plan = Plan(toy_model, pairs, TrainSettings(**SETTINGS), folder, scored=scored)
    return plan, run(plan, Worker())


def _figures(ran: Ran, step: int = 32) -> dict[str, float]:
    return {name: value for at, _, name, value in ran.logged if at == step and name.startswith("val_rouge")}


def _exported(plan: Plan, folder: Path, step: int = 32) -> Path:
    checkpoints = Checkpoints(plan.folder, Team(Worker()), kept=2, note=lambda line: None)
    export_checkpoint(plan.init, "base", plan.settings, checkpoints, step, folder)
    return folder


def _by_hand(folder: Path, scored: tuple[list[str], list[str]]) -> dict[str, float]:
    """The figures by the engine that `generate` has, and the kinds as the fixture says they are."""
    search = SCORING.generate.model_copy(update={"threads_per_actor": 1, "engine": "transformers"})
    texts = [answer.hypotheses[0].text for answer in TransformersEngine(folder, search).generate(scored[0])]
    each = [Scorer(stemmer=True).score(*pair) for pair in zip(scored[1], texts, strict=True)]
    kinds: dict[str, list[float]] = {
        "": [1] * 9,
        "_normal": [1, 0, 0, 1, 0, 0, 1, 0, 0],
        "_abnormal": [0, 0, 1, 0, 1, 1, 0, 1, 1],
        # 3 normal and 5 abnormal ones: a fifth of the weight to the former
        "_standardised": [0.2 / 3, 0, 0.16, 0.2 / 3, 0.16, 0.16, 0.2 / 3, 0.16, 0.16],
    }
    return {
        f"val_{metric}{kind}": sum(each[n][f"{metric}_f"] * weights[n] for n in range(9)) / sum(weights)
        for kind, weights in kinds.items()
        for metric in ("rouge1", "rouge2", "rougel")
    }


@both_families
def test_the_figures_are_those_of_generates_own_engine(alone: tuple[Plan, Ran], scored: Any, tmp_path: Path) -> None:
    plan, ran = alone
    assert sorted({at for at, _, name, _ in ran.logged if name == "val_rouge1"}) == [16, 32]
    figures = _figures(ran)
    assert set(figures) == set(FIGURES)
    assert figures == pytest.approx(_by_hand(_exported(plan, tmp_path / "export"), scored), rel=1e-9)
    # something was learnt of what is to be written, and none of what is not
    assert figures["val_rouge1_abnormal"] > 0.3 > figures["val_rouge1_normal"]


@both_families
@pytest.mark.parametrize("how", SPREAD)
def test_spread_over_workers_the_figures_are_the_same(
    how: str, alone: tuple[Plan, Ran], scored: Any, toy_model: Path, pairs: Pairs, tmp_path: Path
) -> None:
    settings = TrainSettings(**SETTINGS, **SPREAD[how])
    plan = Plan(toy_model, pairs, settings, tmp_path / "checkpoints", scored=scored)
    ran = run_workers(plan)
    assert [worker.exit for worker in ran] == [0] * settings.workers
    for worker in ran:
        assert [value[:3] for value in worker.logged] == [value[:3] for value in alone[1].logged]
        assert _figures(worker) == _figures(ran[0])
    # of the very weights that were trained: those of one worker differ in the last digits, and a beam may turn on them
    assert _figures(ran[0]) == pytest.approx(_by_hand(_exported(plan, tmp_path / "export"), scored), rel=1e-6)
    # and scoring is no part of training
    names = ("train_loss", "val_loss")
    for name in names:
        assert ran[0].values(name) == [(s, pytest.approx(v, rel=1e-3)) for s, v in alone[1].values(name)]


@both_families
@pytest.mark.parametrize(
    "more", [{"method": "lora", "workers": 2, "sharding": "fsdp"}, {"method": "soft_prompt", "workers": 2}]
)
def test_adapters_are_scored_as_what_they_become(
    more: dict[str, Any], toy_model: Path, pairs: Pairs, scored: Any, tmp_path: Path
) -> None:
    settings = TrainSettings(
        **{**SETTINGS, "epochs": 2, "learning_rate": 5e-2}, **more, lora_rank=4, soft_prompt_tokens=5
    )
    plan = Plan(toy_model, pairs, settings, tmp_path / "checkpoints", scored=scored)
    ran = run_workers(plan)
    assert [worker.exit for worker in ran] == [0, 0]
    by_hand = _by_hand(_exported(plan, tmp_path / "export", 8), scored)
    assert _figures(ran[0], 8) == pytest.approx(by_hand, rel=1e-6)


def test_scoring_leaves_the_training_as_it_is(alone: tuple[Plan, Ran], tmp_path: Path) -> None:
    without = run(replace(alone[0], folder=tmp_path / "checkpoints", scored=None), Worker())
    assert _figures(without) == {}
    for name in ("train_loss", "val_loss"):
        assert without.values(name) == alone[1].values(name)


def test_killed_and_resumed_the_figures_are_the_same(
    scored: Any, toy_model: Path, pairs: Pairs, tmp_path: Path
) -> None:
    more: dict[str, Any] = {
        "workers": 2,
        "sharding": "fsdp",
        "checkpoint_every_steps": 1,
        "best_by": "val_rouge1_abnormal",
    }
    settings = TrainSettings(**{**SETTINGS, "epochs": 3, "rouge_every_epochs": 1}, **more, early_stop_after=3)
    whole = Plan(toy_model, pairs, settings, tmp_path / "whole", scored=scored)
    expected = run_workers(whole)[0]
    plan = replace(whole, folder=tmp_path / "killed", die_at=7)
    assert [worker.exit for worker in run_workers(plan)] == [ALONE, -signal.SIGKILL]
    again = run_workers(replace(plan, die_at=None))[0]
    assert again.outcome is not None
    assert again.outcome.resumed_from in (5, 6)
    names = {"train_loss", "val_loss", *FIGURES}
    assert [row for row in again.logged if row[2] in names] == [row for row in expected.logged if row[2] in names]


def test_a_kind_without_a_report_has_no_figure(toy_model: Path, pairs: Pairs) -> None:
    model = open_family(toy_model).load_model(toy_model)
    sample = sample_of(toy_model, (pairs["validation"][0][:2], ["Clear lungs.", "No acute disease."]))
    figures = score_sample(Learner(model, model, Worker()), sample, TrainSettings())
    assert set(figures) == {name for name in FIGURES if not name.endswith(("_abnormal", "_standardised"))}
