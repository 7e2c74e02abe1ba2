"""All phrases of the table as one automaton over words: scanning takes linear time, and the longest phrase wins."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from radray.language.lexicon.attributes import CHANGES, LOCATIONS, NOT_PLACES, SEVERITY_WORDS
from radray.language.lexicon.concepts import CONCEPTS
from radray.language.lexicon.cues import CUES
from radray.language.lexicon.pairs import ANATOMY, ATTRIBUTES

END = ""
"""Key of a node's entry; it cannot clash, since no word is empty."""

_WORD = re.compile(r"\w+")

_PLURALS = {
    "pneumothoraces": "pneumothorax",
    "hydropneumothoraces": "hydropneumothorax",
    "bullae": "bulla",
    "diaphragms": "diaphragm",
    "hemithoraces": "hemithorax",
    "metastases": "metastasis",
    "atelectases": "atelectasis",
    "oedema": "edema",
    "oedematous": "edematous",
    "atelectatsis": "atelectasis",
    "atelectesis": "atelectasis",
    "effussion": "effusion",
    "pneumothroax": "pneumothorax",
    "pneumonias": "pneumonia",
    "pnuemonia": "pneumonia",
    "consolidations": "consolidation",
    "consolidating": "consolidation",
    "opacites": "opacity",
    "calcifed": "calcified",
    "granulomas": "granuloma",
    "cardiomegally": "cardiomegaly",
    "emphysematic": "emphysematous",
    "airspaces": "airspace",
    "bases": "base",
    "hemorrhages": "hemorrhage",
    "haemorrhages": "hemorrhage",
}
"""Irregular plurals, British spellings and misspellings seen in reports, each with the word of the table it means."""

_BRITISH = {
    **{"hemo": "haemo", "hema": "haema", "edema": "oedema", "esophag": "oesophag", "color": "colour"},
    **{"ischemi": "ischaemi", "tumor": "tumour", "gray": "grey", "caliber": "calibre", "center": "centre"},
    **{"hyperemi": "hyperaemi", "cecum": "caecum", "fetal": "foetal", "fetus": "foetus", "generalized": "generalised"},
    **{"favor": "favour", "ize": "ise", "izing": "ising", "ization": "isation"},
    **{"hemorrhage": "haemorrhage", "hemorrhagic": "haemorrhagic", "fiber": "fibre", "orthopedic": "orthopaedic"},
}
"""Parts of words that are spelt another way in British reports."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The roles of a phrase: synonym of a concept, part of a pair, severity, change or cue; often several."""

    concepts: tuple[str, ...] = ()
    anatomy: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    severity: str | None = None
    change: str | None = None
    cue: str | None = None


Node = dict[str, Any]
"""A word leads to the next node; `END` holds the entry of the phrase that ends here."""


def _collect() -> dict[tuple[str, ...], dict[str, Any]]:
    """Return the roles of each phrase, a tuple of words."""
    roles: dict[tuple[str, ...], dict[str, Any]] = {}

    def add(phrase: str, role: str, value: str) -> None:
        entry = roles.setdefault(tuple(_WORD.findall(phrase)), {})
        if role in ("concepts", "anatomy", "attributes"):
            entry[role] = (*entry.get(role, ()), value)
        else:
            entry.setdefault(role, value)

    for concept in CONCEPTS.values():
        for phrase in concept.synonyms:
            add(phrase, "concepts", concept.id)
    for table, role in ((ANATOMY, "anatomy"), (ATTRIBUTES, "attributes"), (CHANGES, "change"), (CUES, "cue")):
        for name, packed in table.items():
            for phrase in packed:
                add(phrase, role, name)
    for word, severity in SEVERITY_WORDS.items():
        add(word, "severity", severity)
    return roles


def plurals(word: str) -> list[str]:
    """Return the regular plural of `word`, in a list; [] where there is none."""
    if len(word) < 3 or not word.isalpha():
        return []
    if word.endswith("is") and len(word) > 4:
        return [word[:-2] + "es"]
    if word.endswith(("x", "ss", "sh", "ch")):
        return [word + "es"]
    if word.endswith("s"):
        return []
    return [word[:-1] + "ies"] if word.endswith("y") and word[-2] not in "aeiou" else [word + "s"]


def _build(phrases: dict[tuple[str, ...], Any]) -> Node:
    root: Node = {}
    for words, value in phrases.items():
        node = root
        for word in words:
            node = node.setdefault(word, {})
        node[END] = value
    return root


CANONICAL: dict[str, str] = {}
"""Plurals and variants, each with its word in the table."""
TRIE: Node = {}
"""The phrases of concepts, pairs, severities, changes and cues, each with its `Entry`."""
PLACES: Node = {}
"""The phrases of locations, each with its location; None: a phrase that names none."""


def _canonical(roles: dict[tuple[str, ...], dict[str, Any]], places: Iterable[tuple[str, ...]]) -> dict[str, str]:
    """Return the plurals and variants of the words of phrases, each with its word."""
    known = {word for words in (*roles, *places) for word in words}
    named = (words for words, of_words in roles.items() if "concepts" in of_words or "anatomy" in of_words)
    canonical = {plural: word for words in (*named, *places) for word in words for plural in plurals(word)}
    canonical |= {
        word.replace(american, spelling): word
        for word in known
        for american, spelling in _BRITISH.items()
        if american in word and spelling not in word
    }
    return canonical | {variant: word for variant, word in _PLURALS.items() if word in known}


def _merged(roles: dict[tuple[str, ...], dict[str, Any]]) -> dict[tuple[str, ...], Entry]:
    """Return the entry of each phrase in canonical words; "clot" and "clots" are one phrase, with the roles of both."""
    merged: dict[tuple[str, ...], dict[str, Any]] = {}
    for words, of_words in roles.items():
        entry = merged.setdefault(tuple(CANONICAL.get(word, word) for word in words), {})
        for role, value in of_words.items():
            if role in ("concepts", "anatomy", "attributes"):
                entry[role] = tuple(dict.fromkeys((*entry.get(role, ()), *value)))
            else:
                entry.setdefault(role, value)
    return {words: Entry(**of_words) for words, of_words in merged.items()}


def build() -> None:
    """Build `CANONICAL`, `TRIE` and `PLACES` from the concepts as they are now."""
    roles = _collect()
    places: dict[tuple[str, ...], str | None] = {
        tuple(phrase.split()): place for place, packed in LOCATIONS.items() for phrase in packed
    } | {tuple(phrase.split()): None for phrase in NOT_PLACES}
    for table in (CANONICAL, TRIE, PLACES):
        table.clear()
    CANONICAL.update(_canonical(roles, places.keys()))
    TRIE.update(_build(_merged(roles)))
    PLACES.update(
        _build({tuple(CANONICAL.get(word, word) for word in words): place for words, place in places.items()})
    )


build()


def scan(root: Node, words: list[str], barriers: list[int], first: int, last: int) -> list[tuple[int, int, Any]]:
    """Return (first word, word after the last, entry) of the phrases in `words[first:last]`, leftmost and longest.

    Phrases do not overlap, and none continues past a word with a barrier (a nonzero item of `barriers`) before it.
    """
    phrases = []
    get = root.get
    at = first
    while at < last:
        node = get(words[at])
        if node is None:
            at += 1
            continue
        end, entry, following = at, None, at + 1
        while True:
            if END in node:
                end, entry = following, node[END]
            if following == last or barriers[following]:
                break
            node = node.get(words[following])
            if node is None:
                break
            following += 1
        if end == at:
            at += 1
        else:
            phrases.append((at, end, entry))
            at = end
    return phrases
