"""What choosing the most agreed candidate costs: ``python -m tests.benchmarks.consensus [--reports N]``.

Needs RADRAY_DATA. The candidates of a report of Open-i are the impressions of its nearest other reports, in different
numbers. Printed for each number and utility: microseconds a report, with caches that hold the first one alone at the
start, and for comparison those of rouge-score for the same pairs. One core. The last line is JSON.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from functools import partial
from itertools import combinations
from time import process_time

from rouge_score.rouge_scorer import RougeScorer

from radray.evaluation.agreement import UTILITIES, agreements
from radray.evaluation.rouge import Tokenizer
from radray.models.neighbours import Neighbours, carried
from tests.benchmarks.openi_folds import as_row, read_reports
from tests.benchmarks.scoring import forget
from tests.benchmarks.trained_model import say

COUNTS = (5, 12, 20, 40)


def microseconds(candidates: Sequence[Sequence[str]], choose: Callable[[Sequence[str]], object]) -> float:
    """Return the time that `choose` takes for the candidates of a report, in microseconds, the mean over all."""
    forget()
    choose(candidates[0])  # the vocabulary is read
    began = process_time()
    for texts in candidates[1:]:
        choose(texts)
    return 1e6 * (process_time() - began) / len(candidates[1:])


def by_rouge_score(texts: Sequence[str]) -> list[float]:
    """Return the agreement of each pair of different texts."""
    scorer = RougeScorer(["rougeL"], tokenizer=Tokenizer(stemmer=True))
    return [scorer.score(*pair)["rougeL"].fmeasure for pair in combinations(dict.fromkeys(texts), 2)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":")[0])
    parser.add_argument("--reports", type=int, default=200)
    count = parser.parse_args().reports
    reports = read_reports()
    rows = [as_row(report, place) for place, report in enumerate(reports)]
    known = carried(rows, (report.reference for report in reports))
    near = Neighbours(known).nearest(rows[:count], max(COUNTS))
    for nearest in near:  # patterns are compiled
        agreements([each.impression for each in nearest], "both")
    figures: dict[str, dict[int, float]] = {utility: {} for utility in (*UTILITIES, "rouge-score")}
    for candidates in COUNTS:
        texts = [[each.impression for each in nearest[:candidates]] for nearest in near]
        different = sum(len(set(each)) for each in texts) / len(texts)
        for utility in UTILITIES:
            figures[utility][candidates] = microseconds(texts, partial(agreements, utility=utility))
        figures["rouge-score"][candidates] = microseconds(texts, by_rouge_score)
        listed = ", ".join(f"{name} {of[candidates]:,.0f}" for name, of in figures.items())
        say(f"{candidates} candidates, {different:.1f} of them different: us a report: {listed}")
    say(json.dumps({"reports": count, "us_a_report": figures}))


if __name__ == "__main__":
    main()
