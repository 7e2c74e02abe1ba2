"""All ways of scoring: hand-made values, and rouge-score's own on thousands of pairs."""

import random
from collections.abc import Sequence

import numpy as np
import pytest
from rouge_score import rouge_scorer

from radray.evaluation.scoring import EXACT, NO_OVERLAP, READS_NORMAL, main_scorer, score_all
from radray.language.sentences import split_sentences
from radray.reports.synthetic.studies import make_studies

NAMES = {"rouge1": "rouge1", "rouge2": "rouge2", "rougel": "rougeL", "rougelsum": "rougeLsum"}
CLEAN, RAW = main_scorer(stemmer=True), main_scorer(stemmer=True).replace("clean", "raw")
PLAIN = main_scorer(stemmer=False)


def test_hand_made_values() -> None:
    scores = score_all(
        ["Clear lungs.", "No nodules seen.", "No effusion.", "Clear.", "___.", None],
        ["1. Clear lungs.", "No nodules seen.", None, "Clear.", "___.", None],
        ["clear LUNGS", "No nodule seen", "", None, "", "Clear."],
    )
    nan = np.nan
    assert scores[CLEAN, "rouge1"] == pytest.approx([1, 1, 0, nan, 0, nan], nan_ok=True)
    assert scores[PLAIN, "rouge1"] == pytest.approx([1, 2 / 3, 0, nan, 0, nan], nan_ok=True)
    assert scores[RAW, "rouge1"] == pytest.approx([0.8, 1, nan, nan, 0, nan], nan_ok=True)
    assert scores[RAW, "rouge1_precision"] == pytest.approx([1, 1, nan, nan, 0, nan], nan_ok=True)
    assert scores[RAW, "rouge1_recall"] == pytest.approx([2 / 3, 1, nan, nan, 0, nan], nan_ok=True)
    assert scores[CLEAN, EXACT] == pytest.approx([1, 0, 0, nan, 0, nan], nan_ok=True)  # the stemmer makes no word equal
    assert scores[RAW, EXACT] == pytest.approx([0, 0, nan, nan, 0, nan], nan_ok=True)
    assert scores[CLEAN, NO_OVERLAP] == pytest.approx([0, 0, 1, nan, 1, nan], nan_ok=True)
    assert scores[CLEAN, READS_NORMAL] == pytest.approx([1, 1, 0, nan, 0, nan], nan_ok=True)  # nothing is not normal


def test_the_metrics_are_these() -> None:
    scores = score_all(["Clear."], ["Clear."], ["Clear."])
    assert len({scorer for scorer, _ in scores}) == 4
    assert {metric for _, metric in scores} == {
        *("rouge1", "rouge2", "rougel", "rougelsum", "exact", "no_overlap", "reads_normal"),
        *(f"{metric}_{part}" for metric in NAMES for part in ("precision", "recall")),
    }


def test_nothing_scores_nothing() -> None:
    assert all(values.shape == (0,) for values in score_all([], [], []).values())


def against_rouge_score(references: Sequence[str], predictions: Sequence[str]) -> int:
    """Compare every figure of every pair, and return how many pairs have several sentences."""
    scores = score_all(references, references, predictions)
    pairs = list(zip(references, predictions, strict=True))
    lines = [["\n".join(split_sentences(text)) for text in pair] for pair in pairs]
    for stemmer in (True, False):
        whole = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=stemmer)
        by_sentence = rouge_scorer.RougeScorer(["rougeLsum"], use_stemmer=stemmer)
        expected = [whole.score(*pair) | by_sentence.score(*split) for pair, split in zip(pairs, lines, strict=True)]
        for ours, theirs in NAMES.items():
            names = (f"{ours}_precision", f"{ours}_recall", ours)
            values = np.column_stack([scores[main_scorer(stemmer=stemmer), name] for name in names])
            assert np.abs(values - np.array([score[theirs] for score in expected])).max() <= 1e-9
    return sum(any("\n" in text for text in split) for split in lines)


def test_2_000_synthetic_pairs_score_as_rouge_score_has_them() -> None:
    rng = random.Random(7)
    texts = [study.text.split("IMPRESSION:")[1].strip() for study in make_studies(1_000, seed=31)]
    words = ["No", "effusions", "effusion", "1.", "2.", "1.9", "x", "cm", "___", "stable.\n", "Dr.", "É", "increasing"]
    texts += [" ".join(rng.choices(words, k=rng.randint(1, 20))) for _ in range(300)]
    several = against_rouge_score(rng.choices(texts, k=2_000), rng.choices(texts, k=2_000))
    assert several > 1_000


def test_2_000_pairs_of_real_impressions_score_as_rouge_score_has_them(
    openi_pairs: list[tuple[str, str, bool]],
) -> None:
    rng = random.Random(8)
    impressions = [impression for _, impression, _ in openi_pairs]
    assert against_rouge_score(rng.choices(impressions, k=2_000), rng.choices(impressions, k=2_000)) > 500
