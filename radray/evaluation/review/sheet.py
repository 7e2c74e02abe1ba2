"""A blinded sheet of reports for human readers: prediction and reference in random order, drawn by stratum.

The sheet holds report text. Its key is a separate table without text, which says which of the two impressions is the
prediction and how many reports each item represents.
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
    """A question about each of the two impressions."""

    name: str
    answers: tuple[str, ...]
    """The allowed answers; from lowest to highest where `ordered`."""
    ordered: bool = True

    @property
    def is_scale(self) -> bool:
        """Whether the answers are numbers, to be averaged; for the others, shares are reported."""
        return self.answers[0].isdigit()


_SCALE = ("1", "2", "3", "4", "5")
_DEGREES = ("none", "minor", "major")

EARLIER = (
    Question("completeness", _SCALE),
    Question("correctness", _SCALE),
    Question("conciseness", _SCALE),
    Question("harm_extent", ("none", "mild", "moderate", "severe", "death")),
    Question("harm_likelihood", ("low", "medium", "high")),
    Question("missing", _DEGREES),
    Question("added", _DEGREES),
    Question("bias", ("no", "yes"), ordered=False),
)
"""About each impression; 5 is best. Missing: content that should be there; added: content that should not.

A sheet drawn before the questions of ADDED were asked has these alone."""

ADDED = (
    Question("consensus", ("opposed", "none", "aligned"), ordered=False),
    *(
        Question(f"{sign}_{what}", ("no", "yes"), ordered=False)
        for sign in ("correct", "incorrect")
        for what in ("comprehension", "retrieval", "reasoning")
    ),
    Question("intent", ("no", "yes"), ordered=False),
    Question("helpful", ("no", "somewhat", "yes")),
)
"""About each impression: with harm, missing, added and bias the axes of Med-PaLM's evaluation, see `axes`."""

QUESTIONS = (*EARLIER, *ADDED)

PREFERRED = Question("preferred", ("a", "b", "same"), ordered=False)
"""About each item: which impression the reader would sign."""

SIDES = ("a", "b")
ANSWER_COLUMNS = (PREFERRED.name, *(f"{side}_{question.name}" for side in SIDES for question in QUESTIONS))
ADDED_COLUMNS = frozenset(f"{side}_{question.name}" for side in SIDES for question in ADDED)
TEXT_COLUMNS = ("background", "findings", "impression_a", "impression_b")
SHEET_COLUMNS = ("sheet_id", "item", *TEXT_COLUMNS, *ANSWER_COLUMNS, "comment")
"""Columns of the sheet, in order; comments are for the readers and are never read back."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A report that may be drawn: one with a prediction and a reference."""

    unit_id: str
    split_key: str
    """The report's cluster in intervals."""
    background: str | None
    findings: str
    prediction: str
    reference: str
    stratum: str
    """normal or abnormal, by the reference."""
    flagged: bool
    """Whether the prediction has a Tier A flag."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet to fill in, and its key."""

    sheet: pa.Table
    """SHEET_COLUMNS, one item per row; all strings except `item`, answers null."""
    key: pa.Table
    """sheet_id, item, unit_id, split_key, prediction_is (a or b), stratum, flagged, weight, then those of `about`."""


def draw_sheet(candidates: Sequence[Candidate], n: int, seed: int, about: Mapping[str, str]) -> Sheet:
    """Return a sheet of `n` of `candidates`, or of all if there are no more.

    A quarter of the items comes from each stratum, (normal, abnormal) by (flagged, not flagged): the rare and most
    informative ones are oversampled, and `weight`, the number of reports that an item represents, corrects for this in
    every estimate. The other strata make up for what a stratum lacks. The same candidates, in any order, and the same
    seed give the same sheet. `about` (system, dataset, ...) is written only to the key. Raises InputError without
    candidates.
    """
    if not candidates:
        raise InputError("no report with a prediction and a reference to review")
    rng = np.random.default_rng(seed)
    strata: dict[tuple[str, bool], list[Candidate]] = {}
    for candidate in sorted(candidates, key=lambda candidate: candidate.unit_id):
        strata.setdefault((candidate.stratum, candidate.flagged), []).append(candidate)
    sizes = {stratum: len(strata[stratum]) for stratum in sorted(strata)}
    drawn: list[tuple[Candidate, float]] = []
    for stratum, count in allocate(sizes, n).items():
        chosen = rng.choice(sizes[stratum], size=count, replace=False)
        drawn += [(strata[stratum][int(place)], sizes[stratum] / count) for place in chosen]
    drawn = [drawn[int(place)] for place in rng.permutation(len(drawn))]
    swapped = rng.integers(0, 2, size=len(drawn))
    sheet_id = _sheet_id([candidate for candidate, _ in drawn], seed, about)
    sheet_rows, key_rows = [], []
    for item, ((candidate, weight), swap) in enumerate(zip(drawn, swapped, strict=True), 1):
        pair = (candidate.reference, candidate.prediction) if swap else (candidate.prediction, candidate.reference)
        texts = dict(zip(TEXT_COLUMNS, (candidate.background, candidate.findings, *pair), strict=True))
        sheet_rows.append({"sheet_id": sheet_id, "item": item, **texts})
        key_rows.append(
            {
                "sheet_id": sheet_id,
                "item": item,
                "unit_id": candidate.unit_id,
                "split_key": candidate.split_key,
                "prediction_is": SIDES[int(swap)],
                "stratum": candidate.stratum,
                "flagged": candidate.flagged,
                "weight": weight,
                **about,
            }
        )
    schema = pa.schema([(name, pa.int64() if name == "item" else pa.string()) for name in SHEET_COLUMNS])
    return Sheet(pa.Table.from_pylist(sheet_rows, schema=schema), pa.Table.from_pylist(key_rows))


def allocate(sizes: Mapping[tuple[str, bool], int], n: int) -> dict[tuple[str, bool], int]:
    """Return how many of `n` items each stratum provides: equal numbers as far as sizes allow, all if `n` suffices.

    The remainder after equal numbers goes to the first strata, one item each. Strata that provide none are left out.
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
    """Return an id that differs for every other draw and for other texts."""
    texts = [[candidate.unit_id, candidate.prediction, candidate.reference, candidate.findings] for candidate in drawn]
    text = json.dumps([seed, dict(about), texts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
