"""The concepts of the vocabulary by id, with phrases, parents, organ, urgency and source: ``words/*.toml``."""

from collections.abc import Iterable, Mapping
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
    "joints.toml",
    "devices.toml",
    "abdomen.toml",
    "vessels.toml",
    "head.toml",
    "critical.toml",
)
"""The files of concepts, in the order in which their phrases are looked up."""

_BUILT_IN = {concept.id: concept for name in FILES for concept in read_concepts(name)}
_CURRENT = dict(_BUILT_IN)

CONCEPTS: Mapping[str, Concept] = MappingProxyType(_CURRENT)
"""Every concept by its id, with what the hospital adds (`vocabulary.adopt`)."""


def change_concepts(changed: Iterable[Concept]) -> None:
    """Set the concepts to the built-in ones, with those of `changed` in the place of theirs."""
    _CURRENT.update(_BUILT_IN)
    _CURRENT.update({concept.id: concept for concept in changed})


def built_in(id: str) -> Concept | None:
    """Return the concept `id` as this package has it; None where it has none."""
    return _BUILT_IN.get(id)


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
