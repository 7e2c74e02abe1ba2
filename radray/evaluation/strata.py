"""Strata: the sets of reports that figures are told for, so that case mix cannot pass for quality."""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radray.evaluation.rouge import Tokenizer
from radray.language.normality import is_normal

Bools = NDArray[np.bool_]

ALL, NORMAL, ABNORMAL, UNJUDGED = "all", "normal", "abnormal", "unjudged"
CRITICAL = "critical"
"""Reports whose findings assert a critical finding: of these, an impression can leave one out."""
STANDARDISED = "standardised"
"""Not a set of its own: the mean over normal and abnormal references under fixed weights."""

LENGTHS = {"1-5": 5, "6-10": 10, "11-20": 20, "21-40": 40, "41+": sys.maxsize}
"""Bins of the reference's words, each up to that many, fixed so that two sets can be compared."""
ITEMS = 3
"""Items of the reference from which on they are counted together."""
MOST_VALUES = 12
"""Values of a property (body part, modality) that have a stratum of their own: the commonest; the others share one."""

_TOKENIZER = Tokenizer(stemmer=False)


@dataclass(frozen=True, slots=True)
class Report:
    """What decides the strata of a report; None: not known."""

    reference: str | None
    """Cleaned."""
    findings_stratum: str | None = None
    """normal or abnormal, by the findings alone."""
    seen: bool | None = None
    """Whether its findings stand word for word among the training findings; None: there are no training reports."""
    items: int | None = None
    modality: str | None = None
    body_part: str | None = None
    comparison_state: str | None = None
    critical: bool | None = None
    """Whether its findings assert a critical finding, one that `flag_critical_missed` is about; None: not known."""


def strata_of(reports: Sequence[Report]) -> dict[str, Bools]:
    """Return the members of each stratum that has any, by name, (reports,) each: ``all`` first.

    ``normal`` and ``abnormal`` go by the reference, ``unjudged`` are references that say nothing to judge (a mask
    alone); reports without a reference are in ``all`` and in the strata of findings and exam. ``incidental``: a normal
    reference over abnormal findings.
    """
    verdicts = [None if one.reference is None else is_normal(one.reference) for one in reports]
    told = [one.reference is not None for one in reports]
    by_findings = [one.findings_stratum for one in reports]
    found = {
        ALL: [True] * len(reports),
        NORMAL: [verdict is True for verdict in verdicts],
        ABNORMAL: [verdict is False for verdict in verdicts],
        UNJUDGED: [verdict is None and has for verdict, has in zip(verdicts, told, strict=True)],
        "findings_normal": [of == NORMAL for of in by_findings],
        "findings_abnormal": [of == ABNORMAL for of in by_findings],
        "incidental": [v is True and of == ABNORMAL for v, of in zip(verdicts, by_findings, strict=True)],
        CRITICAL: [one.critical is True for one in reports],
        "seen": [one.seen is True for one in reports],
        "unseen": [one.seen is False for one in reports],
    }
    found |= _by_value("length", [_length(one.reference) for one in reports], tuple(LENGTHS))
    numbers = [*(str(n) for n in range(ITEMS)), f"{ITEMS}+"]
    found |= _by_value("items", [None if one.items is None else numbers[min(one.items, ITEMS)] for one in reports])
    for name in ("modality", "body_part", "comparison_state"):
        found |= _by_value(name, [getattr(one, name) for one in reports])
    return {name: np.array(members, dtype=np.bool_) for name, members in found.items() if any(members)}


def _length(reference: str | None) -> str | None:
    words = 0 if reference is None else len(_TOKENIZER.tokenize(reference))
    return next(name for name, most in LENGTHS.items() if words <= most) if words else None


def _by_value(name: str, values: Sequence[str | None], order: Sequence[str] = ()) -> dict[str, list[bool]]:
    """Return the strata ``name=value``, in `order` or commonest first; none where no value is known."""
    known = [value or "unknown" for value in values]
    counts = Counter(value for value in known if value != "unknown")
    chosen = order or [value for value, _ in counts.most_common(MOST_VALUES)]
    found = {f"{name}={value}": [one == value for one in known] for value in chosen}
    if counts:
        found[f"{name}=other"] = [one != "unknown" and one not in chosen for one in known]
        found[f"{name}=unknown"] = [one == "unknown" for one in known]
    return found
