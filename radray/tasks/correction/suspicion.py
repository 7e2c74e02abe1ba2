"""How much an answer of `correction` suspects an error: `jobs.evaluate` counts those seen at 5 % false alarms by it."""

import math

from radray.tasks.answering import Parsed

FINE, ERROR = "fine", "error"
"""Values of an answer."""


def suspicion(answer: Parsed | None, logprob_per_token: float | None) -> float:
    """Return how much an answer suspects an error, 0 to 1: for ranking alone, it is no probability.

    By decision, then by confidence: a doubtful ``fine`` is suspicious, and a sure repair is more so than a doubtful.
    Without a log-probability all answers of one decision are equal. No answer (None) decides nothing: it counts as
    ``fine`` given with no confidence, between the decisions.
    """
    if answer is None:
        return 0.5
    sure = math.exp(min(logprob_per_token, 0.0)) if logprob_per_token is not None else 1.0
    return (1 + sure) / 2 if answer.value == ERROR else (1 - sure) / 2
