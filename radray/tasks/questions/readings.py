"""Answers to the questions, from the codes that people gave a report, and by our rules from its text.

Codes say what is there, and deny nothing: people left much out. What they have no code for is taken as not there only
where our rules read no mention of it, or of a kind of it, as there or possible: ``no`` where a text denies the concept,
``not said`` where no text names it; where one denies a kind of it alone, nobody knows. Nor does anyone where a code
stands that could have been given for it, such as an opacity for an airspace disease (`Coded.excuses`, and those of its
kinds). A place has one finding, or several of one family, of which the answer is the more specific.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from functools import cache

from radray.language.lexicon.attributes import SEVERITY_WORDS, SIDES
from radray.language.lexicon.concepts import ancestors
from radray.language.mentions import Mention, State, find_mentions
from radray.tasks.codes import CODED, Coded, meets
from radray.tasks.questions.templates import (
    BOTH,
    LEFT,
    LOCATED,
    MILD,
    MODERATE,
    NO,
    NONE,
    PRESENCE,
    RIGHT,
    SEVERE,
    SEVERITY,
    SIDE,
    SIZE,
    SIZES,
    UNSTATED,
    YES,
    family_of,
    parse_answer,
    side_and_place,
    subject_of,
    template_of,
)

Codes = tuple[frozenset[str], ...]
_CODED: Mapping[str, Coded] = {coded.id: coded for coded in CODED}
_WORD = re.compile(r"\w+")
_SIDE_WORDS = frozenset(SIDES)
_SEVERITY_WORDS = frozenset(SEVERITY_WORDS)
_SEVERITIES = {
    **dict.fromkeys(("borderline", "trace", "mild", "small"), MILD),
    MODERATE: MODERATE,
    **dict.fromkeys(("severe", "large"), SEVERE),
}
"""Severities of `Mention` and of Open-i's codes, as answers."""


def by_codes(item: str, codes: Codes, texts: Collection[str]) -> str | None:
    """Return the answer to the question `item` by a report's `codes`; None: they leave it open.

    A side or a severity is ``not said`` where the codes have none and no text has a word of any.
    """
    template = template_of(item)
    if template == SIZE:
        return None
    if template not in (PRESENCE, SIDE, SEVERITY):
        return _in_place_by_codes(item, codes, texts)
    coded = _CODED[subject_of(item)]
    own = [code for code in codes if any(meets((code,), wanted) for wanted in coded.codes)]
    if not own:
        mentions = list(_mentions(coded.id, texts))
        if any(meets(codes, wanted) for wanted in _excuses(coded)) or any(map(_is_there, mentions)):
            return None
        if template != PRESENCE:
            return NONE
        concepts = {mention.concept for mention in mentions}
        return NO if coded.id in concepts else None if concepts else UNSTATED
    if template == PRESENCE:
        return YES
    qualifiers = frozenset().union(*own)
    if template == SIDE:
        sides = {LEFT, RIGHT} if "bilateral" in qualifiers else qualifiers & {LEFT, RIGHT}
        return _side(sides) or _unless(texts, _SIDE_WORDS)
    severities = {_SEVERITIES[word] for word in qualifiers & _SEVERITIES.keys()}
    return severities.pop() if len(severities) == 1 else None if severities else _unless(texts, _SEVERITY_WORDS)


def by_rules(item: str, texts: Collection[str]) -> list[str]:
    """Return the answers to the question `item` that our rules find, the best first; at least one.

    What is possible counts as there. Of several severities the greater is better, of several concepts the more specific
    and of several sizes the first.
    """
    template = template_of(item)
    if template == SIZE:
        sizes = (parse_answer(size) for text in texts for size in SIZES.findall(text))
        return list(dict.fromkeys(size for size in sizes if size)) or [NONE]
    if template not in (PRESENCE, SIDE, SEVERITY):
        return _in_place_by_rules(item, texts) or [NONE]
    concept = subject_of(item)
    mentions = list(_mentions(concept, texts))
    there = [mention for mention in mentions if _is_there(mention)]
    if template == PRESENCE:
        denied = any(mention.concept == concept for mention in mentions)
        return [YES if there else NO if denied else UNSTATED]
    if not there:
        return [NONE]
    if template == SIDE:
        return [_side(frozenset().union(*(mention.sides for mention in there))) or UNSTATED]
    severities = {_SEVERITIES[mention.severity] for mention in there if mention.severity}
    return [severity for severity in (SEVERE, MODERATE, MILD) if severity in severities] or [UNSTATED]


def _mentions(concept: str, texts: Iterable[str]) -> Iterable[Mention]:
    """Yield the mentions of `concept` and of its kinds."""
    for text in texts:
        for mention in find_mentions(text):
            if mention.concept == concept or concept in ancestors(mention.concept):
                yield mention


def _is_there(mention: Mention) -> bool:
    return mention.state != State.ABSENT


@cache
def _excuses(coded: Coded) -> tuple[str, ...]:
    kinds = (kind for kind in CODED if coded.id in ancestors(kind.id))
    return tuple(code for each in (coded, *kinds) for code in each.excuses)


def _side(sides: Collection[str]) -> str | None:
    return BOTH if len(sides) == 2 else next(iter(sides), None)


def _unless(texts: Iterable[str], words: Collection[str]) -> str | None:
    return UNSTATED if not any(word.lower() in words for text in texts for word in _WORD.findall(text)) else None


def _in_place_by_codes(item: str, codes: Codes, texts: Iterable[str]) -> str | None:
    side, place = side_and_place(item)
    there = [code for code in codes if place in code and (side is None or side in code or "bilateral" in code)]
    if not there:
        return None if _in_place_by_rules(item, texts) else NONE
    concepts = {_concept_of(code) for code in there}
    answers = [concept.replace("_", " ") for concept in LOCATED if concept in concepts]
    return answers[0] if None not in concepts and len(set(map(family_of, answers))) == 1 else None


def _concept_of(code: frozenset[str]) -> str | None:
    coded = (id for id in LOCATED if any(meets((code,), wanted) for wanted in _CODED[id].codes))
    return next(coded, None)


def _in_place_by_rules(item: str, texts: Iterable[str]) -> list[str]:
    """Return the names of what our rules find in the place of `item`, the more specific first."""
    side, place = side_and_place(item)
    there = {
        mention.concept
        for text in texts
        for mention in find_mentions(text)
        if _is_there(mention) and place in mention.locations and (side is None or side in mention.sides)
    }
    kinds = frozenset().union(*map(ancestors, there))
    return [concept.replace("_", " ") for concept in LOCATED if concept in there - kinds]
