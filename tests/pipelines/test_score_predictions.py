"""The stage that scores predictions, without Ray."""

import datetime
import json
from typing import Any

import pyarrow as pa
import pytest

from radray.checks import check as checks
from radray.flags import CLASSES, TIER_A, TIER_B
from radray.pipelines.report_rows import REPORT_COLUMNS
from radray.pipelines.score_predictions import ScorePredictions, checks_id
from radray.schema.checks import RAW_ROUGE_COLUMNS
from radray.schema.column import HYPOTHESES
from radray.schema.predictions import PREDICTIONS, ROUGE_COLUMNS
from radray.settings.generate import ScoreSettings
from tests.support.worlds.report_tables import reports

CONSTANTS = {
    "batch_date": datetime.date(1970, 1, 1),
    "dataset": "d",
    "split": "train",
    "model_digest": "0" * 64,
    "model_name": "m",
    "task": "impression",
    "prompt_id": "findings-v1",
    "settings_digest": "s",
    "engine": "transformers",
    "run_key": "k",
    "run_id": "r",
}


def outcome(
    prediction: str | None,
    *,
    logprob: float | None = -0.2,
    margin: float | None = 0.1,
    agreement: float | None = None,
    output_cut: bool | None = False,
    **columns: Any,
) -> pa.Table:
    """Return a row as `WriteImpressions` gives it; `columns` replace those of the report."""
    table = reports(1, **columns)
    answers = {
        "prediction": pa.array([prediction], pa.string()),
        "hypotheses": pa.array([[{"text": prediction or "", "score": -0.5}]], HYPOTHESES),
        "input_tokens": pa.array([7]),
        "output_tokens": pa.array([3]),
        "input_truncated": pa.array([False]),
        "output_cut": pa.array([output_cut], pa.bool_()),
        "logprob_per_token": pa.array([logprob], pa.float64()),
        "margin": pa.array([margin], pa.float64()),
        "candidates": pa.array([None], pa.string()),
        "agreement": pa.array([agreement], pa.float64()),
        "reason": pa.array([None if prediction else "empty_output"], pa.string()),
    }
    table = table.set_column(1, "status", pa.array(["ok" if prediction else "failed"]))
    for name, column in answers.items():
        table = table.append_column(name, column)
    return table


def test_a_prediction_is_scored_against_the_cleaned_reference() -> None:
    scored = ScorePredictions(ScoreSettings(), CONSTANTS)(outcome("Small effusion."))
    assert scored.schema.equals(PREDICTIONS.arrow())
    (row,) = scored.to_pylist()
    # of two words one is in the reference of one: precision 1/2, recall 1, F 2/3; no bigram
    assert (row["rouge1_precision"], row["rouge1_recall"]) == (0.5, 1.0)
    assert row["rouge1_f"] == pytest.approx(2 / 3)
    assert row["rouge2_f"] == 0.0
    assert "rouge-score-0.1.2" in row["scorer_id"]
    assert row["reference_raw"] == "1. Effusion."


def test_a_failed_prediction_scores_zero_and_one_without_reference_null() -> None:
    (failed,) = ScorePredictions(ScoreSettings(), CONSTANTS)(outcome(None)).to_pylist()
    assert {failed[name] for name in ROUGE_COLUMNS} == {0.0}
    assert (failed["status"], failed["reason"]) == ("failed", "empty_output")
    (live,) = ScorePredictions(ScoreSettings(), CONSTANTS)(
        outcome("Effusion.", reference=None, reference_raw=None)
    ).to_pylist()
    assert {live[name] for name in ROUGE_COLUMNS} == {None}
    assert live["scorer_id"] is None


def scored(prediction: str | None, settings: ScoreSettings | None = None, **columns: Any) -> dict[str, Any]:
    (row,) = ScorePredictions(settings or ScoreSettings(), CONSTANTS)(outcome(prediction, **columns)).to_pylist()
    return dict(row)


def flagged(row: dict[str, Any], prefix: str = "flag_") -> set[str]:
    return {name for name in CLASSES if row[f"{prefix}{name}"]}


def test_the_flags_that_the_table_has_are_those_that_the_checks_make() -> None:
    flags = [name.removeprefix("flag_") for name in scored("Effusion.") if name.startswith("flag_")]
    assert flags == [*TIER_A, *TIER_B]
    assert flags == list(checks.check("Effusion.", "Effusion.", None).flags)


def test_a_raw_reference_is_scored_beside_the_cleaned_one() -> None:
    row = scored("Effusion.")
    assert {row[name] for name in ROUGE_COLUMNS if name.endswith("_f") and "rouge2" not in name} == {1.0}
    # of the raw "1. Effusion." two words, one in common: F 2/3
    assert row["rouge1_raw_f"] == row["rougel_raw_f"] == row["rougelsum_raw_f"] == pytest.approx(2 / 3)
    assert row["rouge2_raw_f"] == 0.0
    same = scored("Small effusion.", reference_raw="Effusion.")
    assert [same[name] for name in RAW_ROUGE_COLUMNS] == [same[name.replace("_raw", "")] for name in RAW_ROUGE_COLUMNS]
    assert {scored("Effusion.", reference_raw=raw)["rouge1_raw_f"] for raw in (None, " ")} == {None}
    assert {scored(None)[name] for name in RAW_ROUGE_COLUMNS} == {0.0}


def test_concepts_in_common_with_the_reference_are_scored() -> None:
    given: dict[str, Any] = {
        "reference": "Small left pleural effusion.",
        "reference_raw": "Small left pleural effusion.",
    }
    assert scored("Left-sided effusion, small.", **given)["concept_f1"] == 1.0
    assert scored("Small right pleural effusion.", **given)["concept_f1"] == 0.0
    assert scored(None, **given)["concept_f1"] == 0.0
    assert scored("Effusion.", reference=None, reference_raw=None)["concept_f1"] is None
    assert scored("Effusion.", reference="See above.", reference_raw="See above.")["concept_f1"] is None


def test_what_prediction_and_reference_recommend_is_in_columns() -> None:
    wording = "Left lung nodule. CT in 3 to 6 months is recommended."
    row = scored("Effusion. If it grows, thoracentesis is advised.", reference=wording, reference_raw=wording)
    assert row["recommendations"] == "aspiration::pleural_effusion:::if"
    assert row["reference_recommendations"].startswith("ct:91-182:nodule:left:")
    assert (scored("Effusion.")["recommendations"], scored(None)["recommendations"]) == ("", "")
    assert scored("Effusion.", reference=None, reference_raw=None)["reference_recommendations"] is None


def test_prediction_and_reference_are_checked_against_the_report() -> None:
    row = scored(
        "No effusion. The physician was notified.",
        findings="Small left pleural effusion. Heart size is normal.",
        reference="Small right pleural effusion.",
        reference_raw="Small right pleural effusion.",
    )
    assert {"polarity", "communication"} <= flagged(row)
    assert "side" not in flagged(row)
    assert "side" in flagged(row, "reference_flag_")
    assert not {"polarity", "communication"} & flagged(row, "reference_flag_")
    assert "communication impression:" in row["evidence"]
    assert "side impression:" in row["reference_evidence"]
    assert "physician" not in row["evidence"]
    assert (row["findings_stratum"], row["reference_stratum"]) == ("abnormal", "abnormal")
    assert (row["impression_items"], row["reference_items"]) == (2, 1)
    normal = scored("Normal chest.", reference="Normal chest.", findings="Lungs are clear. No pneumothorax.")
    assert (normal["findings_stratum"], normal["reference_stratum"]) == ("normal", "normal")
    assert flagged(normal) == set()


def test_the_exam_of_the_report_stands_in_the_row_and_decides_what_applies() -> None:
    row = scored("Small right effusion.", modality="MG", body_part="breast", comparison_state="none")
    assert (row["modality"], row["body_part"], row["comparison_state"]) == ("MG", "breast", "none")
    assert row["flag_polarity"] is None
    assert row["flag_side"] is True  # sides are read by words on any exam
    assert scored("Small right effusion.")["flag_side"] is True
    assert scored("Effusion.")["flag_side"] is False


def test_identifiers_and_cut_outputs_are_found_in_the_prediction_alone() -> None:
    text = "Effusion, as in zebra77."
    row = scored(text, subject_id="Zebra77", reference=text, findings=text)
    assert "identifier" in flagged(row)
    assert "identifier" not in flagged(row, "reference_flag_")
    cut = scored("Effusion.", output_cut=True)
    assert "degenerate" in flagged(cut)
    assert "degenerate" not in flagged(cut, "reference_flag_")


def test_an_identifier_that_the_input_lacks_is_written_nowhere() -> None:
    text = "Effusion. Discussed with Dr. Albright."
    row = scored(text)
    assert (row["status"], row["reason"], row["flag_identifier"]) == ("failed", "identifier", True)
    assert (row["prediction"], row["hypotheses"], row["logprob_per_token"]) == (None, None, None)
    assert row["rouge1_f"] == 0.0
    assert "Albright" not in str(row)
    given = scored(text, findings="Effusion, told to Dr. Albright.")
    assert (given["status"], given["prediction"], given["flag_identifier"]) == ("ok", text, False)
    unknown = scored("Effusion, as in zebra77.", subject_id="Zebra77")
    assert (unknown["reason"], unknown["prediction"]) == ("identifier", None)


def test_candidates_with_an_identifier_that_the_input_lacks_are_left_out() -> None:
    texts = [{"text": "Effusion.", "score": -0.5}, {"text": "Effusion since 3/4/2019.", "score": -0.6}]
    listed = [{"source": "beam", "text": "Effusion."}, {"source": "beam", "text": "Call 555-013-7788."}]
    listed.append({"source": "neighbour", "unit_id": "u"})
    table = outcome("Effusion.")
    for name, column in (
        ("hypotheses", pa.array([texts], HYPOTHESES)),
        ("candidates", pa.array([json.dumps(listed)], pa.string())),
    ):
        table = table.set_column(table.column_names.index(name), name, column)
    (row,) = ScorePredictions(ScoreSettings(), CONSTANTS)(table).to_pylist()
    assert (row["status"], row["hypotheses"]) == ("ok", texts[:1])
    assert json.loads(row["candidates"]) == [listed[0], listed[2]]


def test_a_report_without_reference_has_only_what_the_prediction_says() -> None:
    row = scored("Effusion.", reference=None, reference_raw=None)
    assert {name for name, value in row.items() if name.startswith("reference_") and value is not None} == set()
    assert {row[name] for name in RAW_ROUGE_COLUMNS} == {None}
    assert row["flag_side"] is False
    assert (row["findings_stratum"], row["impression_items"]) == ("abnormal", 1)


def test_a_failed_prediction_is_degenerate_and_nothing_else() -> None:
    row = scored(None, output_cut=None)
    assert flagged(row) == {"degenerate"}
    assert (row["impression_items"], row["followup"], row["urgent_first"]) == (None, False, None)


@pytest.mark.parametrize(
    ("settings", "logprob", "margin", "expected"),
    [
        (ScoreSettings(), -9.0, 0.0, None),
        (ScoreSettings(defer_below_logprob=-0.5), -0.5, None, False),
        (ScoreSettings(defer_below_logprob=-0.5), -0.51, 9.0, True),
        (ScoreSettings(defer_below_logprob=-0.5), None, 9.0, True),
        (ScoreSettings(defer_below_margin=0.1), -9.0, 0.1, False),
        (ScoreSettings(defer_below_margin=0.1), -9.0, None, True),
        (ScoreSettings(defer_below_logprob=-0.5, defer_below_margin=0.1), -0.2, 0.05, True),
        (ScoreSettings(defer_below_logprob=-0.5, defer_below_margin=0.1), -0.2, 0.2, False),
    ],
)
def test_what_is_below_a_threshold_is_deferred(
    settings: ScoreSettings, logprob: float | None, margin: float | None, expected: bool | None
) -> None:
    assert scored("Effusion.", settings, logprob=logprob, margin=margin)["defer"] is expected


@pytest.mark.parametrize(("agreement", "expected"), [(0.4, False), (0.39, True), (None, True)])
def test_what_the_other_candidates_do_not_share_is_deferred(agreement: float | None, expected: bool) -> None:
    settings = ScoreSettings(defer_below_agreement=0.4)
    row = scored("Effusion.", settings, agreement=agreement)
    assert (row["defer"], row["agreement"]) == (expected, agreement)
    assert row["checks_id"].endswith(";defer agreement<0.4")


def test_how_flags_and_deferral_were_made_stands_in_the_row() -> None:
    assert scored("Effusion.")["checks_id"] == checks_id(ScoreSettings()) == checks.CHECKS_ID
    settings = ScoreSettings(defer_below_logprob=-0.5, defer_below_margin=0.25)
    assert scored("Effusion.", settings)["checks_id"] == f"{checks.CHECKS_ID};defer logprob<-0.5;defer margin<0.25"


def test_all_that_is_read_of_a_report_and_stands_in_a_row_is_copied() -> None:
    (report,) = reports(1, subject_id="p", background="b").to_pylist()
    row = scored("Effusion.", subject_id="p", background="b")
    copied = set(REPORT_COLUMNS) - {"split", "status"}
    assert {name: row[name] for name in copied} == {name: report[name] for name in copied}


def test_a_report_that_cannot_be_checked_costs_its_row_and_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = []

    def faulty(impression: str | None, *args: Any, **words: Any) -> checks.CheckResult:
        asked.append(impression)
        if impression == "CANARY mass.":
            raise KeyError(impression)
        return checks.check(impression, *args, **words)

    monkeypatch.setattr("radray.tasks.impression.scores.check", faulty)
    both = pa.concat_tables([outcome("CANARY mass."), outcome("Small effusion.")])
    bad, good = ScorePredictions(ScoreSettings(defer_below_logprob=-5.0), CONSTANTS)(both).to_pylist()
    assert "CANARY mass." in asked
    assert (bad["status"], bad["reason"]) == ("failed", "scoring_error")
    assert (bad["prediction"], bad["hypotheses"], bad["flag_side"], bad["defer"]) == (None, None, None, True)
    assert [bad[name] for name in (*ROUGE_COLUMNS, *RAW_ROUGE_COLUMNS)] == [0.0] * 16
    (alone,) = ScorePredictions(ScoreSettings(defer_below_logprob=-5.0), CONSTANTS)(
        outcome("Small effusion.")
    ).to_pylist()
    assert good == alone
    (message,) = caplog.messages
    assert message.startswith(f"unit_id {bad['unit_id']} cannot be scored: KeyError at test_score_predictions.py:")
    assert "CANARY" not in message


def test_items_are_put_in_order_before_anything_is_scored() -> None:
    written, ordered = "Mild cardiomegaly. Large left pneumothorax.", "Large left pneumothorax. Mild cardiomegaly."
    table = outcome(written, reference=ordered)
    (as_written,) = ScorePredictions(ScoreSettings(), CONSTANTS)(table).to_pylist()
    (row,) = ScorePredictions(ScoreSettings(), CONSTANTS, order="criticality")(table).to_pylist()
    assert (as_written["prediction"], as_written["item_order"], as_written["urgent_first"]) == (written, None, False)
    assert (row["prediction"], row["item_order"], row["urgent_first"]) == (ordered, "2,1", True)
    assert as_written["rougel_f"] < row["rougel_f"] == 1.0
    # what the beam wrote stays as it was
    assert row["hypotheses"] == as_written["hypotheses"] == [{"text": written, "score": -0.5}]
    (failed,) = ScorePredictions(ScoreSettings(), CONSTANTS, order="criticality")(outcome(None)).to_pylist()
    assert (failed["prediction"], failed["item_order"]) == (None, None)
