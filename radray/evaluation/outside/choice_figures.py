"""How often systems choose the right option: the rows of `evaluations` and `comparisons`, with intervals."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from radray.evaluation.bootstrap import TEST, Floats, codes_of, intervals, resampled_means, sign_flip_p, unanimous_bound
from radray.evaluation.figures import interval_of
from radray.evaluation.outside.choices import ChoiceQuestion
from radray.evaluation.strata import ALL
from radray.evaluation.summary import summarise
from radray.evaluation.systems import FLOOR, MODEL

METRIC, LIKELIHOOD, TEXT = "accuracy", "choices-likelihood-1", "choices-text-1"
"""The metric, and the ids of its scorers: by the likeliest option, and by what the model writes."""


def choice_floors(questions: Sequence[ChoiceQuestion]) -> dict[str, Floats]:
    """Return how right answers without a model are, (questions,), by name.

    ``floor: commonest`` knows which place is right most often in this very file: no constant does better.
    """
    commonest = Counter(question.right for question in questions).most_common(1)[0][0]
    longest = [int(np.argmax([len(option) for option in question.options])) for question in questions]
    return {
        "floor: chance": np.array([1 / len(question.options) for question in questions]),
        "floor: commonest": np.array([float(question.right == commonest) for question in questions]),
        "floor: longest option": np.array(
            [float(question.right == place) for question, place in zip(questions, longest, strict=True)]
        ),
    }


def choice_rows(
    questions: Sequence[ChoiceQuestion],
    answers: Mapping[tuple[str, str], Sequence[int | None]],
    about: Mapping[str, Any],
    resamples: int,
    seed: int,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rows of `evaluations` and those of `comparisons`, each system against each floor.

    `answers` are the chosen places by system and scorer, None where none was; `about` has the columns that all rows
    share. Questions about the same text are drawn together. Raises ValueError without questions.
    """
    floors = choice_floors(questions)
    right = {
        key: np.array([float(its == question.right) for its, question in zip(places, questions, strict=True)])
        for key, places in answers.items()
    }
    columns = {**right, **{(name, scorer): its for name, its in floors.items() for scorer in (LIKELIHOOD, TEXT)}}
    clusters = codes_of(np.array([question.key for question in questions], dtype=np.str_))
    count = len(np.unique(clusters))
    drawn = {"clusters": count, "resamples": resamples, "seed": seed, "normal_weight": None}
    figures, differences = [], []
    means = resampled_means(np.column_stack(list(columns.values())), clusters, resamples, seed)
    for (name, scorer), low, high in zip(columns, *intervals(means), strict=True):
        values = columns[name, scorer]
        ends = interval_of(float(low), float(high), count)
        if ends is not None and values.min() == values.max() and values[0] in (0.0, 1.0):
            ends = (0.0, unanimous_bound(count)) if values[0] == 0 else (1 - unanimous_bound(count), 1.0)
        summary = summarise(values)
        figures.append(
            {
                **about,
                **{"system": name, "kind": FLOOR if name in floors else MODEL, "stratum": ALL},
                **{"scorer_id": scorer, "metric": METRIC, "missing": 0},
                **{field: getattr(summary, field) for field in summary.__slots__},
                "failed": sum(its is None for its in answers.get((name, scorer), ())),
                **{"ci_low": ends and ends[0], "ci_high": ends and ends[1], **drawn},
            }
        )
    pairs = [(key, floor) for key in right for floor in floors]
    apart = np.column_stack([right[key] - floors[floor] for key, floor in pairs])
    low, high = intervals(resampled_means(apart, clusters, resamples, seed))
    p_values = sign_flip_p(apart, clusters, resamples, seed)
    for place, ((name, scorer), floor) in enumerate(pairs):
        ends = interval_of(float(low[place]), float(high[place]), count)
        mean_a, mean_b = float(right[name, scorer].mean()), float(floors[floor].mean())
        differences.append(
            {
                **about,
                **{"system_a": name, "system_b": floor, "stratum": ALL, "scorer_id": scorer, "metric": METRIC},
                **{"n": len(questions), "mean_a": mean_a, "mean_b": mean_b, "difference": mean_a - mean_b},
                **{"ci_low": ends and ends[0], "ci_high": ends and ends[1]},
                **{"p_value": None if ends is None else float(p_values[place]), "test": TEST, **drawn},
            }
        )
    return figures, differences
