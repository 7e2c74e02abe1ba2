"""What a report knows before its impression: the mentions of findings and background, looked up by concept."""

from collections.abc import Iterable
from functools import cache

from radray.checks.spans import BACKGROUND, FINDINGS, IMPRESSION, Place
from radray.language.lexicon.concepts import CONCEPTS, ancestors
from radray.language.mentions import Mention, State, find_mentions

MAX_MENTIONS = 128
"""Mentions that are compared, the first of a text (Open-i: 15 in findings at most): each is compared with each."""

VAGUE = frozenset({"abnormality", "no_finding"})
"""Concepts that name no finding: "no acute disease" neither denies a finding nor is one."""


def mentions_of(text: str) -> tuple[Mention, ...]:
    """Return the first MAX_MENTIONS of `find_mentions` of `text`."""
    return find_mentions(text)[:MAX_MENTIONS]


@cache
def related(one: str, other: str) -> bool:
    """Whether two concepts are one, or parent and child over any number of steps."""
    return one == other or one in ancestors(other) or other in ancestors(one)


@cache
def akin(one: str, other: str) -> bool:
    """Whether two concepts are related or have an ancestor in common (pneumonia and atelectasis: both opacities)."""
    return related(one, other) or not ancestors(one).isdisjoint(ancestors(other))


class Known:
    """Findings and background, with their mentions; those of the background are looked for when they are asked for."""

    __slots__ = ("background", "findings", "in_findings")

    def __init__(self, findings: str, background: str) -> None:
        self.findings = findings
        self.background = background
        self.in_findings = mentions_of(findings)

    @property
    def in_background(self) -> tuple[Mention, ...]:
        """The mentions of the background."""
        return mentions_of(self.background)

    def all(self) -> Iterable[tuple[str, Mention]]:
        """Yield every mention with the form it stands in, those of the findings first."""
        for mention in self.in_findings:
            yield FINDINGS, mention
        for mention in self.in_background:
            yield BACKGROUND, mention


def place(mention: Mention, form: str = IMPRESSION) -> Place:
    """Return where `mention` stands in `form`."""
    return Place(form, mention.start, mention.end)


def said(mention: Mention) -> bool:
    """Whether the mention asserts its concept of now, certainly or not."""
    return mention.state is not State.ABSENT and not mention.historical and mention.change != "resolved"


def asserted(mention: Mention) -> bool:
    """Whether the mention asserts its concept of now for certain."""
    return mention.state is State.PRESENT and not mention.historical and mention.change != "resolved"


def is_finding(mention: Mention) -> bool:
    """Whether the mention names a finding: no device, no statement of normality, nothing vague."""
    concept = CONCEPTS[mention.concept]
    return not (concept.device or concept.normal or mention.concept in VAGUE)


def sides_meet(one: Mention, other: Mention) -> bool:
    """Whether two mentions may be of the same side: a side not said may be any."""
    return not one.sides or not other.sides or not one.sides.isdisjoint(other.sides)


def places_meet(one: Mention, other: Mention) -> bool:
    """Whether two mentions may be of the same place: one not said may be any."""
    return not one.locations or not other.locations or not one.locations.isdisjoint(other.locations)
