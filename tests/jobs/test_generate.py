"""`jobs.generate` where no model runs: what needs no Ray starts none."""

import io
from pathlib import Path

import pytest
import ray
from rich.console import Console

from jobs.generate import check, describe, generate
from radray.errors import ConfigError, ConflictError
from radray.models.families.pieces import PATIENTS
from radray.models.families.t5.tiny import build_tiny
from radray.models.folder import open_model
from radray.models.manifest import ERASED, write_manifest
from radray.schema.predictions import PREDICTIONS
from radray.schema.runs import RUNS
from radray.settings.cluster import ClusterSettings
from radray.settings.loading import load_settings
from radray.settings.model import TinySettings
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse
from radray.tables.commit import pin
from radray.tables.partition import PartitionRun
from radray.tables.runs import RunRow
from tests.support.worlds.night_tables import NIGHT, put_prepare_run, put_reports


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return the settings of a night that was prepared and has no report; Ray cannot be reached with them."""
    size = TinySettings(vocab_size=300, d_model=16, d_ff=16, num_layers=1)
    build_tiny(["small effusion"] * PATIENTS, tmp_path / "model", size=size, seed=1)
    write_manifest(tmp_path / "model", "m", {})
    words = [f"warehouse.uri={tmp_path}/warehouse", f"model.uri={tmp_path}/model", f"date={NIGHT}"]
    loaded = load_settings((), [*words, "cluster.address=127.0.0.1:1", "generate.engine=ctranslate2"])
    put_prepare_run(Warehouse(loaded.warehouse), "hospital")
    return loaded


def test_an_empty_night_without_a_parity_record_is_committed_once(settings: Settings) -> None:
    output = io.StringIO()
    generate(settings, Console(file=output, width=300))
    generate(settings, Console(file=output, width=300))
    assert not ray.is_initialized()
    warehouse = Warehouse(settings.warehouse)
    assert warehouse.read(PREDICTIONS).num_rows == 0
    (run,) = [row for row in warehouse.read(RUNS).to_pylist() if row["job"] == "generate"]
    assert (run["status"], run["input_units"]) == ("finished", 0)
    first, second, third, fourth = output.getvalue().splitlines()
    assert first.endswith("engine none: there is no report")
    assert "0 reports, 0 ok, 0 resumed" in second
    assert " s, committed " in third
    assert "is there already, made from the same input; nothing written" in fourth


def test_a_model_from_which_reports_were_erased_is_named_and_used(settings: Settings) -> None:
    write_manifest(Path(settings.model.uri[0]), "m", {ERASED: {"why": "reports of a patient were erased"}})
    output = io.StringIO()
    generate(settings, Console(file=output, width=300))
    digest = open_model(settings.model.uri[0]).digest
    first, *later = output.getvalue().splitlines()
    assert first == (
        f"generate: model m ({digest[:8]}): reports of a patient were erased from it, and its weights have learnt from"
        " them: fine-tune a new one"
    )
    assert "committed" in "".join(later)


def test_a_partition_that_another_run_holds_is_refused_before_any_proof(settings: Settings) -> None:
    warehouse = Warehouse(settings.warehouse)
    put_reports(warehouse, ["a"])
    partition = {"batch_date": settings.date, "dataset": "hospital", "split": "live"}
    partition["model_digest"] = open_model(settings.model.uri[0]).digest
    other = PartitionRun(warehouse, pin(warehouse, PREDICTIONS, partition), RunRow("generate-1", "generate", "k", ""))
    with other.leased(beat_s=0.05), pytest.raises(ConflictError, match=r"run generate-1 .* is working on this"):
        generate(settings, Console(file=io.StringIO()))
    assert warehouse.read(RUNS, None, {"job": "generate"}).num_rows == 0


def test_settings_that_no_engine_has_are_refused_before_anything(settings: Settings) -> None:
    impossible = settings.generate.model_copy(update={"engine": "transformers", "compute_type": "int8"})
    with pytest.raises(ConfigError, match="int8 needs"):
        check(settings.model_copy(update={"generate": impossible}))


def test_a_dry_run_tells_the_actors_as_far_as_they_are_known(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert describe(settings)[-1] == "plan: auto actors, computed from the cluster at the start"
    single = settings.generate.model_copy(update={"actors": 1, "threads_per_actor": 1})
    here = settings.model_copy(update={"cluster": ClusterSettings(), "generate": single})
    assert describe(here)[-1].startswith("plan: 1 actor x 1 thread on 1 node, ")
    with pytest.raises(ConfigError, match=r"use that or auto, or set generate\.threads_per_actor"):
        check(here.model_copy(update={"generate": single.model_copy(update={"actors": 4_000})}))
