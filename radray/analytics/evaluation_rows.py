"""Rows that evaluation reads, predictions and training reports, and the run that it records."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from radray.analytics.output import RowStream, write_file
from radray.errors import ConfigError, InputError
from radray.evaluation.figures import FigureChoices
from radray.evaluation.outside.published import load_published
from radray.evaluation.outside.scores import OutsideScores, read_scores
from radray.evaluation.systems import choose
from radray.reports.splits import SplitCut
from radray.schema.evaluations import COMPARISONS, EVALUATIONS
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS, TRAINED_BY
from radray.schema.statuses import ReportStatus, RunStatus
from radray.settings.evaluate import EvaluateSettings
from radray.settings.loading import dump_settings
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse
from radray.tables.commit import append_rows
from radray.tables.identity import digest, new_run_id, run_key
from radray.tables.rows import to_arrow
from radray.tables.runs import RunRow
from radray.tasks.impression.task import IMPRESSION

_EVIDENCE = frozenset({"evidence", "reference_evidence"})
_NOT_READ = frozenset({"hypotheses", "candidates", "recommendations", "reference_recommendations"}) | _EVIDENCE
"""Columns of `predictions` that no figure uses: most of a row's bytes."""


def read_predictions(warehouse: Warehouse, where: Mapping[str, Any], *, evidence: bool = False) -> list[dict[str, Any]]:
    """Return the rows of `predictions` whose columns equal `where`, sorted by unit_id; [] for none.

    Rows without a reference are included; the `evidence` of flags only on request. Columns newer than a row are None.
    """
    left_out = _NOT_READ - _EVIDENCE if evidence else _NOT_READ
    columns = [column.name for column in PREDICTIONS.columns if column.name not in left_out]
    rows: list[dict[str, Any]] = warehouse.read(PREDICTIONS, columns, where).to_pylist()
    return sorted(rows, key=lambda row: row["unit_id"])


def read_chosen(warehouse: Warehouse, settings: Settings) -> list[Mapping[str, Any]]:
    """Return the rows of `predictions` that `settings` choose; none where they name tasks and not the impression.

    Raises InputError when there are none.
    """
    if not of_impressions(settings):
        return []
    chosen = {"batch_date": settings.date, "dataset": settings.source.dataset, "split": settings.split.name}
    where = {name: value for name, value in chosen.items() if value is not None}
    rows = read_predictions(warehouse, where, evidence=settings.evaluate.page_text)
    if not rows:
        asked = ", ".join(f"{name}={value}" for name, value in where.items())
        raise InputError(f"no predictions for {asked} in {settings.warehouse.uri}: run jobs.generate first")
    return choose(rows, settings.evaluate.models)


def of_impressions(settings: Settings) -> bool:
    """Return whether `settings` ask for impressions, and not for other tasks alone.

    Raises ConfigError for a setting of impressions where they do not.
    """
    options = settings.evaluate
    if not settings.tasks or IMPRESSION.id in settings.tasks:
        return True
    for name in ("scores", "published", "pretrained", "review", "calibrate"):
        if getattr(options, name) is not None:
            raise ConfigError(f"evaluate.{name} is of impressions: leave it unset, or name impression in tasks, too")
    return False


def check_files(options: EvaluateSettings) -> None:
    """Read the files that `options` name. Raises ConfigError or InputError for one that is wrong."""
    if options.published is not None:
        load_published(options.published)
    if options.scores is not None:
        read_scores(options.scores)


def append_figures(
    warehouse: Warehouse,
    figures: Sequence[Mapping[str, Any]],
    differences: Sequence[Mapping[str, Any]],
    folder: str | None,
) -> Iterator[str]:
    """Append `figures` to `evaluations` and `differences` to `comparisons`, as CSV below `folder` too; yield the files.

    Raises ConfigError, which names evaluate.csv, for a file that cannot be written.
    """
    for schema, rows in ((EVALUATIONS, figures), (COMPARISONS, differences)):
        table = to_arrow(rows, schema)
        append_rows(warehouse, schema, table)
        if folder is not None:
            file = f"{folder}/{schema.name}.csv"
            write_file(RowStream.of(table), "csv", file, "evaluate.csv")
            yield file


def evaluation_run(
    rows: Sequence[Mapping[str, Any]], choices: FigureChoices, settings: Settings, outside: OutsideScores | None = None
) -> RunRow:
    """Return the row of `runs` for an evaluation of `rows`, of both tables, with another program's scores `outside`."""
    input_digest = digest(
        [
            [row["example_id"], row["task"], row["model_digest"]]
            if "example_id" in row
            else [row["unit_id"], row["model_digest"]]
            for row in rows
        ]
    )
    about = {"batch_date": settings.date, "dataset": settings.source.dataset, "split": settings.split.name}
    decides = {
        "input": input_digest,
        "scorer": choices.main_scorer,
        "weight": choices.normal_weight,
        "seed": choices.seed,
        **({} if outside is None else {"scores": outside.scorer_id}),
    }
    return RunRow(
        run_id=new_run_id("evaluate"),
        job="evaluate",
        run_key=run_key("evaluate", {**decides, "seed": choices.seed, "resamples": choices.resamples}),
        config=dump_settings(settings),
        about={**about, "input_digest": input_digest},
    )


@dataclass(frozen=True, slots=True)
class TrainingReports:
    """The training reports of a warehouse: rows with unit_id, split_key, findings and reference, by unit_id."""

    warehouse: Warehouse

    def of_dataset(self, dataset: str) -> list[dict[str, Any]]:
        """Return those of a dataset, the validation that a fine-tuning cuts from them included; [] for none."""
        return self._read({"dataset": dataset})

    def of_model(self, model_digest: str) -> tuple[list[dict[str, Any]], str]:
        """Return those that the newest fine-tuning of the model learnt from, and where from: dataset and night.

        They are the reports of that dataset and night as the table holds them now, without the validation that the
        run's settings cut from them. [] and "" where `runs` knows no such fine-tuning.
        """
        where = {"status": RunStatus.FINISHED.value, "model_digest": model_digest}
        columns = ["job", "started", "run_id", "dataset", "batch_date", "config"]
        rows = self.warehouse.read(RUNS, columns, where).to_pylist()
        runs = [row for row in rows if row["job"] in TRAINED_BY]
        if not runs:
            return [], ""
        run = max(runs, key=lambda run: (run["started"], run["run_id"]))
        split = yaml.safe_load(run["config"])["split"]
        cut = SplitCut(split["validation_fraction"], split["seed"])
        dataset = {} if run["dataset"] is None else {"dataset": run["dataset"]}
        rows = self._read({"batch_date": run["batch_date"], **dataset})
        learnt = [row for row in rows if cut.split_of("train", row["split_key"]) == "train"]
        return learnt, f"{run['dataset'] or 'all datasets'}, {run['batch_date']}"

    def _read(self, where: Mapping[str, Any]) -> list[dict[str, Any]]:
        where = {"status": ReportStatus.OK.value, "split": "train", **where}
        columns = ["unit_id", "split_key", "findings", "reference"]
        rows: list[dict[str, Any]] = self.warehouse.read(REPORTS, columns, where).to_pylist()
        return sorted(rows, key=lambda row: row["unit_id"])
