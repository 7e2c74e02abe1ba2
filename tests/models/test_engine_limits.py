"""Time limits of calls, and how often an engine may die."""

import pytest

from radray.errors import RadrayError
from radray.models.engines.engine import Generation, Hypothesis
from radray.models.engines.isolation.limits import CallLimits, Patience
from radray.settings.generate import GenerateSettings

SETTINGS = GenerateSettings(num_beams=4, max_new_tokens=100, call_timeout_s=3600)


def wrote(tokens: int) -> Generation:
    return Generation((Hypothesis("x", 0.0),), 50, tokens, False, False)


def test_before_anything_is_known_a_call_may_take_a_minute() -> None:
    limits = CallLimits(SETTINGS)
    assert limits.call_s(32, 500) == 60
    assert limits.plan_s(["x" * 50_000] * 2) == 61


def test_a_limit_is_a_minute_and_ten_times_what_the_tokens_take() -> None:
    limits = CallLimits(SETTINGS)
    limits.probed(10, wrote(9), 0.5)  # 10 + 4 x 10 tokens: 10 ms each
    assert limits.call_s(2, 100) == pytest.approx(60 + 10 * 2 * (100 + 400) * 0.010)
    limits.took(60, [wrote(9), wrote(34)], 0.4)  # 2 x (60 + 4 x 35): 1 ms
    assert limits.call_s(2, 100) == pytest.approx(60 + 10 * 2 * 500 * 0.001)
    limits.took(60, [wrote(34), wrote(9)], 0.8)  # the slowest counts
    limits.took(60, [wrote(34), wrote(9)], 0.4)
    assert limits.call_s(2, 100) == pytest.approx(60 + 10 * 2 * 500 * 0.002)
    for _ in range(31):  # and is forgotten
        limits.took(60, [wrote(34), wrote(9)], 0.4)
    assert limits.call_s(2, 100) == pytest.approx(60 + 10 * 2 * 500 * 0.001)


def test_no_call_may_take_longer_than_the_setting() -> None:
    limits = CallLimits(SETTINGS.model_copy(update={"call_timeout_s": 100.0}))
    limits.probed(10, wrote(9), 0.5)
    assert limits.call_s(32, 500) == 100
    assert limits.plan_s(["x" * 10_000_000]) == 100


def test_an_engine_may_die_30_times_plus_once_for_each_two_answers() -> None:
    patience = Patience("e")
    patience.answered(5)
    for _ in range(32):
        patience.died("SIGSEGV")
    with pytest.raises(RadrayError, match=r"engine e was started anew 32 times over 5 .* 32 are allowed.*SIGSEGV"):
        patience.died("SIGSEGV")
    assert patience.restarts == 32
    patience.answered(1)
    patience.died("SIGSEGV")


def test_64_reports_in_a_row_are_too_many_and_an_answer_starts_a_new_row() -> None:
    patience = Patience("e")
    for _ in range(3):
        for _ in range(63):
            patience.failed("timeout")
        patience.answered(1)
    for _ in range(63):
        patience.failed("timeout")
    with pytest.raises(RadrayError, match="64 reports in a row"):
        patience.failed("timeout")
