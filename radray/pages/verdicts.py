"""What the numbers say, in sentences: what is left out, which model is better, and whether a model beats copying."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from radray.evaluation.scoring import READS_NORMAL
from radray.evaluation.strata import ABNORMAL, ALL, CRITICAL
from radray.evaluation.systems import FLOOR, NEAREST, RADIOLOGIST
from radray.flags import TIER_A
from radray.pages.evaluation_tables import HEADLINE, MASK, MASK_NOTE
from radray.pages.figures import stratum_of
from radray.pages.numbers import Numbers, label_of

MISSED = "flag_critical_missed"
FEW = 30
"""Reports below which a rate is said to be of few."""
ALL_PAIRS = 3
"""Models up to which each is compared with each in words; of more, each with the first alone."""

STRATA = {ABNORMAL: "abnormal reports", ALL: "all reports"}
"""What words are told of, the one that counts first."""

BETTER, WORSE, ALIKE, UNKNOWN = "better", "worse", "not to be told apart", "cannot be told"
OFTEN = {WORSE: "more often in {}", BETTER: "less often in {}"}
OFTEN |= {ALIKE: "not to be told apart in {}", UNKNOWN: "unknown in {}"}
"""What a verdict on a rate of errors says of so many classes."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One comparison: what of, what it comes to, and the numbers that this rests on."""

    of: str
    verdict: str
    why: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A sentence that answers, and the comparisons that it is made of."""

    sentence: str
    verdicts: Sequence[Verdict] = ()


def verdict_of(row: Row | None, *, higher_is_better: bool = True) -> str:
    """Return what the 95 % interval of a difference says of its first system."""
    if row is None or row["ci_low"] is None:
        return UNKNOWN
    if row["ci_low"] <= 0 <= row["ci_high"]:
        return ALIKE
    return BETTER if (row["ci_low"] > 0) == higher_is_better else WORSE


def left_out(numbers: Numbers) -> list[str]:
    """Return what of 100 reports with a critical finding the impressions leave it out, a sentence a system."""
    if numbers.checks is None:
        return ["These impressions were never checked: how many leave out a critical finding cannot be told here."]
    rows = {name: numbers.figure(name, CRITICAL, MISSED) for name in (*numbers.models, RADIOLOGIST)}
    known = {name: row for name, row in rows.items() if row is not None}
    if not known:
        return ["No report here has a critical finding that the checks know: what is left out cannot be told here."]
    told = []
    for name, row in known.items():
        whose = "the radiologists' own impressions" if name == RADIOLOGIST else f"the impressions of {name}"
        told.append(f"Of 100 reports with a critical finding, {whose} leave it out in {_of_hundred(row)}.")
    if RADIOLOGIST not in known:
        told.append("There is no radiologist's impression here to hold this against.")
    n = max(row["n"] for row in known.values())
    if n < FEW:
        told.append(f"That is of {n:,} {_plural(n, 'report')} only: read the intervals, not the rates.")
    return told


def passed_off(numbers: Numbers, skip: Sequence[str] = ()) -> Iterator[str]:
    """Yield what of 100 abnormal reports is passed off as normal: by each model but those of `skip`, and by copying."""
    for name in (*(model for model in numbers.models if model not in skip), NEAREST):
        row = numbers.figure(name, ABNORMAL, READS_NORMAL)
        if row is not None:
            who = name if name in numbers.models else _floor(name)
            yield f"Of 100 reports with an abnormal impression, {who} gives a normal one to {_of_hundred(row)}."


def in_short(numbers: Numbers) -> Iterator[str]:
    """Yield whether any model is worth more than the best floor where it counts, on abnormal reports."""
    floor = _best_floors(numbers).get(ABNORMAL)
    if floor is None:
        return
    rows = {name: numbers.difference(name, floor, ABNORMAL, HEADLINE) for name in numbers.models}
    better = [name for name, row in rows.items() if verdict_of(row) == BETTER]
    if better:
        yield (
            f"On abnormal reports {' and '.join(better)} {'scores' if len(better) == 1 else 'score'} better than "
            f"{_floor(floor)}. Whether what is still wrong can be borne, only readers can say."
        )
    elif any(row is not None for row in rows.values()):
        yield (
            f"No model here is shown to be better on abnormal reports than {_floor(floor)}: whichever of them is the "
            "best, none is shown to be of use."
        )


def comparisons(numbers: Numbers) -> Iterator[Answer]:
    """Yield each model against those before it: ROUGE-1 on abnormal and on all reports, then the missed findings."""
    models = numbers.models
    pairs = [(a, b) for place, a in enumerate(models) for b in models[:place]]
    if len(models) > ALL_PAIRS:
        pairs = [(a, models[0]) for a in models[1:]]
    for a, b in pairs:
        rows = {words: numbers.difference(a, b, stratum, HEADLINE) for stratum, words in STRATA.items()}
        verdicts = [Verdict(f"ROUGE-1 on {words}", verdict_of(row), _scores(row)) for words, row in rows.items() if row]
        row = numbers.difference(a, b, CRITICAL, MISSED)
        if row is not None:
            told = verdict_of(row, higher_is_better=False)
            verdicts.append(Verdict("critical findings left out", told, _rates(row)))
        if verdicts:
            yield Answer(f"{a} against {b}: {_summed(rows)}", verdicts)


def against_floors(numbers: Numbers) -> Iterator[Answer]:
    """Yield each model against the best floor of each stratum: what needs no model must be beaten first."""
    best = _best_floors(numbers)
    for model in numbers.models:
        rows = {STRATA[of]: numbers.difference(model, floor, of, HEADLINE) for of, floor in best.items()}
        verdicts = [
            Verdict(f"ROUGE-1 on {STRATA[of]}, against {_floor(floor)}", verdict_of(row), _scores(row))
            for of, floor in best.items()
            if (row := rows[STRATA[of]]) is not None
        ]
        if verdicts:
            yield Answer(f"{model} against the best floor: {_summed(rows)}", verdicts)


def _best_floors(numbers: Numbers) -> dict[str, str]:
    """Return the floor of the highest ROUGE-1 by stratum; none where none was scored."""
    best: dict[str, str] = {}
    for stratum in STRATA:
        figures = {one.name: numbers.figure(one.name, stratum, HEADLINE) for one in numbers.side.of(FLOOR)}
        means = {name: row["mean"] for name, row in figures.items() if row is not None}
        if means:
            best[stratum] = max(means, key=lambda name: means[name])
    return best


def above_radiologists(numbers: Numbers) -> Iterator[Answer]:
    """Yield, for each model, the errors that harm which it makes more often, or less, than the radiologists.

    Masks aside: `MASK_NOTE`.
    """
    classes = [name for name in TIER_A if name != MASK]
    for model in numbers.models:
        rows = {name: numbers.difference(model, RADIOLOGIST, stratum_of(name), f"flag_{name}") for name in classes}
        known = {name: row for name, row in rows.items() if row is not None}
        if not known:
            continue
        told = {name: verdict_of(row, higher_is_better=False) for name, row in known.items()}
        verdicts = [
            Verdict(f"{label_of(name)} (an impression that {TIER_A[name]})", told[name], _rates(row))
            for name, row in known.items()
            if told[name] in (BETTER, WORSE)
        ]
        counts = {of: sum(one == of for one in told.values()) for of in OFTEN}
        words = ", ".join(OFTEN[of].format(count) for of, count in counts.items() if count)
        yield Answer(
            f"{model} against the radiologists, in {len(told)} classes of errors that harm: {words}.", verdicts
        )


def cautions(numbers: Numbers, remarks: Sequence[str]) -> list[str]:
    """Return what a reader has to know before using any of the numbers."""
    side = numbers.side
    told = list(remarks)
    if not side.referenced.any():
        told.append(
            "No report here has a radiologist's impression: there is no ROUGE, and no model can be called better by it."
        )
        return told
    masks = numbers.figure(RADIOLOGIST, ALL, f"flag_{MASK}")
    if masks is not None and masks["mean"]:
        told.append(f"{MASK_NOTE} So no model is better or worse by them.")
    abnormal = int((side.strata[ABNORMAL] & side.referenced).sum()) if ABNORMAL in side.strata else 0
    total = int(side.referenced.sum())
    told.append(
        f"{abnormal:,} of {total:,} reports with a reference are abnormal. Normal ones are written in set phrases, so "
        "a mean over all reports rises and falls with how many are normal: judge by the abnormal ones."
    )
    if abnormal < FEW:
        told.append(f"Only {abnormal:,} abnormal {_plural(abnormal, 'report')}: too few to judge by.")
    told.append(
        "ROUGE counts words in common with the radiologist's impression. It does not see whether a statement is true: "
        "“no pneumothorax” and “pneumothorax” differ in one word."
    )
    told.append(
        "Intervals are of 95 %, by patient where the source names patients. Nothing is corrected for the number of "
        "comparisons: of twenty between equals, one is called better or worse by chance."
    )
    return told


def _of_hundred(row: Row) -> str:
    hits = round(row["n"] * row["mean"])
    ends = "" if row["ci_low"] is None else f"; 95 % interval {100 * row['ci_low']:.0f} to {100 * row['ci_high']:.0f}"
    return f"{100 * row['mean']:.0f} ({hits:,} of {row['n']:,}{ends})"


def _scores(row: Row) -> str:
    ends = "" if row["ci_low"] is None else f", 95 % interval {100 * row['ci_low']:+.1f} to {100 * row['ci_high']:+.1f}"
    return (
        f"{100 * row['mean_a']:.1f} against {100 * row['mean_b']:.1f} of 100, difference "
        f"{100 * row['difference']:+.1f} points{ends}, {row['n']:,} {_plural(row['n'], 'report')}"
    )


def _rates(row: Row) -> str:
    ends = "" if row["ci_low"] is None else f", difference {100 * row['ci_low']:+.1f} to {100 * row['ci_high']:+.1f}"
    return f"{100 * row['mean_a']:.1f} % against {100 * row['mean_b']:.1f} %{ends}, n={row['n']:,}"


def _summed(rows: Mapping[str, Row | None]) -> str:
    """Return the verdicts by stratum as the rest of a sentence: said once where they are the same."""
    told = {words: verdict_of(row) for words, row in rows.items() if row is not None}
    if len(set(told.values())) == 1:
        return f"{next(iter(told.values()))} by ROUGE-1 on {' and on '.join(told)}."
    return f"{', '.join(f'{verdict} on {words}' for words, verdict in told.items()) or UNKNOWN}, by ROUGE-1."


def _floor(name: str) -> str:
    words = {
        "floor: nearest neighbour": "copying the impression of the most similar training report (a floor, no model)",
        "floor: best constant": "writing one and the same sentence for every report (a floor, no model)",
        "floor: first sentence": "copying the first sentence of the findings (a floor, no model)",
    }
    return words.get(name, name)


def _plural(n: int, noun: str) -> str:
    return noun if n == 1 else f"{noun}s"
