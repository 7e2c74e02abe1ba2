"""Where a part of the GPU check works: its device, its folders, and its figures, written the moment they are there."""

import gc
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from radray.storage.whole import write_whole


@dataclass
class Desk:
    """A part's place of work: `out` takes its figures as ``NAME.json``, `scratch` all that goes when it ends."""

    name: str
    out: Path
    scratch: Path
    small: bool
    """Tiny shapes on the CPU, for the tests."""
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def device(self) -> torch.device:
        """The device that is measured."""
        return torch.device("cpu" if self.small else "cuda")

    def record(self, case: str, figures: dict[str, Any]) -> None:
        """Add `figures` to those of `case` and write them all."""
        self.figures.setdefault(case, {}).update(figures)
        write_whole(self.out / f"{self.name}.json", json.dumps(self.figures, indent=2).encode())

    def attempt(self, case: str, work: Callable[[], None]) -> None:
        """Do `work`, the case of that name: what goes wrong in it is recorded, and the memory it took is given back."""
        try:
            work()
        except Exception as error:
            # whatever it is: the device is there for minutes, and the other cases are to have theirs
            self.record(case, {"failed": type(error).__name__, "message": str(error)[:300]})
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def synchronise(self) -> None:
        """Wait until the device has done what it was asked for."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def used_bytes(self) -> int | None:
        """Return the bytes of the GPU's memory that are in use, by whatever process; None on a CPU."""
        if self.device.type != "cuda":
            return None
        free, total = torch.cuda.mem_get_info()
        return total - free
