"""The rows of evaluations and comparisons, against figures made by hand and scipy's bootstrap and test."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from radray.checks.check import CHECKS_ID
from radray.evaluation import comparisons as comparison
from radray.evaluation import figures as evaluation
from radray.evaluation.comparisons import comparisons
from radray.evaluation.figures import FigureChoices, evaluations
from radray.evaluation.scoring import main_scorer
from radray.evaluation.systems import MODEL, RADIOLOGIST, SideBySide, System
from tests.support.worlds.side import build_side, row, rows_of

MAIN = main_scorer(stemmer=True)
CHOICES = FigureChoices(MAIN, normal_weight=0.25, resamples=400, seed=5)
ALPHA, BETA = "alpha a0000000", "beta b0000000"


def side() -> SideBySide:
    """Alpha: 1, 0 (empty) on normal references; 0.8, 0 (failed) on abnormal ones. Beta lacks u1."""
    alpha = rows_of("alpha", {"u1": "No acute disease.", "u2": "", "u3": "Small effusion.", "u4": None})
    beta = rows_of("beta", {"u2": "No acute disease.", "u3": "Left effusion.", "u4": "Right pneumothorax."})
    return build_side([*alpha, *beta])


def figure(rows: list[dict[str, Any]], system: str, stratum: str, metric: str, scorer: str = MAIN) -> dict[str, Any]:
    of = (system, stratum, metric, scorer)
    (entry,) = [
        entry for entry in rows if (entry["system"], entry["stratum"], entry["metric"], entry["scorer_id"]) == of
    ]
    return entry


def test_figures_by_hand() -> None:
    rows = list(evaluations(side(), CHOICES))
    entry = figure(rows, ALPHA, "all", "rouge1")
    # values 1, 0, 0.8, 0 in clusters {u1, u2}, {u3}, {u4}
    assert {name: entry[name] for name in ("n", "mean", "min", "p25", "p50", "p75", "max")} == pytest.approx(
        {"n": 4, "mean": 0.45, "min": 0, "p25": 0, "p50": 0.4, "p75": 0.85, "max": 1}
    )
    assert entry["sd"] == pytest.approx(((0.55**2 + 0.45**2 * 2 + 0.35**2) / 3) ** 0.5)
    assert {name: entry[name] for name in ("kind", "missing", "failed", "clusters", "resamples", "seed")} == {
        **{"kind": "model", "missing": 0, "failed": 1, "clusters": 3},
        **{"resamples": 400, "seed": 5},
    }
    lacking = figure(rows, BETA, "normal", "rouge1")
    assert (lacking["n"], lacking["missing"], lacking["mean"]) == (1, 1, 1.0)
    assert figure(rows, ALPHA, "all", "exact")["mean"] == 0.25
    assert figure(rows, ALPHA, "all", "no_overlap")["mean"] == 0.5


def test_a_standardised_mean_by_hand() -> None:
    entry = figure(list(evaluations(side(), CHOICES)), ALPHA, "standardised", "rouge1")
    assert entry["mean"] == pytest.approx(0.25 * 0.5 + 0.75 * 0.4)
    assert (entry["n"], entry["sd"], entry["normal_weight"]) == (4, None, 0.25)
    # weights: 1 and 0 of normal ones 0.125 each, 0.8 and 0 of abnormal ones 0.375 each
    assert [entry[name] for name in ("min", "p25", "p50", "p75", "max")] == [0, 0, 0, 0.8, 1]


def test_without_abnormal_references_there_is_no_standardised_mean() -> None:
    rows = list(evaluations(build_side(rows_of("alpha", {"u1": "x", "u2": "y"})), CHOICES))
    assert {entry["stratum"] for entry in rows} >= {"all", "normal"}
    assert "standardised" not in {entry["stratum"] for entry in rows}


def test_one_cluster_has_no_interval() -> None:
    for entry in evaluations(build_side(rows_of("alpha", {"u1": "No disease.", "u2": "Clear."})), CHOICES):
        assert (entry["clusters"], entry["ci_low"], entry["ci_high"]) == (1, None, None)
    (entry, *_) = comparisons(build_side(rows_of("alpha", {"u1": "No disease.", "u2": "Clear."})), CHOICES)
    assert (entry["ci_low"], entry["ci_high"], entry["p_value"]) == (None, None, None)


def test_details_are_told_for_the_main_scorer_alone() -> None:
    rows = list(evaluations(side(), CHOICES))
    metrics = {stratum: {(entry["scorer_id"], entry["metric"]) for entry in rows if entry["stratum"] == stratum}
            for stratum in ("all", "length=1-5")}  # fmt: skip
    assert len(metrics["all"]) == 4 * 15 + 1
    assert metrics["length=1-5"] == {
        (MAIN, metric) for metric in ("rouge1", "rouge2", "rougel", "rougelsum", "exact", "no_overlap", "reads_normal")
    } | {(CHECKS_ID, "concept_f1")}


def test_differences_by_hand() -> None:
    rows = [
        entry for entry in comparisons(side(), CHOICES) if (entry["scorer_id"], entry["metric"]) == (MAIN, "rouge1")
    ]
    by = {(entry["system_a"], entry["system_b"], entry["stratum"]): entry for entry in rows}
    entry = by[BETA, ALPHA, "all"]
    # beta less alpha on u2, u3, u4: 1, 0, 1, each a cluster of its own: of 8 sign patterns 4 reach |2|
    assert (entry["n"], entry["clusters"]) == (3, 3)
    assert (entry["mean_a"], entry["mean_b"]) == pytest.approx((2.8 / 3, 0.8 / 3))
    assert entry["difference"] == pytest.approx(2 / 3)
    assert entry["p_value"] == pytest.approx(4 / 8)
    assert (entry["test"], entry["resamples"], entry["seed"]) == ("sign flip by cluster", 400, 5)
    standardised = by[BETA, ALPHA, "standardised"]
    assert standardised["difference"] == pytest.approx(0.25 * 1 + 0.75 * 0.5)
    assert {(a, b) for a, b, _ in by} == {
        (BETA, ALPHA),
        *((system, "floor: first sentence") for system in (ALPHA, BETA)),
    }


def big(n: int, columns: int) -> tuple[SideBySide, np.ndarray]:
    """Return two systems with the values of an array on n reports of clusters of their own."""
    rng = np.random.default_rng(3)
    values = rng.beta(0.7, 0.6, size=(columns, n))
    every = np.ones(n, dtype=np.bool_)
    compared = SideBySide("d", "s", [{"reference": "x"}] * n, np.arange(n), {"all": every})
    for place in range(columns):
        name = f"m{place}"
        compared.systems[name] = System(name, MODEL, {(MAIN, "rouge1"): values[place]}, every, ~every)
    return compared, values


def test_interval_and_p_value_are_scipys() -> None:
    compared, values = big(300, 2)
    choices = FigureChoices(MAIN, 0.5, resamples=20_000, seed=1)
    theirs = stats.bootstrap(
        (values[0],), np.mean, method="percentile", n_resamples=20_000, rng=np.random.default_rng(2)
    ).confidence_interval
    (first, _) = evaluations(compared, choices)
    assert (first["ci_low"], first["ci_high"]) == pytest.approx(tuple(theirs), abs=0.02 * (theirs.high - theirs.low))
    paired = stats.bootstrap(
        (values[1] - values[0],), np.mean, method="percentile", n_resamples=20_000, rng=np.random.default_rng(2)
    ).confidence_interval
    tested = stats.permutation_test(
        (values[1], values[0]),
        lambda a, b, axis: (a - b).mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=20_000,
        rng=np.random.default_rng(3),
    )
    (difference,) = comparisons(compared, choices)
    ends = (difference["ci_low"], difference["ci_high"])
    assert ends == pytest.approx(tuple(paired), abs=0.02 * (paired.high - paired.low))
    assert difference["p_value"] == pytest.approx(tested.pvalue, abs=0.02)


def test_excess_over_the_radiologist_is_paired_where_it_applies() -> None:
    flags = [(True, False), (True, None), (False, False), (None, True)]
    rows = [
        row(unit, "alpha", "x", checks_id="checks-1", flag_side=mine, reference_flag_side=own)
        for unit, (mine, own) in zip(("u1", "u2", "u3", "u4"), flags, strict=True)
    ]
    compared = build_side(rows)
    (entry,) = [
        entry
        for entry in comparisons(compared, CHOICES)
        if (entry["system_a"], entry["metric"], entry["stratum"], entry["system_b"])
        == (ALPHA, "flag_side", "all", RADIOLOGIST)
    ]
    assert (entry["n"], entry["mean_a"], entry["mean_b"], entry["difference"]) == (2, 0.5, 0.0, 0.5)
    figures = list(evaluations(compared, CHOICES))
    rate = figure(figures, ALPHA, "all", "flag_side", "checks-1")
    assert (rate["n"], rate["mean"]) == (3, pytest.approx(2 / 3))
    assert figure(figures, "radiologist", "all", "flag_side", "checks-1")["mean"] == pytest.approx(1 / 3)


def test_flags_that_never_differ_are_no_proof_that_they_cannot() -> None:
    rows = [
        row(unit, "alpha", "x", checks_id="checks-1", flag_mask=False, reference_flag_mask=False)
        for unit in ("u1", "u2", "u3", "u4")
    ]
    compared = build_side(rows)
    bound = 1 - 0.025 ** (1 / 3)  # of three patients
    rate = figure(list(evaluations(compared, CHOICES)), ALPHA, "all", "flag_mask", "checks-1")
    assert (rate["mean"], rate["ci_low"], rate["ci_high"]) == (0, 0, pytest.approx(bound))
    (entry,) = [
        entry
        for entry in comparisons(compared, CHOICES)
        if (entry["system_a"], entry["metric"], entry["stratum"], entry["system_b"])
        == (ALPHA, "flag_mask", "all", RADIOLOGIST)
    ]
    assert (entry["ci_low"], entry["ci_high"]) == pytest.approx((-bound, bound))
    assert entry["p_value"] == 1.0


def test_duplicated_reports_do_not_narrow_a_clustered_interval() -> None:
    compared, values = big(60, 1)
    fourfold = np.repeat(values[0], 4)
    every = np.ones(240, dtype=np.bool_)

    def width(clusters: np.ndarray) -> float:
        copied = SideBySide("d", "s", [{"reference": "x"}] * 240, clusters, {"all": every})
        copied.systems["m0"] = System("m0", MODEL, {(MAIN, "rouge1"): fourfold}, every, ~every)
        (entry,) = evaluations(copied, CHOICES)
        return float(entry["ci_high"] - entry["ci_low"])

    (once,) = evaluations(compared, CHOICES)
    assert width(np.repeat(np.arange(60), 4)) == pytest.approx(once["ci_high"] - once["ci_low"])
    assert width(np.arange(240)) < 0.65 * width(np.repeat(np.arange(60), 4))


def test_how_many_columns_are_worked_on_at_once_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = side()
    whole = [list(evaluations(compared, CHOICES)), list(comparisons(compared, CHOICES))]
    for module in (evaluation, comparison):
        monkeypatch.setattr(module, "COLUMNS", 5)
    assert [list(evaluations(compared, CHOICES)), list(comparisons(compared, CHOICES))] == whole
    assert len(whole[0]) > 200
