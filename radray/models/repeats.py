"""Equal prompts answered once: in a call, and from the answers that an actor keeps."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from radray.models.engines import Engine, Generation


class AnswerOnce:
    """An engine that asks another only what it was not asked before: a report's text decides what is written.

    It keeps the last `kept` answers, the least lately used goes first; with 0 it passes everything on.
    """

    def __init__(self, engine: Engine, kept: int) -> None:
        self.name = engine.name
        self._engine = engine
        self._kept = kept
        # by digest: 32 bytes, where a prompt has thousands
        self._answers: OrderedDict[bytes, Generation] = OrderedDict()

    def generate(self, prompts: Sequence[str]) -> list[Generation]:
        """Return one generation a prompt, in order, `repeated` where it was not generated for that very prompt.

        No prompts: an empty list. When the engine raises, so does this, and nothing of the call is kept.
        """
        if not self._kept:
            return self._engine.generate(prompts)
        keys = [hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).digest() for prompt in prompts]
        new = {key: prompt for key, prompt in zip(keys, prompts, strict=True) if key not in self._answers}
        made = dict(zip(new, self._engine.generate(list(new.values())), strict=True))
        answers = []
        for key in keys:
            if (first := made.pop(key, None)) is not None:
                self._answers[key] = first
                answers.append(first)
            else:
                self._answers.move_to_end(key)
                answers.append(replace(self._answers[key], repeated=True))
        while len(self._answers) > self._kept:
            self._answers.popitem(last=False)
        return answers
