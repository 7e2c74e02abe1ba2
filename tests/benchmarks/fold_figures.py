"""Figures over the folds that are there: ``python -m tests.benchmarks.fold_figures FOLDER``.

FOLDER has what ``tests.benchmarks.folds`` wrote of Open-i's reports. For each of its models: greedy search, the best of
a beam of 4, and

- *consensus*: of greedy text, beam and the impressions of the k nearest training reports the one that agrees most with
  all of them,
- *least flagged consensus*: the same among the candidates that radray's checks flag least (`fold_choices.degree`): they
  read findings and background, no reference,
- *guarded*: the greedy text where none is flagged less, else the least flagged consensus,
- *first of least flagged*: the first of these: greedy text, beam, neighbours, nearest first; nothing is chosen,
- *voted*: a consensus among the candidates that read abnormal, where a share of the votes is for these,

beside the floors and what is chosen of 20 neighbours alone. How many neighbours, which utility (ROUGE-L, concept F1,
both), which share of the votes is the model's (or one a candidate) and whether nearer ones have more of the rest is
chosen for each fold on the other folds alone, by the mean of ROUGE-1 over normal and abnormal; a single fold has 10,
ROUGE-L and one vote a candidate, and no *voted*.
Which flags count was tried on neighbours alone, on all these reports, and the checks were tuned on them: on other
reports expect less of what they choose.

ROUGE with stemmer, cleaned references, x100; 95 % intervals by clusters of equal findings, differences to the nearest
neighbour on the reports that both have. Then which system meets each aim. The last line is JSON. No report text is
printed.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from radray.evaluation.scoring import READS_NORMAL
from radray.evaluation.strata import ABNORMAL, ALL
from tests.benchmarks.fold_choices import (
    AGREED,
    MOST_NEIGHBOURS,
    VOTED,
    Candidates,
    Choice,
    choose,
    first_of_least_flagged,
    guarded,
)
from tests.benchmarks.openi_figures import FLOORS, ROUGE, Figures, figures_of, floors, show
from tests.benchmarks.openi_folds import FOLDS, SYSTEMS, Fold, Report, folds_of, read_reports
from tests.benchmarks.trained_model import say

AIMS = (67.0, 58.0, 66.0)
GAIN, LEAST_GAIN = 12.0, 8.0
MOST_READS_NORMAL = 35.0

Rows = dict[int, dict[str, Any]]


def read(folder: Path) -> dict[str, dict[int, Rows]]:
    """Return the rows by place of each fold of each model that is in `folder`."""
    return {
        model: {
            number: {row["place"]: row | {"beam": json.loads(row["beam"])} for row in pq.read_table(file).to_pylist()}
            for number in range(1, FOLDS + 1)
            if (file := folder / f"fold-{number}-{model}.parquet").is_file()
        }
        for model in SYSTEMS
    }


class Written:
    """The texts of every system by place of the report, and what was chosen for them."""

    def __init__(self, reports: Sequence[Report]) -> None:
        self.reports = reports
        self.texts: dict[str, dict[int, str]] = {}
        self.choices: dict[str, dict[int, Choice]] = {}

    def add(self, name: str, places: Sequence[int], texts: Sequence[str]) -> None:
        """Add a system's texts of a fold."""
        self.texts.setdefault(name, {}).update(zip(places, texts, strict=True))

    def add_chosen(
        self,
        name: str,
        folds: dict[int, dict[int, Candidates]],
        choices: dict[int, Choice],
        write: Callable[[Candidates, Choice], str],
    ) -> None:
        """Add a system that writes one of the candidates, by the choice for its fold."""
        self.choices[name] = choices
        for number, candidates in folds.items():
            self.add(name, list(candidates), [write(each, choices[number]) for each in candidates.values()])

    def systems(self) -> tuple[list[Report], dict[str, list[str | None]]]:
        """Return the reports that any system was asked, and each system's texts of them."""
        places = sorted({place for texts in self.texts.values() for place in texts})
        systems = {name: [texts.get(place) for place in places] for name, texts in self.texts.items()}
        return [self.reports[place] for place in places], systems


def agreed(candidates: Candidates, choice: Choice) -> str:
    """Return the most agreed candidate."""
    return candidates.chosen(choice, least_flagged=False)


def least_flagged(candidates: Candidates, choice: Choice) -> str:
    """Return the most agreed of the candidates that are flagged least."""
    return candidates.chosen(choice, least_flagged=True)


def write_all(reports: list[Report], rows: dict[str, dict[int, Rows]]) -> Written:
    """Return what every system writes, for the folds of which any model is there; for all of them if none is."""
    written, folds = Written(reports), folds_of(reports)
    there = sorted({number for of_model in rows.values() for number in of_model}) or list(range(1, FOLDS + 1))
    near: dict[int, dict[int, list[tuple[str, float]]]] = {}
    for number in there:
        known, asked = folds[number - 1]
        for name, texts in floors([reports[place] for place in known], [reports[place] for place in asked]).items():
            written.add(name, asked, texts)
        fold = Fold(reports, known, asked)
        neighbours = fold.neighbours.nearest(fold.asked, MOST_NEIGHBOURS)
        near[number] = {
            place: [(neighbour.impression, neighbour.cosine) for neighbour in its]
            for place, its in zip(asked, neighbours, strict=True)
        }
    alone = {
        number: {place: Candidates(reports[place], (), texts) for place, texts in of_fold.items()}
        for number, of_fold in near.items()
    }
    without = tuple(choice for choice in AGREED if choice.share is None)
    _consensus(written, "neighbours", alone, without)
    for model, of_model in rows.items():
        folds_there: dict[int, dict[int, Candidates]] = {}
        for number, its in of_model.items():
            written.add(model, list(its), [row["prediction"] for row in its.values()])
            written.add(f"{model}, beam", list(its), [row["beam"][0][0] for row in its.values()])
            folds_there[number] = {
                place: Candidates(
                    *(reports[place], (row["prediction"], *(text for text, _ in row["beam"])), near[number][place])
                )
                for place, row in its.items()
            }
        if folds_there:
            _consensus(written, model, folds_there, AGREED)
            written.add_chosen(
                f"{model}, guarded", folds_there, written.choices[f"{model}, least flagged consensus"], guarded
            )
        if len(folds_there) > 1:
            chosen = choose({n: list(its.values()) for n, its in folds_there.items()}, VOTED, least_flagged=False)
            written.add_chosen(f"{model}, voted", folds_there, chosen, agreed)
    return written


def _consensus(written: Written, name: str, folds: dict[int, dict[int, Candidates]], choices: Sequence[Choice]) -> None:
    by_fold = {number: list(candidates.values()) for number, candidates in folds.items()}
    for kind, write in (("consensus", agreed), ("least flagged consensus", least_flagged)):
        chosen = choose(by_fold, choices, least_flagged=write is least_flagged)
        written.add_chosen(f"{name}, {kind}", folds, chosen, write)
    for candidates in folds.values():
        texts = [first_of_least_flagged(each) for each in candidates.values()]
        written.add(f"{name}, first of least flagged", list(candidates), texts)


def aims(figures: Figures, system: str) -> dict[str, bool]:
    """Return which aims `system` meets."""
    rouge = [figures.mean(system, ALL, metric) for metric in ROUGE]
    more, low, _, _ = figures.to_nearest(system, ABNORMAL, "rouge1")
    return {
        f"all >= {'/'.join(f'{aim:.0f}' for aim in AIMS)}": all(a >= b for a, b in zip(rouge, AIMS, strict=True)),
        f"abnormal >= nearest + {GAIN:.0f}, low end above + {LEAST_GAIN:.0f}": more >= GAIN and low > LEAST_GAIN,
        f"abnormal that reads normal <= {MOST_READS_NORMAL:.0f} %": (
            figures.mean(system, ABNORMAL, READS_NORMAL) <= MOST_READS_NORMAL
        ),
    }


def main() -> int:
    """Count, print, and return 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    rows = read(given.folder)
    there = {model: sorted(folds) for model, folds in rows.items()}
    for model, folds in there.items():
        missing = [number for number in range(1, FOLDS + 1) if number not in folds]
        say(f"{model}: folds {folds or 'none'}, missing {missing or 'none'}")
    if not any(there.values()):
        say(f"no model: floors and neighbours alone; python -m tests.benchmarks.folds {given.folder} trains some")
    written = write_all(read_reports(), rows)
    reports, systems = written.systems()
    figures = figures_of(reports, systems)
    show(figures, systems)
    for name, choices in written.choices.items():
        say(
            f"chosen for {name}: "
            + "; ".join(f"fold {number} {describe(choice)}" for number, choice in choices.items())
        )
    meets = {system: aims(figures, system) for system in systems if system not in FLOORS}
    for aim in next(iter(meets.values())):
        its = [system for system, met in meets.items() if met[aim]]
        say(f"{aim}: {'met by ' + '; '.join(its) if its else 'NOT MET'}")
    say(
        json.dumps(
            {
                "folds": there,
                "aims": meets,
                "choices": {
                    name: {n: choice._asdict() for n, choice in its.items()} for name, its in written.choices.items()
                },
                "figures": figures.as_json(),
            }
        )
    )
    return 0


def describe(choice: Choice) -> str:
    """Return a choice in words."""
    votes = "one vote each" if choice.share is None else f"{choice.share:.0%} of the votes the model's"
    near = f", cosines to the power of {choice.power}" if choice.power else ""
    abnormal = "" if choice.abnormal_from is None else f", abnormal from {choice.abnormal_from:.0%}"
    return f"{choice.neighbours} neighbours, {choice.utility}, {votes}{near}{abnormal}"


if __name__ == "__main__":
    sys.exit(main())
