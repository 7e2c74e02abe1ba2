"""How much an answer of `correction` suspects an error, and how many errors are seen at a rate of false alarms.

``python -m tests.benchmarks.correction WAREHOUSE`` prints it of each model and floor, with intervals.
"""

import math
from collections.abc import Sequence

from radray.tasks.answering import Parsed

FINE, ERROR = "fine", "error"
"""Values of an answer."""
FALSE_ALARMS = 0.05
"""Share of the fine impressions that may raise a false alarm."""


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


def sensitivity(suspicions: Sequence[float], wrong: Sequence[bool], false_alarms: float = FALSE_ALARMS) -> float | None:
    """Return the share of the errors that is seen where the share `false_alarms` of the fine impressions raises one.

    `wrong` has whether each has an error. It is the ROC curve at `false_alarms`: an alarm is raised from a threshold of
    suspicion on, and between two thresholds the curve is a straight line, which is what drawing lots among equal
    suspicions gives on average; equal ones throughout give `false_alarms`. None where nothing is wrong or nothing fine.
    """
    groups: dict[float, list[int]] = {}
    for value, is_wrong in zip(suspicions, wrong, strict=True):
        groups.setdefault(value, [0, 0])[is_wrong] += 1
    fine, errors = (sum(counts) for counts in zip(*groups.values(), strict=True)) if groups else (0, 0)
    if not fine or not errors:
        return None
    allowed, seen = false_alarms * fine, 0.0
    for value in sorted(groups, reverse=True):
        raised, caught = groups[value]
        if raised > allowed:
            return (seen + caught * allowed / raised) / errors
        allowed, seen = allowed - raised, seen + caught
    return seen / errors
