"""Bootstrap and sign flips against scipy's, against counting by hand, and with clusters."""

import itertools
import time

import numpy as np
import pytest
from scipy import stats

from radray.evaluation import bootstrap
from radray.evaluation.bootstrap import codes_of, intervals, resampled_means, sign_flip_p, unanimous_bound

RNG = np.random.default_rng(4)


def test_codes_follow_the_sorted_keys() -> None:
    assert codes_of(np.array(["b", "a", "c", "a"])).tolist() == [1, 0, 2, 0]
    assert codes_of(np.array([], dtype=str)).tolist() == []


def test_every_resample_is_a_ratio_of_whole_clusters() -> None:
    values, clusters = np.array([[0.0], [1.0], [1.0], [5.0]]), np.array([0, 1, 1, 2])
    # sums 0, 2, 5 of 1, 2, 1 reports: all 27 draws of three clusters, and their means
    expected = {
        round(sum((0, 2, 5)[c] for c in drawn) / sum((1, 2, 1)[c] for c in drawn), 12)
        for drawn in itertools.product(range(3), repeat=3)
    }
    means = resampled_means(values, clusters, 3_000, seed=1)
    assert {round(float(mean), 12) for mean in means[:, 0]} == expected
    # each of the 27 draws as often as another: the draw of cluster 1 alone three times is 1 in 27
    assert (means[:, 0] == 1.0).mean() == pytest.approx(1 / 27, abs=0.02)


def test_the_interval_is_scipys() -> None:
    values = RNG.beta(0.6, 0.5, size=400)
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(8)
    ).confidence_interval
    low, high = intervals(resampled_means(values[:, None], np.arange(400), 20_000, seed=9))
    # two draws of 20,000: the ends of both wander by about 1 % of the width
    assert low[0] == pytest.approx(theirs.low, abs=0.02 * (theirs.high - theirs.low))
    assert high[0] == pytest.approx(theirs.high, abs=0.02 * (theirs.high - theirs.low))


def test_the_interval_of_clusters_is_scipys_of_a_ratio() -> None:
    sizes = RNG.integers(1, 6, size=150)
    clusters = np.repeat(np.arange(150), sizes)
    values = np.repeat(RNG.random(150), sizes) + RNG.normal(0, 0.1, size=len(clusters))
    sums, counts = np.bincount(clusters, values), sizes.astype(float)
    theirs = stats.bootstrap(
        (sums, counts),
        lambda s, c, axis: s.sum(axis=axis) / c.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=20_000,
        method="percentile",
        rng=np.random.default_rng(8),
    ).confidence_interval
    low, high = intervals(resampled_means(values[:, None], clusters, 20_000, seed=9))
    assert (low[0], high[0]) == pytest.approx((theirs.low, theirs.high), abs=0.02 * (theirs.high - theirs.low))


def test_duplicates_do_not_narrow_the_interval_of_clusters() -> None:
    values = RNG.random(100)
    fourfold = np.repeat(values, 4)[:, None]
    once = intervals(resampled_means(values[:, None], np.arange(100), 4_000, seed=2))
    clustered = intervals(resampled_means(fourfold, np.repeat(np.arange(100), 4), 4_000, seed=2))
    naive = intervals(resampled_means(fourfold, np.arange(400), 4_000, seed=2))
    assert np.ravel(clustered) == pytest.approx(np.ravel(once), abs=1e-12)
    width = {"clustered": clustered[1] - clustered[0], "naive": naive[1] - naive[0]}
    assert width["clustered"] / width["naive"] == pytest.approx(2.0, rel=0.1)


def test_the_interval_covers_the_mean_about_95_times_in_100() -> None:
    rng, covered = np.random.default_rng(11), 0
    for trial in range(200):
        effects = rng.normal(0.5, 0.2, size=60)
        values = np.repeat(effects, 3) + rng.normal(0, 0.1, size=180)
        low, high = intervals(resampled_means(values[:, None], np.repeat(np.arange(60), 3), 400, seed=trial))
        covered += low[0] <= 0.5 <= high[0]
    assert 180 <= covered <= 198


def test_reports_without_a_value_are_left_out_column_by_column() -> None:
    values = np.array([[1.0, np.nan], [3.0, 7.0], [5.0, np.nan]])
    means = resampled_means(values, np.arange(3), 500, seed=3)
    assert set(means[~np.isnan(means[:, 1]), 1]) == {7.0}
    assert np.isnan(means[:, 1]).mean() == pytest.approx((2 / 3) ** 3, abs=0.06)  # the middle one was not drawn
    alone = resampled_means(values[:, :1], np.arange(3), 500, seed=3)
    assert means[:, 0] == pytest.approx(alone[:, 0])
    low, high = intervals(np.column_stack([means, np.full(500, np.nan)]))
    assert (low[1], high[1]) == (7.0, 7.0)
    assert np.isnan(low[2])
    assert np.isnan(high[2])


def test_the_same_seed_gives_the_same_draws_however_much_is_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    values, clusters = RNG.random((50, 2)), np.repeat(np.arange(25), 2)
    differences = values - 0.6
    means, p = resampled_means(values, clusters, 300, 7), sign_flip_p(differences, clusters, 300, 7)
    assert (resampled_means(values, clusters, 300, 8) != means).any()
    monkeypatch.setattr(bootstrap, "_CELLS", 100)
    assert (resampled_means(values, clusters, 300, 7) == means).all()
    assert (sign_flip_p(differences, clusters, 300, 7) == p).all()


def test_all_sign_patterns_of_few_clusters_are_gone_through() -> None:
    # 8 patterns of sums 1, 2, 4: |.| is 7 twice, 5 twice, 3 twice, 1 twice
    values = np.array([[1.0], [2.0], [1.5], [2.5]])
    clusters = np.array([0, 1, 2, 2])
    assert sign_flip_p(values, clusters, 200, seed=1).tolist() == [2 / 8]
    assert sign_flip_p(values * [[1], [-1], [1], [1]], clusters, 200, seed=1).tolist() == [6 / 8]
    assert sign_flip_p(np.zeros((4, 1)), clusters, 200, seed=1).tolist() == [1.0]


def test_the_exact_p_value_is_scipys() -> None:
    pairs = RNG.random((2, 10))
    theirs = stats.permutation_test(
        pairs, lambda a, b, axis: (a - b).mean(axis=axis), permutation_type="samples", n_resamples=np.inf
    )
    ours = sign_flip_p((pairs[0] - pairs[1])[:, None], np.arange(10), 2_000, seed=1)
    assert ours[0] == pytest.approx(theirs.pvalue, abs=1e-12)


def test_the_drawn_p_value_is_scipys() -> None:
    a = RNG.random(120)
    b = a + RNG.normal(0.03, 0.2, size=120)
    theirs = stats.permutation_test(
        (a, b),
        lambda x, y, axis: (x - y).mean(axis=axis),
        permutation_type="samples",
        n_resamples=20_000,
        rng=np.random.default_rng(5),
    )
    ours = sign_flip_p((a - b)[:, None], np.arange(120), 20_000, seed=6)
    assert 0.01 < theirs.pvalue < 0.9
    assert ours[0] == pytest.approx(theirs.pvalue, abs=0.02)


def test_clusters_that_differ_alike_are_less_evidence_than_reports() -> None:
    values = np.repeat(RNG.normal(0.1, 0.3, size=40), 10)[:, None]
    naive = sign_flip_p(values, np.arange(400), 5_000, seed=1)
    clustered = sign_flip_p(values, np.repeat(np.arange(40), 10), 5_000, seed=1)
    assert naive[0] == 1 / 5_001
    assert clustered[0] > 10 * naive[0]


def test_a_p_value_of_no_difference_is_uniform() -> None:
    rng = np.random.default_rng(12)
    p_values = sign_flip_p(rng.normal(size=(80, 300)), np.repeat(np.arange(40), 2), 999, seed=2)
    assert (p_values <= 0.05).mean() == pytest.approx(0.05, abs=0.035)
    assert p_values.mean() == pytest.approx(0.5, abs=0.06)


def test_the_bound_of_a_rate_without_a_hit_is_clopper_and_pearsons() -> None:
    for clusters in (1, 20, 1_000):
        theirs = stats.binomtest(0, clusters).proportion_ci(method="exact").high
        assert unanimous_bound(clusters) == pytest.approx(theirs, abs=1e-9)


def test_20_000_reports_take_seconds() -> None:
    values, clusters = RNG.random((20_000, 20)), RNG.integers(0, 14_000, size=20_000)
    started = time.process_time()
    resampled_means(values, codes_of(clusters), 2_000, seed=1)
    assert time.process_time() - started < 10
