"""A made-up warehouse for the views: three nights of two hospitals, studies sent again, superseded and cancelled, and
three models, one of them in two versions; some reports without a reference, some predictions failed or missing."""

import datetime
import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd

from radray.flags import CLASSES
from radray.schema.answers import ANSWERS
from radray.schema.column import TableSchema
from radray.schema.evaluations import COMPARISONS, EVALUATIONS
from radray.schema.examples import EXAMPLES
from radray.schema.predictions import PREDICTIONS, ROUGE_COLUMNS
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS, TRAINING_METRICS
from radray.tables.catalog import Warehouse
from radray.tables.commit import append_rows
from radray.tables.rows import to_arrow
from tests.support.worlds.tables import open_warehouse

NIGHTS = [datetime.date(2026, 3, day) for day in (1, 2, 3)]
DATASETS = ("north", "south")
START = datetime.datetime(2026, 3, 1, 2, 0, 0, 123456)

EVIDENCE = "side impression:0-3 findings:0-6; critical_missed findings:7-15; polarity impression:0-1"
"""Of each impression, whatever its flags: in the findings, SECRET and the word after it."""

RECOMMENDED = (
    *("", "", "ct:91-182:nodule:right:upper_lobe:", "ct:365-365:nodule:right:upper_lobe:", "ct::nodule:::if"),
    *("follow_up:::::", "biopsy::mass:left+right::; ct:91-91:nodule:left::", "none::cyst:::; mri:30-30::::if"),
)
"""What impressions recommend, as the column has it."""

Row = dict[str, Any]


def blank(schema: TableSchema, values: Mapping[str, Any]) -> Row:
    return {**dict.fromkeys(column.name for column in schema.columns), **values}


def append(warehouse: Warehouse, schema: TableSchema, rows: Sequence[Row]) -> None:
    append_rows(warehouse, schema, to_arrow([blank(schema, row) for row in rows], schema))


def report(rng: Random, night: int, dataset: str, study: int, status: str, reason: str | None, place: int) -> Row:
    known = reason != "no_sections"
    return {
        # files are called alike each night, and so are units
        "unit_id": f"{dataset}-{study}-{place}",
        "batch_date": NIGHTS[night],
        "dataset": dataset,
        "format": "hl7",
        "status": status,
        "reason": reason,
        "split": "live" if status == "ok" else None,
        "source_uri": "a.hl7",
        "source_member": "",
        "source_offset": place,
        "source_digest": "00",
        "study_id": f"s{study}" if known else None,
        "subject_id": f"subject-{study % 7}" if known else None,
        "exam_time": START + datetime.timedelta(days=night) if rng.random() < 0.5 else None,
        "findings": f"SECRET findings {study}" if status == "ok" else None,
        "modality": rng.choice(["CR", "CT", None]),
        "run_key": "k",
        "run_id": f"prepare-2026030{night + 1}T000000-aa",
    }


def reports(rng: Random) -> list[Row]:
    rows = []
    for night in range(3):
        for dataset in DATASETS:
            for study in rng.sample(range(40), 24):
                drawn = rng.random()
                if drawn < 0.15:  # sent twice in a night, the second stands
                    rows.append(report(rng, night, dataset, study, "superseded", "duplicate_study", 0))
                    rows.append(report(rng, night, dataset, study, "ok", None, 1))
                elif drawn < 0.3:  # sent, then withdrawn
                    rows.append(report(rng, night, dataset, study, "superseded", "duplicate_study", 0))
                    rows.append(report(rng, night, dataset, study, "rejected", "cancelled", 1))
                elif drawn < 0.4:
                    rows.append(report(rng, night, dataset, study, "rejected", "no_findings", 0))
                elif drawn < 0.45:
                    rows.append(report(rng, night, dataset, study, "rejected", "no_sections", 0))
                else:
                    rows.append(report(rng, night, dataset, study, "ok", None, 0))
    return rows


def models_of(night: int) -> list[tuple[str, str, str]]:
    """Return (name, digest, run id) of the models of a night; on the second, `model` ran in two versions."""
    stamp = f"2026030{night + 1}T0"
    runs = [("model", "m1" if night < 2 else "m2", f"generate-{stamp}30000-aa")]
    if night == 1:
        runs.append(("model", "m2", f"generate-{stamp}40000-aa"))
    runs.append(("fine", "f1", f"generate-{stamp}50000-aa"))
    return [*runs, ("raw", "r1", f"generate-{stamp}60000-aa")] if night == 0 else runs


def predictions(rng: Random, reported: Sequence[Row]) -> list[Row]:
    rows = []
    for report in reported:
        if report["status"] != "ok":
            continue
        own = Random(report["unit_id"])
        stratum = own.choice(["normal", "abnormal", "abnormal", None])
        reference = f"SECRET reference of {report['study_id']}" if stratum else None
        references: Row = {f"reference_flag_{name}": own.choice([True, False, False, None]) for name in CLASSES}
        references["reference_recommendations"] = own.choice(RECOMMENDED) if reference else None
        for name, digest, run_id in models_of(NIGHTS.index(report["batch_date"])):
            if rng.random() < 0.1:
                continue  # the run of this model did not get to it
            failed = rng.random() < 0.1
            names = ("unit_id", "batch_date", "dataset", "study_id", "subject_id", "findings", "modality")
            row: Row = {key: report[key] for key in names}
            row |= {"model_name": name, "model_digest": digest, "run_id": run_id, "split": "live"}
            row |= {"status": "failed" if failed else "ok", "reason": "empty_output" if failed else None}
            row |= {"split_key": report["subject_id"], "text_digest": "d", "reference": reference}
            row |= {"prediction": None if failed else f"SECRET impression of {name}", "reference_stratum": stratum}
            row |= dict.fromkeys(("prompt_id", "settings_digest", "engine", "run_key"), "x")
            row |= {"checks_id": "c", "evidence": None if failed else EVIDENCE}
            if reference:
                row |= {key: 0.0 if failed else rng.randrange(0, 21) / 20 for key in ROUGE_COLUMNS}
                row["scorer_id"] = "stemmer"
            # of its own, so that the other columns stay as they are with another class of flags
            drawn = Random(f"{report['unit_id']} {name} {digest}")
            for flag in CLASSES:
                row[f"flag_{flag}"] = drawn.choice([True, *[False] * 8, None])
            row["recommendations"] = "" if failed else drawn.choice(RECOMMENDED)
            row["candidates"] = None if failed else json.dumps([{"source": "beam", "text": row["prediction"]}])
            rows.append(row | references)
    return rows


def figures(rng: Random) -> tuple[list[Row], list[Row]]:
    """Return rows of `evaluations` and of `comparisons`: the second run of the first night takes the place of one."""
    keys = [("evaluate-20260301T1", NIGHTS[0]), ("evaluate-20260301T2", NIGHTS[0]), ("evaluate-20260301T1", NIGHTS[1])]
    first, second = [], []
    for run_id, night in keys:
        key = {"run_id": run_id, "batch_date": night, "dataset": "north", "split": "live", "stratum": "all"}
        key |= {"scorer_id": "stemmer", "metric": "rouge1", "n": 5}
        quarts = dict.fromkeys(("mean", "min", "p25", "p50", "p75", "max"), rng.random())
        first += [{**key, **quarts, "system": system} for system in ("model", "fine")]
        paired = {
            "clusters": 4,
            "mean_a": 0.5,
            "mean_b": 0.25,
            "difference": 0.25,
            "ci_low": 0.125 if night is NIGHTS[0] else None,
            "ci_high": 0.5 if night is NIGHTS[0] else None,
            "test": "t",
            "resamples": 1,
            "seed": 1,
        }
        second.append({**key, **paired, "system_a": "fine", "system_b": "model"})
    return first, second


def training() -> list[Row]:
    return [
        {
            "run_id": run,
            "model_name": "fine",
            "step": step,
            "epoch": step / 10,
            "time": START,
            "name": name,
            "value": 1 / (step + 1),
        }
        for run in ("finetune-1", "finetune-2")
        for name, last in (("train_loss", 40), ("val_loss", 30))
        for step in range(10, last + 1, 10)
    ]


def runs() -> list[Row]:
    base = {"job": "generate", "run_key": "k", "config": "secret: 1", "code_version": "1", "started": START}
    done = {"status": "finished", "ended": START + datetime.timedelta(seconds=90.9), "rows_ok": 7}
    return [{**base, "run_id": "generate-1", **done}, {**base, "run_id": "generate-2", "status": "running"}]


def examples() -> list[Row]:
    """Return a question about a report of each night and hospital."""
    return [
        {"example_id": f"{dataset}-1", "unit_id": f"{dataset}-1", "item": "", "task": "labels", "batch_date": night}
        | {"dataset": dataset, "status": "ok", "split": "live", "split_key": "k", "study_id": "s1"}
        | {"subject_id": "subject-1", "inputs": "SECRET", "input_digest": "d", "run_key": "k", "run_id": "prepare-1"}
        for night in NIGHTS
        for dataset in DATASETS
    ]


def answers(written: Sequence[Row]) -> list[Row]:
    """Return the answers to two tasks beside each of `written`, predictions; those beside a failed one failed."""
    rng = Random(7)
    kept = ("unit_id", "batch_date", "dataset", "split", "model_name", "model_digest", "study_id", "run_id", "status")
    rows = []
    for row, task in itertools.product(written, ("labels", "devices")):
        entries = [
            {"name": name, "state": rng.choice(["present", "absent"]), "place": rng.choice([None, "left"])}
            for name in ("effusion", "nodule", "tube")
            if rng.random() < 0.4
        ]
        rows.append(
            {name: row[name] for name in kept}
            | {"example_id": row["unit_id"], "item": "", "task": task, "subject_id": f"subject-{row['study_id']}"}
            | {"split_key": "k", "inputs": "SECRET", "input_digest": "d", "answer": "SECRET", "prompt_id": "p"}
            | {"settings_digest": "s", "engine": "e", "run_key": "k"}
            | {"entries": entries if row["status"] == "ok" else None}
        )
    return rows


class World:
    """The rows as they were written, as pandas has them, and the warehouse that holds them."""

    def __init__(self, folder: Path) -> None:
        rng = Random(2037)
        self.warehouse = open_warehouse(folder)
        reported = reports(rng)
        written = predictions(rng, reported)
        evaluations, comparisons = figures(rng)
        tables = (
            (REPORTS, reported),
            (PREDICTIONS, written),
            (EXAMPLES, examples()),
            (ANSWERS, answers(written)),
            (EVALUATIONS, evaluations),
            (COMPARISONS, comparisons),
            (TRAINING_METRICS, training()),
            (RUNS, runs()),
        )
        self.rows: dict[str, list[Row]] = {}
        for schema, rows in tables:
            append(self.warehouse, schema, rows)
            self.rows[schema.name] = [blank(schema, row) for row in rows]

    def frame(self, table: str) -> pd.DataFrame:
        return pd.DataFrame(self.rows[table])
