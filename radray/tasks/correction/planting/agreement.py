"""Planting of a finding in findings, impression, both or neither: both texts agree, or there is an error.

No text gives the error away by itself, nor do words that both have. Whether an impression asserts the planted finding,
denies it or passes over it, and whether the findings have it: each is as often right as wrong. The findings describe
what the impression concludes, in other words; what has the same words, an attribute, stands in a harmless sentence of
the findings, too, with its opposite. What the impression says of the chest as a whole ("No acute disease") is left out
wherever something is concluded, right or wrong.
"""

import re
from dataclasses import dataclass
from random import Random

from radray.language.normality import is_normal
from radray.tasks.correction.planting.attributes import LUNG, with_sentence
from radray.tasks.correction.planting.statements import NAMES, Report, names, sentences, statements_of
from radray.tasks.correction.planting.topics import KINDS, TOPICS, Topic

_DENIALS = ("No {}.", "There is no {}.", "No evidence of {}.")
_DENIES = re.compile(r"(?:there (?:is|are) )?(?:no|negative|without)\b", re.IGNORECASE)
_ABNORMAL = re.compile(
    r"\b(?:upper limit|borderline|promin|enlarg|increas|thick|capping|hyper|flatten|blunt|deform|old|chronic|mild"
    r"|minimal|moderate|severe|small|tube|line|cathet|surg|post|congest|engorg|cephali|wedg|kypho|dextro|levo)",
    re.IGNORECASE,
)
"""What may be an abnormality that the lexicon does not have, or a sign of it."""
_OF_THE_WHOLE = re.compile(
    r"\b(?:acute|active|normal|unremarkable|negative)\b.*"
    r"\b(?:cardio\w+|disease|process\w*|abnormalit\w+|findings?|pathology|chest|exam\w*|study|radiograph\w*|intrathoracic)\b"
    r"|\b(?:chest|exam\w*|study|radiograph\w*)\b.*\b(?:normal|unremarkable|negative)\b",
    re.IGNORECASE,
)
"""What a sentence says that may speak of the whole chest."""
_NUMBER = re.compile(r"\d{1,2}[.)]")
# with these, and as many errors as fine impressions, each of "asserts", "denies", "passes over", and "the findings have
# it", is as often right as wrong: of the fine 65 % assert, so 65 % of the erroneous do, 35 % of what is not there
_FINE = {True: {"stated": 65, "denied": 15, "passed-over": 20}, False: {"stated": 65, "denied": 35}}
_ERRORS = {
    True: {"invention": 35, "attribute": 30, "denial": 15, "omission": 20},
    False: {"invention": 35, "attribute": 30, "denial": 35},
}
"""Weights by whether an impression must not leave the finding out: what it may leave out is never passed over."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about a report."""

    kind: str
    """What is wrong; or that nothing is: ``as-is``, or what is planted: ``stated``, ``denied``, ``passed-over``."""
    findings: str
    impression: str
    right: str | None = None
    """The impression without the error; None: it has none."""


class _Planted:
    """A finding for a report that does not have it, with drawn attributes and wordings."""

    def __init__(self, draw: Random, report: Report, topic: Topic) -> None:
        self._draw, self.report, self.topic = draw, report, topic
        self.attributes = topic.draw(draw)
        self.others = topic.others(draw, self.attributes)
        self.described = _sentence(draw.choice(topic.described), self.attributes)
        self._concluded = draw.choice(topic.concluded)

    def findings(self, *, has_it: bool) -> str:
        """Return the findings with it, without what they say of it, or as they are; beside it what has its words."""
        kept = sentences(self.report.findings)
        if has_it:
            kept = [each for each in kept if not self.topic.speaks(each) and not _is_of_the_whole(each)]
            kept = _with(self._draw, kept, self.described)
        # each attribute as it is in the one place and its opposite in the other, in a drawn order
        swapped = [name for name in self.attributes if self._draw.random() < 0.5]
        values = self.attributes | {f"other_{name}": value for name, value in self.others.items()}
        for name in swapped:
            values[name], values[f"other_{name}"] = values[f"other_{name}"], values[name]
        return _text(_with(self._draw, kept, _sentence(self._draw.choice(self.topic.beside), values)))

    def concluded(self, changes: dict[str, str] | None = None) -> str:
        """Return the sentence that concludes it, with `changes` of its attributes."""
        return _sentence(self._concluded, self.attributes | (changes or {}))

    def rest(self) -> list[str]:
        """Return what the impression says of other things, without what it says of the whole chest."""
        kept = [each for each in sentences(self.report.impression) if not _NUMBER.fullmatch(each)]
        return [each for each in kept if not self.topic.speaks(each) and not _is_of_the_whole(each)]

    def denial(self) -> str:
        """Return a sentence that denies it."""
        return self._draw.choice(_DENIALS).format(self._draw.choice(self.topic.nouns))


def plant_agreement(draw: Random, report: Report) -> Asked | None:
    """Return what agrees: finding and conclusion planted, or a denial of what is not there; None where none fits."""
    planted = _draw(draw, report)
    if planted is None:
        return None
    kind = draw.choices(*zip(*_FINE[planted.topic.reportable].items(), strict=True))[0]
    if kind == "stated":
        impression = _text(_with(draw, planted.rest(), planted.concluded()))
    elif kind == "denied":
        impression = _text(_with(draw, sentences(report.impression), planted.denial()))
    else:
        impression = report.impression
    return Asked(kind, planted.findings(has_it=kind == "stated"), impression)


def plant_disagreement(draw: Random, report: Report) -> Asked | None:
    """Return what disagrees: in the impression a finding too many, too few, denied or with another attribute.

    The right impression is written in words of both texts: what the impression lacks is added at its end as the
    findings describe it. Where nothing but an invention is in the impression, the right one is the report's own.
    None where no finding can be planted.
    """
    planted = _draw(draw, report)
    if planted is None:
        return None
    error = draw.choices(*zip(*_ERRORS[planted.topic.reportable].items(), strict=True))[0]
    rest = planted.rest()
    if error == "invention":
        kind = "polarity" if names(planted.topic.name, report.findings) else "unsupported"
        right = _text(rest) or report.impression
        return Asked(kind, planted.findings(has_it=False), _text(_with(draw, rest, planted.concluded())), right)
    findings = planted.findings(has_it=True)
    if error == "attribute":
        name = draw.choice(sorted(planted.others))
        concluded, changed = planted.concluded(), planted.concluded({name: planted.others[name]})
        kept = _with(draw, rest, concluded)
        wrong = [changed if each == concluded else each for each in kept]
        return Asked(KINDS[name], findings, _text(wrong), _text(kept))
    right = _text([*rest, planted.described])
    if error == "omission":
        return Asked("omission", findings, report.impression, right)
    wrong = _with(draw, sentences(report.impression), planted.denial())
    return Asked("denial", findings, _text(wrong), right)


def _draw(draw: Random, report: Report) -> _Planted | None:
    """Return a drawn finding that nothing in the report asserts or doubts, and no impression names; None without."""
    if any(_OF_THE_WHOLE.search(each) and is_normal(each) is False for each in sentences(report.impression)):
        return None  # "mild scoliosis without acute disease": what it says of the whole cannot be left out
    for topic in draw.sample(TOPICS, len(TOPICS)):
        group = LUNG if topic.name in LUNG else (topic.name,)
        if any(names(name, report.impression, report.background) for name in group):
            continue
        if all(its.state == "absent" for name in group for its in statements_of(name, report.findings)) and not (
            any(is_normal(sentence) is False for sentence in sentences(report.impression) if topic.speaks(sentence))
            or any(_may_assert(sentence) for sentence in sentences(report.findings) if topic.speaks(sentence))
        ):
            return _Planted(draw, report, topic)
    return None


def _may_assert(sentence: str) -> bool:
    """Return whether a sentence of the findings asserts or doubts any finding: it must not be left out."""
    named = any(its.state != "absent" for name in NAMES for its in statements_of(name, sentence))
    return named or (_ABNORMAL.search(sentence) is not None and not _DENIES.match(sentence))


def _is_of_the_whole(sentence: str) -> bool:
    return _OF_THE_WHOLE.search(sentence) is not None and is_normal(sentence) is True


def _sentence(form: str, attributes: dict[str, str]) -> str:
    words = form.format_map(attributes).removesuffix(".")
    return f"{words[0].upper()}{words[1:]}."


def _with(draw: Random, kept: list[str], sentence: str) -> list[str]:
    """Return the sentences `kept` with `sentence` in a drawn place."""
    place = draw.randrange(len(kept) + 1)
    return [*kept[:place], sentence, *kept[place:]]


def _text(parts: list[str]) -> str:
    text = ""
    for each in parts:
        text = with_sentence(text, each) if text else each
    return text
