"""A night that a gate refuses, through the real tables: nothing is committed and yesterday's rows stay."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from jobs import cli
from radray.errors import GateError
from radray.flags import CLASSES, TIER_A
from radray.nights.gate import NightGate
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.schema.statuses import RunStatus
from radray.settings.gates import FlagRates, GatesSettings
from radray.settings.loading import load_settings
from radray.settings.section import CORPUS_DATE
from radray.settings.warehouse import WarehouseSettings
from radray.tables.catalog import Warehouse
from radray.tables.commit import pin
from radray.tables.identity import new_run_id
from radray.tables.partition import LeasedRun, RecordedRun
from radray.tables.rows import to_arrow
from radray.tables.runs import RunRow

YESTERDAY, TODAY = datetime.date(2026, 11, 20), datetime.date(2026, 11, 21)
COUNT = 200


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(WarehouseSettings(uri=str(tmp_path / "warehouse")))


def prediction(place: int, **columns: Any) -> dict[str, Any]:
    """Return a good row: every second reference is abnormal, all findings are; each has a text of its own."""
    row = dict.fromkeys(column.name for column in PREDICTIONS.columns)
    row |= {f"{writer}flag_{name}": False for name in CLASSES for writer in ("", "reference_")}
    row |= {"unit_id": f"u{place:03d}", "study_id": f"s{place}", "split_key": f"k{place}", "text_digest": "t"}
    row |= {"status": "ok", "findings": f"findings {place}", "prediction": f"says {place}", "reference": "r"}
    row |= {"findings_stratum": "abnormal", "reference_stratum": "abnormal" if place % 2 else "normal"}
    row |= {"rougel_f": 0.4 if place % 2 else 0.8, "scorer_id": "rouge"}
    row |= {"prompt_id": "p", "settings_digest": "s", "engine": "e"}
    return row | columns


@dataclass
class Night:
    """One run of generate over a night, without its model."""

    warehouse: Warehouse
    run_key: str
    night: datetime.date = TODAY
    digest: str = "a"
    name: str = "model"
    remarks: list[str] = field(default_factory=list)

    def commit(self, rows: Sequence[dict[str, Any]], gates: GatesSettings) -> None:
        partition = {"batch_date": self.night, "dataset": "d", "split": "live", "model_digest": self.digest}
        about = {**partition, "model_name": self.name}
        row = RunRow(new_run_id("generate"), "generate", self.run_key, "config", about)
        leased = LeasedRun(self.warehouse, pin(self.warehouse, PREDICTIONS, partition), [self.run_key])
        predictions = [prediction | {**about, "run_key": self.run_key, "run_id": row.run_id} for prediction in rows]
        gate = NightGate(self.warehouse, gates, 0.5, partition, self.name, self.remarks.append)
        with leased.recorded(row) as run:
            if predictions:
                Path(run.staging).mkdir(parents=True, exist_ok=True)
                pq.write_table(to_arrow(predictions, PREDICTIONS), f"{run.staging}/made.parquet")
            run.stage().commit([prediction["unit_id"] for prediction in predictions], gate)


def held(warehouse: Warehouse, night: datetime.date = TODAY) -> set[str]:
    """Return the run keys that a reader sees in the night."""
    return set(warehouse.read(PREDICTIONS, ["run_key"], {"batch_date": night}).column("run_key").to_pylist())


def stage_reports(warehouse: Warehouse, statuses: Sequence[str], reason: str = "empty") -> None:
    rows = []
    for place, status in enumerate(statuses):
        row = dict.fromkeys(column.name for column in REPORTS.columns)
        row |= {"unit_id": f"u{place}", "study_id": f"s{place}", "status": status, "batch_date": TODAY, "dataset": "d"}
        row |= {"format": "jsonl", "source_uri": "a", "source_member": "", "source_offset": place, "source_digest": "0"}
        row["reason"] = reason if status == "rejected" else None
        rows.append(row | {"run_key": "k", "run_id": "r"})
    warehouse.load(REPORTS).append(to_arrow(rows, REPORTS))


BAD: dict[str, tuple[GatesSettings, dict[str, Any]]] = {
    "max_failed_rate": (GatesSettings(), {"status": "failed", "prediction": None}),
    "max_tier_a_rate": (GatesSettings(max_flag_rates=FlagRates(polarity=1.0)), {"flag_polarity": True}),
    "max_flag_rates.side": (GatesSettings(max_tier_a_rate=None), {"flag_side": True}),
    "max_excess_rates.omission": (GatesSettings(), {"flag_omission": True}),
    "min_distinct_rate": (GatesSettings(), {"prediction": "The same to all."}),
    "min_rouge_l": (GatesSettings(min_rouge_l=0.55), {"rougel_f": 0.1}),
    "max_rejected_rate": (GatesSettings(max_rejected_rate=0.3), {}),
}


@pytest.mark.parametrize("gate", BAD)
def test_a_night_refused_by_a_gate_exits_with_3_and_the_old_rows_stay(
    warehouse: Warehouse, gate: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, change = BAD[gate]
    stage_reports(warehouse, ["ok"] * 200 + ["rejected"] * (100 if gate == "max_rejected_rate" else 20))
    good = [prediction(place) for place in range(COUNT)]
    Night(warehouse, "first").commit(good, settings.model_copy(update={"max_rejected_rate": None}))
    bad = [row | change for row in good]
    code = cli.exit_code(lambda: Night(warehouse, "second").commit(bad, settings))
    printed = capsys.readouterr().err
    assert code == 3
    assert f"1 of {len(settings_on(settings))} gates refuse the night" in printed
    assert f"(gates.{gate})" in printed
    assert held(warehouse) == {"first"}
    runs = {row["run_key"]: (row["status"], row["reason"]) for row in warehouse.read(RUNS).to_pylist()}
    assert runs == {"first": ("finished", None), "second": ("failed", "GateError")}
    # the predictions were wrong: good ones under the same gates pass
    if gate != "max_rejected_rate":
        Night(warehouse, "third").commit(good, settings)
        assert held(warehouse) == {"third"}


def settings_on(settings: GatesSettings) -> list[str]:
    rates = {**settings.max_flag_rates.model_dump(), **settings.max_excess_rates.model_dump()}
    others = settings.model_dump(exclude={"min_reports", "max_flag_rates", "max_excess_rates", "max_unparsed_fraction"})
    return [name for name, value in (others | rates).items() if value is not None]


def test_what_is_not_a_report_does_not_count_as_rejected(warehouse: Warehouse) -> None:
    stage_reports(warehouse, ["ok"] * 200 + ["rejected"] * 300, reason="not_a_report")
    Night(warehouse, "first").commit([prediction(i) for i in range(COUNT)], GatesSettings(max_rejected_rate=0.0))
    assert held(warehouse) == {"first"}


def test_a_drop_since_the_last_night_of_a_model_of_that_name_is_refused(warehouse: Warehouse) -> None:
    good = [prediction(place) for place in range(COUNT)]
    worse = [row | {"rougel_f": row["rougel_f"] - 0.15} for row in good]
    Night(warehouse, "before", YESTERDAY).commit(good, GatesSettings())
    for digest in ("a", "fine-tuned again"):
        with pytest.raises(
            GateError, match=r"drop of .* 0\.15 over 200 reports, at most 0\.1 \(gates.max_rouge_l_drop"
        ):
            Night(warehouse, "worse", digest=digest).commit(worse, GatesSettings())
    assert held(warehouse) == set()
    Night(warehouse, "worse", name="another").commit(worse, GatesSettings())
    assert held(warehouse) == {"worse"}
    assert held(warehouse, YESTERDAY) == {"before"}


def test_a_later_run_over_answers_makes_its_model_no_predecessor(warehouse: Warehouse) -> None:
    good = [prediction(place) for place in range(COUNT)]
    worse = [row | {"rougel_f": row["rougel_f"] - 0.15} for row in good]
    Night(warehouse, "first", YESTERDAY, "first").commit(good, GatesSettings())
    Night(warehouse, "second", YESTERDAY, "second").commit(worse, GatesSettings(max_rouge_l_drop=None))
    about = {"batch_date": YESTERDAY, "dataset": "d", "split": "live", "model_digest": "first", "model_name": "model"}
    answers = RunRow(new_run_id("generate"), "generate", "answers", "config", {**about, "task": "labels"})
    answers.write(warehouse, RunStatus.FINISHED, {"input_units": 1})
    Night(warehouse, "like the second").commit(worse, GatesSettings())
    assert held(warehouse) == {"like the second"}


def test_another_case_mix_is_no_drop_and_other_scorers_are_passed_over(warehouse: Warehouse) -> None:
    good = [prediction(place) for place in range(2 * COUNT)]
    mix = [row for row in good if row["reference_stratum"] == "abnormal"] + good[:100:2]
    assert len(mix) == 250
    assert sum(row["rougel_f"] for row in mix) / len(mix) < 0.5  # the unstratified mean falls from 0.6
    Night(warehouse, "before", YESTERDAY).commit(good, GatesSettings())
    Night(warehouse, "mix").commit(mix, GatesSettings())
    assert held(warehouse) == {"mix"}
    otherwise = [row | {"rougel_f": 0.1, "scorer_id": "nostem"} for row in good]
    Night(warehouse, "otherwise").commit(otherwise, GatesSettings())
    assert held(warehouse) == {"otherwise"}


def test_small_empty_and_live_nights_pass_and_what_was_not_judged_is_said(warehouse: Warehouse) -> None:
    small = Night(warehouse, "small")
    small.commit([prediction(place, status="failed", prediction=None) for place in range(COUNT - 1)], GatesSettings())
    assert small.remarks == [
        "gates that do not judge this night, for fewer than gates.min_reports=200 reports, no references or no night"
        f" before: gates.max_failed_rate, gates.max_tier_a_rate, gates.max_flag_rates ({', '.join(TIER_A)}),"
        " gates.max_excess_rates (normal_over_abnormal, omission), gates.min_distinct_rate, gates.max_rouge_l_drop"
    ]
    live = dict.fromkeys(("reference", "reference_stratum", "rougel_f", "scorer_id", "reference_flag_omission"))
    unreferenced = Night(warehouse, "live")
    unreferenced.commit([prediction(place, **live, flag_omission=True) for place in range(COUNT)], GatesSettings())
    (remark,) = unreferenced.remarks
    assert remark.endswith(": gates.max_excess_rates (omission), gates.max_rouge_l_drop")
    assert held(warehouse) == {"live"}
    Night(warehouse, "empty").commit([], GatesSettings(min_reports=1, min_rouge_l=1.0))
    assert held(warehouse) == set()


def test_after_a_gate_is_lifted_what_was_staged_is_committed(warehouse: Warehouse) -> None:
    bad = [prediction(place, flag_side=True) for place in range(COUNT)]
    with pytest.raises(GateError):
        Night(warehouse, "k").commit(bad, GatesSettings(max_flag_rates=FlagRates(side=None)))
    partition = {"batch_date": TODAY, "dataset": "d", "split": "live", "model_digest": "a"}
    row = RunRow(new_run_id("generate"), "generate", "k", "config", {**partition, "model_name": "model"})
    again = RecordedRun(warehouse, pin(warehouse, PREDICTIONS, partition), row)
    staged = again.staged_ids()
    assert len(staged) == COUNT
    lifted = GatesSettings(max_tier_a_rate=None, max_flag_rates=FlagRates(side=None))
    gate = NightGate(warehouse, lifted, 0.5, partition, "model", print)
    again.stage().commit(staged, gate)
    assert held(warehouse) == {"k"}


def test_a_corpus_is_judged_by_the_gates_that_are_set_alone(warehouse: Warehouse) -> None:
    bad = [prediction(place, flag_side=True, prediction="The same.") for place in range(COUNT)]
    Night(warehouse, "k", CORPUS_DATE).commit(bad, load_settings().gates)
    assert held(warehouse, CORPUS_DATE) == {"k"}
    with pytest.raises(GateError, match=r"1 of 1 gates .*\(gates.max_tier_a_rate\)"):
        Night(warehouse, "l", CORPUS_DATE).commit(bad, load_settings([], ["gates.max_tier_a_rate=0.5"]).gates)
    assert held(warehouse, CORPUS_DATE) == {"k"}
