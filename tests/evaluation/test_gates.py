"""Gates on made-up nights: each figure against a hand count, and the nights that each gate passes."""

from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from radray.errors import ConfigError, GateError, InputError
from radray.evaluation.gates import (
    NIGHT_COLUMNS,
    GateResult,
    Night,
    describe_unjudged,
    judge,
    measure,
    measure_scores,
    refuse_failed,
)
from radray.flags import TIER_A, TIER_B
from radray.schema.predictions import PREDICTIONS
from radray.settings.gates import ExcessRates, FlagRates, GatesSettings
from radray.settings.loading import load_settings

NO_RATES = FlagRates(**dict.fromkeys(TIER_A))
NO_EXCESS = ExcessRates(normal_over_abnormal=None, omission=None)
OFF = GatesSettings(
    max_tier_a_rate=None,
    max_rouge_l_drop=None,
    max_failed_rate=None,
    max_unparsed_fraction=None,
    min_distinct_rate=None,
    max_flag_rates=NO_RATES,
    max_excess_rates=NO_EXCESS,
)


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
    assert list(FlagRates.model_fields) == list(TIER_A)
    assert set(ExcessRates.model_fields) < set(TIER_B)
    given = FlagRates(**dict.fromkeys(TIER_A, 0.1))
    assert given.model_dump() == dict.fromkeys(TIER_A, 0.1)
    with pytest.raises(ValidationError):
        FlagRates(unsupported=0.1)  # type: ignore[call-arg]


def test_a_night_is_counted() -> None:
    scored = {"scorer_id": "s", "reference_stratum": "normal", "rougel_f": 0.8}
    first = rows(
        {"flag_side": True, "flag_mask": True, "flag_omission": True, "reference_flag_omission": True, **scored},
        {"flag_side": None, "findings_stratum": "normal", **scored, "rougel_f": 0.4},
        {"status": "failed", "prediction": None, "flag_degenerate": True, **scored, "reference_stratum": "abnormal"},
    )
    second = rows({"prediction": "p0", "flag_polarity": True}, {"findings": "f0", "prediction": "p0"})
    night = measure([first, second])
    assert (night.rows, night.ok, night.flagged) == (5, 4, 2)
    assert night.flags["side"] == (1, 3)
    assert night.flags["mask"] == (1, 4)
    assert night.excess["omission"] == (1, 1, 1)
    assert night.flags["degenerate"] == (0, 4)  # of the failed: it has a gate of its own
    assert (len(night.predictions), len(night.findings)) == (1, 1)  # p0 for f0, thrice
    assert night.scorers == {"s"}
    assert night.rouge_l["normal"] == pytest.approx((1.2, 2))
    assert night.rouge_l["abnormal"] == (0.8, 1)
    assert measure_scores([first, second]).rouge_l == night.rouge_l


def test_no_rows_are_a_night_that_no_gate_judges() -> None:
    settings = GatesSettings(min_rouge_l=0.9, max_rejected_rate=0.0)
    results = judge(measure([]), {}, None, 0.9, settings)
    assert len(results) == 6 + len(TIER_A) + len(ExcessRates.model_fields)
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
        ("max_flag_rates", NO_RATES.model_copy(update={"side": 0.1}), Night(rows=200, flags={"side": (30, 60)}), 0.5),
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
    at_limit = NO_RATES.model_copy(update={"side": value}) if setting == "max_flag_rates" else refused.value
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


def test_predictions_withheld_for_an_identifier_count_as_its_flag() -> None:
    withheld = {"status": "failed", "reason": "identifier"}
    night = measure(
        [rows(*[{}] * 7, {"flag_identifier": True}, withheld, withheld, {"status": "failed", "reason": "x"})]
    )
    assert night.flags["identifier"] == (3, 10)
    assert night.flags["side"] == (0, 8)


def test_few_reports_judge_nothing() -> None:
    settings = OFF.model_copy(update={"max_failed_rate": 0.0})
    assert result_of(settings, Night(rows=199, ok=0)).passed is None
    assert result_of(settings, Night(rows=200, ok=0)).passed is False
    assert result_of(settings.model_copy(update={"min_reports": 1}), Night(rows=1, ok=0)).passed is False
    of_class = OFF.model_copy(update={"max_flag_rates": NO_RATES.model_copy(update={"side": 0.0})})
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
        GatesSettings(max_excess_rates=NO_EXCESS),
    )
    with pytest.raises(GateError) as caught:
        refuse_failed(results, "the night")
    assert isinstance(caught.value, InputError)
    assert caught.value.exit_code == 3
    assert str(caught.value).startswith(
        "the night: 2 of 17 gates refuse the night: share of empty or failed predictions 0.2 over 200 reports, at most"
        " 0.05 (gates.max_failed_rate); share of predictions with a Tier A flag 0.75 over 160 reports, at most 0.05"
        " (gates.max_tier_a_rate); nothing was committed"
    )


def test_a_gate_that_is_passed_says_nothing() -> None:
    refuse_failed([GateResult("gates.max_failed_rate", "failed", 0.0, 0.05, 100)], "the night")


def excess_of(*pairs: tuple[bool | None, bool | None]) -> Night:
    """Return the night of 200 reports of which these have the flag of omission, by the model and by the radiologist."""
    flags = [{"flag_omission": ours, "reference_flag_omission": theirs} for ours, theirs in pairs]
    return measure([rows(*flags, *({"reference": None} for _ in range(200 - len(pairs))))])


def test_an_advisory_class_is_judged_by_its_excess_over_references() -> None:
    settings = OFF.model_copy(update={"max_excess_rates": NO_EXCESS.model_copy(update={"omission": 0.025})})
    both, model, radiologist, none = (True, True), (True, False), (False, True), (False, False)
    for pairs, value, passed in (
        ([both] * 30 + [none] * 170, 0.0, True),  # what the rule flags in both is the rule's, not the model's
        ([model] * 6 + [none] * 194, 0.03, False),
        ([model] * 6 + [radiologist] + [none] * 193, 0.025, True),
        ([radiologist] * 20 + [none] * 180, -0.1, True),
        ([(True, None)] * 100 + [model] * 6 + [none] * 94, 0.06, False),  # 100 reports have no reference
        ([(True, None)] * 151 + [model] * 49, None, None),
        ([(True, None)] * 200, None, None),
    ):
        result = result_of(settings, excess_of(*pairs))
        assert result.gate == "gates.max_excess_rates.omission"
        assert result.value == pytest.approx(value)
        assert result.passed is passed


def test_a_single_flag_in_a_small_part_of_a_night_stops_nothing() -> None:
    settings = OFF.model_copy(update={"max_flag_rates": NO_RATES.model_copy(update={"side": 0.015})})
    for hits, n, passed in ((1, 50, True), (3, 50, True), (4, 50, False), (3, 200, True), (4, 200, False)):
        assert result_of(settings, Night(rows=200, flags={"side": (hits, n)})).passed is passed
    assert result_of(settings, Night(rows=4000, flags={"side": (61, 4000)})).passed is False


def test_the_defaults_refuse_copies_of_near_reports_and_pass_radiologists() -> None:
    reports = 1384  # of tests/benchmarks/gate_limits.py
    people = {"side": (1, reports), "polarity": (2, reports), "communication": (13, reports), "prior": (5, reports)}
    copies = {"side": (6, reports), "polarity": (29, reports), "communication": (2, reports), "prior": (13, reports)}
    copied = {"normal_over_abnormal": (155, 20, reports), "omission": (56, 10, reports)}
    for flagged, flags, excess, refusing in (
        (24, people, {name: (hits, hits, n) for name, (_, hits, n) in copied.items()}, set()),
        (67, copies, copied, {"max_flag_rates.polarity", *(f"max_excess_rates.{name}" for name in copied)}),
    ):
        night = Night(
            rows=reports, ok=reports, flagged=flagged, flags=flags, excess=excess, findings={1}, predictions={1}
        )
        failed = {
            r.gate.removeprefix("gates.") for r in judge(night, {}, None, None, GatesSettings()) if r.passed is False
        }
        assert failed == refusing


def test_a_limit_of_a_class_leaves_those_of_the_others() -> None:
    gates = load_settings([], ["gates.max_flag_rates={side: 0.3}", "gates.max_flag_rates.prior=null"]).gates
    assert gates.max_flag_rates == FlagRates(side=0.3, prior=None)
    with pytest.raises(ConfigError, match=r"gates\.max_flag_rates\.sides; the nearest is gates\.max_flag_rates\.side"):
        load_settings([], ["gates.max_flag_rates.sides=0.1"])


def test_a_corpus_is_judged_by_the_classes_that_are_set() -> None:
    gates = load_settings([], ["gates.max_flag_rates.side=0.3", "gates.max_excess_rates.omission=0.1"]).gates
    of_corpus = gates.of_corpus()
    assert of_corpus.max_flag_rates == NO_RATES.model_copy(update={"side": 0.3})
    assert of_corpus.max_excess_rates == NO_EXCESS.model_copy(update={"omission": 0.1})
    assert (of_corpus.max_tier_a_rate, of_corpus.min_reports) == (None, 200)
    assert load_settings().gates.of_corpus() == OFF


def test_what_did_not_judge_is_named_by_section() -> None:
    results = [GateResult(f"gates.{name}", "rate", None, 0.1, 0) for name in ("a", "b.side", "b.level")]
    assert (
        describe_unjudged([*results, GateResult("gates.c", "rate", 0.0, 0.1, 200)]) == "gates.a, gates.b (side, level)"
    )
    assert describe_unjudged([]) == ""
