"""Where the numbers of a page come from: runs, models, settings and data, with their digests."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from radray.evaluation.systems import SideBySide
from radray.pages.grids import Grid

Row = Mapping[str, Any]

_RUN = ("run_id", "job", "status", "started", "code_version", "dataset", "input_digest")
_MODEL = ("model_name", "model_digest", "engine", "prompt_id", "settings_digest", "scorer_id", "checks_id", "run_id")


def training_of(rows: Iterable[Row], predictions: Sequence[Row], runs: Iterable[Row]) -> list[Row]:
    """Return the rows of `training_metrics` of the newest run that trained the model of each name.

    `training_metrics` knows a model by name alone; `runs` also by digest, except rows of older code. A run that is
    known to have produced a model with another digest is left out. Run ids sort by time.
    """
    names = {row["model_name"] for row in predictions}
    digests = {None, *(row["model_digest"] for row in predictions)}
    others = {row["run_id"] for row in runs if row.get("model_digest") not in digests}
    named = [row for row in rows if row["model_name"] in names and row["run_id"] not in others]
    newest: dict[str, str] = {}
    for row in named:
        newest[row["model_name"]] = max(newest.get(row["model_name"], ""), row["run_id"])
    return [row for row in named if row["run_id"] == newest[row["model_name"]]]


def runs_of(rows: Iterable[Row], predictions: Iterable[Row], training: Iterable[Row], run_id: str) -> list[Row]:
    """Return the rows of `runs` that wrote the predictions, trained the models, or are the evaluation `run_id`."""
    wanted = {run_id, *(row["run_id"] for row in predictions), *(row["run_id"] for row in training)}
    return sorted((row for row in rows if row["run_id"] in wanted), key=lambda row: (row["started"], row["run_id"]))


def runs_grid(runs: Sequence[Row], run_id: str) -> Grid:
    """Return the runs in the given order; the evaluation `run_id` is still running while its page is written."""
    columns = ["run", "job", "status", "started, UTC", "radray", "dataset", "digest of its input"]
    ours = {"status": "wrote this page"}
    shown = [{**row, **ours} if row["run_id"] == run_id else row for row in runs]
    rows = [[_format(row[name]) for name in _RUN] for row in shown]
    return Grid("Runs behind these numbers", columns, rows)


def models_grid(predictions: Iterable[Row]) -> Grid:
    """Return how the impressions were written: one row per model, engine, prompt, settings and check version."""
    ways: dict[tuple[str, ...], int] = {}
    for row in predictions:
        key = tuple(_format(row.get(name)) for name in _MODEL)
        ways[key] = ways.get(key, 0) + 1
    columns = ["model", "sha256 of its manifest", "engine", "prompt", "settings", "scored by", "checked by", "run"]
    rows = [[*way, f"{count:,}"] for way, count in sorted(ways.items())]
    return Grid("Models, and how they wrote", [*columns, "impressions"], rows)


def data_grid(sides: Iterable[SideBySide]) -> Grid:
    """Return the data, one row per dataset and split."""
    rows = []
    for side in sides:
        clusters = len(set(side.clusters.tolist()))
        nights = sorted({_format(row["batch_date"]) for row in side.reports})
        counts = (len(side.reports), int(side.referenced.sum()), clusters)
        rows.append([side.dataset, side.split, ", ".join(nights), *(f"{count:,}" for count in counts)])
    columns = ["dataset", "split", "night", "reports", "with a reference", "split keys (patients)"]
    return Grid("Data", columns, rows, "The night 1970-01-01 stands for a corpus without nights.")


def _format(value: object) -> str:
    if value is None:
        return "-"
    return value.isoformat(sep=" ", timespec="seconds") if hasattr(value, "hour") else str(value)  # type: ignore[attr-defined]
