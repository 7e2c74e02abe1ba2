"""Which engine a run uses: decided once, on the driver, for all actors, by a parity run or the record of one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayError

from radray.cluster.actors import ActorPlan, cluster_nodes, plan_actors
from radray.cluster.connection import local_cores
from radray.errors import InputError, RadrayError
from radray.models.engines.conversion import Converted
from radray.models.engines.engine import engine_name
from radray.models.engines.parity import PARITY_PROMPTS, ParityRecord, known_parity, prove
from radray.models.families.convertible import refuse_not_converted
from radray.models.families.registry import family_name
from radray.models.folder import ModelFolder
from radray.models.footprint import engine_bytes
from radray.models.store import on_this_node
from radray.settings.generate import GenerateSettings
from radray.settings.loading import dump_settings
from radray.settings.root import Settings
from radray.tables.runs import RunRow

SHORTEST_S = 1.0
"""A parity run in which transformers took less says nothing about speed: both may have waited for something else."""

NO_ENGINE = "none"
"""What the run key of a partition without reports has instead of an engine: none is used."""


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """The engine of a run, the `settings` that name it, why it was chosen, and the digest of its converted files."""

    name: str
    """Library, version and compute type, as in the rows and the run key."""
    settings: GenerateSettings
    reason: str
    converted: str | None = None

    def row(self, settings: Settings, run_id: str, run_key: str, about: Mapping[str, Any]) -> RunRow:
        """Return the row in `runs`, begun now, of a run with this engine under `settings`; `about` is its partition."""
        resolved = settings.model_copy(update={"generate": self.settings})
        return RunRow(
            run_id=run_id,
            job="generate",
            run_key=run_key,
            config=f"{dump_settings(resolved)}# {self.name}: {self.reason}\n",
            about=about,
            price_per_hour=settings.cluster.price_per_hour,
        )

    def plan(self, model: ModelFolder, settings: Settings) -> ActorPlan:
        """Return the actors with `model` in this engine that the cluster has room for; raises as `plan_actors`."""
        nodes = cluster_nodes(local_cores(settings.cluster))
        return plan_actors(nodes, self.settings, engine_bytes(model.path, self.settings))


class EngineOfModel:
    """The engine of one model for a whole job: read from an earlier parity run, or proven by one, once."""

    def __init__(
        self,
        model: ModelFolder,
        settings: GenerateSettings,
        reports: int,
        prompts: Callable[[int], Sequence[str]],
        *,
        chat: bool = False,
    ) -> None:
        """Take what `choose` needs: `reports` counts, and `prompts` gives, those of all partitions of the job.

        `chat`: the prompts go through the tokenizer's chat template.
        """
        self.model = model
        self._chat = chat
        self._settings = settings
        self._reports = reports
        self._prompts = prompts
        self._choice: EngineChoice | None = None

    def possible(self, reports: int) -> list[EngineChoice]:
        """Return the engines that a partition of `reports` reports may get, before any parity run: one if it is known.

        If it is not known, a partition written by any of them counts as written: a machine without the record of the
        parity run must not write a night again. Raises as `choose`.
        """
        if not reports:
            return [no_engine(self._settings)]
        if self._choice is None:
            self._choice = known_choice(self.model, self._settings, self._reports, chat=self._chat)
        if self._choice is not None:
            return [self._choice]
        fast = _named(self._settings, "ctranslate2", "")
        if self._settings.engine == "ctranslate2" or self._settings.compute_type == "int8":
            return [fast]
        return [fast, _named(self._settings, "transformers", "")]

    def choose(self, reports: int, start_ray: Callable[[], None]) -> EngineChoice:
        """Return the engine of a partition of `reports` reports, after a parity run in Ray if it is not known yet.

        Raises as `choose_engine`.
        """
        if not reports:
            return no_engine(self._settings)
        if self._choice is None:
            self._choice = choose_engine(
                self.model, self._settings, start_ray, self._reports, self._prompts, chat=self._chat
            )
        return self._choice


def choose_engine(
    model: ModelFolder,
    settings: GenerateSettings,
    start_ray: Callable[[], None],
    reports: int,
    prompts: Callable[[int], Sequence[str]],
    *,
    chat: bool = False,
) -> EngineChoice:
    """Return the engine for `reports` reports.

    `prompts(count)` returns that many of their prompts; `start_ray` is called only before a parity run. `auto` takes
    ctranslate2 if it wrote the same text as transformers, and was not slower, for this model, these settings and this
    kind of device, and no samples are asked for; else transformers. A compute type other than float32 was chosen by the
    user: its parity is measured and recorded, but decides nothing. Raises InputError when ctranslate2 was asked for and
    is refused, and ConfigError for a compute type that no engine here has.
    """
    known = known_choice(model, settings, reports, chat=chat)
    if known is not None:
        return known
    texts = list(prompts(min(PARITY_PROMPTS, reports)))
    start_ray()
    plan_actors(cluster_nodes(), settings, memory=1)  # refuses a GPU where there is none: the run would wait for it
    outcome = _run(model, settings, texts, chat)
    if isinstance(outcome, RadrayError):
        return _without(settings, outcome)
    return decide(model, settings, *outcome)


def known_choice(
    model: ModelFolder, settings: GenerateSettings, reports: int, *, chat: bool = False
) -> EngineChoice | None:
    """Return what `choose_engine` returns or raises without a parity run; None if it would need to make one.

    Reads the record of an earlier parity run, and checks the converted files against their manifest (sha256 of each).
    """
    if not reports:
        return no_engine(settings)
    family_name(model.path)
    if settings.engine == "transformers":
        return _named(settings, "transformers", "generate.engine names it")
    if settings.samples:
        return _named(settings, "transformers", "generate.samples: in ctranslate2 they would depend on the batch")
    try:
        refuse_not_converted(model.path)
    except InputError as error:
        return _without(settings, error)
    known = known_parity(model, settings, chat=chat)
    if known is None or known[0].n < min(PARITY_PROMPTS, reports):
        return None
    return decide(model, settings, *known)


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
    """Return transformers, because of `error`; raise `error` if transformers is not what was asked for."""
    if settings.engine == "ctranslate2" or settings.compute_type == "int8":
        raise error
    return _named(settings, "transformers", str(error))


def _run(
    model: ModelFolder, settings: GenerateSettings, prompts: list[str], chat: bool
) -> tuple[ParityRecord, Converted] | RadrayError:
    """Make the parity run in a process of its own, on a GPU if `settings` say so, which ends with it.

    The driver loads no model library, and a crash in one ends the task and not the driver.
    """
    # one call a process: its memory is freed when it ends
    task: Any = ray.remote(max_calls=1, max_retries=0, num_cpus=1, num_gpus=1 if settings.use_gpu else 0)(_prove)
    try:
        return ray.get(task.remote(model, settings, prompts, chat))
    except RayError as error:
        # its message may hold values of the task
        return RadrayError(f"the parity run of ctranslate2 failed: {type(error).__name__}")


def _prove(model: ModelFolder, settings: GenerateSettings, prompts: list[str], chat: bool) -> Any:
    """Return record and conversion of a parity run, or the error that says why there is none."""
    try:
        return prove(on_this_node(model), settings, prompts, chat=chat)
    except RadrayError as error:
        return error
