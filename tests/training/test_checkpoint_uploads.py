"""Checkpoints on S3, through the proxy that does what networks and stores do wrong."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from radray.settings.train import TrainSettings
from radray.storage.files import Storage
from radray.training.checkpoints import uploads as checkpoint_uploads
from radray.training.checkpoints.files import CheckpointManifest, step_name, steps_in
from radray.training.checkpoints.store import Checkpoints
from radray.training.checkpoints.uploads import Uploads
from radray.training.loop.sharding import Worker
from radray.training.loop.team import Team
from tests.support.faults.fault_proxy import Fault, FaultProxy, Operation, Rule, running_proxy
from tests.support.s3_server import BUCKET, S3Server
from tests.support.training.learning_process import Pairs, Plan, run, run_workers, tensors_in

SETTINGS = TrainSettings(
    epochs=3,
    batch_size=25,
    learning_rate=5e-3,
    threads_per_worker=1,
    seed=4,
    checkpoint_every_steps=1,
    log_every_steps=2,
)
"""9 steps, a checkpoint after each."""


@pytest.fixture(scope="module")
def proxy(s3_server: S3Server) -> Iterator[FaultProxy]:
    with running_proxy(s3_server.endpoint) as proxy:
        yield proxy


@pytest.fixture
def plan(s3: S3Server, proxy: FaultProxy, toy_model: Path, pairs: Pairs, tmp_path: Path) -> Plan:
    proxy.plan()
    storage = Storage.of(s3.settings(endpoint=proxy.endpoint))
    return Plan(
        toy_model, pairs, SETTINGS, tmp_path / "checkpoints", uploads=Uploads(storage, f"s3://{BUCKET}/{tmp_path.name}")
    )


@pytest.fixture(scope="module")
def whole(toy_model: Path, pairs: Pairs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoints of an undisturbed run."""
    folder = tmp_path_factory.mktemp("whole") / "checkpoints"
    assert run(Plan(toy_model, pairs, SETTINGS, folder), Worker()).outcome is not None
    return folder


def _as_if_nothing_happened(folder: Path, whole: Path) -> bool:
    tensors, expected = tensors_in(folder, 9), tensors_in(whole, 9)
    return set(tensors) == set(expected) and all(torch.equal(tensors[name], expected[name]) for name in tensors)


# in the middle of an epoch, and at the end of one, which is still to be validated
@pytest.mark.parametrize("stop_at", [5, 6])
def test_a_lost_disk_costs_nothing(stop_at: int, plan: Plan, whole: Path) -> None:
    assert plan.uploads is not None
    run(replace(plan, stop_at=stop_at), Worker())
    assert plan.uploads.steps() == steps_in(plan.folder)
    assert plan.uploads.steps()[-1] == stop_at
    shutil.rmtree(plan.folder)
    again = run(plan, Worker())
    assert again.outcome is not None
    assert (again.outcome.resumed_from, again.outcome.steps) == (stop_at, 9)
    assert again.notes == [f"resumes from the checkpoint of step {stop_at}"]
    assert plan.uploads.steps()[-2:] == [8, 9]
    assert _as_if_nothing_happened(plan.folder, whole)


def test_two_workers_upload_and_one_resumes(plan: Plan) -> None:
    assert plan.uploads is not None
    two = replace(plan, settings=SETTINGS.model_copy(update={"workers": 2, "sharding": "fsdp"}), stop_at=4)
    assert [(worker.exit, worker.error) for worker in run_workers(two)] == [(0, None), (0, None)]
    shutil.rmtree(plan.folder)
    again = run(plan, Worker())
    assert again.outcome is not None
    assert again.outcome.resumed_from == 4


def test_files_go_in_parts_and_come_back_whole(plan: Plan, monkeypatch: pytest.MonkeyPatch, whole: Path) -> None:
    monkeypatch.setattr(checkpoint_uploads, "PART_BYTES", 10_000)
    assert plan.uploads is not None
    run(replace(plan, stop_at=5), Worker())
    objects = plan.uploads.storage.list_files(f"{plan.uploads.uri}/step-0000000005", "")
    assert len([name for name in objects if "__0_0.distcp." in name]) > 10
    shutil.rmtree(plan.folder)
    run(plan, Worker())
    assert _as_if_nothing_happened(plan.folder, whole)


def test_a_state_after_validation_not_uploaded_costs_the_validation_alone(
    plan: Plan, proxy: FaultProxy, whole: Path
) -> None:
    proxy.plan(Rule(Fault.FORBIDDEN, Operation.PUT, first=2, count=None, key="step-0000000003/manifest"))
    refused = run(plan, Worker())
    assert refused.error is not None
    assert proxy.count(Fault.FORBIDDEN, Operation.PUT) >= 1
    assert "the checkpoint of step 3 cannot be written" in str(refused.error)
    proxy.plan()
    assert plan.uploads is not None
    for manifest in (
        CheckpointManifest.read(plan.folder / step_name(3)),
        plan.uploads.manifest(plan.folder / step_name(3)),
    ):
        assert manifest.state["val_loss"] is None
    again = run(plan, Worker())
    assert again.notes == ["resumes from the checkpoint of step 3"]
    assert _as_if_nothing_happened(plan.folder, whole)


def test_the_best_checkpoint_comes_from_the_upload_where_a_disk_is_behind(plan: Plan) -> None:
    run(plan, Worker())
    checkpoints = Checkpoints(plan.folder, Team(Worker()), kept=2, note=lambda _: None, uploads=plan.uploads)
    best = checkpoints.best()
    assert best is not None
    folder = plan.folder / step_name(best[0])
    whole = CheckpointManifest.read(folder)
    # as it was before the validation
    CheckpointManifest(whole.files, {**whole.state, "val_loss": None, "decisive": None}).write(folder)
    assert checkpoints.best() == best


@pytest.mark.parametrize(
    ("fault", "operation"),
    [
        (Fault.ERROR, Operation.PUT),
        (Fault.SLOW_DOWN, Operation.PUT),
        (Fault.RESET, Operation.PUT),
        (Fault.LOST, Operation.PUT),
        (Fault.FLIPPED_IN, Operation.PUT),
    ],
)
def test_an_upload_that_fails_is_asked_again_and_the_checkpoint_is_whole(
    fault: Fault, operation: Operation, plan: Plan, proxy: FaultProxy, whole: Path
) -> None:
    proxy.plan(Rule(fault, operation, first=3, count=2))
    run(replace(plan, stop_at=5), Worker())
    assert proxy.count(fault, operation) == 2
    proxy.plan()
    shutil.rmtree(plan.folder)
    again = run(plan, Worker())
    assert again.outcome is not None
    assert again.outcome.resumed_from == 5
    assert _as_if_nothing_happened(plan.folder, whole)


@pytest.mark.parametrize("fault", [Fault.FLIPPED, Fault.TRUNCATED])
def test_a_fault_while_fetching_is_asked_again(fault: Fault, plan: Plan, proxy: FaultProxy, whole: Path) -> None:
    run(replace(plan, stop_at=5), Worker())
    shutil.rmtree(plan.folder)
    proxy.plan(Rule(fault, Operation.GET, key=".distcp", count=1))
    again = run(plan, Worker())
    assert proxy.count(fault) == 1
    assert again.outcome is not None
    assert again.outcome.resumed_from == 5
    assert _as_if_nothing_happened(plan.folder, whole)


def test_an_upload_that_is_refused_ends_the_run_in_one_line(plan: Plan, proxy: FaultProxy, whole: Path) -> None:
    proxy.plan(Rule(Fault.FORBIDDEN, Operation.PUT, key="step-0000000004", count=None))
    ran = run(plan, Worker())
    assert proxy.count(Fault.FORBIDDEN) >= 1
    assert str(ran.error).startswith("fine-tuning: the checkpoint of step 4 cannot be written to ")
    assert "AccessDenied (HTTP 403)" in str(ran.error)
    assert "\n" not in str(ran.error)
    proxy.plan()
    again = run(plan, Worker())
    assert again.outcome is not None
    assert again.outcome.resumed_from == 3
    assert _as_if_nothing_happened(plan.folder, whole)


def test_a_damaged_upload_is_reported_and_the_one_before_is_used(plan: Plan, whole: Path) -> None:
    assert plan.uploads is not None
    run(replace(plan, stop_at=5), Worker())
    shutil.rmtree(plan.folder)
    storage = plan.uploads.storage
    part = next(uri for uri in storage.list_files(f"{plan.uploads.uri}/step-0000000005", "") if ".distcp." in uri)
    storage.write(part, storage.read(part)[:-1] + b"?")
    again = run(plan, Worker())
    assert again.outcome is not None
    assert again.outcome.resumed_from == 4
    assert again.notes[0] == (
        "the checkpoint of step 5 is damaged (__0_0.distcp is not what was uploaded): the one before it is used"
    )
    assert _as_if_nothing_happened(plan.folder, whole)
