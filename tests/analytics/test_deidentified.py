"""Views to hand on: no id, text, time or place of the tables is in them, and ids are keyed, the same for the same."""

import hashlib
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from jobs import query as query_job
from radray.analytics.deidentified import ANSWER_COLUMNS, DEIDENTIFIED, PREDICTION_COLUMNS, REPORT_COLUMNS, keyed_id
from radray.analytics.query import stream
from radray.analytics.views import Choices, view_columns
from radray.errors import ConfigError
from radray.schema.answers import ANSWERS
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.settings.loading import load_settings
from tests.support.worlds.views import NIGHTS, Row, World

KEPT = {
    "reports_deidentified": (REPORTS, REPORT_COLUMNS),
    "predictions_deidentified": (PREDICTIONS, PREDICTION_COLUMNS),
    "answers_deidentified": (ANSWERS, ANSWER_COLUMNS),
}
KEY, OTHER = "k" * 32, "o" * 32


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("deidentified"))


def ask(world: World, sql: str, key: str | None = KEY) -> list[Row]:
    rows: list[Row] = stream(world.warehouse, sql, choices=Choices("model", key=key)).table().to_pylist()
    return rows


def hmac_sha256(key: str, message: bytes) -> str:
    """Return the HMAC as RFC 2104 defines it, by two digests."""
    block = key.encode().ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in block) + inner).hexdigest()


def test_an_id_is_the_hmac_of_its_kind_dataset_and_value() -> None:
    assert keyed_id(KEY, "patient", "north", "7") == hmac_sha256(KEY, b"patient\0north\0007")[:32]
    alike = [("patient", "north", "7"), ("study", "north", "7"), ("patient", "south", "7"), ("patient", "north", "8")]
    assert len({keyed_id(key, *values) for key in (KEY, OTHER) for values in alike}) == 8


@pytest.mark.parametrize("name", DEIDENTIFIED)
def test_nothing_that_identifies_is_in_them(name: str, world: World) -> None:
    schema, kept = KEPT[name]
    rows = ask(world, f"SELECT * FROM {name}")
    assert len(rows) == len(world.rows[schema.name])
    assert list(rows[0]) == ["unit", "study", "patient", "source", "year", *kept] == list(view_columns(name))
    units = [row["unit"] for row in rows]
    assert units == sorted(units)  # and not in the order of the tables, by study_id
    assert {row["year"] for row in rows} == {NIGHTS[0].year}
    values = {str(value) for row in rows for value in row.values()}
    hidden = (
        "unit_id",
        "study_id",
        "subject_id",
        "dataset",
        "run_id",
        "findings",
        "source_uri",
        "evidence",
        *("prediction", "inputs", "answer"),
    )
    identifying = {str(row[column]) for row in world.rows[schema.name] for column in hidden if row.get(column)}
    assert len(identifying) > 30
    assert not values & identifying
    assert "SECRET" not in str(values)


def test_a_table_gains_no_column_of_its_own_in_them() -> None:
    assert set(REPORT_COLUMNS) < {column.name for column in REPORTS.columns}
    assert set(PREDICTION_COLUMNS) < {column.name for column in PREDICTIONS.columns}
    assert set(ANSWER_COLUMNS) < {column.name for column in ANSWERS.columns}
    named = {"unit_id", "study_id", "subject_id", "split_key", "exemplars", "candidates", "evidence", "run_id"}
    assert not named & {*REPORT_COLUMNS, *PREDICTION_COLUMNS, *ANSWER_COLUMNS}


def test_a_patient_has_one_id_in_both_and_another_by_another_key(world: World) -> None:
    sql = "SELECT DISTINCT patient FROM {} WHERE patient IS NOT NULL ORDER BY 1"
    in_reports = ask(world, sql.format("reports_deidentified"))
    in_predictions = ask(world, sql.format("predictions_deidentified"))
    patients = {(row["dataset"], row["subject_id"]) for row in world.rows["reports"] if row["subject_id"]}
    assert len(in_reports) == len(patients)
    assert {row["patient"] for row in in_predictions} <= {row["patient"] for row in in_reports}
    joined = "SELECT count(*) AS n FROM predictions_deidentified JOIN reports_deidentified USING (unit, patient)"
    assert ask(world, joined)[0]["n"] >= len(world.rows["predictions"])
    others = ask(world, sql.format("reports_deidentified"), OTHER)
    assert not {row["patient"] for row in others} & {row["patient"] for row in in_reports}


def test_a_missing_id_stays_missing(world: World) -> None:
    none = sum(row["subject_id"] is None for row in world.rows["reports"])
    assert none > 0
    assert ask(world, "SELECT count(*) AS n FROM reports_deidentified WHERE patient IS NULL")[0]["n"] == none


def test_without_a_key_there_are_none_and_no_statement_shows_it(world: World) -> None:
    with pytest.raises(ConfigError, match=r"predictions_deidentified needs publish\.deidentification_key=file:PATH"):
        ask(world, "SELECT * FROM predictions_deidentified", None)
    shown = ask(world, "SELECT sql FROM duckdb_views() CROSS JOIN (SELECT 1 FROM reports_deidentified LIMIT 1)")
    shown += ask(world, "SELECT * FROM duckdb_functions(), (SELECT 1 FROM reports_deidentified LIMIT 1)")
    assert "keyed_id" in str(shown)
    assert KEY not in str(shown)
    assert KEY not in repr(Choices("model", key=KEY))


def test_the_command_writes_them_with_a_key_from_a_file(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    words = [f"warehouse.uri={world.warehouse.layout.root}", f"publish.deidentification_key=file:{tmp_path}/key"]
    words += ["out=parquet", f"out_file={tmp_path}/out.parquet"]
    monkeypatch.setattr(sys, "argv", ["query", "SELECT * FROM reports_deidentified", *words])
    assert query_job.main() == 0
    written = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert {row["unit"] for row in written} == {
        row["unit"] for row in ask(world, "SELECT unit FROM reports_deidentified")
    }
    (tmp_path / "key").write_text("short")
    assert query_job.main() == 2
    error = capsys.readouterr().err
    assert "publish.deidentification_key" in error
    assert "short" not in error.replace("too_short", "")
    with pytest.raises(ConfigError, match=r"publish\.deidentification_key: whoever may list"):
        load_settings((), [f"publish.deidentification_key={KEY}"])
