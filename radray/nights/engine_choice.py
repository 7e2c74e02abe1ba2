"""Which engine a run takes: decided once, on the driver, for every actor, by a parity run or the record of one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayError

from radray.cluster.actors import cluster_nodes, plan_actors
from radray.errors import InputError, RadrayError
from radray.models.engines.conversion import Converted
from radray.models.engines.engine import engine_name
from radray.models.engines.parity import PARITY_PROMPTS, ParityRecord, known_parity, prove
from radray.models.families.family import refuse_other_families
from radray.models.folder import ModelFolder
from radray.models.store import on_this_node
from radray.settings.generate import GenerateSettings

SHORTEST_S = 1.0
"""A parity run in which transformers took less says nothing of speed: both may have waited for something else."""

NO_ENGINE = "none"
"""What the run key of a partition without a report carries: no engine has a part in it."""


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """The engine of a run: `settings` with its name, why, and the digest of the converted files, if any."""

    name: str
    """What rows and run key carry: library, version, compute type."""
    settings: GenerateSettings
    reason: str
    converted: str | None = None


class EngineOfModel:
    """The engine of one model for a whole run: what is known is found, what is not is proven, once."""

    def __init__(
        self,
        model: ModelFolder,
        settings: GenerateSettings,
        reports: int,
        prompts: Callable[[int], Sequence[str]],
    ) -> None:
        """Take what `choose` needs: `reports` and `prompts` are of all that the run is to write for."""
        self.model = model
        self._settings = settings
        self._reports = reports
        self._prompts = prompts
        self._choice: EngineChoice | None = None

    def possible(self, reports: int) -> list[EngineChoice]:
        """Return what the engine of a partition of `reports` reports may be, before any parity run: one if it is known.

        Where it is not, a partition that one of several wrote is as good: asking on another machine, which has no
        record, must not write a night anew. Raises as `choose`.
        """
        if not reports:
            return [no_engine(self._settings)]
        if self._choice is None:
            self._choice = known_choice(self.model, self._settings, self._reports)
        if self._choice is not None:
            return [self._choice]
        fast = _named(self._settings, "ctranslate2", "")
        if self._settings.engine == "ctranslate2" or self._settings.compute_type == "int8":
            return [fast]
        return [fast, _named(self._settings, "transformers", "")]

    def choose(self, reports: int, start_ray: Callable[[], None]) -> EngineChoice:
        """Return the engine of a partition of `reports` reports, after a parity run in Ray where it is not known.

        Raises as `choose_engine`.
        """
        if not reports:
            return no_engine(self._settings)
        if self._choice is None:
            self._choice = choose_engine(self.model, self._settings, start_ray, self._reports, self._prompts)
        return self._choice


def choose_engine(
    model: ModelFolder,
    settings: GenerateSettings,
    start_ray: Callable[[], None],
    reports: int,
    prompts: Callable[[int], Sequence[str]],
) -> EngineChoice:
    """Return the engine for a run over `reports` reports.

    `prompts` gives as many of their prompts as it is asked for; `start_ray` is called before a parity run alone.
    `auto` takes ctranslate2 when it wrote what transformers writes, and not slower, for this model, these settings
    and this kind of device; else transformers. A compute type other than float32 was named by the user: its parity
    is measured and recorded and decides nothing. Raises InputError when ctranslate2 was named and is refused, and
    ConfigError for a compute type that no engine has here.
    """
    known = known_choice(model, settings, reports)
    if known is not None:
        return known
    texts = list(prompts(min(PARITY_PROMPTS, reports)))
    start_ray()
    plan_actors(cluster_nodes(), settings, memory=1)  # refuses a GPU where there is none: the run would wait for it
    outcome = _run(model, settings, texts)
    if isinstance(outcome, RadrayError):
        return _without(settings, outcome)
    return decide(model, settings, *outcome)


def known_choice(model: ModelFolder, settings: GenerateSettings, reports: int) -> EngineChoice | None:
    """Return what `choose_engine` returns or raises where that takes no parity run; else None.

    Reads the record of an earlier one, and holds the converted files against their manifest (sha256 of each).
    """
    if not reports:
        return no_engine(settings)
    if settings.engine == "transformers":
        return _named(settings, "transformers", "generate.engine names it")
    try:
        refuse_other_families(model.path)
    except InputError as error:
        return _without(settings, error)
    found = known_parity(model, settings)
    if found is None or found[0].n < min(PARITY_PROMPTS, reports):
        return None
    return decide(model, settings, *found)


def decide(model: ModelFolder, settings: GenerateSettings, record: ParityRecord, converted: Converted) -> EngineChoice:
    """Return the choice that follows from a parity run's `record`. Raises InputError as `choose_engine` does."""
    if settings.compute_type == "float32" and not record.passed:
        return _without(settings, InputError(f"model {model.name}: ctranslate2 is refused: {record.describe()}"))
    slower = record.seconds > record.reference_seconds >= SHORTEST_S
    if settings.compute_type == "float32" and settings.engine == "auto" and slower:
        return _without(settings, InputError(f"ctranslate2 is slower: {record.describe()}"))
    return _named(settings, "ctranslate2", record.describe(), converted.digest)


def no_engine(settings: GenerateSettings) -> EngineChoice:
    """Return the choice for a partition without a report: no model runs, whatever `settings` name.

    Raises ConfigError for a compute type that the engine they name does not know.
    """
    if settings.engine != "auto":
        engine_name(settings)
    return EngineChoice(NO_ENGINE, settings, "there is no report")


def _named(settings: GenerateSettings, engine: str, reason: str, converted: str | None = None) -> EngineChoice:
    resolved = settings.model_copy(update={"engine": engine})
    return EngineChoice(engine_name(resolved), resolved, reason, converted)


def _without(settings: GenerateSettings, error: RadrayError) -> EngineChoice:
    """Return transformers because of `error`; raise that when transformers is not what was asked for."""
    if settings.engine == "ctranslate2" or settings.compute_type == "int8":
        raise error
    return _named(settings, "transformers", str(error))


def _run(
    model: ModelFolder, settings: GenerateSettings, prompts: list[str]
) -> tuple[ParityRecord, Converted] | RadrayError:
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


def _prove(model: ModelFolder, settings: GenerateSettings, prompts: list[str]) -> Any:
    """Return record and conversion of a parity run, or the error that says why there is none."""
    try:
        return prove(on_this_node(model), settings, prompts)
    except RadrayError as error:
        return error
