"""The job `prepare` over Ray: its summary, its budget, split files, pairs, and one large file in many blocks."""

import io
import json
import os
import pickle
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from rich.console import Console

from jobs.prepare import prepare
from radray.cluster.connection import ray_cluster
from radray.errors import AuditError
from radray.pipelines import parse_reports
from radray.pipelines.parse_reports import READ_RETRIES, ReadReports
from radray.schema.examples import EXAMPLES
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.settings.cluster import ClusterSettings
from radray.settings.loading import load_settings
from radray.tables.catalog import Warehouse
from tests.support.tasks import SIDES, SIZE, registered

REPORT = {"subject_id": "p1", "findings": "Small left effusion.", "impression": "Effusion."}


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """Start Ray once for all."""
    with ray_cluster(ClusterSettings()):
        yield


def lines(*rows: Mapping[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def run(folder: Path, *overrides: str) -> str:
    """Prepare, and return the printed output."""
    output = io.StringIO()
    settings = load_settings((), [f"warehouse.uri={folder / 'warehouse'}", "source.dataset=hospital", *overrides])
    prepare(settings, Console(file=output, width=200))
    return output.getvalue()


def table(folder: Path, *columns: str, dataset: str = "hospital") -> list[dict[str, Any]]:
    warehouse = Warehouse(load_settings((), [f"warehouse.uri={folder / 'warehouse'}"]).warehouse)
    return warehouse.read(REPORTS, columns, {"dataset": dataset}).to_pylist()


def test_too_many_rejects_commit_nothing_and_the_lever_is_named(tmp_path: Path) -> None:
    source = tmp_path / "night.jsonl"
    source.write_text(lines(REPORT | {"study_id": "1"}, {"study_id": "2", "findings": ""}, {"findings": "x"}))
    arguments = ["source.format=auto", f"source.uri={source}"]
    with pytest.raises(AuditError, match=r"2 of 3 units were rejected, more than source\.max_rejected_fraction"):
        run(tmp_path, *arguments)
    assert table(tmp_path, "unit_id") == []
    printed = run(tmp_path, *arguments, "source.max_rejected_fraction=0.7")
    assert "3 units in: 1 ok, 1 rejected (empty), 1 rejected (no_study_id); of the ok, 1 train" in printed
    assert len(table(tmp_path, "unit_id")) == 3


def test_residual_identifiers_are_counted_and_stop_what_is_declared_clean(tmp_path: Path) -> None:
    source = tmp_path / "night.jsonl"
    named = REPORT | {"findings": "Effusion, seen with Dr. Albright. Compared with 3/4/2019."}
    source.write_text(lines(REPORT | {"study_id": "1"}, named | {"study_id": "2"}, REPORT | {"study_id": "3"}))
    arguments = ["source.format=auto", f"source.uri={source}"]
    with pytest.raises(AuditError, match=r"1 of 3 units .* may hold identifiers.*: 1 name, 1 exam_date;") as refused:
        run(tmp_path, *arguments, "source.deidentified=true")
    assert table(tmp_path, "unit_id") == []
    printed = run(tmp_path, *arguments, "source.deidentified=true", "source.max_identified_fraction=0.4")
    assert "1 units may hold identifiers" in printed
    assert "Albright" not in printed + str(refused.value)
    assert sorted(row["identifiers"] for row in table(tmp_path, "identifiers")) == ["", "", "name;exam_date"]
    warehouse = Warehouse(load_settings((), [f"warehouse.uri={tmp_path / 'warehouse'}"]).warehouse)
    (row,) = warehouse.read(RUNS, None, {"status": "finished"}).to_pylist()
    assert (row["rows_identified"], json.loads(row["identifiers"])) == (1, {"name": 1, "exam_date": 1})


def test_a_split_file_selects_its_ids_and_counts_those_that_are_missing(tmp_path: Path) -> None:
    source, split = tmp_path / "night.jsonl", tmp_path / "split.csv"
    source.write_text(lines(*(REPORT | {"study_id": str(i)} for i in range(4))))
    split.write_text("study_id,split\n0,train\n1,dev\n007,train\n8,train\n")
    printed = run(tmp_path, "source.format=jsonl", f"source.uri={source}", f"split.file={split}")
    assert "2 of the 4 studies of split.file have no ok report; those that have one" in printed
    rows = table(tmp_path, "study_id", "split")
    assert {row["study_id"]: row["split"] for row in rows} == {"0": "train", "1": "test", "2": None, "3": None}


def test_pairs_are_written_and_read_back_to_the_same_reports(tmp_path: Path) -> None:
    source, pairs = tmp_path / "night.jsonl", tmp_path / "out" / "pairs.jsonl"
    without = {"study_id": "3", "findings": "No reference."}
    source.write_text(
        lines(REPORT | {"study_id": "1"}, REPORT | {"study_id": "02", "impression": "1. Ä.\n2. B."}, without)
    )
    arguments = ["source.format=jsonl", f"source.uri={source}", f"source.pairs={pairs}"]
    assert "2 pairs of prompt and completion" in run(tmp_path, *arguments)
    first = pairs.read_bytes()
    pairs.unlink()
    assert "is there already" in run(tmp_path, *arguments)  # and the pairs are written all the same
    assert pairs.read_bytes() == first
    run(tmp_path, "source.format=auto", f"source.uri={pairs}", "source.dataset=again")
    columns = ("study_id", "subject_id", "findings", "reference")
    before = [row for row in table(tmp_path, *columns) if row["reference"]]
    assert table(tmp_path, *columns, dataset="again") == before
    assert len(before) == 2


def test_every_line_of_a_file_of_many_blocks_is_a_row_once(tmp_path: Path) -> None:
    source = tmp_path / "night.jsonl"
    source.write_text(lines(*(REPORT | {"study_id": str(i)} for i in range(9_001))))
    assert "9,001 units in: 9,001 ok" in run(tmp_path, "source.format=jsonl", f"source.uri={source}")
    rows = table(tmp_path, "study_id", "source_offset")
    assert sorted(row["source_offset"] for row in rows) == list(range(9_001))


def test_examples_of_two_tasks_are_made_in_one_pass_and_once(tmp_path: Path) -> None:
    source = tmp_path / "night.jsonl"
    rejected = REPORT | {"study_id": "5", "findings": ""}
    source.write_text(lines(*(REPORT | {"study_id": str(i)} for i in range(4)), rejected))
    with registered(SIDES, SIZE):
        printed = run(tmp_path, "source.format=jsonl", f"source.uri={source}", "tasks=size,sides")
        assert (
            "prepare: examples of sides, hospital 1970-01-01: 8 examples of 4 reports: 8 ok; right answers: 8 rules"
            in printed
        )
        again = run(tmp_path, "tasks=size,sides")
    assert again.count("are there already") == 2
    warehouse = Warehouse(load_settings((), [f"warehouse.uri={tmp_path / 'warehouse'}"]).warehouse)
    rows = warehouse.read(EXAMPLES, ["task", "gold_value", "target"]).to_pylist()
    counts = Counter((row["task"], row["gold_value"], row["target"]) for row in rows)
    assert counts == {("sides", "yes", "yes"): 4, ("sides", "no", "no"): 4, ("size", None, "small"): 4}


def test_a_file_that_ends_its_reader_costs_its_own_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = "1.txt"

    class Ending(ReadReports):
        """Of a class that is made here its workers get the code."""

        def __call__(self, batch: pa.Table) -> Iterator[pa.Table]:
            for work in map(pickle.loads, batch["work"].to_pylist()):
                if any(file.path == bad for file in work.files) and not work.ended_reader:
                    with (tmp_path / "ended").open("a") as ended:
                        ended.write(".")
                    os._exit(1)
            yield from ReadReports.__call__(self, batch)

    monkeypatch.setattr(parse_reports, "ReadReports", Ending)
    (tmp_path / "night").mkdir()
    for number in range(3):
        (tmp_path / "night" / f"{number}.txt").write_text("FINDINGS: Effusion.\nIMPRESSION: Effusion.\n")
    printed = run(
        tmp_path, "source.format=text", f"source.uri={tmp_path / 'night'}", "source.max_rejected_fraction=0.5"
    )
    assert "3 units in: 2 ok, 1 rejected (malformed)" in printed
    assert [row["source_uri"] for row in table(tmp_path, "source_uri", "status") if row["status"] != "ok"] == [bad]
    # three files, the half with two of them or with one, the one alone
    assert len((tmp_path / "ended").read_text()) in (2 * (READ_RETRIES + 1), 3 * (READ_RETRIES + 1))
