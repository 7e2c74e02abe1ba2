"""Other words for the same findings: what a model may learn from beside a report as it was written.

No assertion is added, lost or changed. Two things are done: a whole sentence of normality gives way to another that
says the same (``lexicon/words/normal_phrases.toml``), and sentences that stand by themselves change places.
"""

import re
from random import Random

from radray.language.lexicon.concept import words_of
from radray.language.sentences import split_sentences

_WORD = re.compile(r"[a-z0-9]+")
_WHOLE = re.compile(r".*\w[.!?]", re.DOTALL)
_REFERS_BACK = {
    *("this", "that", "these", "those", "it", "its", "they", "their", "them", "which", "such", "same", "former"),
    *("latter", "above", "below", "other", "others", "otherwise", "else", "also", "too", "again", "additional"),
    *("additionally", "remaining", "remainder", "rest", "however", "but", "although", "though"),
}
"""Words of a sentence whose meaning lies in those before it."""


def _key(sentence: str) -> str:
    return sentence.rstrip(".").lower()


SAME: dict[str, tuple[str, ...]] = {
    _key(phrase): tuple(phrases) for phrases in words_of("normal_phrases.toml")["groups"].values() for phrase in phrases
}
"""All sentences that say the same as one, itself included, by that sentence in lower case without its stop."""


def rephrase(findings: str, random: Random) -> str:
    """Return `findings` in other words, drawn by `random`; text without a sentence that may change, as it is.

    Sentences of SAME become one of their group, each with a chance of a half. Sentences change places unless one of
    the text refers back to others (those up to it stay), has a label or a list number before it, or lacks its stop.
    Text of several lines stays as it is: its lines are an order of their own.
    """
    sentences = split_sentences(findings)
    if "\n" in findings.strip() or not all(_WHOLE.fullmatch(sentence) for sentence in sentences):
        return findings
    chosen = [_other_words(sentence, random) for sentence in sentences]
    if any(":" in sentence or sentence[0].isdigit() for sentence in sentences):
        return " ".join(chosen)
    bound = [place for place, text in enumerate(sentences) if _REFERS_BACK & set(_WORD.findall(text.lower()))]
    free = bound[-1] + 1 if bound else 0
    moved = chosen[free:]
    random.shuffle(moved)
    return " ".join(chosen[:free] + moved)


def _other_words(sentence: str, random: Random) -> str:
    same = SAME.get(_key(sentence))
    return sentence if same is None or random.random() < 0.5 else random.choice(same)
