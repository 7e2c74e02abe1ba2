"""A blinded sheet of reports for human readers: prediction against reference, in random order, drawn by stratum.

The sheet holds report text; its key, which says which of the two is the prediction and what each item stands for, is
a table of its own and holds none.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from radray.errors import InputError


@dataclass(frozen=True, slots=True)
class Question:
    """What a reader says of each of the two impressions."""

    name: str
    answers: tuple[str, ...]
    """Those allowed; where `ordered`, from the least to the most."""
    ordered: bool = True

    @property
    def is_scale(self) -> bool:
        """Whether answers are numbers, of which a mean is told; of the others shares are."""
        return self.answers[0].isdigit()


_SCALE = ("1", "2", "3", "4", "5")
_DEGREES = ("none", "minor", "major")

QUESTIONS = (
    Question("completeness", _SCALE),
    Question("correctness", _SCALE),
    Question("conciseness", _SCALE),
    Question("harm_extent", ("none", "mild", "moderate", "severe")),
    Question("harm_likelihood", ("low", "medium", "high")),
    Question("missing", _DEGREES),
    Question("added", _DEGREES),
    Question("bias", ("no", "yes"), ordered=False),
)
"""Of each impression; 5 is best. Missing and added: content that should be there, or should not."""

PREFERRED = Question("preferred", ("a", "b", "same"), ordered=False)
"""Of each item: which impression the reader would sign."""

SIDES = ("a", "b")
ANSWER_COLUMNS = (PREFERRED.name, *(f"{side}_{question.name}" for side in SIDES for question in QUESTIONS))
TEXT_COLUMNS = ("background", "findings", "impression_a", "impression_b")
SHEET_COLUMNS = ("sheet_id", "item", *TEXT_COLUMNS, *ANSWER_COLUMNS, "comment")
"""Columns of the sheet, in order; a comment is for the readers and never read back."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A report that may be drawn: it has a prediction and a reference."""

    unit_id: str
    split_key: str
    """Cluster of the report in intervals."""
    background: str | None
    findings: str
    prediction: str
    reference: str
    stratum: str
    """normal or abnormal, by the reference."""
    flagged: bool
    """The prediction has a Tier A flag."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet to fill in, and its key."""

    sheet: pa.Table
    """SHEET_COLUMNS, all strings but `item`: an item a row, answers null."""
    key: pa.Table
    """sheet_id, item, unit_id, split_key, prediction_is (a or b), stratum, flagged, weight, and what it is about."""


def draw_sheet(candidates: Sequence[Candidate], n: int, seed: int, about: Mapping[str, str]) -> Sheet:
    """Return a sheet of `n` of `candidates`, or of all where there are no more.

    A quarter of the items comes from each stratum, (normal, abnormal) by (flagged, not): the rare ones, which teach
    the most, are drawn more often than they occur, and `weight`, the reports that an item stands for, undoes that in
    every estimate. What a stratum lacks is shared by the others. The same candidates, in any order, and seed draw the
    same sheet. `about` (system, dataset, ...) stands in the key alone. Raises InputError when there is no candidate.
    """
    if not candidates:
        raise InputError("no report with a prediction and a reference to review")
    rng = np.random.default_rng(seed)
    strata: dict[tuple[str, bool], list[Candidate]] = {}
    for one in sorted(candidates, key=lambda one: one.unit_id):
        strata.setdefault((one.stratum, one.flagged), []).append(one)
    sizes = {stratum: len(strata[stratum]) for stratum in sorted(strata)}
    drawn: list[tuple[Candidate, float]] = []
    for stratum, count in allocate(sizes, n).items():
        chosen = rng.choice(sizes[stratum], size=count, replace=False)
        drawn += [(strata[stratum][int(place)], sizes[stratum] / count) for place in chosen]
    drawn = [drawn[int(place)] for place in rng.permutation(len(drawn))]
    swapped = rng.integers(0, 2, size=len(drawn))
    sheet_id = _sheet_id([one for one, _ in drawn], seed, about)
    sheet_rows, key_rows = [], []
    for item, ((one, weight), swap) in enumerate(zip(drawn, swapped, strict=True), 1):
        pair = (one.reference, one.prediction) if swap else (one.prediction, one.reference)
        texts = dict(zip(TEXT_COLUMNS, (one.background, one.findings, *pair), strict=True))
        sheet_rows.append({"sheet_id": sheet_id, "item": item, **texts})
        key_rows.append(
            {
                "sheet_id": sheet_id,
                "item": item,
                "unit_id": one.unit_id,
                "split_key": one.split_key,
                "prediction_is": SIDES[int(swap)],
                "stratum": one.stratum,
                "flagged": one.flagged,
                "weight": weight,
                **about,
            }
        )
    schema = pa.schema([(name, pa.int64() if name == "item" else pa.string()) for name in SHEET_COLUMNS])
    return Sheet(pa.Table.from_pylist(sheet_rows, schema=schema), pa.Table.from_pylist(key_rows))


def allocate(sizes: Mapping[tuple[str, bool], int], n: int) -> dict[tuple[str, bool], int]:
    """Return how many of `n` each stratum gives: equal numbers, as far as its size goes; all where `n` is enough.

    What is left over after equal numbers goes, one each, to the first strata. Strata that give none are left out.
    """
    given = dict.fromkeys(sizes, 0)
    left = min(n, sum(sizes.values()))
    while left:
        open_ = [stratum for stratum in sizes if given[stratum] < sizes[stratum]]
        each = max(left // len(open_), 1)
        for stratum in open_[:left]:
            more = min(each, sizes[stratum] - given[stratum])
            given[stratum] += more
            left -= more
    return {stratum: count for stratum, count in given.items() if count}


def _sheet_id(drawn: Sequence[Candidate], seed: int, about: Mapping[str, str]) -> str:
    """Return an id that another draw, or a draw of other texts, does not have."""
    made = [[one.unit_id, one.prediction, one.reference, one.findings] for one in drawn]
    text = json.dumps([seed, dict(about), made], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
