"""How long a model call may take, and how often an engine may die: pure counts, without a clock or a process."""

from collections import deque
from collections.abc import Sequence

from radray.errors import RadrayError
from radray.models.engines.engine import Generation
from radray.settings.generate import GenerateSettings

FLOOR_S = 60.0
"""Seconds that any call may take: longer than a machine that is busy elsewhere stalls."""
TIMES_SLOWER = 10.0
"""How much slower, by token, a call may be than the slowest recent one: a batch of one takes up to so many times as
long for a token as one of 32, since a step of the decoder reads all weights whatever the batch."""
_CALLS_KEPT = 32
PLAN_CHARACTERS_PER_S = 100_000.0
"""Lower bound of a tokenizer's speed; they do a million and more."""

RESTARTS = 30
"""Deaths of an engine that are always allowed: in batches of 32, a report that kills it does so 6 or 7 times before it
is isolated."""
ANSWERED_A_RESTART = 2
"""Answered reports that allow another death: where one report in twenty kills the engine, it dies once in 4 reports."""
FAILED_IN_A_ROW = 64
"""Reports that may fail with none answered between them: two batches of the usual size."""


class CallLimits:
    """The time limit of each call: its tokens times the slowness of the calls before it."""

    def __init__(self, settings: GenerateSettings) -> None:
        self._most_s = settings.call_timeout_s
        self._beams = settings.num_beams + settings.samples
        self._steps = settings.max_new_tokens
        self._probed = 0.0
        self._slowness: deque[float] = deque(maxlen=_CALLS_KEPT)

    def plan_s(self, prompts: Sequence[str]) -> float:
        """Return the seconds that tokenising `prompts` may take."""
        return min(self._most_s, FLOOR_S + sum(map(len, prompts)) / PLAN_CHARACTERS_PER_S)

    def call_s(self, rows: int, width: int) -> float:
        """Return the seconds that a call of `rows` prompts of `width` tokens may take at full output length."""
        tokens = rows * (width + self._beams * self._steps)
        return min(self._most_s, FLOOR_S + TIMES_SLOWER * tokens * max(self._slowness, default=self._probed))

    def took(self, width: int, generations: Sequence[Generation], seconds: float) -> None:
        """Learn from a call of `seconds`: a beam search lasts until its longest row has ended."""
        self._slowness.append(self._slowness_of(width, generations, seconds))

    def probed(self, width: int, generation: Generation, seconds: float) -> None:
        """Take the speed of the probe for that of calls, until there has been a call."""
        self._probed = self._slowness_of(width, [generation], seconds)

    def _slowness_of(self, width: int, generations: Sequence[Generation], seconds: float) -> float:
        steps = 1 + max(generation.output_tokens for generation in generations)
        return seconds / (len(generations) * (width + self._beams * steps))


class Patience:
    """Counts answers and deaths of an engine, and ends the run when single reports do not explain the deaths."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._answered = 0
        self._failed_in_a_row = 0
        self.restarts = 0

    def answered(self, reports: int) -> None:
        """Count `reports` that were answered."""
        self._answered += reports
        self._failed_in_a_row = 0

    def failed(self, reason: str) -> None:
        """Count a report that is given up. Raises RadrayError when too many fail with none answered between them."""
        self._failed_in_a_row += 1
        if self._failed_in_a_row >= FAILED_IN_A_ROW:
            raise RadrayError(
                f"engine {self._name}: {self._failed_in_a_row} reports in a row could not be answered, the last one"
                f" for reason {reason}: this is not the reports; see generate.batch_size, batch_tokens,"
                " max_input_tokens and call_timeout_s, or try generate.engine=transformers; what is staged is kept"
            )

    def died(self, reason: str) -> None:
        """Count a death of the engine. Raises RadrayError when it dies more often than single reports explain."""
        allowed = RESTARTS + self._answered // ANSWERED_A_RESTART
        if self.restarts >= allowed:
            raise RadrayError(
                f"engine {self._name} was started anew {self.restarts:,} times over {self._answered:,} reports that it"
                f" answered, {allowed:,} are allowed, and ended again ({reason}): this is not single reports; see"
                " generate.batch_size, batch_tokens and call_timeout_s, the memory of the machine, or try"
                " generate.engine=transformers; what is staged is kept"
            )
        self.restarts += 1
