"""Training targets: impressions without what a model must not learn to write, masks and who was told.

A model that is trained on "Discussed with Dr. ___ by phone" writes it of calls that nobody made. So sentences of
communication go, and masks of de-identification go with the words that led to them ("since ___"); a sentence that makes
no sense without the word that is gone ("which is ___ on the lateral view") goes whole.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from radray.checks.communication import find_communication
from radray.checks.form import find_masks
from radray.language.sentences import split_sentences

_MASK = "___"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LEADING = _words(
    "of on at in from since to with by for as per via than before after dated compared comparison prior previous and"
    " or earlier around approximately about between until dr. dr drs. mr. mrs. ms. date time"
)
"""Words that stand before a name, a date or a study, and mean nothing once that is gone."""
_ADDED = _words("a.m. p.m. am pm a.m p.m hours hrs o'clock today")
"""Words that belong to a masked time before them."""
_NEEDING = _words(
    "no not the a an this that these those some any is are was were be been being has have had may can could should"
    " which its their most less please recommend without"
)
"""Words that nothing can be left to stand behind."""
_QUALIFYING = _words("more further additional new mild small large old stable recent")
"""Words that say something of a noun right behind them, and stand well alone before a phrase ("new since ___")."""
_FOLLOWING = _words(
    "and or but of on at in from to with by for is are was were has have had be may can could should which that than"
    " as due since if i who"
)
"""Words that follow a noun: a mask before them stood for one."""
_STOPS = ",.;:!?)]"
_MANY = 3
"""Masks from which a sentence goes that holds no more words than masks: "___ by Dr. ___ at ___ on ___."."""


@dataclass(frozen=True, slots=True)
class TargetCounts:
    """Of how many targets something was taken: masks, communications; and how many were empty after it."""

    masks: int
    communications: int
    empty: int


def make_targets(
    references: Iterable[str], *, keep_masks: bool, keep_communications: bool
) -> tuple[list[str | None], TargetCounts]:
    """Return the target of each of `references` in order, None where nothing is left of it; and what was taken."""
    targets: list[str | None] = []
    masks = communications = 0
    for reference in references:
        told = reference if keep_communications else without_communications(reference)
        target = told if keep_masks else without_masks(told)
        communications += told != reference
        masks += target != told
        targets.append(target or None)
    return targets, TargetCounts(masks, communications, targets.count(None))


def without_communications(text: str) -> str:
    """Return `text` without the sentences that say that somebody was told; as it is where there is none."""
    if not find_communication(text, "", ""):
        return text
    return " ".join(one for one in split_sentences(text) if not find_communication(one, "", ""))


def without_masks(text: str) -> str:
    """Return `text` without masks, see the module; as it is where there is none."""
    if not find_masks(text):
        return text
    mended = (_mended(sentence) if find_masks(sentence) else sentence for sentence in split_sentences(text))
    return " ".join(sentence for sentence in mended if sentence)


def _mended(sentence: str) -> str:
    """Return `sentence` without masks, or '' where it cannot do without."""
    for hit in reversed(find_masks(sentence)):
        place = hit[0]
        sentence = sentence[: place.start] + _MASK + sentence[place.end :]
    words = sentence.split()
    masked = sum(_MASK in word for word in words)
    if masked >= _MANY and 2 * masked >= len(words):
        return ""
    while (first := next((place for place, word in enumerate(words) if _MASK in word), None)) is not None:
        end = first + 1
        # "Dr. ___ ___", "___ / ___", "___ p.m."
        while end < len(words) and not _stop_of(words[end - 1]) and not _has_letters(words[end]):
            end += 1
        while end < len(words) and words[end].lower().strip(_STOPS) in _ADDED:
            end += 1
        stop = _stop_of(words[end - 1])
        if not stop and [word.lower() for word in words[first - 1 : first] + words[end : end + 1]] == ["no", "of"]:
            end += 1  # "no evidence of" is "no"
            noun = False
        else:
            noun = bool(stop) or end == len(words) or words[end].lower() in _FOLLOWING
        start = first
        while start and words[start - 1].lower() in (_LEADING if noun else {"most"}):
            start -= 1
        if noun and start and words[start - 1].lower() in (_NEEDING if start < first else _NEEDING | _QUALIFYING):
            return ""
        if noun and not start and not stop:
            return ""
        if start and stop:
            words[start - 1] = words[start - 1].rstrip(_STOPS) + stop
        words[start:end] = []
    if not any(_has_letters(word) and word.lower().strip(_STOPS) not in _LEADING | _NEEDING for word in words):
        return ""
    mended = " ".join(words)
    return mended[0].upper() + mended[1:]


def _stop_of(word: str) -> str:
    """Return the sign that ends `word`, if one does."""
    return word[-1] if word[-1] in _STOPS else ""


def _has_letters(word: str) -> bool:
    return any(character.isalnum() for character in word.replace(_MASK, ""))
