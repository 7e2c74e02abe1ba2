"""What is known before the impression: findings and background with their mentions, and how mentions compare."""

from collections.abc import Iterable
from functools import cache

from radray.checks.spans import BACKGROUND, FINDINGS, IMPRESSION, Place
from radray.language.lexicon.concepts import CONCEPTS, URGENCIES, ancestors
from radray.language.mentions import Mention, State, find_mentions

MAX_MENTIONS = 128
"""Mentions of a text that are compared, its first ones: each is compared with each (Open-i: at most 15 in findings)."""

_SPINES = {"c": "cervical spine", "t": "thoracic spine", "l": "lumbar spine"}
VAGUE = frozenset({"abnormality", "no_finding"})
"""Concepts that are too vague to compare: "no acute disease" neither denies a finding nor is one."""


def mentions_of(text: str) -> tuple[Mention, ...]:
    """Return the first MAX_MENTIONS of `find_mentions` of `text`."""
    return find_mentions(text)[:MAX_MENTIONS]


@cache
def related(first: str, second: str) -> bool:
    """Return whether two concepts are the same, or one is an ancestor of the other."""
    return first == second or first in ancestors(second) or second in ancestors(first)


@cache
def akin(first: str, second: str) -> bool:
    """Return whether two concepts are related or share an ancestor (pneumonia and atelectasis are both opacities)."""
    return related(first, second) or not ancestors(first).isdisjoint(ancestors(second))


class ReportContext:
    """Findings and background with their mentions; those of the background are extracted on demand."""

    __slots__ = ("background", "findings", "in_findings")

    def __init__(self, findings: str, background: str) -> None:
        self.findings = findings
        self.background = background
        self.in_findings = mentions_of(findings)

    @property
    def in_background(self) -> tuple[Mention, ...]:
        """Mentions of the background."""
        return mentions_of(self.background)

    def mentions(self) -> Iterable[tuple[str, Mention]]:
        """Yield (form, mention) for every mention, those of the findings first."""
        for mention in self.in_findings:
            yield FINDINGS, mention
        for mention in self.in_background:
            yield BACKGROUND, mention


def place(mention: Mention, form: str = IMPRESSION) -> Place:
    """Return the place of `mention` in the text `form`."""
    return Place(form, mention.start, mention.end)


def is_current(mention: Mention) -> bool:
    """Return whether the mention asserts its concept as current, for certain or possibly."""
    return mention.state is not State.ABSENT and not mention.historical and mention.change != "resolved"


def is_asserted(mention: Mention) -> bool:
    """Return whether the mention asserts its concept as current and for certain."""
    return mention.state is State.PRESENT and not mention.historical and mention.change != "resolved"


def urgency_rank(mention: Mention) -> int:
    """Return 0 for what is not urgent or not asserted as current, else the more the more urgent."""
    degree = CONCEPTS[mention.concept].urgency if is_current(mention) else None
    return len(URGENCIES) - URGENCIES.index(degree) if degree else 0


def is_finding(mention: Mention) -> bool:
    """Return whether the mention names a finding: not a device, a statement of normality or a vague concept."""
    concept = CONCEPTS[mention.concept]
    return not (concept.device or concept.normal or mention.concept in VAGUE)


def sides_meet(first: Mention, second: Mention) -> bool:
    """Return whether two mentions may be on the same side: an unstated side agrees with any."""
    return not first.sides or not second.sides or not first.sides.isdisjoint(second.sides)


def places_meet(first: Mention, second: Mention) -> bool:
    """Return whether two mentions may be at the same location: an unstated one agrees with any, a level with its spine.

    "Vertebral body heights are maintained" speaks of L1, too.
    """
    if not first.locations or not second.locations or not first.locations.isdisjoint(second.locations):
        return True
    return any(in_spine(here, there) or in_spine(there, here) for here in first.locations for there in second.locations)


def in_spine(level: str, place: str) -> bool:
    """Return whether the vertebra `level` ("t12") lies in the segment of the spine that `place` names."""
    return level[1:].isdigit() and place in ("spine", _SPINES.get(level[0]))
