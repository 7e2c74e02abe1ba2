"""Several tasks in one fine-tuning: which examples, how often, what is left out, and what the manifest says of it."""

import datetime
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from radray.errors import ConfigError, InputError
from radray.reports.splits import SplitCut
from radray.schema.examples import EXAMPLES
from radray.schema.reports import REPORTS
from radray.settings.loading import load_settings
from radray.settings.root import Settings
from radray.settings.section import CORPUS_DATE
from radray.storage.files import Storage
from radray.tables.catalog import Warehouse
from radray.tables.identity import READ_BY_TASKS, digest_columns, examples_key
from radray.tables.patients.priors import digest_with_priors, prior_rows
from radray.tasks.change.task import TASK as CHANGE
from radray.tasks.registry import choose, choose_tasks
from radray.tasks.sections.task import TASK
from radray.training.base_model import lessons_of_base
from radray.training.dataset import TrainingData, read_examples
from radray.training.lessons import choose_lessons
from radray.training.recording import describe_data
from tests.jobs.test_finetune_examples import _rows
from tests.support.worlds.evaluate import append

MIXED = "train.tasks={impression: 2, sections: 1.5}"
QUESTION = '{"instruction": "Which side?", "input": "Left effusion.", "output": "left"}\n'


def _settings(folder: Path, *words: str) -> Settings:
    first = [f"warehouse.uri={folder}/warehouse", f"model.out={folder}/model", "source.dataset=chest"]
    return load_settings((), [*first, "model.init=tiny-causal", "split.validation_fraction=0.3", *words])


def _examples(reports: list[dict[str, Any]], version: str = TASK.version) -> list[dict[str, Any]]:
    """Return an example of each report, but every fifth of which nobody knows the answer, and of each other two."""
    rows = []
    units = pa.Table.from_pylist([{name: report.get(name) for name in READ_BY_TASKS} for report in reports])
    partition = {"batch_date": CORPUS_DATE, "dataset": "chest", "task": "sections"}
    key = examples_key(partition, version, digest_columns(units, READ_BY_TASKS))
    for n, report in enumerate(reports):
        known = n % 5 != 0
        for item in ("a", "b") if known else ("",):
            row = {
                name: report[name] for name in ("unit_id", "batch_date", "dataset", "split", "split_key", "study_id")
            }
            row |= {"example_id": "/".join(filter(None, (report["unit_id"], item))), "item": item, "task": "sections"}
            row |= {"status": "ok" if known else "not_asked", "reason": None if known else "no_gold"}
            if known:
                row |= {"inputs": json.dumps({"text": f"[1] Line {n}{item}."}), "target": "1 findings"}
                row |= {"gold_source": "headings" if n % 2 else "rules"}
            rows.append(row | {"input_digest": "0", "run_key": key, "run_id": "prepare-1"})
    return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with 80 reports and their examples."""
    folder = tmp_path_factory.mktemp("corpus")
    reports, warehouse = _rows(80), Warehouse(_settings(folder).warehouse)
    append(warehouse, REPORTS, reports)
    append(warehouse, EXAMPLES, _examples(reports))
    return folder


def _read(folder: Path, *words: str) -> TrainingData:
    settings = _settings(folder, *words)
    return read_examples(
        Warehouse(settings.warehouse), settings, lambda: lessons_of_base(settings, Storage.of(settings.warehouse.s3))
    )


def test_each_task_is_drawn_as_often_as_its_weight_says(folder: Path) -> None:
    data = _read(folder, MIXED)
    cut = SplitCut(0.3, 13)
    train = {n for n in range(80) if cut.split_of("train", f"p{n}") == "train"}
    drawn: dict[str, Counter[str]] = {"impression": Counter(), "sections": Counter()}
    for row in data.train.to_pylist():
        drawn[row["task"]][row["unit_id"]] += 1
    assert drawn["impression"] == {f"u{n:03}": 2 for n in train if n % 4 != 3}
    asked = {f"u{n:03}/{item}" for n in train if n % 5 for item in "ab"}
    assert drawn["sections"].keys() == asked
    assert Counter(drawn["sections"].values()) == {1: len(asked) // 2, 2: len(asked) // 2}
    # an example is never on both sides, and neither is a report in two tasks
    assert {int(unit[1:4]) for unit in data.train["unit_id"].to_pylist()} <= train
    assert not {int(unit[1:4]) for unit in data.validation["unit_id"].to_pylist()} & train
    assert data.train["input"].to_pylist()[-1].endswith("\nSections:")
    keys = data.train.select(["task", "unit_id", "copy"]).to_pylist()
    assert keys == sorted(keys, key=lambda row: tuple(row.values()))
    assert data.patients == tuple(f"p{int(row['unit_id'][1:4])}" for row in keys)
    # the same again, and drawn otherwise by another seed
    assert _read(folder, MIXED).train == data.train
    assert _read(folder, MIXED, "train.seed=4").train != data.train


def test_the_mix_is_counted_and_told(folder: Path) -> None:
    data = _read(folder, "train.tasks={sections: 0.5}")
    (counts,) = data.tasks.values()
    assert counts["epoch"] == data.train.num_rows == data.train_reports == counts["train"] // 2
    assert counts["gold"].keys() == {"headings", "rules"}
    assert sum(counts["gold"].values()) == counts["train"]
    assert counts["left out"] == {"no_gold": 16}
    assert data.validation["reference"].null_count == data.validation.num_rows == counts["validation"]
    assert list(describe_data(data))[1] == (
        f"task sections: {counts['train']} training examples (answers: headings {counts['gold']['headings']}, rules"
        f" {counts['gold']['rules']}), of which an epoch learns {counts['epoch']} (train.tasks: 0.5);"
        f" {counts['validation']} validation examples; left out: no_gold 16"
    )


def test_few_reports_are_drawn_for_each_task_with_all_their_examples(folder: Path) -> None:
    few = _read(folder, "train.tasks={sections: 1}", "train.examples=4")
    units = Counter(unit[:4] for unit in few.train["unit_id"].to_pylist())
    assert list(units.values()) == [2, 2, 2, 2]


@pytest.mark.parametrize(
    ("columns", "version"),
    [
        ({"split": "test"}, TASK.version),
        ({"split_key": "p1"}, TASK.version),
        ({"run_key": "k2"}, TASK.version),
        ({}, "0"),
    ],
)
def test_examples_of_other_reports_or_code_are_refused(columns: dict[str, str], version: str, tmp_path: Path) -> None:
    warehouse, reports = Warehouse(_settings(tmp_path).warehouse), _rows(30)
    append(warehouse, REPORTS, reports)
    with pytest.raises(InputError, match=r"no examples of task sections .*run jobs\.prepare tasks=sections first$"):
        _read(tmp_path, "train.tasks={sections: 1}")
    append(warehouse, EXAMPLES, _examples([{**reports[0], **columns}, *reports[1:]], version))
    with pytest.raises(InputError, match=r"the examples of task sections in chest were made of other reports"):
        _read(tmp_path, "train.tasks={sections: 1}")


def test_examples_that_read_priors_are_refused_when_stale(tmp_path: Path) -> None:
    warehouse, when = Warehouse(_settings(tmp_path).warehouse), datetime.datetime(2026, 1, 2)
    reports = _rows(30)
    for n, report in enumerate(reports):
        report |= {"subject_id": f"p{n // 2}", "exam_time": when + n * datetime.timedelta(days=1)}
    append(warehouse, REPORTS, reports)
    units = pa.Table.from_pylist([{name: report.get(name) for name in READ_BY_TASKS} for report in reports])
    rows = prior_rows(warehouse.load(REPORTS), "chest", CORPUS_DATE, units)
    assert rows.num_rows == 15
    partition = {"batch_date": CORPUS_DATE, "dataset": "chest", "task": "change"}
    read = digest_with_priors(digest_columns(units, READ_BY_TASKS), rows)
    key = examples_key(partition, CHANGE.version, read)
    inputs = {"findings": "Less edema.", "impression": "", "prior": "Edema."}
    asked = {"task": "change", "inputs": json.dumps(inputs), "target": "edema: better", "run_key": key}
    append(warehouse, EXAMPLES, [row | asked for row in _examples(reports)])
    assert _read(tmp_path, "train.tasks={change: 1}").train.num_rows > 0
    # a night before, prepared late, of a patient of the corpus
    early = {**reports[0], "unit_id": "early", "study_id": "early", "exam_time": when - datetime.timedelta(days=1)}
    append(warehouse, REPORTS, [early | {"batch_date": CORPUS_DATE - datetime.timedelta(days=1)}])
    with pytest.raises(InputError, match=r"examples of task change in chest .*run jobs\.prepare tasks=change first"):
        _read(tmp_path, "train.tasks={change: 1}")


def test_instructions_are_learnt_without_a_report(tmp_path: Path) -> None:
    file = tmp_path / "asked.jsonl"
    lines = [json.dumps({"instruction": f"Say {n % 20}!", "output": f"{n % 40}\u2028x"}) for n in range(60)]
    file.write_text("\ufeff" + "\n".join([*lines, "", QUESTION]), encoding="utf-8")
    data = _read(tmp_path, "train.tasks={instruction: 1}", f"train.instructions={file}")
    sides = [{(row["input"], row["target"]) for row in table.to_pylist()} for table in (data.train, data.validation)]
    # 40 of the 60 differ: two answers to each of 20 questions, which stay on one side
    assert len(sides[0] | sides[1]) == data.train.num_rows + data.validation.num_rows == 41
    assert ("Which side?\nLeft effusion.\nAnswer:", "left") in sides[0] | sides[1]
    questions = [{question for question, _ in side} for side in sides]
    assert len(questions[0]) + len(questions[1]) == 21
    assert not questions[0] & questions[1]
    assert ("Say 3!\nAnswer:", "3\u2028x") in sides[0] | sides[1]
    assert data.tasks["instruction"]["gold"] == {"file": data.train.num_rows}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (QUESTION + '{"instruction": "zqx"}', r"line 2 of .* is no JSON object with the texts instruction"),
        (QUESTION + QUESTION + "[zqx", "line 3 of"),
        ('{"instruction": "zqx", "output": 1}', "line 1 of"),
        ('{"instruction": " ", "output": "zqx"}', "line 1 of"),
        ("[" * 100_000, "line 1 of"),
        ("\n \n", "has no instructions"),
        (None, "is not a file in UTF-8"),
    ],
)
def test_a_bad_file_of_instructions_is_one_clear_error(text: str | None, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "asked.jsonl"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigError, match=f"^train.instructions: .*{problem}") as refused:
        _read(tmp_path, "train.tasks={instruction: 1}", f"train.instructions={file}")
    assert "zqx" not in str(refused.value)


def test_a_model_is_taught_a_task_as_it_was_trained_for_it() -> None:
    settings = load_settings((), ["train.tasks={impression: 1, sections: 1}"])
    new = choose_lessons(settings, "toy", "causal", {})
    assert new.provenance == {
        "task": "impression",
        "prompt_id": "sections-v1",
        "tasks": {"sections": "sections-report-v1"},
    }
    # what it learnt first stays as it was, whatever is usual for its family
    first = {"tasks": {"sections": "sections-instruction-v1"}}
    assert choose_lessons(settings, "toy", "causal", first).tasks == first["tasks"]
    assert choose_lessons(settings, "toy", "causal", first | {"prompt_id": "findings-v1"}).provenance == {
        "task": "impression",
        "prompt_id": "findings-v1",
        **first,
    }
    alone = choose_lessons(load_settings((), ["train.tasks={sections: 1}"]), "toy", "t5", {})
    assert alone.provenance == first


def test_a_model_without_impressions_is_not_asked_for_one() -> None:
    trained = {"tasks": {"sections": "sections-report-v1"}}
    with pytest.raises(ConfigError, match=r"model toy was trained for sections and for no impressions: set tasks"):
        choose(load_settings().model, "toy", "causal", trained)
    with pytest.raises(ConfigError, match="model toy was trained for other: name another model"):
        choose_tasks(["sections"], "toy", "causal", {"tasks": {"other": "other-v1"}})
    (asked,) = choose_tasks(["sections"], "toy", "causal", trained)
    assert asked.prompt.id == "sections-report-v1"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["train.tasks={lables: 1}"], "train.tasks: unknown task 'lables'; known: .*impression"),
        (["train.tasks={sections: 1}", "model.prompt=sections-v1"], "model.prompt is of impressions"),
        (
            ["train.tasks={impression: 1, sections: 1}", "model.prompt=chat-sections-v1"],
            "model.prompt=chat-sections-v1 is a turn of a chat, and the prompt of sections is otherwise",
        ),
    ],
)
def test_tasks_that_cannot_be_learnt_so_are_refused(words: list[str], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        choose_lessons(load_settings((), words), "toy", "causal", {})


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["train.tasks={instruction: 1}"], "go together"),
        (["train.instructions=a.jsonl"], "go together"),
        (["train.tasks={sections: 1}", "train.augment=2"], "train.augment is of impressions"),
        (
            ["train.tasks={sections: 1}", "train.best_by=val_rouge1_abnormal"],
            "train.best_by is of impressions",
        ),
    ],
)
def test_settings_of_what_is_not_learnt_are_refused(words: list[str], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        load_settings((), words)


def test_a_task_of_a_config_file_can_be_taken_out(tmp_path: Path) -> None:
    (tmp_path / "mixed.yaml").write_text("train:\n  tasks: {impression: 1, labels: 0.5}\n")
    settings = load_settings([str(tmp_path / "mixed.yaml")], ["train.tasks.impression=null"])
    assert settings.train.weights == {"labels": 0.5}
