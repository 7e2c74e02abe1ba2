"""An engine whose faults are real: it crashes, hangs, runs out of memory or raises on prompts that say so.

It is loaded in a process of its own as any engine is; what it did stands in `log`, a line each: process, what, prompt.
"""

import ctypes
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from radray.errors import InputError
from radray.models.batching import length_batches
from radray.models.engines.engine import Generation, Hypothesis, ModelCall, answer

PROBE = "probe"
_ALLOWED_BYTES = 8 << 30
_STATE: set[str] = set()
CANARY = "zqxjkcanary"


@dataclass
class FaultyEngine:
    """Answers a prompt with itself, in calls of `size`, unless one of them names a fault."""

    log: Path
    size: int = 8
    name: str = "faulty"

    def plan(self, prompts: Sequence[str]) -> list[ModelCall]:
        for prompt in prompts:
            if "plan" in prompt:
                self.fault(prompt)
        return [
            ModelCall(tuple(batch), len(prompts[batch[0]]), partial(self._run, [prompts[i] for i in batch]))
            for batch in length_batches([len(prompt) for prompt in prompts], self.size)
        ]

    def generate(self, prompts: Sequence[str]) -> list[Generation]:
        return answer(self.plan(prompts))

    def note(self, what: str, prompt: str) -> None:
        with self.log.open("a") as file:
            file.write(f"{os.getpid()} {what} {prompt}\n")

    def _run(self, prompts: Sequence[str]) -> list[Generation]:
        self.note("call", " ".join(prompts))
        for prompt in prompts:
            self.fault(prompt)
        return [Generation((Hypothesis(prompt, 0.0),), len(prompt), len(prompt), False, False) for prompt in prompts]

    def fault(self, prompt: str) -> None:
        """Do what the first part of the prompt names, after a note in the log; before `once`, the first time only."""
        kind, _, more = prompt.partition("-")
        if "sticky" in _STATE:
            raise ValueError(CANARY)
        if kind not in FAULTS or (more.startswith("once") and f" fault {prompt}\n" in self.log.read_text()):
            return
        self.note("fault", prompt)
        FAULTS[kind](f"{CANARY} {prompt}")


def segfault(text: str) -> None:
    ctypes.string_at(0)


def killed(text: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def exits(text: str) -> None:
    os._exit(7)


def hang(text: str) -> None:
    while True:
        time.sleep(3600)


def clutch(text: str) -> None:
    """Hang with the interpreter lock held: no other thread of this process runs any more."""
    ctypes.PyDLL(None).pause()


def memory(text: str) -> None:
    """Allocate past a limit that the kernel holds, and let go of it."""
    was = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_ALLOWED_BYTES, was[1]))
    try:
        bytearray(2 * _ALLOWED_BYTES)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, was)


def grows(text: str) -> None:
    """Take more memory than prompts need to become tokens, and give it back."""
    bytearray(5 << 30)


def error(text: str) -> None:
    raise ValueError(text)


def sticky(text: str) -> None:
    """Raise, now and in every later call of this process, as CUDA does after an illegal access."""
    _STATE.add("sticky")
    raise ValueError(text)


def prints(text: str) -> None:
    """Write to both of the process's outputs, as a library below Python does."""
    os.write(1, text.encode())
    os.write(2, text.encode())


FAULTS = {
    "segfault": segfault,
    "killed": killed,
    "exits": exits,
    "hang": hang,
    "clutch": clutch,
    "memory": memory,
    "grows": grows,
    "error": error,
    "sticky": sticky,
    "prints": prints,
}


def refuses(log: Path) -> FaultyEngine:
    """Fail to load, as a model folder does that is damaged."""
    raise InputError(f"model folder {log.parent}: damaged")


def without_ray(log: Path) -> FaultyEngine:
    """Load, and say what of Ray is in the process."""
    engine = FaultyEngine(log)
    names = [name for name in (*sys.modules, *os.environ) if name == "ray" or name.startswith(("ray.", "RAY_"))]
    engine.note("ray", str(names))
    return engine
