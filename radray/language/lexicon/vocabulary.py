"""A hospital's own phrases and urgencies, beside those of this package: the setting ``score.vocabulary``.

They hold for the process. What is kept of texts depends on them, so it is forgotten when they change.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from radray.errors import ConfigError
from radray.language.lexicon.concepts import built_in, change_concepts
from radray.language.lexicon.trie import build

_PHRASE = re.compile(r"[a-z0-9]+(?:[ -][a-z0-9]+)*")
_FORGET: list[Callable[[], None]] = []


class Addition(Protocol):
    """What is added to a concept: `radray.settings.generate.VocabularyEntry`."""

    @property
    def phrases(self) -> Sequence[str]:
        """Further phrases."""

    @property
    def urgency(self) -> str | None:
        """Urgency in the place of the vocabulary's, "none" for none; None: unchanged."""


class Keeping(Protocol):
    """A function that keeps its results."""

    def cache_clear(self) -> None:
        """Forget them."""


Kept = TypeVar("Kept", bound=Keeping)

_adopted: dict[str, Addition] = {}


def forgets(function: Kept) -> Kept:
    """Return `function`, a cached one whose results depend on the vocabulary: they are forgotten when it changes."""
    _FORGET.append(function.cache_clear)
    return function


def check_additions(additions: Mapping[str, Addition]) -> None:
    """Raise ConfigError, naming the concept, for an unknown concept or a phrase that is not words in lower case."""
    for id, entry in additions.items():
        if built_in(id) is None:
            raise ConfigError(
                f"score.vocabulary.{id}: no concept of the vocabulary (radray/language/lexicon/words names them)"
            )
        for number, phrase in enumerate(entry.phrases, 1):
            if not _PHRASE.fullmatch(phrase):
                raise ConfigError(
                    f"score.vocabulary.{id}: phrase {number} is not words of letters and digits in lower case"
                )


def adopt(additions: Mapping[str, Addition]) -> None:
    """Use the vocabulary with `additions`, a concept's phrases or urgency by its id, from now on; {}: without any.

    Raises ConfigError as `check_additions` does.
    """
    if additions == _adopted:
        return
    check_additions(additions)
    changed = []
    for id, entry in additions.items():
        concept = built_in(id)
        assert concept is not None
        phrases = tuple(dict.fromkeys((*concept.synonyms, *entry.phrases)))
        urgency = concept.urgency if entry.urgency is None else None if entry.urgency == "none" else entry.urgency
        changed.append(replace(concept, synonyms=phrases, urgency=urgency))
    change_concepts(changed)
    build()
    for forget in _FORGET:
        forget()
    _adopted.clear()
    _adopted.update(additions)


def suffix_of(additions: Mapping[str, Addition]) -> str:
    """Return what `additions` add to the version of the checks: "+" and a digest; "" for none."""
    if not additions:
        return ""
    content = json.dumps({id: [*entry.phrases, entry.urgency] for id, entry in additions.items()}, sort_keys=True)
    return "+" + hashlib.sha256(content.encode()).hexdigest()[:12]


def adopted_suffix() -> str:
    """Return `suffix_of` the additions that are in use."""
    return suffix_of(_adopted)
