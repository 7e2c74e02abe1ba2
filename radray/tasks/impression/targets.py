"""Training targets: impressions without what a model must not learn to write, masks and reports of communication.

A model trained on "Discussed with Dr. ___ by phone" reports calls that nobody made. So sentences of communication are
removed, and so are masks of de-identification with the words that lead to them ("since ___"); a sentence that makes no
sense without the masked word ("which is ___ on the lateral view") is removed whole.
"""

from collections.abc import Iterable

from radray.checks.communication import find_communication
from radray.checks.form import find_masks
from radray.language.sentences import split_sentences
from radray.tasks.task import TargetCounts

_MASK = "___"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LEADING = _words(
    "of on at in from since to with by for as per via than before after dated compared comparison prior previous and"
    " or earlier around approximately about between until dr. dr drs. mr. mrs. ms. date time"
)
"""Words before a name, a date or a study that mean nothing without it."""
_ADDED = _words("a.m. p.m. am pm a.m p.m hours hrs o'clock today")
"""Words after a masked time that belong to it."""
_NEEDING = _words(
    "no not the a an this that these those some any is are was were be been being has have had may can could should"
    " which its their most less please recommend without"
)
"""Words that cannot end a phrase."""
_QUALIFYING = _words("more further additional new mild small large old stable recent")
"""Words that qualify a noun directly after them, and can be left alone before a phrase ("new since ___")."""
_FOLLOWING = _words(
    "and or but of on at in from to with by for is are was were has have had be may can could should which that than"
    " as due since if i who"
)
"""Words that follow a noun: a mask before them replaces a noun."""
_STOPS = ",.;:!?)]"
_MANY = 3
"""A sentence with this many masks, and no more other words than masks, is removed: "___ by Dr. ___ at ___ on ___."."""


def make_targets(
    references: Iterable[str], *, keep_masks: bool, keep_communications: bool
) -> tuple[list[str | None], TargetCounts]:
    """Return the target of each reference, in order, None where nothing is left; and the counts of what was removed."""
    targets: list[str | None] = []
    masks = communications = 0
    for reference in references:
        text = reference if keep_communications else without_communications(reference)
        target = text if keep_masks else without_masks(text)
        communications += text != reference
        masks += target != text
        targets.append(target or None)
    return targets, TargetCounts(masks, communications, targets.count(None))


def without_communications(text: str) -> str:
    """Return `text` without its sentences of communication ("Dr. ___ was informed"); unchanged if it has none."""
    if not find_communication(text, "", ""):
        return text
    return " ".join(sentence for sentence in split_sentences(text) if not find_communication(sentence, "", ""))


def without_masks(text: str) -> str:
    """Return `text` without masks, as the module describes; unchanged if it has none."""
    if not find_masks(text):
        return text
    mended = (_remove_masks(sentence) if find_masks(sentence) else sentence for sentence in split_sentences(text))
    return " ".join(sentence for sentence in mended if sentence)


def _remove_masks(sentence: str) -> str:
    """Return `sentence` without masks; '' if it makes no sense without them."""
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
    """Return the punctuation mark that ends `word`; '' if none does."""
    return word[-1] if word[-1] in _STOPS else ""


def _has_letters(word: str) -> bool:
    return any(character.isalnum() for character in word.replace(_MASK, ""))
