"""A worker that waits at a step of a training, so that a test meets it there whatever the machine is doing."""

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from radray.errors import RadrayError
from radray.training.checkpoints.files import CheckpointManifest, Damaged, step_of
from radray.training.checkpoints.uploads import Uploads
from radray.training.driver.stopping import terminated

PATIENCE_S = 180


@dataclass(frozen=True, slots=True)
class HeldUploads(Uploads):
    """In the place of checkpoints on S3: uploads nothing, and its `put_manifest` waits at a step.

    A checkpoint is whole once that returns, and the loop waits for it before it starts the next one: a worker that
    waits at step n has a whole checkpoint of n - 1 and takes no step after n + 1. At `kill_at` the first worker that
    comes there waits to be killed, at `stop_at` the first one waits for SIGTERM (None: nobody waits). Each writes its
    GOMP_SPINCOUNT to the file ``wait-policy``.
    """

    meeting: Path
    kill_at: int | None = None
    stop_at: int | None = None

    def put_manifest(self, name: str, manifest: CheckpointManifest) -> None:
        (self.meeting / "wait-policy").write_text(os.environ.get("GOMP_SPINCOUNT", "none"))
        step = step_of(name)
        assert step is not None
        if step == self.kill_at and self._first(step):
            time.sleep(PATIENCE_S)
            raise RadrayError("nobody killed the worker")
        if step == self.stop_at and self._first(step) and not terminated.wait(PATIENCE_S):
            raise RadrayError("nobody asked the worker to stop")

    def wait_for(self, step: int) -> None:
        """Return once a worker waits at `step`."""
        deadline = time.monotonic() + PATIENCE_S
        while not self._file(step).exists():
            assert time.monotonic() < deadline, f"no worker came to step {step}"
            time.sleep(0.01)

    def put_files(self, folder: Path, names: Sequence[str]) -> None:
        pass

    def steps(self) -> list[int]:
        return []

    def manifest(self, folder: Path) -> CheckpointManifest:
        raise Damaged("nothing is uploaded")

    def fetch(self, folder: Path) -> CheckpointManifest:
        raise Damaged("nothing is uploaded")

    def remove(self, steps: Iterable[int]) -> None:
        pass

    def _first(self, step: int) -> bool:
        try:
            self._file(step).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def _file(self, step: int) -> Path:
        return self.meeting / f"step-{step}"
