"""Strata: the sets of reports that figures are computed for, so that case mix is not mistaken for quality."""

import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radray.checks.scope import TRIED_ON
from radray.evaluation.rouge import Tokenizer
from radray.language.normality import is_normal

Bools = NDArray[np.bool_]

ALL, NORMAL, ABNORMAL, UNJUDGED = "all", "normal", "abnormal", "unjudged"
CRITICAL = "critical"
"""Reports whose findings assert a critical finding, which an impression can leave out."""
OTHER = "other"
STANDARDISED = "standardised"
"""Not a set of reports: the mean over normal and abnormal references with fixed weights."""

LENGTHS = {"1-5": 5, "6-10": 10, "11-20": 20, "21-40": 40, "41+": sys.maxsize}
"""Bins of the reference's length, each with its most words; fixed, so that datasets can be compared."""
ITEMS = 3
"""Fewest items of the reference in the last, open bin."""
MODALITY = re.compile("[A-Z]{2,4}")
"""A code of DICOM's. Whatever else a source has in its column of modalities may be a patient's, and is not shown."""
BODY_PARTS = frozenset(TRIED_ON) | frozenset(
    [
        "ankle",
        "arm",
        "bladder",
        "brain",
        "breast",
        "clavicle",
        "elbow",
        "face",
        "femur",
        "finger",
        "foot",
        "hand",
        "hip",
        "humerus",
        "jaw",
        "kidney",
        "knee",
        "leg",
        "liver",
        "lung",
        "orbit",
        "prostate",
        "sacrum",
        "scapula",
        "shoulder",
        "sinus",
        "skull",
        "sternum",
        "thigh",
        "thorax",
        "thyroid",
        "toe",
        "uterus",
        "wrist",
    ]
)
"""Body parts that are shown, for the same reason: those that `reports` has by rule, and more of DICOM's (CID 4031)."""
MOST_VALUES = 12
"""Values of a property (body part, modality) with a stratum of their own: the most common; the others share one."""

_TOKENIZER = Tokenizer(stemmer=False)


@dataclass(frozen=True, slots=True)
class Report:
    """The properties of a report that decide its strata; None where unknown."""

    reference: str | None
    """Cleaned."""
    findings_stratum: str | None = None
    """normal or abnormal, by the findings alone."""
    seen: bool | None = None
    """Whether a training report has the same findings, word for word; None without training reports."""
    items: int | None = None
    modality: str | None = None
    body_part: str | None = None
    comparison_state: str | None = None
    critical: bool | None = None
    """Whether its findings assert a critical finding: one that `flag_critical_missed` is about."""


def strata_of(reports: Sequence[Report]) -> dict[str, Bools]:
    """Return the members of each stratum that has any, by name, (reports,) each; ``all`` comes first.

    ``normal`` and ``abnormal`` are by the reference; ``unjudged`` are references without anything to judge (a mask
    alone); reports without a reference are in ``all`` and in the strata of findings and exam. ``incidental`` are normal
    references with abnormal findings.
    """
    normality = [None if report.reference is None else is_normal(report.reference) for report in reports]
    referenced = [report.reference is not None for report in reports]
    by_findings = [report.findings_stratum for report in reports]
    members_of = {
        ALL: [True] * len(reports),
        NORMAL: [normal is True for normal in normality],
        ABNORMAL: [normal is False for normal in normality],
        UNJUDGED: [normal is None and has for normal, has in zip(normality, referenced, strict=True)],
        "findings_normal": [stratum == NORMAL for stratum in by_findings],
        "findings_abnormal": [stratum == ABNORMAL for stratum in by_findings],
        "incidental": [
            normal is True and stratum == ABNORMAL for normal, stratum in zip(normality, by_findings, strict=True)
        ],
        CRITICAL: [report.critical is True for report in reports],
        "seen": [report.seen is True for report in reports],
        "unseen": [report.seen is False for report in reports],
    }
    members_of |= _by_value("length", [_length(report.reference) for report in reports], tuple(LENGTHS))
    numbers = [*(str(n) for n in range(ITEMS)), f"{ITEMS}+"]
    counts = [report.items for report in reports]
    members_of |= _by_value("items", [None if count is None else numbers[min(count, ITEMS)] for count in counts])
    members_of |= _by_value("modality", [nameable_modality(report.modality) for report in reports])
    members_of |= _by_value("body_part", [nameable_body_part(report.body_part) for report in reports])
    members_of |= _by_value("comparison_state", [report.comparison_state for report in reports])
    return {name: np.array(members, dtype=np.bool_) for name, members in members_of.items() if any(members)}


def nameable_modality(modality: str | None) -> str | None:
    """Return `modality` where it is a code, else OTHER; an unknown one stays None."""
    return modality if not modality or MODALITY.fullmatch(modality) else OTHER


def nameable_body_part(body_part: str | None) -> str | None:
    """Return `body_part` where it is known here, else OTHER; None stays None."""
    return body_part if not body_part or body_part in BODY_PARTS else OTHER


def _length(reference: str | None) -> str | None:
    words = 0 if reference is None else len(_TOKENIZER.tokenize(reference))
    return next(name for name, most in LENGTHS.items() if words <= most) if words else None


def _by_value(name: str, values: Sequence[str | None], order: Sequence[str] = ()) -> dict[str, list[bool]]:
    """Return the strata ``name=value``, in `order` or the most common first; {} where no value is known."""
    known = [value or "unknown" for value in values]
    counts = Counter(value for value in known if value not in ("unknown", OTHER))
    chosen = order or [value for value, _ in counts.most_common(MOST_VALUES)]
    members_of = {f"{name}={label}": [value == label for value in known] for label in chosen}
    if counts or OTHER in known:
        members_of[f"{name}={OTHER}"] = [value != "unknown" and value not in chosen for value in known]
        members_of[f"{name}=unknown"] = [value == "unknown" for value in known]
    return members_of
