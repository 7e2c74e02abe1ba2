"""The stage that writes impressions, without Ray: the outcome of each report."""

import json
import os
import shutil
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from radray.errors import InputError
from radray.models.engines.conversion import ensure_converted
from radray.models.engines.engine import Failed, Generation, Hypothesis
from radray.models.engines.isolation.process import EngineProcess
from radray.models.engines.repeats import AnswerOnce
from radray.models.families.pieces import PATIENTS
from radray.models.families.t5.tiny import build_tiny
from radray.models.folder import ModelFolder, open_model
from radray.models.manifest import write_manifest
from radray.models.neighbours import COLUMNS, write_neighbours
from radray.pipelines.write_impressions import WriteImpressions, answered, until
from radray.schema.statuses import FailReason
from radray.settings.generate import GenerateSettings
from radray.settings.model import TinySettings
from radray.tasks.impression.task import IMPRESSION
from radray.tasks.registry import find_prompt
from tests.support.faults.faulty_engine import PROBE, FaultyEngine
from tests.support.worlds.report_tables import reports

pytestmark = pytest.mark.usefixtures("warm_engines")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    folder = tmp_path_factory.mktemp("model")
    build_tiny(
        ["small left effusion"] * PATIENTS,
        folder,
        size=TinySettings(vocab_size=300, d_model=16, d_ff=16, num_layers=1),
        seed=1,
    )
    write_manifest(folder, "m", {})
    return open_model(str(folder))


@pytest.mark.parametrize("engine", ["transformers", "ctranslate2"])
def test_every_report_gets_an_outcome(model: ModelFolder, engine: Any) -> None:
    settings = GenerateSettings(
        engine=engine, max_new_tokens=5, num_beams=2, num_return_sequences=2, max_input_tokens=120
    )
    long = "left " * 120
    table = pa.concat_tables([reports(2), reports(1, findings=long, background="Cough.")], promote_options="default")
    written = WriteImpressions(model, find_prompt("background-findings-v1"), settings)(table)
    assert written.num_rows == 3
    rows = written.to_pylist()
    assert [row["input_truncated"] for row in rows] == [False, False, True]
    assert rows[0]["prediction"] == rows[1]["prediction"]
    for row in rows:
        assert len(row["hypotheses"]) == 2
        assert (row["status"], row["reason"]) in {("ok", None), ("failed", "empty_output")}
        assert row["prediction"] == (row["hypotheses"][0]["text"] or None)
        assert row["output_tokens"] <= 5
        best, second = (hypothesis["score"] for hypothesis in row["hypotheses"])
        assert row["logprob_per_token"] == pytest.approx(best)  # the length penalty is 1
        assert row["margin"] == pytest.approx(best - second)
    assert [row["repeated"] for row in rows] == [False, True, False]


def test_a_report_that_says_the_same_is_answered_from_what_the_actor_keeps(model: ModelFolder) -> None:
    settings = GenerateSettings(engine="ctranslate2", max_new_tokens=5, num_beams=2)
    blocks = [reports(2), pa.concat_tables([reports(1, findings="Left."), reports(1)])]
    tables = []
    for kept, repeated in ((5, [False, True, False, True]), (0, [False] * 4)):
        stage = WriteImpressions(model, find_prompt("findings-v1"), settings.model_copy(update={"repeats_kept": kept}))
        table = pa.concat_tables([stage(block) for block in blocks])
        assert table.column("repeated").to_pylist() == repeated
        tables.append(table.drop_columns(["repeated", "hypotheses", "logprob_per_token", "margin"]))
    assert tables[0].equals(tables[1])


def texts(table: pa.Table) -> list[tuple[str, str, str | None, str | None]]:
    names = ("unit_id", "status", "reason", "prediction")
    return list(zip(*(table.column(name).to_pylist() for name in names), strict=True))


@pytest.fixture(scope="module")
def settings() -> GenerateSettings:
    return GenerateSettings(engine="ctranslate2", max_new_tokens=5, num_beams=2, batch_size=1)


@pytest.fixture(scope="module")
def findings() -> pa.Table:
    return pa.concat_tables([reports(1, findings=f"{word} effusion.") for word in ("Small", "Left", "Right", "No")])


def test_a_report_that_the_engine_fails_on_costs_a_row(tmp_path: Path) -> None:
    (tmp_path / "log").touch()
    process = EngineProcess(
        partial(FaultyEngine, tmp_path / "log"), "faulty", GenerateSettings(call_timeout_s=1), PROBE
    )
    words = ["Clear.", "segfault-x", "hang-x", "error-x", "memory-x", "Small effusion.", "segfault-x"]
    table = pa.concat_tables([reports(1, findings=word) for word in words])
    engine = AnswerOnce(process, 10)
    rows = answered(table, engine.generate(words), IMPRESSION).to_pylist()
    reasons = [None, "engine_crashed", "timeout", "engine_error", "out_of_memory", None, "engine_crashed"]
    assert [row["reason"] for row in rows] == reasons
    for row, word in zip(rows, words, strict=True):
        ok = row["reason"] is None
        assert row["status"] == ("ok" if ok else "failed")
        assert row["prediction"] == (word if ok else None)
        assert row["hypotheses"] == ([{"text": word, "score": 0.0}] if ok else None)
        assert [row[name] for name in ("input_tokens", "output_cut", "repeated")] == (
            [len(word), False, False] if ok else [None] * 3
        )
    log = (tmp_path / "log").read_text()
    assert all(f" fault {word}\n" in log for word in words[1:5])
    assert process.restarts > 0
    process.close()


def test_an_engine_that_somebody_ends_costs_no_row(
    model: ModelFolder, settings: GenerateSettings, findings: pa.Table
) -> None:
    settings = settings.model_copy(update={"call_timeout_s": 5, "repeats_kept": 2})
    stage = WriteImpressions(model, find_prompt("findings-v1"), settings)
    wanted = stage(findings).drop_columns("repeated")
    for restarts, blow in enumerate((signal.SIGKILL, signal.SIGSTOP), start=1):
        pid = stage.engine.pid
        assert pid is not None
        os.kill(pid, blow)
        table = stage(findings.slice(0, 4))
        assert stage.engine.restarts == restarts
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        assert table.drop_columns("repeated") == wanted
        # what the actor keeps is not lost with the engine
        assert table.column("repeated").to_pylist() == [False, False, True, True]


def test_a_model_that_was_replaced_since_the_run_began_is_refused(model: ModelFolder, tmp_path: Path) -> None:
    shutil.copytree(model.path, tmp_path / "model")
    copy = open_model(str(tmp_path / "model"))
    weights = tmp_path / "model" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    with pytest.raises(InputError, match=r"the sha256 of model.safetensors differs"):
        WriteImpressions(copy, find_prompt("findings-v1"), GenerateSettings(engine="transformers"))


@pytest.mark.parametrize("engine", ["transformers", "ctranslate2"])
def test_a_model_that_is_replaced_while_the_run_goes_on_is_refused(
    model: ModelFolder, settings: GenerateSettings, findings: pa.Table, tmp_path: Path, engine: str
) -> None:
    shutil.copytree(model.path, tmp_path / "model")
    write_manifest(
        tmp_path / "model", "m", {"test": str(tmp_path)}
    )  # a digest of its own: nobody else has a copy of it
    copy = open_model(str(tmp_path / "model"))
    settings = settings.model_copy(update={"engine": engine})
    stage = WriteImpressions(copy, find_prompt("findings-v1"), settings, None, "run-1")
    fast = engine == "ctranslate2"
    weights = ensure_converted(copy, "float32").path / "model.bin" if fast else copy.path / "model.safetensors"
    content = weights.read_bytes()
    times = weights.stat()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(weights, ns=(times.st_atime_ns, times.st_mtime_ns))
    # an engine that is started anew, here or for another actor of the run, does not load it
    pid = stage.engine.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    for load in (
        lambda: stage(findings),
        lambda: WriteImpressions(copy, find_prompt("findings-v1"), settings, None, "run-1"),
    ):
        with pytest.raises(InputError, match=f"the sha256 of {weights.name} differs"):
            load()


def test_a_conversion_that_is_not_the_one_that_was_proven_is_refused(model: ModelFolder) -> None:
    settings = GenerateSettings(engine="ctranslate2", max_new_tokens=3)
    proven = ensure_converted(model, "float32").digest
    WriteImpressions(model, find_prompt("findings-v1"), settings, proven)
    with pytest.raises(InputError, match="is not the conversion that the parity run was made with"):
        WriteImpressions(model, find_prompt("findings-v1"), settings, "0" * 64)


def test_the_prompt_shows_the_nearest_training_reports(model: ModelFolder, tmp_path: Path) -> None:
    shutil.copytree(model.path, tmp_path / "model", ignore=shutil.ignore_patterns(".*"))
    known = [
        {"unit_id": f"t{n}", "subject": None, "findings": findings, "impression": impression}
        for n, (findings, impression) in enumerate([("Small left effusion.", "Left."), ("Clear.", "Right.")])
    ]
    write_neighbours(pa.Table.from_pylist(known, schema=COLUMNS), tmp_path / "model")
    write_manifest(tmp_path / "model", "m", {})
    settings = GenerateSettings(engine="ctranslate2", max_new_tokens=3)
    asked = find_prompt("similar-findings-v1", 1)
    table = pa.concat_tables([reports(1), reports(1, findings="Lungs clear.")])
    stage = WriteImpressions(open_model(str(tmp_path / "model")), asked, settings)
    rows = stage(table).to_pylist()
    assert [[near["unit_id"] for near in json.loads(row["exemplars"])] for row in rows] == [["t0"], ["t1"]]
    shown = ["Small left effusion. Similar report: Left.", "Lungs clear. Similar report: Right."]
    prompts = stage.engine.generate([f"Impression of findings: {text}" for text in shown])
    assert [row["hypotheses"][0]["text"] for row in rows] == [answer.hypotheses[0].text for answer in prompts]
    with pytest.raises(InputError, match=r"neighbours\.parquet cannot be read"):
        WriteImpressions(model, asked, settings)


def test_a_text_ends_where_the_model_goes_on_to_another_report() -> None:
    texts = ("Nodule.\n\nFindings: Clear.\nImpression: Normal.", "Nodule.", "\nFindings: Clear.")
    answer = Generation(tuple(Hypothesis(text, -0.5) for text in texts), 9, 9, False, True)
    stop = find_prompt("pairs-sections-v1").prompt.stop
    assert [its.text for its in until(answer, stop).hypotheses] == ["Nodule.", "Nodule.", ""]
    assert until(answer, find_prompt("sections-v1").prompt.stop) == answer
    failed = Failed(FailReason.TIMEOUT)
    assert until(failed, stop) == failed
