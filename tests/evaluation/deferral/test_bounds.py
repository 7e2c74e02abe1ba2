"""Thresholds with a bound: by hand, against fractions, and on populations whose risk is known."""

from collections.abc import Mapping
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from scipy.stats import binomtest

from radray.evaluation.deferral.bounds import (
    R1,
    R1_NORMAL,
    R2,
    binomial_p_values,
    least_reports,
    lowest_threshold,
)
from radray.evaluation.deferral.sample import NO_CONFIDENCE, Sample, drawn, reads_normal, sample_of

DELTA = 0.05


def sample(confidence: list[float], abnormal: list[int], normal: list[int], written: list[int] | None = None) -> Sample:
    ones = np.ones(len(confidence), dtype=np.bool_)
    return Sample(
        [f"k{place}" for place in range(len(confidence))],
        np.array(confidence, dtype=np.float64),
        np.array(abnormal, dtype=np.bool_),
        np.array(normal, dtype=np.bool_),
        ones if written is None else np.array(written, dtype=np.bool_),
    )


def test_p_values_are_those_of_fractions() -> None:
    for k, n, alpha in (
        (0, 59, Fraction(1, 20)),
        (3, 40, Fraction(1, 5)),
        (7, 7, Fraction(1, 10)),
        (0, 0, Fraction(1, 2)),
    ):
        exact = sum(comb(n, i) * alpha**i * (1 - alpha) ** (n - i) for i in range(k + 1))
        (ours,) = binomial_p_values(np.array([k]), np.array([n]), float(alpha))
        assert ours == pytest.approx(float(exact), rel=1e-12)


def test_without_an_error_so_many_reports_are_needed() -> None:
    # (1 - alpha)^n <= 0.05
    assert [least_reports(alpha, DELTA, 0) for alpha in (0.005, 0.01, 0.02, 0.05, 0.1)] == [598, 299, 149, 59, 29]


def test_r2_keeps_down_to_the_last_error_that_passes() -> None:
    # of 59 abnormal reports none may read normal with confidence at alpha 5 %: 0.95^59 = 0.0485, with one error 0.199
    abnormal = [0.5, *[-float(place) for place in range(58)]]
    confident = [0.9, 0.8, 0.7, 0.6, 0.4]
    chosen = lowest_threshold(
        sample([*abnormal, *confident], [1] * 59 + [0] * 5, [1] + [0] * 58 + [1] * 5), {R2: 0.05}, DELTA
    )
    assert chosen.threshold == 0.6
    (bound,) = chosen.bounds
    assert (bound.n, bound.k) == (59, 0)
    assert bound.p_value == pytest.approx(0.95**59)
    assert bound.upper == pytest.approx(binomtest(0, 59).proportion_ci(0.9, "exact").high)
    # 58 that read abnormal and 4 of 6 that read normal
    assert (chosen.kept, chosen.kept_normal) == (62 / 64, 4 / 6)
    assert (chosen.normal, chosen.wrong, chosen.tried, chosen.pilot) == (4, 0, 5, 0)


def test_too_few_reports_pass_no_threshold() -> None:
    chosen = lowest_threshold(sample([0.9] * 59, [1] * 58 + [0], [0] * 58 + [1]), {R2: 0.05}, DELTA)
    assert chosen.threshold is None
    # all that read normal are deferred; the others cannot make the error
    assert (chosen.kept, chosen.kept_normal, chosen.normal) == (58 / 59, 0.0, 0)
    assert chosen.bounds[0].p_value > DELTA


def test_no_reports_pass_no_threshold() -> None:
    chosen = lowest_threshold(sample([], [], []), {R1: 0.1, R2: 0.1}, DELTA)
    assert chosen.threshold is None
    assert [(bound.n, bound.k, bound.p_value, bound.upper) for bound in chosen.bounds] == [(0, 0, 1.0, 1.0)] * 2


def test_a_prediction_without_confidence_or_text_is_never_kept() -> None:
    rest = [0.5] * 60
    chosen = lowest_threshold(
        sample([NO_CONFIDENCE, NO_CONFIDENCE, *rest], [0, 1] + [1] * 60, [1, 0] + [0] * 60, [1, 0] + [1] * 60),
        {R2: 0.05},
        DELTA,
    )
    assert chosen.threshold is None
    assert chosen.kept == 60 / 62


def test_the_first_threshold_that_fails_ends_it() -> None:
    # four errors stand above two hundred right ones: the lowest threshold alone would pass
    wrong, right = [2.0 - place / 100 for place in range(4)], [1.0] * 200
    reports = sample([*wrong, *right], [1] * 4 + [0] * 200, [1] * 204)
    chosen = lowest_threshold(reports, {R1_NORMAL: 0.02}, DELTA)
    assert chosen.threshold is None
    assert chosen.bounds[0].p_value > DELTA


def test_the_pilot_takes_no_part_in_the_test() -> None:
    reports = sample([0.5] * 400, [0] * 400, [1] * 400)
    chosen = lowest_threshold(reports, {R1_NORMAL: 0.1}, DELTA)
    assert 50 < chosen.pilot < 110
    assert (chosen.bounds[0].n, chosen.normal) == (400 - chosen.pilot, 400)
    assert lowest_threshold(reports, {R2: 0.1}, DELTA).pilot == 0


def test_without_a_pilot_nothing_is_tried() -> None:
    # one report is in the pilot or it is not: its own confidence must not be the threshold that it is tested at
    alone = sample([0.5], [0], [1])
    chosen = lowest_threshold(alone, {R1: 0.96}, 0.04 + 1e-9)
    assert chosen.threshold is None
    assert lowest_threshold(alone, {R2: 0.96}, 0.04 + 1e-9).threshold is None


@pytest.mark.parametrize("alphas", [{}, {"r3": 0.1}, {R1: 0.0}, {R2: 1.0}])
def test_what_is_no_risk_is_refused(alphas: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="r1, r1_normal, r2"):
        lowest_threshold(sample([], [], []), alphas, DELTA)


def world(size: int, seed: int) -> Sample:
    """Return a population: the surer, the rarer the error, but for the very surest, so that risks are not monotone."""
    random = np.random.default_rng(seed)
    confidence = random.random(size).round(3)
    normal = random.random(size) < 0.8
    chance = np.where(confidence > 0.97, 0.35, 0.45 * (1 - confidence))
    abnormal = np.where(normal, random.random(size) < chance, random.random(size) < 0.7)
    return Sample([""] * size, confidence, abnormal, normal, np.ones(size, dtype=np.bool_))


def risk_of(population: Sample, risk: str, threshold: float) -> float:
    kept = population.reads_normal & (population.confidence >= threshold)
    among = {R1: kept | ~population.reads_normal, R1_NORMAL: kept, R2: population.abnormal}[risk]
    return float((kept & population.abnormal).sum() / max(among.sum(), 1))


@pytest.mark.parametrize("alphas", [{R1: 0.1}, {R1_NORMAL: 0.2}, {R2: 0.2}, {R1_NORMAL: 0.25, R2: 0.25}])
def test_the_bound_holds_in_all_but_delta_of_the_samples(alphas: Mapping[str, float]) -> None:
    seed, draws, size = 7, 400, 400
    population = world(5_000, seed)
    random = np.random.default_rng(seed)
    over = passed = 0
    for draw in range(draws):
        part = population.part(random.integers(0, len(population), size))
        keys = [f"{draw} {place}" for place in range(size)]
        chosen = lowest_threshold(
            Sample(keys, part.confidence, part.abnormal, part.reads_normal, part.written), alphas, DELTA
        )
        if chosen.threshold is not None:
            passed += 1
            over += any(risk_of(population, risk, chosen.threshold) > alpha for risk, alpha in alphas.items())
    # a true share of delta gives so many with probability 0.999
    assert binomtest(over, draws, DELTA, alternative="greater").pvalue > 0.001, f"seed {seed}: {over} of {draws} over"
    assert passed > draws / 4, f"seed {seed}: {passed} of {draws} had a threshold"


def row(unit: str, key: str, reference: str | None = "No acute disease.", **columns: object) -> dict[str, object]:
    fixed = {"status": "ok", "prediction": "Normal chest.", "logprob_per_token": -0.1}
    return {"unit_id": unit, "split_key": key, "reference": reference, **fixed, **columns}


def test_one_report_of_each_cluster_is_drawn() -> None:
    rows = [row(f"u{place}", "ab"[place % 2]) for place in range(20)]
    first = drawn(rows)
    assert [chosen["split_key"] for chosen in first] == ["a", "b"]
    assert drawn(rows[::-1]) == first
    assert drawn([]) == []


def test_a_sample_has_those_with_a_reference_that_can_be_judged() -> None:
    rows = [
        row("u1", "a"),
        row("u2", "b", "Pneumonia.", logprob_per_token=None),
        row("u3", "c", None),
        row("u4", "d", "XXXX."),
        row("u5", "e", "Pneumonia.", status="failed", prediction=None, logprob_per_token=None),
        row("u6", "f", "Pneumonia.", prediction="Pneumonia."),
    ]
    judged = sample_of(rows, "logprob_per_token")
    assert judged.keys == ["a", "b", "e", "f"]
    assert judged.confidence.tolist() == [-0.1, NO_CONFIDENCE, NO_CONFIDENCE, -0.1]
    assert judged.abnormal.tolist() == [False, True, True, True]
    assert judged.reads_normal.tolist() == [True, True, False, False]
    assert judged.written.tolist() == [True, True, False, True]
    assert len(sample_of([], "logprob_per_token")) == 0


def test_what_names_nothing_abnormal_reads_normal() -> None:
    texts = ("No acute disease.", "XXXX.", "Pneumonia.", None)
    assert [reads_normal(text) for text in texts] == [True, True, False, False]
