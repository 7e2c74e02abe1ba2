"""Trainings in processes of their own, several workers with gloo: no Ray, which costs 8 s to start."""

import gc
import json
import os
import resource
import signal
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import distributed
from torch.distributed.checkpoint.format_utils import dcp_to_torch_save

from radray.errors import RadrayError
from radray.models.families.registry import open_family
from radray.settings.generate import GenerateSettings
from radray.settings.train import TrainSettings
from radray.training.checkpoints.files import CheckpointManifest, step_name
from radray.training.checkpoints.store import Checkpoints
from radray.training.checkpoints.uploads import Uploads
from radray.training.driver.job import Outcome
from radray.training.driver.learning import learn
from radray.training.loop.examples import Examples
from radray.training.loop.sharding import Worker
from radray.training.loop.team import Team
from radray.training.loop.validation import Sample
from radray.training.scoring import Scoring
from tests.support.forked import PROCESSES, start_server
from tests.support.training.examples import tokenise

Pairs = dict[str, tuple[list[str], list[str]]]
Logged = list[tuple[int, float, str, float]]

HANGS_S = 180
"""What no run of workers here takes: 20 s on a loaded machine."""
SCORING = Scoring(GenerateSettings(num_beams=3, max_new_tokens=12, max_input_tokens=64), normal_weight=0.2)
ALONE = 17
"""Exit code of a worker whose connection to another broke."""


@dataclass
class Ran:
    """What a worker came to: exit code of its process, outcome or error, what was logged and noted."""

    exit: int | None
    outcome: Outcome | None
    error: RadrayError | None
    logged: Logged
    notes: list[str]

    def values(self, name: str) -> list[tuple[int, float]]:
        return [(step, value) for step, _, logged_name, value in self.logged if logged_name == name]


@dataclass(frozen=True)
class Plan:
    """What the workers of one run do.

    In its step `die_at` the last worker kills itself, SIGKILL, or (`die_validating`) when that step's checkpoint is
    whole and its weights are validated; in `stop_at` it is asked to stop; from `full_at` on its disk takes no file
    of over 1 kB.
    """

    init: Path
    pairs: Pairs
    settings: TrainSettings
    folder: Path
    die_at: int | None = None
    die_validating: int | None = None
    stop_at: int | None = None
    full_at: int | None = None
    uploads: Uploads | None = None
    init_of_last: Path | None = None
    """The model folder that the last worker reads; None: the same."""
    scored: tuple[list[str], list[str]] | None = None
    """Inputs and references of what impressions are written for; None: nothing."""
    tasks: tuple[str, ...] = ("impression",)
    """The tasks that the pairs are of, in turn."""


def examples_of(folder: Path, pairs: Pairs, tasks: tuple[str, ...] = ("impression",)) -> tuple[Examples, Examples]:
    family = open_family(folder)
    tokenizer = family.load_tokenizer(folder)
    train, validation = (
        tokenise(family, tokenizer, *pairs[name], max_input_tokens=64, max_target_tokens=16)
        for name in ("train", "validation")
    )
    train, validation = (
        replace(rows, tasks=tuple(tasks[place % len(tasks)] for place in range(len(rows))))
        for rows in (train, validation)
    )
    return train, validation


def sample_of(folder: Path, scored: tuple[list[str], list[str]]) -> Sample:
    family = open_family(folder)
    tokenizer = family.load_tokenizer(folder)
    cut = tokenise(family, tokenizer, scored[0], [], max_input_tokens=64, max_target_tokens=16)
    return Sample(cut.inputs, scored[1], tokenizer, SCORING)


def run(plan: Plan, worker: Worker) -> Ran:
    """Run one worker in this process; the process group is there where there are several."""
    ran = Ran(None, None, None, [], [])
    calls = 0

    def should_stop() -> bool:
        nonlocal calls
        calls += 1
        if worker.rank != worker.workers - 1:
            return False
        if plan.die_at == calls:
            os.kill(os.getpid(), signal.SIGKILL)
        if plan.full_at == calls:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, resource.RLIM_INFINITY))
        return plan.stop_at == calls

    def log(step: int, epoch: float, name: str, value: float) -> None:
        ran.logged.append((step, epoch, name, value))
        if name == "val_loss" and step == plan.die_validating and worker.rank == worker.workers - 1:
            while not CheckpointManifest.path(plan.folder / step_name(step)).is_file():
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)

    checkpoints = Checkpoints(
        plan.folder, Team(worker), kept=plan.settings.checkpoints_kept, note=ran.notes.append, uploads=plan.uploads
    )
    last = worker.rank == worker.workers - 1
    try:
        ran.outcome = learn(
            plan.init_of_last if plan.init_of_last is not None and last else plan.init,
            *examples_of(plan.init, plan.pairs, plan.tasks),
            plan.settings,
            checkpoints,
            log=log,
            sample=None if plan.scored is None else sample_of(plan.init, plan.scored),
            should_stop=should_stop,
        )
    except RadrayError as error:
        ran.error = error
    return ran


def run_workers(plan: Plan) -> list[Ran]:
    """Run all workers of the plan, each in a process; return what each came to, by rank.

    A worker that another's death leaves alone ends too, with exit code ALONE.
    """
    start_server()
    workers = plan.settings.workers
    store = plan.folder.with_name(f"{plan.folder.name}.store")
    store.unlink(missing_ok=True)
    # the server that they are forked from has the environment of the test that started it
    keys = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    pipes = [PROCESSES.Pipe() for _ in range(workers)]
    processes = [
        PROCESSES.Process(target=_main, args=(plan, rank, str(store), pipes[rank][1], keys)) for rank in range(workers)
    ]
    for process in processes:
        process.start()
    for _, theirs in pipes:
        theirs.close()
    runs = []
    for mine, _ in pipes:
        try:
            if not mine.poll(HANGS_S):
                for process in processes:
                    process.kill()
                raise AssertionError(f"a worker sent nothing for {HANGS_S} s: it hangs")
            runs.append(mine.recv())
        except EOFError:
            runs.append(Ran(None, None, None, [], []))
    for ran, process, (mine, _) in zip(runs, processes, pipes, strict=True):
        # no worker leaves before all have sent their result: another may still wait for its last exchange
        with suppress(OSError):
            mine.send("leave")
        process.join()
        ran.exit = process.exitcode
    return runs


def _main(plan: Plan, rank: int, store: str, pipe: Any, keys: dict[str, str]) -> None:
    warnings.simplefilter("ignore")
    gc.freeze()  # what the server imported is no garbage: to look through it takes longer than a step
    os.environ.update(keys)
    torch.set_num_threads(1)
    worker = Worker(rank, plan.settings.workers, first_here=rank == 0)
    if worker.workers > 1 or plan.settings.sharding == "fsdp":
        distributed.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=worker.workers)
    try:
        pipe.send(run(plan, worker))
        pipe.recv()
    except RuntimeError as error:
        # the other one died: what is seen of it is a broken connection
        if "onnection" not in str(error):
            raise
        os._exit(ALONE)
    if distributed.is_initialized():
        distributed.destroy_process_group()


def tensors_in(folder: Path, step: int) -> dict[str, torch.Tensor]:
    """Return the whole tensors of a checkpoint, put together by torch alone: weights and optimiser."""
    file = folder / f"whole-{step}.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dcp_to_torch_save(folder / f"step-{step:010}", file)
    return dict(torch.load(file))


def state_of(folder: Path, step: int) -> dict[str, Any]:
    return json.loads((folder / f"step-{step:010}" / "manifest.json").read_text())["state"]
