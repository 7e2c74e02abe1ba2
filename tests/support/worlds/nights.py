"""What the tests on a cluster of processes work on: a fresh checkout, nights on S3, one settings file, one operator."""

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from radray.reports.synthetic.studies import make_studies
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.settings.gates import ExcessRates, FlagRates
from radray.settings.loading import load_settings
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse
from tests.support.paths import ROOT
from tests.support.s3_server import BUCKET, S3Server
from tests.support.worlds.cluster import ProcessCluster, running_cluster
from tests.support.worlds.loop import CANARY, PROMPT, tiny_model

CONFIG = "jobs/configs/hospital.yaml"
SHIPPED = re.compile(r"(jobs|radray)/|pyproject\.toml$|\.rayignore$|\.gitignore$")
SLOW = ("generate.block_rows=5", "generate.batch_size=1", "generate.num_beams=4", "generate.max_new_tokens=16")
"""Slow enough to be met half-way: a block of 5 reports, one report a call."""
NO_GATES = (
    "gates.max_failed_rate=1",
    "gates.max_unparsed_fraction=1",
    "gates.max_tier_a_rate=1",
    "gates.max_rouge_l_drop=1",
    "gates.min_distinct_rate=0",
    *(f"gates.max_flag_rates.{name}=null" for name in FlagRates.model_fields),
    *(f"gates.max_excess_rates.{name}=null" for name in ExcessRates.model_fields),
)
"""What lets the words of a model that has learnt nothing pass."""


@dataclass
class Nights:
    """A hospital: its folder that all nodes see, its cluster, its warehouse on S3."""

    folder: Path
    cluster: ProcessCluster
    s3: S3Server
    checkout: Path
    prefix: str

    @property
    def settings(self) -> Settings:
        return load_settings([str(self.checkout / CONFIG)], [])

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.settings.warehouse)

    def upload(self, date: str, file: str, content: bytes) -> str:
        """Put `content` among the files of a night and return the night's prefix."""
        client = self.warehouse.storage.access.boto()
        key = f"{self.prefix}/incoming/{date}"
        client.put_object(Bucket=BUCKET, Key=f"{key}/{file}", Body=content)
        return f"s3://{BUCKET}/{key}"

    def arrive(self, date: str, reports: int, seed: int = 5) -> str:
        """Let a night's reports arrive as one file, every tenth with the canary, and return the night's prefix."""
        studies = make_studies(reports, seed)
        lines = [
            {
                "study_id": f"{date}-{study.study_id}",
                "subject_id": study.subject_id,
                "report": study.text.replace("FINDINGS:", f"FINDINGS:  {CANARY} seen.", 1)
                if place % 10 == 0
                else study.text,
            }
            for place, study in enumerate(studies)
        ]
        return self.upload(date, "night.jsonl", "".join(json.dumps(line) + "\n" for line in lines).encode())

    def words(self, date: str, *words: str) -> list[str]:
        """Return the settings of a night beyond the file's."""
        source = f"s3://{BUCKET}/{self.prefix}/incoming/{date}"
        return ["--config", CONFIG, f"date={date}", f"source.uri={source}", "source.format=jsonl", *words]

    def submit(self, job: str, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run `python -m jobs.submit` as the README has it, in the checkout; return its exit code and output."""
        done = self.cluster.run("python", "-m", "jobs.submit", job, *words, cwd=self.checkout)
        assert CANARY not in done.stdout + done.stderr
        return done

    def submitting(self, job: str, *words: str) -> "subprocess.Popen[str]":
        """Start the same and return its process."""
        return self.cluster.start("python", "-m", "jobs.submit", job, *words, cwd=self.checkout)

    def ray(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run Ray's own command line as the operator would."""
        return self.cluster.run("ray", *words, cwd=self.checkout)

    @staticmethod
    def ids(date: str, reports: int, seed: int = 5) -> list[str]:
        """Return the study ids that `arrive` of the same arguments let arrive, sorted."""
        return sorted(f"{date}-{study.study_id}" for study in make_studies(reports, seed))

    def predicted(self, date: str) -> list[dict[str, Any]]:
        """Return the rows of a night's predictions, by study."""
        where = {"batch_date": load_settings((), [f"date={date}"]).date}
        columns = ["study_id", "run_id", "status", "reason", "prediction", "findings"]
        return sorted(self.warehouse.read(PREDICTIONS, columns, where).to_pylist(), key=lambda row: row["study_id"])

    def prepared(self, date: str) -> Counter[tuple[str, str | None]]:
        """Return how many reports a night has by status and reason."""
        where = {"batch_date": load_settings((), [f"date={date}"]).date}
        rows = self.warehouse.read(REPORTS, ["status", "reason"], where).to_pylist()
        return Counter((row["status"], row["reason"]) for row in rows)

    def runs(self, date: str, job: str = "generate") -> list[dict[str, Any]]:
        """Return the `runs` rows of a night's job, in the order they began."""
        where = {"batch_date": load_settings((), [f"date={date}"]).date, "job": job}
        return sorted(self.warehouse.read(RUNS, None, where).to_pylist(), key=lambda row: row["started"])

    def commits(self, date: str) -> int:
        """Return how many snapshots of `predictions` were made by the runs of a night."""
        runs = {row["run_id"] for row in self.runs(date)}
        return len({name for name in self.commit_runs() if name in runs})

    def commit_runs(self) -> list[str]:
        """Return the run of each commit of `predictions`, in order; a commit's own snapshots count once."""
        runs: list[str] = []
        for snapshot in self.warehouse.load(PREDICTIONS).snapshots():
            properties = {} if snapshot.summary is None else snapshot.summary.additional_properties
            run = next((value for name, value in properties.items() if name == "radray.run-id"), None)
            if run is not None and run not in runs:
                runs.append(run)
        return runs

    def whole(self, date: str, reports: int, seed: int = 5) -> None:
        """Assert that a night is there once: each report a row, no other row, one commit, nothing staged."""
        rows = self.predicted(date)
        assert [row["study_id"] for row in rows] == self.ids(date, reports, seed)
        # a model that has learnt nothing may write what looks like an identifier
        assert {row["reason"] for row in rows} <= {None, "empty_output", "identifier"}
        assert self.commits(date) == 1
        assert [row["status"] for row in self.runs(date)][-1:] == ["finished"]
        staged = f"{self.warehouse.layout.root}/_staging/{PREDICTIONS.name}"
        assert self.warehouse.storage.list_files(staged, ".parquet") == []


@contextmanager
def running_nights(
    folder: Path,
    s3: S3Server,
    workers: Sequence[int] = (3, 3),
    *words: str,
    cluster: AbstractContextManager[ProcessCluster] | None = None,
) -> Iterator[Nights]:
    """Run a hospital with a tiny untrained model in `folder`; `words` are settings for its file.

    `cluster`: what runs the cluster, where it is not one of plain `workers`.
    """
    checkout = fresh_checkout(folder)
    model = tiny_model(folder / "model", [PROMPT.fill(study.text, None) for study in make_studies(40, 5)])
    settings = load_settings(
        (),
        [
            *(f"warehouse.uri=s3://{BUCKET}/{folder.name}/warehouse", f"warehouse.catalog_uri={folder}/catalog.db"),
            *(*s3.overrides(), "source.dataset=hospital", f"model.uri={model}", f"model.out={folder}/trained"),
            "cluster.allow_unencrypted=true",  # one machine, whose nodes have an address off loopback
            # one engine that needs no parity run; a night here is too small for another
            *("generate.engine=transformers", "generate.max_new_tokens=6", "generate.block_rows=10", *words),
        ],
    )
    (checkout / CONFIG).write_text(yaml.safe_dump(settings.model_dump(mode="json", exclude_unset=True)))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3.environment().items():
            patch.setenv(name, value)
        with cluster or running_cluster(workers, s3.environment()) as running:
            yield Nights(folder, running, s3, checkout, folder.name)


def fresh_checkout(folder: Path) -> Path:
    """Copy what the repository tracks of its code, as it stands, into a folder of its own, as a clone would have it."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git clone: there is no list of tracked files")
    checkout = folder / "checkout"
    for name in filter(SHIPPED.match, listed.stdout.splitlines()):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_bytes((ROOT / name).read_bytes())
    return checkout
