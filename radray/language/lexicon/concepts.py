"""The concepts of the vocabulary by id, with phrases, parents, organ, urgency and source: ``words/*.toml``."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import get_args

from radray.language.lexicon.concept import Concept, Urgency, read_concepts

__all__ = ["CONCEPTS", "URGENCIES", "Concept", "ancestors"]

URGENCIES: tuple[str, ...] = get_args(Urgency)
"""Degrees of urgency, the most urgent first."""

FILES = (
    "lungs.toml",
    "heart.toml",
    "body.toml",
    "devices.toml",
    "abdomen.toml",
    "vessels.toml",
    "head.toml",
    "critical.toml",
)
"""The files of concepts, in the order in which their phrases are looked up."""

CONCEPTS: Mapping[str, Concept] = MappingProxyType(
    {concept.id: concept for name in FILES for concept in read_concepts(name)}
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
