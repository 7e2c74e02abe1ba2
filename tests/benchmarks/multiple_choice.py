"""Multiple choice by the fold models: ``python -m tests.benchmarks.multiple_choice FOLDER [SYSTEM ...]``.

Which of four radiologists' impressions fits these findings? (`radray.evaluation.multiple_choice`; wrong choices are
other impressions of the same fold, which no model of it has seen.) FOLDER has the models that
``tests.benchmarks.folds`` trained: each answers by the likelihood of the choices after its prompt, as a mean over
tokens and as a sum, in CTranslate2 (float32). Beside them the floors: chance (25 %), the longest and the shortest
choice, the one with most words in common with the impression of the nearest training report, and with the best
constant.

Masks and communications are out of the impressions as they are out of what is learnt. Shares of right answers, %, with
95 % intervals by clusters of equal findings, over questions about normal and about abnormal reports apart; a normal
report's choices differ from it by asserting anything at all, so who always says "normal" gets all of those and few of
the others: read the mean of both. Scores are kept in FOLDER, so folds may be asked on different days. ``--only 1 2``:
these folds alone; ``--threads``. The last line is JSON. No report text is printed or kept.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from radray.evaluation.bootstrap import Floats, codes_of, intervals, resampled_means
from radray.evaluation.floors import NearestNeighbour, best_constant
from radray.evaluation.multiple_choice import CHOICES, Question, ask
from radray.evaluation.rouge import Scorer
from radray.language.normality import is_normal
from radray.models.engines.opening import open_engine
from radray.models.folder import open_model
from radray.settings.generate import GenerateSettings
from radray.tasks.impression.targets import make_targets
from radray.tasks.registry import find_prompt
from tests.benchmarks.openi_folds import SYSTEMS, Fold, Report, fold_parser, folds_of, read_reports
from tests.benchmarks.trained_model import say

SEED = 13
RESAMPLES = 2_000


class Asked:
    """The questions about a fold, by place of the report, and how many reports have none."""

    def __init__(self, reports: list[Report], known: list[int], asked: list[int]) -> None:
        self.fold = Fold(reports, known, asked)
        targets, _ = make_targets([reports[i].reference for i in asked], keep_masks=False, keep_communications=False)
        places = [place for place, target in zip(asked, targets, strict=True) if target]
        impressions = [target for target in targets if target]
        questions = ask([reports[i].findings for i in places], impressions, [reports[i].key for i in places], SEED)
        self.questions: dict[int, Question] = {
            place: question for place, question in zip(places, questions, strict=True) if question is not None
        }
        self.without = len(asked) - len(self.questions)

    def floors(self, reports: list[Report]) -> dict[str, dict[int, int]]:
        """Return the answer of each floor by place."""
        constant = best_constant(self.fold.targets, stemmer=True)
        nearest = NearestNeighbour([row["findings"] for row in self.fold.known], self.fold.targets)
        near = nearest.predict([reports[place].findings for place in self.questions])
        asked = self.questions.items()
        return {
            "longest": {place: _most([len(text) for text in question.choices]) for place, question in asked},
            "shortest": {place: _most([-len(text) for text in question.choices]) for place, question in asked},
            "constant": {place: _alike(constant, question) for place, question in asked},
            "nearest neighbour": {
                place: _alike(text, question) for text, (place, question) in zip(near, asked, strict=True)
            },
        }

    def answer(self, folder: Path, threads: int) -> dict[int, list[list[float]]]:
        """Return the sum and the mean of the log-probabilities of each choice under the model of `folder`, by place."""
        model = open_model(str(folder))
        provenance = model.manifest.provenance
        asked = find_prompt(str(provenance["prompt_id"]), provenance.get("exemplars"))
        rows = [row for row in self.fold.asked if int(row["unit_id"]) in self.questions]
        prompts = [prompt for prompt in self.fold.prompts(rows, asked) for _ in range(CHOICES)]
        choices = [text for row in rows for text in self.questions[int(row["unit_id"])].choices]
        settings = GenerateSettings(engine="ctranslate2", threads_per_actor=threads, batch_size=CHOICES)
        engine = open_engine(model, settings, chat=asked.prompt.chat)
        scores = [[each.total, each.per_token] for each in engine.score(prompts, choices)]
        return {
            int(row["unit_id"]): scores[CHOICES * number : CHOICES * (number + 1)] for number, row in enumerate(rows)
        }


def _most(values: Sequence[float]) -> int:
    return int(np.argmax(values))


def _alike(text: str, question: Question) -> int:
    scorer = Scorer(stemmer=True)
    return _most([scorer.score(choice, text)["rouge1_f"] for choice in question.choices])


def shares(reports: list[Report], right: dict[str, dict[int, bool]]) -> dict[str, Any]:
    """Return for each system the share of right answers, x100, with its interval, and their number, by stratum."""
    places = sorted({place for its in right.values() for place in its})
    normal = np.array([is_normal(reports[place].reference) for place in places], dtype=object)
    clusters = codes_of(np.array([reports[place].key for place in places], dtype=np.str_))
    values = np.array([[float(its[i]) if i in its else np.nan for its in right.values()] for i in places])
    both: list[Floats] = [np.where((normal == wanted)[:, None], values, np.nan) for wanted in (True, False)]
    means = [resampled_means(stratum, clusters, RESAMPLES, SEED) for stratum in both]
    figures: dict[str, Any] = {}
    for stratum, drawn, columns in (
        ("normal", means[0], [both[0]]),
        ("abnormal", means[1], [both[1]]),
        ("mean of both", (means[0] + means[1]) / 2, both),
    ):
        low, high = intervals(drawn)
        for column, system in enumerate(right):
            counts = [int((~np.isnan(its[:, column])).sum()) for its in columns]
            if all(counts):
                mean = np.mean([np.nanmean(its[:, column]) for its in columns])
                figures.setdefault(stratum, {})[system] = {
                    **{"n": sum(counts), "right": round(100 * float(mean), 1)},
                    "interval": [round(100 * float(end[column]), 1) for end in (low, high)],
                }
    return figures


def main() -> int:
    """Ask what was not asked yet, count, print, and return 0."""
    given = fold_parser(__doc__).parse_args()
    reports = read_reports()
    right: dict[str, dict[int, bool]] = {}
    without = 0
    for number, (known, places) in enumerate(folds_of(reports), start=1):
        models = {name: given.folder / f"fold-{number}-{name}" for name in given.systems or SYSTEMS}
        models = {name: folder for name, folder in models.items() if folder.is_dir()}
        if number not in given.only:
            continue
        asked = Asked(reports, known, places)
        without += asked.without
        say(
            f"fold {number}: {len(asked.questions)} questions, {asked.without} reports without;"
            f" {', '.join(models) or 'no model'}"
        )
        answers = asked.floors(reports)
        for name, folder in models.items():
            file = folder.with_name(f"{folder.name}-choices.json")
            if not file.is_file():
                file.write_text(json.dumps(asked.answer(folder, given.threads)), encoding="utf-8")
            scores = {int(place): its for place, its in json.loads(file.read_text(encoding="utf-8")).items()}
            for column, way in enumerate(("sum", "mean")):
                answers[f"{name}, {way}"] = {place: _most([s[column] for s in its]) for place, its in scores.items()}
        for name, its in answers.items():
            right.setdefault(name, {}).update(
                {place: choice == asked.questions[place].right for place, choice in its.items()}
            )
    figures = shares(reports, right)
    for stratum, systems in figures.items():
        for name, cell in systems.items():
            say(f"{stratum:14}{name:24}{cell['right']:6.1f} % {cell['interval']} of {cell['n']}")
    say(json.dumps({"chance": 100 / CHOICES, "without": without, "figures": figures}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
