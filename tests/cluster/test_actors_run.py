"""The plan for a Ray of two CPUs runs there: reading and writing are not starved by the actors."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import ray

from radray.cluster.actors import ActorPlan, cluster_nodes, plan_actors
from radray.cluster.connection import ray_cluster
from radray.errors import ConfigError
from radray.models.families.pieces import PATIENTS
from radray.models.families.t5.tiny import build_tiny
from radray.models.folder import ModelFolder, open_model
from radray.models.footprint import engine_bytes
from radray.models.manifest import write_manifest
from radray.pipelines.answers.pipeline import AnswersJob, TaskWork, stage_answers
from radray.pipelines.generate import GenerationJob, stage_predictions
from radray.reports.splits import SplitCut
from radray.schema.examples import EXAMPLES
from radray.settings.cluster import ClusterSettings
from radray.settings.generate import GenerateSettings, ScoreSettings
from radray.settings.model import TinySettings
from radray.settings.warehouse import S3Settings
from radray.storage.files import Storage
from radray.tables.rows import to_arrow
from radray.tasks.decoding import answer_settings
from radray.tasks.registry import find_prompt
from tests.support.paths import ROOT
from tests.support.worlds.answered import ASKED
from tests.support.worlds.night_tables import NIGHT
from tests.support.worlds.report_tables import reports

# a run in which nothing moves ends after load and call timeout
GENERATE = GenerateSettings(
    engine="ctranslate2",
    max_new_tokens=3,
    num_beams=2,
    num_return_sequences=1,
    block_rows=5,
    threads_per_actor=1,
    load_timeout_s=60,
    call_timeout_s=60,
)


@pytest.fixture(scope="module")
def two_cpus() -> Iterator[None]:
    before = os.umask(0o022)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))  # of its workers, whichever radray is installed
        ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
        try:
            with ray_cluster(ClusterSettings()):
                yield
        finally:
            ray.shutdown()
            os.umask(before)


@pytest.fixture
def model(tmp_path: Path) -> ModelFolder:
    size = TinySettings(vocab_size=300, d_model=16, d_ff=16, num_layers=1)
    build_tiny(["small left effusion"] * PATIENTS, tmp_path / "model", size=size, seed=1)
    write_manifest(tmp_path / "model", "m", {})
    return open_model(str(tmp_path / "model"))


def test_the_plan_for_two_cpus_is_one_actor_and_every_report_comes_through(
    two_cpus: None, model: ModelFolder, tmp_path: Path
) -> None:
    nodes = cluster_nodes()
    assert [(node.cpus, node.gpus) for node in nodes] == [(2, 0)]
    memory = engine_bytes(model.path, GENERATE)
    with pytest.raises(ConfigError, match="use that or auto"):
        plan_actors(nodes, GENERATE.model_copy(update={"actors": 2}), memory)
    plan = plan_actors(nodes, GENERATE, memory)
    assert (plan.actors, plan.cpus, plan.cpus_kept) == (1, 1, 1)
    files = []
    for number in range(3):
        rows = reports(20)
        ids = pa.array([f"u{number}-{place:02d}" for place in range(20)])
        files.append(str(tmp_path / f"{number}.parquet"))
        pq.write_table(rows.set_column(0, "unit_id", ids), files[-1], write_page_checksum=True)
    constants = dict.fromkeys(("model_digest", "model_name", "prompt_id", "settings_digest", "engine"), "x")
    constants |= {"task": "impression", "dataset": "d", "split": "train", "run_key": "k", "run_id": "r"}
    job = GenerationJob(
        storage=Storage.of(S3Settings()),
        files=files,
        cut=SplitCut(0.0, 1),
        split="train",
        model=model,
        asked=find_prompt("findings-v1"),
        settings=GENERATE,
        score=ScoreSettings(),
        constants={**constants, "batch_date": NIGHT},
        staging=str(tmp_path / "staging"),
    )
    stage_predictions(job, plan, staged=["u1-03", "u1-04"])
    staged = pq.read_table(tmp_path / "staging", columns=["unit_id"]).column("unit_id").to_pylist()
    expected = {f"u{number}-{place:02d}" for number in range(3) for place in range(20)} - {"u1-03", "u1-04"}
    assert sorted(staged) == sorted(expected)
    answers_of_two_tasks_come_through(model, tmp_path / "answers", plan)


def answers_of_two_tasks_come_through(model: ModelFolder, folder: Path, plan: ActorPlan) -> None:
    """Answer the examples of two tasks, some of which are staged, in the Ray that runs; the folder is a new one."""
    folder.mkdir()
    examples = {"sides": [f"u{number:02d}/left" for number in range(12)], "size": ["u00", "u01"]}
    works = {}
    for task, ids in examples.items():
        blank: dict[str, Any] = dict.fromkeys(column.name for column in EXAMPLES.columns)
        blank |= {"task": task, "item": "", "batch_date": NIGHT, "dataset": "d", "status": "ok", "split": "live"}
        blank |= {"inputs": '{"findings": "Clear.", "side": "left"}', "split_key": "k", "study_id": "s"}
        blank |= dict.fromkeys(("unit_id", "input_digest", "run_key", "run_id"), "x")
        rows = to_arrow([blank | {"example_id": example_id} for example_id in ids], EXAMPLES)
        pq.write_table(rows, folder / f"{task}.parquet", write_page_checksum=True)
        names = (
            "model_digest",
            "model_name",
            "prompt_id",
            "settings_digest",
            "engine",
            "scorer_id",
            "run_key",
            "run_id",
        )
        constants = {
            **dict.fromkeys((*names, "run_key", "run_id"), "x"),
            "batch_date": NIGHT,
            "dataset": "d",
            "split": "live",
            "task": task,
        }
        works[task] = TaskWork(ASKED[task], constants, str(folder / "staging" / task))
    job = AnswersJob(
        storage=Storage.of(S3Settings()),
        files=[str(folder / f"{task}.parquet") for task in examples],
        cut=SplitCut(0.0, 1),
        split="live",
        model=model,
        works=works,
        settings=answer_settings(GENERATE).model_copy(update={"max_new_tokens": 3}),
        run="run-1",
    )
    stage_answers(job, plan, {"sides": ["u03/left"]})
    for task, ids in examples.items():
        staged = pq.read_table(folder / "staging" / task, columns=["example_id"], partitioning=None)
        assert sorted(staged.column("example_id").to_pylist()) == [each for each in ids if each != "u03/left"]


def test_workers_of_a_foreign_cluster_write_for_their_user_alone(two_cpus: None) -> None:
    def rights() -> int:
        before = os.umask(0)
        os.umask(before)
        return before

    assert ray.get(ray.remote(rights).remote()) == 0o022  # as this cluster was started
    address = ray.get_runtime_context().gcs_address
    code = (
        "import os, ray; from radray.cluster.connection import ray_cluster\n"
        "from radray.settings.cluster import ClusterSettings\n"
        "def rights():\n    before = os.umask(0)\n    os.umask(before)\n    return before\n"
        f"with ray_cluster(ClusterSettings(address='{address}', allow_unencrypted=True)):\n"
        "    print(oct(ray.get(ray.remote(rights).remote())))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.strip() == "0o77", done.stderr
