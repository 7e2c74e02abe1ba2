"""The function that Ray Train is given. Its controller reads it too, and only a worker needs what it calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from radray.errors import RadrayError
    from radray.training.driver.job import Outcome


def enter(config: Mapping[str, Any]) -> Outcome | RadrayError:
    """Return what `worker.run_worker` returns. What that imports would cost the controller 5 s of a core."""
    from radray.training.driver.worker import run_worker

    return run_worker(config)
