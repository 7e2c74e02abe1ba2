"""One run of several tasks against a run for each: ``python -m tests.benchmarks.one_model_tasks [reports] [model]``.

So many synthetic reports (20,000) of one night get the examples of TASKS, which are made before and not timed. Then
`jobs.generate` answers them twice, as a night does it, in processes of their own: all tasks in one run, and each in a
run. `model` is a folder; without one it is `tiny-causal`, untrained, which writes nonsense up to the longest answer
there is: its figures are an upper bound of what generating costs. Both sides have a copy of it with a digest of its
own, so that nothing is taken over from the other; each converts its copy and proves it once. The last line is JSON:
seconds and their ratio.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

from radray.models.families.causal.tiny import build_tiny_causal
from radray.models.manifest import write_manifest
from radray.reports.synthetic.studies import make_studies
from radray.reports.text.cleaning import clean
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.settings.loading import load_settings
from radray.settings.model import TinySettings
from radray.tables.catalog import Warehouse
from radray.tables.commit import append_rows
from radray.tables.identity import digest, new_run_id
from radray.tables.rows import to_arrow
from radray.tables.runs import RunRow, recorded
from tests.benchmarks.trained_model import say
from tests.support.paths import ROOT
from tests.support.worlds.nights import NO_GATES

TASKS = ("labels", "devices", "sections", "correction")
NIGHT = "2026-11-21"


def put_night(folder: Path, count: int) -> list[str]:
    """Put `count` synthetic reports into a warehouse in `folder`, and return their texts."""
    settings = load_settings((), [f"warehouse.uri={folder}/warehouse", f"date={NIGHT}"])
    warehouse = Warehouse(settings.warehouse)
    rows = []
    for study in islice(make_studies(count, 7), count):
        findings, _, impression = study.text.partition("FINDINGS:")[2].partition("IMPRESSION:")
        row: dict[str, Any] = dict.fromkeys(column.name for column in REPORTS.columns)
        row |= {"status": "ok", "split": "live", "split_key": study.subject_id, "study_id": study.study_id}
        row |= {"text_digest": digest(study.text), "findings": clean(findings), "reference": clean(impression)}
        row |= {"reference_raw": impression, "format": "mimic_zip", "source_uri": "a.zip", "source_member": study.path}
        row |= {"batch_date": settings.date, "dataset": "hospital", "source_offset": 0, "source_digest": "00"}
        rows.append(row | {"unit_id": digest(study.path)[:32], "run_key": "k", "run_id": "r"})
    append_rows(warehouse, REPORTS, to_arrow(rows, REPORTS))
    about = {"batch_date": settings.date, "dataset": "hospital"}
    with recorded(warehouse, RunRow(new_run_id("prepare"), "prepare", "k", "", about)):
        pass
    return [row["findings"] for row in rows]


def copies(folder: Path, texts: list[str], given: str | None) -> list[Path]:
    """Return two folders of the same model under two digests."""
    models = []
    for name in ("together", "apart"):
        model = folder / name
        if given is None:
            build_tiny_causal(texts[:2_000], model, size=TinySettings(), seed=1)
        else:
            shutil.copytree(given, model)
        write_manifest(model, name, {"benchmark": name})
        models.append(model)
    return models


def run(job: str, folder: Path, *words: str) -> float:
    """Return the seconds that a job takes as a process of its own."""
    command = [sys.executable, "-m", f"jobs.{job}", f"warehouse.uri={folder}/warehouse", f"date={NIGHT}"]
    began = time.perf_counter()
    done = subprocess.run([*command, *words], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"jobs.{job} ended with {done.returncode}: {done.stderr[-2_000:]}")
    return round(time.perf_counter() - began, 1)


def main() -> None:
    """Measure and print."""
    count, given = int(next(iter(sys.argv[1:]), "20000")), next(iter(sys.argv[2:]), None)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        together, apart = copies(folder, put_night(folder, count), given)
        tasks = f"tasks={','.join(TASKS)}"
        run("prepare", folder, tasks)
        figures: dict[str, Any] = {"reports": count, "model": given or "tiny-causal, untrained"}
        figures["one_run_s"] = run("generate", folder, tasks, f"model.uri={together}", *NO_GATES)
        say(f"all tasks in one run: {figures['one_run_s']} s")
        figures["runs_s"] = {}
        for task in TASKS:
            figures["runs_s"][task] = run("generate", folder, f"tasks={task}", f"model.uri={apart}", *NO_GATES)
            say(f"{task}: {figures['runs_s'][task]} s")
        figures["ratio"] = round(figures["one_run_s"] / sum(figures["runs_s"].values()), 3)
        warehouse = Warehouse(load_settings((), [f"warehouse.uri={folder}/warehouse"]).warehouse)
        names = ["model_name", "task", "input_units", "rows_ok", "rows_repeated", "seconds_staged"]
        figures["runs"] = warehouse.read(RUNS, names, {"job": "generate"}).to_pylist()
        say(json.dumps(figures))


if __name__ == "__main__":
    main()
