"""What bounds on the worst error keep, and whether they hold: ``python -m tests.benchmarks.bounds [FILE]``.

FILE is a CSV with the columns key, confidence, abnormal, reads_normal (0 or 1), a row a report; confidence may be
empty. Without it: the impression of the nearest report of another fold stands in for the prediction, on all reports of
``$RADRAY_DATA/openi`` in the five folds of tests.benchmarks.openi_folds; its confidences are the cosine, and the share
of the 41 nearest reports whose impression is normal ("agreement").

For each risk of `radray.evaluation.deferral.bounds` and alpha, at delta 5 %, with one report of each key:

- 200 random halvings: the threshold is chosen on one half; "kept" of all and of those that read normal, "realised" and
  "over alpha" are of the other half. A share over alpha of more than delta is to be expected there, also of a bound
  that holds: half a set is itself a sample, whose share of errors scatters. 12 % where nothing else plays a part.
- 200 random samples of half the size, with replacement, whose population is the set itself, so that the true risk is
  known: "over, true" is what the theorem is about, and is at most delta but for chance. Its interval is Clopper and
  Pearson's.

``--reports`` takes every report for itself instead of one a key.
"""

import argparse
import csv
import hashlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from radray.evaluation.deferral.bounds import R1, R1_NORMAL, R2, RISKS, Threshold, lowest_threshold
from radray.evaluation.deferral.sample import NO_CONFIDENCE, Sample, reads_normal
from radray.evaluation.similarity import FindingsSimilarity
from radray.language.normality import is_normal
from tests.benchmarks.openi_folds import folds_of, read_reports

ALPHAS = (0.05, 0.1, 0.15, 0.2, 0.3)
DELTA = 0.05
TRIES = 200
SEED = 13
NEIGHBOURS = 41


class Row(NamedTuple):
    """A report with a prediction, as far as bounds are concerned."""

    key: str
    confidence: float | None
    abnormal: bool
    reads_normal: bool


class Outcome(NamedTuple):
    """One risk at one alpha."""

    risk: str
    alpha: float
    none: float
    """Share of the halvings in which no threshold passed."""
    kept: float
    kept_normal: float
    realised: float
    over_half: int
    """Halvings whose other half has a risk above alpha."""
    over_true: int
    """Samples with replacement whose threshold has a true risk above alpha."""


def sample_of_rows(rows: Sequence[Row], *, every: bool = False) -> Sample:
    """Return one of `rows` for each key, drawn by the sha256 of its place; with `every` all of them."""
    chosen: dict[str, tuple[str, Row]] = {}
    for place, row in enumerate(rows):
        ticket = hashlib.sha256(str(place).encode()).hexdigest()
        key = str(place) if every else row.key
        if key not in chosen or ticket < chosen[key][0]:
            chosen[key] = (ticket, row)
    kept = [row for _, row in chosen.values()]
    return Sample(
        list(chosen),
        np.array([NO_CONFIDENCE if row.confidence is None else row.confidence for row in kept], dtype=np.float64),
        np.array([row.abnormal for row in kept], dtype=np.bool_),
        np.array([row.reads_normal for row in kept], dtype=np.bool_),
        np.ones(len(kept), dtype=np.bool_),
    )


def kept_of(sample: Sample, chosen: Threshold) -> NDArray[np.bool_]:
    """Return which predictions that read normal are kept."""
    return sample.reads_normal & (sample.confidence >= (np.inf if chosen.threshold is None else chosen.threshold))


def realised(sample: Sample, chosen: Threshold, risk: str) -> float:
    """Return the share of errors that `risk` is, on `sample`; 0 where it is a share of nothing."""
    kept = kept_of(sample, chosen)
    among = {R1: kept | ~sample.reads_normal, R1_NORMAL: kept, R2: sample.abnormal}[risk]
    return float((kept & sample.abnormal).sum() / max(among.sum(), 1))


def outcome(sample: Sample, risk: str, alpha: float, tries: int = TRIES, seed: int = SEED) -> Outcome:
    """Return what the bound keeps and how often it fails."""
    random = np.random.default_rng(seed)
    half = len(sample) // 2
    over_half = over_true = 0
    figures = []
    for number in range(tries):
        order = random.permutation(len(sample))
        other = sample.part(order[half:])
        chosen = lowest_threshold(sample.part(order[:half]), {risk: alpha}, DELTA)
        figures.append(
            (
                chosen.threshold is None,
                (kept_of(other, chosen) | ~other.reads_normal).mean(),
                kept_of(other, chosen).sum() / max(other.reads_normal.sum(), 1),
                realised(other, chosen, risk),
            )
        )
        over_half += figures[-1][-1] > alpha
        drawn = sample.part(random.integers(0, len(sample), half))
        # a report that is drawn twice is two, of which one may be in the pilot
        named = Sample([f"{number} {place}" for place in range(half)], *_columns(drawn))
        over_true += realised(sample, lowest_threshold(named, {risk: alpha}, DELTA), risk) > alpha
    none, kept, kept_normal, risk_there = np.mean(figures, axis=0).tolist()
    return Outcome(risk, alpha, none, kept, kept_normal, risk_there, over_half, over_true)


def bound_lines(sample: Sample, tries: int = TRIES, seed: int = SEED) -> Iterator[str]:
    """Yield the lines of the table of `sample`."""
    normal, wrong = sample.reads_normal, sample.reads_normal & sample.abnormal
    yield (
        f"{len(sample):,} reports, {sample.abnormal.sum():,} abnormal; {normal.sum():,} predictions read normal,"
        f" {wrong.sum():,} of them over an abnormal report; {tries} halvings and {tries} samples, seed {seed}"
    )
    yield "risk       alpha  kept of all  of normal  realised  none   over alpha  over, true (95 %)"
    for risk in RISKS:
        for alpha in ALPHAS:
            cell = outcome(sample, risk, alpha, tries, seed)
            interval = binomtest(cell.over_true, tries).proportion_ci(0.95, "exact")
            yield (
                f"{risk:<10} {100 * alpha:>4.0f} % {100 * cell.kept:>10.1f} % {100 * cell.kept_normal:>8.1f} %"
                f" {100 * cell.realised:>7.1f} % {100 * cell.none:>3.0f} % {100 * cell.over_half / tries:>10.1f} %"
                f" {100 * cell.over_true / tries:>5.1f} % ({100 * interval.low:.1f} to {100 * interval.high:.1f})"
            )


def nearest_rows() -> dict[str, list[Row]]:
    """Return the reports of Open-i with the impression of the nearest of another fold, by confidence."""
    reports = read_reports()
    rows: dict[str, list[Row]] = {"cosine": [], "agreement": []}
    for known, asked in folds_of(reports):
        similarity = FindingsSimilarity([reports[place].findings for place in known])
        normal = np.array([reads_normal(reports[place].reference) for place in known])
        for place, cosines in zip(asked, similarity.cosines([reports[p].findings for p in asked]), strict=True):
            near = np.argsort(-cosines, kind="stable")[:NEIGHBOURS]
            about = is_normal(reports[place].reference) is False, bool(normal[near[0]])
            rows["cosine"].append(Row(reports[place].key, float(cosines[near[0]]), *about))
            rows["agreement"].append(Row(reports[place].key, float(normal[near].mean()), *about))
    return rows


def read_rows(file: Path) -> list[Row]:
    """Return the rows of a CSV file."""
    with file.open(encoding="utf-8", newline="") as opened:
        return [
            Row(
                row["key"],
                float(row["confidence"]) if row["confidence"] else None,
                row["abnormal"] == "1",
                row["reads_normal"] == "1",
            )
            for row in csv.DictReader(opened)
        ]


def _columns(sample: Sample) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    return sample.confidence, sample.abnormal, sample.reads_normal, sample.written


def main() -> int:
    """Print the table of a file, or of the nearest neighbour on Open-i."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--reports", action="store_true", help="every report for itself")
    given = parser.parse_args()
    for name, rows in ({given.file.name: read_rows(given.file)} if given.file else nearest_rows()).items():
        sys.stdout.write(f"\n{name}: ")
        for line in bound_lines(sample_of_rows(rows, every=given.reports)):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
