"""Published results to show beside ours: read from JSON, and marked where they are on other reports."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from radray.errors import ConfigError
from radray.evaluation.scoring import F_MEASURES

_NAMES = {"rouge1": "rouge1", "rouge2": "rouge2", "rougel": "rougeL", "rougelsum": "rougeLsum"}
_DISTRIBUTION = {
    "n": "count",
    "mean": "mean",
    "sd": "std",
    "min": "min",
    "p25": "p25",
    "p50": "p50",
    "p75": "p75",
    "max": "max",
}
_PRETRAINED, _FINE_TUNED = "pretrained", "fine-tuned"


@dataclass(frozen=True, slots=True)
class Result:
    """Mean F-measures of a published system on a dataset, 0 to 1."""

    system: str
    dataset: str
    means: Mapping[str, float]
    """By metric, as our tables name them."""
    comparable: str
    """Which of our results it may be compared with, on the same reports."""

    def mark(self, dataset: str) -> str:
        """Return, in words, whether the result may be compared with systems on our `dataset`."""
        if dataset != self.dataset:
            return f"not comparable: on other reports ({self.dataset})"
        return f"comparable with: {self.comparable}"


@dataclass(frozen=True, slots=True)
class PublishedResults:
    """A file of published results."""

    results: Sequence[Result]
    distributions: Mapping[str, Mapping[str, Mapping[str, float]]]
    """By dataset and metric: n, mean, sd, min, p25, p50, p75 and max of the fine-tuned system."""

    def gain(self, dataset: str) -> dict[str, float] | None:
        """Return fine-tuned minus pretrained by metric, in points out of 100; None where either is missing."""
        first: dict[str, Result] = {}
        for result in self.results:
            for kind in (_PRETRAINED, _FINE_TUNED):
                if result.dataset == dataset and kind in result.system:
                    first.setdefault(kind, result)
        if len(first) < 2:
            return None
        return {name: 100 * (first[_FINE_TUNED].means[name] - first[_PRETRAINED].means[name]) for name in F_MEASURES}


def load_published(file: str) -> PublishedResults:
    """Return the published results in `file`, the value of evaluate.published.

    Raises ConfigError for a file that is missing or is not one of published results.
    """
    try:
        return read_published(Path(file).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"evaluate.published={file}: no such file") from None
    except (OSError, ValueError):
        raise ConfigError(f"evaluate.published={file}: not a file of published results") from None


def read_published(text: str) -> PublishedResults:
    """Return the results in the JSON `text`: ``results`` and, optionally, ``distribution``.

    Raises ValueError for a text of another form; its message quotes nothing from the text.
    """
    try:
        read = json.loads(text)
        results = [
            Result(
                str(entry["system"]),
                str(entry["dataset"]),
                {ours: float(entry[theirs]) for ours, theirs in _NAMES.items()},
                str(entry["comparable"]),
            )
            for entry in read["results"]
        ]
        distributions: dict[str, dict[str, dict[str, float]]] = {}
        for entry in read.get("distribution", ()):
            ours = {value: key for key, value in _NAMES.items()}[entry["metric"]]
            figures = {name: float(entry[theirs]) for name, theirs in _DISTRIBUTION.items()}
            distributions.setdefault(str(entry["dataset"]), {})[ours] = figures
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError("not a file of published results") from None
    return PublishedResults(results, distributions)
