"""Nights on a cluster on which things go wrong, submitted as an operator does; each ends whole, once, by one commit."""

import errno
import json
import os
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from radray.models.manifest import read_manifest
from radray.reports.synthetic.studies import make_studies
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.runs import TRAINING_METRICS
from radray.storage.files import is_s3
from tests.support.faults.gate import running_gate
from tests.support.s3_server import BUCKET, S3Server
from tests.support.worlds.cluster import JOB_PATIENCE_S, STORE_BYTES, running_cluster
from tests.support.worlds.loop import TINY
from tests.support.worlds.nights import CONFIG, SLOW, Nights, running_nights

REPORTS_A_NIGHT = 60
DOWN_S = 60.0

pytestmark = pytest.mark.drill  # 18 minutes


@pytest.fixture(scope="module")
def nights(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    with running_nights(tmp_path_factory.mktemp("drills"), s3_server) as world:
        yield world


def staged(world: Nights, table: str) -> int:
    """Return the number of files staged for `table`."""
    place = f"{world.warehouse.layout.root}/_staging/{table}"
    assert is_s3(place)
    return len(world.warehouse.storage.list_files(place, ".parquet"))


def wait_for_staged(world: Nights, table: str, job: "subprocess.Popen[str]", at_least: int = 1) -> int:
    """Wait until so many files are staged while the job runs, and return how many."""
    wait_while_running(job, lambda: staged(world, table) >= at_least)
    return staged(world, table)


def wait_while_running(job: "subprocess.Popen[str]", met: Callable[[], bool]) -> None:
    """Wait until `met` while the job runs."""
    deadline = time.monotonic() + JOB_PATIENCE_S
    while not met():
        assert job.poll() is None, f"it ended before it was met: {job.communicate()}"
        assert time.monotonic() < deadline, "it was not met in time"
        time.sleep(0.05)


def ended(job: "subprocess.Popen[str]") -> str:
    """Wait for the job's submitter and return its output; it must have succeeded."""
    out, err = job.communicate(timeout=JOB_PATIENCE_S)
    assert job.returncode == 0, out + err
    return out + err


def test_a_worker_is_killed_while_it_generates(nights: Nights) -> None:
    night = "2026-11-01"
    nights.arrive(night, REPORTS_A_NIGHT)
    job = nights.submitting("generate", *nights.words(night, *SLOW))
    wait_for_staged(nights, PREDICTIONS.name, job)
    writers = [worker for worker in nights.cluster.workers if worker.named("WriteImpressions")]
    assert len(writers) == 2
    nights.cluster.kill(writers[0])
    assert job.poll() is None
    printed = ended(job)
    assert "a machine was lost" in printed
    nights.cluster.wait_for_nodes(2)
    nights.whole(night, REPORTS_A_NIGHT)
    assert len(nights.runs(night)) == 1
    nights.cluster.add_worker()


def test_a_worker_is_killed_while_it_prepares(nights: Nights) -> None:
    night, files, each = "2026-11-02", 12, 1_000
    for number in range(files):
        lines = [
            {"study_id": f"{number}-{study.study_id}", "subject_id": study.subject_id, "report": study.text}
            for study in make_studies(each, number)
        ]
        nights.upload(night, f"{number}.jsonl", "".join(json.dumps(line) + "\n" for line in lines).encode())
    job = nights.submitting("prepare", *nights.words(night))
    before = wait_for_staged(nights, REPORTS.name, job)
    nights.cluster.kill(nights.cluster.workers[0])
    assert job.poll() is None
    ended(job)
    assert 0 < before < files
    nights.cluster.wait_for_nodes(2)
    assert nights.prepared(night) == {("ok", None): files * each}
    assert [row["status"] for row in nights.runs(night, "prepare")] == ["finished"]
    nights.cluster.add_worker()


def test_a_worker_is_killed_while_it_trains(nights: Nights) -> None:
    steps, batch = 60, "2026-10-31"
    nights.arrive(batch, REPORTS_A_NIGHT)
    corpus = nights.words(batch, "date=1970-01-01", "split.validation_fraction=0.2")
    assert nights.submit("prepare", *corpus).returncode == 0
    learn = [*TINY, "model.init=tiny", "train.workers=2", "train.epochs=100", f"train.max_steps={steps}"]
    learn += ["train.checkpoint_every_steps=1", "train.log_every_steps=1", "train.rouge_every_epochs=null"]
    job = nights.submitting("finetune", "--config", CONFIG, "split.validation_fraction=0.2", *learn)
    checkpoints = nights.folder / "trained-checkpoints"
    wait_while_running(job, lambda: any(checkpoints.glob("*/step-*/manifest.json")))
    trains = [worker for worker in nights.cluster.workers if worker.named("RayTrainWorker")]
    assert trains
    nights.cluster.kill(trains[0])
    assert job.poll() is None
    printed = ended(job)
    assert "resumes from the checkpoint of step" in printed
    nights.cluster.wait_for_nodes(2)
    logged = nights.warehouse.read(TRAINING_METRICS, ["step"], {"name": "train_loss"}).to_pylist()
    assert sorted(row["step"] for row in logged) == list(range(1, steps + 1))
    assert read_manifest(nights.folder / "trained").provenance["metrics"]["steps"] == steps
    nights.cluster.add_worker()


def test_the_driver_is_killed_and_the_night_submitted_again(nights: Nights) -> None:
    night = "2026-11-03"
    nights.arrive(night, REPORTS_A_NIGHT)
    words = nights.words(night, *SLOW)
    job = nights.submitting("generate", *words)
    wait_for_staged(nights, PREDICTIONS.name, job)
    nights.cluster.driver("jobs.generate", night).kill()
    out, err = job.communicate(timeout=JOB_PATIENCE_S)
    assert job.returncode == 137, out + err
    assert nights.predicted(night) == []
    done = nights.submit("generate", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"generate-{night}-hospital-model-try2" in done.stderr
    nights.whole(night, REPORTS_A_NIGHT)
    first, second = nights.runs(night)
    assert (first["status"], second["status"]) == ("running", "finished")
    assert second["rows_resumed"] > 0


def test_the_job_is_stopped_and_the_night_submitted_again(nights: Nights) -> None:
    night = "2026-11-14"
    nights.arrive(night, REPORTS_A_NIGHT)
    words = nights.words(night, *SLOW)
    job = nights.submitting("generate", *words)
    wait_for_staged(nights, PREDICTIONS.name, job)
    stopped = nights.ray("job", "stop", f"generate-{night}-hospital-model")
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
    out, err = job.communicate(timeout=JOB_PATIENCE_S)
    assert job.returncode == 130, out + err
    assert nights.predicted(night) == []
    done = nights.submit("generate", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    nights.whole(night, REPORTS_A_NIGHT)
    assert nights.runs(night)[-1]["rows_resumed"] > 0


def test_a_node_joins_in_the_middle(nights: Nights) -> None:
    night = "2026-11-04"
    nights.arrive(night, REPORTS_A_NIGHT)
    nights.cluster.kill(nights.cluster.workers[0])
    nights.cluster.wait_for_nodes(2)
    job = nights.submitting("generate", *nights.words(night, *SLOW))
    wait_for_staged(nights, PREDICTIONS.name, job)
    nights.cluster.add_worker()
    assert job.poll() is None
    ended(job)
    nights.whole(night, REPORTS_A_NIGHT)


@pytest.mark.parametrize("by_hand", [False, True], ids=["jobs.submit", "ray job submit"])
def test_two_submit_one_night_at_once(nights: Nights, by_hand: bool) -> None:
    night = f"2026-11-0{5 + by_hand}"
    nights.arrive(night, REPORTS_A_NIGHT)
    words = nights.words(night, *SLOW)
    if by_hand:  # with ids that Ray makes, both run: the lease tells the second
        command = ["ray", "job", "submit", "--working-dir", ".", "--", "python", "-m", "jobs.generate", *words]
    else:
        command = ["python", "-m", "jobs.submit", "generate", *words]
    both = [nights.cluster.start(*command, cwd=nights.checkout) for _ in range(2)]
    outputs = ["".join(process.communicate(timeout=JOB_PATIENCE_S)) for process in both]
    codes = sorted(process.returncode for process in both)
    assert codes == ([0, 1] if by_hand else [0, 4]), outputs
    (lost,) = [text for text, process in zip(outputs, both, strict=True) if process.returncode]
    assert ("failed with exit code 4" if by_hand else "nothing was submitted") in lost
    nights.whole(night, REPORTS_A_NIGHT)


def test_a_night_without_reports_and_one_with_bad_ones_alone(nights: Nights) -> None:
    empty, bad = "2026-11-07", "2026-11-08"
    lines = [{"study_id": str(number), "report": "IMPRESSION: no findings here."} for number in range(9)]
    nights.upload(bad, "night.jsonl", "".join(json.dumps(line) + "\n" for line in lines).encode())
    # a file without a byte is no night without reports but an export that failed
    nights.upload(empty, "night.jsonl", b"")
    done = nights.submit("generate", *nights.words(empty))
    assert done.returncode == 3
    assert f"incoming/{empty}/night.jsonl: the JSON lines file is empty" in done.stdout
    nights.warehouse.storage.remove_object(f"s3://{BUCKET}/{nights.prefix}/incoming/{empty}/night.jsonl")
    # the source says by its {date} which files are a night's: none is a night too
    source = f"source.uri=s3://{BUCKET}/{nights.prefix}/incoming/{{date}}/"
    done = nights.submit("generate", *nights.words(empty, source))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (nights.predicted(empty), nights.prepared(empty)) == ([], Counter())
    assert [row["status"] for row in nights.runs(empty)] == ["finished"]

    done = nights.submit("generate", *nights.words(bad))
    assert done.returncode == 3
    assert "9 of 9 units were rejected, more than source.max_rejected_fraction" in done.stdout
    assert nights.prepared(bad) == Counter()
    done = nights.submit("generate", *nights.words(bad, "source.max_rejected_fraction=1"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert nights.prepared(bad) == {("rejected", "no_findings"): 9}
    assert nights.predicted(bad) == []
    assert [row["status"] for row in nights.runs(bad)] == ["finished"]


def test_the_input_is_corrected_and_the_night_rerun(nights: Nights) -> None:
    night = "2026-11-09"
    nights.arrive(night, REPORTS_A_NIGHT, seed=5)
    assert nights.submit("generate", *nights.words(night)).returncode == 0
    before = nights.predicted(night)
    nights.whole(night, REPORTS_A_NIGHT, seed=5)
    # two more reports, and another text for one that was there
    key = f"{nights.prefix}/incoming/{night}/night.jsonl"
    client = nights.warehouse.storage.access.boto()
    lines = client.get_object(Bucket="radray", Key=key)["Body"].read().decode().splitlines()
    changed = json.loads(lines[7])
    changed["report"] = changed["report"].replace("FINDINGS:", "FINDINGS:  Corrected by the reader.", 1)
    more = [
        {"study_id": f"{night}-{study.study_id}", "subject_id": study.subject_id, "report": study.text}
        for study in list(make_studies(REPORTS_A_NIGHT + 2, 5))[REPORTS_A_NIGHT:]
    ]
    lines = [*lines[:7], json.dumps(changed), *lines[8:], *(json.dumps(row) for row in more)]
    nights.upload(night, "night.jsonl", "".join(f"{line}\n" for line in lines).encode())
    done = nights.submit("generate", *nights.words(night))
    assert done.returncode == 0, done.stdout + done.stderr
    after = nights.predicted(night)
    assert [row["study_id"] for row in after] == nights.ids(night, REPORTS_A_NIGHT + 2)
    (other,) = [row for row in after if row["study_id"] == changed["study_id"]]
    assert "Corrected by the reader." in other["findings"]
    old, new = ({row["study_id"]: row["prediction"] for row in rows} for rows in (before, after))
    same = old.keys() - {changed["study_id"]}
    assert {name: old[name] for name in same} == {name: new[name] for name in same}
    assert nights.runs(night)[-1]["rows_copied"] == len(same)
    assert nights.commits(night) == 2


def test_s3_is_down_for_a_minute(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> None:
    night = "2026-11-10"
    with running_gate(s3_server.endpoint) as gate:
        behind = S3Server(gate.endpoint)
        with running_nights(tmp_path_factory.mktemp("down"), behind) as world:
            world.arrive(night, REPORTS_A_NIGHT)
            job = world.submitting("generate", *world.words(night, *SLOW))
            wait_for_staged(world, PREDICTIONS.name, job)
            gate.shut_for(DOWN_S)
            out, err = job.communicate(timeout=JOB_PATIENCE_S)
            assert gate.broken > 1
            if job.returncode:  # it may give up, and say so; the same command then goes on
                assert job.returncode == 1, out + err
                assert "storage failed" in out
                done = world.submit("generate", *world.words(night, *SLOW))
                assert done.returncode == 0, done.stdout + done.stderr
                assert world.runs(night)[-1]["rows_resumed"] > 0
            world.whole(night, REPORTS_A_NIGHT)


def test_the_date_is_the_nights_whatever_a_machine_calls_today(nights: Nights) -> None:
    night = "2026-11-11"
    nights.arrive(night, REPORTS_A_NIGHT)
    began = datetime.now(UTC).replace(tzinfo=None)
    days = set()
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):  # 26 hours apart: one of them is always in another day
        environment = json.dumps({"env_vars": {"TZ": zone}})
        probe = "import time; print('today is', time.strftime('%F'))"
        for command in (["-c", probe], ["-m", "jobs.generate", *nights.words(night)]):
            flags = ["--working-dir", ".", "--runtime-env-json", environment]
            done = nights.ray("job", "submit", *flags, "--", "python", *command)
            assert done.returncode == 0, done.stdout + done.stderr
            days |= {line for line in done.stdout.splitlines() if line.startswith("today is")}
    assert len(days) >= 2
    assert "is there already, made from the same input; nothing written" in done.stdout
    nights.whole(night, REPORTS_A_NIGHT)
    (run,) = nights.runs(night)
    assert began - timedelta(seconds=1) <= run["started"].replace(tzinfo=None) <= run["ended"].replace(tzinfo=None)
    assert run["ended"].replace(tzinfo=None) - began < timedelta(hours=1)


def test_nodes_are_started_for_a_night_that_finds_none(
    s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    night, folder = "2026-11-12", tmp_path_factory.mktemp("scaling")
    cluster = running_cluster((), s3_server.environment(), scales_to=2)
    with running_nights(folder, s3_server, (), cluster=cluster) as world:
        assert world.cluster.nodes_alive() == 1
        world.arrive(night, REPORTS_A_NIGHT)
        done = world.submit("generate", *world.words(night, "cluster.ask=[{CPU: 4}]"))
        assert done.returncode == 0, done.stdout + done.stderr
        world.whole(night, REPORTS_A_NIGHT)
        assert world.cluster.nodes_alive() > 1


NEIGHBOUR = f"""
import ray, time, numpy
ray.init()
class Neighbour:
    def fill(self):
        self.kept = []
        try:
            while True:
                self.kept.append(ray.put(numpy.ones({STORE_BYTES} // 20, 'u1')))
        except Exception as error:
            return type(error).__name__
neighbour = ray.remote(num_cpus=0.5, scheduling_strategy='SPREAD')(Neighbour)
both = [neighbour.remote() for _ in range(2)]
print('filled', ray.get([one.fill.remote() for one in both]), flush=True)
time.sleep(600)
"""
"""Another job of the cluster: it fills the stores of the workers, says what ended that, and holds them."""


def fill(disk: Path) -> int:
    """Fill the disk at `disk` and return the error that refused the last byte."""
    try:
        with (disk / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))
    except OSError as error:
        return error.errno or 0


@pytest.mark.skipif(os.geteuid() != 0, reason="a disk of its own needs a mount")
def test_the_disk_that_ray_spills_to_is_full(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> None:
    night, folder = "2026-11-13", tmp_path_factory.mktemp("spill")
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], check=True)
    try:
        assert fill(disk) == errno.ENOSPC
        cluster = running_cluster((3, 3), s3_server.environment(), worker_flags=[f"--object-spilling-directory={disk}"])
        with running_nights(folder, s3_server, (), cluster=cluster) as world:
            world.arrive(night, REPORTS_A_NIGHT)
            flags = ["--submission-id", "neighbour", "--no-wait", "--"]
            assert world.ray("job", "submit", *flags, "python", "-c", NEIGHBOUR).returncode == 0
            deadline = time.monotonic() + JOB_PATIENCE_S
            while "filled [" not in (log := world.ray("job", "logs", "neighbour").stdout):
                assert time.monotonic() < deadline, log
            # the fault: no room in memory, and none on disk
            assert log.count("OutOfDiskError") + log.count("ObjectStoreFullError") >= 2, log
            job = world.submitting("generate", *world.words(night))
            leaves = threading.Timer(30, lambda: world.ray("job", "stop", "neighbour"))
            leaves.start()
            out, err = job.communicate(timeout=JOB_PATIENCE_S)
            leaves.join()
            if job.returncode:
                assert job.returncode == 1, out + err
                done = world.submit("generate", *world.words(night))
                assert done.returncode == 0, done.stdout + done.stderr
            world.whole(night, REPORTS_A_NIGHT)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
