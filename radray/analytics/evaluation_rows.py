"""Rows that evaluation reads, predictions and training reports, and the run that it records."""

from collections.abc import Mapping, Sequence
from typing import Any

from radray.errors import InputError
from radray.evaluation.figures import FigureChoices
from radray.evaluation.outside_scores import OutsideScores, read_scores
from radray.evaluation.published import load_published
from radray.evaluation.systems import choose
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.statuses import ReportStatus
from radray.settings.evaluate import EvaluateSettings
from radray.settings.loading import dump_settings
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse
from radray.tables.identity import digest, new_run_id, run_key
from radray.tables.runs import RunRow

_EVIDENCE = frozenset({"evidence", "reference_evidence"})
_NOT_READ = frozenset({"hypotheses", "recommendations", "reference_recommendations"}) | _EVIDENCE
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
    """Return the rows of `predictions` that `settings` choose. Raises InputError when there are none."""
    chosen = {"batch_date": settings.date, "dataset": settings.source.dataset, "split": settings.split.name}
    where = {name: value for name, value in chosen.items() if value is not None}
    rows = read_predictions(warehouse, where, evidence=settings.evaluate.page_text)
    if not rows:
        asked = ", ".join(f"{name}={value}" for name, value in where.items())
        raise InputError(f"no predictions for {asked} in {settings.warehouse.uri}: run jobs.generate first")
    return choose(rows, settings.evaluate.models)


def check_files(options: EvaluateSettings) -> None:
    """Read the files that `options` name. Raises ConfigError or InputError for one that is wrong."""
    if options.published is not None:
        load_published(options.published)
    if options.scores is not None:
        read_scores(options.scores)


def evaluation_run(
    rows: Sequence[Mapping[str, Any]], choices: FigureChoices, settings: Settings, outside: OutsideScores | None = None
) -> RunRow:
    """Return the row of `runs` for an evaluation of `rows`, predictions, with another program's scores `outside`."""
    input_digest = digest([[row["unit_id"], row["model_digest"]] for row in rows])
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


def read_training(warehouse: Warehouse, dataset: str) -> list[dict[str, Any]]:
    """Return unit_id, split_key, findings and reference of the dataset's training reports, by unit_id; [] for none."""
    where = {"dataset": dataset, "status": ReportStatus.OK.value, "split": "train"}
    columns = ["unit_id", "split_key", "findings", "reference"]
    rows: list[dict[str, Any]] = warehouse.read(REPORTS, columns, where).to_pylist()
    return sorted(rows, key=lambda row: row["unit_id"])
