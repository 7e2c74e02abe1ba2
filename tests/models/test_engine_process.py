"""An engine's process that really crashes, hangs and runs out of memory: what it costs, and that it happened."""

import os
import select
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from radray.errors import InputError, RadrayError
from radray.models.engines.engine import Answer, Failed
from radray.models.engines.isolation.child import reason_of
from radray.models.engines.isolation.limits import FAILED_IN_A_ROW
from radray.models.engines.isolation.process import EngineProcess
from radray.models.engines.repeats import AnswerOnce
from radray.schema.statuses import FailReason
from radray.settings.generate import GenerateSettings
from tests.support.faults.faulty_engine import CANARY, PROBE, FaultyEngine, refuses, without_ray

PATIENCE_S = 20.0
INNOCENT = [f"report {i:02}" for i in range(20)]


class World:
    """A process of the faulty engine, and what it did."""

    def __init__(self, log: Path, **engine: Any) -> None:
        log.touch()
        self.log = log
        self.process = EngineProcess(
            partial(FaultyEngine, log, **engine), "faulty", GenerateSettings(call_timeout_s=1), PROBE
        )

    def noted(self, what: str) -> list[tuple[int, str]]:
        """Return process and prompts of the lines of that kind."""
        lines = [line.split(" ", 2) for line in self.log.read_text().splitlines()]
        return [(int(pid), prompt) for pid, kind, prompt in lines if kind == what]

    def faults(self) -> list[str]:
        return [prompt for _, prompt in self.noted("fault")]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "log")
    yield world
    world.process.close()


def texts_of(answers: Sequence[Answer]) -> list[str]:
    """Return each answer's text, or the reason why there is none."""
    return [answer.reason.value if isinstance(answer, Failed) else answer.hypotheses[0].text for answer in answers]


@pytest.mark.parametrize(
    ("fault", "reason", "deaths"),
    [
        ("segfault", "engine_crashed", 4),
        ("killed", "engine_crashed", 4),
        ("exits", "engine_crashed", 4),
        ("hang", "timeout", 4),
        ("clutch", "timeout", 4),
        ("memory", "out_of_memory", 0),
        ("error", "engine_error", 0),
    ],
)
def test_a_fault_costs_the_report_that_has_it(world: World, fault: str, reason: str, deaths: int) -> None:
    bad = f"{fault}-here"
    prompts = [*INNOCENT[:9], bad, *INNOCENT[9:]]
    first = world.process.pid
    assert texts_of(world.process.generate(prompts)) == [*INNOCENT[:9], reason, *INNOCENT[9:]]
    # in a call of 8, of 4, of 2 and alone
    assert world.faults() == [bad] * 4
    assert world.process.restarts == deaths
    assert len({pid for pid, _ in world.noted("call")}) == 1 + deaths
    assert (world.process.pid == first) is (deaths == 0)
    # the two calls without it were made once: what one call loses, others keep
    assert sum(len(prompts.split()) == 16 and bad not in prompts for _, prompts in world.noted("call")) == 1


def test_a_fault_before_there_are_calls_is_found_by_halving_too(world: World) -> None:
    prompts = [*INNOCENT, "exits-plan"]
    assert texts_of(world.process.generate(prompts)) == [*INNOCENT, "engine_crashed"]
    assert len(world.faults()) == world.process.restarts == 5  # of 21, 10, 5, 2 and 1


def test_a_prompt_that_takes_memory_without_bound_to_plan_costs_itself(world: World) -> None:
    assert texts_of(world.process.generate([*INNOCENT[:3], "grows-plan"])) == [*INNOCENT[:3], "out_of_memory"]
    assert world.process.restarts == 0


@pytest.mark.parametrize("fault", ["killed-once", "hang-once", "error-once", "sticky-once"])
def test_what_happens_once_costs_nothing_even_in_a_call_of_one(tmp_path: Path, fault: str) -> None:
    world = World(tmp_path / "log", size=1)
    assert texts_of(world.process.generate(["a", fault, "b"])) == ["a", fault, "b"]
    assert world.faults() == [fault]
    assert world.process.restarts == (fault != "error-once")


def test_an_engine_that_dies_between_two_questions_is_nobodys_fault(tmp_path: Path) -> None:
    world = World(tmp_path / "log", size=1)
    for restarts in (1, 2):
        pid = world.process.pid
        assert pid is not None
        engine = os.pidfd_open(pid)
        os.kill(pid, signal.SIGKILL)
        assert ended(engine, PATIENCE_S)
        os.close(engine)
        # the one death of the prompt itself is then its first
        fault = f"killed-once-{restarts}"
        assert texts_of(world.process.generate([fault, "b"])) == [fault, "b"]
        assert world.process.restarts == 2 * restarts
    assert world.faults() == ["killed-once-1", "killed-once-2"]


def test_an_error_that_stays_in_the_process_is_not_taken_for_the_reports(world: World) -> None:
    prompts = [*INNOCENT, "sticky-here"]
    assert texts_of(world.process.generate(prompts)) == [*INNOCENT, "engine_error"]
    assert len(world.faults()) == world.process.restarts == 4


def test_a_report_that_was_given_up_is_not_tried_again(world: World) -> None:
    engine = AnswerOnce(world.process, kept=100)
    assert texts_of(engine.generate(["error-x", "a", "error-x"])) == ["engine_error", "a", "engine_error"]
    tried = world.faults()
    assert texts_of(engine.generate(["b", "error-x"])) == ["b", "engine_error"]
    assert texts_of(world.process.generate(["error-x", "error-x"])) == ["engine_error", "engine_error"]
    assert world.faults() == tried


def test_many_bad_reports_cost_themselves(world: World) -> None:
    kinds = ["exits", "error", "memory", "killed", "segfault"]
    prompts = [f"{kinds[i // 20]}-{i:03}" if i % 20 == 7 else f"report-{i:03}" for i in range(100)]
    reasons = {"error": "engine_error", "memory": "out_of_memory"}
    wanted = [p if p.startswith("report") else reasons.get(p.split("-")[0], "engine_crashed") for p in prompts]
    assert texts_of(world.process.generate(prompts)) == wanted
    assert set(world.faults()) == {prompt for prompt in prompts if not prompt.startswith("report")}
    assert 3 <= world.process.restarts <= 3 * 4
    assert texts_of(world.process.generate(prompts[::-1])) == wanted[::-1]


def test_no_prompts_ask_nothing(world: World) -> None:
    calls = world.noted("call")
    assert world.process.generate([]) == []
    assert world.noted("call") == calls


@pytest.mark.parametrize(
    ("probe", "how"), [("exits-x", "exit code 7"), ("segfault-x", "SIGSEGV"), ("error-x", "Value")]
)
def test_an_engine_that_never_answers_ends_the_run_after_three_starts(tmp_path: Path, probe: str, how: str) -> None:
    (tmp_path / "log").touch()
    with pytest.raises(RadrayError, match=f"faulty could not be started: 3 processes .*{how}") as caught:
        EngineProcess(partial(FaultyEngine, tmp_path / "log"), "faulty", GenerateSettings(), probe)
    assert CANARY not in str(caught.value)
    pids = [line.split()[0] for line in (tmp_path / "log").read_text().splitlines() if " fault " in line]
    assert len(set(pids)) == 3


def test_an_engine_that_hangs_while_it_loads_ends_the_run_at_once(tmp_path: Path) -> None:
    (tmp_path / "log").touch()
    with pytest.raises(RadrayError, match=r"generate.load_timeout_s = 0.9"):
        EngineProcess(partial(FaultyEngine, tmp_path / "log"), "faulty", GenerateSettings(load_timeout_s=0.9), "hang-x")
    assert (tmp_path / "log").read_text().count(" fault ") == 1


def test_an_error_of_our_own_while_loading_arrives_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"^model folder {tmp_path}: damaged$"):
        EngineProcess(partial(refuses, tmp_path / "log"), "faulty", GenerateSettings(), PROBE)


def test_when_report_after_report_fails_it_is_not_the_reports(world: World) -> None:
    with pytest.raises(RadrayError, match=r"64 reports in a row .* engine_error: this is not the reports") as caught:
        world.process.generate([f"error-{i:03}" for i in range(FAILED_IN_A_ROW + 5)])
    assert CANARY not in str(caught.value)
    # and what was on its way then is not taken for the answer to something else
    assert texts_of(world.process.generate(["a", "b"])) == ["a", "b"]


def test_a_machine_on_which_every_call_dies_ends_soon(world: World) -> None:
    with pytest.raises(RadrayError, match="started anew 30 times over 0 reports that it answered, 30 are allowed"):
        world.process.generate([f"exits-{i:03}" for i in range(1000)])
    assert len(world.faults()) == 31


def test_nothing_that_the_engine_says_gets_out(
    world: World, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    prompts = ["prints-x", "error-x", "segfault-x"]
    assert texts_of(world.process.generate(prompts)) == ["prints-x", "engine_error", "engine_crashed"]
    assert set(world.faults()) == set(prompts)
    assert capfd.readouterr() == ("", "")
    assert "SIGSEGV" in caplog.text
    assert "ValueError" in caplog.text
    assert not any(word in caplog.text for word in (CANARY, "error-x"))


def test_the_process_has_nothing_of_ray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "somewhere")
    EngineProcess(partial(without_ray, tmp_path / "log"), "faulty", GenerateSettings(), PROBE).close()
    assert " ray []\n" in (tmp_path / "log").read_text()


@pytest.mark.parametrize(("own", "engines"), [(None, "1000"), ("5", "5")])
def test_its_idle_threads_sleep_unless_the_user_says_otherwise(
    own: str | None, engines: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    if own is not None:
        monkeypatch.setenv("GOMP_SPINCOUNT", own)
    process = World(tmp_path / "log").process
    environment = Path(f"/proc/{process.pid}/environ").read_text().split("\0")
    process.close()
    assert f"GOMP_SPINCOUNT={engines}" in environment


def test_a_closed_process_is_gone(world: World) -> None:
    pid = world.process.pid
    assert pid is not None
    world.process.close()
    assert world.process.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


OWNER = """
import sys
from functools import partial
from pathlib import Path
from tests.support.faults.faulty_engine import PROBE, FaultyEngine
from radray.settings.generate import GenerateSettings
from radray.models.engines.isolation.process import EngineProcess
process = EngineProcess(partial(FaultyEngine, Path(sys.argv[1])), "faulty", GenerateSettings(), PROBE)
print(process.pid, flush=True)
process.generate(sys.argv[2:])
sys.stdin.read()
"""


@pytest.mark.parametrize("prompts", [[], ["hang-x"], ["clutch-x"]], ids=["idle", "hung", "holding the interpreter"])
def test_the_process_dies_with_its_owner_whatever_it_does(tmp_path: Path, prompts: list[str]) -> None:
    log = tmp_path / "log"
    log.touch()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", OWNER, str(log), *prompts]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        engine = os.pidfd_open(int(owner.stdout.readline()))
        try:
            while prompts and " fault " not in log.read_text():
                assert owner.poll() is None
            assert not ended(engine, 0)
            owner.send_signal(signal.SIGKILL)
            assert ended(engine, PATIENCE_S)
        finally:
            os.close(engine)
    assert owner.returncode == -signal.SIGKILL


def ended(process: int, within_s: float) -> bool:
    """Return whether the process of that descriptor ends within so many seconds."""
    return bool(select.select([process], [], [], within_s)[0])


def test_a_lack_of_memory_is_known_by_what_libraries_raise() -> None:
    raised = []
    for allocate in (lambda: bytearray(1 << 60), lambda: torch.empty(1 << 55)):
        with pytest.raises((MemoryError, RuntimeError)) as caught:
            allocate()
        raised.append(caught.value)
    raised += [torch.OutOfMemoryError("x"), RuntimeError("CUDA failed with error out of memory")]
    assert [reason_of(error) for error in raised] == [FailReason.OUT_OF_MEMORY] * 4
    others = Counter(reason_of(error) for error in (ValueError("out of memory"), RuntimeError("x"), KeyError("y")))
    assert others == {FailReason.ENGINE_ERROR: 3}
