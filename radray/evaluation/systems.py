"""Systems side by side on the reports of one dataset and split: the values of each for each report."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from radray.checks.check import check
from radray.checks.check import checks_version as current_version
from radray.checks.findings.critical import has_critical
from radray.checks.scope import not_judged
from radray.errors import InputError
from radray.evaluation.bootstrap import Codes, Floats, codes_of
from radray.evaluation.floors import Floor, Training
from radray.evaluation.scoring import Key, concept_scores, score_all
from radray.evaluation.strata import Bools, Report, nameable_body_part, nameable_modality, strata_of

MODEL, FLOOR, RADIOLOGIST = "model", "floor", "radiologist"
FLOORS = ("floor: best constant", "floor: first sentence", "floor: nearest neighbour")
CONSTANT, FIRST, NEAREST = FLOORS

CONFIDENCES = {"logprob": "logprob_per_token", "margin": "margin", "agreement": "agreement"}
"""How sure a prediction is: its name in metrics, and its column of `predictions`."""
AS_WRITTEN = "urgent_first_as_written"
"""`urgent_first` before items were put in order (generate.order); of models that have none put in order there is no
such figure."""
FLAGS_OF_BOTH = ("followup", "urgent_first", AS_WRITTEN)
"""Results of the checks for prediction and reference alike, beside the columns ``flag_...``."""
AGREES = "followup_agrees"

Row = Mapping[str, Any]


@dataclass(slots=True)
class System:
    """A model, a floor, or the radiologist, whose flag rates the others are compared with."""

    name: str
    kind: str
    values: dict[Key, Floats]
    """Values by (scorer or checks version, metric), (reports,) each; NaN: none, or not applicable."""
    present: Bools
    """(reports,): whether there is a prediction, failed ones included."""
    failed: Bools
    """(reports,): whether the prediction failed."""
    confidence: dict[str, list[float | None]] = field(default_factory=dict)
    """For a model: each of CONFIDENCES of each prediction; None where it has none."""


@dataclass(slots=True)
class SideBySide:
    """All systems on the reports of one dataset and split."""

    dataset: str
    split: str
    reports: Sequence[Row]
    """One row of `predictions` per report, sorted by unit_id."""
    clusters: Codes
    strata: dict[str, Bools]
    systems: dict[str, System] = field(default_factory=dict)
    """In order: models, the base first; the radiologist, if there are flags; floors."""
    rows: dict[str, list[Row | None]] = field(default_factory=dict)
    """The rows of each model, (reports,); None where it has none."""

    def of(self, kind: str) -> list[System]:
        """Return the systems of a kind, in order."""
        return [system for system in self.systems.values() if system.kind == kind]

    @property
    def referenced(self) -> Bools:
        """Whether each report has a reference."""
        return np.array([bool(row["reference"]) for row in self.reports], dtype=np.bool_)


def training_of(
    pairs: Iterable[Row], evaluated: Iterable[Row], normalise: Callable[[str], str], model: str | None = None
) -> Training:
    """Return the training reports with a reference, without those that are `evaluated` themselves.

    Validation is cut from train by split key, so reports with an evaluated key are left out. The test split of a corpus
    is never in training; a text that is in both was seen in training, and stays. `normalise` reduces a text to its
    words: findings with the same words are the same. `model`: as in `Training`.
    """
    keys = {row["split_key"] for row in evaluated if row["split"] in ("train", "validation")}
    kept = [row for row in pairs if row["reference"] and row["findings"] and row["split_key"] not in keys]
    findings = [row["findings"] for row in kept]
    return Training(findings, [row["reference"] for row in kept], frozenset(map(normalise, findings)), normalise, model)


def place_models(
    rows: Iterable[Row], models: Sequence[str]
) -> tuple[dict[str, dict[str, Row]], dict[str, dict[str, Row]]]:
    """Return the rows of each model by unit, and those of each unit by model; both in order.

    Models come in the order of `models` (names or prefixes of digests), then by name and digest.
    """
    by_model: dict[str, dict[str, Row]] = {}
    for row in sorted(rows, key=lambda row: (_place(row, models), row["model_name"], row["model_digest"])):
        by_model.setdefault(system_name(row), {})[row["unit_id"]] = row
    by_unit: dict[str, dict[str, Row]] = {}
    for model, of_model in by_model.items():
        for unit, row in of_model.items():
            by_unit.setdefault(unit, {})[model] = row
    return by_model, dict(sorted(by_unit.items()))


def choose(rows: Sequence[Row], models: Sequence[str], noun: str = "predictions") -> list[Row]:
    """Return the rows of the models that `models` names; () means all. Raises InputError for a name without a row.

    `noun` says in its message what the rows are.
    """
    for name in models:
        if not any(is_named(row, name) for row in rows):
            known = ", ".join(sorted({system_name(row) for row in rows})) or "none"
            raise InputError(f"no {noun} of the model {name}; there are {noun} of: {known}")
    return [row for row in rows if not models or any(is_named(row, name) for name in models)]


def system_name(row: Row) -> str:
    """Return the name of the row's model in figures."""
    return f"{row['model_name']} {row['model_digest'][:8]}"


def is_named(row: Row, name: str) -> bool:
    """Return whether `name` is the row's model: its full name, or a prefix of its digest."""
    return bool(row["model_name"] == name or row["model_digest"].startswith(name))


def _place(row: Row, models: Sequence[str]) -> int:
    return next((place for place, name in enumerate(models) if is_named(row, name)), len(models))


def side_by_side(
    dataset: str,
    split: str,
    rows: Iterable[Row],
    models: Sequence[str],
    training: Training,
) -> SideBySide:
    """Return the models of `rows` on all reports that any of them has, and the radiologist if there are flags.

    A report is the row of the first model that has it: all models are scored against the reference of that row.
    """
    by_model, by_unit = place_models(rows, models)
    reports = [next(iter(of_unit.values())) for of_unit in by_unit.values()]
    strata = strata_of([_report(row, training.saw(row["findings"])) for row in reports])
    clusters = codes_of(np.array([row["split_key"] for row in reports], dtype=np.str_))
    side = SideBySide(dataset, split, reports, clusters, strata)
    ordered = any(row.get("item_order") for of_model in by_model.values() for row in of_model.values())
    for name, of_model in by_model.items():
        own = side.rows[name] = [of_model.get(unit) for unit in by_unit]
        side.systems[name] = System(
            name,
            MODEL,
            _scores(side, [None if row is None else _text(row) for row in own]) | _flags(own, "", ordered=ordered),
            np.array([row is not None for row in own], dtype=np.bool_),
            np.array([row is not None and row["status"] != "ok" for row in own], dtype=np.bool_),
            {name: [None if row is None else row.get(column) for row in own] for name, column in CONFIDENCES.items()},
        )
    any_row = [next((row for row in of_unit.values() if row.get("checks_id")), None) for of_unit in by_unit.values()]
    rates = _flags(any_row, "reference_", ordered=ordered)
    if rates:
        nothing = np.zeros(len(reports), dtype=np.bool_)
        side.systems[RADIOLOGIST] = System(RADIOLOGIST, RADIOLOGIST, rates, side.referenced, nothing)
    return side


def add_floors(side: SideBySide, training: Training, floors: Mapping[str, Floor], *, stemmer: bool) -> None:
    """Add the `floors`, by name, to `side`: those that need training reports if there are any.

    Adds none where no report has a reference: there is nothing to score them against. If models were checked by the
    current version of the checks, floors are checked too (0.4 ms per report).
    """
    if not side.referenced.any():
        return
    findings = [row["findings"] for row in side.reports]
    for name in sorted(floors):
        written = floors[name](training, findings, stemmer=stemmer)
        if written is None:
            continue
        everywhere = np.ones(len(findings), dtype=np.bool_)
        values = _scores(side, written)
        if current_version() in _versions(side):
            values |= _checked(side, written)
        side.systems[name] = System(name, FLOOR, values, everywhere, ~everywhere)


def remarks(side: SideBySide, training: Training) -> list[str]:
    """Return what a reader of the figures must know, in sentences: what is missing, left out or not comparable."""
    where = f"{side.dataset}, {side.split}"
    sentences = []
    bare = int((~side.referenced).sum())
    if bare:
        sentences.append(
            f"{where}: {bare:,} of {len(side.reports):,} reports have no reference: only checks judge them"
        )
    sentences += _not_judged(side, where)
    sentences += _origin(side, training)
    for system in side.of(MODEL):
        missing = int((~system.present).sum())
        if missing:
            total = len(side.reports)
            sentences.append(
                f"{where}: {system.name} lacks {missing:,} of the {total:,} reports: excluded from its means"
            )
        if not any(metric.startswith("flag_") for _, metric in system.values):
            sentences.append(f"{where}: {system.name} has no clinical checks: its rows are older than the checks")
    versions = _versions(side)
    if len(versions) > 1:
        sentences.append(
            f"{where}: flags of {', '.join(sorted(versions))}: flags of different versions are not compared"
        )
    return sentences


def _origin(side: SideBySide, training: Training) -> list[str]:
    """Return a sentence on whose training reports the floors are, where they are not the dataset's own; [] if they are.

    Also where there are none: what is left out, and what to do.
    """
    reports = f"no training reports of {side.dataset}"
    if not training.findings:
        return [
            f"{reports}, and none in this warehouse that one of the models was fine-tuned on: {CONSTANT}, {NEAREST} and"
            f" seen findings are left out; prepare a train part of {side.dataset}, or name in evaluate.models a model"
            " that was fine-tuned on reports of this warehouse"
        ]
    if training.model is None:
        return []
    return [
        f"{reports}: {CONSTANT}, {NEAREST} and seen findings are by the {len(training.findings):,} reports that"
        f" {training.model} learnt from, as `reports` has them now"
    ]


def _not_judged(side: SideBySide, where: str) -> list[str]:
    """Return a sentence on the exams that the checks of findings do not judge, the commonest first; [] for none."""
    exams = Counter(
        (nameable_modality(row.get("modality")), nameable_body_part(row.get("body_part"))) for row in side.reports
    )
    named = [
        f"{count:,} of {modality or 'unknown modality'}, {part or 'unknown body part'}"
        for (modality, part), count in exams.most_common()
        if not_judged(modality, part)
    ]
    if not named:
        return []
    return [f"{where}: not judged by the checks of findings, which were tried on no such exams: {'; '.join(named)}"]


def _report(row: Row, seen: bool | None) -> Report:
    return Report(
        reference=row["reference"] or None,
        findings_stratum=row.get("findings_stratum"),
        seen=seen,
        items=row.get("reference_items"),
        modality=row.get("modality"),
        body_part=row.get("body_part"),
        comparison_state=row.get("comparison_state"),
        critical=has_critical(row["findings"], row.get("background")) if row.get("checks_id") else None,
    )


def _text(row: Row) -> str:
    """Return the prediction; "" where it failed."""
    return (row["prediction"] or "") if row["status"] == "ok" else ""


def _versions(side: SideBySide) -> set[str]:
    """Return the versions of the checks of which the models have flags."""
    return {version for model in side.of(MODEL) for version, metric in model.values if metric.startswith("flag_")}


def _scores(side: SideBySide, predictions: Sequence[str | None]) -> dict[Key, Floats]:
    if not side.referenced.any():
        return {}
    clean = [row["reference"] for row in side.reports]
    # a reference that cleaning emptied does not count, raw or cleaned
    raw = [row["reference_raw"] if row["reference"] else None for row in side.reports]
    return score_all(clean, raw, predictions) | concept_scores(clean, predictions)


def _flags(rows: Sequence[Row | None], prefix: str, *, ordered: bool = False) -> dict[Key, Floats]:
    """Return the flags as 0 or 1 by (checks version, flag); `prefix` is "reference_" for the reference's, else "".

    `ordered`: a model's items were put in order, so that AS_WRITTEN is another figure.
    """
    both_have = FLAGS_OF_BOTH if ordered else FLAGS_OF_BOTH[:-1]
    values: dict[Key, Floats] = {}
    for version in sorted({checks_version(row) for row in rows if row is not None} - {""}):
        own = [row if row is not None and checks_version(row) == version else {} for row in rows]
        names = sorted({name for row in own for name in row if name.startswith("flag_")})
        for name in (*names, *both_have):
            values[version, name] = _numbers([_flag(row, prefix, name) for row in own])
        if not prefix:
            both = [(row.get("followup"), row.get("reference_followup")) for row in own]
            values[version, AGREES] = _numbers([None if None in pair else pair[0] == pair[1] for pair in both])
    return {key: column for key, column in values.items() if not np.isnan(column).all()}


def _flag(row: Row, prefix: str, name: str) -> bool | None:
    if name != AS_WRITTEN:
        value: bool | None = row.get(prefix + name)
        return value
    order, now = row.get("item_order"), row.get(f"{prefix}urgent_first")
    if order is None or now is None or prefix:
        return now
    return str(order).startswith("1,")


def _checked(side: SideBySide, texts: Sequence[str]) -> dict[Key, Floats]:
    """Return the flags of `texts`, one per report, checked against its findings and background."""
    rows = []
    for row, text in zip(side.reports, texts, strict=True):
        exam: dict[str, Any] = {name: row.get(name) for name in ("modality", "body_part")}
        result = check(text, row["findings"], row.get("background"), **exam)
        flags = {f"flag_{name}": value for name, value in result.flags.items()}
        known = {"checks_id": current_version(), "reference_followup": row.get("reference_followup")}
        rows.append({**flags, **known, "followup": result.followup, "urgent_first": result.most_urgent_first})
    return _flags(rows, "")


def checks_version(row: Row) -> str:
    """Return the version of the checks behind the row's flags, without the thresholds of other columns; "" for none."""
    return str(row.get("checks_id") or "").split(";")[0]


def _numbers(values: Sequence[bool | None]) -> Floats:
    return np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)
