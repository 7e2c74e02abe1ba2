"""Checkpoints: written in parts by all workers while training goes on, verified by a manifest, removed when old.

::

    <folder>/step-0000000120/
        __0_0.distcp  __1_0.distcp  .metadata     torch.distributed.checkpoint: any number of workers reads it
        manifest.json                             sha256 of each file, and the state; written last

A folder without a manifest was never finished. Ray Train's own checkpoints are not used: Ray hashes nothing, uploads
one file after the other without a retry, and refuses checkpoints of another release of Ray.
"""

import ctypes
import shutil
import threading
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import torch
from torch.distributed.checkpoint import state_dict_loader, state_dict_saver
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.filesystem import FileSystemWriter

from radray.errors import InputError, RadrayError
from radray.models.manifest import FileEntry, hash_file
from radray.training.checkpoints.files import CheckpointManifest, Damaged, step_name, steps_in
from radray.training.checkpoints.uploads import Uploads
from radray.training.loop.sharding import Learner
from radray.training.loop.state import State
from radray.training.loop.team import Team

Tensors = dict[str, torch.Tensor]
T = TypeVar("T")


def tensors_of(learner: Learner, optimiser: torch.optim.Optimizer) -> Tensors:
    """Return the tensors of a checkpoint by name: the parameters that learn, and the optimiser's state of each.

    Raises KeyError for a parameter that the optimiser has no state of: without it no resumed training is exact.
    """
    tensors: Tensors = {}
    states = dict(optimiser.state)
    for name, parameter in learner.learning().items():
        tensors[f"model.{name}"] = parameter.detach()
        for key, value in states[parameter].items():
            tensors[f"optimiser.{name}.{key}"] = value
    return tensors


class Checkpoints:
    """The checkpoints of one training.

    Every worker has such an object, and all workers call its methods together, except `failed`.
    """

    def __init__(
        self,
        folder: Path,
        team: Team,
        *,
        kept: int,
        note: Callable[[str], None],
        uploads: Uploads | None = None,
    ) -> None:
        """Remove the checkpoints in `folder` that were never finished.

        The newest `kept` stay, and the best; `note` gets lines for a person to read. `folder` is on a disk that all
        workers of a machine see; with several machines, all of them must see it, or `uploads` must be given.
        """
        self._folder, self._kept, self._note, self._uploads = folder, kept, note, uploads
        self.team, self.worker = team, team.worker
        # a group of its own: the writing thread must not come between the exchanges of the training
        self._writers = Team(team.worker)
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        # step and files of the last checkpoint that was written or read
        self._step = 0
        self._files: Mapping[str, FileEntry] = {}
        if self.worker.first_here:
            for step in steps_in(folder):
                if not CheckpointManifest.path(folder / step_name(step)).is_file():
                    shutil.rmtree(folder / step_name(step), ignore_errors=True)
        self.team.gather(None)

    @property
    def failed(self) -> bool:
        """Whether the last checkpoint could not be written on this worker; the next `save` or `finish` raises why."""
        return self._failure is not None

    def save(self, tensors: Tensors, state: State) -> None:
        """Copy `tensors` to main memory and write them from there while training goes on.

        For a step that is written already only the state is written: the tensors are the same. Waits for the checkpoint
        before; raises RadrayError on every worker when that could not be written.
        """
        self.finish()
        again = state.step == self._step
        if not again:
            _give_back_memory()
        staged = None if again else {name: tensor.detach().to("cpu", copy=True) for name, tensor in tensors.items()}
        self._step = state.step
        # a copy of the state as it is now: training goes on
        now = State.of(state.to_dict())
        self._thread = threading.Thread(target=self._write, args=(staged, now), name="checkpoint", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Wait until the last `save` is written; raise RadrayError on every worker when it could not be."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        failure, self._failure = self._failure, None
        causes = [
            cause for cause in self.team.gather(None if failure is None else _describe(failure)) if cause is not None
        ]
        if causes:
            existing = next(place for place in (self._folder, *self._folder.absolute().parents) if place.is_dir())
            free = shutil.disk_usage(existing).free >> 20
            folder = self._folder / step_name(self._step)
            if self.worker.first_here and not CheckpointManifest.path(folder).is_file():
                shutil.rmtree(folder, ignore_errors=True)
            raise RadrayError(
                f"fine-tuning: the checkpoint of step {self._step} cannot be written to {self._folder}: {causes[0]}"
                f" ({free:,} MB free there); make room or set train.checkpoint_uri, and run the same job again: it"
                " resumes from the newest checkpoint that is whole"
            )

    def restore(self, tensors: Tensors) -> State | None:
        """Fill `tensors` from the newest whole checkpoint; return its state, or None where there is none.

        Raises InputError for a checkpoint of another model or optimiser, RadrayError where the uploaded ones cannot be
        listed; both on every worker.
        """
        for step in self._all_steps():
            manifest = self._fetched(step)
            if manifest is not None:
                self.load(step, tensors)
                self._step, self._files = step, manifest.files
                if self.worker.rank == 0:
                    self._note(f"resumes from the checkpoint of step {step}")
                return State.of(manifest.state)
        return None

    def best(self) -> tuple[int, State] | None:
        """Return step and state of the whole checkpoint that is best by `train.best_by`; None: there is none.

        Raises RadrayError where the uploaded checkpoints cannot be listed.
        """
        states = {step: self._state(step) for step in self._all_steps()}
        ranked = [
            (state.decisive, step, state) for step, state in states.items() if state and state.decisive is not None
        ]
        for _, step, state in sorted(ranked, key=lambda row: row[:2]):
            if self._fetched(step) is not None:
                return step, state
        return None

    def load(self, step: int, tensors: Tensors) -> None:
        """Fill `tensors` from the checkpoint of `step`, which must be in the folder.

        Raises InputError where it is of another model or optimiser.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                state_dict_loader.load(
                    tensors,
                    checkpoint_id=self._folder / step_name(step),
                    process_group=self.team.group,
                    no_dist=self.team.group is None,
                )
        except CheckpointException as error:
            raise InputError(
                f"the checkpoint in {self._folder / step_name(step)} is of another model or optimiser"
                f" ({_describe(error)}); remove that folder to start anew"
            ) from None

    def _write(self, staged: Tensors | None, state: State) -> None:
        """Write a checkpoint of `staged`, or (None) the new state of the last one, and remove old checkpoints."""
        try:
            folder = self._folder / step_name(state.step)
            if staged is not None:
                self._files = self._write_files(folder, staged)
            self._seal(folder, CheckpointManifest(self._files, state.to_dict()))
            self._prune(state)
        except (Exception, CheckpointException) as failure:
            self._failure = failure

    def _write_files(self, folder: Path, staged: Tensors) -> dict[str, FileEntry]:
        """Write the files of a checkpoint to the folder and the uploads; return the files of all workers."""
        rank = self.worker.rank
        self._together(lambda: _empty(folder) if self.worker.first_here else None)
        # a single process is warned that it has nobody to exchange with
        warnings.filterwarnings("ignore", "torch.distributed is disabled", UserWarning)
        state_dict_saver.save(
            staged,
            storage_writer=FileSystemWriter(folder),
            process_group=self._writers.group,
            no_dist=self._writers.group is None,
        )
        names = [path.name for path in folder.glob(f"__{rank}_*")] + ([".metadata"] if rank == 0 else [])
        files: dict[str, FileEntry] = {}
        for part in self._together(lambda: {name: hash_file(folder / name) for name in names}):
            files |= part
        if self._uploads is not None:
            uploads = self._uploads
            self._together(lambda: uploads.put_files(folder, names))
        return files

    def _seal(self, folder: Path, manifest: CheckpointManifest) -> None:
        """Write the manifest, which says that the checkpoint is whole: to the uploads first, then to the folder."""
        if self._uploads is not None:
            uploads = self._uploads
            self._together(lambda: uploads.put_manifest(folder.name, manifest) if self.worker.rank == 0 else None)
        self._together(lambda: manifest.write(folder) if self.worker.first_here else None)

    def _prune(self, state: State) -> None:
        here = steps_in(self._folder)
        uploads = self._uploads if self.worker.rank == 0 else None
        # the disk of a new machine has fewer than were uploaded
        uploaded = uploads.steps() if uploads is not None else []
        known = sorted({*here, *uploaded})
        keep = {*[step for step in known if step <= state.step][-self._kept :], state.best_step}
        if self.worker.first_here:
            for step in set(here) - keep:
                shutil.rmtree(self._folder / step_name(step), ignore_errors=True)
        if uploads is not None:
            uploads.remove(set(uploaded) - keep)

    def _all_steps(self) -> list[int]:
        """Return the steps of all checkpoints, on disk and uploaded, newest first; the same on every worker."""

        def known() -> set[int]:
            uploaded = self._uploads.steps() if self._uploads is not None and self.worker.rank == 0 else ()
            return {*steps_in(self._folder), *uploaded}

        # storage that fails on one worker must not leave the others waiting for it
        return sorted({step for steps in self.team.gather(self.team.agree(known)) for step in steps}, reverse=True)

    def _state(self, step: int) -> State | None:
        # the uploads first: a machine that left the training may have the state from before the validation
        for read in (*([self._uploads.manifest] if self._uploads is not None else []), CheckpointManifest.read):
            try:
                return State.of(read(self._folder / step_name(step)).state)
            except (Damaged, RadrayError, TypeError):
                continue
        return None

    def _fetched(self, step: int) -> CheckpointManifest | None:
        """Return the manifest of a checkpoint whose files are whole and on disk, fetched if need be; else None."""
        folder = self._folder / step_name(step)

        def here() -> tuple[str | None, CheckpointManifest | None]:
            try:
                return None, self._whole_here(folder) if self.worker.first_here else None
            except Damaged as damage:
                return str(damage), None

        results = self.team.gather(self.team.agree(here))
        problems = [problem for problem, _ in results if problem is not None]
        if problems:
            if self.worker.rank == 0:
                self._note(f"the checkpoint of step {step} is damaged ({problems[0]}): the one before it is used")
            return None
        return next((manifest for _, manifest in results if manifest is not None), None)

    def _whole_here(self, folder: Path) -> CheckpointManifest:
        try:
            manifest = CheckpointManifest.read(folder)
            manifest.verify(folder)
        except Damaged:
            if self._uploads is None:
                raise
            manifest = self._uploads.fetch(folder)
            manifest.verify(folder)
        return manifest

    def _together(self, work: Callable[[], T]) -> list[T]:
        """Do `work` in the thread of every worker; return all results by rank, or raise RadrayError on every worker."""

        def described() -> T:
            try:
                return work()
            except Exception as error:
                raise RadrayError(_describe(error)) from None

        return self._writers.gather(self._writers.agree(described))


def _give_back_memory() -> None:
    """Have malloc return to the system what was freed: the steps before leave gigabytes of it, in pieces.

    Before the copy, which a fine-tuning of SmolLM2 on a CPU held on top of them: 2.2 GB.
    """
    with suppress(AttributeError):  # glibc alone has it
        ctypes.CDLL(None).malloc_trim(0)


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    # several machines may share the folder
    folder.mkdir(parents=True, exist_ok=True)


def _describe(error: BaseException) -> str:
    """Return the cause of `error` in a few words, never a library's message."""
    if isinstance(error, CheckpointException):
        causes = [pair[0] for pair in error.failures.values()]
        return _describe(causes[0]) if causes else "CheckpointException"
    if isinstance(error, RadrayError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    # torch writes through zip files, which wrap the error of the disk
    cause = error.__cause__ or error.__context__
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return type(error).__name__
