"""ROUGE against hand-computed fractions and against rouge-score itself."""

import json
import random
import subprocess
import sys
import tracemalloc

import pytest
from rouge_score import rouge_scorer

from radray.evaluation.rouge import Scorer
from radray.language.sentences import split_sentences
from radray.reports.synthetic.studies import make_studies
from radray.schema.predictions import ROUGE_COLUMNS
from tests.support.paths import ROOT

TEXTS = ("Worsening opacities of the lungs.", "The opacity has worsened.")
_NAMES = {"rouge1": "rouge1", "rouge2": "rouge2", "rougel": "rougeL", "rougelsum": "rougeLsum"}


def _figures(**metrics: tuple[float, float, float]) -> dict[str, float]:
    return {
        f"{metric}_{part}": value
        for metric, values in metrics.items()
        for part, value in zip(("precision", "recall", "f"), values, strict=True)
    }


def test_hand_computed_fractions() -> None:
    # reference: no acute cardiopulmonary process (4 words); prediction: no acute process seen today (5)
    scores = Scorer(stemmer=False).score("No acute cardiopulmonary process.", "No acute process seen today.")
    assert tuple(scores) == ROUGE_COLUMNS
    lcs = (3 / 5, 3 / 4, 2 / 3)
    assert scores == pytest.approx(
        _figures(rouge1=(3 / 5, 3 / 4, 2 / 3), rouge2=(1 / 4, 1 / 3, 2 / 7), rougel=lcs, rougelsum=lcs), abs=1e-15
    )


def test_sentences_in_another_order_keep_lsum_and_halve_l() -> None:
    scores = Scorer(stemmer=False).score("No effusion. Clear lungs.", "Clear lungs. No effusion.")
    assert scores == pytest.approx(
        _figures(rouge1=(1, 1, 1), rouge2=(2 / 3,) * 3, rougel=(0.5,) * 3, rougelsum=(1, 1, 1)), abs=1e-15
    )


def test_repeated_words_count_once_each() -> None:
    scores = Scorer(stemmer=False).score("left effusion", "left left left effusion")
    assert scores["rouge1_precision"] == 2 / 4
    assert scores["rouge1_recall"] == 1.0
    assert scores["rougelsum_precision"] == 2 / 4


def test_the_stemmer_joins_forms_of_a_word() -> None:
    with_stemmer = Scorer(stemmer=True).score("Unchanged nodules.", "unchanging nodule")
    without = Scorer(stemmer=False).score("Unchanged nodules.", "unchanging nodule")
    assert with_stemmer["rouge1_f"] == 1.0
    assert without["rouge1_f"] == 0.0


def test_the_scorer_id_says_how() -> None:
    assert Scorer(stemmer=True).scorer_id == "rouge-score-0.1.2;stem;sentences-1;clean"
    assert Scorer(stemmer=False).scorer_id == "rouge-score-0.1.2;nostem;sentences-1;clean"
    assert Scorer(stemmer=True, references="raw").scorer_id == "rouge-score-0.1.2;stem;sentences-1;raw"


@pytest.mark.parametrize("prediction", ["", "  \n", "...", "___"])
def test_an_empty_prediction_scores_zero(prediction: str) -> None:
    assert Scorer(stemmer=True).score("No edema. Clear.", prediction) == dict.fromkeys(ROUGE_COLUMNS, 0.0)


def test_a_reference_of_a_mask_alone_scores_zero() -> None:
    assert Scorer(stemmer=True).score("___.", "No edema.") == dict.fromkeys(ROUGE_COLUMNS, 0.0)


@pytest.mark.parametrize("reference", ["", " \n "])
def test_an_empty_reference_is_refused(reference: str) -> None:
    with pytest.raises(ValueError, match="reference is empty"):
        Scorer(stemmer=True).score(reference, "No edema.")


def _pairs() -> list[tuple[str, str]]:
    rng = random.Random(5)
    texts = [study.text.split("IMPRESSION:")[1].strip() for study in make_studies(200, seed=11)]
    words = ["No", "no.", "effusions", "effusion", "lungs", "lung's", "nodular", "Nodule", "1.", "2.", "1.9", "x", "cm"]
    words += ["___", "stable.\n", "increasing,", "Dr.", "É"]
    texts += [" ".join(rng.choices(words, k=rng.randint(1, 25))) for _ in range(300)]
    return [(rng.choice(texts), rng.choice(texts)) for _ in range(600)] + [(text, text) for text in texts[:50]]


@pytest.mark.parametrize("stemmer", [True, False])
def test_equals_rouge_score_itself(stemmer: bool) -> None:
    library = rouge_scorer.RougeScorer(list(_NAMES.values()), use_stemmer=stemmer)
    ours = Scorer(stemmer=stemmer)
    several = 0
    for reference, prediction in _pairs():
        newlined = ["\n".join(split_sentences(text)) for text in (reference, prediction)]
        several += any("\n" in text for text in newlined)
        whole = library.score(reference, prediction)
        whole["rougeLsum"] = library.score(*newlined)["rougeLsum"]
        expected = {name: tuple(whole[theirs]) for name, theirs in _NAMES.items()}
        assert ours.score(reference, prediction) == pytest.approx(_figures(**expected), abs=1e-12)
    assert 100 < several < 600


def long_text(words: int, seed: int, *, sentences: bool) -> str:
    rng = random.Random(seed)
    return " ".join(
        rng.choice("abcdefghij") if at % 10 or not sentences else f"{rng.choice('abc')}. The" for at in range(words)
    )


@pytest.mark.parametrize("sentences", [False, True])
def test_a_long_reference_equals_rouge_score_in_little_memory(sentences: bool) -> None:
    reference, prediction = long_text(1_500, 1, sentences=sentences), long_text(60, 2, sentences=sentences)
    library = rouge_scorer.RougeScorer(list(_NAMES.values()), use_stemmer=True)
    whole = library.score(*("\n".join(split_sentences(text)) for text in (reference, prediction)))
    scorer = Scorer(stemmer=True)
    expected = {name: tuple(whole[theirs]) for name, theirs in _NAMES.items()}
    assert scorer.score(reference, prediction) == pytest.approx(_figures(**expected), abs=1e-12)
    tracemalloc.start()
    scorer.score(long_text(20_000, 3, sentences=sentences), prediction)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6_000_000  # a table of lists takes 11 MB


@pytest.mark.slow
def test_scoring_brings_no_scipy_and_hides_it_from_nobody() -> None:
    code = (
        "import json, sys\n"
        "from radray.evaluation.rouge import Scorer\n"
        f"print(json.dumps(Scorer(stemmer=True).score({TEXTS[0]!r}, {TEXTS[1]!r})))\n"
        "print(sorted({'scipy', 'sklearn'} & set(sys.modules)))\n"
        "import sklearn.feature_extraction, scipy.stats\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    scores, brought = done.stdout.splitlines()
    assert json.loads(scores) == Scorer(stemmer=True).score(*TEXTS)
    assert brought == "[]"
