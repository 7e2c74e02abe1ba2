"""The contract of `check`: which flags there are, evidence, applicability, follow-up, any text at all."""

import re
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radray.checks.check import CheckResult, check
from radray.checks.findings import reportable
from radray.checks.numbers import exchanged
from radray.checks.scope import OF_CONCEPTS
from radray.flags import TIER_A, TIER_B

FINDINGS = (
    "There is a moderate right pleural effusion. An 8 mm nodule is seen in the left upper lobe. No pneumothorax. The"
    " heart is normal in size. A right PICC ends in the SVC."
)
BOTH = "Right pleural effusion. Left upper lobe nodule."
BACKGROUND = "Indication: cough. Comparison: None."
VOCABULARY = """no left right effusion pneumothorax unchanged 8 mm cm nodule ___ Dr. Meyer notified recommend CT with
    and the . , 1. possible opacity lower lobe SVC PICC tip ; since prior"""
WORDS = st.sampled_from([*VOCABULARY.split(), "\n"])
TEXTS = st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=60).map(" ".join))


def raised(checked: CheckResult) -> set[str]:
    return {name for name, flag in checked.flags.items() if flag}


def test_flags_are_those_of_both_tiers_in_order() -> None:
    assert tuple(check("No acute disease.", FINDINGS, BACKGROUND).flags) == (*TIER_A, *TIER_B)


def test_a_sound_impression_raises_nothing() -> None:
    checked = check(
        "1. Moderate right pleural effusion. 2. 8 mm nodule in the left upper lobe. Recommend CT.",
        FINDINGS,
        BACKGROUND,
        modality="CR",
        body_part="chest",
    )
    assert raised(checked) == set()
    assert checked.evidence == ""
    assert checked.followup


@pytest.mark.parametrize("impression", [None, "", "  \n "])
def test_a_blank_impression_is_degenerate_and_nothing_else(impression: str | None) -> None:
    checked = check(impression, FINDINGS, BACKGROUND, modality="CR", body_part="chest")
    assert raised(checked) == {"degenerate"}
    assert set(checked.flags.values()) == {True, False}
    assert not checked.followup
    assert checked.most_urgent_first is None


def test_evidence_names_positions_and_no_text() -> None:
    impression = "Moderate left pleural effusion. 9 mm nodule."
    checked = check(impression, FINDINGS, BACKGROUND, modality="CR", body_part="chest")
    assert {"side", "measurement"} <= raised(checked)
    places = dict(part.split(" ", 1) for part in checked.evidence.split("; "))
    form, _, span = places["measurement"].partition(":")
    start, end = map(int, span.split("-"))
    assert (form, impression[start:end]) == ("impression", "9 mm")
    forms = [place.split(":")[0] for place in places["side"].split()]
    assert forms == ["impression", "findings"]
    assert "effusion" not in checked.evidence


def test_evidence_has_the_classes_that_are_raised_and_no_other() -> None:
    checked = check(
        "Left pneumothorax. ___ was notified. Unchanged", FINDINGS, BACKGROUND, modality="CR", body_part="chest"
    )
    assert {part.split(" ")[0] for part in checked.evidence.split("; ")} == raised(checked)
    assert {"polarity", "mask", "communication", "prior"} <= raised(checked)


@pytest.mark.parametrize(
    ("modality", "body_part"), [("MG", "breast"), ("NM", "chest"), ("CR", "breast"), (None, "breast")]
)
def test_classes_by_concept_do_not_apply_outside_the_table(modality: str | None, body_part: str | None) -> None:
    checked = check("Left pneumothorax, 9 mm.", FINDINGS, BACKGROUND, modality=modality, body_part=body_part)
    assert {name for name, flag in checked.flags.items() if flag is None} == set(OF_CONCEPTS)
    assert raised(checked) == {"measurement"}


@pytest.mark.parametrize(
    ("modality", "body_part"), [("CR", "chest"), ("CT", "chest"), (None, None), ("CR", None), (None, "chest")]
)
def test_they_apply_where_the_table_has_the_findings(modality: str | None, body_part: str | None) -> None:
    assert check("Left pneumothorax.", FINDINGS, BACKGROUND, modality=modality, body_part=body_part).flags["polarity"]


def test_without_an_exam_they_apply_only_to_findings_that_name_a_concept() -> None:
    assert check("Left pneumothorax.", "The images were lost.", None).flags["polarity"] is None


def test_a_cut_output_is_degenerate() -> None:
    assert raised(check(BOTH, FINDINGS, BACKGROUND, output_cut=True)) == {"degenerate"}


def test_passed_identifiers_are_looked_for() -> None:
    assert raised(check(f"{BOTH} S1047.", FINDINGS, BACKGROUND, identifiers=("S1047",))) == {"identifier"}
    assert raised(check(f"{BOTH} S1047.", FINDINGS, BACKGROUND)) == set()


@pytest.mark.parametrize(
    ("impression", "first"),
    [
        ("Large pneumothorax. Granuloma.", True),
        ("1. Granuloma. 2. Large pneumothorax.", False),
        ("1. Pneumonia. 2. Tension pneumothorax.", False),
        ("1. Effusion. 2. Scoliosis.", True),
        ("Granuloma. Scoliosis.", None),
        ("Pneumothorax.", None),
        ("Pneumothorax and granuloma.", None),
        ("No pneumothorax. Granuloma.", None),
    ],
)
def test_whether_the_most_urgent_stands_first(impression: str, first: bool | None) -> None:
    assert check(impression, FINDINGS, BACKGROUND).most_urgent_first is first


@pytest.mark.parametrize(
    ("impression", "followup"),
    [
        ("Nodule. Recommend CT.", True),
        ("Nodule. Follow-up in 6 weeks.", True),
        ("Nodule.", False),
        ("Suggestive of edema.", False),
    ],
)
def test_whether_a_followup_is_recommended(impression: str, followup: bool) -> None:
    assert check(impression, FINDINGS, BACKGROUND).followup is followup


@settings(max_examples=300, deadline=None)
@given(TEXTS, TEXTS, TEXTS)
def test_any_texts_give_flags_whose_evidence_lies_in_them(impression: str, findings: str, background: str) -> None:
    checked = check(impression, findings, background, modality="CR", body_part="chest")
    texts = {"impression": impression, "findings": findings, "background": background}
    parts = checked.evidence.split("; ") if checked.evidence else []
    assert {part.split(" ")[0] for part in parts} == raised(checked)
    for part in parts:
        for place in part.split(" ")[1:]:
            form, _, span = place.partition(":")
            start, end = map(int, span.split("-"))
            assert 0 <= start <= end <= len(texts[form])


@settings(max_examples=200, deadline=None)
@given(TEXTS, TEXTS)
def test_the_same_texts_give_the_same_answer(impression: str, findings: str) -> None:
    assert check(impression, findings, None) == check(impression, findings, "")


@settings(max_examples=200, deadline=None)
@given(st.lists(WORDS, max_size=40).map(" ".join), st.lists(WORDS, max_size=20).map(" ".join))
def test_findings_said_again_invent_no_number_no_call_and_no_earlier_exam(findings: str, background: str) -> None:
    flags = check(findings, findings, background, modality="CR", body_part="chest").flags
    assert not flags["measurement"]
    assert not flags["communication"]
    assert not flags["prior"]
    assert not flags["critical_missed"]


class _Counted:
    """A pattern that counts how often a text is searched."""

    def __init__(self, pattern: "re.Pattern[str]") -> None:
        self.pattern = pattern
        self.searches = 0

    def search(self, *where: Any) -> "re.Match[str] | None":
        self.searches += 1
        return self.pattern.search(*where)


@pytest.mark.parametrize(
    ("module", "name"), [(exchanged, "_MOVED"), (reportable, "_LASTING"), (reportable, "_NOTHING")]
)
def test_a_sentence_is_searched_once_for_all_that_stands_in_it(
    module: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # of a report of 250 kB in one sentence, every number and finding searched all of it: 18 s
    counted = _Counted(getattr(module, name))
    monkeypatch.setattr(module, name, counted)
    text = "5 mm nodule, " * 9
    check(text, text, None, modality="CR", body_part="chest")
    assert counted.searches == 1


HOSTILE = {
    "one word": "a" * 60_000,
    "words": "no effusion " * 5_000,
    "sides": "left effusion, right effusion. " * 2_000,
    "numbers": "8 mm x " * 8_000,
    "measurements": " ".join(f"{n} mm," for n in range(8_000)),
    "calls": "Dr. was notified of " * 3_000,
    "recommendations": "recommend CT " * 5_000,
    "masks": "___ " * 15_000,
    "stops": "." * 60_000,
    "blanks": "no" + " " * 60_000 + "change",
    "digits": "1" * 60_000,
    "dashes": "1-" * 30_000,
    "lines": "no\n" * 20_000,
    "ribs": "first and " * 6_000 + "ribs",
    "at": "a@" * 20_000 + "a." * 10_000,
    "names": "Dr. A. " * 8_000,
    "ats": "x.y+" * 15_000 + "@",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_time_is_linear_in_hostile_text(name: str) -> None:
    text = HOSTILE[name]

    def seconds(size: int) -> float:
        part = text[: size - 3] + " ok"
        start = time.process_time()
        check(part, part[::-1], part, modality="CR", body_part="chest", identifiers=("ab-12345",))
        return time.process_time() - start

    seconds(1_000)
    # ten times the text in far less than the hundred times that quadratic work takes
    assert seconds(60_000) < 40 * max(seconds(6_000), 0.05)
