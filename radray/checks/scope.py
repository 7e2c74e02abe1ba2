"""Which classes are judged for which exam, and on what they were tried there: a table, ``scope.toml``."""

import tomllib
from importlib import resources
from typing import Literal

from radray.flags import CLASSES, TIER_B

Tried = Literal["reports", "written"]
"""On what the classes were tried: real reports with the radiologists' impressions, or pairs written for the checks."""

OF_CONCEPTS = (
    *("polarity", "critical_missed", "critical_invented", "level", "change", "recommendation"),
    *(name for name in TIER_B if name != "recommendation_missed"),
)
"""Classes that depend on the vocabulary and are judged only where it was tried; the others apply to any report."""

_TABLE = tomllib.loads(resources.files("radray.checks").joinpath("scope.toml").read_text(encoding="utf-8"))
TRIED_ON: dict[str, dict[str, Tried]] = _TABLE["tried_on"]
"""By body part and modality, on what the classes of `OF_CONCEPTS` were tried."""
_OUT_OF_VIEW = {part: frozenset(organs) for part, organs in _TABLE["out_of_view"].items()}
_MODALITIES = frozenset(modality for row in TRIED_ON.values() for modality in row)
_NOTHING: frozenset[str] = frozenset()


def covers(modality: str | None, body_part: str | None) -> bool:
    """Return whether the vocabulary was tried on such exams; with one of the two unknown, on any with the other."""
    if body_part is None:
        return modality is None or modality in _MODALITIES
    row = TRIED_ON.get(body_part)
    return row is not None and (modality is None or modality in row)


def not_judged(modality: str | None, body_part: str | None) -> tuple[str, ...]:
    """Return the classes that are not judged on such exams, in the order of `CLASSES`; () where all are."""
    return () if covers(modality, body_part) else tuple(name for name in CLASSES if name in OF_CONCEPTS)


def out_of_view(body_part: str | None) -> frozenset[str]:
    """Return the organs that an exam of `body_part` does not show; empty for an unknown one."""
    return _OUT_OF_VIEW.get(body_part or "", _NOTHING)
