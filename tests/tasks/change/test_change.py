"""What changed since the report before: what is asked, what is right, and what words of comparison see of it."""

import json
import sys
from itertools import pairwise
from typing import Any

import pytest

from radray.reports.synthetic.courses import CONCEPTS, STATES, change_of, main, make_patients
from radray.tasks.answering import Entry, Example, GoldSource, Parsed
from radray.tasks.change.floors import by_both, by_words
from radray.tasks.change.task import TASK

REPORT: dict[str, Any] = {
    "unit_id": "u",
    "split": "train",
    "findings": "The edema has resolved. There is a new small nodule.",
    "reference": "Nodule.",
    "human_codes": "course:edema=gone,nodule=new",
    "prior_findings": "Moderate edema.",
    "prior_reference": None,
}
CHANGES = Parsed(entries=(Entry("edema", "gone"), Entry("nodule", "new")))


def test_the_right_answer_is_the_course_and_known_of_no_other_report() -> None:
    (example,) = TASK.make_examples(REPORT)
    assert (example.gold, example.gold_source) == (CHANGES, GoldSource.COURSE)
    assert example.inputs["prior"] == "Moderate edema."
    (live,) = TASK.make_examples(REPORT | {"split": "live"})
    assert (live.inputs, live.gold) == (example.inputs, None)
    for without, reason in (
        ({"human_codes": "nodule"}, "no_gold"),
        ({"human_codes": None}, "no_gold"),
        ({"prior_findings": None}, "no_prior"),
        ({"findings": None, "reference": None}, "no_text"),
    ):
        (example,) = TASK.make_examples(REPORT | without)
        assert (example.reason, example.inputs) == (reason, {})


@pytest.mark.parametrize("gold", [CHANGES, Parsed(entries=()), Parsed(entries=(Entry("pleural_effusion", "worse"),))])
def test_an_answer_is_read_back_as_it_was_written(gold: Parsed) -> None:
    assert TASK.parse(TASK.write(gold)) == gold
    assert TASK.parse("nodule: bigger") is None
    assert TASK.parse("") is None


def test_an_answer_is_right_where_all_changes_are() -> None:
    (example,) = TASK.make_examples(REPORT)
    right = TASK.score(example, CHANGES)
    assert (right.correct, right.f1) == (True, 1.0)
    half = TASK.score(example, Parsed(entries=(Entry("edema", "gone"), Entry("nodule", "worse"))))
    assert (half.correct, half.f1) == (False, 0.5)
    assert half.counts == {"new": (0, 0, 1), "gone": (1, 0, 0), "worse": (0, 1, 0)}
    assert TASK.score(example, None).f1 == 0.0


def test_the_command_prints_the_studies_of_patients_a_line_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["courses", "3"])
    main()
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line) for line in lines] == [study for studies in make_patients(3, seed=1) for study in studies]


def test_words_of_comparison_are_a_floor_that_the_prior_report_beats() -> None:
    assert by_words(REPORT["findings"]) == CHANGES.entries
    assert by_words("There is a moderate edema.") == ()
    asked = [Example(inputs={"findings": "The nodule is unchanged."})]
    assert TASK.floors["words"]([], asked) == [Parsed(entries=(Entry("nodule", "unchanged"),))]


@pytest.mark.parametrize(
    ("prior", "text", "state"),
    [
        ("Small nodule.", "Large nodule.", "worse"),
        ("Large pleural effusion.", "There is a small pleural effusion.", "better"),
        ("Moderate edema.", "A moderate edema is present.", "unchanged"),
        ("Moderate edema.", "The lungs are clear.", "gone"),
        ("Moderate edema.", "No edema.", "gone"),
        ("No pneumothorax.", "Small pneumothorax.", "new"),
        ("", "Small pneumothorax.", "new"),
        ("Edema.", "Severe edema.", "unchanged"),  # how severe it was is not known
        ("Small edema.", "The edema has decreased.", "better"),
        ("Small edema.", "The edema has resolved.", "gone"),
        ("No edema.", "No edema.", None),
        ("The heart is normal in size.", "Cardiomegaly.", "new"),
    ],
)
def test_both_reports_are_compared_by_presence_and_severity(prior: str, text: str, state: str | None) -> None:
    assert [its.state for its in by_both([prior], [text])] == ([] if state is None else [state])


def test_the_floor_of_both_reports_reads_findings_and_impression() -> None:
    inputs = {"findings": "Lungs are clear.", "impression": "Nodule.", "prior": "Moderate edema. Edema."}
    (answer,) = TASK.floors["both reports"]([], [Example(inputs=inputs)])
    assert answer == CHANGES


def test_synthetic_patients_stay_as_drawn_and_their_course_is_whole() -> None:
    patients = list(make_patients(200, seed=1))
    assert patients[:20] == list(make_patients(20, seed=1)) != list(make_patients(20, seed=2))
    states = set()
    ids = [study["study_id"] for studies in patients for study in studies]
    assert len(ids) == len(set(ids))
    seen = 0
    for studies in patients:
        assert len({study["subject_id"] for study in studies}) == 1
        assert sorted(study["exam_time"] for study in studies) == [study["exam_time"] for study in studies]
        assert studies[0]["human_codes"] == ""
        for before, study in pairwise(studies):
            prior = {"prior_findings": before["findings"], "prior_reference": before["impression"]}
            report = {**REPORT, "findings": study["findings"], "reference": study["impression"], **prior}
            (example,) = TASK.make_examples({**report, "human_codes": study["human_codes"]})
            assert example.gold is not None
            entries = example.gold.entries or ()
            assert [entry.name for entry in entries] == [
                name for name in CONCEPTS if name in dict(e[:2] for e in entries)
            ]
            assert TASK.parse(TASK.write(example.gold)) == example.gold
            states |= {entry.state for entry in entries}
            seen += TASK.score(example, Parsed(entries=by_words(study["findings"]))).correct
    assert states == set(STATES)
    assert 0 < seen < 0.5 * len(ids)  # words alone do not know what was there before


def test_a_change_is_of_what_was_or_is() -> None:
    before, after = (
        {"edema": 2, "nodule": 1, "consolidation": 3, "pneumothorax": 1},
        {"edema": 3, "nodule": 1, "atelectasis": 1},
    )
    after["consolidation"] = 1
    changes = {"consolidation": "better", "edema": "worse", "nodule": "unchanged", "pneumothorax": "gone"}
    assert change_of(before, after) == changes | {"atelectasis": "new"}
    assert change_of({}, {}) == {}
