"""`prepare` and `generate` in one Ray, source, model and warehouse on S3: the rows of local disk."""

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from loop_world import CANARY, PROMPT, settings_for, tiny_model, write_corpus
from rich.console import Console
from s3_server import BUCKET, S3Server

from jobs.generate import generate
from jobs.prepare import prepare
from radray.config import Settings, load_settings
from radray.models.folder import open_model
from radray.schemas import PREDICTIONS, REPORTS, RUNS
from radray.stages.cluster import ray_cluster
from radray.stages.model_store import put_model
from radray.tables.catalog import Warehouse
from radray.tables.query import query

STUDIES = 40
FROM_ZIP = ("source.format=mimic_zip", "split.validation_fraction=0", "generate.block_rows=10")


@pytest.fixture(scope="module")
def on_s3(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, str, Path]]:
    """Return the settings of a loop that ran on S3, what it printed, and the folder of its model and corpus."""
    folder = tmp_path_factory.mktemp("s3-loop")
    studies = write_corpus(folder / "corpus.zip", STUDIES)
    tiny_model(folder / "model", [PROMPT.fill(study.text, None) for study in studies])
    place = f"s3://{BUCKET}/{folder.name}"
    settings = load_settings(
        (),
        [
            *(f"warehouse.uri={place}/warehouse", f"warehouse.catalog_uri={folder}/catalog.db", *s3_server.overrides()),
            *(f"source.uri={place}/incoming/corpus.zip", "source.dataset=synthetic", "date=2026-11-21", *FROM_ZIP),
            *(f"model.uri={place}/models/chest", "generate.max_new_tokens=6", "split=live"),
        ],
    )
    output = io.StringIO()
    console = Console(file=output, width=200)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3_server.environment().items():
            patch.setenv(name, value)
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))  # of this node, and of the actors on it
        put_model(folder / "model", f"{place}/models/chest", Warehouse(settings.warehouse).storage)
        client = Warehouse(settings.warehouse).storage.access.boto()
        client.upload_file(str(folder / "corpus.zip"), BUCKET, f"{folder.name}/incoming/corpus.zip")
        with ray_cluster(settings.cluster):
            generate(settings, console)
            generate(settings, console)
            yield settings, output.getvalue(), folder


def test_every_unit_and_every_prediction_is_there_once(on_s3: tuple[Settings, str, Path]) -> None:
    settings, said, _ = on_s3
    warehouse = Warehouse(settings.warehouse)
    reports = warehouse.read(REPORTS).to_pylist()
    assert Counter((row["status"], row["reason"]) for row in reports) == {
        ("ok", None): STUDIES,
        ("rejected", "no_findings"): 1,
        ("rejected", "bad_encoding"): 1,
        ("rejected", "not_a_report"): 1,
    }
    ok = sorted(row["unit_id"] for row in reports if row["status"] == "ok")
    predictions = warehouse.read(PREDICTIONS)
    assert sorted(predictions.column("unit_id").to_pylist()) == ok
    by_duckdb = query(warehouse, "SELECT unit_id, prediction, rouge1_f FROM predictions ORDER BY unit_id")
    assert by_duckdb.to_pylist() == predictions.sort_by("unit_id").select(by_duckdb.column_names).to_pylist()
    # the second run of each job wrote nothing, and said so
    assert Counter(row["job"] for row in warehouse.read(RUNS).to_pylist()) == {"prepare": 1, "generate": 1}
    assert said.count("is there already, made from the same input; nothing written") == 2
    assert CANARY not in said
    assert warehouse.storage.list_files(f"{warehouse.layout.root}/_staging") == []


def test_the_model_came_from_s3_by_its_digest(on_s3: tuple[Settings, str, Path]) -> None:
    settings, _, folder = on_s3
    digest = open_model(str(folder / "model")).digest
    assert [one.name for one in (folder / "cache" / "radray" / "models").iterdir()] == [digest]
    assert set(Warehouse(settings.warehouse).read(PREDICTIONS)["model_digest"].to_pylist()) == {digest}


def test_units_and_texts_are_those_of_local_disk(on_s3: tuple[Settings, str, Path], tmp_path: Path) -> None:
    settings, _, folder = on_s3
    local = settings_for(tmp_path, f"source.uri={folder}/corpus.zip", *FROM_ZIP, "date=2026-11-21")
    prepare(local, Console(file=io.StringIO()))
    names = [column.name for column in REPORTS.columns if column.name not in ("run_key", "run_id", "source_etag")]
    here, there = (Warehouse(one.warehouse).read(REPORTS, names).sort_by("unit_id") for one in (local, settings))
    assert here.to_pylist() == there.to_pylist()
    assert here.num_rows == STUDIES + 3
