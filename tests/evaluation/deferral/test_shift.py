"""Whether a night's confidences are those of a calibration."""

import numpy as np
import pytest
from scipy.stats import binomtest, ks_2samp

from radray.evaluation.deferral.shift import BINS, Histogram, histogram_of, shift_p_value


def test_a_histogram_has_those_without_a_confidence_apart() -> None:
    assert histogram_of([0.5, None, 0.2, 0.5, None]) == Histogram((0.2, 0.5), (2, 1, 2))
    assert histogram_of([]) == Histogram((), (0,))
    assert histogram_of([None, None]) == Histogram((), (2,))


def test_a_large_histogram_has_few_bins_and_all_reports() -> None:
    histogram = histogram_of(np.random.default_rng(3).random(5_000).tolist())
    assert len(histogram.edges) == BINS
    assert sum(histogram.counts) == 5_000


def test_the_p_value_is_that_of_the_values_or_a_little_above() -> None:
    random = np.random.default_rng(17)
    calibrated, night = random.normal(size=800), random.normal(0.1, size=900)
    exact = ks_2samp(calibrated, night, method="exact").pvalue
    ours = shift_p_value(histogram_of(calibrated.tolist()), night.tolist())
    assert ours is not None
    assert exact <= ours < 3 * exact


def test_a_night_without_reports_is_not_judged() -> None:
    assert shift_p_value(histogram_of([0.1]), []) is None
    assert shift_p_value(histogram_of([]), [0.1]) is None


def test_a_night_of_failures_is_shifted() -> None:
    p_value = shift_p_value(histogram_of([0.1 * place for place in range(50)]), [None] * 50)
    assert p_value is not None
    assert p_value < 1e-9


@pytest.mark.parametrize("size", [60, 2_000])
def test_exchangeable_nights_are_withdrawn_no_more_often_than_the_level(size: int) -> None:
    seed, nights, level = 5, 300, 0.05
    random = np.random.default_rng(seed)
    rejected = 0
    for _ in range(nights):
        both = np.round(random.exponential(size=2 * size), 2).tolist()
        p_value = shift_p_value(histogram_of(both[:size]), both[size:])
        assert p_value is not None
        rejected += p_value < level
    assert binomtest(rejected, nights, level, alternative="greater").pvalue > 0.001, f"seed {seed}: {rejected}"


def test_another_mix_of_cases_is_seen() -> None:
    # abnormal reports are written less surely; 28 % of them at home, 42 % and other phrases there
    random = np.random.default_rng(11)

    def night(size: int, abnormal: float, phrasing: float) -> list[float]:
        unsure = random.random(size) < abnormal
        return (-random.exponential(np.where(unsure, 0.6, 0.1)) - phrasing).tolist()

    home = histogram_of(night(500, 0.28, 0.0))
    same, other = shift_p_value(home, night(500, 0.28, 0.0)), shift_p_value(home, night(500, 0.42, 0.05))
    assert same is not None
    assert other is not None
    assert (same > 0.01, other < 0.01) == (True, True), "seed 11"
