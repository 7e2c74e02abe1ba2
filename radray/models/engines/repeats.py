"""Equal prompts answered once: in a call, and from the answers that an actor keeps."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from radray.models.engines.engine import Answer, Failed, Generation


class Answering(Protocol):
    """What prompts are asked of: an engine, or one in a process of its own, which may fail on single prompts."""

    name: str

    def generate(self, prompts: Sequence[str]) -> Sequence[Answer]:
        """Return an answer a prompt, in order; no prompts: an empty list."""
        ...


class AnswerOnce:
    """An engine that asks another only what it was not asked before: a report's text decides what is written.

    It keeps the last `kept` generations, the least lately used goes first; with 0 it passes everything on. That a
    prompt failed is not kept.
    """

    def __init__(self, engine: Answering, kept: int) -> None:
        self.name = engine.name
        self._engine = engine
        self._kept = kept
        # by digest: 32 bytes, where a prompt has thousands
        self._answers: OrderedDict[bytes, Generation] = OrderedDict()

    def generate(self, prompts: Sequence[str]) -> list[Answer]:
        """Return an answer a prompt, in order, `repeated` where it was not generated for that very prompt.

        No prompts: an empty list. When the engine raises, so does this, and nothing of the call is kept.
        """
        if not self._kept:
            return list(self._engine.generate(prompts))
        keys = [hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).digest() for prompt in prompts]
        new = {key: prompt for key, prompt in zip(keys, prompts, strict=True) if key not in self._answers}
        fresh = dict(zip(new, self._engine.generate(list(new.values())), strict=True))
        answers: list[Answer] = []
        for key in keys:
            first = fresh.get(key)
            if isinstance(first, Failed):
                answers.append(first)
            elif first is not None:
                del fresh[key]
                self._answers[key] = first
                answers.append(first)
            else:
                self._answers.move_to_end(key)
                answers.append(replace(self._answers[key], repeated=True))
        while len(self._answers) > self._kept:
            self._answers.popitem(last=False)
        return answers
