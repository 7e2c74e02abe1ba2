"""The requests that radray's jobs send to S3, by who sent them, recorded before the server of the tests."""

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from rich.console import Console

from jobs.evaluate import evaluate
from jobs.finetune import finetune
from jobs.generate import generate
from jobs.maintain import maintain
from jobs.prepare import prepare
from radray.analytics.query import query
from radray.cluster.connection import ray_cluster
from radray.reports.synthetic.studies import make_studies
from radray.schema.tables import TABLES
from radray.settings.loading import load_settings
from radray.settings.root import Settings
from radray.storage.iceberg_io import _storage
from radray.tables.catalog import Warehouse
from radray.upkeep.erasure import erase
from tests.support.faults.fault_proxy import FaultProxy, running_proxy
from tests.support.policies import Asked, of_s3
from tests.support.s3_server import BUCKET, S3Server
from tests.support.worlds.loop import TINY, write_corpus

NIGHT = "2026-11-21"
ROLES = ("head", "worker", "publish")
STUDIES = 80
_VARIABLE = "AWS_EXECUTION_ENV"
"""What it holds, both AWS clients write into the User-Agent of each request: here, the role that sends it."""


@dataclass
class Recording:
    """What each role asked of S3 in a run whose places the policies have as `values`."""

    values: Mapping[str, str]
    asked: dict[str, set[Asked]] = field(default_factory=lambda: {role: set() for role in ROLES})

    def add(self, proxy: FaultProxy) -> None:
        """Sort what `proxy` logged by role. Raises ValueError for a request of nobody, or that is not understood."""
        for request in proxy.log:
            head = request.head.decode("latin-1")
            # DuckDB writes no variable into its own, and runs in the driver alone
            senders = [role for role in ROLES if f"exec-env/radray-{role}" in head] or ["head"] * ("duckdb/" in head)
            if len(senders) != 1:
                raise ValueError(f"nobody's request: {head[:2000]}")
            self.asked[senders[0]].update(of_s3(request))


def record(folder: Path, s3_server: S3Server, patch: pytest.MonkeyPatch) -> Recording:
    """Run every job that speaks to S3, once: a corpus, a training with checkpoints, a night, an erasure, a query.

    The driver acts as the head of a cluster does, its Ray as the workers. The catalog is a SQLite file: what Glue is
    asked is another service's.
    """
    keys = {place: f"{folder.name}/{place}" for place in ("warehouse", "incoming", "checkpoints", "models")}
    names = {"warehouse": "", "incoming": "source_", "checkpoints": "checkpoint_", "models": "model_"}
    values = {f"{names[place]}prefix": key for place, key in keys.items()}
    recording = Recording(values | {f"{name}bucket": BUCKET for name in names.values()})
    for variable, value in s3_server.environment().items():
        patch.setenv(variable, value)
    patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    patch.chdir(folder)
    _arrive(folder, s3_server, keys["incoming"])
    with running_proxy(s3_server.endpoint) as proxy:
        proxy.hides_missing = True
        _run(_settings(folder, {place: f"s3://{BUCKET}/{key}" for place, key in keys.items()}, proxy), patch)
        recording.add(proxy)
    return recording


def _arrive(folder: Path, s3_server: S3Server, prefix: str) -> None:
    """Put a corpus and a night's reports where they arrive, as somebody else who is not recorded."""
    client = boto3.client(
        "s3", endpoint_url=s3_server.endpoint, region_name="us-east-1", config=Config(s3={"addressing_style": "path"})
    )
    write_corpus(folder / "corpus.zip", STUDIES)
    client.upload_file(str(folder / "corpus.zip"), BUCKET, f"{prefix}/corpus.zip")
    lines = [
        json.dumps({"study_id": study.study_id, "subject_id": study.subject_id, "report": study.text})
        for study in make_studies(12, 5)
    ]
    client.put_object(Bucket=BUCKET, Key=f"{prefix}/{NIGHT}/night.jsonl", Body="\n".join(lines).encode())


def _settings(folder: Path, uris: Mapping[str, str], proxy: FaultProxy) -> Settings:
    return load_settings(
        (),
        [
            *(f"warehouse.uri={uris['warehouse']}", f"warehouse.catalog_uri={folder}/catalog.db"),
            *S3Server(proxy.endpoint).overrides(),
            *(f"source.uri={uris['incoming']}/corpus.zip", "source.format=mimic_zip", "source.dataset=hospital"),
            *("model.init=tiny", *TINY, f"model.out={uris['models']}/model", f"model.uri={uris['models']}/model"),
            *("train.max_steps=4", "train.log_every_steps=2", "train.threads_per_worker=1"),
            *(f"train.checkpoint_uri={uris['checkpoints']}", "train.checkpoint_every_steps=1"),
            *("split.validation_fraction=0.2", "generate.engine=transformers", "generate.max_new_tokens=4"),
        ],
    )


def _run(corpus: Settings, patch: pytest.MonkeyPatch) -> None:
    console = Console(file=io.StringIO(), width=200)
    night = corpus.model_copy(
        update={
            "date": load_settings((), [f"date={NIGHT}"]).date,
            "source": corpus.source.model_copy(
                update={"uri": f"{corpus.source.uri.removesuffix('/corpus.zip')}/{{date}}", "format": "auto"}
            ),
        }
    )
    with _as(patch, "worker"), ray_cluster(corpus.cluster), _as(patch, "head"):
        prepare(corpus, console)
        finetune(corpus, console)
        generate(night, console)
        evaluate(night, console)
    with _as(patch, "head"):
        warehouse = Warehouse(corpus.warehouse)
        assert query(warehouse, "SELECT count(*) AS n FROM predictions").to_pylist() != [{"n": 0}]
        (patient, *_) = (study.subject_id for study in make_studies(12, 5))
        erase(warehouse, patient, None, corpus.model.uri)
        maintain(night, console)
    with _as(patch, "publish"):
        _storage.cache_clear()  # clients of the head
        published = Warehouse(corpus.warehouse.model_copy(update={"catalog_uri": f"{corpus.warehouse.catalog_uri}2"}))
        for schema in TABLES.values():
            published.load(schema)


@contextmanager
def _as(patch: pytest.MonkeyPatch, role: str) -> Iterator[None]:
    with patch.context() as inner:
        inner.setenv(_VARIABLE, f"radray-{role}")
        yield
