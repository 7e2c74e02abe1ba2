"""The whole loop in one Ray, its corpus, model and tables on S3: exact rows, those of a disk; no text outside."""

import io
import json
import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest
import ray
from rich.console import Console

from jobs.evaluate import evaluate
from jobs.finetune import finetune
from jobs.generate import generate
from jobs.prepare import prepare
from radray.analytics.query import query
from radray.cluster.connection import ray_cluster
from radray.errors import ConfigError, StageError
from radray.evaluation.rouge import Scorer
from radray.evaluation.systems import FLOORS
from radray.models.folder import open_model
from radray.models.neighbours import read_neighbours
from radray.models.store import open_stored
from radray.pipelines.stage import Stage
from radray.reports.synthetic.studies import SyntheticStudy
from radray.schema.evaluations import EVALUATIONS
from radray.schema.predictions import PREDICTIONS, ROUGE_COLUMNS
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS, TRAINING_METRICS
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse
from tests.support.s3_server import BUCKET, S3Server
from tests.support.worlds.loop import CANARY, TINY, settings_for, write_corpus

STUDIES = 160


@dataclass
class Loop:
    folder: Path
    place: str
    """The prefix on S3 of all that it wrote."""
    where: list[str]
    """Settings of where its warehouse is."""
    settings: Settings
    studies: list[SyntheticStudy]
    console: Console
    output: io.StringIO

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.settings.warehouse)


@pytest.fixture(scope="module")
def loop(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    folder = tmp_path_factory.mktemp("loop")
    studies = write_corpus(folder / "corpus.zip", STUDIES)
    place = f"s3://{BUCKET}/{folder.name}"
    where = [f"warehouse.uri={place}/warehouse", f"warehouse.catalog_uri={folder}/catalog.db", *s3_server.overrides()]
    settings = settings_for(
        folder,
        *where,
        *("model.init=tiny", *TINY, f"model.out={place}/models/model", "model.prompt=similar-findings-v1"),
        *("train.max_steps=12", "train.log_every_steps=4", "train.learning_rate=0.003", "train.threads_per_worker=1"),
        *("split.validation_fraction=0.2", "split=validation", "generate.block_rows=10"),
        f"model.uri=[{folder}/out/model-untrained, {place}/models/model]",
    )
    output = io.StringIO()
    console = Console(file=output, width=200)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # a model for S3 is made in `out` below
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))  # of this node, and of the actors on it
        for name, value in s3_server.environment().items():
            patch.setenv(name, value)
        client = Warehouse(settings.warehouse).storage.access.boto()
        client.upload_file(str(folder / "corpus.zip"), BUCKET, f"{folder.name}/incoming/corpus.zip")
        with ray_cluster(settings.cluster):
            log_to_this_session()
            source = {"format": "mimic_zip", "uri": f"{place}/incoming/corpus.zip"}
            prepare(settings.model_copy(update={"source": settings.source.model_copy(update=source)}), console)
            finetune(settings, console)
            generate(settings, console)
            evaluate(settings, console)
            yield Loop(folder, place, where, settings, studies, console, output)


def test_every_unit_is_a_row_by_status_and_reason(loop: Loop) -> None:
    rows = loop.warehouse.read(REPORTS).to_pylist()
    assert Counter((row["status"], row["reason"]) for row in rows) == {
        ("ok", None): STUDIES,
        ("rejected", "no_findings"): 1,
        ("rejected", "bad_encoding"): 1,
        ("rejected", "not_a_report"): 1,
    }
    assert {row["study_id"] for row in rows if row["status"] == "ok"} == {study.study_id for study in loop.studies}
    assert {row["split"] for row in rows} == {"train", None}
    assert len({row["unit_id"] for row in rows}) == STUDIES + 3
    runs = {row["job"]: row for row in loop.warehouse.read(RUNS).to_pylist()}
    run = runs["prepare"]
    assert (run["input_units"], run["rows_ok"], run["rows_not_ok"]) == (STUDIES + 3, STUDIES, 3)
    wrote = {(row["model_name"], row["model_digest"]) for row in loop.warehouse.read(PREDICTIONS).to_pylist()}
    assert ("model", runs["finetune"]["model_digest"]) in wrote
    assert runs["finetune"]["model_name"] == "model"


def test_predictions_hold_each_validation_report_once_under_each_model(loop: Loop) -> None:
    rows = loop.warehouse.read(PREDICTIONS).to_pylist()
    reports = {row["unit_id"]: row for row in loop.warehouse.read(REPORTS).to_pylist()}
    by_model = Counter(row["model_name"] for row in rows)
    assert set(by_model) == {"model", "model-untrained"}
    assert len(set(by_model.values())) == 1
    assert len({(row["unit_id"], row["model_digest"]) for row in rows}) == len(rows)
    assert 0 < by_model["model"] < STUDIES / 2
    keys = {row["split_key"] for row in rows}
    held_out = {unit for unit, row in reports.items() if row["status"] == "ok" and row["split_key"] in keys}
    assert {row["unit_id"] for row in rows} == held_out  # all reports of a patient, or none
    for row in rows:
        report = reports[row["unit_id"]]
        assert row["split"] == "validation"
        for name in ("findings", "background", "reference", "reference_raw", "study_id", "text_digest"):
            assert row[name] == report[name]
        assert (row["status"] == "ok") == bool(row["prediction"])
        if row["reason"] == "identifier":  # digits without end, by the untrained model: withheld
            assert row["hypotheses"] is None
            continue
        assert row["hypotheses"][0]["text"] == (row["prediction"] or "")
        assert [hypothesis["score"] for hypothesis in row["hypotheses"]] == sorted(
            (hypothesis["score"] for hypothesis in row["hypotheses"]), reverse=True
        )


def test_the_prompt_showed_training_reports_of_other_patients(loop: Loop) -> None:
    reports = {row["unit_id"]: row for row in loop.warehouse.read(REPORTS).to_pylist()}
    rows = loop.warehouse.read(PREDICTIONS).to_pylist()
    asked = {row["unit_id"] for row in rows}
    kept = read_neighbours(open_stored(loop.settings.model.uri[1], loop.warehouse.storage).path)
    trained = {unit for unit, row in reports.items() if row["status"] == "ok" and row["reference"]} - asked
    assert 0 < len(kept) <= len(trained)
    for row in rows:
        shown = json.loads(row["exemplars"])
        assert len({near["unit_id"] for near in shown}) == 3
        assert {near["unit_id"] for near in shown} <= trained
        assert row["subject_id"] not in {reports[near["unit_id"]]["subject_id"] for near in shown}
        assert shown == sorted(shown, key=lambda near: -near["cosine"])
        assert row["prompt_id"] == "similar-findings-v1"


def test_scores_in_the_table_are_the_scorers(loop: Loop) -> None:
    scorer = Scorer(stemmer=True)
    for row in loop.warehouse.read(PREDICTIONS).to_pylist():
        expected = scorer.score(row["reference"], row["prediction"] or "")
        assert {name: row[name] for name in ROUGE_COLUMNS} == expected
        assert row["scorer_id"] == scorer.scorer_id


def test_training_is_recorded_as_it_went(loop: Loop) -> None:
    rows = loop.warehouse.read(TRAINING_METRICS).to_pylist()
    by_name = {name: [row for row in rows if row["name"] == name] for name in ("train_loss", "val_loss")}
    assert [row["step"] for row in by_name["train_loss"]] == [4, 8, 12]
    assert by_name["val_loss"][-1]["step"] == 12
    assert by_name["train_loss"][-1]["value"] < by_name["train_loss"][0]["value"]


def test_evaluation_agrees_with_sql_over_predictions(loop: Loop) -> None:
    scorer_id = Scorer(stemmer=True).scorer_id
    evaluated = loop.warehouse.read(EVALUATIONS, where={"stratum": "all", "scorer_id": scorer_id}).to_pylist()
    rows = [row for row in evaluated if row["metric"] == "rouge1"]
    assert {row["system"] for row in rows if row["system"].startswith("floor")} == set(FLOORS)
    for model in ("model", "model-untrained"):
        sql = f"""SELECT count(*) AS n, avg(rouge1_f) AS mean, stddev_samp(rouge1_f) AS sd, min(rouge1_f) AS min,
            quantile_cont(rouge1_f, 0.25) AS p25, quantile_cont(rouge1_f, 0.5) AS p50,
            quantile_cont(rouge1_f, 0.75) AS p75, max(rouge1_f) AS max
            FROM predictions WHERE model_name = '{model}'"""
        (expected,) = query(loop.warehouse, sql).to_pylist()
        (row,) = [row for row in rows if row["system"].split()[0] == model]
        assert {name: row[name] for name in expected} == pytest.approx(expected)


@pytest.mark.parametrize("table", [REPORTS, PREDICTIONS], ids=lambda table: table.name)
def test_duckdb_and_pyiceberg_read_the_same(loop: Loop, table: object) -> None:
    schema = REPORTS if table is REPORTS else PREDICTIONS
    order = ", ".join(schema.key)
    expected = sorted(loop.warehouse.read(schema).to_pylist(), key=lambda row: [row[name] for name in schema.key])
    assert query(loop.warehouse, f"SELECT * FROM {schema.name} ORDER BY {order}").to_pylist() == expected


def test_running_again_writes_nothing_and_says_so(loop: Loop) -> None:
    client, prefix = loop.warehouse.storage.access.boto(), f"{loop.folder.name}/warehouse/"

    def objects() -> dict[str, tuple[object, str]]:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return {entry["Key"]: (entry["LastModified"], entry["ETag"]) for page in pages for entry in page["Contents"]}

    before, start = objects(), loop.output.tell()
    assert not [name for name in before if "/_staging/" in name]
    generate(loop.settings, loop.console)
    printed = loop.output.getvalue()[start:]
    assert printed.count("is there already, made from the same input; nothing written") == 2
    assert objects() == before


def test_the_model_came_from_s3_by_its_digest(loop: Loop) -> None:
    digest = open_model(str(loop.folder / "out" / "model")).digest
    (here,) = [folder.name for folder in (loop.folder / "cache" / "radray" / "models").iterdir()]
    assert here == digest
    rows = loop.warehouse.read(PREDICTIONS, ["model_name", "model_digest"], {"split": "validation"}).to_pylist()
    assert {row["model_digest"] for row in rows if row["model_name"] == "model"} == {digest}


def test_units_and_texts_are_those_of_local_disk(loop: Loop, tmp_path: Path) -> None:
    source = ("source.format=mimic_zip", f"source.uri={loop.folder}/corpus.zip", "split.validation_fraction=0.2")
    local = settings_for(tmp_path, *source)
    prepare(local, Console(file=io.StringIO()))
    names = [column.name for column in REPORTS.columns if column.name not in ("run_key", "run_id", "source_etag")]
    where = {"dataset": "synthetic"}
    here, there = (
        Warehouse(settings.warehouse).read(REPORTS, names, where).sort_by("unit_id").to_pylist()
        for settings in (local, loop.settings)
    )
    assert here == there
    assert len(here) == STUDIES + 3


def test_a_model_trained_on_another_cut_is_not_evaluated_on_this_one(loop: Loop) -> None:
    words = ("split=validation", "split.seed=99", f"model.uri={loop.place}/models/model")
    settings = settings_for(loop.folder, *loop.where, *words)
    with pytest.raises(ConfigError, match="its training reports would stand in validation"):
        generate(settings, loop.console)


def careless_stage() -> Stage:
    """Return a stage that fails with the report's text in its exception, as libraries do."""

    class Careless(Stage):  # made here, so that workers get it by value: they cannot import this module
        reads = ("findings",)
        keeps_rows = True

        def run(self, batch: pa.Table) -> pa.Table:
            raise ValueError(f"could not understand {batch.column('findings')[0]}")

    return Careless()


def test_no_report_text_outside_the_tables(loop: Loop, capfd: pytest.CaptureFixture[str]) -> None:
    data = ray.data.from_arrow(pa.table({"findings": [f"{CANARY} effusion"]}))
    with pytest.raises(Exception, match="StageError") as caught:
        data.map_batches(careless_stage().__call__, batch_format="pyarrow").materialize()
    assert CANARY not in str(caught.value)
    assert StageError.__name__ in str(caught.value)
    assert CANARY not in loop.output.getvalue()
    assert CANARY not in str(loop.warehouse.read(RUNS).to_pylist())
    assert CANARY not in "".join(capfd.readouterr())
    assert logs_with_canary() == []
    # and the search finds what is there: the same failure outside a Stage is in Ray's logs, where they are not off
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    with pytest.raises(Exception, match="could not understand"):
        data.map_batches(careless_stage().run, batch_format="pyarrow").materialize()
    assert logs_with_canary() != []


def log_to_this_session() -> None:
    """Let Ray Data open its log files anew: its handlers keep those of the first Ray session of this process."""
    for handler in logging.getLogger("ray.data").handlers:
        handler.close()  # a closed one opens its file with the next record


def logs_with_canary() -> list[str]:
    """Return the files of this Ray session that hold the canary."""
    session = Path(ray._private.worker._global_node.get_session_dir_path())
    files = [path for path in session.rglob("*") if path.is_file() and "sockets" not in path.parts]
    assert len(files) > 5
    return [path.name for path in files if CANARY.encode() in path.read_bytes()]
