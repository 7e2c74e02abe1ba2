"""A patient erased from `examples` and `answers`: no byte is left, and the rows of others stay what they were."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from radray.nights import examples_run
from radray.nights.examples_run import prepare_examples
from radray.nights.final_line import FinalLine
from radray.schema.answers import ANSWERS
from radray.schema.examples import EXAMPLES
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.tables.catalog import Warehouse
from radray.tables.commit import pin
from radray.tables.identity import digest_of_example, new_run_id
from radray.tables.partition import PartitionRun
from radray.tables.rows import to_arrow
from radray.tables.runs import RunRow
from radray.upkeep.erasure import erase
from tests.support.tasks import SIDES, SIZE
from tests.support.worlds.examples import night_settings, stage_here
from tests.support.worlds.tables import Night, open_warehouse, report_rows

PATIENT = "7100442"
SECRETS = (PATIENT, "canary", "Canary")
FINDINGS = {
    "a": "Small nodule.",
    "b": f"As in the study of {PATIENT}, a large nodule.",
    "canary-unit": "Canary nodule.",
}


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """A night of three reports, one of them the patient's, another with the patient's id in its text; split live."""
    monkeypatch.setattr(examples_run, "stage_examples", stage_here)
    warehouse = open_warehouse(tmp_path / "warehouse")
    night = Night(warehouse, "k1")
    rows = report_rows(list(FINDINGS), "k1", night.row.run_id).to_pylist()
    for row in rows:
        unit = row["unit_id"]
        row |= {"findings": FINDINGS[unit], "reference": f"{unit} as before.", "split": "live", "split_key": unit}
        row |= {"subject_id": PATIENT if unit == "canary-unit" else f"other-{unit}"}
    night.stage_rows(to_arrow(rows, REPORTS))
    night.finish(list(FINDINGS))
    make_examples(warehouse)
    put_answers(warehouse)
    return warehouse


def make_examples(warehouse: Warehouse) -> FinalLine:
    line = FinalLine("prepare")
    settings = night_settings(Path(warehouse.layout.root))
    prepare_examples(settings, [SIDES, SIZE], lambda: None, Console(file=io.StringIO()), line)
    return line


def put_answers(warehouse: Warehouse) -> None:
    """Commit what a model answered to the examples of SIZE: the findings, and lists, of which one is empty."""
    asked = warehouse.read(EXAMPLES, None, {"task": "size"}).to_pylist()
    partition = {"batch_date": asked[0]["batch_date"], "dataset": "hospital", "split": "live"}
    partition |= {"model_digest": "m1", "task": "size"}
    row = RunRow(new_run_id("generate"), "generate", "a1", "config", partition)
    run = PartitionRun(warehouse, pin(warehouse, ANSWERS, partition), row)
    rows = []
    for example in asked:
        columns = {column.name: example.get(column.name) for column in ANSWERS.columns} | partition
        columns |= {"model_name": "m", "prompt_id": "p", "settings_digest": "s", "engine": "e", "run_key": "a1"}
        text = FINDINGS[example["unit_id"]]
        entries = [{"name": "large", "state": "size", "place": None}] if "large" in text else []
        rows.append(columns | {"answer": text, "rewritten": text, "entries": entries, "run_id": row.run_id})
    with run.leased() as leased, leased.recorded(row) as recorded:
        content = io.BytesIO()
        pq.write_table(to_arrow(rows, ANSWERS), content)
        warehouse.storage.write(f"{recorded.staging}/a.parquet", content.getvalue())
        recorded.stage().commit([str(row["example_id"]) for row in rows])


def live(warehouse: Warehouse, table: Any) -> dict[str, Mapping[str, Any]]:
    """Return the rows of a table by row id, read from its files: pyiceberg reads null lists as empty ones."""
    files = [task.file.file_path for task in warehouse.load(table).scan().plan_files()]
    rows = [row for file in files for row in pq.read_table(file).to_pylist()]
    return {f"{row['task']} {row[table.row_id]}": row for row in rows}


def holding(root: Path) -> list[str]:
    """Return the files that hold one of SECRETS, raw or as Parquet decodes them."""
    holders = []
    for file in sorted(path for path in root.rglob("*") if path.is_file()):
        text = file.read_bytes().decode("latin-1")
        text += str(pq.read_table(file).to_pylist()) if file.suffix == ".parquet" else ""
        holders += [str(file.relative_to(root))] if any(secret in text for secret in SECRETS) else []
    return holders


def test_no_byte_is_left_in_examples_and_answers(warehouse: Warehouse, tmp_path: Path) -> None:
    before = [live(warehouse, table) for table in (EXAMPLES, ANSWERS)]
    staged = warehouse.layout.staging("examples", "crashed")
    ours = [row for row in before[0].values() if row["unit_id"] == "canary-unit"]
    content = io.BytesIO()
    pq.write_table(to_arrow(ours, EXAMPLES), content)
    warehouse.storage.write(f"{staged}/a.parquet", content.getvalue())
    held = holding(tmp_path / "warehouse")
    assert {name.split("/")[1] for name in held if name.endswith(".parquet")} == {"reports", "examples", "answers"}

    erasure = erase(warehouse, PATIENT)

    assert holding(tmp_path / "warehouse") == []
    assert erasure.rows == {"reports": 1, "examples": 3, "answers": 1}
    for table, rows in zip((EXAMPLES, ANSWERS), before, strict=True):
        after = live(warehouse, table)
        assert set(after) == {name for name, row in rows.items() if row["unit_id"] != "canary-unit"}
        untouched = {name for name, row in after.items() if row["unit_id"] == "a"}
        assert {name: after[name] for name in untouched} == {name: rows[name] for name in untouched}
    # an empty list of others is no null, and a masked text has the digest of the masked text
    other = live(warehouse, ANSWERS)["size b"]
    assert live(warehouse, ANSWERS)["size a"]["entries"] == []
    masked = FINDINGS["b"].replace(PATIENT, "_" * len(PATIENT))
    assert (json.loads(other["inputs"]), other["answer"], other["rewritten"]) == ({"findings": masked}, masked, masked)
    assert other["input_digest"] == digest_of_example(other) != before[1]["size b"]["input_digest"]
    assert other["input_digest"] == live(warehouse, EXAMPLES)["size b"]["input_digest"]
    assert erasure.masked["answers", "answer"] == 1


def test_a_rerun_after_the_erasure_makes_others_examples_of_what_is_left(warehouse: Warehouse) -> None:
    erase(warehouse, PATIENT)
    line = make_examples(warehouse)  # a report is gone: the input is another, and what it makes is what is there
    assert len(line.run_ids) == 2
    masked = live(warehouse, EXAMPLES)
    assert {row["unit_id"] for row in masked.values()} == {"a", "b"}
    assert live(warehouse, ANSWERS)["size b"]["input_digest"] == masked["size b"]["input_digest"]
    assert {run["status"] for run in warehouse.read(RUNS, ["status"]).to_pylist()} == {"finished"}
