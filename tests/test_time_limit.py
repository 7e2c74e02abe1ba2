"""A limit ends what is slow and nothing else, also inside a regular expression and inside another limit."""

import re
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from radray.time_limit import TimeLimitError, time_limit


def hang() -> None:
    while True:
        pass


def hang_in_an_expression() -> None:
    re.match(r"(?:a|a)*b", "a" * 64)


def hang_in_code_that_catches_all() -> None:
    for _ in range(2):
        with suppress(BaseException):
            hang()


@pytest.fixture(autouse=True)
def no_limit_is_left() -> object:
    before = signal.getsignal(signal.SIGALRM)
    yield
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


@pytest.mark.parametrize("work", [hang, hang_in_an_expression])
def test_what_hangs_is_ended(work: Callable[[], None]) -> None:
    with pytest.raises(TimeLimitError), time_limit(0.05):
        work()


def test_what_is_quick_is_not_ended_later() -> None:
    with time_limit(0.05):
        done = True
    time.sleep(0.1)
    assert done


def test_an_error_of_the_work_is_its_own() -> None:
    with pytest.raises(KeyError), time_limit(5.0):
        raise KeyError


def test_code_that_catches_all_is_ended_by_the_next_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("radray.time_limit._AGAIN_S", 0.05)
    with time_limit(0.05):
        hang_in_code_that_catches_all()


def test_a_limit_inside_another_leaves_it_its_time() -> None:
    inner = 0
    with pytest.raises(TimeLimitError), time_limit(0.2):  # noqa: PT012
        for _ in range(3):
            with suppress(TimeLimitError), time_limit(0.01):
                hang()
            inner += 1
        with time_limit(5.0):  # longer than what is left
            hang()
    assert inner == 3


def test_another_thread_works_without_a_limit() -> None:
    done: list[bool] = []

    def work() -> None:
        with time_limit(5.0):
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]
