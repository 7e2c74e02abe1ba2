"""Engines: what turns prompts into impressions by beam search. `transformers` is the reference for all others.

Importing this module loads no model library: the driver, which runs no model, names and chooses engines with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import NamedTuple, Protocol

from radray.errors import ConfigError
from radray.models.batching import in_order
from radray.schema.statuses import FailReason
from radray.settings.generate import GenerateSettings

DECIDES = frozenset(
    {"num_beams", "num_return_sequences", "max_new_tokens", "length_penalty", "early_stopping", "max_input_tokens"}
    | {"suppress_masks"}
)
"""Settings that decide what is written, whatever the engine; the others, but for CONSENSUS, decide how fast."""

CONSENSUS = frozenset(
    {"consensus", "consensus_neighbours", "consensus_model_share", "consensus_checks"}
    | {"samples", "sample_temperature", "sample_seed"}
)
"""Settings that decide which candidate is written, where `consensus` is set; of them an engine knows the samples."""


def decisive(settings: GenerateSettings) -> dict[str, object]:
    """Return the settings that decide which impression is written: DECIDES, and what is chosen or put in order.

    What is off is left out: nights that were generated before there was such a setting keep their keys.
    """
    names = DECIDES if settings.consensus is None else DECIDES | CONSENSUS
    return settings.model_dump(include=set(names if settings.order is None else names | {"order"}))


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A candidate of the beam, or a sample.

    `score` is the log-probability (natural) of its tokens, end token included, over their number to the power of
    length_penalty, and the same with a beam of one; of a sample, too, whatever the temperature that it was drawn at.
    """

    text: str
    score: float
    ended: bool = True
    """Whether it came to its end before max_new_tokens."""


@dataclass(frozen=True, slots=True)
class Generation:
    """What an engine wrote for one prompt: `num_return_sequences` hypotheses, best first.

    input_tokens counts the prompt before it was cut to max_input_tokens (`input_truncated`), with its end token;
    output_tokens the best hypothesis without its end token; `output_cut` says that it met max_new_tokens first.
    logprob_per_token is the best hypothesis's log-probability over its tokens, end token included: its score,
    whatever the length_penalty. `repeated` says that an equal prompt was answered before and this is that answer.
    `samples` are `generate.samples`, in the order of their numbers.
    """

    hypotheses: tuple[Hypothesis, ...]
    input_tokens: int
    output_tokens: int
    input_truncated: bool
    output_cut: bool
    logprob_per_token: float | None = None
    repeated: bool = False
    samples: tuple[Hypothesis, ...] = ()

    @property
    def margin(self) -> float | None:
        """The score of the best hypothesis less that of the second; None where there is no second."""
        return None if len(self.hypotheses) < 2 else self.hypotheses[0].score - self.hypotheses[1].score


class Likelihood(NamedTuple):
    """The log-probability (natural) of a text after a prompt, end token included, and how many tokens it has."""

    total: float
    tokens: int

    @property
    def per_token(self) -> float:
        """The mean over the tokens, which does not depend on the length of the text as the sum does."""
        return self.total / self.tokens


@dataclass(frozen=True, slots=True)
class Failed:
    """The answer to a prompt for which the engine has no generation, and why."""

    reason: FailReason


Answer = Generation | Failed
"""What an engine gives for a prompt."""


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call of the model, still to be made: the prompts that it answers and how long they are.

    `places` are indices of the prompts that were planned, `width` the input tokens of each, padding included; `run`
    makes the call and returns a generation for each of `places`.
    """

    places: tuple[int, ...]
    width: int
    run: Callable[[], list[Generation]]


class Engine(Protocol):
    """Writes impressions. An implementation loads its model once, when made, and keeps it."""

    name: str

    def plan(self, prompts: Sequence[str]) -> list[ModelCall]:
        """Return the calls that answer `prompts`, each prompt in one of them; no prompts: an empty list."""
        ...

    def generate(self, prompts: Sequence[str]) -> list[Generation]:
        """Return one generation a prompt, in order, by making all calls; no prompts: an empty list."""
        ...


def answer(calls: Sequence[ModelCall]) -> list[Generation]:
    """Make the `calls` and return their generations in the order of the prompts; what an engine's generate does."""
    return in_order([call.places for call in calls], (call.run() for call in calls))


def engine_name(settings: GenerateSettings) -> str:
    """Return what the rows of a resolved engine are marked with, such as ``ctranslate2-4.8.5-float32``.

    Library, its version and the type it computes in: rows of another are rows of another run. Raises ConfigError
    for `auto`, which is not an engine, and for transformers in int8, which it does not know.
    """
    if settings.engine == "auto":
        raise ConfigError("generate.engine=auto was not resolved")
    if settings.engine == "transformers" and settings.compute_type == "int8":
        raise ConfigError("generate.compute_type=int8 needs generate.engine=ctranslate2")
    return f"{settings.engine}-{version(settings.engine)}-{settings.compute_type}"
