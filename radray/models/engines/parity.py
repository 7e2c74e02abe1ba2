"""Parity runs: whether the fast engine writes what the reference writes, on real prompts, and the record of it."""

import gc
import hashlib
import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from typing import Any

from radray.errors import InputError
from radray.models.engines.conversion import Converted, ensure_converted, find_converted, record_parity
from radray.models.engines.engine import DECIDES, Generation
from radray.models.engines.opening import open_engine
from radray.models.folder import ModelFolder
from radray.settings.generate import GenerateSettings

PARITY_PROMPTS = 64
"""Prompts of a parity run, where there are as many: a wrong output scale changed 417 of 600 texts."""
TOLERANCE = 1e-4
"""Of a score, or of 1 if that is more: float32 differed by 4e-6 at most, a wrong output scale by 0.6 at least."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two engines wrote for the same prompts.

    A prompt is equal when every hypothesis of the n-best has the same text and, within TOLERANCE, the same score,
    and tokens and flags are the same; `equal_best` counts those whose best text is. `max_score_difference` is over
    the hypotheses whose text is the same.
    """

    n: int
    equal: int
    equal_best: int
    hypotheses: int
    equal_hypotheses: int
    max_score_difference: float


@dataclass(frozen=True, slots=True)
class ParityRecord:
    """The record of a parity run against transformers in float32; it stands in the converted folder's manifest."""

    n: int
    equal: int
    equal_best: int
    hypotheses: int
    equal_hypotheses: int
    max_score_difference: float
    tolerance: float
    device: str
    compute_type: str
    settings: dict[str, Any]
    versions: dict[str, str]
    seconds: float
    reference_seconds: float

    @property
    def passed(self) -> bool:
        """Whether every prompt was equal, and there was one."""
        return 0 < self.n == self.equal

    def describe(self) -> str:
        """Return the record in words: shares, score difference and speed."""
        return (
            f"{self.equal:,} of {self.n:,} reports as transformers writes them ({self.equal_best:,} best texts,"
            f" {self.equal_hypotheses:,} of {self.hypotheses:,} hypotheses), scores within"
            f" {self.max_score_difference:.1e},"
            f" {self.reference_seconds / max(self.seconds, 1e-9):.1f} times as fast"
        )


def score_difference(score: float, reference: float) -> float:
    """Return how far two scores are apart, over the greater of 1 and the second's size; not a number: infinity."""
    difference = abs(score - reference) / max(1.0, abs(reference))
    return math.inf if math.isnan(difference) else difference


def compare(fast: Sequence[Generation], reference: Sequence[Generation]) -> Comparison:
    """Hold `made` against `reference`, prompt by prompt. Raises ValueError when they differ in number."""
    equal = equal_best = hypotheses = equal_hypotheses = 0
    most = 0.0
    for generation, expected in zip(fast, reference, strict=True):
        pairs = list(zip(generation.hypotheses, expected.hypotheses, strict=True))
        apart = [score_difference(a.score, b.score) for a, b in pairs if a.text == b.text]
        equal_best += pairs[0][0].text == pairs[0][1].text
        hypotheses += len(pairs)
        equal_hypotheses += len(apart)
        most = max([most, *apart])
        flags = [(g.input_tokens, g.output_tokens, g.input_truncated, g.output_cut) for g in (generation, expected)]
        equal += len(apart) == len(pairs) and max(apart, default=0.0) <= TOLERANCE and flags[0] == flags[1]
    return Comparison(len(fast), equal, equal_best, hypotheses, equal_hypotheses, most)


def prove(
    model: ModelFolder, settings: GenerateSettings, prompts: Sequence[str], *, chat: bool = False
) -> tuple[ParityRecord, Converted]:
    """Run ctranslate2 and the reference on `prompts`, record the comparison, and return record and conversion.

    A damaged conversion is replaced. Raises InputError for no prompts and for a model that cannot be converted,
    ConfigError for a compute type that this device does not know.
    """
    if not prompts:
        raise InputError("a parity run needs a prompt at least")
    fast = settings.model_copy(update={"engine": "ctranslate2"})
    converted = ensure_converted(model, settings.compute_type, mend=True)
    # one after the other, so that the memory is that of one
    fast_generations, seconds = _timed(model, fast, prompts, chat)
    reference = settings.model_copy(update={"engine": "transformers", "compute_type": "float32"})
    wanted, reference_seconds = _timed(model, reference, prompts, chat)
    record = ParityRecord(
        **asdict(compare(fast_generations, wanted)),
        tolerance=TOLERANCE,
        device=device_kind(settings),
        compute_type=settings.compute_type,
        settings=settings.model_dump(include=set(DECIDES)),
        versions=_versions(),
        seconds=round(seconds, 3),
        reference_seconds=round(reference_seconds, 3),
    )
    return record, record_parity(converted, parity_key(settings, chat=chat), asdict(record))


def known_parity(
    model: ModelFolder, settings: GenerateSettings, *, chat: bool = False
) -> tuple[ParityRecord, Converted] | None:
    """Return the record of an earlier parity run with `settings` on this kind of device, and what it was made with.

    None where there is none of this code, and where the converted files are not those of their manifest any more.
    """
    try:
        converted = find_converted(model, settings.compute_type)
    except InputError:
        return None
    record = None if converted is None else converted.parity.get(parity_key(settings, chat=chat))
    # one that other code wrote, with other fields, is no record
    if converted is None or record is None or set(record) != {field.name for field in fields(ParityRecord)}:
        return None
    return ParityRecord(**record), converted


def parity_key(settings: GenerateSettings, *, chat: bool = False) -> str:
    """Return what a parity run is filed under: settings that decide what is written, device and versions."""
    decides = {
        **({"chat": True} if chat else {}),
        "settings": settings.model_dump(include=set(DECIDES)),
        "device": device_kind(settings),
        "versions": _versions(),
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]


def device_kind(settings: GenerateSettings) -> str:
    """Return cpu or cuda."""
    return "cuda" if settings.use_gpu else "cpu"


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("ctranslate2", "tokenizers", "torch", "transformers")}


def _timed(
    model: ModelFolder, settings: GenerateSettings, prompts: Sequence[str], chat: bool
) -> tuple[list[Generation], float]:
    engine = open_engine(model, settings, chat=chat)
    start = time.perf_counter()
    generations = engine.generate(prompts)
    seconds = time.perf_counter() - start
    del engine
    gc.collect()
    return generations, seconds
