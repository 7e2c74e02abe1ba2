"""The task `labels`: its examples, prompts, answers and scores."""

import pytest

from radray.schema.statuses import NotAskedReason
from radray.tasks.answering import Counts, Entry, Example, GoldSource, Parsed
from radray.tasks.labels.task import TASK
from radray.tasks.registry import choose_tasks

REPORT = {
    "unit_id": "u1",
    "split": "train",
    "findings": "Small left pleural effusion.\nImpression: normal\nLabels: none",
    "reference": "Possible edema.",
    "format": "openi_csv",
    "human_codes": "Pleural Effusion/left/small",
}


def test_people_who_coded_a_report_decide() -> None:
    (example,) = TASK.make_examples(REPORT)
    assert example.gold == Parsed(entries=(Entry("pleural_effusion", "present", "left"),))
    assert example.gold_source == GoldSource.CODES


@pytest.mark.parametrize(
    "other",
    [{"human_codes": None}, {"human_codes": ""}, {"format": "fhir"}],
    ids=["none", "blank", "of another list"],
)
def test_without_codes_the_rules_do(other: dict[str, str | None]) -> None:
    (example,) = TASK.make_examples({**REPORT, **other})
    assert example.gold_source == GoldSource.RULES
    assert example.gold is not None
    assert TASK.write(example.gold) == "edema: uncertain; pleural effusion: present, left"


def test_a_report_that_people_gave_up_coding_is_not_asked() -> None:
    silent = {**REPORT, "human_codes": "No Indexing"}
    assert TASK.make_examples(silent) == [Example(reason=NotAskedReason.NO_GOLD)]
    (live,) = TASK.make_examples({**silent, "split": "live"})
    assert live.inputs


def test_of_a_live_report_the_right_answer_is_not_known() -> None:
    (example,) = TASK.make_examples({**REPORT, "split": "live"})
    assert example.gold is example.gold_source is None
    assert example.inputs["impression"] == "Possible edema."


def test_a_report_without_text_is_not_asked() -> None:
    blank = {**REPORT, "findings": " \n", "reference": None}
    assert TASK.make_examples(blank) == [Example(reason=NotAskedReason.NO_TEXT)]


@pytest.mark.parametrize("family", ["causal", "t5"])
def test_a_reports_lines_do_not_reach_the_prompts_last_line(family: str) -> None:
    (asked,) = choose_tasks(["impression", "labels"], "hub", family, {})
    (example,) = TASK.make_examples(REPORT)
    prompt = asked.fill(example.inputs)
    assert prompt.count("\n") == (2 if family == "causal" else 0)
    assert "Small left pleural effusion. Impression: normal Labels: none" in prompt
    assert prompt.endswith("Labels:") == (family == "causal")


def _asked(source: GoldSource, *gold: Entry) -> Example:
    return Example(inputs={"findings": "x"}, gold=Parsed(entries=gold), gold_source=source)


def _answer(*entries: Entry) -> Parsed:
    return Parsed(entries=entries)


def test_a_label_counts_with_those_that_it_is_a_kind_of() -> None:
    outcome = TASK.score(
        _asked(GoldSource.CODES, Entry("pneumonia", "present")),
        _answer(Entry("consolidation", "uncertain"), Entry("edema", "absent")),
    )
    assert not outcome.correct
    assert outcome.counts == {
        "pneumonia": Counts(0, 0, 1),
        "consolidation": Counts(1, 0, 0),
        "airspace_disease": Counts(1, 0, 0),
        "lung_opacity": Counts(1, 0, 0),
    }
    assert outcome.f1 == pytest.approx(6 / 7)


@pytest.mark.parametrize(
    ("place", "correct", "counts"),
    [
        ("left", True, Counts(1, 0, 0)),
        ("right", False, Counts(0, 1, 1)),
        ("bilateral", False, Counts(0, 1, 1)),
        (None, False, Counts(0, 0, 1)),
    ],
)
def test_the_side_that_people_coded_is_asked_for(place: str | None, correct: bool, counts: Counts) -> None:
    example = _asked(GoldSource.CODES, Entry("pleural_effusion", "present", "left"))
    outcome = TASK.score(example, _answer(Entry("pleural_effusion", "uncertain", place)))
    assert (outcome.correct, outcome.counts["side"]) == (correct, counts)


def test_sides_of_labels_that_one_answer_lacks_are_missed_or_wrong() -> None:
    example = _asked(GoldSource.CODES, Entry("pleural_effusion", "present", "left"), Entry("edema", "present"))
    silent = TASK.score(example, _answer(Entry("edema", "present", "right")))  # no side of an edema was coded
    assert silent.counts["side"] == Counts(0, 0, 1)
    assert TASK.score(example, None).counts["side"] == Counts(0, 0, 1)
    other = TASK.score(example, _answer(Entry("pneumothorax", "present", "left")))
    assert other.counts["side"] == Counts(0, 1, 1)


def test_doubt_counts_only_where_the_right_answer_knows_it() -> None:
    for source, correct in ((GoldSource.CODES, True), (GoldSource.RULES, False)):
        example = _asked(source, Entry("edema", "present"))
        assert TASK.score(example, _answer(Entry("edema", "uncertain"))).correct is correct


def test_no_finding_is_a_label_and_devices_are_no_findings() -> None:
    example = _asked(GoldSource.CODES, Entry("support_devices", "present"))
    outcome = TASK.score(example, _answer())
    assert not outcome.correct
    assert outcome.counts == {"no_finding": Counts(1, 0, 0), "support_devices": Counts(0, 0, 1)}
    assert TASK.score(_asked(GoldSource.CODES), _answer()).correct


def test_a_failed_answer_gives_nothing_and_is_never_right() -> None:
    outcome = TASK.score(_asked(GoldSource.CODES), None)
    assert not outcome.correct
    assert outcome.counts == {"no_finding": Counts(0, 0, 1)}


def test_the_rules_read_the_report_and_need_no_training() -> None:
    (example,) = TASK.make_examples(REPORT)
    (answer,) = TASK.floors["rules"]([], [example])
    assert TASK.write(answer) == "edema: uncertain; pleural effusion: present, left"


def test_fitted_rules_leave_out_what_people_seldom_code() -> None:
    text = "Possible pneumonia. Cardiomegaly."
    coded = [Entry("cardiomegaly", "present")]
    training = [
        Example(inputs={"findings": text}, gold=Parsed(entries=tuple(coded)), gold_source=GoldSource.CODES),
        Example(inputs={"findings": text}, gold=Parsed(entries=()), gold_source=GoldSource.CODES),
        Example(inputs={"findings": text}, gold=Parsed(entries=()), gold_source=GoldSource.RULES),
    ]
    asked = [Example(inputs={"findings": text}), Example(inputs={"findings": "No edema."})]
    fitted, nothing = TASK.floors["fitted rules"](training, asked)
    assert TASK.write(fitted) == "cardiomegaly: present"
    assert nothing == Parsed(entries=())
    (untrained, _) = TASK.floors["fitted rules"]([], asked)
    assert TASK.write(untrained) == "cardiomegaly: present; pneumonia: present"


def test_a_round_opacity_is_coded_where_a_nodule_was_written() -> None:
    (example,) = TASK.make_examples({**REPORT, "human_codes": "Opacity/lung/upper lobe/right/round"})
    assert example.gold is not None
    assert TASK.write(example.gold) == "lung lesion: present, right"
