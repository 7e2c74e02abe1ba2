"""What the numbers mean, in sentences: what is left out, which model is better, whether a model beats copying."""

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
"""Below this many reports a sentence warns that a rate rests on few."""
ALL_PAIRS = 3
"""Up to this many models, every pair is compared in words; with more, each is compared with the first alone."""

STRATA = {ABNORMAL: "abnormal reports", ALL: "all reports"}
"""The strata that sentences are about, the more important first."""

BETTER, WORSE, ALIKE, UNKNOWN = "better", "worse", "no clear difference", "cannot be judged"
"""The verdicts of a comparison; the style sheet of the page knows each by its first word."""
FREQUENCY = {WORSE: "more often in {}", BETTER: "less often in {}"}
FREQUENCY |= {ALIKE: "no clear difference in {}", UNKNOWN: "cannot be judged in {}"}
"""A verdict on a rate of errors, with the number of classes that have it."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two systems compared on one thing."""

    subject: str
    """What is compared: a score or a rate, and on which reports."""
    verdict: str
    reason: str
    """The numbers behind the verdict."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A sentence, and the comparisons that it sums up."""

    sentence: str
    comparisons: Sequence[Comparison] = ()


def verdict_of(row: Row | None, *, higher_is_better: bool = True) -> str:
    """Return what the 95 % interval of a difference says about the first system: one of the four verdicts."""
    if row is None or row["ci_low"] is None:
        return UNKNOWN
    if row["ci_low"] <= 0 <= row["ci_high"]:
        return ALIKE
    return BETTER if (row["ci_low"] > 0) == higher_is_better else WORSE


def missed_critical(numbers: Numbers) -> list[str]:
    """Return how often each system leaves out a critical finding, per 100 reports that have one: a sentence each."""
    if numbers.checks is None:
        return ["These impressions were never checked, so it is not known how many leave out a critical finding."]
    rows = {name: numbers.figure(name, CRITICAL, MISSED) for name in (*numbers.models, RADIOLOGIST)}
    known = {name: row for name, row in rows.items() if row is not None}
    if not known:
        return ["No report here has a critical finding that the checks recognise, so none can be counted as missed."]
    sentences = []
    for name, row in known.items():
        whose = "the radiologists' own impressions" if name == RADIOLOGIST else f"the impressions of {name}"
        sentences.append(f"Of 100 reports with a critical finding, {whose} leave it out in {_per_hundred(row)}.")
    if RADIOLOGIST not in known:
        sentences.append("There is no radiologist's impression here to compare this with.")
    n = max(row["n"] for row in known.values())
    if n < FEW:
        sentences.append(f"This rests on only {n:,} {_plural(n, 'report')}: read the intervals, not the rates.")
    return sentences


def called_normal(numbers: Numbers, skip: Sequence[str] = ()) -> Iterator[str]:
    """Yield how many of 100 abnormal reports get a normal impression: by each model but `skip`, and by copying."""
    for name in (*(model for model in numbers.models if model not in skip), NEAREST):
        row = numbers.figure(name, ABNORMAL, READS_NORMAL)
        if row is not None:
            who = name if name in numbers.models else _floor(name)
            yield f"Of 100 reports with an abnormal impression, {who} gives a normal one to {_per_hundred(row)}."


def in_short(numbers: Numbers) -> Iterator[str]:
    """Yield whether any model beats the best floor where it matters, on abnormal reports; nothing without floors."""
    floor = _best_floors(numbers).get(ABNORMAL)
    if floor is None:
        return
    rows = {name: numbers.difference(name, floor, ABNORMAL, HEADLINE) for name in numbers.models}
    better = [name for name, row in rows.items() if verdict_of(row) == BETTER]
    if better:
        yield (
            f"On abnormal reports {' and '.join(better)} {'scores' if len(better) == 1 else 'score'} better than "
            f"{_floor(floor)}. Whether the remaining errors are acceptable, only readers can say."
        )
    elif any(row is not None for row in rows.values()):
        yield (
            f"No model here is shown to be better on abnormal reports than {_floor(floor)}: whichever model is the "
            "best, none is shown to be useful."
        )


def comparisons(numbers: Numbers) -> Iterator[Conclusion]:
    """Yield each model against those before it: ROUGE-1 on abnormal and on all reports, then missed findings."""
    models = numbers.models
    pairs = [(a, b) for place, a in enumerate(models) for b in models[:place]]
    if len(models) > ALL_PAIRS:
        pairs = [(a, models[0]) for a in models[1:]]
    for a, b in pairs:
        rows = {words: numbers.difference(a, b, stratum, HEADLINE) for stratum, words in STRATA.items()}
        compared = [
            Comparison(f"ROUGE-1 on {words}", verdict_of(row), scores(row)) for words, row in rows.items() if row
        ]
        row = numbers.difference(a, b, CRITICAL, MISSED)
        if row is not None:
            verdict = verdict_of(row, higher_is_better=False)
            compared.append(Comparison("critical findings left out", verdict, _rates(row)))
        if compared:
            yield Conclusion(f"{a} against {b}: {_summary(rows)}", compared)


def against_floors(numbers: Numbers) -> Iterator[Conclusion]:
    """Yield each model against the best floor of each stratum: what needs no model must be beaten first."""
    best = _best_floors(numbers)
    for model in numbers.models:
        rows = {STRATA[stratum]: numbers.difference(model, floor, stratum, HEADLINE) for stratum, floor in best.items()}
        compared = [
            Comparison(f"ROUGE-1 on {STRATA[stratum]}, against {_floor(floor)}", verdict_of(row), scores(row))
            for stratum, floor in best.items()
            if (row := rows[STRATA[stratum]]) is not None
        ]
        if compared:
            yield Conclusion(f"{model} against the best floor: {_summary(rows)}", compared)


def _best_floors(numbers: Numbers) -> dict[str, str]:
    """Return the floor with the highest ROUGE-1 by stratum; no entry where no floor was scored."""
    best: dict[str, str] = {}
    for stratum in STRATA:
        figures = {floor.name: numbers.figure(floor.name, stratum, HEADLINE) for floor in numbers.side.of(FLOOR)}
        means = {name: row["mean"] for name, row in figures.items() if row is not None}
        if means:
            best[stratum] = max(means, key=lambda name: means[name])
    return best


def against_radiologists(numbers: Numbers) -> Iterator[Conclusion]:
    """Yield, for each model, the serious errors that it makes more often, or less often, than the radiologists.

    Masks are left out: `MASK_NOTE`.
    """
    classes = [name for name in TIER_A if name != MASK]
    for model in numbers.models:
        rows = {name: numbers.difference(model, RADIOLOGIST, stratum_of(name), f"flag_{name}") for name in classes}
        known = {name: row for name, row in rows.items() if row is not None}
        if not known:
            continue
        verdicts = {name: verdict_of(row, higher_is_better=False) for name, row in known.items()}
        compared = [
            Comparison(f"{label_of(name)} (an impression that {TIER_A[name]})", verdicts[name], _rates(row))
            for name, row in known.items()
            if verdicts[name] in (BETTER, WORSE)
        ]
        counts = {verdict: list(verdicts.values()).count(verdict) for verdict in FREQUENCY}
        words = ", ".join(FREQUENCY[verdict].format(count) for verdict, count in counts.items() if count)
        yield Conclusion(
            f"{model} against the radiologists, in {len(verdicts)} classes of serious errors: {words}.", compared
        )


def cautions(numbers: Numbers, remarks: Sequence[str]) -> list[str]:
    """Return what a reader must know before using any of the numbers: `remarks`, then our own."""
    side = numbers.side
    sentences = list(remarks)
    if not side.referenced.any():
        sentences.append(
            "No report here has a radiologist's impression: there is no ROUGE, and no model can be called better by it."
        )
        return sentences
    masks = numbers.figure(RADIOLOGIST, ALL, f"flag_{MASK}")
    if masks is not None and masks["mean"]:
        sentences.append(f"{MASK_NOTE} They make no model better or worse.")
    abnormal = int((side.strata[ABNORMAL] & side.referenced).sum()) if ABNORMAL in side.strata else 0
    total = int(side.referenced.sum())
    sentences.append(
        f"{abnormal:,} of {total:,} reports with a reference are abnormal. Normal ones are written in set phrases, so "
        "a mean over all reports rises and falls with the share of normal ones: judge by the abnormal reports."
    )
    if abnormal < FEW:
        sentences.append(f"Only {abnormal:,} abnormal {_plural(abnormal, 'report')}: too few to judge by.")
    sentences.append(
        "ROUGE counts words in common with the radiologist's impression. It does not see whether a statement is true: "
        "“no pneumothorax” and “pneumothorax” differ in one word."
    )
    sentences.append(
        "Intervals are 95 % intervals, by patient where the source names patients. Nothing is corrected for the number "
        "of comparisons: of twenty between equal systems, about one will be called better or worse by chance."
    )
    return sentences


def _per_hundred(row: Row) -> str:
    hits = round(row["n"] * row["mean"])
    ends = "" if row["ci_low"] is None else f"; 95 % interval {100 * row['ci_low']:.0f} to {100 * row['ci_high']:.0f}"
    return f"{100 * row['mean']:.0f} ({hits:,} of {row['n']:,}{ends})"


def scores(row: Row, noun: str = "report") -> str:
    """Return both means of a difference, out of 100, and its interval; it is over so many of `noun`."""
    ends = "" if row["ci_low"] is None else f", 95 % interval {100 * row['ci_low']:+.1f} to {100 * row['ci_high']:+.1f}"
    return (
        f"{100 * row['mean_a']:.1f} against {100 * row['mean_b']:.1f} out of 100, difference "
        f"{100 * row['difference']:+.1f} points{ends}, {row['n']:,} {_plural(row['n'], noun)}"
    )


def _rates(row: Row) -> str:
    ends = "" if row["ci_low"] is None else f", difference {100 * row['ci_low']:+.1f} to {100 * row['ci_high']:+.1f}"
    return f"{100 * row['mean_a']:.1f} % against {100 * row['mean_b']:.1f} %{ends}, n={row['n']:,}"


def _summary(rows: Mapping[str, Row | None]) -> str:
    """Return the verdicts by stratum as the end of a sentence; equal verdicts are written once."""
    verdicts = {words: verdict_of(row) for words, row in rows.items() if row is not None}
    if len(set(verdicts.values())) == 1:
        return f"{next(iter(verdicts.values()))} by ROUGE-1 on {' and on '.join(verdicts)}."
    return f"{', '.join(f'{verdict} on {words}' for words, verdict in verdicts.items()) or UNKNOWN}, by ROUGE-1."


def _floor(name: str) -> str:
    words = {
        "floor: nearest neighbour": "copying the impression of the most similar training report (a floor, no model)",
        "floor: best constant": "writing one and the same sentence for every report (a floor, no model)",
        "floor: first sentence": "copying the first sentence of the findings (a floor, no model)",
    }
    return words.get(name, name)


def _plural(n: int, noun: str) -> str:
    return noun if n == 1 else f"{noun}s"
