"""Cost of scores and checks, us a report on one core: ``python -m tests.benchmarks.scoring [--reports 1384]``.

Reports are the Open-i pairs where ``$RADRAY_DATA/openi`` (or the folder ``shared/data`` beside the checkout) has them,
else made-up ones. A prediction is the reference of the next report: as long, and often wrong. The parts are timed one
after the other on blocks of 200 reports, in the stage's order, the caches empty at a round's start; `stage` is all of
it, as `generate` runs it. The figure is the median round in process time. JSON is the last line.
"""

import argparse
import datetime
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from radray.checks.check import check
from radray.evaluation.rouge import Scorer
from radray.language.findings_stratum import findings_stratum
from radray.language.normality import is_normal
from radray.pipelines import score_predictions
from radray.pipelines.report_rows import REPORT_COLUMNS
from radray.reports.formats import mimic
from radray.reports.formats import openi_csv as openi
from radray.reports.record.record import Record
from radray.reports.synthetic.studies import make_studies
from radray.schema.column import HYPOTHESES
from radray.schema.predictions import PREDICTIONS
from radray.settings.generate import ScoreSettings
from radray.tables.rows import to_arrow
from tests.support.paths import data_folder

BLOCK_ROWS = 200
TYPES = {"hypotheses": HYPOTHESES, "agreement": pa.float64()} | dict.fromkeys(
    ("subject_id", "background", "candidates"), pa.string()
)
CONSTANTS = {
    **{
        "batch_date": datetime.date(1970, 1, 1),
        "task": "impression",
        "dataset": "d",
        "split": "test",
        "model_digest": "0" * 64,
        "model_name": "m",
    },
    **{"prompt_id": "p", "settings_digest": "s", "engine": "e", "run_key": "k", "run_id": "r"},
}


def records(count: int) -> tuple[str, list[Record]]:
    """Return the name of the source, and those of its reports that have findings and a reference, at most `count`."""
    data = data_folder()
    files = sorted(data.glob("openi/*.csv"))
    all_records: list[Record] = []
    for file in files:
        with file.open("rb") as opened:
            all_records += openi.read(opened)
    if not files:
        all_records = [
            mimic.read(study.text.encode(), f"p10/p10000032/s{50_000_000 + place}.txt")
            for place, study in enumerate(make_studies(count, seed=7))
        ]
    usable = [record for record in all_records if record.findings and record.reference and record.study_id]
    return ("Open-i" if files else "made up"), usable[:count]


def rows(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Return the rows that come to the stage."""
    following = [*records[1:], records[0]]
    return [
        {
            **{name: getattr(record, name, None) for name in REPORT_COLUMNS},
            **{"unit_id": f"u{place}", "status": "ok", "split": "test", "split_key": f"k{place}", "text_digest": "t"},
            **{"prediction": other.reference, "hypotheses": [{"text": other.reference, "score": -0.5}]},
            **{"output_cut": False, "logprob_per_token": -0.3, "margin": 0.1, "candidates": None, "agreement": None},
        }
        for place, (record, other) in enumerate(zip(records, following, strict=True))
    ]


def forget() -> None:
    """Empty all caches of radray's functions."""
    for name, module in list(sys.modules.items()):
        if name.startswith("radray."):
            for cached in vars(module).values():
                if hasattr(cached, "cache_clear") and not isinstance(cached, type):
                    cached.cache_clear()
    gc.collect()


def parts() -> dict[str, Callable[[list[dict[str, Any]], pa.Table], object]]:
    """Return the timed parts, in the stage's order: a function of the rows of a block, and of the block itself."""
    stem = Scorer(stemmer=True)

    def raw(rows: list[dict[str, Any]], block: pa.Table) -> object:
        differ = [row for row in rows if row["reference_raw"] != row["reference"]]
        return [stem.score(row["reference_raw"], row["prediction"]) for row in differ]

    def checks(name: str) -> Callable[[list[dict[str, Any]], pa.Table], object]:
        def run(rows: list[dict[str, Any]], block: pa.Table) -> object:
            return [
                check(row[name], *(row[part] for part in ("findings", "background")), identifiers=(row["study_id"],))
                for row in rows
            ]

        return run

    blank = dict.fromkeys(column.name for column in PREDICTIONS.columns)
    return {
        "rouge, clean": lambda rows, block: [stem.score(row["reference"], row["prediction"]) for row in rows],
        "rouge, raw": raw,
        "checks, prediction": checks("prediction"),
        "checks, reference": checks("reference"),
        "strata": lambda rows, block: [
            (is_normal(row["reference"]), findings_stratum(row["findings"])) for row in rows
        ],
        "arrow": lambda rows, block: to_arrow([blank | row | CONSTANTS for row in block.to_pylist()], PREDICTIONS),
    }


def main() -> int:
    """Measure, print a table and a JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--reports", type=int, default=1_384)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    what, usable = records(arguments.reports)
    reports = rows(usable)
    blocks = [reports[start : start + BLOCK_ROWS] for start in range(0, len(reports), BLOCK_ROWS)]
    tables = [
        pa.table({name: pa.array([row[name] for row in block], TYPES.get(name)) for name in block[0]})
        for block in blocks
    ]
    timed = parts()
    stage = score_predictions.ScorePredictions(ScoreSettings(), CONSTANTS)
    spent: dict[str, list[float]] = {name: [] for name in (*timed, "sum", "stage")}
    for _ in range(arguments.rounds):
        forget()
        of_round = dict.fromkeys(timed, 0.0)
        for block, table in zip(blocks, tables, strict=True):
            for name, run in timed.items():
                began = time.process_time()
                run(block, table)
                of_round[name] += time.process_time() - began
        forget()
        began = time.process_time()
        for table in tables:
            stage(table)
        of_round["stage"] = time.process_time() - began
        of_round["sum"] = sum(of_round[name] for name in timed)
        for name, seconds in of_round.items():
            spent[name].append(1e6 * seconds / len(reports))
    costs = {name: statistics.median(rounds) for name, rounds in spent.items()}
    sys.stdout.write(f"{len(reports):,} reports ({what}), median of {arguments.rounds} rounds\n")
    for name, cost in costs.items():
        sys.stdout.write(f"{name:20}{cost:10,.0f} us a report\n")
    summary = {"reports": len(reports), "of": what, "rounds": arguments.rounds}
    sys.stdout.write(
        json.dumps(summary | {name.replace(", ", "_"): round(cost, 1) for name, cost in costs.items()}) + "\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
