"""One run over one partition of `predictions`: its frozen input, its key under an engine, and its steps."""

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ray.exceptions import NodeDiedError, ObjectLostError, RayActorError, WorkerCrashedError
from rich.console import Console

from radray.cluster.actors import ActorPlan, alive_nodes, cluster_nodes, plan_actors, wait_for_loss
from radray.cluster.connection import local_cores
from radray.errors import ConfigError, RadrayError
from radray.evaluation.rouge import Scorer
from radray.models.engines.engine import DECIDES
from radray.models.folder import ModelFolder
from radray.models.footprint import engine_bytes
from radray.nights.engine_choice import EngineChoice, EngineOfModel
from radray.nights.final_line import Outcome
from radray.nights.gate import NightGate
from radray.nights.parts import Part, freeze_reports, refuse_other_splits, split_cut
from radray.pipelines.generate import stage_predictions
from radray.pipelines.progress import staged_rows
from radray.pipelines.score_predictions import checks_id
from radray.pipelines.stage import Stage
from radray.pipelines.write_impressions import WriteImpressions
from radray.schema.predictions import PREDICTIONS
from radray.settings.loading import dump_settings
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse
from radray.tables.commit import pin
from radray.tables.identity import ROWS_VERSION, digest, new_run_id, run_key
from radray.tables.merge import Merged
from radray.tables.partition import PartitionRun
from radray.tables.runs import RunRow

MACHINE_LOST = (RayActorError, WorkerCrashedError, ObjectLostError, NodeDiedError)
"""What Ray ends a pipeline with when a machine is taken away, whatever restarts its actors have left: an actor that
waits for its next machine is "unavailable", and a block that only the lost one had is gone."""
MACHINES_LOST = 8
"""Times that a pipeline begins again with what is left of cluster and reports: a night on spot machines loses some."""


class PredictionsRun:
    """A run over the reports of `part` under `model`. Its engine may be known late: the methods are given it.

    ::

        run = PredictionsRun(warehouse, settings, part, model)
        if run.is_committed(possible_engines):
            ...                                   # done by an earlier run: nothing is written
        with run.leased(possible_engines):        # a second submitter is told now, before a parity run
            engine = run.choose(engine_of_model, start_ray)
            with run.recorded(engine):            # `runs` row: running, then finished or failed
                staged, copied = run.resume()     # what need not be made
                run.stage(run.plan(), console)    # the others, by Ray
                merged = run.commit(say)
        run.outcome()
    """

    def __init__(self, warehouse: Warehouse, settings: Settings, part: Part, model: ModelFolder) -> None:
        """Pin the partition, then freeze its input.

        Raises InputError when some of the reports have predictions of the model in another split.
        """
        self._partition = {
            "batch_date": settings.date,
            "dataset": part.dataset,
            "split": part.split,
            "model_digest": model.digest,
        }
        self.where = f"{part.dataset} {settings.date} {part.split}, model {model.name} {model.digest[:12]}"
        self._warehouse = warehouse
        self._settings = settings
        self._part = part
        self._model = model
        self.run_id = new_run_id("generate")
        self._scorer_id = Scorer(stemmer=settings.score.stemmer).scorer_id
        self._base = pin(warehouse, PREDICTIONS, self._partition)
        self._input = freeze_reports(warehouse, settings, part)
        self._done: frozenset[str] = frozenset()
        self._resumed = self._copied = 0
        self._failed: Counter[str] = Counter()
        self._engine_s = 0.0
        refuse_other_splits(warehouse, self._partition, self._input.unit_ids)

    @property
    def reports(self) -> int:
        """How many reports the run is over."""
        return len(self._input.unit_ids)

    def is_committed(self, engines: Sequence[EngineChoice]) -> bool:
        """Return whether the partition holds what this run would make with one of `engines`."""
        return any(self._run(engine).is_committed() for engine in engines)

    @contextmanager
    def leased(self, engines: Sequence[EngineChoice]) -> Iterator[None]:
        """Hold the partition's lease while the block works, see PartitionRun; any of `engines` may be taken in it."""
        with self._run(engines[0]).leased():
            yield

    def choose(self, engine: EngineOfModel, start_ray: Callable[[], None]) -> EngineChoice:
        """Return what `engine` chooses for the run, and keep how long that took. Raises as `choose_engine`."""
        began = time.monotonic()
        chosen = engine.choose(self.reports, start_ray)
        self._engine_s = time.monotonic() - began
        return chosen

    @contextmanager
    def recorded(self, engine: EngineChoice) -> Iterator[None]:
        """Keep the run's `runs` row, made with `engine`, while the block works."""
        self._engine = engine
        self._current = self._run(engine)
        self._current.figures["seconds_engine"] = self._engine_s
        with self._current.recorded():
            yield

    def rows_replaced(self) -> int:
        """Return how many rows the partition holds that are made anew: from other input, settings or engine."""
        return self._current.rows_replaced()

    def resume(self) -> tuple[int, int]:
        """Return how many reports an earlier attempt has staged, and how many the night as it stands has: copied."""
        staged = self._current.staged_ids()
        copied = self._current.stage_unchanged(
            self._input.units, self._alike(self._engine), self._scorer_id, frozenset(staged)
        )
        self._done = frozenset([*staged, *copied])
        self._resumed, self._copied = len(staged), len(copied)
        return len(staged), len(copied)

    @property
    def left(self) -> int:
        """How many reports are to be written for, after `resume`."""
        return self.reports - len(self._done)

    def plan(self) -> ActorPlan:
        """Return the actors that the cluster has room for. Raises ConfigError as `plan_actors`."""
        nodes = cluster_nodes(local_cores(self._settings.cluster))
        return plan_actors(nodes, self._engine.settings, engine_bytes(self._model.path, self._engine.settings))

    def stage(self, plan: ActorPlan, console: Console, writer: type[Stage] = WriteImpressions) -> None:
        """Make the rows of the reports that are left with the actors of `plan`, and show how far it is.

        Each actor holds a `writer`, which is made as WriteImpressions is. When a machine is lost, what is left is
        planned anew for what the cluster has then.
        """
        storage, staging = self._warehouse.storage, self._current.staging
        bar = staged_rows(console, f"generate {self._part.split} {self._model.name}", storage, staging, self.reports)
        with self._current.staged(), bar:
            for lost in range(MACHINES_LOST + 1):
                nodes = alive_nodes()
                try:
                    with self._gpu_time(plan):
                        self._stage(plan, staging, writer)
                    return
                except MACHINE_LOST as error:
                    if isinstance(error, RayActorError) and error.actor_init_failed:
                        raise
                    how = type(error).__name__
                # its traceback held the pipeline, whose actors Ray would start again, and they would hold the CPUs
                gc.collect()
                # what is staged stays: the others go on with what is left
                self._done |= frozenset(self._current.staged_ids())
                said = f"a machine was lost ({how}, time {lost + 1}), {self.left:,} reports are left"
                console.print(f"generate: {self.where}: {said}", markup=False, soft_wrap=True)
                if not self.left:
                    return
                wait_for_loss(nodes)
                plan = self._planned_anew(plan, console)
        raise RadrayError(
            f"{self.where}: machines were lost {MACHINES_LOST + 1} times; what is staged is kept: run again"
        )

    def _stage(self, plan: ActorPlan, staging: str, writer: type[Stage]) -> None:
        constants = {
            **self._partition,
            "model_name": self._model.name,
            **self._alike(self._engine),
            "run_key": self._key(self._engine),
            "run_id": self.run_id,
        }
        stage_predictions(
            storage=self._warehouse.storage,
            files=self._input.files,
            cut=split_cut(self._settings),
            split=self._part.split,
            model=self._model,
            prompt_id=self._settings.model.prompt,
            settings=self._engine.settings,
            score=self._settings.score,
            constants=constants,
            staging=staging,
            staged=self._done,
            plan=plan,
            writer=writer,
            converted=self._engine.converted,
        )

    def _planned_anew(self, plan: ActorPlan, console: Console) -> ActorPlan:
        """Return the plan for the cluster as it is now; `plan` where it holds none, as one that grows again may."""
        try:
            plan = self.plan()
            said = plan.describe()
        except ConfigError as error:
            said = f"{error}; waiting for machines with the plan that was: {plan.describe()}"
        console.print(f"plan: {said}", markup=False, soft_wrap=True)
        return plan

    @contextmanager
    def _gpu_time(self, plan: ActorPlan) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            held = plan.actors * plan.gpus * (time.monotonic() - began)
            self._current.figures["gpu_seconds"] = (self._current.figures.get("gpu_seconds") or 0.0) + held

    def commit(self, say: Callable[[str], None]) -> Merged:
        """Merge, audit, judge by the gates and commit the staged rows, see PartitionRun.

        `say` is told which gates could not judge. Raises GateError when one is not passed: nothing is committed then.
        """
        gate = NightGate(
            warehouse=self._warehouse,
            settings=self._settings.gates,
            normal_weight=self._settings.evaluate.normal_weight,
            partition=self._partition,
            model_name=self._model.name,
            say=say,
        )
        merged = self._current.commit(self._input.unit_ids, gate)
        rows = self._warehouse.read(PREDICTIONS, ["reason", "repeated", "run_id"], self._partition)
        of_rows = rows.group_by(rows.column_names).aggregate([([], "count_all")]).to_pylist()
        for row in of_rows:
            if row["reason"] is not None:
                self._failed[row["reason"]] += row["count_all"]
        mine = (row["count_all"] for row in of_rows if row["repeated"] and row["run_id"] == self.run_id)
        self._current.figures["rows_repeated"] = sum(mine)
        return merged

    def outcome(self) -> Outcome:
        """Return what came of the run, which was committed and recorded."""
        figures = self._current.figures
        return Outcome(
            reports=self.reports,
            ok=self.reports - self._failed.total(),
            failed=self._failed,
            resumed=self._resumed,
            copied=self._copied,
            repeated=int(figures["rows_repeated"] or 0),
            figures=figures,
        )

    def _decides(self) -> dict[str, object]:
        return self._settings.generate.model_dump(include=set(DECIDES))

    def _alike(self, engine: EngineChoice) -> dict[str, str]:
        """Return what the rows of equal reports must share for one to be taken for the other."""
        return {
            "prompt_id": self._settings.model.prompt,
            # with the version of the rows: those of older code are not copied
            "settings_digest": digest({"rows_version": ROWS_VERSION, **self._decides()})[:16],
            "engine": engine.name,
            "checks_id": checks_id(self._settings.score),
        }

    def _key(self, engine: EngineChoice) -> str:
        decides = {
            **{name: str(value) for name, value in self._partition.items()},
            "input": self._input.digest,
            "prompt": self._settings.model.prompt,
            "generation": self._decides(),
            "scorer": [self._scorer_id, checks_id(self._settings.score)],
            "engine": engine.name,
        }
        return run_key("generate", decides)

    def _run(self, engine: EngineChoice) -> PartitionRun:
        resolved = self._settings.model_copy(update={"generate": engine.settings})
        row = RunRow(
            run_id=self.run_id,
            job="generate",
            run_key=self._key(engine),
            config=f"{dump_settings(resolved)}# {engine.name}: {engine.reason}\n",
            about={**self._partition, "model_name": self._model.name, "input_digest": self._input.digest},
            price_per_hour=self._settings.cluster.price_per_hour,
        )
        return PartitionRun(self._warehouse, self._base, row)
