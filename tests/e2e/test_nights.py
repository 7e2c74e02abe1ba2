"""Nights by the job itself over Ray: two models side by side, late files and corrections, a bad night, a flat feed."""

import io
import json
import re
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from rich.console import Console

from jobs.evaluate import evaluate
from jobs.generate import generate
from jobs.prepare import prepare
from radray.cluster.connection import ray_cluster
from radray.errors import AuditError, ConfigError, GateError
from radray.nights.final_line import FinalLine
from radray.pipelines.prometheus import ANSWERED, METRICS
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.settings.cluster import ClusterSettings
from radray.settings.loading import load_settings
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse
from tests.support.prometheus import exported
from tests.support.worlds.loop import tiny_causal_model, tiny_model

PATIENCE_S = 60
CANARY = "zqxjkcanary"


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """Start Ray once for all; its metrics are exported every second."""
    ray.init(
        address="local",
        num_cpus=4,
        include_dashboard=False,
        log_to_driver=False,
        _system_config={"metrics_report_interval_ms": 1_000},
    )
    try:
        with ray_cluster(ClusterSettings()):
            yield
    finally:
        ray.shutdown()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("models")
    return [tiny_model(folder / name, ["Small left effusion.", f"{name} opacity."]) for name in ("one", "two")]


def write(file: Path, *reports: tuple[str, str]) -> None:
    """Write (study id, findings) as lines of JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"study_id": study, "findings": findings, "impression": "Effusion."} for study, findings in reports]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def settings_for(folder: Path, uri: str, *words: str) -> Settings:
    source = ["source.format=jsonl", "source.dataset=hospital", f"source.uri={folder}/{uri}"]
    engine = ["generate.engine=transformers", "generate.max_new_tokens=4", "cluster.price_per_hour=3600"]
    return load_settings((), [f"warehouse.uri={folder}/warehouse", *source, *engine, *words])


def strict(settings: Settings) -> Settings:
    """Return `settings` with gates that no night of an untrained model passes."""
    gates = settings.gates.model_copy(update={"min_reports": 4, "max_tier_a_rate": 0.0, "min_distinct_rate": 1.0})
    return settings.model_copy(update={"gates": gates})


def output_of(job: Any, settings: Settings, line: FinalLine | None = None) -> str:
    log = io.StringIO()
    try:
        job(settings, Console(file=log, width=200), line)
    finally:
        text = log.getvalue()
        assert CANARY not in text
    return text


def nights(warehouse: Warehouse) -> dict[tuple[str, str], dict[str, str]]:
    """Return run_id by study of each night and model."""
    by_night: dict[tuple[str, str], dict[str, str]] = {}
    for row in warehouse.read(PREDICTIONS, ["batch_date", "model_name", "study_id", "run_id"]).to_pylist():
        night = by_night.setdefault((str(row["batch_date"]), row["model_name"]), {})
        assert row["study_id"] not in night
        night[row["study_id"]] = row["run_id"]
    return by_night


def commits(warehouse: Warehouse) -> Counter[str]:
    """Return the commits of `predictions` by partition."""
    snapshots = warehouse.load(PREDICTIONS).metadata.snapshots
    return Counter(
        snapshot.summary.additional_properties["radray.attempt"]
        for snapshot in snapshots
        if snapshot.summary is not None
    )


def test_nights_of_two_models_with_a_bad_one_a_late_file_a_correction(tmp_path: Path, models: list[Path]) -> None:
    same = ("2", "No effusion.")
    write(tmp_path / "in" / "2026-11-01" / "a.jsonl", ("1", f"Small effusion {CANARY}."), same, ("3", "No effusion."))
    write(tmp_path / "in" / "2026-11-02" / "a.jsonl", ("9", ""), ("8", " "))
    write(tmp_path / "in" / "2026-11-03" / "a.jsonl", ("4", "Left opacity."))
    both = f"model.uri=[{models[0]}, {models[1]}]"
    line = FinalLine("generate")
    settings = settings_for(tmp_path, "in/{date}", both, "date=2026-11-01", "until=2026-11-03")
    with pytest.raises(AuditError, match=r"1 of 3 nights were refused \(2026-11-02\): 2 of 2 units were rejected"):
        output_of(generate, settings, line)
    warehouse = Warehouse(settings.warehouse)
    before = nights(warehouse)
    assert {night: sorted(rows) for night, rows in before.items()} == {
        ("2026-11-01", "one"): ["1", "2", "3"],
        ("2026-11-01", "two"): ["1", "2", "3"],
        ("2026-11-03", "one"): ["4"],
        ("2026-11-03", "two"): ["4"],
    }
    assert len(commits(warehouse)) == 4
    last = json.loads(line.json(3))
    assert (last["units"], last["reports"], last["repeated"]) == (4, 8, 2)
    assert last["nights_refused"] == ["2026-11-02"]
    runs = {row["run_id"]: row for row in warehouse.read(RUNS).to_pylist()}
    done = [row for row in runs.values() if row["job"] == "generate"]
    assert sorted(row["rows_repeated"] for row in done) == [0, 0, 1, 1]
    for row in done:
        assert set(last["run_ids"]) >= {row["run_id"]}
        assert row["seconds_staged"] > 0
        assert row["seconds_committed"] > 0
        assert row["gpu_seconds"] == 0
        seconds = row["input_units"] / row["units_per_second"] + row["seconds_engine"]
        assert row["cost"] == pytest.approx(seconds, rel=0.01)  # at 1 a second

    # a report is corrected and a file comes late: that night is made anew, what did not change is copied
    corrected = ("3", "Large effusion.")
    write(tmp_path / "in" / "2026-11-01" / "a.jsonl", ("1", f"Small effusion {CANARY}."), same, corrected)
    write(tmp_path / "in" / "2026-11-01" / "late.jsonl", ("5", "Fracture."))
    first = settings.model_copy(update={"until": None})
    # its gates refuse it: both models are judged, and the rows of before stay; lifted, what was made is taken
    with pytest.raises(GateError, match=r"gates\.") as refused:
        output_of(generate, strict(first))
    assert all(f"model {name}: " in str(refused.value) for name in ("one", "two"))
    assert nights(warehouse) == before
    assert len(commits(warehouse)) == 4
    assert output_of(generate, first).count("4 resumed") == 2
    after = nights(warehouse)
    assert {night: sorted(rows) for night, rows in after.items()} == {
        **{("2026-11-01", model): ["1", "2", "3", "5"] for model in ("one", "two")},
        **{("2026-11-03", model): ["4"] for model in ("one", "two")},
    }
    for model in ("one", "two"):
        night = ("2026-11-01", model)
        kept = {study for study, run in after[night].items() if run == before[night].get(study)}
        assert kept == {"1", "2"}
        assert after[("2026-11-03", model)] == before[("2026-11-03", model)]
    assert len(commits(warehouse)) == 6
    assert output_of(generate, first).count("is there already") == 3
    assert len(commits(warehouse)) == 6


@pytest.mark.drill  # 2 minutes
def test_a_t5_and_a_causal_model_share_a_night_and_an_evaluation(tmp_path: Path, models: list[Path]) -> None:
    texts = [f"Small left effusion {CANARY}.", "No effusion.", "Opacity, unchanged.", "No effusion."]
    causal = tiny_causal_model(tmp_path / "causal", texts, task="impression", prompt_id="chat-sections-v1")
    write(tmp_path / "in" / "a.jsonl", *((str(place), text) for place, text in enumerate(texts)))
    settings = settings_for(
        *(tmp_path, "in", "date=2026-11-10", f"model.uri=[{models[0]}, {causal}]"),
        *("generate.engine=auto", "split.name=live"),
    )
    printed = output_of(generate, settings)
    warehouse = Warehouse(settings.warehouse)
    columns = ["model_name", "study_id", "task", "prompt_id", "engine", "status", "hypotheses"]
    rows = warehouse.read(PREDICTIONS, columns).to_pylist()
    assert Counter((row["model_name"], row["task"], row["prompt_id"]) for row in rows) == {
        ("one", "impression", "background-findings-v1"): 4,
        ("causal", "impression", "chat-sections-v1"): 4,
    }
    # each was proven against transformers, and neither fell back to it
    assert {row["engine"].partition("-")[0] for row in rows} == {"ctranslate2"}, printed
    assert all(len(row["hypotheses"]) == 2 for row in rows)
    figures, comparisons = evaluate(settings, Console(file=io.StringIO(), width=200))
    systems = {row["system"].partition(" ")[0] for row in figures}
    assert {"one", "causal"} <= systems
    assert comparisons
    assert "is there already" in output_of(generate, settings)


def test_a_setting_that_differs_from_the_models_prompt_writes_nothing(tmp_path: Path) -> None:
    causal = tiny_causal_model(tmp_path / "causal", ["No effusion."], prompt_id="findings-v1")
    write(tmp_path / "in" / "a.jsonl", ("1", "No effusion."))
    words = ("date=2026-11-11", f"model.uri={causal}", "split.name=live")
    settings = settings_for(tmp_path, "in", *words, "model.prompt=sections-v1")
    with pytest.raises(ConfigError, match=r"model\.prompt=sections-v1, but model causal was trained with findings-v1"):
        output_of(generate, settings)
    assert not (tmp_path / "warehouse").exists()
    output_of(generate, settings_for(tmp_path, "in", *words))
    warehouse = Warehouse(settings.warehouse)
    assert warehouse.read(PREDICTIONS, ["prompt_id"]).to_pylist() == [{"prompt_id": "findings-v1"}]


def test_a_flat_feed_gives_each_file_to_a_night_and_keeps_removed_ones(tmp_path: Path) -> None:
    feed = tmp_path / "in"

    def run(date: str) -> str:
        return output_of(prepare, settings_for(tmp_path, "in", "source.since=last_run", f"date={date}"))

    def studies(date: str) -> list[str]:
        rows = warehouse.read(REPORTS, ["batch_date", "study_id"]).to_pylist()
        return sorted(row["study_id"] for row in rows if str(row["batch_date"]) == date)

    write(feed / "a.jsonl", ("1", "Clear."), ("2", "Clear."))
    write(feed / "b.jsonl", ("3", "Clear."))
    run("2026-11-20")
    warehouse = Warehouse(settings_for(tmp_path, "in").warehouse)
    write(feed / "c.jsonl", ("4", "Clear."))
    write(feed / "b.jsonl", ("3", "Effusion."))
    assert "1 of the files that it took are gone" in run("2026-11-20")
    run("2026-11-21")
    assert (studies("2026-11-20"), studies("2026-11-21")) == (["1", "2", "3"], ["3", "4"])
    assert "no file in" in run("2026-11-22")
    for file in feed.iterdir():
        file.unlink()
    for date in ("2026-11-20", "2026-11-21"):
        assert "are gone from" in run(date)
    assert "is there already" in run("2026-11-22")
    assert (studies("2026-11-20"), studies("2026-11-21"), studies("2026-11-22")) == (["1", "2", "3"], ["3", "4"], [])


def scraped() -> str:
    """Return the metrics that Prometheus would get from the node."""
    (node,) = ray.nodes()
    url = f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode("utf-8"))


def test_prometheus_is_told_the_metrics_of_the_dashboard_and_no_text(tmp_path: Path) -> None:
    pytest.importorskip(
        "opentelemetry.exporter.prometheus", reason="ray[default] is not installed: nothing is exported"
    )
    # Ray drops a gauge that nobody set for some seconds: the progress of a job is that of one that has just run
    write(tmp_path / "in" / "a.jsonl", ("1", f"Small effusion {CANARY}."))
    output_of(prepare, settings_for(tmp_path, "in", "date=2026-11-25"))
    # of the nights above: all were recorded; an engine that was never started anew has no value, nor has a task
    unused = {"ray_radray_engine_restarts_total", exported(ANSWERED)}
    expected = {exported(spec) for spec in METRICS} - unused
    deadline = time.monotonic() + PATIENCE_S
    while not expected <= (names := set(re.findall(r"^(ray_radray_\w+)\{", (text := scraped()), re.MULTILINE))):
        assert time.monotonic() < deadline, sorted(expected - names)
        time.sleep(0.2)
    ours = [line for line in text.splitlines() if line.startswith("ray_radray_")]
    assert any('outcome="ok"' in line or 'outcome="empty_output"' in line for line in ours)
    assert CANARY not in text
