"""The stage that writes impressions, without Ray: what becomes of each report."""

import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from report_tables import reports

from radray.config import Generate, Tiny
from radray.errors import InputError, StageError
from radray.models.conversion import ensure_converted
from radray.models.engines import Generation
from radray.models.folder import ModelFolder, open_model
from radray.models.manifest import write_manifest
from radray.models.tiny import build_tiny
from radray.models.transformers_engine import TransformersEngine
from radray.stages.write_impressions import WriteImpressions


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    folder = tmp_path_factory.mktemp("model")
    build_tiny(["small left effusion"], folder, size=Tiny(vocab_size=300, d_model=16, d_ff=16, num_layers=1), seed=1)
    write_manifest(folder, "m", {})
    return open_model(str(folder))


@pytest.mark.parametrize("engine", ["transformers", "ctranslate2"])
def test_every_report_gets_an_outcome(model: ModelFolder, engine: str) -> None:
    settings = Generate(engine=engine, max_new_tokens=5, num_beams=2, num_return_sequences=2, max_input_tokens=40)
    long = "left " * 40
    table = pa.concat_tables([reports(2), reports(1, findings=long, background="Cough.")], promote_options="default")
    written = WriteImpressions(model, "background-findings-v1", settings)(table)
    assert written.num_rows == 3
    rows = written.to_pylist()
    assert [row["input_truncated"] for row in rows] == [False, False, True]
    assert rows[0]["prediction"] == rows[1]["prediction"]
    for row in rows:
        assert len(row["hypotheses"]) == 2
        assert (row["status"], row["reason"]) in {("ok", None), ("failed", "empty_output")}
        assert row["prediction"] == (row["hypotheses"][0]["text"] or None)
        assert row["output_tokens"] <= 5
        best, second = (one["score"] for one in row["hypotheses"])
        assert row["logprob_per_token"] == pytest.approx(best)  # the length penalty is 1
        assert row["margin"] == pytest.approx(best - second)
    assert [row["repeated"] for row in rows] == [False, True, False]


def test_a_report_that_says_the_same_is_answered_from_what_the_actor_keeps(model: ModelFolder) -> None:
    settings = Generate(engine="ctranslate2", max_new_tokens=5, num_beams=2)
    blocks = [reports(2), pa.concat_tables([reports(1, findings="Left."), reports(1)])]
    made = []
    for kept, repeated in ((5, [False, True, False, True]), (0, [False] * 4)):
        stage = WriteImpressions(model, "findings-v1", settings.model_copy(update={"repeats_kept": kept}))
        table = pa.concat_tables([stage(block) for block in blocks])
        assert table.column("repeated").to_pylist() == repeated
        made.append(table.drop_columns(["repeated", "hypotheses", "logprob_per_token", "margin"]))
    assert made[0].equals(made[1])


def test_a_report_that_the_engine_fails_on_costs_a_row(model: ModelFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = WriteImpressions(
        model, "findings-v1", Generate(engine="transformers", max_new_tokens=3, num_beams=2, num_return_sequences=1)
    )
    whole = TransformersEngine.generate

    def generate(engine: TransformersEngine, prompts: list[str]) -> list[Generation]:
        if any("poison" in prompt for prompt in prompts):
            raise RuntimeError("CANARY")
        return whole(engine, prompts)

    monkeypatch.setattr(TransformersEngine, "generate", generate)
    rows = stage(pa.concat_tables([reports(2), reports(1, findings="poison"), reports(1)])).to_pylist()
    assert [row["reason"] == "engine_error" for row in rows] == [False, False, True, False]
    assert (rows[2]["status"], rows[2]["prediction"], rows[2]["hypotheses"]) == ("failed", None, None)
    with pytest.raises(StageError, match="RuntimeError") as caught:  # on every report: then it is the world
        stage(reports(2, findings="poison"))
    assert "CANARY" not in str(caught.value)


def test_a_model_that_was_replaced_since_the_run_began_is_refused(model: ModelFolder, tmp_path: Path) -> None:
    shutil.copytree(model.path, tmp_path / "model")
    copy = open_model(str(tmp_path / "model"))
    weights = tmp_path / "model" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    with pytest.raises(InputError, match="safetensors"):
        WriteImpressions(copy, "findings-v1", Generate(engine="transformers"))


def test_a_conversion_that_is_not_the_one_that_was_proven_is_refused(model: ModelFolder) -> None:
    settings = Generate(engine="ctranslate2", max_new_tokens=3)
    proven = ensure_converted(model, "float32").digest
    WriteImpressions(model, "findings-v1", settings, proven)
    with pytest.raises(InputError, match="is not the conversion that was held against transformers"):
        WriteImpressions(model, "findings-v1", settings, "0" * 64)
