import datetime
import os
import pickle
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pytest
import ray
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

from radray.errors import ConflictError, InputError, RadrayError
from radray.models.exemplars import FixedExemplar, read_exemplars
from radray.models.families.registry import open_family
from radray.models.families.t5.loading import load_model
from radray.models.folder import open_model
from radray.settings.train import TrainSettings
from radray.settings.warehouse import S3Settings
from radray.storage.files import Storage
from radray.training.checkpoints.files import CheckpointManifest, step_name, steps_in
from radray.training.checkpoints.uploads import Uploads
from radray.training.driver.job import FinetuneJob, keep_local
from radray.training.driver.trainer import finetune, held_alone, run_config
from radray.training.loop.loop import evaluate
from radray.training.loop.sharding import Learner, Worker
from radray.training.loop.validation import FIGURES
from radray.training.progress import Metric, MetricStream, now
from tests.support.paths import ROOT
from tests.support.training.examples import tokenise
from tests.support.training.held_uploads import HeldUploads
from tests.support.training.toy import build_toy, toy_pairs
from tests.support.training.toy_finetune import CANARY, DRILL_STEPS, SCORING, SETTINGS, Run, start_ray, table, wrong

EVERY_STEP = SETTINGS.model_copy(update={"checkpoint_every_steps": 1})
PICKED = (FixedExemplar("e1", None, "Clear.", "Normal."),)
Pairs = dict[str, tuple[list[str], list[str]]]


@pytest.fixture(scope="module")
def session_logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        # what workers have of it is then from our driver
        patch.delenv("GOMP_SPINCOUNT", raising=False)
        logs = start_ray()
    yield logs
    ray.shutdown()


@pytest.fixture(scope="module")
def run(
    session_logs: Path,
    toy_model: Path,
    pairs: Pairs,
    tmp_path_factory: pytest.TempPathFactory,
) -> Run:
    return _finetune(toy_model, pairs, tmp_path_factory.mktemp("run"), SETTINGS)


def _finetune(
    toy_model: Path,
    pairs: Pairs,
    root: Path,
    settings: TrainSettings,
    on_metric: Callable[[Metric], None] | None = None,
    deliver: Callable[[Path], None] = keep_local,
    notes: list[str] | None = None,
    uploads: Uploads | None = None,
    chat: bool = False,
) -> Run:
    """Fine-tune below `root`; `notes` gets the lines that are to be read, also of a run that fails."""
    heard: list[Metric] = []
    notes = [] if notes is None else notes

    def hear(metric: Metric) -> None:
        heard.append(metric)
        if on_metric is not None:
            on_metric(metric)

    job = FinetuneJob(
        train=table(pairs["train"]),
        validation=wrong(pairs["validation"]),
        init=toy_model,
        out=root / "model",
        settings=settings,
        checkpoints=root / "checkpoints",
        provenance={"prompt_id": "findings-v1", "settings": {"epochs": 4}},
        scoring=SCORING,
        deliver=deliver,
        uploads=uploads,
        exemplars=PICKED,
        chat=chat,
    )
    result = finetune(job, hear, notes.append)
    return Run(result, root / "model", heard, notes)


def _values(run: Run, name: str) -> list[float]:
    return [metric.value for metric in run.metrics if metric.name == name]


def test_the_loss_falls_and_every_step_is_counted(run: Run) -> None:
    losses = _values(run, "train_loss")
    assert losses[-1] < 0.5 * losses[0]
    assert run.result.steps == 40 == int(_values(run, "steps_total")[0])
    assert [metric.step for metric in run.metrics if metric.name == "train_loss"] == list(range(5, 41, 5))
    assert [(metric.step, metric.epoch) for metric in run.metrics if metric.name == "val_loss"] == [
        (10, 1.0),
        (20, 2.0),
        (30, 3.0),
        (40, 4.0),
    ]
    assert run.result.seconds > 0
    assert run.result.examples_per_second > 0


def test_the_best_epoch_is_the_one_that_was_kept(run: Run, pairs: Pairs) -> None:
    losses = _values(run, "val_loss")
    assert run.result.best_val_loss == min(losses)
    assert run.result.best_epoch == losses.index(min(losses)) + 1 < 3
    rows = wrong(pairs["validation"])
    family = open_family(run.out)
    examples = tokenise(
        *(family, family.load_tokenizer(run.out)),
        rows["input"].to_pylist(),
        rows["target"].to_pylist(),
        max_input_tokens=SETTINGS.max_input_tokens,
        max_target_tokens=SETTINGS.max_target_tokens,
    )
    model = load_model(run.out)
    assert evaluate(Learner(model, model, Worker()), examples, 8) == pytest.approx(min(losses), rel=1e-5)


def test_truncated_inputs_are_counted(run: Run) -> None:
    assert 0 < _values(run, "train_inputs_truncated")[0] < 75
    assert _values(run, "train_targets_truncated") == [0.0]


def test_values_come_in_order_with_the_time_of_the_worker(run: Run) -> None:
    times = [metric.time for metric in run.metrics]
    assert times == sorted(times)
    assert all(time.tzinfo is None for time in times)
    assert times[-1] - times[0] > datetime.timedelta(milliseconds=100)


def test_a_value_is_heard_while_the_work_goes_on(session_logs: Path) -> None:
    heard: list[Metric] = []
    arrived = threading.Event()

    def on_metric(metric: Metric) -> None:
        heard.append(metric)
        arrived.set()

    first, last = (Metric(step, 0.5, "train_loss", 1.0, now()) for step in (1, 2))
    with MetricStream(on_metric) as stream:
        ray.get(stream.box.put.remote(first))
        assert arrived.wait(timeout=60)
        assert heard == [first]
        ray.get(stream.box.put.remote(last))
    assert heard == [first, last]


def test_a_listener_that_fails_is_heard_of(session_logs: Path) -> None:
    def on_metric(metric: Metric) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"), MetricStream(on_metric) as stream:
        ray.get(stream.box.put.remote(Metric(1, 0.5, "train_loss", 1.0, now())))


def test_the_model_folder_verifies_and_records_its_provenance(run: Run) -> None:
    model = open_model(str(run.out))
    assert model.digest == run.result.digest
    assert model.name == "model"
    provenance = model.manifest.provenance
    assert provenance["prompt_id"] == "findings-v1"
    assert provenance["settings"] == {"epochs": 4}
    assert provenance["metrics"]["best_val_loss"] == run.result.best_val_loss
    assert provenance["metrics"]["steps"] == 40
    assert set(provenance["versions"]) == {"radray", "ray", "tokenizers", "torch", "transformers"}
    assert sorted(model.manifest.files) == [
        "README.md",
        "config.json",
        "curves.svg",
        "exemplars.parquet",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    assert read_exemplars(run.out) == PICKED
    assert not (run.out.parent / "checkpoints").exists()
    card, curves = ((run.out / name).read_text() for name in ("README.md", "curves.svg"))
    assert f"- best_val_loss: {run.result.best_val_loss:.4g}" in card
    assert "ROUGE-1, abnormal" in curves
    assert CANARY not in card + curves


def test_rouge_is_taken_as_often_as_said_and_kept_with_the_model(run: Run) -> None:
    for name in FIGURES:
        assert [metric.step for metric in run.metrics if metric.name == name] == [20, 40]
    kept = round(run.result.best_epoch * 10)
    expected = {
        metric.name: metric.value for metric in run.metrics if metric.step == kept and metric.name.startswith("val_")
    }
    assert run.result.validation == expected
    assert open_model(str(run.out)).manifest.provenance["metrics"]["validation"] == expected


def test_hugging_face_alone_loads_the_model_with_its_own_output_layer(run: Run, toy_model: Path) -> None:
    model = AutoModelForSeq2SeqLM.from_pretrained(run.out, local_files_only=True)
    start = load_file(toy_model / "model.safetensors")
    assert not torch.equal(model.lm_head.weight, model.shared.weight)
    assert not torch.equal(model.lm_head.weight, start["lm_head.weight"])
    tokenizer = AutoTokenizer.from_pretrained(run.out, local_files_only=True)
    assert tokenizer("")["input_ids"] == [1]


def test_a_failing_training_is_one_clear_error_without_text(
    run: Run,
    session_logs: Path,
    toy_model: Path,
    pairs: Pairs,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(toy_model, broken)
    weights = load_file(broken / "model.safetensors")
    weights["lm_head.weight"][5, 5] = float("nan")
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    before = open_model(str(run.out)).digest
    job = FinetuneJob(
        train=table(pairs["train"]),
        validation=wrong(pairs["validation"]),
        init=broken,
        out=run.out,
        settings=SETTINGS,
        checkpoints=tmp_path / "checkpoints",
        provenance={},
    )
    with pytest.raises(RadrayError, match=r"^fine-tuning: the loss is nan at step 1; lower train.learning_rate"):
        finetune(job, lambda metric: None)
    assert open_model(str(run.out)).digest == before
    captured = capfd.readouterr()
    logs = [file for file in session_logs.rglob("*") if file.is_file()]
    # there are logs to look into; our own error is not in them, the worker hands it back
    assert sum(file.stat().st_size for file in logs) > 10_000
    assert [file.name for file in logs if CANARY.encode() in file.read_bytes()] == []
    assert CANARY not in captured.out + captured.err


def _workers() -> list[psutil.Process]:
    """Return the living processes of Ray Train's workers."""
    return [
        process
        for process in psutil.Process().children(recursive=True)
        if process.status() != psutil.STATUS_ZOMBIE
        and process.name().startswith("ray::RayTrain")
        and "Controller" not in process.name()
    ]


def _same_model(first: Path, second: Path) -> bool:
    return (first / "model.safetensors").read_bytes() == (second / "model.safetensors").read_bytes()


def test_a_killed_worker_is_replaced_and_the_model_is_the_same(
    run: Run, toy_model: Path, pairs: Pairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    uploads = HeldUploads(Storage.of(S3Settings()), "", tmp_path, kill_at=8)
    killed: list[int] = []

    def listen(metric: Metric) -> None:
        # a worker is met where it waits: it is killed, which Ray mends
        if metric.name == "train_loss" and metric.step == 5:
            uploads.wait_for(8)
            (worker,) = _workers()
            killed.append(worker.pid)
            worker.kill()

    done = _finetune(toy_model, pairs, tmp_path, EVERY_STEP, listen, uploads=uploads)
    assert (tmp_path / "wait-policy").read_text() == "1000"
    assert len(killed) == 1
    # the worker in the killed one's place did not start over
    assert done.notes == ["resumes from the checkpoint of step 7"]
    _as_undisturbed(done, run)


@pytest.mark.drill  # 2 minutes; tests/training/test_resume.py stops workers without Ray in every run
def test_a_stopped_worker_ends_the_training_and_the_next_goes_on(
    run: Run, toy_model: Path, pairs: Pairs, tmp_path: Path
) -> None:
    uploads = HeldUploads(Storage.of(S3Settings()), "", tmp_path, stop_at=16)
    stopped: list[int] = []

    def listen(metric: Metric) -> None:
        if metric.name == "train_loss" and metric.step == 15:
            uploads.wait_for(16)
            (worker,) = _workers()
            stopped.append(worker.pid)
            worker.terminate()

    with pytest.raises(RadrayError, match=r"was stopped by SIGTERM after step \d+; its checkpoint is in") as error:
        _finetune(toy_model, pairs, tmp_path, EVERY_STEP, listen, uploads=uploads)
    assert len(stopped) == 1
    last = steps_in(tmp_path / "checkpoints")[-1]
    assert last in (17, 18)
    assert f"after step {last};" in str(error.value)
    assert not (tmp_path / "model").exists()

    again = _finetune(toy_model, pairs, tmp_path, EVERY_STEP)
    assert again.notes == [f"resumes from the checkpoint of step {last}"]
    assert again.result.resumed_from == last
    _as_undisturbed(again, run)


def _as_undisturbed(done: Run, run: Run) -> None:
    """Assert that the values that were heard and the model are those of an undisturbed `run`."""
    assert done.result.steps == 40
    losses = [(metric.step, metric.value) for metric in done.metrics if metric.name in ("train_loss", "val_loss")]
    assert len(losses) > 4
    assert set(losses) <= {(metric.step, metric.value) for metric in run.metrics}
    assert _same_model(done.out, run.out)


@pytest.mark.parametrize(("own", "workers"), [(None, "1000"), ("5", "5")])
def test_idle_threads_of_workers_sleep_unless_the_user_says_otherwise(
    own: str | None, workers: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    if own is not None:
        monkeypatch.setenv("GOMP_SPINCOUNT", own)
    kept = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64", "LRU_CACHE_CAPACITY": "64"}
    assert run_config(tmp_path, SETTINGS).worker_runtime_env == {"env_vars": {"GOMP_SPINCOUNT": workers, **kept}}


@pytest.mark.drill  # a minute; tests/training/test_loop.py learns the same without Ray in every run
def test_a_causal_model_learns_through_its_chat_template(
    session_logs: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    build_toy("causal", tmp_path / "toy")
    both = {"train": toy_pairs(75, 1, "causal"), "validation": toy_pairs(20, 2, "causal")}
    settings = SETTINGS.model_copy(update={"learning_rate": 1e-2, "max_input_tokens": 96})
    done = _finetune(tmp_path / "toy", both, tmp_path, settings, chat=True)
    losses = _values(done, "val_loss")
    assert (done.result.steps, len(losses)) == (40, 4)
    assert losses[-1] < 0.5 * losses[0]
    assert _values(done, "train_inputs_truncated") == [0.0]
    assert {metric.name for metric in done.metrics} > set(FIGURES)
    assert open_model(str(done.out)).digest == done.result.digest
    # the loss that was measured, by transformers alone: turns of its own template, one example at a time
    model = AutoModelForCausalLM.from_pretrained(done.out, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(done.out, local_files_only=True)
    rows, total, tokens = wrong(both["validation"]), 0.0, 0
    for prompt, answer in zip(rows["input"].to_pylist(), rows["target"].to_pylist(), strict=True):
        turn = [{"role": "user", "content": prompt}]
        text = tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
        before = len(tokenizer(text)["input_ids"])
        whole = torch.tensor([tokenizer(f"{text}{answer}{tokenizer.eos_token}")["input_ids"]])
        with torch.no_grad():
            logits = model(input_ids=whole).logits[0, before - 1 : -1]
        total += float(torch.nn.functional.cross_entropy(logits, whole[0, before:], reduction="sum"))
        tokens += whole.shape[1] - before
    assert total / tokens == pytest.approx(done.result.best_val_loss, rel=1e-5)
    captured = capfd.readouterr()
    assert [
        file.name for file in session_logs.rglob("*") if file.is_file() and CANARY.encode() in file.read_bytes()
    ] == []
    assert CANARY not in captured.out + captured.err


@pytest.mark.drill
def test_without_time_room_or_bucket_checkpoints_stay_and_are_gone_on_from(
    run: Run, toy_model: Path, pairs: Pairs, tmp_path: Path
) -> None:
    # its time is over: a model is made of what there is, and the checkpoints stay
    over = _finetune(toy_model, pairs, tmp_path, SETTINGS.model_copy(update={"max_hours": 1e-9}))
    assert (over.result.ended, over.result.steps) == ("max_hours", 1)
    assert open_model(str(over.out)).digest == over.result.digest
    assert (tmp_path / "checkpoints").is_dir()

    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill_disk(metric: Metric) -> None:
        # of the driver alone, which has nothing large to write until the model is made
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))

    try:
        with pytest.raises(
            RadrayError, match=r"the model cannot be written to \S+: \w.*; make room \([\d,]+ MB are free\)"
        ):
            _finetune(toy_model, pairs, tmp_path, SETTINGS, fill_disk)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert open_model(str(over.out)).digest == over.result.digest  # the one before stays

    def refuse(folder: Path) -> None:
        raise RadrayError("the bucket says no")

    with pytest.raises(RadrayError, match="the bucket says no"):
        _finetune(toy_model, pairs, tmp_path, SETTINGS, deliver=refuse)
    assert (tmp_path / "checkpoints").is_dir()

    delivered: list[Path] = []
    again = _finetune(toy_model, pairs, tmp_path, SETTINGS, deliver=delivered.append)
    assert again.result.steps == again.result.resumed_from == 40
    assert delivered == [again.out]
    assert _same_model(again.out, run.out)
    assert not (tmp_path / "checkpoints").exists()


def test_two_drivers_do_not_train_in_one_folder(tmp_path: Path) -> None:
    # a lock is an open file's: a second one in this process meets it as another process would
    with (
        held_alone(tmp_path),
        pytest.raises(ConflictError, match="another process trains this very model"),
        held_alone(tmp_path),
    ):
        pass
    with held_alone(tmp_path):
        pass


def _driver(toy_model: Path, pairs: Pairs, root: Path) -> tuple[list[str], dict[str, str]]:
    """Return command and environment of a driver that trains below `root`."""
    data = root / "pairs"
    data.write_bytes(pickle.dumps(pairs))
    command = [sys.executable, "-m", "tests.support.training.toy_finetune", str(toy_model), str(data), str(root)]
    return command, {**os.environ, "PYTHONPATH": str(ROOT)}


def _whole_steps(folder: Path) -> list[int]:
    return [step for step in steps_in(folder) if CheckpointManifest.path(folder / step_name(step)).is_file()]


def _wait_for_checkpoint(folder: Path, step: int) -> None:
    deadline = time.monotonic() + 120
    while max(_whole_steps(folder), default=0) < step:
        assert time.monotonic() < deadline, f"no checkpoint of step {step}"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def undisturbed(toy_model: Path, pairs: Pairs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model of an undisturbed driver."""
    root = tmp_path_factory.mktemp("undisturbed")
    command, environment = _driver(toy_model, pairs, root)
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert "resumed from 0\n" in done.stdout
    return root / "model"


@pytest.mark.drill
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_driver_is_run_again_and_the_model_is_the_same(
    number: int, undisturbed: Path, toy_model: Path, pairs: Pairs, tmp_path: Path
) -> None:
    command, environment = _driver(toy_model, pairs, tmp_path)
    driver = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert driver.stdout is not None
    others: list[psutil.Process] = []
    for line in driver.stdout:
        if line == "step 10\n":
            # the checkpoint of step 8 is whole by now, and that of step 9 is being written
            _wait_for_checkpoint(tmp_path / "checkpoints", 9)
            others = psutil.Process(driver.pid).children(recursive=True)
            driver.send_signal(number)
            break
    rest, _ = driver.communicate()
    assert driver.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 1)
    assert ("stopped by SIGTERM" in rest) == (number == signal.SIGTERM)
    # workers outlive a killed driver by some seconds, and train on; what they left is what is gone on from
    assert others
    assert psutil.wait_procs(others, timeout=120)[1] == []
    whole = _whole_steps(tmp_path / "checkpoints")
    assert 8 < whole[-1] < DRILL_STEPS
    assert not (tmp_path / "model").exists()
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert f"note resumes from the checkpoint of step {whole[-1]}\n" in done.stdout
    assert f"resumed from {whole[-1]}\n" in done.stdout
    assert _same_model(tmp_path / "model", undisturbed)


@pytest.mark.parametrize("empty", ["train", "validation"])
def test_an_empty_table_is_refused_before_anything_starts(
    empty: str, toy_model: Path, pairs: Pairs, tmp_path: Path
) -> None:
    tables = {name: table(pairs[name]) for name in ("train", "validation")}
    tables[empty] = tables[empty].slice(0, 0)
    job = FinetuneJob(
        **tables,
        init=toy_model,
        out=tmp_path / "model",
        settings=SETTINGS,
        checkpoints=tmp_path / "checkpoints",
        provenance={},
    )
    with pytest.raises(InputError, match=r"no (training|validation) examples"):
        finetune(job, lambda metric: None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("best_by", "reference", "lacks"),
    [
        ("val_rouge1_abnormal", "No acute disease.", "an abnormal"),
        ("val_rouge1_standardised", "No acute disease.", "an abnormal"),
        ("val_rouge1_standardised", "Large effusion.", "a normal"),
    ],
)
def test_a_sample_that_cannot_decide_is_refused_before_anything_starts(
    best_by: Any, reference: str, lacks: str, toy_model: Path, pairs: Pairs, tmp_path: Path
) -> None:
    held_out = table(pairs["validation"])
    job = FinetuneJob(
        train=table(pairs["train"]),
        validation=held_out.append_column("reference", pa.array([reference] * held_out.num_rows)),
        init=toy_model,
        out=tmp_path / "model",
        settings=TrainSettings(best_by=best_by),
        checkpoints=tmp_path / "checkpoints",
        provenance={},
    )
    with pytest.raises(InputError, match=rf"best_by={best_by}, but none of the 20 .* has {lacks} impression"):
        finetune(job, lambda metric: None)
    assert list(tmp_path.iterdir()) == []
