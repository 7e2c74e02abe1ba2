"""A small warehouse with made-up predictions of three models on two sets, as `generate` would have written them."""

import datetime
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console

from radray.evaluation.rouge import Scorer
from radray.flags import CLASSES
from radray.language.normality import is_normal
from radray.reports.formats.mimic import read
from radray.reports.record.identity import normalise
from radray.reports.synthetic.studies import make_studies
from radray.schema.column import TableSchema
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.settings.loading import load_settings
from radray.settings.root import Settings
from radray.settings.section import CORPUS_DATE
from radray.tables.catalog import Warehouse
from radray.tables.commit import append_rows
from radray.tables.rows import to_arrow

MODELS = {"now": "aa" * 32, "fine": "bb" * 32, "raw": "cc" * 32}
"""Name and digest: what runs now, one that is better, one before fine-tuning."""
CHECKS_ID = "checks-0;defer logprob<-0.5"
"""Of an earlier version: floors are checked by the checks as they are, so these are the models' and radiologist's."""


@dataclass
class World:
    folder: Path
    output: io.StringIO = field(default_factory=io.StringIO)

    @property
    def console(self) -> Console:
        return Console(file=self.output, width=300)

    def settings(self, *overrides: str) -> Settings:
        return load_settings((), [f"warehouse.uri={self.folder}/warehouse", *overrides])

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.settings().warehouse)


def blank(schema: TableSchema, values: Mapping[str, Any]) -> dict[str, Any]:
    return {**dict.fromkeys(column.name for column in schema.columns), **values}


def append(warehouse: Warehouse, schema: TableSchema, rows: list[dict[str, Any]]) -> None:
    append_rows(warehouse, schema, to_arrow([blank(schema, row) for row in rows], schema))


def reports(dataset: str, count: int, seed: int) -> list[dict[str, Any]]:
    """Return rows of `reports`: a third train, two reports a patient, every seventh with findings that training has."""
    rng = Random(seed)
    rows: list[dict[str, Any]] = []
    for place, study in enumerate(make_studies(count, seed)):
        record = read(study.text.encode(), study.path)
        rows.append(
            {
                "unit_id": f"{dataset}{place:05d}",
                "batch_date": CORPUS_DATE,
                "dataset": dataset,
                "format": "mimic_zip",
                "status": "ok",
                "split": "train" if place % 3 == 0 else "test",
                "split_key": f"{'train' if place % 3 == 0 else 'test'} {place // 6}",
                "source_uri": "a.zip",
                "source_member": study.path,
                "source_offset": 0,
                "source_digest": "00",
                "study_id": study.study_id,
                "findings": record.findings,
                "background": record.background,
                "reference": record.reference,
                "reference_raw": f"1. {record.reference} XXXX",
                "modality": rng.choice(["CR", "CT", None]),
                "body_part": rng.choice(["chest", "abdomen"]),
                "comparison_state": rng.choice(["none", "present", "unknown"]),
                "run_key": "key",
                "run_id": "prepare-1",
            }
        )
    for place in range(1, count, 7):
        if rows[place]["split"] == "test":
            rows[place]["findings"] = rows[place - place % 3]["findings"]
    rows[1]["reference"] = "___."
    return rows


def written(model: str, report: Mapping[str, Any], rng: Random) -> str:
    """Return what the fictional model writes."""
    words = report["reference"].split()
    if model == "raw":
        return str(report["findings"])[:80]
    dropped = 0.1 if model == "fine" else 0.35
    return " ".join(word for word in words if rng.random() > dropped)


def prediction(model: str, report: Mapping[str, Any], rng: Random) -> dict[str, Any]:
    """Return the row of `predictions`; one in twelve failed."""
    failed = rng.random() < 1 / 12
    text = None if failed else written(model, report, rng)
    names = ("unit_id", "batch_date", "dataset", "split", "study_id", "split_key", "background", "findings")
    row: dict[str, Any] = {name: report[name] for name in (*names, "reference", "reference_raw")}
    row |= {
        "model_digest": MODELS[model],
        "model_name": model,
        "status": "failed" if failed else "ok",
        "reason": "empty_output" if failed else None,
        "text_digest": normalise(report["findings"])[:20],
        "prediction": text,
        "prompt_id": "p",
        "settings_digest": "s",
        "engine": "e",
        "run_key": "k",
        "run_id": "generate-1",
        "logprob_per_token": None if failed else -rng.random(),
        "margin": None if failed else rng.random(),
    }
    if row["reference"]:
        row |= Scorer(stemmer=True).score(row["reference"], text or "")
        row["scorer_id"] = Scorer(stemmer=True).scorer_id
        raw = Scorer(stemmer=True, references="raw").score(row["reference_raw"], text or "")
        row |= {name.replace("_f", "_raw_f"): value for name, value in raw.items() if name.endswith("_f")}
    return row | checked(report, row["reference"], rng)


def checked(report: Mapping[str, Any], reference: str | None, rng: Random) -> dict[str, Any]:
    """Return made-up flags: the reference's are the report's alone, so that every model's row has the same."""
    own = Random(report["unit_id"])
    normal = None if reference is None else is_normal(reference)
    row: dict[str, Any] = {
        **{name: report[name] for name in ("modality", "body_part", "comparison_state")},
        "reference_stratum": None if normal is None else "normal" if normal else "abnormal",
        "findings_stratum": own.choice(["normal", "abnormal"]),
        "reference_items": None if reference is None else own.randint(1, 5),
        "checks_id": CHECKS_ID,
    }
    for place, name in enumerate(CLASSES):
        applies = own.random() < 0.8
        row[f"reference_flag_{name}"] = own.random() < 0.05 if applies and reference else None
        row[f"flag_{name}"] = rng.random() < 0.05 + place / 100 if applies else None
    row |= {"reference_flag_mask": False if reference else None, "flag_mask": False}
    row |= {"followup": rng.random() < 0.3, "reference_followup": own.random() < 0.3 if reference else None}
    return row | {"urgent_first": rng.choice([True, False, None]), "reference_urgent_first": own.choice([True, None])}


def make_world(folder: Path, datasets: Mapping[str, int]) -> World:
    """Write `reports` and `predictions` of the datasets (name: studies); model raw lacks one report in ten."""
    world = World(folder)
    for seed, (dataset, count) in enumerate(datasets.items(), 5):
        rows = reports(dataset, count, seed)
        append(world.warehouse, REPORTS, rows)
        rng = Random(seed)
        written = [prediction(model, row, rng) for model in MODELS for row in rows if row["split"] == "test"]
        kept = [row for row in written if row["model_name"] != "raw" or not row["unit_id"].endswith("7")]
        append(world.warehouse, PREDICTIONS, kept)
    return world


NIGHT = datetime.date(2026, 11, 21)
