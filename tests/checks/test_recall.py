"""The clinical checks find the errors of the test beds: at least 95 % of tier A, 80 % of tier B."""

import pytest

from tests.support.beds import seeded_reals, synthetic_errors
from tests.support.beds.figures import measure, tier
from tests.support.beds.handwritten import pairs as handwritten
from tests.support.beds.pair import CLASSES, TIER_A

LEAST = {error: 0.95 if error in TIER_A else 0.80 for error in CLASSES}


def test_of_synthetic_errors() -> None:
    figures = measure(synthetic_errors.pairs())
    short = {error: figure.recall for error, figure in figures.items() if figure.recall < LEAST[error]}
    assert short == {}


def test_of_synthetic_errors_of_another_seed() -> None:
    figures = measure(synthetic_errors.pairs(80, seed=4_711))
    # of 80, 95 % is within the interval of 0.89: this test shows that the first seed is no exception
    assert {error: figure.recall for error, figure in figures.items() if figure.recall < LEAST[error] - 0.06} == {}
    assert tier(figures, "A").recall >= 0.95


def test_of_handwritten_errors() -> None:
    figures = measure(handwritten.pairs())
    assert tier(figures, "A").recall >= 0.95
    # 13 to 15 pairs a class: one miss is already 92 to 93 %
    assert {
        error: figure.n - figure.hits
        for error, figure in figures.items()
        if error in TIER_A and figure.n - figure.hits > 1
    } == {}


def test_of_errors_in_real_impressions() -> None:
    file = seeded_reals.reports_file()
    if not file.is_file():
        pytest.skip(f"no Open-i reports at {file}: set RADRAY_DATA to the folder that has them")
    figures = measure(seeded_reals.pairs(file))
    short = {
        error: figure.recall for error, figure in figures.items() if error in TIER_A and figure.recall < LEAST[error]
    }
    assert short == {}


def test_sound_handwritten_impressions_are_left_alone() -> None:
    figures = measure(handwritten.pairs())
    raised = {error: figure.alarms for error, figure in figures.items() if error in TIER_A and figure.alarms > 1}
    assert raised == {}
