"""A training that was killed, stopped or met a bad disk, and resumed: the same as an undisturbed one."""

import json
import re
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from radray.settings.train import TrainSettings
from radray.training.checkpoints.files import step_name, steps_in
from radray.training.checkpoints.store import Checkpoints
from radray.training.loop.sharding import Worker
from radray.training.loop.state import State
from radray.training.loop.team import Team
from tests.support.training.learning_process import ALONE, Pairs, Plan, Ran, run, run_workers, state_of, tensors_in
from tests.support.training.toy import both_families

SETTINGS: dict[str, Any] = {
    "epochs": 3,
    "batch_size": 25,
    "learning_rate": 5e-3,
    "log_every_steps": 2,
    "threads_per_worker": 1,
    "seed": 4,
    "checkpoint_every_steps": 1,
    "checkpoint_every_minutes": None,
}
"""9 steps, 3 an epoch, a checkpoint after each."""
TWO = TrainSettings(**SETTINGS, workers=2, sharding="fsdp", micro_batch_tokens=300)


@pytest.fixture(scope="module")
def model(toy_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy model with dropout, so that random numbers matter."""
    folder = tmp_path_factory.mktemp("dropout") / "toy"
    shutil.copytree(toy_model, folder)
    config = json.loads((folder / "config.json").read_text())
    (name,) = {"dropout_rate", "attention_dropout"} & set(config)
    config[name] = 0.1
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, tuple[Plan, Ran]]:
    """Runs of two undisturbed workers by family: once each, in whatever order the tests come."""
    return {}


@pytest.fixture
def whole(
    undisturbed: dict[str, tuple[Plan, Ran]],
    toy_family: str,
    model: Path,
    pairs: Pairs,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Plan, Ran]:
    """Two undisturbed workers."""
    if toy_family not in undisturbed:
        plan = Plan(model, pairs, TWO, tmp_path_factory.mktemp("whole") / "checkpoints")
        undisturbed[toy_family] = (plan, run_workers(plan)[0])
    return undisturbed[toy_family]


def _same(first: Ran, second: Ran) -> None:
    """Step for step: the last two digits of a loss are the order of sums between threads, nothing else may differ."""
    names = ("train_loss", "val_loss", "learning_rate")
    assert [value[:3] for value in first.logged] == [value[:3] for value in second.logged]
    assert [v for *_, n, v in first.logged if n in names] == [v for *_, n, v in second.logged if n in names]


def _equal_tensors(folder: Path, other: Path, step: int = 9) -> None:
    first, second = tensors_in(folder, step), tensors_in(other, step)
    assert set(first) == set(second)
    assert any(name.startswith("optimiser.") for name in first)
    assert [name for name in first if not torch.equal(first[name], second[name])] == []


@both_families
def test_dropout_is_on(whole: tuple[Plan, Ran], toy_model: Path, pairs: Pairs, tmp_path: Path) -> None:
    without = run(Plan(toy_model, pairs, TrainSettings(**SETTINGS), tmp_path / "checkpoints"), Worker())
    assert without.values("train_loss")[0] != pytest.approx(whole[1].values("train_loss")[0], rel=1e-4)


@pytest.mark.parametrize(("toy_family", "die_at"), [("t5", 4), ("t5", 6), ("causal", 4)], indirect=["toy_family"])
def test_a_killed_worker_costs_the_steps_since_its_checkpoint_alone(
    die_at: int, whole: tuple[Plan, Ran], tmp_path: Path
) -> None:
    plan = replace(whole[0], folder=tmp_path / "checkpoints", die_at=die_at)
    ran = run_workers(plan)
    assert [worker.exit for worker in ran] == [ALONE, -signal.SIGKILL]
    again = run_workers(replace(plan, die_at=None))
    assert [worker.exit for worker in again] == [0, 0]
    outcome = again[0].outcome
    # one checkpoint may still have been in the writing
    assert outcome is not None
    assert outcome.resumed_from in (die_at - 2, die_at - 1)
    assert again[0].notes == [f"resumes from the checkpoint of step {outcome.resumed_from}"]
    _same(again[0], whole[1])
    _equal_tensors(plan.folder, whole[0].folder)


def test_a_worker_killed_while_it_validates_costs_the_validation_alone(whole: tuple[Plan, Ran], tmp_path: Path) -> None:
    plan = replace(whole[0], folder=tmp_path / "checkpoints", die_validating=6)
    assert [worker.exit for worker in run_workers(plan)] == [ALONE, -signal.SIGKILL]
    assert state_of(plan.folder, 6)["val_loss"] is None
    again = run_workers(replace(plan, die_validating=None))[0]
    assert again.outcome is not None
    assert again.outcome.resumed_from == 6
    _same(again, whole[1])
    _equal_tensors(plan.folder, whole[0].folder)


@both_families
def test_a_run_of_two_workers_goes_on_with_one(model: Path, pairs: Pairs, tmp_path: Path, toy_model: Path) -> None:
    # without dropout, which draws as many numbers as a worker has rows: then the sums alone differ
    plan = Plan(toy_model, pairs, TWO, tmp_path / "checkpoints", stop_at=5)
    first = run_workers(plan)
    assert [worker.outcome.why for worker in first if worker.outcome] == ["stopped", "stopped"]
    alone = TrainSettings(**SETTINGS)
    again = run(replace(plan, settings=alone, stop_at=None), Worker())
    never_two = run(Plan(toy_model, pairs, alone, tmp_path / "alone"), Worker())
    assert again.outcome is not None
    assert (again.outcome.resumed_from, again.outcome.steps) == (5, 9)
    for name in ("train_loss", "val_loss"):
        assert again.values(name) == [(s, pytest.approx(v, rel=1e-4)) for s, v in never_two.values(name)]
    tensors, expected = tensors_in(plan.folder, 9), tensors_in(tmp_path / "alone", 9)
    assert set(tensors) == set(expected)
    for name, value in expected.items():
        torch.testing.assert_close(tensors[name], value, rtol=1e-3, atol=1e-4, msg=name)


# in the middle of an epoch, at the end of one, which is validated by the run that goes on, and at the very last step
@pytest.mark.parametrize(
    ("toy_family", "stop_at"), [("t5", 5), ("t5", 6), ("t5", 9), ("causal", 6)], indirect=["toy_family"]
)
def test_a_request_to_stop_makes_all_save_and_end_after_the_step(
    stop_at: int, whole: tuple[Plan, Ran], tmp_path: Path
) -> None:
    # only the last worker gets the request
    plan = replace(whole[0], folder=tmp_path / "checkpoints", stop_at=stop_at)
    for worker in run_workers(plan):
        assert worker.outcome is not None
        assert (worker.outcome.why, worker.outcome.steps) == ("stopped", stop_at)
        assert [step for step, _ in worker.values("val_loss")] == [step for step in (3, 6, 9) if step < stop_at]
    assert steps_in(plan.folder)[-1] == stop_at
    again = run_workers(replace(plan, stop_at=None))[0]
    assert again.outcome is not None
    assert (again.outcome.resumed_from, again.outcome.why) == (stop_at, "done")
    _same(again, whole[1])
    _equal_tensors(plan.folder, whole[0].folder)
    # but for the speeds among what was logged
    mine, theirs = (state_of(folder, 9) | {"logged": None} for folder in (plan.folder, whole[0].folder))
    assert mine == theirs


def test_of_a_step_that_is_written_the_state_alone_is_written_again(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, Team(Worker()), kept=2, note=lambda _: None)
    tensors, state = {"model.one": torch.ones(3)}, State(step=3)
    checkpoints.save(tensors, state)
    checkpoints.finish()
    files = {path: path.stat() for path in (tmp_path / step_name(3)).iterdir()}
    assert len(files) == 3
    state.validated(0.5, 0.5)
    checkpoints.save(tensors, state)
    checkpoints.finish()
    assert state_of(tmp_path, 3)["val_loss"] == 0.5
    written = [path.name for path, before in files.items() if path.stat().st_ino != before.st_ino]
    assert written == ["manifest.json"]
    assert {path: path.stat().st_mtime_ns for path in files if path.name not in written} == {
        path: before.st_mtime_ns for path, before in files.items() if path.name not in written
    }


def test_the_newest_so_many_are_kept_and_the_best(whole: tuple[Plan, Ran]) -> None:
    folder = whole[0].folder
    losses = {step: state_of(folder, step)["val_loss"] for step in steps_in(folder)}
    best = state_of(folder, 9)["best_step"]
    assert sorted(losses) == sorted({8, 9, best})
    assert losses[best] == min(value for _, value in whole[1].values("val_loss"))


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("toy_family", "name"),
    [("t5", "__1_0.distcp"), ("t5", ".metadata"), ("t5", "manifest.json"), ("t5", "gone"), ("causal", "__1_0.distcp")],
    indirect=["toy_family"],
)
def test_a_damaged_newest_checkpoint_is_reported_and_the_one_before_used(
    name: str, whole: tuple[Plan, Ran], tmp_path: Path
) -> None:
    plan = replace(whole[0], folder=tmp_path / "checkpoints")
    # as a run leaves it that ended before it could say so: steps 8 and 9
    shutil.copytree(whole[0].folder, plan.folder)
    newest = plan.folder / "step-0000000009"
    if name == "gone":
        name = "__0_0.distcp"
        (newest / name).unlink()
    else:
        _flip(newest / name)
    again = run_workers(plan)
    assert again[0].outcome is not None
    assert again[0].outcome.resumed_from == 8
    assert again[0].notes[1:] == ["resumes from the checkpoint of step 8"]
    assert again[0].notes[0].startswith(f"the checkpoint of step 9 is damaged ({name} ")
    assert again[0].notes[0].endswith("): the one before it is used")
    assert again[1].notes == []
    _same(again[0], whole[1])
    _equal_tensors(plan.folder, whole[0].folder)


def test_what_was_never_finished_is_removed(whole: tuple[Plan, Ran], tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    shutil.copytree(whole[0].folder / "step-0000000008", folder / "step-0000000008")
    shutil.copytree(whole[0].folder / "step-0000000009", folder / "step-0000000009")
    (folder / "step-0000000009" / "manifest.json").unlink()
    again = run_workers(replace(whole[0], folder=folder))
    assert again[0].outcome is not None
    assert again[0].outcome.resumed_from == 8
    assert again[0].notes == ["resumes from the checkpoint of step 8"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_ends_the_run_in_a_line_and_leaves_the_last_checkpoint(
    workers: int, whole: tuple[Plan, Ran], tmp_path: Path
) -> None:
    settings = TWO if workers == 2 else TrainSettings(**SETTINGS)
    plan = replace(whole[0], settings=settings, folder=tmp_path / "checkpoints", full_at=5)
    ran = run_workers(plan)
    # the disk refuses one worker; all raise that, and end
    assert [worker.exit for worker in ran] == [0] * workers
    says = r"^fine-tuning: the checkpoint of step (\d) cannot be written to "
    steps = {int(step) for worker in ran for step in re.findall(says, str(worker.error))}
    for worker in ran:
        # the words of the system, or of torch's writer, which keeps them to itself
        cause = r": (File too large|RuntimeError) \([\d,]+ MB free there\); make room or set"
        assert re.search(cause, str(worker.error))
        assert "\n" not in str(worker.error)
    # 4 may still have been in the writing when the disk filled up
    assert steps in ({4}, {5})
    assert steps_in(plan.folder)[-1] == max(steps) - 1
    again = run_workers(replace(plan, full_at=None))
    assert again[0].outcome is not None
    assert (again[0].outcome.resumed_from, again[0].outcome.steps) == (max(steps) - 1, 9)
    if workers == 2:
        _same(again[0], whole[1])
        _equal_tensors(plan.folder, whole[0].folder)


def test_the_time_limit_ends_with_validation_and_a_checkpoint(whole: tuple[Plan, Ran], tmp_path: Path) -> None:
    settings = TWO.model_copy(update={"max_hours": 1e-9})
    plan = replace(whole[0], settings=settings, folder=tmp_path / "checkpoints")
    ran = run_workers(plan)
    for worker in ran:
        assert worker.outcome is not None
        assert (worker.outcome.why, worker.outcome.steps) == ("max_hours", 1)
        assert [step for step, _ in worker.values("val_loss")] == [1]
    assert state_of(plan.folder, 1)["best_step"] == 1
    # each run goes on by a step: the ninth is the last
    again = run_workers(replace(plan, settings=TWO))
    assert again[0].outcome is not None
    assert (again[0].outcome.resumed_from, again[0].outcome.why) == (1, "done")
    _equal_tensors(plan.folder, whole[0].folder)


def test_another_optimisers_checkpoint_is_refused(whole: tuple[Plan, Ran]) -> None:
    other = TWO.model_copy(update={"optimiser": "adafactor"})
    for worker in run_workers(replace(whole[0], settings=other)):
        assert "is of another model or optimiser" in str(worker.error)


def test_a_finished_run_does_nothing_again(whole: tuple[Plan, Ran]) -> None:
    again = run_workers(whole[0])
    assert again[0].outcome is not None
    assert (again[0].outcome.resumed_from, again[0].outcome.steps) == (9, 9)
    assert again[0].logged == whole[1].logged
