"""A hospital on a cluster of a head and two workers, S3 and the README's commands: from a corpus to its nights."""

import datetime
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from radray.schema.evaluations import EVALUATIONS
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.runs import TRAINING_METRICS
from tests.support.s3_server import S3Server
from tests.support.worlds.loop import TINY
from tests.support.worlds.nights import NO_GATES, Nights, running_nights

CORPUS, REPORTS_A_NIGHT = 60, 30
FIRST = datetime.date(2026, 11, 1)
LEARN = (
    "model.init=tiny",
    *TINY,
    "train.workers=2",
    "train.max_steps=4",
    "train.log_every_steps=2",
    "train.rouge_every_epochs=null",
)
HELD_OUT = "split.validation_fraction=0.2"


@pytest.fixture(scope="module")
def nights(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    """Return a hospital that has prepared its corpus."""
    folder = tmp_path_factory.mktemp("nights")
    with running_nights(folder, s3_server, (3, 3), *LEARN, HELD_OUT) as world:
        corpus = ["date=1970-01-01", f"source.uri={world.arrive('corpus', CORPUS)}", "source.format=jsonl"]
        # once by Ray's own command, as it stands in the README
        done = world.ray("job", "submit", "--working-dir", ".", "--", *command("prepare", world, *corpus))
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"prepare: {CORPUS} units in: {CORPUS} ok" in done.stdout
        yield world


@pytest.fixture(scope="module")
def trained(nights: Nights) -> str:
    """Return the setting that names a model that was fine-tuned on two workers."""
    done = nights.submit("finetune", "--config", "jobs/configs/hospital.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    return f"model.uri={nights.folder}/trained"


def command(job: str, world: Nights, *words: str) -> list[str]:
    return ["python", "-m", f"jobs.{job}", "--config", "jobs/configs/hospital.yaml", *words]


def test_a_night_is_submitted_followed_refused_twice_and_read(nights: Nights) -> None:
    assert nights.warehouse.read(REPORTS).num_rows == CORPUS

    night = "2026-11-21"
    nights.arrive(night, REPORTS_A_NIGHT)
    words = nights.words(night, "split=live")
    name = f"generate-{night}-hospital-model"
    # submitted without waiting; a second one learns who has it
    first = nights.submit("generate", *words, "cluster.wait=false")
    assert first.returncode == 0, first.stderr
    assert f"submit: {name}: python -m jobs.generate" in first.stderr
    second = nights.submit("generate", *words)
    assert second.returncode == 4
    assert re.search(rf"error: {name} is (pending|running): nothing was submitted", second.stderr)
    by_hand = nights.ray("job", "submit", "--submission-id", name, "--working-dir", ".", "--", "true")
    assert by_hand.returncode != 0
    assert "already exists" in by_hand.stdout + by_hand.stderr
    # logs arrive, to the end
    log = nights.ray("job", "logs", name, "--follow")
    assert log.returncode == 0
    assert f"{REPORTS_A_NIGHT} reports, " in log.stdout
    assert "succeeded" in nights.ray("job", "status", name).stdout
    nights.whole(night, REPORTS_A_NIGHT)

    done = nights.submit("evaluate", "--config", "jobs/configs/hospital.yaml", f"date={night}")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = nights.warehouse.read(EVALUATIONS, ["system", "n"], {"stratum": "all", "metric": "rouge1"}).to_pylist()
    assert {row["n"] for row in rows if row["system"].startswith("model ")} == {REPORTS_A_NIGHT}


@pytest.mark.drill
def test_a_night_that_is_there_is_left_alone_and_exit_codes_arrive(nights: Nights, trained: str) -> None:
    steps = nights.warehouse.read(TRAINING_METRICS, ["step", "name"]).to_pylist()
    assert {row["step"] for row in steps if row["name"] == "train_loss"} == {2, 4}
    night = "2026-11-20"
    nights.arrive(night, REPORTS_A_NIGHT)
    words = nights.words(night, trained, "split=live")
    assert nights.submit("generate", *words).returncode == 0
    again = nights.submit("generate", *words)
    assert again.returncode == 0, again.stderr
    assert f"submit: generate-{night}-hospital-trained-try2: " in again.stderr
    assert again.stdout.count("is there already, made from the same input; nothing written") == 2
    nights.whole(night, REPORTS_A_NIGHT)
    wrong = nights.submit("generate", *words, f"model.uri={nights.folder}/no-such-model")
    assert wrong.returncode == 3
    assert "there is no such folder" in wrong.stdout


@pytest.mark.drill
def test_thirty_nights_and_the_public_reports_as_one(nights: Nights, trained: str) -> None:
    dates = [str(FIRST + datetime.timedelta(days=day)) for day in range(int(os.environ.get("RADRAY_NIGHTS", "30")))]
    for place, date in enumerate(dates):
        nights.arrive(date, REPORTS_A_NIGHT + place, seed=place)
        done = nights.submit("generate", *nights.words(date, trained))
        assert done.returncode == 0, done.stdout + done.stderr
    for place, date in enumerate(dates):
        nights.whole(date, REPORTS_A_NIGHT + place, seed=place)
    assert len(nights.commit_runs()) >= len(dates)

    file = Path(os.environ.get("RADRAY_DATA", "")) / "openi" / "indiana_reports.csv"
    if not file.is_file():
        pytest.skip("RADRAY_DATA has no Open-i reports: thirty synthetic nights were run, and not that one")
    words = ["--config", "jobs/configs/hospital.yaml", "date=2026-12-24", "source.format=openi_csv"]
    words += NO_GATES  # none lets the words of a model of four steps pass
    done = nights.submit("generate", *words, f"source.uri={file}", "source.dataset=openi", trained)
    assert done.returncode == 0, done.stdout + done.stderr
    where = {"dataset": "openi", "batch_date": datetime.date(2026, 12, 24)}
    ok = nights.warehouse.read(REPORTS, ["unit_id"], {**where, "status": "ok"}).column("unit_id").to_pylist()
    rows = nights.warehouse.read(PREDICTIONS, ["unit_id"], where).column("unit_id").to_pylist()
    assert sorted(rows) == sorted(ok)
    assert len(rows) > 1_000
