"""Floors against brute force over all pairs, their ties, and what they choose on real reports."""

import random
from itertools import product

import pytest
from rouge_score import rouge_scorer
from sklearn.feature_extraction.text import TfidfVectorizer

from radray.errors import InputError
from radray.evaluation.floors import NearestNeighbour, best_constant, first_sentence
from radray.reports.synthetic.studies import make_studies


def _brute_force_means(references: list[str], stemmer: bool) -> list[float]:
    scorer = rouge_scorer.RougeScorer(["rouge1"], use_stemmer=stemmer)
    f = {
        (a, b): scorer.score(b, a)["rouge1"].fmeasure
        for a, b in product(sorted(set(references)), sorted(set(references)))
    }
    return [
        sum(f[candidate, other] for j, other in enumerate(references) if j != i) / max(len(references) - 1, 1)
        for i, candidate in enumerate(references)
    ]


@pytest.mark.parametrize("stemmer", [True, False])
@pytest.mark.parametrize("seed", range(12))
def test_best_constant_equals_brute_force(seed: int, stemmer: bool) -> None:
    rng = random.Random(seed)
    words = ["no", "No", "effusion", "effusions", "clear", "lungs", "lung", "stable", "2", "___", "acute"]
    references = [" ".join(rng.choices(words, k=rng.randint(1, 9))) for _ in range(40)]
    references += rng.choices(references, k=20)
    means = _brute_force_means(references, stemmer)
    first_best = next(i for i, mean in enumerate(means) if mean >= max(means) - 1e-12)
    assert best_constant(references, stemmer) == references[first_best]


def test_the_commonest_reference_is_not_the_best_constant() -> None:
    # "Mass." shares a word with its own copy alone: mean 1/5. "No acute disease." shares two of three with three.
    references = ["Mass.", "Mass.", "No acute disease.", "No acute edema.", "No acute fracture.", "No acute effusion."]
    assert best_constant(references, stemmer=True) == "No acute disease."


def test_best_constant_ties_go_to_the_first_reference() -> None:
    assert best_constant(["Clear lungs.", "No edema."], stemmer=True) == "Clear lungs."
    assert best_constant(["lungs clear", "Clear lungs."], stemmer=True) == "lungs clear"
    # the same bag of words three ways: their copies count together, and the first way of writing it is returned
    assert best_constant(["Edema.", "No mass.", "no MASS", "mass: no"], stemmer=False) == "No mass."


def test_best_constant_counts_repeated_words() -> None:
    references = ["no no no", "no no", "no no", "no"]
    # of 3 and 2 tokens 2 in common: F = 4/5; of 3 and 1: 1/2; of 2 and 1: 2/3
    assert _brute_force_means(references, stemmer=False) == pytest.approx(
        [(4 / 5 + 4 / 5 + 1 / 2) / 3, (4 / 5 + 1 + 2 / 3) / 3, (4 / 5 + 1 + 2 / 3) / 3, (1 / 2 + 2 / 3 + 2 / 3) / 3]
    )
    assert best_constant(references, stemmer=False) == "no no"


def test_best_constant_of_one_reference_and_of_references_without_a_word() -> None:
    assert best_constant(["Edema."], stemmer=True) == "Edema."
    assert best_constant(["___.", "..."], stemmer=True) == "___."
    assert best_constant(["___.", "Edema.", "Mass.", "Mass"], stemmer=True) == "Mass."


def test_best_constant_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="no training reference"):
        best_constant([], stemmer=True)


def test_best_constant_of_real_references(openi_pairs: list[tuple[str, str, bool]]) -> None:
    # published.json names it, chosen over the same pairs by brute force
    assert best_constant([impression for _, impression, _ in openi_pairs], stemmer=True) == (
        "No acute cardiopulmonary disease."
    )


@pytest.mark.parametrize(
    ("findings", "sentence"),
    [("Heart is 1.9 x 2 cm. Lungs clear.", "Heart is 1.9 x 2 cm."), ("Clear", "Clear"), ("", ""), (" . ", "")],
)
def test_first_sentence(findings: str, sentence: str) -> None:
    assert first_sentence(findings) == sentence


def test_nearest_neighbour_gives_the_impression_of_the_likest_findings() -> None:
    floor = NearestNeighbour(
        ["clear lungs and normal heart", "large left effusion with edema", "small right pneumothorax"],
        ["Normal.", "Effusion.", "Pneumothorax."],
    )
    assert floor.predict(["a small pneumothorax", "left effusion", "the heart is normal"]) == [
        "Pneumothorax.",
        "Effusion.",
        "Normal.",
    ]
    assert floor.predict([]) == []


def test_nearest_neighbour_ties_go_to_the_first_in_the_given_order() -> None:
    findings = ["left effusion", "right effusion", "left effusion", "no mass"]
    floor = NearestNeighbour(findings, ["A", "B", "C", "D"])
    # "effusion" is as near to the first three; words that nobody has, and none at all, are 0 from each
    assert floor.predict(["effusion", "left effusion", "unheard of", "", "x"]) == ["A", "A", "A", "A", "A"]


def test_nearest_neighbour_weighs_as_documented() -> None:
    # bigrams tell the order; a word that occurs three times weighs 1 + ln 3, not 3
    floor = NearestNeighbour(["effusion left", "left effusion"], ["A", "B"])
    assert floor.predict(["left effusion"]) == ["B"]
    known = ["mass mass mass edema", "mass edema line"]
    query = "mass mass edema"
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True).fit(known)
    cosines = (vectorizer.transform([query]) @ vectorizer.transform(known).T).toarray()[0]
    assert NearestNeighbour(known, ["A", "B"]).predict([query]) == ["AB"[int(cosines[1] > cosines[0])]]


def test_nearest_neighbour_of_many_is_that_of_each() -> None:
    texts = [study.text.split("FINDINGS:")[1] for study in make_studies(4000, seed=17)]
    floor = NearestNeighbour(texts, [str(i) for i in range(4000)])
    # 4,000 known findings: similarities are made for 1,000 queries at a time
    queries = [text.replace("right", "left") for text in texts[:1010]]
    assert floor.predict(queries)[990:] == [floor.predict([query])[0] for query in queries[990:]]
    assert floor.predict(texts[:1010]) == [str(texts.index(text)) for text in texts[:1010]]


@pytest.mark.parametrize(("findings", "references"), [([], []), (["clear"], ["A", "B"]), (["", "x"], ["A", "B"])])
def test_nearest_neighbour_without_training_text_is_refused(findings: list[str], references: list[str]) -> None:
    with pytest.raises(InputError):
        NearestNeighbour(findings, references)
