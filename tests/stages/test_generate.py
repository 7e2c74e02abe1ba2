"""The generation stages without Ray: which reports, and what becomes of them."""

import datetime
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from radray.config import S3, Generate, Score, Tiny
from radray.errors import InputError, StageError
from radray.models.conversion import ensure_converted
from radray.models.engines import Generation
from radray.models.folder import ModelFolder, open_model
from radray.models.manifest import write_manifest
from radray.models.tiny import build_tiny
from radray.models.transformers_engine import TransformersEngine
from radray.schemas import HYPOTHESES, PREDICTIONS, ROUGE_COLUMNS
from radray.stages.generate import (
    REPORT_COLUMNS,
    ReadReportRows,
    ScorePredictions,
    SelectReports,
    SplitCut,
    WriteImpressions,
    report_units,
)
from radray.tables.storage import Storage

STORAGE = Storage.of(S3())
CUT = SplitCut(validation_fraction=0.3, seed=1)
CONSTANTS = {
    "batch_date": datetime.date(1970, 1, 1),
    "dataset": "d",
    "split": "train",
    "model_digest": "0" * 64,
    "model_name": "m",
    "prompt_id": "findings-v1",
    "settings_digest": "s",
    "engine": "transformers",
    "run_key": "k",
    "run_id": "r",
}


def reports(count: int, **columns: Any) -> pa.Table:
    """Return `count` ok reports of split train, a subject each; `columns` replace values for all of them."""
    values: dict[str, Any] = {
        "status": "ok",
        "split": "train",
        "subject_id": None,
        "background": None,
        "findings": "Small left effusion.",
        "reference": "Effusion.",
        "reference_raw": "1. Effusion.",
    } | columns
    rows = [
        {**values, "unit_id": f"u{i:03d}", "study_id": f"s{i}", "split_key": f"p{i}", "text_digest": f"t{i}"}
        for i in range(count)
    ]
    return pa.Table.from_pylist(rows).select(REPORT_COLUMNS)


def test_validation_is_cut_from_train_and_nothing_is_lost() -> None:
    table = reports(200)
    train, validation = (
        report_units(table, CUT, split).column("unit_id").to_pylist() for split in ("train", "validation")
    )
    assert sorted(train + validation) == table.column("unit_id").to_pylist()
    assert 40 <= len(validation) <= 80  # 30 % of 200, and four sigmas
    assert CUT.split_of("test", "p1") == "test"
    assert CUT.split_of(None, "p1") is None
    assert SplitCut(0.0, 1).split_of("train", "p1") == "train"


def test_select_keeps_what_the_frozen_input_names_less_what_is_staged() -> None:
    table = pa.concat_tables([reports(50), reports(3, status="rejected"), reports(3, split="test")])
    frozen = report_units(table, CUT, "validation").column("unit_id").to_pylist()
    kept = SelectReports(CUT, "validation", frozenset())(table)
    assert sorted(kept.column("unit_id").to_pylist()) == frozen
    staged = frozenset(frozen[:4])
    kept = SelectReports(CUT, "validation", staged)(table)
    assert sorted(kept.column("unit_id").to_pylist()) == frozen[4:]


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


def outcome(prediction: str | None, **columns: Any) -> pa.Table:
    table = reports(1, **columns)
    made = {
        "prediction": pa.array([prediction], pa.string()),
        "hypotheses": pa.array([[{"text": prediction or "", "score": -0.5}]], HYPOTHESES),
        "input_tokens": pa.array([7]),
        "output_tokens": pa.array([3]),
        "input_truncated": pa.array([False]),
        "output_cut": pa.array([False]),
        "reason": pa.array([None if prediction else "empty_output"], pa.string()),
    }
    table = table.set_column(1, "status", pa.array(["ok" if prediction else "failed"]))
    for name, column in made.items():
        table = table.append_column(name, column)
    return table


def test_a_prediction_is_scored_against_the_cleaned_reference() -> None:
    made = ScorePredictions(Score(), CONSTANTS)(outcome("Small effusion."))
    assert made.schema.equals(PREDICTIONS.arrow())
    (row,) = made.to_pylist()
    # of two words one is in the reference of one: precision 1/2, recall 1, F 2/3; no bigram
    assert (row["rouge1_precision"], row["rouge1_recall"]) == (0.5, 1.0)
    assert row["rouge1_f"] == pytest.approx(2 / 3)
    assert row["rouge2_f"] == 0.0
    assert "rouge-score-0.1.2" in row["scorer_id"]
    assert row["reference_raw"] == "1. Effusion."


def test_a_failed_prediction_scores_zero_and_one_without_reference_null() -> None:
    (failed,) = ScorePredictions(Score(), CONSTANTS)(outcome(None)).to_pylist()
    assert {failed[name] for name in ROUGE_COLUMNS} == {0.0}
    assert (failed["status"], failed["reason"]) == ("failed", "empty_output")
    (live,) = ScorePredictions(Score(), CONSTANTS)(outcome("Effusion.", reference=None, reference_raw=None)).to_pylist()
    assert {live[name] for name in ROUGE_COLUMNS} == {None}
    assert live["scorer_id"] is None


def test_a_flipped_bit_in_a_data_file_ends_the_run_and_is_never_a_report(tmp_path: Path) -> None:
    file = tmp_path / "part.parquet"
    rows = reports(500, findings="Small left effusion, CANARY.", unit_id="u")
    pq.write_table(rows, file, write_page_checksum=True, compression="none")
    read = ReadReportRows(STORAGE)
    batch = pa.table({"uri": [str(file)]})
    assert pa.concat_tables(read(batch)).equals(rows)
    whole = file.read_bytes()
    at = whole.index(b"CANARY")
    file.write_bytes(whole[:at] + b"K" + whole[at + 1 :])
    assert "KANARY" in pq.read_table(file).column("findings")[0].as_py()  # unchecked, it is read as text
    with pytest.raises(StageError, match=r"ReadReportRows: OSError at .*, 1 data files") as caught:
        list(read(batch))
    assert "ANARY" not in str(caught.value)
