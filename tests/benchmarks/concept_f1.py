"""Concept F1 beside ROUGE: ``python -m tests.benchmarks.concept_f1 [--seed N]``. Needs RADRAY_DATA.

No public set of candidates with radiologists' ratings is at hand, so two substitutes are measured on the 1,384 reports
of ``$RADRAY_DATA/openi`` with findings and impression:

**Codes.** The National Library of Medicine's coders gave each report its findings (`Problems`, `MeSH`). For each report
the impression of another is taken for the prediction: that of the nearest findings, and that of a random abnormal
report. How well they fit is taken from the codes: F1 of the two reports' sets of headings. Printed: Kendall's tau-b of
each score with that, over reports with codes and abnormal references, with a 95 % bootstrap interval of tau and of the
difference from ROUGE-L.

**Errors.** Into each reference one error is seeded (``tests/support/beds``, bed b): how often does the reference with
the error score below the reference in other words (no error; `REWORDED`, the sentences in reverse order)? Ties count
half. The rewordings are general English and no word of the vocabulary, but they are ours.

Each is also measured with equal weights, which shows what the weights do. The last line is JSON.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from time import process_time
from unittest.mock import patch

import numpy as np
from scipy.stats import kendalltau

from radray.evaluation import concept_f1 as module
from radray.evaluation.concept_f1 import concept_f1
from radray.evaluation.rouge import Scorer
from radray.language.mentions import find_mentions
from radray.language.normality import is_normal
from radray.language.sentences import split_sentences
from radray.reports.record.record import Record
from tests.benchmarks.check_rates import open_pairs, say
from tests.benchmarks.normal_over import neighbours_of
from tests.support.beds import seeded_reals
from tests.support.paths import openi_file

RESAMPLES = 1000
SEEDED = ("side", "polarity", "critical_missed", "certainty", "unsupported")
"""Classes of seeded errors in which another finding, side or certainty is stated: what concepts can see."""
REWORDED = (
    (r"\bno evidence of\b", "without"),
    (r"\bthere (is|are) no\b", "no"),
    (r"\bthere (is|are|has been)\b", "we see"),
    (r"^no\b", "negative for"),
    (r"\bidentified\b", "demonstrated"),
    (r"\bseen\b", "visualized"),
    (r"\bwithout evidence of\b", "without"),
    (r"\bwithin normal limits\b", "normal"),
    (r"\bconsistent with\b", "in keeping with"),
    (r"\bcompatible with\b", "consistent with"),
    (r"\bstable\b", "unchanged"),
    (r"\bunchanged\b", "stable"),
    (r"\bmild(ly)?\b", r"slight\1"),
    (r"\bimproved\b", "better"),
    (r"\bprobably\b", "likely"),
)
"""Patterns of general English, each with another way to put it."""

Score = Callable[[str, str], float]


def scores() -> dict[str, Score]:
    """Return the scores by name, each of (reference, prediction); a reference without a concept scores 0."""
    rouge = Scorer(stemmer=True)

    def weightless(reference: str, prediction: str) -> float:
        with equal_weights():
            return concept_f1(reference, prediction) or 0.0

    return {
        "concept F1": lambda reference, prediction: concept_f1(reference, prediction) or 0.0,
        "concept F1, equal weights": weightless,
        "ROUGE-L": lambda reference, prediction: rouge.score(reference, prediction)["rougel_f"],
        "ROUGE-1": lambda reference, prediction: rouge.score(reference, prediction)["rouge1_f"],
    }


@contextmanager
def equal_weights() -> Iterator[None]:
    """Count every statement alike within the block."""
    with patch.object(module, "DENIED", 1.0), patch.object(module, "WEIGHTS", dict.fromkeys(module.WEIGHTS, 1.0)):
        yield


def headings(record: Record) -> frozenset[str]:
    """Return the findings that the coders gave a report, without place and degree; empty for none or "normal"."""
    codes = (record.human_codes or "").lower()
    names = {re.split(r"[/,]", code)[0].strip() for code in re.split(r"[;|]", codes)}
    return frozenset(names - {"normal", "no indexing", ""})


def fit(first: frozenset[str], second: frozenset[str]) -> float:
    """Return F1 of two sets of headings; 1 for two empty ones."""
    return 2 * len(first & second) / (len(first) + len(second)) if first or second else 1.0


def reword(text: str) -> str:
    """Return an impression in other words: its sentences in reverse order, each with the patterns of `REWORDED`."""
    sentences = []
    for sentence in reversed(split_sentences(text)):
        for pattern, instead in REWORDED:
            changed = re.sub(pattern, instead, sentence, flags=re.IGNORECASE)
            sentence = changed
        sentences.append(sentence[:1].upper() + sentence[1:])
    return " ".join(sentences)


def _interval(draws: Sequence[float]) -> str:
    low, high = np.percentile(draws, [2.5, 97.5])
    return f"[{low:.3f}, {high:.3f}]"


def against_codes(records: list[Record], seed: int) -> dict[str, dict[str, float]]:
    """Print and return Kendall's tau-b of each score with the fit of the codes, by whose impression was taken."""
    abnormal = [i for i, record in enumerate(records) if is_normal(record.reference or "") is False]
    coded = [i for i in abnormal if headings(records[i])]
    draw = Random(seed)
    near = dict(enumerate(neighbours_of(records)))
    owner: dict[str, int] = {}
    for i, record in enumerate(records):
        owner.setdefault(record.reference or "", i)
    taken = {
        "nearest": {i: owner[near[i]] for i in coded},
        "random abnormal": {i: draw.choice([j for j in coded if j != i]) for i in coded},
    }
    figures: dict[str, dict[str, float]] = {}
    for name, other in taken.items():
        truth = np.array([fit(headings(records[i]), headings(records[other[i]])) for i in coded])
        texts = [(records[i].reference or "", records[other[i]].reference or "") for i in coded]
        values = {score: np.array([of(*pair) for pair in texts]) for score, of in scores().items()}
        figures[name] = {score: float(kendalltau(truth, column).statistic) for score, column in values.items()}
        draws: dict[str, list[float]] = {score: [] for score in values}
        rng = np.random.default_rng(seed)
        for _ in range(RESAMPLES):
            chosen = rng.integers(0, len(truth), len(truth))
            for score, column in values.items():
                draws[score].append(float(kendalltau(truth[chosen], column[chosen]).statistic))
        for score in values:
            gain = np.array(draws[score]) - np.array(draws["ROUGE-L"])
            say(
                f"codes, {name:16} n={len(coded)}  {score:26} tau {figures[name][score]:.3f} {_interval(draws[score])}"
                f"  over ROUGE-L {_interval(list(gain))}"
            )
    return figures


def against_errors(seed: int) -> dict[str, dict[str, float]]:
    """Print and return, by class of error, how often a harmless rewording scores above the error."""
    bed = [
        pair for pair in seeded_reals.pairs(openi_file(), seed) if pair.error in SEEDED and pair.right and pair.wrong
    ]
    figures: dict[str, dict[str, float]] = {}
    for error in SEEDED:
        pairs = [pair for pair in bed if pair.error == error]
        figures[error] = {}
        for score, of in scores().items():
            wins = []
            for pair in pairs:
                right, wrong = pair.right or "", pair.wrong or ""
                harmless, harmful = of(right, reword(right)), of(right, wrong)
                wins.append(1.0 if harmless > harmful else 0.5 if harmless == harmful else 0.0)
            figures[error][score] = float(np.mean(wins))
            say(f"errors, {error:16} n={len(pairs):5}  {score:26} rewording above error {100 * np.mean(wins):5.1f} %")
    return figures


def main() -> int:
    """Measure, print, and return 0."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=13, help="of the draws")
    seed = parser.parse_args().seed
    records = open_pairs()
    seconds, judged = 0.0, []
    for record, text in zip(records, neighbours_of(records), strict=True):
        for read in (record.reference or "", text):
            find_mentions(read)  # the checks have read both before
        start = process_time()
        value = concept_f1(record.reference, text)
        seconds += process_time() - start
        judged += [] if value is None else [value]
    say(f"{len(judged)} of {len(records)} references name a concept; copies of the nearest: {np.mean(judged):.3f}")
    say(f"{seconds / len(records) * 1e6:.1f} us a report")
    figures = {"codes": against_codes(records, seed), "errors": against_errors(seed)}
    say(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
