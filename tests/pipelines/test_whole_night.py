"""A night whose calibration holds, and one that withdraws it: exact rows, after a crash, again, and copied."""

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from radray.errors import AuditError, ConfigError
from radray.evaluation.deferral.calibration import Calibration, calibrate
from radray.evaluation.deferral.decision import Deferral
from radray.pipelines.whole_night import NightDeferral, read_calibration
from radray.schema.predictions import PREDICTIONS
from radray.settings.generate import ScoreSettings
from radray.settings.warehouse import S3Settings
from radray.storage.files import Storage
from radray.tables.catalog import Warehouse
from radray.tables.commit import pin
from radray.tables.identity import new_run_id
from radray.tables.merge import Merged
from radray.tables.partition import PartitionRun
from radray.tables.rows import to_arrow
from radray.tables.runs import RunRow
from tests.support.worlds.calibrated import prediction_rows
from tests.support.worlds.tables import open_warehouse

PARTITION = {"batch_date": datetime.date(2026, 3, 1), "dataset": "d", "split": "test", "model_digest": "m" * 64}
ALIKE = {"prompt_id": "p", "settings_digest": "s", "engine": "e", "checks_id": "checks-1;calibration"}
SETTINGS = ScoreSettings(calibration="c.json")
COUNT = 300


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return calibrate(prediction_rows(400, seed=3), "logprob", {"r2": 0.2}, 0.05)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return open_warehouse(tmp_path / "warehouse")


class Night:
    """A run over the night of `rows`, without Ray."""

    def __init__(
        self, warehouse: Warehouse, calibration: Calibration, rows: Sequence[dict[str, Any]], key: str = "k"
    ) -> None:
        self.rules = Deferral.of(SETTINGS, calibration)
        self.rows = {row["unit_id"]: row for row in rows}
        self.warehouse = warehouse
        self.row = RunRow(new_run_id("generate"), "generate", key, "config", PARTITION)
        self.run = PartitionRun(warehouse, pin(warehouse, PREDICTIONS, PARTITION), self.row)
        self.lines: list[str] = []
        self.deferral = NightDeferral(self.rules, calibration, self.lines.append)

    def stage(self, staging: str, units: Sequence[str], file: str = "a") -> None:
        """Stage rows as `ScorePredictions` makes them: what the night is, they do not know."""
        fixed = {"study_id": "s", "run_key": self.row.run_key, "run_id": self.row.run_id, **ALIKE}
        blank = dict.fromkeys(column.name for column in PREDICTIONS.columns)
        rows = [{**blank, **self.rows[unit], **fixed, **self.rules.columns(self.rows[unit])} for unit in units]
        Path(staging).mkdir(parents=True, exist_ok=True)
        pq.write_table(to_arrow(rows, PREDICTIONS), f"{staging}/{file}.parquet")

    def finish(self, units: Sequence[str], copied: pa.Table | None = None) -> Merged:
        """Stage `units`, copy what is left where `copied` describes it, and commit the night."""
        with self.run.leased() as leased, leased.recorded(self.row) as recorded:
            done = {*recorded.staged_ids()}
            if copied is not None:
                done |= {*recorded.stage_unchanged(copied, ALIKE, "none", frozenset(done))}
            self.stage(recorded.staging, [unit for unit in units if unit not in done], "rest")
            return recorded.stage().commit(list(self.rows), count_by=["defer_reason"], whole=self.deferral).merged


def held(warehouse: Warehouse) -> dict[str, tuple[bool | None, str | None]]:
    rows = warehouse.read(PREDICTIONS, ["unit_id", "defer", "defer_reason"]).to_pylist()
    assert len(rows) == len({row["unit_id"] for row in rows})
    return {row["unit_id"]: (row["defer"], row["defer_reason"]) for row in rows}


def own(calibration: Calibration, rows: Sequence[dict[str, Any]]) -> dict[str, tuple[bool | None, str | None]]:
    """Return what each row says of itself."""
    rules = Deferral.of(SETTINGS, calibration)
    decided = {row["unit_id"]: rules.columns(row) for row in rows}
    return {unit: (columns["defer"], columns["defer_reason"]) for unit, columns in decided.items()}


def described(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Return the frozen input that `rows` were made from."""
    names = ("unit_id", "split_key", "text_digest", "findings", "reference")
    return pa.Table.from_pylist([{name: row[name] for name in names} for row in rows])


HOME = prediction_rows(COUNT, seed=4)
SHIFTED = prediction_rows(COUNT, seed=4, abnormal=0.42, phrasing=0.05)
"""Another hospital's phrasing is written less surely, and 42 % of its reports are abnormal."""
ALL = {row["unit_id"]: (True, "withdrawn") for row in SHIFTED}


def test_a_night_like_the_calibration_keeps_it(warehouse: Warehouse, calibration: Calibration) -> None:
    night = Night(warehouse, calibration, HOME)
    merged = night.finish(list(night.rows))
    assert held(warehouse) == own(calibration, HOME)
    assert night.lines == []
    assert not night.deferral.withdrawn
    reasons = merged.counts.by("defer_reason")
    assert set(reasons) == {None, "unsure_normal"}
    assert sum(reasons.values()) == COUNT


def test_a_shifted_night_withdraws_it_and_defers_all(warehouse: Warehouse, calibration: Calibration) -> None:
    night = Night(warehouse, calibration, SHIFTED)
    merged = night.finish(list(night.rows))
    assert held(warehouse) == ALL
    (line,) = night.lines
    assert "all reports of this night are deferred, and the bound says nothing about it" in line
    assert merged.counts.by("defer_reason") == {"withdrawn": COUNT}


@pytest.mark.parametrize("rows", [HOME, SHIFTED])
def test_a_night_that_was_interrupted_ends_the_same(
    warehouse: Warehouse, calibration: Calibration, rows: list[dict[str, Any]]
) -> None:
    killed = Night(warehouse, calibration, rows)
    units = list(killed.rows)
    killed.stage(warehouse.layout.staging(PREDICTIONS.name, "k"), units[:100])
    killed.stage(warehouse.layout.staging(PREDICTIONS.name, "k"), units[50:150], "b")  # a task that ran twice
    again = Night(warehouse, calibration, rows)
    again.finish(units)
    assert held(warehouse) == (ALL if rows is SHIFTED else own(calibration, rows))
    assert Night(warehouse, calibration, rows).run.is_committed()


def test_a_night_that_is_not_whole_is_not_decided(warehouse: Warehouse, calibration: Calibration) -> None:
    night = Night(warehouse, calibration, SHIFTED)
    with pytest.raises(AuditError, match="200 of 300 units missing"):
        night.finish(list(night.rows)[:100])
    assert held(warehouse) == {}


def test_rows_copied_from_a_withdrawn_night_get_their_own(warehouse: Warehouse, calibration: Calibration) -> None:
    Night(warehouse, calibration, SHIFTED, "old").finish([row["unit_id"] for row in SHIFTED])
    # most reports came corrected: the night is now as calibrated, with 30 rows of the withdrawn night
    corrected = [*SHIFTED[:30], *({**row, "text_digest": "corrected"} for row in HOME[30:])]
    night = Night(warehouse, calibration, corrected, "new")
    night.finish([row["unit_id"] for row in corrected], described(corrected))
    runs = warehouse.read(PREDICTIONS, ["unit_id", "run_id"]).to_pylist()
    copied = {row["unit_id"] for row in runs if row["run_id"] != night.row.run_id}
    assert copied == {row["unit_id"] for row in SHIFTED[:30]}
    assert not night.deferral.withdrawn
    assert held(warehouse) == own(calibration, corrected)


def test_rows_copied_into_a_night_that_is_withdrawn_say_so(warehouse: Warehouse, calibration: Calibration) -> None:
    Night(warehouse, calibration, HOME, "old").finish([row["unit_id"] for row in HOME])
    corrected = [*HOME[:30], *({**row, "text_digest": "corrected"} for row in SHIFTED[30:])]
    Night(warehouse, calibration, corrected, "new").finish([row["unit_id"] for row in corrected], described(corrected))
    assert held(warehouse) == ALL


def test_an_empty_night_is_committed_empty(warehouse: Warehouse, calibration: Calibration) -> None:
    night = Night(warehouse, calibration, [])
    assert night.finish([]).rows == 0
    assert night.deferral.p_value is None


def test_one_report_of_each_patient_is_tested(calibration: Calibration) -> None:
    # the same patient's report a hundred times is one
    rows = [*HOME, *({**SHIFTED[0], "unit_id": f"again {place}", "split_key": "key 0"} for place in range(100))]
    deferral = NightDeferral(Deferral.of(SETTINGS, calibration), calibration, lambda _: None)
    deferral.decide([pa.Table.from_pylist([{name: row[name] for name in deferral.columns} for row in rows])])
    assert deferral.p_value == calibration.p_value(rows)
    assert not deferral.withdrawn


def test_a_calibration_is_read_from_its_place(tmp_path: Path, calibration: Calibration) -> None:
    storage = Storage.of(S3Settings())
    assert read_calibration(ScoreSettings(), storage) is None
    file = tmp_path / "c.json"
    with pytest.raises(ConfigError, match="there is no such file"):
        read_calibration(ScoreSettings(calibration=str(file)), storage)
    file.write_bytes(calibration.to_json())
    assert read_calibration(ScoreSettings(calibration=str(file)), storage) == calibration


def test_a_calibration_is_read_from_s3(request: pytest.FixtureRequest, calibration: Calibration) -> None:
    server = request.getfixturevalue("s3")
    storage = Storage.of(server.settings())
    uri = "s3://radray/test-deferral/model/.calibration/c.json"
    storage.write(uri, calibration.to_json())
    assert read_calibration(ScoreSettings(calibration=uri), storage) == calibration
