"""Which engine a run takes: decided once, on the driver, for every actor, by a parity run or the record of one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayError

from radray.config import Cluster, Generate
from radray.errors import InputError, RadrayError
from radray.models.conversion import Converted, refuse_other_families
from radray.models.engines import engine_name
from radray.models.folder import ModelFolder
from radray.models.parity import PARITY_PROMPTS, ParityRecord, known_parity, prove
from radray.stages.cluster import ray_cluster

SHORTEST_S = 1.0
"""A parity run in which transformers took less says nothing of speed: both may have waited for something else."""


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """The engine of a run: `settings` with its name, why, and the digest of the converted files, if any."""

    settings: Generate
    reason: str
    converted: str | None = None

    @property
    def name(self) -> str:
        """What rows and run key carry: library, version, compute type."""
        return engine_name(self.settings)


def choose_engine(
    model: ModelFolder,
    settings: Generate,
    cluster: Cluster,
    reports: int,
    prompts: Callable[[int], Sequence[str]],
) -> EngineChoice:
    """Return the engine for a run over `reports` reports; `prompts` gives as many of their prompts as it is asked for.

    `auto` takes ctranslate2 when it wrote what transformers writes, and not slower, for this model, these settings
    and this kind of device; else transformers. A compute type other than float32 was named by the user: its parity
    is measured and recorded and decides nothing. Raises InputError when ctranslate2 was named and is refused, and
    ConfigError for a compute type that no engine has here.
    """
    if settings.engine == "transformers":
        engine_name(settings)
        return EngineChoice(settings, "generate.engine names it")
    try:
        refuse_other_families(model.path)
    except InputError as error:
        return _without(settings, error)
    found = known_parity(model, settings)
    wanted = min(PARITY_PROMPTS, reports)
    if found is None or found[0].n < wanted:
        if not wanted:
            return _without(settings, InputError("there is no report to hold it against transformers"))
        texts = list(prompts(wanted))
        with ray_cluster(cluster):
            outcome = _run(model, settings, texts)
        if isinstance(outcome, RadrayError):
            return _without(settings, outcome)
        found = outcome
    return decide(model, settings, *found)


def decide(model: ModelFolder, settings: Generate, record: ParityRecord, converted: Converted) -> EngineChoice:
    """Return the choice that follows from a parity run's `record`. Raises InputError as `choose_engine` does."""
    fast = settings.model_copy(update={"engine": "ctranslate2"})
    if settings.compute_type == "float32" and not record.passed:
        return _without(settings, InputError(f"model {model.name}: ctranslate2 is refused: {record.said()}"))
    slower = record.seconds > record.reference_seconds >= SHORTEST_S
    if settings.compute_type == "float32" and settings.engine == "auto" and slower:
        return _without(settings, InputError(f"ctranslate2 is slower: {record.said()}"))
    return EngineChoice(fast, record.said(), converted.digest)


def _without(settings: Generate, error: RadrayError) -> EngineChoice:
    """Return transformers because of `error`; raise that when transformers is not what was asked for."""
    if settings.engine == "ctranslate2" or settings.compute_type == "int8":
        raise error
    return EngineChoice(settings.model_copy(update={"engine": "transformers"}), str(error))


def _run(model: ModelFolder, settings: Generate, prompts: list[str]) -> tuple[ParityRecord, Converted] | RadrayError:
    """Make the parity run in a process of its own, on a GPU if `settings` say so, that ends with it.

    The driver stays without model libraries and their memory, and a crash there is one of a task.
    """
    # a process that is not used again gives its memory back
    task: Any = ray.remote(max_calls=1, max_retries=0, num_cpus=1, num_gpus=1 if settings.use_gpu else 0)(_prove)
    try:
        return ray.get(task.remote(model, settings, prompts))
    except RayError as error:
        # its message may hold values of the task
        return RadrayError(f"the parity run of ctranslate2 failed: {type(error).__name__}")


def _prove(model: ModelFolder, settings: Generate, prompts: list[str]) -> Any:
    """Return record and conversion of a parity run, or the error that says why there is none."""
    try:
        return prove(model, settings, prompts)
    except RadrayError as error:
        return error
