"""An engine in a process of its own, whose death costs the report that killed it and no other.

A crash, a hang and a lack of memory end a model call. Earlier answers stay; the call is halved, and halved again, down
to one report, which is given up when it fails alone for the second time: where something else killed the process, the
second attempt is answered. Each start is proven by a probe, a prompt that is no report's, so that a broken machine or
model ends the run and is not taken for bad reports.

Judged against `pebble` 5.2.3 (LGPL, 2,709 lines, ProcessPool with spawn), which would replace `owner` and the loop of
`child`, not the halving, the limits and the probe. With one worker, a task a call and a limit of 1 s, a native call
that does not return was ended after 4.1 s (SIGTERM first, SIGKILL 3 s later). A worker whose owner was killed during
such a call was still computing 5 s later, and keeps the model's memory. An exception arrived with its message, and a
model that cannot be loaded as "All workers expired" with its message in the log, where report text must not be. It has
no limit for loading, and restarts a worker whether or not the machine is broken.
"""

import hashlib
import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from radray.console import log_warning
from radray.errors import RadrayError
from radray.models.engines.engine import Answer, Engine, Failed
from radray.models.engines.isolation.child import Answered, CallFailed, Planned, Ready, Refused
from radray.models.engines.isolation.limits import CallLimits, Patience
from radray.models.engines.isolation.owner import EngineOwner, Frame, Gone
from radray.schema.statuses import FailReason
from radray.settings.generate import GenerateSettings

STARTS = 3
"""Attempts to start a process before the machine counts as broken: the first may have met a passing lack of memory,
while another process was ending."""
_GIVEN_UP_KEPT = 10_000
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Prompts to be asked together; `blamed`: a call of these failed before (alone, if it is one prompt)."""

    places: tuple[int, ...]
    blamed: bool = False


class EngineProcess:
    """An engine in a child process, which this object starts, limits in time, kills and restarts."""

    def __init__(self, factory: Callable[[], Engine], name: str, settings: GenerateSettings, probe: str) -> None:
        """Start the process, have it load the engine of `factory` (picklable) and answer `probe`.

        Raises radray's own error when loading raises one, and RadrayError when no process answers the probe.
        """
        self.name = name
        self._owner = EngineOwner(factory, probe)
        self._load_s = settings.load_timeout_s
        self._limits = CallLimits(settings)
        self._patience = Patience(name)
        self._given_up: OrderedDict[bytes, FailReason] = OrderedDict()
        self._start()

    @property
    def pid(self) -> int | None:
        """Process id of the engine, which changes with a restart; None after `close`."""
        return self._owner.pid

    @property
    def restarts(self) -> int:
        """How often the engine was restarted."""
        return self._patience.restarts

    def close(self) -> None:
        """End the process."""
        self._owner.end()

    def generate(self, prompts: Sequence[str]) -> list[Answer]:
        """Return for each prompt, in order, its generation or why there is none; [] for no prompts.

        A prompt that was given up is not tried again. Raises RadrayError when the engine can no longer be started, or
        fails more often than single reports explain.
        """
        answers: dict[int, Answer] = {}
        pieces = [_Piece(tuple(range(len(prompts))))] if prompts else []
        while pieces:
            piece = pieces.pop()
            places = self._not_given_up(prompts, piece.places, answers)
            if places:
                pieces += reversed(self._ask(prompts, _Piece(places, piece.blamed), answers))
        return [answers[place] for place in range(len(prompts))]

    def _not_given_up(
        self, prompts: Sequence[str], places: Sequence[int], answers: dict[int, Answer]
    ) -> tuple[int, ...]:
        """Return those of `places` that are still to be asked; answer the others with their reason."""
        if not self._given_up:
            return tuple(places)
        for place in places:
            reason = self._given_up.get(_digest(prompts[place]))
            if reason is not None:
                answers[place] = Failed(reason)
        return tuple(place for place in places if place not in answers)

    def _ask(self, prompts: Sequence[str], piece: _Piece, answers: dict[int, Answer]) -> list[_Piece]:
        """Ask `piece`, as far as the engine gets; return what is left to ask, in order."""
        left: list[_Piece] = []
        flying: tuple[int, ...] = ()
        waiting = deque[tuple[tuple[int, ...], int]]()
        try:
            asked = [prompts[place] for place in piece.places]
            self._owner.ask(asked)
            flying = piece.places
            frame = self._owner.receive(self._limits.plan_s(asked))
            if isinstance(frame, Planned):
                waiting += ((tuple(piece.places[i] for i in places), width) for places, width in frame.calls)
            else:
                left += self._lost(prompts, flying, piece.blamed, _failure(frame), answers)
            while waiting:
                flying, width = waiting.popleft()
                frame = self._owner.receive(self._limits.call_s(len(flying), width))
                if isinstance(frame, Answered):
                    answers.update(zip(flying, frame.generations, strict=True))
                    self._limits.took(width, frame.generations, frame.seconds)
                    self._patience.answered(len(flying))
                else:
                    left += self._lost(prompts, flying, piece.blamed, _failure(frame), answers)
        except Gone as gone:
            self._start_anew(gone, len(flying))
            # a process that was gone before it was asked did not die of any of these
            left += self._lost(prompts, flying, piece.blamed, gone, answers) if flying else [piece]
            rest = tuple(place for places, _ in waiting for place in places)
            left += [_Piece(rest, piece.blamed)] if rest else []
        except BaseException:
            self._owner.end()  # its answers would be taken for those to the next question
            raise
        return left

    def _lost(
        self, prompts: Sequence[str], places: tuple[int, ...], blamed: bool, why: Gone, answers: dict[int, Answer]
    ) -> list[_Piece]:
        """Return the halves of a call that failed, or its one prompt again; give that up if it is to blame."""
        if len(places) > 1:
            half = (len(places) + 1) // 2
            return [_Piece(places[:half], True), _Piece(places[half:], True)]
        if not blamed:
            return [_Piece(places, True)]
        (place,) = places
        self._given_up[_digest(prompts[place])] = why.reason
        if len(self._given_up) > _GIVEN_UP_KEPT:
            self._given_up.popitem(last=False)
        answers[place] = Failed(why.reason)
        log_warning(_LOG, f"engine {self.name}: a report is given up: {why.reason} ({why.how})")
        self._patience.failed(why.reason)
        return []

    def _start_anew(self, gone: Gone, rows: int) -> None:
        log_warning(_LOG, f"engine {self.name} ended in a call of {rows} reports: {gone.how}")
        self._patience.died(gone.how)
        self._start()

    def _start(self) -> None:
        """Start a process that answers the probe, in STARTS attempts; one that takes too long ends the run."""
        for start in range(1, STARTS + 1):
            try:
                self._owner.start()
                frame = self._owner.receive(self._load_s)
            except Gone as gone:
                how = gone.how
                if gone.reason is FailReason.TIMEOUT:
                    raise RadrayError(
                        f"engine {self.name} did not load its model and answer a prompt in generate.load_timeout_s ="
                        f" {self._load_s:g}"
                    ) from None
            except OSError as error:
                how = type(error).__name__
            else:
                if isinstance(frame, Ready):
                    self._limits.probed(frame.width, frame.probe, frame.seconds)
                    return
                how = _refusal(frame)
            log_warning(_LOG, f"engine {self.name} could not be started, try {start} of {STARTS}: {how}")
        self._owner.end()
        raise RadrayError(
            f"engine {self.name} could not be started: {STARTS} processes ended before they had answered a prompt, the"
            f" last one with {how}; see the memory of the machine, or try generate.engine=transformers"
        )


def _failure(frame: Frame) -> Gone:
    """Return why a call failed; raise it when the engine is of no use any more."""
    if not isinstance(frame, CallFailed):
        raise TypeError(f"expected the outcome of a call, got {type(frame).__name__}")
    why = Gone(frame.reason, frame.error)
    if frame.broken:
        raise why
    return why


def _refusal(frame: Frame) -> str:
    """Return the class of the error that loading raised; raise it when it is radray's own."""
    if not isinstance(frame, Refused):
        raise TypeError(f"expected a loaded engine, got {type(frame).__name__}")
    if isinstance(frame.error, RadrayError):
        raise frame.error
    return frame.error


def _digest(prompt: str) -> bytes:
    return hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).digest()
