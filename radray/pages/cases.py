"""Cases to read: which reports the page shows, with their texts side by side and marked where text is allowed."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np

from radray.checks.identifiers.find import find_identifiers
from radray.checks.identifiers.kinds import ORDINARY
from radray.evaluation.strata import ABNORMAL, NORMAL
from radray.flags import CLASSES, TIER_A, TIER_B
from radray.pages.evaluation_tables import HEADLINE
from radray.pages.grids import score
from radray.pages.marked import Piece, different_words, evidence_places, items_of, pieces
from radray.pages.numbers import Numbers

WORST, RANDOM_ABNORMAL, RANDOM_NORMAL = 3, 4, 2
"""Number of cases: the worst of each model, and the random ones of each stratum."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag on an impression."""

    name: str
    meaning: str
    """What an impression with this flag does."""
    tier: str
    """A or B."""


@dataclass(frozen=True, slots=True)
class WrittenImpression:
    """The impression that one system, or the radiologist, wrote for a report."""

    author: str
    score: str
    flags: Sequence[Flag]
    items: Sequence[Sequence[Piece]]
    """Its items in pieces; () where no text is shown or the impression is empty."""
    failed: bool = False
    left_out: str = ""
    """Words of the reference that it lacks, in order; '' where no text is shown."""


@dataclass(frozen=True, slots=True)
class Case:
    """A report to read, without any patient or study id."""

    kind: str
    unit_id: str
    strata: str
    query: str
    findings: Sequence[Piece]
    background: Sequence[Piece]
    reference: WrittenImpression | None
    written: Sequence[WrittenImpression]
    with_text: bool
    """Whether its texts are shown: never those in which rules see what may be an identifier, dates of exams apart."""


def cases(numbers: Numbers, *, with_text: bool, warehouse: str, skip: Sequence[str] = ()) -> list[Case]:
    """Return the worst cases of each model except `skip`, then random abnormal and normal ones; no case twice.

    Worst first: a critical finding left out, then the most Tier A flags, then the lowest ROUGE-1. The random ones are
    drawn with the seed of the intervals. [] without reports.
    """
    side = numbers.side
    chosen: dict[int, str] = {}
    for model in numbers.models:
        if model not in skip:
            fresh = [place for place in _worst_first(numbers, model) if place not in chosen]
            chosen |= dict.fromkeys(fresh[:WORST], f"among the worst of {model}")
    rng = Random(numbers.choices.seed)
    for stratum, count in ((ABNORMAL, RANDOM_ABNORMAL), (NORMAL, RANDOM_NORMAL)):
        # without references only the findings tell normal from abnormal
        name = stratum if stratum in side.strata else f"findings_{stratum}"
        members = side.strata.get(name)
        if members is None:
            continue
        fresh = [int(place) for place in np.flatnonzero(members) if int(place) not in chosen]
        chosen |= dict.fromkeys(sorted(rng.sample(fresh, min(count, len(fresh)))), f"random, {name.replace('_', ' ')}")
    return [_case(numbers, place, kind, with_text, warehouse) for place, kind in chosen.items()]


def query_line(unit_id: str, warehouse: str) -> str:
    """Return the command that shows a report and the impression of every model for it."""
    sql = (
        "SELECT model_name, findings, reference, prediction, evidence FROM predictions"
        " WHERE unit_id = :unit ORDER BY model_name, model_digest"
    )
    words = ["python", "-m", "jobs.query", sql, f"params.unit={unit_id}", f"warehouse.uri={warehouse}", "out=json"]
    return shlex.join(words)


def _worst_first(numbers: Numbers, model: str) -> list[int]:
    system = numbers.side.systems[model]
    values = system.values.get((numbers.choices.main_scorer, HEADLINE))
    ranks = []
    for place, row in enumerate(numbers.side.rows[model]):
        if row is None:
            continue
        harms = sum(bool(row.get(f"flag_{name}")) for name in TIER_A)
        value = 0.0 if values is None or np.isnan(values[place]) else float(values[place])
        ranks.append((not row.get("flag_critical_missed"), -harms, value, row["unit_id"], place))
    return [rank[-1] for rank in sorted(ranks)]


def _case(numbers: Numbers, place: int, kind: str, with_text: bool, warehouse: str) -> Case:
    side = numbers.side
    report = side.reports[place]
    strata = [name for name in ("normal", "abnormal", "critical", "seen") if _in(numbers, name, place)]
    reference = report["reference"] if report["reference"] else None
    rows = [row for of_model in side.rows.values() if (row := of_model[place]) is not None]
    texts = [report["findings"], report.get("background"), reference, *(row["prediction"] for row in rows)]
    with_text = with_text and not any(map(_may_identify, filter(None, texts)))
    written = []
    evidences = []
    for model in numbers.models:
        row = side.rows[model][place]
        if row is None:
            continue
        failed = row["status"] != "ok"
        evidences.append(row.get("evidence"))
        text = "" if failed else row["prediction"] or ""
        value = side.systems[model].values.get((numbers.choices.main_scorer, HEADLINE))
        rouge = score(None if value is None or np.isnan(value[place]) else float(value[place]), 2)
        items = _items(text, reference, row.get("evidence")) if with_text else ()
        lacks = [] if failed or not with_text or reference is None else different_words(reference, text)
        left_out = " … ".join((reference or "")[start:end] for start, end in lacks)
        written.append(WrittenImpression(model, rouge, _flags(row, "flag_"), items, failed, left_out))
    own = None
    if reference is not None:
        row = next(iter(rows), report)
        items = _items(reference, None, row.get("reference_evidence")) if with_text else ()
        own = WrittenImpression("radiologist", "", _flags(row, "reference_flag_"), items)
    return Case(
        kind=kind,
        unit_id=report["unit_id"],
        strata=", ".join(strata),
        query=query_line(report["unit_id"], warehouse),
        findings=_whole(report["findings"], evidences, "findings") if with_text else (),
        background=_whole(report.get("background") or "", evidences, "background") if with_text else (),
        reference=own,
        written=written,
        with_text=with_text,
    )


def _may_identify(text: str) -> bool:
    return any(each.kind not in ORDINARY for each in find_identifiers(text))


def _in(numbers: Numbers, stratum: str, place: int) -> bool:
    members = numbers.side.strata.get(stratum)
    return members is not None and bool(members[place])


def _flags(row: Row, prefix: str) -> list[Flag]:
    meanings = TIER_A | TIER_B
    return [
        Flag(name.replace("_", " "), meanings[name], "A" if name in TIER_A else "B")
        for name in CLASSES
        if row.get(f"{prefix}{name}")
    ]


def _items(text: str, reference: str | None, evidence: str | None) -> list[list[Piece]]:
    differing = [] if reference is None else different_words(text, reference)
    flagged = evidence_places(evidence, "impression")
    return [pieces(text, span, differing, flagged) for span in items_of(text)]


def _whole(text: str, evidences: Sequence[str | None], form: str) -> list[Piece]:
    """Return a text that every system was given, marked where any system's evidence points into it."""
    flagged: dict[str, list[tuple[int, int]]] = {}
    for evidence in evidences:
        for name, places in evidence_places(evidence, form).items():
            flagged.setdefault(name, []).extend(places)
    return pieces(text, (0, len(text)), (), flagged) if text else []
