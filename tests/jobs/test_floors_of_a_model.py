"""A model of one hospital tried on another's test split alone: whose reports the floors are of."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from jobs.evaluate import evaluate
from radray.evaluation.rouge import Scorer
from radray.evaluation.systems import CONSTANT, FIRST, NEAREST
from radray.reports.splits import is_validation
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.statuses import RunStatus
from radray.settings.loading import dump_settings
from radray.settings.section import CORPUS_DATE
from radray.tables.runs import RunRow
from tests.support.worlds.evaluate import World, append

MAIN = Scorer(stemmer=True).scorer_id
TRAINED, PLAIN = "dd" * 32, "ee" * 32
KEYS = [f"k{number}" for number in range(200)]
LEARNT = [key for key in KEYS if not is_validation(key, fraction=0.2, seed=7)]
HELD_OUT = [key for key in KEYS if is_validation(key, fraction=0.2, seed=7)]
EVALUATED = {
    "u1": ("Clear lungs today.", "No acute disease."),
    "u2": ("Heart is large.", "Mild cardiomegaly."),
    "u3": ("Left effusion.", "Effusion."),
}


def report(unit: str, key: str, findings: str, reference: str | None, **values: Any) -> dict[str, Any]:
    row = {"unit_id": unit, "batch_date": CORPUS_DATE, "dataset": "east", "format": "mimic_zip", "status": "ok"}
    row |= {"split": "train", "split_key": key, "source_uri": "a.zip", "source_member": unit, "source_offset": 0}
    row |= {"source_digest": "00", "findings": findings, "reference": reference, "run_key": "k", "run_id": "prepare-1"}
    return row | values


def predictions(model: str, digest: str) -> list[dict[str, Any]]:
    rows = []
    for unit, (findings, reference) in EVALUATED.items():
        row = {"unit_id": unit, "batch_date": CORPUS_DATE, "dataset": "west", "split": "test", "split_key": unit}
        row |= {"model_name": model, "model_digest": digest, "status": "ok", "text_digest": unit, "prompt_id": "p"}
        row |= {"settings_digest": "s", "engine": "e", "run_key": "k", "run_id": "generate-1", "study_id": unit}
        rows.append(row | {"findings": findings, "reference": reference, "reference_raw": reference, "prediction": "x"})
    return rows


def trained(world: World, status: RunStatus = RunStatus.FINISHED, dataset: str | None = "east") -> None:
    """Add the row of a fine-tuning of the model `fine` on the reports of `dataset` (None: all)."""
    config = dump_settings(world.settings("split.validation_fraction=0.2", "split.seed=7"))
    about = {"batch_date": CORPUS_DATE, "dataset": dataset, "model_name": "fine", "model_digest": TRAINED}
    RunRow("finetune-1", "finetune", "k", config, about).write(world.warehouse, status)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The model `fine` learnt from east's reports and writes west's, of which there is a test split alone."""
    built = World(tmp_path)
    learnt = [
        report("t1", LEARNT[0], "Clear lungs.", "No acute disease."),
        report("t2", LEARNT[1], "Heart is large.", "Cardiomegaly."),
        report("t3", LEARNT[2], "Lungs are clear.", "No acute disease."),
    ]
    others = [
        report("t4", HELD_OUT[0], "Left effusion.", "Effusion."),
        report("t5", LEARNT[3], "Left effusion.", "Effusion.", batch_date=datetime.date(2026, 11, 21)),
        report("t6", LEARNT[4], "Left effusion.", "Effusion.", split="test"),
        report("t7", LEARNT[5], "Left effusion.", None),
    ]
    append(built.warehouse, REPORTS, [*learnt, *others])
    append(built.warehouse, PREDICTIONS, [*predictions("fine", TRAINED), *predictions("plain", PLAIN)])
    return built


def rouge1(world: World, *overrides: str) -> dict[tuple[str, str], float]:
    figures, _ = evaluate(world.settings("evaluate.resamples=200", *overrides), world.console)
    wanted = [row for row in figures if (row["scorer_id"], row["metric"]) == (MAIN, "rouge1")]
    return {(row["system"], row["stratum"]): row["mean"] for row in wanted}


def test_floors_are_of_the_reports_that_the_model_learnt_from(world: World) -> None:
    trained(world)
    means = rouge1(world, "evaluate.models=fine")
    # u1: t1 word for word; u2: 1 word of 1 and 2; u3: nothing in common with any, so the first, which shares no word
    assert means[NEAREST, "all"] == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert means[CONSTANT, "all"] == pytest.approx(1 / 3)
    assert means[NEAREST, "seen"] == pytest.approx(2 / 3)  # u2
    assert means[NEAREST, "unseen"] == pytest.approx(1 / 2)
    printed = " ".join(world.output.getvalue().split())
    assert (
        f"no training reports of west: {CONSTANT}, {NEAREST} and seen findings are by the 3 reports that fine dddddddd"
        " (east, 1970-01-01) learnt from, as `reports` has them now" in printed
    )


def test_a_base_model_that_was_not_trained_here_is_passed_over(world: World) -> None:
    trained(world)
    assert rouge1(world, "evaluate.models=[plain, fine]")[NEAREST, "all"] == pytest.approx(5 / 9)
    assert "learnt from, as" in world.output.getvalue()


@pytest.mark.parametrize("status", [None, RunStatus.FAILED, RunStatus.RUNNING])
def test_without_a_finished_training_what_lacks_is_printed(world: World, status: RunStatus | None) -> None:
    if status is not None:
        trained(world, status)
    means = rouge1(world)
    assert (FIRST, "all") in means
    assert not {(CONSTANT, "all"), (NEAREST, "all")} & means.keys()
    printed = " ".join(world.output.getvalue().split())
    assert "none in this warehouse that one of the models was fine-tuned on" in printed
    assert "prepare a train part of west, or name in evaluate.models a model" in printed


def test_a_training_on_all_datasets_counts_them_all(world: World) -> None:
    append(world.warehouse, REPORTS, [report("n1", LEARNT[6], "Left effusion.", "Effusion.", dataset="north")])
    trained(world, dataset=None)
    assert rouge1(world)[NEAREST, "all"] == pytest.approx((1 + 2 / 3 + 1) / 3)
    assert "(all datasets, 1970-01-01)" in world.output.getvalue()


def test_the_datasets_own_training_reports_come_first(world: World) -> None:
    trained(world)
    append(world.warehouse, REPORTS, [report("w1", "w", "Left effusion.", "Effusion.", dataset="west")])
    assert rouge1(world)[NEAREST, "all"] == pytest.approx(1 / 3)
    assert "learnt from" not in world.output.getvalue()
