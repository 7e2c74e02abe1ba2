"""Planting of a finding in findings, impression, both or neither: both texts agree, or there is an error.

Neither text gives the error away. An impression that asserts the planted finding is as often right, since the findings
have it too, as wrong; so is one that denies it, or passes over it. (Errors planted in the impression alone were seen in
19 of 20 cases by their words, without the findings: a sentence of such words was hardly ever right.)
"""

import re
from dataclasses import dataclass
from random import Random

from radray.language.normality import is_normal
from radray.tasks.correction.planting.attributes import LUNG, with_sentence
from radray.tasks.correction.planting.statements import NAMES, Report, names, sentences, statements_of
from radray.tasks.correction.planting.topics import TOPICS, Topic, other_attribute

_FINDINGS = ("There is {a}.", "{A} is seen.", "{A} is present.", "{A} is noted.", "{A}.")
_CONCLUSIONS = ("{A}.", "{A}.", "There is {a}.")
_DENIALS = ("No {noun}.", "There is no {noun}.", "No evidence of {noun}.")
_DENIES = re.compile(r"(?:there (?:is|are) )?(?:no|negative|without)\b", re.IGNORECASE)
_ABNORMAL = re.compile(
    r"\b(?:upper limit|borderline|promin|enlarg|increas|thick|capping|hyper|flatten|blunt|deform|old|chronic|mild"
    r"|minimal|moderate|severe|small|tube|line|cathet|surg|post)",
    re.IGNORECASE,
)
"""What may be an abnormality that the lexicon does not have, or a sign of it."""
_WITH_ARTICLE = frozenset(
    {"effusion", "pneumothorax", "opacity", "nodule", "mass", "granuloma", "rib_fracture", "compression", "hernia"}
)
# shares with which an impression that asserts, denies or passes over a finding is about as often right as wrong, given
# that 35 of 100 fine ones are as they are (`planted.py`)
_DENIED = 0.3
"""Share of those that agree in which both texts lack the finding."""
_ERRORS = {
    True: {"invention": 20, "attribute": 20, "omission": 45, "denial": 15},
    False: {"invention": 40, "attribute": 30, "denial": 30},
}
"""Weights of errors, by whether an impression must not leave the finding out."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about a report."""

    kind: str
    """What is wrong; or that nothing is: ``as-is``, ``stated`` or ``denied``, as the planted finding is."""
    findings: str
    impression: str
    right: str | None = None
    """The impression without the error; None: it has none."""


@dataclass(frozen=True, slots=True)
class _Planted:
    """A finding for a report that does not have it."""

    report: Report
    topic: Topic
    attributes: dict[str, str]

    def findings(self, draw: Random) -> str:
        """Return the findings with it, without what they say of it."""
        kept = [sentence for sentence in sentences(self.report.findings) if not self.topic.speaks(sentence)]
        return _put(draw, kept, self._filled(draw.choice(_FINDINGS), self.attributes))

    def conclusions(self, draw: Random, attributes: dict[str, str]) -> tuple[str, str]:
        """Return the sentence that concludes it, and the same with other `attributes`."""
        form = draw.choice(_CONCLUSIONS)
        return self._filled(form, self.attributes), self._filled(form, attributes)

    def impression(self, draw: Random, conclusion: str) -> str:
        """Return the impression with `conclusion`, without what it says of it; in the place of one that is normal."""
        own = self.report.impression
        kept = [sentence for sentence in sentences(own) if not self.topic.speaks(sentence)]
        return conclusion if is_normal(own) is not False else _put(draw, kept, conclusion)

    def denial(self, draw: Random) -> str:
        """Return the impression with a denial of it."""
        noun = " ".join(self.topic.phrase.replace("in the", "").format_map(_Blank()).removesuffix(" of ").split())
        return _put(draw, sentences(self.report.impression), draw.choice(_DENIALS).format(noun=noun))

    def _filled(self, form: str, attributes: dict[str, str]) -> str:
        words = self.topic.phrase.format(**attributes)
        article = ("an " if words[0] in "aeiou8" else "a ") if self.topic.name in _WITH_ARTICLE else ""
        begins = form.startswith("{A} ")
        named = article + words if begins else words
        return form.format(a=article + words, A=named[0].upper() + named[1:])


class _Blank(dict[str, str]):
    """Nothing, for every name."""

    def __missing__(self, name: str) -> str:
        return ""


def plant_agreement(draw: Random, report: Report) -> Asked | None:
    """Return what agrees: finding and conclusion planted, or a denial of what is not there; None where none fits."""
    planted = _draw(draw, report)
    if planted is None:
        return None
    if draw.random() < _DENIED:
        return Asked("denied", report.findings, planted.denial(draw))
    conclusion, _ = planted.conclusions(draw, planted.attributes)
    return Asked("stated", planted.findings(draw), planted.impression(draw, conclusion))


def plant_disagreement(draw: Random, report: Report) -> Asked | None:
    """Return what disagrees: in the impression a finding too many, too few, denied or with another attribute.

    None where no finding can be planted.
    """
    planted = _draw(draw, report)
    if planted is None:
        return None
    kind, attributes = other_attribute(draw, planted.topic, planted.attributes)
    conclusion, other = planted.conclusions(draw, attributes)
    error = draw.choices(*zip(*_ERRORS[planted.topic.reportable].items(), strict=True))[0]
    if error == "invention":
        named = names(planted.topic.name, report.findings)
        wrong = planted.impression(draw, conclusion)
        return Asked("polarity" if named else "unsupported", report.findings, wrong, report.impression)
    findings, right = planted.findings(draw), planted.impression(draw, conclusion)
    if error == "attribute":
        return Asked(kind, findings, right.replace(conclusion, other), right)
    if error == "omission":
        return Asked("omission", findings, report.impression, right)
    return Asked("denial", findings, planted.denial(draw), right)


def _draw(draw: Random, report: Report) -> _Planted | None:
    """Return a drawn finding that nothing in the report asserts or doubts, and no impression names; None without."""
    for topic in draw.sample(TOPICS, len(TOPICS)):
        group = LUNG if topic.name in LUNG else (topic.name,)
        if any(names(name, report.impression, report.background) for name in group):
            continue
        if all(its.state == "absent" for name in group for its in statements_of(name, report.findings)) and not (
            any(is_normal(sentence) is False for sentence in sentences(report.impression) if topic.speaks(sentence))
            or any(_may_assert(sentence) for sentence in sentences(report.findings) if topic.speaks(sentence))
        ):
            return _Planted(report, topic, topic.draw(draw))
    return None


def _may_assert(sentence: str) -> bool:
    """Return whether a sentence of the findings asserts or doubts any finding: it must not be left out."""
    named = any(its.state != "absent" for name in NAMES for its in statements_of(name, sentence))
    return named or (_ABNORMAL.search(sentence) is not None and not _DENIES.match(sentence))


def _put(draw: Random, kept: list[str], sentence: str) -> str:
    """Return the sentences `kept` with `sentence` in a drawn place."""
    place = draw.randrange(len(kept) + 1)
    text = ""
    for each in [*kept[:place], sentence, *kept[place:]]:
        text = with_sentence(text, each) if text else each
    return text
