"""What bounds on the worst error keep, and whether they hold: ``python -m tests.benchmarks.bounds [FILE or FOLDER]``.

FOLDER is that of tests.benchmarks.folds: the greedy text of each of its models, by the log-probability per token and
by agreement as below. FILE is a CSV with the columns key, confidence, abnormal, reads_normal (0 or 1), a row a report;
confidence may be empty. Without either the impression of the nearest report of another fold stands in for the
prediction, on all reports of ``$RADRAY_DATA/openi`` in the five folds of tests.benchmarks.openi_folds; its confidences
are the cosine, and the share of the 41 nearest reports whose impression is normal ("agreement").

For each risk of `radray.evaluation.deferral.bounds` and alpha, at delta 5 %, with one report of each key:

- 200 random halvings: the threshold is chosen on one half; "kept" of all and of those that read normal, "realised" and
  "over alpha" are of the other half. A share over alpha of more than delta is to be expected there, also of a bound
  that holds: half a set is itself a sample, whose share of errors scatters. 12 % by the normal
  approximation where nothing else plays a part.
- 200 random samples of half the size, with replacement, whose population is the set itself, so that the true risk is
  known: "over, true" is what the theorem is about, and is at most delta but for chance. Its interval is Clopper and
  Pearson's.

Without FILE and FOLDER there is a drill: 200 calibrations on half of the reports, 28 % of them abnormal. In how many is
a night of the others withdrawn (level 1 %), of 28 %, of 42 % abnormal, of 42 % whose findings are in other words
(`rephrase`), and what are the risks there?

``--reports`` takes every report for itself instead of one a key.
"""

import argparse
import csv
import hashlib
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.stats import binomtest

from radray.evaluation.deferral.bounds import R1, R1_NORMAL, R2, RISKS, Threshold, lowest_threshold
from radray.evaluation.deferral.sample import NO_CONFIDENCE, Sample, reads_normal
from radray.evaluation.deferral.shift import histogram_of, shift_p_value
from radray.evaluation.similarity import FindingsSimilarity
from radray.language.normality import is_normal
from radray.language.rephrasing import rephrase
from tests.benchmarks.openi_folds import Report, folds_of, read_reports

ALPHAS = (0.05, 0.1, 0.15, 0.2, 0.3)
DELTA = 0.05
TRIES = 200
SEED = 13
NEIGHBOURS = 41
AT_HOME, ELSEWHERE = 0.28, 0.42
"""Shares of abnormal reports of the drill: those of Open-i's pairs, and of 2,000 held-out Indiana reports."""
DRILLED = {R1_NORMAL: 0.2, R2: 0.1}
LEVEL = 0.01
"""That of score.calibration_level."""
COLUMNS = ["place", "prediction", "logprob"]
"""Columns of the files of tests.benchmarks.folds that are read."""


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


def agreements(
    reports: Sequence[Report], findings: Sequence[str]
) -> tuple[dict[int, float], dict[int, float], dict[int, str]]:
    """Return the cosine of the nearest report of another fold, the share of normal impressions among NEIGHBOURS, and
    the nearest one's impression, by place; `findings` are those that are asked with."""
    cosine: dict[int, float] = {}
    agreement: dict[int, float] = {}
    texts: dict[int, str] = {}
    for known, asked in folds_of(list(reports)):
        similarity = FindingsSimilarity([reports[place].findings for place in known])
        normal = np.array([reads_normal(reports[place].reference) for place in known])
        for place, cosines in zip(asked, similarity.cosines([findings[place] for place in asked]), strict=True):
            near = np.argsort(-cosines, kind="stable")[:NEIGHBOURS]
            cosine[place] = float(cosines[near[0]])
            agreement[place] = float(normal[near].mean())
            texts[place] = reports[known[near[0]]].reference
    return cosine, agreement, texts


def nearest_rows(*, rephrased: bool = False) -> dict[str, list[Row]]:
    """Return the reports of Open-i with the impression of the nearest of another fold, by confidence.

    `rephrased`: the findings that are asked with are in other words.
    """
    reports, random = read_reports(), Random(SEED)
    findings = [rephrase(report.findings, random) if rephrased else report.findings for report in reports]
    cosine, agreement, texts = agreements(reports, findings)
    return {
        "cosine": rows_of_texts(reports, texts, cosine),
        "agreement": rows_of_texts(reports, texts, agreement),
    }


def rows_of_texts(
    reports: Sequence[Report], texts: Mapping[int, str], confidence: Mapping[int, float | None]
) -> list[Row]:
    """Return the rows of `texts`, predictions by the place of their report; `confidence` likewise."""
    return [
        Row(
            reports[place].key,
            confidence[place],
            is_normal(reports[place].reference) is False,
            reads_normal(text),
        )
        for place, text in sorted(texts.items())
    ]


def fold_rows(folder: Path) -> dict[str, list[Row]]:
    """Return the predictions of the models in `folder`, that of tests.benchmarks.folds, by model and confidence."""
    reports = read_reports()
    agreement = agreements(reports, [report.findings for report in reports])[1]
    rows: dict[str, list[Row]] = {}
    for model in sorted({file.stem.split("-", 2)[2] for file in folder.glob("fold-*.parquet")}):
        files = sorted(folder.glob(f"fold-*-{model}.parquet"))
        written = [row for file in files for row in pq.read_table(file, columns=COLUMNS).to_pylist()]
        texts = {row["place"]: row["prediction"] for row in written}
        by_model = {row["place"]: row["logprob"] for row in written}
        rows[f"{model}, logprob, {len(files)} folds"] = rows_of_texts(reports, texts, by_model)
        rows[f"{model}, agreement, {len(files)} folds"] = rows_of_texts(reports, texts, agreement)
    return rows


def of_mix(sample: Sample, abnormal: float, random: np.random.Generator) -> Sample:
    """Return as many of `sample` as there are with this share of abnormal reports."""
    kinds = [random.permutation(np.flatnonzero(sample.abnormal == kind)) for kind in (True, False)]
    size = min(len(kinds[0]) / abnormal, len(kinds[1]) / (1 - abnormal))
    places = [kinds[0][: int(size * abnormal)], kinds[1][: int(size * (1 - abnormal))]]
    return sample.part(np.concatenate(places))


def drill_lines(home: Sample, elsewhere: Sample, tries: int = TRIES, seed: int = SEED) -> Iterator[str]:
    """Yield how often each kind of night withdraws a calibration at `home`; `elsewhere` has its reports in other words.

    Both have the same reports in the same order.
    """
    random = np.random.default_rng(seed)
    withdrawn: Counter[str] = Counter()
    risks: dict[str, list[list[float]]] = {}
    for _ in range(tries):
        order = random.permutation(len(home))
        half = len(home) // 2
        calibrated, other = of_mix(home.part(order[:half]), AT_HOME, random), order[half:]
        histogram = histogram_of(_known(calibrated))
        chosen = {risk: lowest_threshold(calibrated, {risk: alpha}, DELTA) for risk, alpha in DRILLED.items()}
        nights = {
            f"{100 * AT_HOME:g} % abnormal": of_mix(home.part(other), AT_HOME, random),
            f"{100 * ELSEWHERE:g} % abnormal": of_mix(home.part(other), ELSEWHERE, random),
            f"in other words, {100 * ELSEWHERE:g} % abnormal": of_mix(elsewhere.part(other), ELSEWHERE, random),
        }
        for name, night in nights.items():
            p_value = shift_p_value(histogram, _known(night))
            withdrawn[name] += p_value is not None and p_value < LEVEL
            risks.setdefault(name, []).append([realised(night, chosen[risk], risk) for risk in DRILLED])
    for name, values in risks.items():
        means = [
            f"{risk} at {100 * alpha:g} % is {100 * mean:.1f} %"
            for (risk, alpha), mean in zip(DRILLED.items(), np.mean(values, axis=0).tolist(), strict=True)
        ]
        yield f"night of {name}: withdrawn in {100 * withdrawn[name] / tries:.1f} %; there {', '.join(means)}"


def _known(sample: Sample) -> list[float | None]:
    return [None if value == NO_CONFIDENCE else value for value in sample.confidence.tolist()]


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
    """Print the tables of a file or folder, or those of the nearest neighbour on Open-i and the drill."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE or FOLDER")
    parser.add_argument("--reports", action="store_true", help="every report for itself")
    given = parser.parse_args()
    if given.file is None:
        rows = nearest_rows()
    else:
        rows = fold_rows(given.file) if given.file.is_dir() else {given.file.name: read_rows(given.file)}
    shifted = nearest_rows(rephrased=True) if given.file is None else {}
    for name, of_system in rows.items():
        sample = sample_of_rows(of_system, every=given.reports)
        sys.stdout.write(f"\n{name}: ")
        for line in bound_lines(sample):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        if name in shifted:
            for line in drill_lines(sample, sample_of_rows(shifted[name], every=given.reports)):
                sys.stdout.write(f"{line}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
