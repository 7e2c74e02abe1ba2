"""An impression that reads normal over findings that assert something abnormal."""

import re
from functools import lru_cache

from radray.checks.context import ReportContext, akin, place
from radray.checks.findings.reportable import is_abnormal, is_reportable
from radray.checks.spans import CACHED_TEXTS, FINDINGS, IMPRESSION, Hit, Place
from radray.language.lexicon.vocabulary import forgets
from radray.language.mentions import Mention, State, find_mentions
from radray.language.normality import judged_sentences

_WHOLE = re.compile(r"\b(?:acute|active|normal|negative|unremarkable|abnormal)", re.IGNORECASE)
"""Words of a sentence that judges the exam as a whole."""

_NORMAL = re.compile(r"\b(?:normal|negative|unremarkable)\b", re.IGNORECASE)
_ACUTE = re.compile(r"\b(?:acute|active)", re.IGNORECASE)


def find_normal_over_abnormal(impression: str, mentions: tuple[Mention, ...], context: ReportContext) -> list[Hit]:
    """Return the findings that belong into an impression where the impression reads normal; [] for none.

    The impression reads normal if each sentence is normal (`radray.language.normality`), or one judges the exam normal
    and the others name only what does not belong into an impression ("No acute disease. Old granuloma."). An exam
    called normal has nothing chronic either: "no acute abnormality" is written over gallstones, "normal ultrasound" is
    not. What the impression names, certain or not, or by a related word, is no hit.
    """
    if all(mention.state is State.ABSENT for mention in context.in_findings) or not _reads_normal(impression):
        return []
    belongs = is_abnormal if _NORMAL.search(impression) and not _ACUTE.search(impression) else is_reportable
    reportable = [mention for mention in context.in_findings if belongs(mention, context.findings)]
    whole = Place(IMPRESSION, 0, len(impression))
    named = {mention.concept for mention in mentions if mention.state is not State.ABSENT}
    return [
        (whole, place(mention, FINDINGS))
        for mention in reportable
        if not any(akin(concept, mention.concept) for concept in named)
    ]


@forgets
@lru_cache(maxsize=CACHED_TEXTS)
def _reads_normal(impression: str) -> bool:
    judged = judged_sentences(impression)
    others = [sentence for sentence, normal in judged if not normal]
    if not others:
        return bool(judged)
    return any(normal and _WHOLE.search(sentence) for sentence, normal in judged) and all(map(_is_trivial, others))


def _is_trivial(sentence: str) -> bool:
    """Return whether `sentence` names something, and nothing that belongs into an impression."""
    named = [mention for mention in find_mentions(sentence) if mention.state is not State.ABSENT]
    return bool(named) and not any(is_reportable(mention, sentence) for mention in named)
