"""Words that several organs share: "obstruction" of the ureter is not one of the bowel."""

from radray.language.assertion import Words
from radray.language.lexicon.concept import expand, words_of
from radray.language.lexicon.concepts import CONCEPTS
from radray.language.lexicon.trie import CANONICAL, plurals
from radray.language.targets import Target

_REACH = 6
"""Most words between a shared word and the word of an organ; of two, the nearer counts."""
_BEFORE = 0.5
"""What a word after the shared word counts farther: "ureteral obstruction, bowel normal"."""
NO_CONCEPT = "_none"
"""What stands in the table for: no concept of the vocabulary."""

_Rule = dict[str, str | None]
"""What a word beside the shared word makes of it: a concept, "" for none of the table, None for what it says."""


def _canonical(word: str) -> str:
    return CANONICAL.get(word, word)


def _read() -> dict[tuple[str, ...], _Rule]:
    """Return for each shared phrase, in canonical words, what the words beside it make of it.

    Raises KeyError for a concept that the vocabulary does not have.
    """
    rules: dict[tuple[str, ...], _Rule] = {}
    for entry in words_of("organs.toml").values():
        rule: _Rule = {}
        for concept, beside in (("own", entry["own"]), *entry["near"].items()):
            meant = None if concept == "own" else "" if concept == NO_CONCEPT else CONCEPTS[concept].id
            for word in beside:
                rule.update((_canonical(form), meant) for form in (word, *plurals(word)))
        for packed in entry["phrases"]:
            for phrase in expand(packed):
                rules[tuple(map(_canonical, phrase.split()))] = rule
    return rules


_RULES = _read()
_FIRST = frozenset(phrase[0] for phrase in _RULES)


def bind_organs(words: Words, first: int, last: int, targets: list[Target]) -> list[Target]:
    """Return the `targets` of a clause, the words `first` to `last`, with shared words bound to the organ beside them.

    A target becomes the concept that the nearest word of the table (``words/organs.toml``) within `_REACH` words gives,
    or is left out where that is no concept; without such a word it stays as it is. [] for no targets.
    """
    tokens = words.words
    if _FIRST.isdisjoint([tokens[target.first] for target in targets]):
        return targets
    kept = []
    for target in targets:
        rule = None
        if tokens[target.first] in _FIRST:
            rule = _RULES.get(tuple(tokens[target.first : target.last]))
        meant = _nearest(tokens, max(first, target.first - _REACH), target, min(last, target.last + _REACH), rule)
        if meant:
            target.concepts = (meant,)
        if meant != "":
            kept.append(target)
    return kept


def _nearest(tokens: list[str], first: int, target: Target, last: int, rule: _Rule | None) -> str | None:
    """Return what the nearest word of `rule` makes of `target`: a concept, "" for none, None for what it says."""
    if rule is None:
        return None
    nearest, meant = float(_REACH + 1), None
    for at in range(first, last):
        if tokens[at] not in rule or target.first <= at < target.last:
            continue
        distance = target.first - at if at < target.first else at - target.last + 1 + _BEFORE
        if distance < nearest:
            nearest, meant = distance, rule[tokens[at]]
    return meant
