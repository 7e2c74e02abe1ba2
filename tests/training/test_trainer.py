import datetime
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest
import ray
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from radray.config import Train
from radray.errors import InputError, RadrayError
from radray.models.folder import open_model
from radray.models.loading import load_model, load_tokenizer
from radray.training.examples import tokenise
from radray.training.loop import Worker, evaluate
from radray.training.progress import Metric, MetricStream, now
from radray.training.trainer import FinetuneResult, finetune

CANARY = "Qanarybird"
SETTINGS = Train(
    epochs=4, batch_size=8, learning_rate=5e-3, log_every_steps=5, threads_per_worker=1, max_input_tokens=32, seed=4
)


@dataclass
class Run:
    """A finished fine-tuning, and what was heard while it ran."""

    result: FinetuneResult
    out: Path
    metrics: list[Metric]


def _table(pairs: tuple[list[str], list[str]]) -> pa.Table:
    inputs, targets = pairs
    return pa.table(
        {
            "unit_id": [f"unit-{index:03}" for index in range(len(inputs))],
            # a word of its own in every text, which must be found nowhere but in the data
            "input": [f"{text} {CANARY}{index} is seen." for index, text in enumerate(inputs)],
            "target": targets,
        }
    )


def _wrong(pairs: tuple[list[str], list[str]]) -> pa.Table:
    """Targets that belong to other inputs: the loss on them falls while the language is learnt, and then rises."""
    inputs, targets = pairs
    return _table((inputs, targets[1:] + targets[:1]))


@pytest.fixture(scope="module")
def session_logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    context = ray.init(
        num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level="ERROR", object_store_memory=200_000_000
    )
    yield Path(context.address_info["session_dir"]) / "logs"
    ray.shutdown()


@pytest.fixture(scope="module")
def run(
    session_logs: Path,
    toy_model: Path,
    pairs: dict[str, tuple[list[str], list[str]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Run:
    root = tmp_path_factory.mktemp("run")
    heard: list[Metric] = []
    result = finetune(
        train=_table(pairs["train"]),
        validation=_wrong(pairs["validation"]),
        init=toy_model,
        out=root / "model",
        settings=SETTINGS,
        storage=root / "storage",
        run_name="one",
        made={"prompt_id": "findings-v1", "settings": {"epochs": 4}},
        on_metric=heard.append,
    )
    return Run(result, root / "model", heard)


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


def test_the_best_epoch_is_the_one_that_was_kept(run: Run, pairs: dict[str, tuple[list[str], list[str]]]) -> None:
    losses = _values(run, "val_loss")
    assert run.result.best_val_loss == min(losses)
    assert run.result.best_epoch == losses.index(min(losses)) + 1 < 3
    table = _wrong(pairs["validation"])
    examples = tokenise(
        load_tokenizer(run.out),
        table["input"].to_pylist(),
        table["target"].to_pylist(),
        max_input_tokens=SETTINGS.max_input_tokens,
        max_target_tokens=SETTINGS.max_target_tokens,
    )
    assert evaluate(load_model(run.out), examples, 8, Worker()) == pytest.approx(min(losses), rel=1e-5)


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


def test_the_model_folder_verifies_and_says_what_made_it(run: Run) -> None:
    model = open_model(str(run.out))
    assert model.digest == run.result.digest
    assert model.name == "model"
    made = model.manifest.made
    assert made["prompt_id"] == "findings-v1"
    assert made["settings"] == {"epochs": 4}
    assert made["metrics"]["best_val_loss"] == run.result.best_val_loss
    assert made["metrics"]["steps"] == 40
    assert set(made["versions"]) == {"radray", "ray", "tokenizers", "torch", "transformers"}
    assert sorted(model.manifest.files) == [
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    assert not (run.out.parent / "storage" / "one").exists()


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
    pairs: dict[str, tuple[list[str], list[str]]],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(toy_model, broken)
    weights = load_file(broken / "model.safetensors")
    weights["lm_head.weight"][5, 5] = float("nan")
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    before = open_model(str(run.out)).digest
    with pytest.raises(RadrayError, match=r"^fine-tuning: the loss is nan at step 1; lower train.learning_rate"):
        finetune(
            train=_table(pairs["train"]),
            validation=_table(pairs["validation"]),
            init=broken,
            out=run.out,
            settings=SETTINGS,
            storage=tmp_path / "storage",
            run_name="two",
            made={},
            on_metric=lambda metric: None,
        )
    assert open_model(str(run.out)).digest == before
    captured = capfd.readouterr()
    logs = [file for file in session_logs.rglob("*") if file.is_file()]
    assert any(b"loss is nan" in file.read_bytes() for file in logs)
    assert [file.name for file in logs if CANARY.encode() in file.read_bytes()] == []
    assert CANARY not in captured.out + captured.err


@pytest.mark.parametrize("empty", ["train", "validation"])
def test_an_empty_table_is_refused_before_anything_starts(
    empty: str, toy_model: Path, pairs: dict[str, tuple[list[str], list[str]]], tmp_path: Path
) -> None:
    tables = {name: _table(pairs[name]) for name in ("train", "validation")}
    tables[empty] = tables[empty].slice(0, 0)
    with pytest.raises(InputError, match=r"no (training|validation) examples"):
        finetune(
            **tables,
            init=toy_model,
            out=tmp_path / "model",
            settings=SETTINGS,
            storage=tmp_path / "storage",
            run_name="none",
            made={},
            on_metric=lambda metric: None,
        )
    assert list(tmp_path.iterdir()) == []
