"""Gates on made-up nights: each figure against a hand count, and the nights that each gate passes."""

from typing import Any, get_args

import pyarrow as pa
import pytest
from pydantic import ValidationError

from radray.errors import GateError, InputError
from radray.evaluation.gates import NIGHT_COLUMNS, GateResult, Night, judge, measure, measure_scores, refuse_failed
from radray.flags import TIER_A, TierA
from radray.schema.predictions import PREDICTIONS
from radray.settings.gates import GatesSettings

OFF = GatesSettings(max_tier_a_rate=None, max_rouge_l_drop=None, max_failed_rate=None, min_distinct_rate=None)


def rows(*given: dict[str, Any]) -> pa.Table:
    """Return rows of NIGHT_COLUMNS: ok, abnormal, unflagged unless stated."""
    table_rows = []
    for place, values in enumerate(given):
        row: dict[str, Any] = dict.fromkeys(NIGHT_COLUMNS) | {f"flag_{name}": False for name in TIER_A}
        row |= {"status": "ok", "findings": f"f{place}", "prediction": f"p{place}", "findings_stratum": "abnormal"}
        table_rows.append(row | values)
    schema = pa.schema([PREDICTIONS.arrow().field(name) for name in NIGHT_COLUMNS])
    return pa.Table.from_pylist(table_rows, schema=schema.remove_metadata())


def result_of(
    settings: GatesSettings, night: Night, reports: dict[str, int] | None = None, previous: float | None = None
) -> Any:
    (result,) = judge(night, reports or {}, night.standardised_rouge_l(settings.min_part, 0.5), previous, settings)
    return result


def test_the_classes_that_may_gate_are_those_of_tier_a() -> None:
    assert get_args(TierA) == tuple(TIER_A)
    assert list(GatesSettings(max_flag_rates=dict.fromkeys(TIER_A, 0.1)).max_flag_rates) == list(TIER_A)
    with pytest.raises(ValidationError):
        GatesSettings(max_flag_rates={"unsupported": 0.1})


def test_a_night_is_counted() -> None:
    scored = {"scorer_id": "s", "reference_stratum": "normal", "rougel_f": 0.8}
    first = rows(
        {"flag_side": True, "flag_mask": True, **scored},
        {"flag_side": None, "findings_stratum": "normal", **scored, "rougel_f": 0.4},
        {"status": "failed", "prediction": None, "flag_degenerate": True, **scored, "reference_stratum": "abnormal"},
    )
    second = rows({"prediction": "p0", "flag_polarity": True}, {"findings": "f0", "prediction": "p0"})
    night = measure([first, second])
    assert (night.rows, night.ok, night.flagged) == (5, 4, 2)
    assert night.flags["side"] == (1, 3)
    assert night.flags["mask"] == (1, 4)
    assert night.flags["degenerate"] == (0, 4)  # of the failed: it has a gate of its own
    assert (len(night.predictions), len(night.findings)) == (1, 1)  # p0 for f0, thrice
    assert night.scorers == {"s"}
    assert night.rouge_l["normal"] == pytest.approx((1.2, 2))
    assert night.rouge_l["abnormal"] == (0.8, 1)
    assert measure_scores([first, second]).rouge_l == night.rouge_l


def test_no_rows_are_a_night_that_no_gate_judges() -> None:
    settings = GatesSettings(min_rouge_l=0.9, max_rejected_rate=0.0, max_flag_rates={"side": 0.0})
    results = judge(measure([]), {}, None, 0.9, settings)
    assert len(results) == 7
    assert {result.passed for result in results} == {None}
    refuse_failed(results, "a night")


def test_the_standardised_mean_does_not_move_with_case_mix() -> None:
    def night(normal: int, abnormal: int) -> Night:
        return Night(rouge_l={"normal": (0.9 * normal, normal), "abnormal": (0.3 * abnormal, abnormal)})

    assert night(90, 10).standardised_rouge_l(10, 0.5) == pytest.approx(0.6)
    assert night(10, 90).standardised_rouge_l(10, 0.5) == pytest.approx(0.6)
    assert night(10, 90).standardised_rouge_l(10, 0.75) == pytest.approx(0.75)
    assert night(90, 9).standardised_rouge_l(10, 0.5) is None
    assert Night().standardised_rouge_l(1, 0.5) is None


@pytest.mark.parametrize(
    ("setting", "limit", "night", "value"),
    [
        ("max_failed_rate", 0.1, Night(rows=200, ok=160), 0.2),
        ("max_tier_a_rate", 0.1, Night(rows=200, ok=160, flagged=40), 0.25),
        ("max_flag_rates", {"side": 0.1}, Night(rows=200, flags={"side": (30, 60)}), 0.5),
        ("min_distinct_rate", 0.1, Night(rows=200, predictions={1, 2, 3}, findings=set(range(60))), 0.05),
        ("min_rouge_l", 0.6, Night(rows=200, rouge_l={"normal": (45, 50), "abnormal": (10, 50)}), 0.55),
    ],
)
def test_each_gate_refuses_beyond_its_limit_and_passes_at_it(
    setting: str, limit: Any, night: Night, value: float
) -> None:
    refused = result_of(OFF.model_copy(update={setting: limit}), night)
    assert refused.value == pytest.approx(value)
    assert refused.passed is False
    at_limit = {"side": value} if setting == "max_flag_rates" else refused.value
    assert result_of(OFF.model_copy(update={setting: at_limit}), night).passed is True


def test_rejected_units_and_a_drop_are_judged() -> None:
    reports = {"ok": 70, "rejected": 20, "superseded": 10}
    assert result_of(OFF.model_copy(update={"max_rejected_rate": 0.1}), Night(rows=200), reports).value == 0.2
    night = Night(rows=200, rouge_l={"normal": (45, 50), "abnormal": (10, 50)})
    settings = OFF.model_copy(update={"max_rouge_l_drop": 0.1})
    assert result_of(settings, night, previous=0.70).passed is False
    assert result_of(settings, night, previous=0.60).passed is True
    assert result_of(settings, night, previous=0.30).passed is True  # it has become better
    assert result_of(settings, night, previous=None).passed is None


def test_few_reports_judge_nothing() -> None:
    settings = OFF.model_copy(update={"max_failed_rate": 0.0})
    assert result_of(settings, Night(rows=199, ok=0)).passed is None
    assert result_of(settings, Night(rows=200, ok=0)).passed is False
    assert result_of(settings.model_copy(update={"min_reports": 1}), Night(rows=1, ok=0)).passed is False
    of_class = OFF.model_copy(update={"max_flag_rates": {"side": 0.0}})
    assert result_of(of_class, Night(rows=200, flags={"side": (49, 49)})).passed is None
    assert result_of(of_class, Night(rows=200, flags={"side": (50, 50)})).passed is False
    scored = OFF.model_copy(update={"min_rouge_l": 1.0})
    for normal, rows, passed in ((49, 200, None), (50, 200, False), (50, 199, None)):
        night = Night(rows=rows, rouge_l={"normal": (0.0, normal), "abnormal": (0.0, 100)})
        assert result_of(scored, night).passed is passed


def test_all_that_fails_is_said_at_once_with_value_limit_count_and_lever() -> None:
    results = judge(
        Night(rows=200, ok=160, flagged=120, flags=dict.fromkeys(TIER_A, (0, 160)), findings={1}, predictions={1}),
        {"ok": 100},
        None,
        None,
        GatesSettings(),
    )
    with pytest.raises(GateError) as caught:
        refuse_failed(results, "the night")
    assert isinstance(caught.value, InputError)
    assert caught.value.exit_code == 3
    assert str(caught.value).startswith(
        "the night: 2 of 4 gates refuse the night: share of empty or failed predictions 0.2 over 200 reports, at most"
        " 0.05 (gates.max_failed_rate); share of predictions with a Tier A flag 0.75 over 160 reports, at most 0.5"
        " (gates.max_tier_a_rate); nothing was committed"
    )


def test_a_gate_that_is_passed_says_nothing() -> None:
    refuse_failed([GateResult("gates.max_failed_rate", "failed", 0.0, 0.05, 100)], "the night")
