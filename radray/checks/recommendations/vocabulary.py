"""The tests and treatments that reports recommend, and what is a reason for them: ``words/recommendations.toml``."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, TypeAdapter

from radray.errors import ConfigError
from radray.language.lexicon.concept import read_entries, words_of
from radray.language.lexicon.concepts import CONCEPTS

FILE = "recommendations.toml"

Kind = Literal[
    "imaging", "sampling", "drainage", "endoscopy", "surgery", "drug", "device", "consultation", "correlation"
]
KINDS: tuple[str, ...] = get_args(Kind)

FOLLOW_UP = "follow_up"
"""The test of a recommendation that names none: "follow-up in 6 weeks", "further evaluation", a masked word."""
NO_FOLLOW_UP = "none"
"""The test of a recommendation of nothing: "no follow-up is required"."""

_GAP = r"(?:[\w.'-]+[\s,]+){0,3}?"


@dataclass(frozen=True, slots=True)
class Action:
    """A test or treatment: its kind, the concepts that are a reason for it, and the words of findings that are one.

    Without `reasons` any finding is a reason.
    """

    id: str
    kind: str
    reasons: frozenset[str]
    words: re.Pattern[str] | None


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    phrases: list[str]
    reasons: list[str] = []
    words: list[str] = []


def any_of(phrases: Iterable[str]) -> str:
    """Return the expression of `phrases`: "*" is the rest of a word, "..." up to three words, capitals stay."""

    def written(phrase: str) -> str:
        parts = [_GAP if part == "..." else re.escape(part).replace(r"\*", r"\w*") for part in phrase.split()]
        joined = "".join(
            part if part == _GAP or at + 1 == len(parts) else rf"{part}[\s/-]+" for at, part in enumerate(parts)
        )
        return f"(?-i:{joined})" if phrase.isupper() else joined

    return "|".join(written(phrase) for phrase in sorted(phrases, key=len, reverse=True))


def _pattern(phrases: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{any_of(phrases)})(?!\w)", re.IGNORECASE)


_TABLES = words_of(FILE)
CHRONIC = frozenset(_TABLES.pop("chronic"))
"""Concepts of what is old, implanted or an artefact: no reason for another test."""
SUSPICIOUS = _pattern(_TABLES.pop("suspicious"))
"""Words by which a finding may deserve a biopsy, an endoscopy or an operation."""
BENIGN = _pattern(_TABLES.pop("benign"))
"""Findings that need no action."""


def _entries() -> Mapping[str, _Entry]:
    """Return the entries. Raises ConfigError that names file and entry."""
    entries = read_entries(FILE, _TABLES, TypeAdapter(dict[str, _Entry]))
    for id, entry in entries.items():
        unknown = sorted(set(entry.reasons) - CONCEPTS.keys())
        if unknown:
            raise ConfigError(f"vocabulary {FILE}: {id}.reasons: no concepts {unknown}")
    return entries


_ENTRIES = _entries()

ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        id: Action(id, entry.kind, frozenset(entry.reasons), _pattern(entry.words) if entry.words else None)
        for id, entry in _ENTRIES.items()
    }
)
"""Every action by its id."""

_NAMES = tuple((id, _pattern(entry.phrases)) for id, entry in _ENTRIES.items())
_ANY_NAME = _pattern([phrase for entry in _ENTRIES.values() for phrase in entry.phrases])
_EARLIER = re.compile(
    r"\b(?:prior|previous|recent|outside|old|remote|status\s+post|s/p|post(?!\s+contrast)|after|following|before|since"
    r"|history\s+of|known|seen\s+on|noted\s+on|compared\s+(?:to|with)|today's|current|same[\s-]day|underwent)\s+"
    r"(?:[\w/-]+\s+){0,2}$",
    re.IGNORECASE,
)
_GUIDED = re.compile(r"[\s-]+guid(?:ed|ance)\b", re.IGNORECASE)


def find_tests(text: str, first: int, last: int) -> tuple[str, ...]:
    """Return the ids of the actions named between `first` and `last`, each once, in order; () for none.

    Those of the past ("seen on the prior CT", "after antibiotics") do not count, nor what guides another ("CT-guided").
    """
    tests: dict[str, None] = {}
    for match in _ANY_NAME.finditer(text, first, last):
        start, end = match.span()
        if _GUIDED.match(text, end, last):
            continue
        test = next(id for id, pattern in _NAMES if pattern.fullmatch(text, start, end))
        if ACTIONS[test].kind == "correlation" or not _EARLIER.search(text, max(first, start - 40), start):
            tests[test] = None
    return tuple(tests)
