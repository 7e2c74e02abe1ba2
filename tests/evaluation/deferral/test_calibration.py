"""The calibration: computed from rows of predictions, written, read back, and held against others."""

import json
from random import Random

import pytest

from radray.errors import ConfigError, InputError
from radray.evaluation.deferral.calibration import calibrate, parse_calibration
from tests.support.worlds.calibrated import prediction_rows

ALPHAS = {"r2": 0.2}


def test_a_calibration_names_what_it_was_basis() -> None:
    rows = prediction_rows(400)
    calibration = calibrate(rows, "logprob", ALPHAS, 0.05)
    assert calibration.bound_to == {
        "model_digest": "m" * 64,
        "engine": "e",
        "prompt_id": "p",
        "settings_digest": "s",
        "dataset": "d",
    }
    basis = calibration.basis
    assert (basis.batch_date, basis.split, basis.predictions, basis.reports, basis.unjudged) == (
        *("2026-03-01", "test", 400, 400, 0),
    )
    assert calibration.chosen.threshold is not None
    assert sum(calibration.histogram.counts) == 400


def test_a_file_read_back_is_the_same() -> None:
    calibration = calibrate(prediction_rows(400), "margin", {"r1_normal": 0.3, "r2": 0.3}, 0.05)
    again = parse_calibration(calibration.to_json(), "file")
    assert again == calibration
    assert again.digest == calibration.digest


def test_the_order_of_rows_changes_nothing() -> None:
    rows = prediction_rows(200)
    shuffled = Random(1).sample(rows, len(rows))
    assert calibrate(shuffled, "logprob", ALPHAS, 0.05).digest == calibrate(rows, "logprob", ALPHAS, 0.05).digest


def test_other_texts_and_confidences_give_another_calibration() -> None:
    rows = prediction_rows(50)
    digests = {calibrate(rows, "logprob", ALPHAS, 0.05).basis.digest}
    for change in ({"text_digest": "other"}, {"logprob_per_token": -9.0}, {"unit_id": "other"}):
        digests.add(calibrate([{**rows[0], **change}, *rows[1:]], "logprob", ALPHAS, 0.05).basis.digest)
    assert len(digests) == 4


def test_a_file_has_no_text_and_no_id() -> None:
    rows = prediction_rows(50)
    content = calibrate(rows, "logprob", ALPHAS, 0.05).to_json().decode()
    held = {row[name] for row in rows for name in ("unit_id", "split_key", "reference", "prediction", "findings")}
    assert [value for value in held if f'"{value}"' in content] == []
    assert json.loads(content)["confidence"] == "logprob"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"model_digest": "other"}, "one model_digest"),
        ({"engine": "other"}, "one engine"),
        ({"dataset": "other"}, "one dataset"),
        ({"split": "validation"}, "one split"),
    ],
)
def test_predictions_of_several_are_refused(change: dict[str, str], named: str) -> None:
    rows = prediction_rows(10)
    with pytest.raises(InputError, match=named):
        calibrate([*rows[:-1], {**rows[-1], **change}], "logprob", ALPHAS, 0.05)


def test_what_a_model_learns_from_is_refused() -> None:
    with pytest.raises(InputError, match="split train"):
        calibrate([{**row, "split": "train"} for row in prediction_rows(10)], "logprob", ALPHAS, 0.05)


def test_predictions_without_the_confidence_are_refused() -> None:
    with pytest.raises(InputError, match="none of the 10 predictions has agreement"):
        calibrate(prediction_rows(10), "agreement", ALPHAS, 0.05)


def test_no_predictions_are_refused() -> None:
    with pytest.raises(InputError, match="got none"):
        calibrate([], "logprob", ALPHAS, 0.05)


def test_another_model_is_refused_with_both_sides() -> None:
    calibration = calibrate(prediction_rows(50), "logprob", ALPHAS, 0.05)
    calibration.refuse_other(calibration.bound_to, "c.json")
    with pytest.raises(ConfigError, match=r"score.calibration=c.json was made for engine e, and this is other: "):
        calibration.refuse_other({"engine": "other", "prompt_id": "p"}, "c.json")


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"version": 2}'])
def test_what_is_no_calibration_is_refused(content: bytes) -> None:
    with pytest.raises(ConfigError, match=r"c.json is no calibration"):
        parse_calibration(content, "c.json")


def test_sentences_promise_what_was_proven() -> None:
    kept = calibrate(prediction_rows(400), "logprob", ALPHAS, 0.05)
    (first, bound, share) = kept.sentences()
    assert "400 reports, one of each patient or text" in first
    assert "as long as the night's reports and these are exchangeable" in bound
    assert "of those that read normal" in share
    none = calibrate(prediction_rows(20), "logprob", ALPHAS, 0.05)
    assert "no threshold passes: every prediction that reads normal is deferred" in none.sentences()[1]
