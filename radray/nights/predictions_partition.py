"""A partition of `predictions` to be written: its place, its frozen input, and its run's key under an engine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from radray.evaluation.deferral.calibration import Calibration
from radray.evaluation.deferral.decision import Deferral
from radray.evaluation.rouge import Scorer
from radray.models.engines.engine import decisive
from radray.models.folder import ModelFolder
from radray.nights.dataset_splits import DatasetSplit, FrozenReports, freeze_reports, refuse_other_splits, split_cut
from radray.nights.engine_choice import EngineChoice
from radray.nights.gate import NightGate
from radray.pipelines.generate import GenerationJob
from radray.pipelines.score_predictions import checks_id
from radray.pipelines.whole_night import NightDeferral
from radray.schema.predictions import PREDICTIONS
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse
from radray.tables.commit import PartitionBase, pin
from radray.tables.identity import ROWS_VERSION, digest, new_run_id, run_key
from radray.tables.partition import PartitionRun
from radray.tables.runs import RunRow
from radray.tasks.impression.task import IMPRESSION
from radray.tasks.registry import Asked


@dataclass(frozen=True)
class PredictionsPartition:
    """The reports of a dataset in a split under one model, pinned and frozen. Its engine may be known late."""

    warehouse: Warehouse
    settings: Settings
    dataset_split: DatasetSplit
    model: ModelFolder
    base: PartitionBase
    asked: Asked
    """What the model is asked."""
    input: FrozenReports
    run_id: str
    """Of the run over it, under whatever engine."""
    calibration: Calibration | None = None
    """What score.calibration holds."""

    @property
    def where(self) -> str:
        """Dataset, date, split and model, for messages."""
        reports, model = self.dataset_split, self.model
        return f"{reports.dataset} {self.settings.date} {reports.split}, model {model.name} {model.digest[:12]}"

    @property
    def reports(self) -> int:
        """How many reports it is made from."""
        return len(self.input.unit_ids)

    @property
    def scorer_id(self) -> str:
        """What the predictions are scored by."""
        return Scorer(stemmer=self.settings.score.stemmer).scorer_id

    def open(self, engines: Sequence[EngineChoice]) -> PartitionRun:
        """Return the run over the partition, opened for all the `engines` that it may take, at least one."""
        return PartitionRun(self.warehouse, self.base, *(self.row(engine) for engine in engines))

    def row(self, engine: EngineChoice) -> RunRow:
        """Return the run's row in `runs` under `engine`, begun now."""
        about = {**self.base.partition, "model_name": self.model.name, "input_digest": self.input.digest}
        return engine.row(self.settings, self.run_id, self._key(engine), about)

    def alike(self, engine: EngineChoice) -> dict[str, str]:
        """Return what the rows of equal reports must share for one to be taken for the other, by column."""
        return {
            "prompt_id": self.asked.prompt.id,
            # with the version of the rows, whose older ones are not copied, and with exemplars that somebody picked
            "settings_digest": digest(
                {"rows_version": ROWS_VERSION, **decisive(self.settings.generate), **self.asked.decides}
            )[:16],
            "engine": engine.name,
            "checks_id": checks_id(self.settings.score, self.calibration),
        }

    def job(self, engine: EngineChoice, staging: str) -> GenerationJob:
        """Return what the pipeline is to make below `staging` with `engine`."""
        constants = {
            **self.base.partition,
            "model_name": self.model.name,
            "task": self.asked.task.id,
            **self.alike(engine),
            "run_key": self._key(engine),
            "run_id": self.run_id,
        }
        return GenerationJob(
            storage=self.warehouse.storage,
            files=self.input.files,
            cut=split_cut(self.settings),
            split=self.dataset_split.split,
            model=self.model,
            asked=self.asked,
            settings=engine.settings,
            score=self.settings.score,
            constants=constants,
            staging=staging,
            converted=engine.converted,
            calibration=self.calibration,
        )

    @property
    def defers(self) -> bool:
        """Whether any rule leaves reports to a person."""
        return bool(Deferral.of(self.settings.score, self.calibration).ids)

    def refuse_other_calibration(self, engine: EngineChoice) -> None:
        """Raise ConfigError where the calibration was made under another engine or other settings than `engine`'s."""
        if self.calibration is not None and self.reports:
            own = self.alike(engine)
            about = {name: own[name] for name in ("engine", "settings_digest")}
            self.calibration.refuse_other(about, str(self.settings.score.calibration))

    def deferral(self, report: Callable[[str], None]) -> NightDeferral | None:
        """Return what may withdraw the night's calibration, None where there is none; `report` as `NightDeferral`'s."""
        if self.calibration is None:
            return None
        rules = Deferral.of(self.settings.score, self.calibration)
        return NightDeferral(rules, self.calibration, report)

    def gate(self, report: Callable[[str], None]) -> NightGate:
        """Return the gate of the night; `report` is called with a sentence on what it could not judge."""
        return NightGate(
            warehouse=self.warehouse,
            settings=self.settings.gates,
            normal_weight=self.settings.evaluate.normal_weight,
            partition=self.base.partition,
            model_name=self.model.name,
            report=report,
        )

    def _key(self, engine: EngineChoice) -> str:
        decides: Mapping[str, Any] = {
            **{name: str(value) for name, value in self.base.partition.items()},
            "input": self.input.digest,
            "prompt": self.asked.prompt.id,
            **self.asked.decides,
            # impressions were written before there was a word for what is asked: their nights keep their keys
            **({} if self.asked.task is IMPRESSION else {"task": self.asked.task.id}),
            "generation": decisive(self.settings.generate),
            "scorer": [self.scorer_id, checks_id(self.settings.score, self.calibration)],
            "engine": engine.name,
        }
        return run_key("generate", decides)


def freeze_partition(
    warehouse: Warehouse,
    settings: Settings,
    dataset_split: DatasetSplit,
    model: ModelFolder,
    asked: Asked,
    calibration: Calibration | None = None,
) -> PredictionsPartition:
    """Pin the partition of a dataset in a split under `model`, which is `asked`, then freeze its input.

    `calibration` is what score.calibration holds. Raises InputError when some of the reports have predictions of the
    model in another split.
    """
    partition = {
        "batch_date": settings.date,
        "dataset": dataset_split.dataset,
        "split": dataset_split.split,
        "model_digest": model.digest,
    }
    base = pin(warehouse, PREDICTIONS, partition)
    reports = freeze_reports(warehouse, settings, dataset_split)
    refuse_other_splits(warehouse, partition, reports.unit_ids)
    run_id = new_run_id("generate")
    return PredictionsPartition(warehouse, settings, dataset_split, model, base, asked, reports, run_id, calibration)
