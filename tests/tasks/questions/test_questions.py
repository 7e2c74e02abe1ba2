"""Questions: their right answers, which of them are drawn, and how answers are read and scored."""

from collections import Counter
from typing import Any

import pytest

from radray.tasks.answering import Example, GoldSource, Parsed
from radray.tasks.codes import parse_codes
from radray.tasks.questions.prevalences import QUESTIONS, STANDING, is_drawn
from radray.tasks.questions.readings import by_codes, by_rules
from radray.tasks.questions.task import TASK, make_examples, parse, score, write
from radray.tasks.questions.templates import ANSWERS, write_question

FINDINGS = "Small right pleural effusion. There is no pneumothorax. Patchy opacity in the left lung base, 1.2 cm."
CODES = "Pleural Effusion/right/small;Opacity/lung/base/left/patchy;Cardiomegaly"


def _report(**columns: Any) -> dict[str, Any]:
    report = {"unit_id": "u1", "split": "train", "format": "openi_csv", "findings": FINDINGS, "reference": None}
    return {**report, "human_codes": CODES, **columns}


@pytest.mark.parametrize(
    ("item", "coded", "ruled"),
    [
        ("presence.pleural_effusion", "yes", "yes"),
        ("presence.pneumothorax", "no", "no"),
        ("presence.scoliosis", "not said", "not said"),
        ("presence.cardiomegaly", "yes", "not said"),  # people saw what no words of ours name
        ("presence.consolidation", None, "not said"),  # the opacity could be it
        ("side.pleural_effusion", "right", "right"),
        ("side.pneumothorax", "none", "none"),
        ("side.cardiomegaly", None, "none"),  # the text has sides, of other things
        ("severity.pleural_effusion", "mild", "mild"),
        ("severity.cardiomegaly", None, "none"),
        ("place.left.base", "lung opacity", "lung opacity"),
        ("place.right.base", "none", "none"),
        ("size", None, "1.2 cm"),
    ],
)
def test_codes_and_rules_answer_each_template(item: str, coded: str | None, ruled: str) -> None:
    assert by_codes(item, parse_codes(CODES), [FINDINGS]) == coded
    assert by_rules(item, [FINDINGS]) == [ruled]


@pytest.mark.parametrize(
    ("item", "text", "answer"),
    [
        ("presence.scoliosis", "No scoliosis.", "no"),
        ("presence.scoliosis", "No scoliosis. There may be mild scoliosis.", None),
        ("presence.scoliosis", "Mild scoliosis.", None),
        ("presence.lung_opacity", "No lung opacity. Left pneumonia.", None),  # a kind of it is there
        ("presence.lung_opacity", "No consolidation.", None),  # of other opacities the text says nothing
        ("side.scoliosis", "No scoliosis.", "none"),
        ("side.scoliosis", "Mild scoliosis.", None),
        ("severity.scoliosis", "Possible scoliosis.", None),
        ("place.left.base", "Left base atelectasis.", None),
        ("place.left.base", "Right base atelectasis.", "none"),
    ],
)
def test_without_a_code_a_finding_is_absent_only_if_our_rules_agree(item: str, text: str, answer: str | None) -> None:
    assert by_codes(item, (), [text]) == answer


def test_a_sign_that_people_coded_leaves_the_question_open() -> None:
    codes = parse_codes("Lung/hyperdistention;Pulmonary Congestion")
    assert by_codes("presence.emphysema", codes, ["Clear."]) is None
    assert by_codes("presence.edema", codes, ["No edema."]) is None
    assert by_codes("presence.emphysema", parse_codes("Pulmonary Emphysema"), ["Clear."]) == "yes"


@pytest.mark.parametrize(
    ("codes", "answer"),
    [
        ("Opacity/lung/base/left;Pulmonary Atelectasis/base/left", "atelectasis"),
        ("Opacity/lung/base/left;Nodule/lung/base/left", None),
        ("Opacity/lung/base/left;Sutures/lung/base/left", None),
        ("Sutures/lung/base/left", None),
    ],
)
def test_several_codes_in_a_place_are_one_answer_within_a_family(codes: str, answer: str | None) -> None:
    assert by_codes("place.left.base", parse_codes(codes), []) == answer


def test_what_is_not_there_is_agreed_and_what_is_there_by_codes() -> None:
    text = "No scoliosis. Left pleural effusion."
    columns = {"findings": text, "human_codes": "Pleural Effusion/left"}
    every = [its for at in range(300) for its in make_examples(_report(unit_id=f"u{at}", **columns)) if its.gold]
    sources = {(its.item, its.gold.value): its.gold_source for its in every if its.gold}
    assert sources["presence.pleural_effusion", "yes"] == sources["side.pleural_effusion", "left"] == GoldSource.CODES
    denials = {("presence.scoliosis", "no"), ("presence.cardiomegaly", "not said"), ("side.lung_opacity", "none")}
    assert {sources[denial] for denial in denials} == {GoldSource.AGREED}
    assert {source for (_, answer), source in sources.items() if answer in ("no", "none")} <= {
        GoldSource.AGREED,
        GoldSource.RULES,  # of a size
    }


def test_side_is_unstated_only_where_no_text_has_one() -> None:
    codes = parse_codes("Pulmonary Atelectasis")
    assert by_codes("side.atelectasis", codes, ["Streaky atelectasis."]) == "not said"
    assert by_codes("side.atelectasis", codes, ["Left base atelectasis."]) is None


def test_only_the_codes_of_open_i_are_read() -> None:
    every = [make_examples(_report(unit_id=f"u{at}", format="fhir", human_codes="J90")) for at in range(40)]
    assert {its.gold_source for examples in every for its in examples if its.gold} == {GoldSource.RULES}


def test_of_a_night_standing_questions_are_asked() -> None:
    examples = make_examples(_report(split="live", human_codes=None))
    assert [its.item for its in examples] == list(STANDING)
    assert all(its.gold is None and its.inputs["question"] == write_question(its.item) for its in examples)
    assert [its.reason for its in make_examples(_report(findings=None))] == ["no_text"]


def test_a_report_that_nothing_is_drawn_for_has_a_row() -> None:
    normal = {
        "findings": "Heart size is normal. Lungs are clear. No effusion.",
        "human_codes": "normal",
    }
    every = [make_examples(_report(unit_id=f"u{at}", **normal)) for at in range(200)]
    assert {tuple(its.reason for its in rows) for rows in every if not rows[0].inputs} == {("not_drawn",)}


@pytest.mark.parametrize("item", ["presence.pleural_effusion", "side.lung_opacity", "place.right.hilum", "size"])
def test_drawn_answers_are_spread_evenly(item: str) -> None:
    asked = Counter(
        answer
        for answer, count in QUESTIONS[item].items()
        for at in range(10 * count)
        if is_drawn(f"{answer}{at}", item, answer)
    )
    assert max(asked.values()) < 0.6 * asked.total() < 0.6 * 5 * sum(QUESTIONS[item].values())


def test_every_answer_is_written_and_read_back() -> None:
    for value in [*sorted(frozenset().union(*ANSWERS.values())), "1.2 cm", "8 mm"]:
        assert parse(write(Parsed(value=value))) == Parsed(value=value)
    assert parse(" Not  said.\n") == Parsed(value="not said")
    assert parse("Yes, there is.") is None
    assert parse("") is None


def test_an_answer_counts_under_its_template() -> None:
    side = Example("side.nodule", {}, Parsed(value="left"), GoldSource.CODES)
    right, wrong, alien, failed = (
        score(side, Parsed(value=its) if its else None) for its in ("left", "both", "yes", "")
    )
    assert right.correct
    assert right.counts == {"side: left": (1, 0, 0)}
    assert wrong.counts == {"side: left": (0, 0, 1), "side: both": (0, 1, 0)}
    assert alien.counts == failed.counts == {"side: left": (0, 0, 1)}
    assert not failed.correct
    size = Example("size", {}, Parsed(value="8 mm"), GoldSource.RULES)
    assert score(size, Parsed(value="9 mm")).counts == {"size: given": (0, 1, 1)}


def test_a_finding_of_the_same_family_is_right_in_a_place() -> None:
    place = Example("place.left.base", {}, Parsed(value="lung opacity"), GoldSource.CODES)
    same, other, none = (score(place, Parsed(value=its)) for its in ("infiltrate", "pneumonia", "none"))
    assert (same.correct, same.counts) == (True, {"place: lung opacity": (1, 0, 0)})
    assert (other.correct, other.counts) == (False, {"place: lung opacity": (0, 0, 1), "place: pneumonia": (0, 1, 0)})
    assert not none.correct
    granuloma = Example("place.left.hilum", {}, Parsed(value="granuloma"), GoldSource.CODES)
    assert score(granuloma, Parsed(value="calcification")).counts == {"place: calcification": (1, 0, 0)}


def test_floors_answer_without_a_model() -> None:
    training = [Example("presence.nodule", {}, Parsed(value=its)) for its in ("yes", "not said", "yes")]
    inputs = {"findings": FINDINGS, "impression": ""}
    asked = [Example(its, inputs) for its in ("presence.nodule", "presence.pneumothorax", "side.pleural_effusion")]
    answers = {name: [its.value for its in floor(training, asked)] for name, floor in TASK.floors.items()}
    assert answers == {
        "always no": ["no", "no", "none"],
        "commonest": ["yes", "yes", "none"],
        "rules": ["not said", "no", "right"],
    }
