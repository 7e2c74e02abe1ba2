"""The reports that a bound is computed on: one of each cluster, since a bound counts independent ones."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from radray.evaluation.bootstrap import Floats
from radray.evaluation.strata import Bools
from radray.language.normality import is_normal

NO_CONFIDENCE = -np.inf
"""Stands for a confidence that a prediction does not have: below any threshold."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Independent reports with a prediction and a reference that is normal or abnormal; all columns (n,)."""

    keys: Sequence[str]
    """Cluster of each: no two are the same."""
    confidence: Floats
    """NO_CONFIDENCE where the prediction has none."""
    abnormal: Bools
    """The reference is abnormal."""
    reads_normal: Bools
    """The prediction names nothing abnormal."""
    written: Bools
    """There is a prediction: one that failed is written by a person in any case."""

    def __len__(self) -> int:
        """Return how many reports there are."""
        return len(self.keys)

    def part(self, places: Any) -> "Sample":
        """Return the reports at `places`, a mask or numbers."""
        columns = (self.confidence[places], self.abnormal[places], self.reads_normal[places], self.written[places])
        return Sample(np.asarray(self.keys, dtype=object)[places].tolist(), *columns)


def drawn(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return one of `rows` for each split_key, in the order of the keys; [] for none.

    It is the one whose unit_id has the lowest sha256: the same for everybody who draws, and in no relation to what it
    says. Rows need unit_id and split_key.
    """
    chosen: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for row in rows:
        ticket = hashlib.sha256(row["unit_id"].encode("utf-8")).hexdigest()
        if row["split_key"] not in chosen or ticket < chosen[row["split_key"]][0]:
            chosen[row["split_key"]] = (ticket, row)
    return [chosen[key][1] for key in sorted(chosen)]


def reads_normal(prediction: str | None) -> bool:
    """Return whether `prediction` names nothing abnormal: it is normal, or has nothing that can be judged.

    Who reads it learns of nothing wrong. False where there is none (None).
    """
    return prediction is not None and is_normal(prediction) is not False


def sample_of(rows: Iterable[Mapping[str, Any]], confidence: str) -> Sample:
    """Return those of `rows`, drawn rows of `predictions`, whose reference is normal or abnormal.

    `confidence` is the column of the confidence. Left out are rows without a reference, and those whose reference
    cannot be judged (a mask alone); without rows all columns are empty.
    """
    judged = [(row, normal) for row in rows if (normal := is_normal(row["reference"] or "")) is not None]
    written = [row["prediction"] if row["status"] == "ok" else None for row, _ in judged]
    return Sample(
        [row["split_key"] for row, _ in judged],
        np.array([_number(row[confidence]) for row, _ in judged], dtype=np.float64),
        np.array([not normal for _, normal in judged], dtype=np.bool_),
        np.array([reads_normal(text) for text in written], dtype=np.bool_),
        np.array([text is not None for text in written], dtype=np.bool_),
    )


def _number(value: float | None) -> float:
    return NO_CONFIDENCE if value is None else value
