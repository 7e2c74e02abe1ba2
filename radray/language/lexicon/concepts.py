"""The phrase table: findings, devices and critical findings by id, with synonyms, parents, sources and urgency."""

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
    ancestors_of: dict[str, frozenset[str]] = {}

    def collect(concept: str) -> frozenset[str]:
        if concept not in ancestors_of:
            parents = CONCEPTS[concept].parents
            ancestors_of[concept] = frozenset(parents).union(*map(collect, parents))
        return ancestors_of[concept]

    for concept in CONCEPTS:
        collect(concept)
    return ancestors_of


_ANCESTORS = _ancestors()


def ancestors(concept: str) -> frozenset[str]:
    """Return the ids of every concept that `concept` is a kind of, without itself; empty for one without parents.

    Pneumonia is a consolidation, an airspace disease and a lung opacity. Raises KeyError for an unknown id.
    """
    return _ANCESTORS[concept]
