"""The written rule of a normal impression: its cases, and its counts on real reports."""

from collections import Counter

import pytest

from radray.language.normality import is_normal
from radray.reports.synthetic.studies import make_studies


@pytest.mark.parametrize(
    "reference",
    [
        # the rule's own cases
        "1. Chest. No active disease. 2. Right foot. Negative.",
        "Normal chest No evidence of tuberculosis",
        # a negation, alone or after a preamble
        "No acute cardiopulmonary process.",
        "There is no evidence of acute disease. Specifically, no effusion.",
        "Otherwise, no acute findings.",
        "Without acute abnormality.",
        "Negative for acute disease",
        # words of normality
        "Normal.",
        "Clear lungs.",
        "Heart size within normal limits. Lungs are grossly clear.",
        "Unremarkable two-view chest radiograph.",
        "Negative chest x-XXXX.",
        "Normal chest ___.",
        "Both knees negative.",
        "Intact ribs without pneumothorax.",
        "Chest: no acute disease.",
        "1. Clear lungs.\n2. No fracture",
        "NO ACUTE DISEASE",
        "No acute disease. END OF REPORT.",
        # exams other than films
        "Normal CT of the head.",
        "Unremarkable pelvic ultrasound.",
    ],
)
def test_normal(reference: str) -> None:
    assert is_normal(reference) is True


@pytest.mark.parametrize(
    "reference",
    [
        # the rule's own cases
        "No change in right pneumothorax.",
        "Hyperexpanded but clear lungs.",
        "Low lung volumes, otherwise clear.",
        "Stable appearance of the chest.",
        # an exception in a negated sentence
        "No acute disease, mild edema.",
        "No pneumothorax following line placement.",
        "No fracture, recommend CT.",
        "No acute process except for old rib fractures.",
        "Normal chest, no interval change.",
        # something stated
        "Small left effusion.",
        "No acute disease. Cardiomegaly.",
        "Emphysema without acute disease.",
        "Heart size upper limits of normal.",
        "1. No effusion. 2. Left lower lobe pneumonia.",
        "Not seen well.",
        "Small effusion. End of report.",
        "End of report of a small effusion.",
        # a sentence of normality that holds no word that says so
        "Lungs and heart are within limits of size.",
    ],
)
def test_abnormal(reference: str) -> None:
    assert is_normal(reference) is False


@pytest.mark.parametrize(
    "reference", ["", "  \n", ".", "___.", "1. XXXX.", "Chest.", "1. Chest 2. Right foot.", "___. End of report."]
)
def test_nothing_to_judge(reference: str) -> None:
    assert is_normal(reference) is None


def test_masks_and_list_numbers_change_nothing() -> None:
    assert is_normal("1. ___ Clear ___ lungs. 2. ___") is True
    assert is_normal("1. ___ Small ___ effusion. 2. ___") is False


def test_agrees_with_the_synthetic_corpus() -> None:
    for study in make_studies(1500, seed=21):
        assert is_normal(study.text.split("IMPRESSION:")[1]) is not study.abnormal


def test_counts_on_real_references(openi_pairs: list[tuple[str, str, bool]]) -> None:
    verdicts = Counter((coded_normal, is_normal(impression)) for _, impression, coded_normal in openi_pairs)
    # the 12 are read: stable chests, limited studies, exams of another body part that found something
    assert verdicts == {(True, True): 563, (True, False): 12, (False, True): 434, (False, False): 375}
    coded_normal = sum(n for (coded, _), n in verdicts.items() if coded)
    assert verdicts[True, True] / coded_normal == pytest.approx(0.979, abs=5e-4)
