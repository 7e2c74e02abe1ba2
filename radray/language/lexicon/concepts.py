"""The one phrase table: findings, devices and critical findings by id, with synonyms, parents, sources and urgency."""

from collections.abc import Mapping
from types import MappingProxyType

from radray.language.lexicon.body import BODY
from radray.language.lexicon.concept import Concept
from radray.language.lexicon.critical import CRITICAL
from radray.language.lexicon.devices import DEVICES
from radray.language.lexicon.heart import HEART
from radray.language.lexicon.lungs import LUNGS

__all__ = ["CONCEPTS", "URGENCIES", "Concept", "ancestors"]

URGENCIES = ("critical", "urgent")
"""Degrees of urgency, the most urgent first."""

CONCEPTS: Mapping[str, Concept] = MappingProxyType(
    {concept.id: concept for part in (LUNGS, HEART, BODY, DEVICES, CRITICAL) for concept in part}
)
"""Every concept by its id."""


def _ancestors() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}

    def of(concept: str) -> frozenset[str]:
        if concept not in found:
            parents = CONCEPTS[concept].parents
            found[concept] = frozenset(parents).union(*map(of, parents))
        return found[concept]

    for concept in CONCEPTS:
        of(concept)
    return found


_ANCESTORS = _ancestors()


def ancestors(concept: str) -> frozenset[str]:
    """Return the ids of all that `concept` is a kind of, itself excluded; none for one at the top.

    Pneumonia is a consolidation, an airspace disease and a lung opacity. Raises KeyError for an id out of the table.
    """
    return _ANCESTORS[concept]
