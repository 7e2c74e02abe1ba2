"""Tasks scored from the table of answers: models beside floors, in both tables."""

import re
from pathlib import Path
from typing import Any

import pytest

from jobs.evaluate import describe, evaluate
from radray.errors import ConfigError, InputError
from radray.schema.answers import ANSWERS
from radray.schema.evaluations import COMPARISONS, EVALUATIONS
from radray.schema.runs import RUNS
from radray.tasks.labels.task import TASK
from tests.support.worlds.answers import answer, example, make_answers
from tests.support.worlds.evaluate import MODELS, World, append

FINE, NOW = (f"{name} {MODELS[name][:8]}" for name in ("fine", "now"))
FLOORS = [f"floor: {name}" for name in TASK.floors]
DRAWS = "evaluate.resamples=200"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    built = make_answers(tmp_path_factory.mktemp("answers"))
    page = f"evaluate.page={built.folder}/page.html"
    evaluate(built.settings("tasks=labels", "evaluate.models=[now, fine]", DRAWS, page), built.console)
    return built


def figures(world: World) -> dict[tuple[str, str, str], dict[str, Any]]:
    rows = world.warehouse.read(EVALUATIONS).to_pylist()
    return {(row["system"], row["stratum"], row["metric"]): row for row in rows}


def test_models_and_floors_stand_beside_each_other(world: World) -> None:
    rows = figures(world)
    accuracy = {system: row["mean"] for (system, _, metric), row in rows.items() if metric == "accuracy"}
    assert accuracy.keys() == {FINE, NOW, *FLOORS}
    known = {name: mean for name, mean in accuracy.items() if "rules" not in name}
    assert known == {
        **{FINE: pytest.approx(89 / 90), NOW: pytest.approx(1 / 3)},
        **{"floor: constant": pytest.approx(1 / 3), "floor: nearest": 1.0},
    }
    row = rows[FINE, "all", "accuracy"]
    assert (row["n"], row["failed"], row["missing"], row["scorer_id"]) == (90, 1, 0, "labels-2")


def test_each_label_has_its_f1(world: World) -> None:
    row = figures(world)[FINE, "label:pleural_effusion", "f1"]
    # 30 reports have it, one of which could not be parsed
    assert (row["n"], row["mean"]) == (30, pytest.approx(2 * 29 / (2 * 29 + 1)))


def test_each_model_is_compared_with_each_floor_and_the_base(world: World) -> None:
    rows = world.warehouse.read(COMPARISONS, where={"metric": "macro_f1", "stratum": "all"}).to_pylist()
    assert sorted((row["system_a"], row["system_b"]) for row in rows) == sorted(
        [(FINE, NOW), *((model, floor) for model in (FINE, NOW) for floor in FLOORS)]
    )


def test_floors_that_beat_a_model_are_named_in_words(world: World) -> None:
    printed = " ".join(world.output.getvalue().split())
    assert re.search(rf"labels, by macro F1.*: floor: nearest and .*, which need no model, beat {NOW}\.", printed)


def test_a_run_over_tasks_alone_needs_no_predictions(world: World) -> None:
    (run,) = world.warehouse.read(RUNS, where={"job": "evaluate"}).to_pylist()
    assert (run["status"], run["input_units"]) == ("finished", 180)


def test_an_example_that_changed_since_is_no_answer_to_it(tmp_path: Path) -> None:
    world = make_answers(tmp_path, reports=0)
    asked = [example(place, "test") for place in range(4)]
    stale = answer({**asked[0], "input_digest": "before"}, "now", "none")
    rows = [*(answer(row, "fine", "none") for row in asked), stale, *(answer(row, "now", "none") for row in asked[1:])]
    append(world.warehouse, ANSWERS, rows)
    evaluate(world.settings("tasks=labels", "evaluate.models=[fine, now]", DRAWS), world.console)
    row = figures(world)[NOW, "all", "accuracy"]
    assert (row["n"], row["missing"]) == (3, 1)
    assert "lacks 1 of the 4 examples" in world.output.getvalue()


def test_answers_of_our_rules_are_apart_and_no_floor_of_rules_is_scored(tmp_path: Path) -> None:
    world = make_answers(tmp_path, reports=0)
    asked = [example(place, "test", source="rules") for place in range(6)]
    append(world.warehouse, ANSWERS, [answer(row, "fine", "none") for row in asked])
    evaluate(world.settings("tasks=labels", DRAWS), world.console)
    assert {(system, stratum) for system, stratum, _ in figures(world)} == {
        (system, "gold:rules") for system in (FINE, "floor: constant", "floor: nearest")
    }
    assert "6 of 6 right answers are of our own rules" in world.output.getvalue()


def test_answers_that_our_rules_agreed_to_judge_all_but_rules(tmp_path: Path) -> None:
    world = make_answers(tmp_path, reports=0)
    asked = [example(place, "test", source="agreed" if place % 2 else "codes") for place in range(6)]
    append(world.warehouse, ANSWERS, [answer(row, "fine", "none") for row in asked])
    evaluate(world.settings("tasks=labels", DRAWS), world.console)
    rows = figures(world)
    assert {rows[system, "all", "accuracy"]["n"] for system in (FINE, "floor: nearest")} == {6}
    assert {rows[name, "all", "accuracy"]["n"] for name, *_ in rows if "rules" in name} == {3}
    assert "3 of 6 right answers say that a finding is not there" in " ".join(world.output.getvalue().split())


def test_errors_seen_at_5_percent_false_alarms_are_ranked_by_logprob(tmp_path: Path) -> None:
    world = make_answers(tmp_path, reports=0)
    rows = []
    for place in range(40):
        gold = {"gold_value": "error" if place % 2 else "fine", "gold_rewritten": None, "gold_entries": None}
        asked = example(place, "test", "planted", task="correction", **gold)
        inputs = '{"findings": "Clear lungs.", "background": "", "impression": "Clear lungs."}'
        # all are called fine; of the 20 with an error 15 less surely than any that is fine
        sure = -1.0 if place % 2 and place < 30 else -0.1
        rows.append(
            answer({**asked, "inputs": inputs}, "fine", None, status="ok", value="fine", logprob_per_token=sure)
        )
    append(world.warehouse, ANSWERS, rows)
    evaluate(world.settings("tasks=correction", DRAWS, f"evaluate.page={tmp_path}/page.html"), world.console)
    metric = "sensitivity_at_5_false_alarms"
    row = figures(world)[FINE, "all", metric]
    # the other 5 are as sure as the 20 fine ones, of which one may raise an alarm
    assert (row["n"], row["mean"]) == (20, pytest.approx((15 + 5 / 20) / 20))
    assert row["ci_low"] < row["mean"] < row["ci_high"]
    known = world.warehouse.read(COMPARISONS, where={"metric": metric}).to_pylist()
    (floor,) = [each for each in known if each["system_b"] == "floor: checks of Tier A"]
    assert floor["difference"] == pytest.approx(row["mean"] - 0.05)
    assert floor["ci_low"] > 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    for shown in (" ".join(world.output.getvalue().split()), page):
        assert f"correction, by errors seen at 5 % false alarms: {FINE} is better than every floor." in shown
    assert "equal ones by lot" in page


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["tasks=sections"], "no answers for .*task=sections.*jobs.generate tasks=sections"),
        (["tasks=labels", "split.name=live"], "no answers for .*split=live"),
        (["tasks=labels", "evaluate.models=[other]"], "no answers of the model other"),
    ],
)
def test_nothing_to_score_is_refused(world: World, settings: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        evaluate(world.settings(*settings), world.console)


def test_a_night_without_right_answers_is_refused(tmp_path: Path) -> None:
    world = make_answers(tmp_path, reports=0)
    asked = example(0, "live", gold_source=None, gold_entries=None)
    append(world.warehouse, ANSWERS, [answer(asked, "fine", "none")])
    with pytest.raises(InputError, match="no right answer is known"):
        evaluate(world.settings("tasks=labels"), world.console)


def test_a_plan_names_tasks_and_floors(world: World) -> None:
    plan = describe(world.settings("tasks=labels"))
    assert any("answers, task=labels" in line for line in plan)
    assert not any("predictions" in line for line in plan)


@pytest.mark.parametrize("wrong", ["tasks=tags", "evaluate.review=3"])
def test_a_setting_that_tasks_do_not_have_is_refused(world: World, wrong: str) -> None:
    with pytest.raises(ConfigError, match=r"unknown task 'tags'|evaluate\.review is of impressions"):
        describe(world.settings("tasks=labels", wrong))


def test_the_page_says_first_which_floors_beat_a_model(world: World) -> None:
    page = (world.folder / "page.html").read_text(encoding="utf-8")
    assert page.index("which need no model, beat") < page.index("labels: mean and 95 % interval")
    table = page[page.index("labels: mean and 95 % interval") :]
    assert table.index("floor: constant") < table.index(NOW) < table.index(FINE)
    assert "How good are the answers?" in page
    assert "pleural effusion." not in page  # no report text
