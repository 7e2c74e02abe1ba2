"""What `runs` says of an erased patient: which models learnt from them, and which files may hold them."""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import yaml

from radray.models.manifest import Manifest, replaced_by
from radray.schema.audit import AUDIT
from radray.schema.runs import RUNS, TRAINED_BY
from radray.schema.statuses import RunStatus
from radray.tables.catalog import Warehouse
from radray.tables.identity import new_run_id
from radray.tables.runs import RunRow
from radray.upkeep.ids import Ids
from radray.upkeep.report import Night, Output

FINISHED = {"status": RunStatus.FINISHED.value}
ABOUT = ("batch_date", "dataset", "model_name", "input_digest")
"""Columns of a fine-tuning's row that hold for the model after an erasure as well."""


def record_digest(warehouse: Warehouse, manifest: Manifest) -> None:
    """Add a row to `runs` that says of the model of `manifest`, erased from, what its fine-tuning's row says.

    Does nothing where there is such a row, the model is not erased from, or its fine-tuning is not in `runs`.
    """
    digests = replaced_by(manifest)
    if not digests or _trained(warehouse, manifest.digest):
        return
    for digest in reversed(digests):
        rows = _trained(warehouse, digest)
        if rows:
            row = max(rows, key=lambda row: row["started"])
            about = {**{name: row[name] for name in ABOUT}, "model_digest": manifest.digest}
            erased = RunRow(new_run_id("maintain"), "maintain", row["run_key"], row["config"], about)
            erased.write(warehouse, RunStatus.FINISHED)
            return


def nights_of(rows: Iterable[Mapping[str, Any]]) -> list[Night]:
    """Return the nights that the patient's `rows` are of, each once, sorted; [] for no row."""
    nights = {(row["dataset"], row["batch_date"].isoformat(), row.get("split")) for row in rows}
    return sorted(nights, key=str)


def learnt_from(warehouse: Warehouse, nights: Iterable[Night], replaced: set[str]) -> list[str]:
    """Return the models, but the `replaced`, that `runs` says were fine-tuned on a night with the patient in training.

    And those that were fine-tuned from such a model. By name and the first characters of the digest; [] for none.
    """
    models = _learnt(warehouse.read(RUNS, None, FINISHED).to_pylist(), nights)
    return sorted(
        {
            f"{run['model_name']} {(run['model_digest'] or '')[:8]}".strip()
            for run in models
            if run["model_digest"] not in replaced
        }
    )


def outputs_of(warehouse: Warehouse, nights: Iterable[Night], ids: Ids) -> list[Output]:
    """Return what the runs over `nights` wrote or read outside the tables, as their settings say; [] for no night.

    Each place once, with the newest run; `ids` are masked in it. Failed runs too: they may have written it before.
    """
    nights = list(nights)
    if not nights:
        return []
    runs = sorted(warehouse.read(RUNS).to_pylist(), key=lambda run: (run["started"], run["run_id"]))
    learnt = {run["run_id"] for run in _learnt(runs, nights)}
    newest: dict[tuple[str, str], Output] = {}
    for run in runs:
        if run["run_id"] in learnt or (run["job"] != "finetune" and _is_over(run, nights)):
            for what, place in _places(run):
                newest[what, place] = Output(what, ids.masked(place), run["run_id"])
        # of a file that somebody wrote nobody knows whom it is about, whatever night the run was of
        for what, place in _named(run, ("instructions, where they have reports", "train", "instructions")):
            newest[what, place] = Output(what, ids.masked(place), run["run_id"])
    since = min((run["started"] for run in runs if _is_over(run, nights)), default=None)
    return sorted([*newest.values(), *([] if since is None else _exports(warehouse, since))])


def _exports(warehouse: Warehouse, since: datetime.datetime) -> Iterator[Output]:
    """Yield the files that queries wrote from tables since then: where, nobody recorded, but who did."""
    newest: dict[tuple[str, str], str] = {}
    for entry in sorted(warehouse.read(AUDIT).to_pylist(), key=lambda entry: entry["time"]):
        if entry["action"] == "query" and entry["to_file"] and entry["tables"] and entry["time"] >= since:
            newest[entry["principal"], entry["tables"]] = entry["audit_id"]
    for (principal, tables), audit_id in newest.items():
        yield Output(f"file of a query of {tables}", f"written by {principal}, who knows where", audit_id)


def _is_over(run: Mapping[str, Any], nights: Iterable[Night]) -> bool:
    """Return whether the run worked on one of `nights`: a run without a dataset or split worked on each."""
    return any(
        str(run["batch_date"]) == date
        and run["dataset"] in (None, dataset)
        and (run["split"] in (None, split) or split is None)
        for dataset, date, split in nights
    )


def _learnt(runs: Iterable[Mapping[str, Any]], nights: Iterable[Night]) -> list[Mapping[str, Any]]:
    """Return the fine-tunings among `runs` on a night with the patient in training, and those of a model of one."""
    training = [(dataset, date, None) for dataset, date, split in nights if split == "train"]
    tuned = [run for run in runs if run["job"] == "finetune"]
    learnt = [run for run in tuned if _is_over(run, training)]
    rest = [run for run in tuned if run not in learnt]
    while True:
        digests = {run["model_digest"] for run in learnt} - {None}
        places = {_setting(run, "model", "out") for run in learnt} - {None}
        # rows older than the column have no digest of the base: then the place that it came from decides
        more = [
            run
            for run in rest
            if run["base_digest"] in digests
            or (run["base_digest"] is None and _setting(run, "model", "init") in places)
        ]
        if not more:
            return learnt
        learnt += more
        rest = [run for run in rest if run not in more]


def _places(run: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what the run wrote or read outside the tables, and where, by its settings."""
    job = run["job"]
    if job == "prepare":
        yield from _named(run, ("raw source", "source", "uri"), ("pairs of findings and impression", "source", "pairs"))
    if job == "finetune":
        yield from _named(
            run,
            ("model (weights, tokenizer, training reports that it carries, converted copies)", "model", "out"),
            ("picked exemplars", "model", "exemplars_file"),
            ("checkpoints", "train", "checkpoint_uri"),
        )
        if (out := _setting(run, "model", "out")) is not None:
            yield "checkpoints, on the machine of the training,", f"{out}-checkpoints"
        if run["model_digest"]:
            yield "copies of the model in the cache of each node", f"radray/*/{run['model_digest']}*"
    if job == "generate":
        yield from _named(run, ("picked exemplars", "model", "exemplars_file"))
    if job == "evaluate":
        yield from _named(run, ("page", "evaluate", "page"))
        if _setting(run, "evaluate", "review"):
            yield from _named(run, ("review sheets", "evaluate", "review_out"))
        if _setting(run, "evaluate", "calibrate"):
            beside = [f"{uri}/.calibration" for uri in _setting(run, "model", "uri") or []]
            place = _setting(run, "evaluate", "calibration_out")
            yield from (("calibration", uri) for uri in ([place] if place else beside))


def _named(run: Mapping[str, Any], *settings: tuple[str, str, str]) -> Iterator[tuple[str, str]]:
    for what, section, name in settings:
        if place := _setting(run, section, name):
            yield what, str(place)


def _setting(run: Mapping[str, Any], section: str, name: str) -> Any:
    """Return a setting of the run; None where its settings do not have it, or are not YAML."""
    settings = _settings(run["config"]).get(section)
    return settings.get(name) if isinstance(settings, dict) else None


@lru_cache(maxsize=1_000)
def _settings(config: str) -> dict[str, Any]:
    try:
        settings = yaml.safe_load(config)
    except yaml.YAMLError:
        return {}
    return settings if isinstance(settings, dict) else {}


def _trained(warehouse: Warehouse, digest: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = warehouse.read(RUNS, None, {"model_digest": digest, **FINISHED}).to_pylist()
    return [row for row in rows if row["job"] in TRAINED_BY]
