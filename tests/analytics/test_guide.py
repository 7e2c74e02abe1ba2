"""The analyst's guide: each of its queries is Athena's SQL, and gives the known answer on a small warehouse."""

import datetime
import json
import re
from typing import Any

import pytest
import trino_sql_validator

from radray.analytics.query import stream
from radray.analytics.views import VIEWS, Choices
from radray.flags import CLASSES
from radray.schema.answers import ANSWERS
from radray.schema.audit import AUDIT
from radray.schema.evaluations import COMPARISONS, EVALUATIONS
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS, TRAINING_METRICS
from radray.tables.catalog import Warehouse
from tests.support.paths import ROOT
from tests.support.worlds.tables import open_warehouse
from tests.support.worlds.views import Row, append

GUIDE = (ROOT / "radray" / "analytics" / "sql" / "README.md").read_text(encoding="utf-8")
QUESTIONS = {
    re.split(r"[?:]", question.strip())[0]: sql
    for question, sql in re.findall(r"(?<=\n\n)([^\n`#][^#]*?)\n\n```sql\n(.*?)```", GUIDE, re.DOTALL)
}

DAY19, DAY20, DAY21 = (datetime.date(2026, 11, day) for day in (19, 20, 21))
A, B = "aa" * 32, "bb" * 32
"""Digests of the models."""

KNOWN: dict[str, list[tuple[Any, ...]]] = {
    "Which labels are given to many more, or many fewer, reports than in the nights before": [
        ("labels", "effusion", 40, 20, 0.5, 0.1, 0.4 / (0.3 * 0.7 * (1 / 40 + 1 / 40)) ** 0.5)
    ],
    "How did each task do, beside the floor that needs no model": [
        ("labels", "model aaaaaaaa", 40, 0.5, 0.25, 0.75, "floor: rules", 0.875)
    ],
    "Which nights are missing, or not whole": [
        (DAY20, "hospital", "missing", 0, 0, 0, None, None),
        (DAY21, "hospital", "partial", 4, 3, 1, "finished", None),
    ],
    "How many reports came last night, and what became of them": [
        ("ok", None, 4, 8, 0.5),
        ("rejected", "cancelled", 1, 8, 0.125),
        ("rejected", "no_findings", 2, 8, 0.25),
        ("superseded", "duplicate_study", 1, 8, 0.125),
    ],
    "Which were rejected, and why": [
        ("cancelled", "s7", "21-7"),
        ("no_findings", "s5", "21-5"),
        ("no_findings", "s6", "21-6"),
    ],
    "For which reports did the model fail to write an impression, and why": [("s4", "timeout")],
    "How fast was it": [
        ("prepare", None, "finished", 4, 4, 4, 2.0),
        ("generate", "model", "finished", 8, 3, 1, 0.5),
        ("generate", "model-b", "finished", 16, 4, 0, 0.25),
    ],
    "What share of the impressions is left to a person, night by night": [
        (DAY19, 2, 1, 0.5),
        (DAY20, 0, 0, None),
        (DAY21, 3, 0, 0.0),
    ],
    "Which impressions should somebody look at first": [
        (1, "s2", "critical_missed", "critical_missed;side", False),
        (2, "s3", "side", "side", True),
    ],
    "Which studies have urgent findings, whatever the model wrote": [
        (1, "s2", "critical", True, "pneumothorax", None, True)
    ],
    "Which follow-ups are due this month, or overdue, of patients who have not come since": [
        (
            "s2",
            "ct",
            "nodule",
            None,
            *(datetime.date(2020, month, 1) for month in (1, 4, 7)),
            True,
            "radiologist",
            "open",
        )
    ],
    "How often does an impression begin with what is most urgent": [
        ("model", 2, 0.0, 0.5, 1, 1, 1.0),
        ("model-b", 0, None, None, 0, 0, None),
    ],
    "Which impressions missed a pneumothorax": [("s2", "model", "pneumothorax", "No acute disease.")],
    "What did the radiologist and the models write of one study": [
        ("Large left pneumothorax.", "Left pneumothorax.", "No acute disease.", 0.0, "Left pneumothorax.", 1.0),
    ],
    "Which model wrote it, and how was it trained": [
        ("model", A, "ct2", "finetune-2", "corpus", 90, 1.25),
        ("model-b", B, "ct2", None, None, None, None),
    ],
    "Is model B better than model A on abnormal reports": [
        ("model-b bbbbbbbb", "floor: nearest neighbour", 2, 0.75, 0.25, 0.5, 0.125, 0.875),
        ("model-b bbbbbbbb", "model aaaaaaaa", 2, 0.75, 0.25, 0.5, -0.125, 1.0),
        ("model-b bbbbbbbb", "model-c cccccccc", 2, 0.25, 0.75, -0.5, -1.0, 0.125),
    ],
    "And without an evaluation, for every night by itself": [(DAY21, 2, 0.25, 0.75, 0.5, 0.5)],
    "How does ROUGE go from night to night": [
        (DAY19, 1, 1, 0.25, 0.625),
        (DAY21, 2, 2, 0.25, 0.375),
    ],
    "Who asked for the text of reports, or erased a patient": [
        (DAY21, "anna", None, "query", "predictions_text", 3, True, 0),
    ],
    "Which flags does the model have more often than the radiologists": [
        ("critical_missed", "A", 3, 1, 1 / 3, 0.0, 1 / 3),
        ("side", "A", 3, 2, 2 / 3, 1 / 3, 1 / 3),
        ("unsupported", "B", 3, 0, 0.0, 1 / 3, -1 / 3),
    ],
    "Which follow-ups were recommended, at what interval, for what finding, and which did the model leave out or add": [
        ("biopsy", "mass", "added", 1, None, None),
        ("ct", "nodule", "left_out", 1, None, 91),
        ("ct", "nodule", "other_interval", 1, 365, 91),
    ],
    "Which critical and urgent findings does the radiologist name that the model leaves out": [("pneumothorax", 1, 1)],
    "How often is the candidate that was written the model's own, or a training report's impression, word for word": [
        ("neighbour", 2, 0.5),
        ("beam", 1, 0.75),
    ],
}


def predicted(night: datetime.date, study: int, model: str, digest: str, score: float, **values: Any) -> Row:
    filler = dict.fromkeys(("split_key", "text_digest", "prompt_id", "settings_digest", "run_key"), "x")
    row: Row = {**filler, "unit_id": f"{night.day}-{study}", "batch_date": night, "dataset": "hospital"}
    row |= {"split": "live", "model_name": model, "model_digest": digest, "status": "ok", "study_id": f"s{study}"}
    row |= {"findings": "Clear.", "reference": "Normal chest.", "prediction": "Normal chest.", "engine": "ct2"}
    row |= {"rouge1_f": score, "scorer_id": "stem", "checks_id": "c", "run_id": f"generate-{night}-{model}"}
    row |= {"reference_stratum": "normal" if study % 3 == 1 else "abnormal", "defer": False}
    row |= {f"{of}flag_{name}": False for of in ("", "reference_") for name in CLASSES}
    return row | values


def predictions() -> list[Row]:
    missed = {"flag_critical_missed": True, "flag_side": True, "prediction": "No acute disease.", "body_part": "chest"}
    missed["evidence"] = "critical_missed findings:11-23; side impression:0-2"
    pneumothorax = {"findings": "Large left pneumothorax.", "reference": "Left pneumothorax."}
    named = (
        "findings:pneumothorax:present:left:severe:::critical:",
        "reference:pneumothorax:present:left::::critical:",
    )
    pneumothorax["mentions"] = "; ".join((*named, "prediction:abnormality:absent::::::"))
    omitted = {"recommendations": "", "reference_recommendations": "ct:91-182:nodule:::"}
    later = {**omitted, "recommendations": "ct:365-365:nodule:::"}
    sampled = {"recommendations": "biopsy::mass:::", "reference_recommendations": ""}
    ordered = {"urgent_first": True, "item_order": "2,1", "reference_urgent_first": True}
    copied, own = (
        [{"source": "neighbour", "unit_id": "9-9", "score": 0.9, "agreement": 0.5}],
        [{"source": "beam", "text": "Normal chest.", "score": -0.1, "agreement": 0.75}],
    )
    failed = {"status": "failed", "reason": "timeout", "prediction": None, "defer": None}
    failed |= {f"flag_{name}": None for name in CLASSES}
    return [
        predicted(DAY19, 1, "model", A, 1.0),
        predicted(DAY19, 2, "model", A, 0.25, defer=True),
        predicted(
            DAY21,
            1,
            "model",
            A,
            1.0,
            reference_flag_unsupported=True,
            **later | ordered,
            candidates=json.dumps(own + copied),
        ),
        predicted(DAY21, 2, "model", A, 0.0, **missed, **pneumothorax, **omitted, candidates=json.dumps(copied + own)),
        predicted(
            DAY21,
            3,
            "model",
            A,
            0.5,
            flag_side=True,
            reference_flag_side=True,
            urgent_first=False,
            **omitted | sampled,
            candidates=json.dumps(copied),
        ),
        predicted(DAY21, 4, "model", A, 0.0, **failed),
        predicted(DAY21, 1, "model-b", B, 1.0),
        predicted(DAY21, 2, "model-b", B, 1.0, **pneumothorax, prediction="Left pneumothorax."),
        predicted(DAY21, 3, "model-b", B, 0.5, flag_polarity=True),
        predicted(DAY21, 4, "model-b", B, 1.0),
    ]


def reports() -> list[Row]:
    statuses: list[tuple[datetime.date, int, str, str | None]] = []
    statuses += [(DAY19, n, "ok", None) for n in (1, 2)] + [(DAY21, n, "ok", None) for n in (1, 2, 3, 4)]
    statuses += [(DAY21, n, "rejected", reason) for n, reason in ((5, "no_findings"), (6, "no_findings"))]
    statuses += [(DAY21, 7, "rejected", "cancelled"), (DAY21, 8, "superseded", "duplicate_study")]
    base = {"format": "hl7", "source_uri": "a.hl7", "source_member": "", "source_digest": "0", "run_key": "k"}
    long_ago = {"exam_time": datetime.datetime(2020, 1, 1), "subject_id": "p2", "modality": "CR", "body_part": "chest"}
    return [
        {**base, "unit_id": f"{night.day}-{n}", "batch_date": night, "dataset": "hospital", "status": status}
        | {"reason": reason, "study_id": f"s{n if n < 8 else 1}", "source_offset": n, "run_id": "prepare-1"}
        | (long_ago if n == 2 else {})
        for night, n, status, reason in statuses
    ]


def runs() -> list[Row]:
    base = {"status": "finished", "run_key": "k", "config": "c", "code_version": "1"}
    start = datetime.datetime(2026, 11, 22, 1)
    values = [
        ("finetune-1", "finetune", datetime.date(1970, 1, 1), "corpus", "model", "cc" * 32, 60, 80, None, None),
        ("finetune-2", "finetune", datetime.date(1970, 1, 1), "corpus", "model", A, 90, 90, None, None),
        ("prepare-1", "prepare", DAY21, "hospital", None, None, 4, 8, 4, 4),
        ("generate-1", "generate", DAY21, "hospital", "model", A, 8, 4, 3, 1),
        ("generate-2", "generate", DAY21, "hospital", "model-b", B, 16, 4, 4, 0),
    ]
    names = ("run_id", "job", "batch_date", "dataset", "model_name", "model_digest")
    rows = []
    for place, row in enumerate(values):
        began = start + datetime.timedelta(hours=place)
        times = {"started": began, "ended": began + datetime.timedelta(seconds=row[6])}
        counts = {"input_units": row[7], "rows_ok": row[8], "rows_not_ok": row[9], "units_per_second": row[7] / row[6]}
        rows.append({**base, **dict(zip(names, row[:6], strict=True)), **times, **counts})
    return rows


def differences() -> list[Row]:
    key = {"run_id": "evaluate-1", "batch_date": DAY21, "dataset": "hospital", "split": "live", "n": 2, "clusters": 2}
    key |= {"test": "t", "resamples": 1, "seed": 1, "metric": "rouge1", "mean_a": 0.75, "mean_b": 0.25}
    key |= {"difference": 0.5, "ci_low": -0.125, "ci_high": 1.0, "system_b": "model aaaaaaaa"}
    key |= {"system_a": "model-b bbbbbbbb", "stratum": "abnormal", "scorer_id": "rouge-score;stem;clean"}
    floor = {"system_b": "floor: nearest neighbour", "ci_low": 0.125, "ci_high": 0.875}
    return [
        key,
        {**key, **floor},
        {**key, "scorer_id": "rouge-score;nostem;clean"},
        {**key, "stratum": "all"},
        {**key, "metric": "rouge2"},
        {**key, "run_id": "evaluate-0", "difference": 0.25},
        {**key, "system_a": "model aaaaaaaa", "system_b": "floor: nearest neighbour"},
        {**key, "system_a": "model-c cccccccc", "system_b": "model-b bbbbbbbb"},
    ]


def figures() -> list[Row]:
    key = {"run_id": "evaluate-2", "batch_date": DAY21, "dataset": "hospital", "split": "live", "stratum": "all"}
    key |= {"scorer_id": "labels-1", "metric": "macro_f1", "n": 40, "ci_low": 0.25, "ci_high": 0.75}
    key |= dict.fromkeys(("min", "p25", "p50", "p75", "max"), 0.5)
    # an evaluation of impressions that is newer hides none of another task
    newer = {**key, "run_id": "evaluate-3", "metric": "rouge1", "scorer_id": "rouge-score;stem;clean"}
    return [
        {**key, "system": "model aaaaaaaa", "kind": "model", "mean": 0.5},
        {**key, "system": "floor: constant", "kind": "floor", "mean": 0.25},
        {**key, "system": "floor: rules", "kind": "floor", "mean": 0.875},
        {**newer, "system": "model aaaaaaaa", "kind": "model", "mean": 0.5},
    ]


def answers() -> list[Row]:
    key = dict.fromkeys(("split_key", "input_digest", "prompt_id", "settings_digest", "engine", "run_key"), "x")
    key |= {"dataset": "hospital", "split": "live", "model_name": "model", "model_digest": A, "task": "labels"}
    key |= {"item": "", "status": "ok", "run_id": "generate-1"}
    return [
        {**key, "batch_date": day, "example_id": f"{day}-{place}", "unit_id": f"{day}-{place}", "study_id": f"s{place}"}
        | {"entries": [{"name": "effusion", "state": "present" if place < count else "absent", "place": None}]}
        for day, count in ((DAY20, 4), (DAY21, 20))
        for place in range(40)
    ]


def entries() -> list[Row]:
    base: Row = {"principal": "anna", "os_user": "ray", "code_version": "1", "audit_id": "audit-1", "action": "query"}
    base |= {"tables": "predictions_text", "to_file": True}
    times = [datetime.datetime(2026, 11, 21, 8, 0, second) for second in (0, 5)]
    return [
        {**base, "phase": "began", "time": times[0]},
        {**base, "phase": "ended", "time": times[1], "row_count": 3, "exit_code": 0},
        {**base, "phase": "ended", "time": times[1], "audit_id": "audit-2", "action": "generate", "exit_code": 0},
    ]


def losses() -> list[Row]:
    time = datetime.datetime(2026, 11, 20)
    values = [("finetune-1", "val_loss", 0.5), ("finetune-2", "val_loss", 1.5), ("finetune-2", "val_loss", 1.25)]
    values += [("finetune-2", "val_loss", 1.75), ("finetune-2", "train_loss", 0.25)]
    return [
        {"run_id": run, "model_name": "model", "step": step, "epoch": 1.0, "time": time, "name": name, "value": value}
        for step, (run, name, value) in enumerate(values)
    ]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    warehouse = open_warehouse(tmp_path_factory.mktemp("guide") / "warehouse")
    for schema, rows in (
        *((REPORTS, reports()), (PREDICTIONS, predictions()), (RUNS, runs())),
        *((EVALUATIONS, figures()), (ANSWERS, answers())),
        *((COMPARISONS, differences()), (TRAINING_METRICS, losses()), (AUDIT, entries())),
    ):
        append(warehouse, schema, rows)
    return warehouse


def test_every_query_of_the_guide_has_a_known_answer() -> None:
    assert GUIDE.count("```sql") == len(QUESTIONS) == 24
    assert QUESTIONS.keys() - KNOWN.keys() == {"What does a column hold"}
    assert KNOWN.keys() <= QUESTIONS.keys()


@pytest.mark.parametrize("question", KNOWN)
def test_the_guide_gives_the_known_answer(question: str, warehouse: Warehouse) -> None:
    sql = QUESTIONS[question]
    judged = trino_sql_validator.validate(sql)
    assert judged.valid, judged.error
    got = stream(warehouse, sql, choices=Choices("model", "model-b")).table().to_pylist()
    assert [tuple(row.values()) for row in got] == [pytest.approx(row, nan_ok=False) for row in KNOWN[question]]


def test_the_guide_says_what_a_column_holds(warehouse: Warehouse) -> None:
    got = stream(warehouse, QUESTIONS["What does a column hold"]).table().to_pylist()
    assert got[0] == {
        "column_name": "place",
        "type": None,
        "sentence": "1 is the first to look at of its night and dataset",
    }
    assert got[-1]["column_name"] == "newer_report"


def test_the_guide_names_every_view() -> None:
    rows = [line for line in GUIDE.partition("## The views")[2].splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])} == set(VIEWS)
