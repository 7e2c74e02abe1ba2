"""Recommendations as structure: what a text asks for, when, for what finding, on which side, on what condition."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from radray.checks.context import is_current, is_finding, mentions_of
from radray.checks.recommendations.actions import find_actions
from radray.checks.recommendations.vocabulary import ACTIONS, FOLLOW_UP, NO_FOLLOW_UP, find_tests
from radray.checks.spans import CACHED_TEXTS
from radray.language.lexicon.concepts import CONCEPTS
from radray.language.lexicon.vocabulary import forgets
from radray.language.mentions import Mention
from radray.language.numbers import NUMBER_WORDS

_NUMBERS = NUMBER_WORDS | {"a": 1, "an": 1}
_DAYS = {"day": 1.0, "week": 7.0, "wk": 7.0, "month": 365 / 12, "mo": 365 / 12, "year": 365.0, "yr": 365.0}
_NUMBER = rf"\d{{1,3}}(?:\.\d)?|{'|'.join(_NUMBERS)}"
_INTERVAL = re.compile(
    rf"(?<![\w./])(?P<low>{_NUMBER})(?:[\s-]*(?:day|week|wk|month|mo|year|yr)?s?\s*(?:-|\u2013|to|or|and)\s*"
    rf"(?P<high>{_NUMBER}))?[\s-]*(?P<unit>day|week|wk|month|mo|year|yr)s?(?![\w])(?!\s+(?:ago|old|prior|earlier|history"
    rf"|of\s+age)|-old)|\b(?P<each>annual(?:ly)?|yearly|fortnightly|weekly|monthly)\b",
    re.IGNORECASE,
)
_EACH = {"annual": 365, "annually": 365, "yearly": 365, "fortnightly": 14, "weekly": 7, "monthly": 30}
_SPENT = re.compile(
    r"\b(?:over|for|past|last|previous|since|during|unchanged|stable|x|than)\s+(?:the\s+|at\s+least\s+)?(?:past\s+|last\s+)?$",
    re.I,
)
"""Words before an interval that has passed, or that a course lasts: "over 7 weeks", "stable for two years"."""
_TOLERANCE = 0.15
"""Share by which intervals may differ: 3 months are 90 or 91 days, 6 weeks a month and a half."""

MAX_WRITTEN = 12
"""Most recommendations of a text in the column: more than any report of Open-i has (3), and bounded for any text."""

_NONE = re.compile(
    r"\b(?:no|without(?:\s+(?:the\s+)?need\s+for)?)\s+(?:(?:further|additional|specific|routine|dedicated|other|imaging|immediate"
    r"|urgent|radiographic|radiologic(?:al)?|diagnostic|surveillance|short[\s-]term|short[\s-]interval|clinical|need\s+for"
    r"|need\s+of)\s+){0,3}"
    r"(?:follow-?\s?up|imaging|work-?\s?up|evaluation|surveillance|action|intervention|biopsy|management"
    r"|investigations?|assessment|characteri[sz]ation|tests?|testing|studies|recommendations?|mri|ct|ultrasound)\b"
    r"(?!\s+(?:available|since|performed|was|were|to\s+compare))"
    r"|\bnot\s+(?:\w+ly\s+)?(?:recommended|required|needed|indicated|necessary|warranted|advised)\b"
    r"|\b(?:does|do|would)\s+not\s+(?:require|need|warrant)\b|\bneeds?\s+no\b|\brequires?\s+no\b",
    re.IGNORECASE,
)
CONDITION = re.compile(
    r"\b(?:if|should\s+(?:there|symptoms?|clinical|pain|the\s+patient|concern|tenderness)|unless|when\s+clinically"
    r"|as\s+(?:clinically\s+)?(?:indicated|warranted|needed)|in\s+case\s+of|depending|clinically\s+(?:indicated|warranted)"
    r"|(?:consider|considered)\b[^.;]{0,60}\bas\s+clinically)\b",
    re.IGNORECASE,
)
"""Words that make an action conditional on the patient, whom the referrer sees and the findings do not."""


_OPERATIONS = frozenset({"lung_resection", "mastectomy", "postsurgical_change"})
"""Concepts that name an operation: what is recommended, and not what for."""

MAX_RECOMMENDATIONS = 128
"""Recommendations of a text that are read, its first ones: each is compared with each."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One test or action that a text recommends.

    `test` is an id of `ACTIONS`, `FOLLOW_UP` where no test is named, or `NO_FOLLOW_UP`; `days` the least and the most
    days until then, None without an interval; `concept` what it is for: the finding that the sentence names, else the
    nearest before, None where no word of the table is there; `sides` and `places` are that finding's. `conditional` is
    true for "if symptoms persist". `start` and `end` are the words that recommend, `first` and `last` the sentence.
    """

    test: str
    days: tuple[int, int] | None
    concept: str | None
    sides: frozenset[str]
    places: frozenset[str]
    conditional: bool
    start: int
    end: int
    first: int
    last: int

    @property
    def kind(self) -> str:
        """Return the kind of the test, "unspecified" where none is named or none is wanted."""
        return ACTIONS[self.test].kind if self.test in ACTIONS else "unspecified"


@forgets
@lru_cache(maxsize=CACHED_TEXTS)
def find_recommendations_in(text: str) -> tuple[Recommendation, ...]:
    """Return the recommendations of `text` in order, one a test; () for a text without any.

    "CT or MRI in 3 months is recommended" is two, with the same interval. Takes time linear in the text's length.
    """
    actions = find_actions(text)
    return tuple(islice(_read(text, actions), MAX_RECOMMENDATIONS)) if actions else ()


def _read(text: str, actions: tuple[tuple[int, int, int, int], ...]) -> Iterator[Recommendation]:
    mentions = [m for m in mentions_of(text) if is_finding(m) and is_current(m) and m.concept not in _OPERATIONS]
    for start, end, first, last in actions:
        if _NONE.search(text, first, last):
            tests: tuple[str, ...] = (NO_FOLLOW_UP,)
        else:
            named = find_tests(text, first, last)
            # "correlate clinically; CT is recommended" is about the CT; "follow-up" beside a named test is that test
            tests = named or (FOLLOW_UP,)
        days = find_interval(text, first, last)
        conditional = CONDITION.search(text, first, last) is not None
        finding = _finding_of(mentions, start, first, last)
        for test in tests:
            yield Recommendation(
                test=test,
                days=days,
                concept=finding.concept if finding else None,
                sides=finding.sides if finding else frozenset(),
                places=finding.locations if finding else frozenset(),
                conditional=conditional,
                start=start,
                end=end,
                first=first,
                last=last,
            )


def _finding_of(mentions: list[Mention], start: int, first: int, last: int) -> Mention | None:
    """Return the finding that an action is for: the last before it in the sentence, the next after, the last before.

    Of several before, one that is urgent counts: "mass with adjacent atelectasis; CT recommended" is for the mass.
    """
    here = [m for m in mentions if first <= m.start < last]
    before = [m for m in here if m.start < start] or here
    if not before and mentions:
        earlier = [m for m in mentions if m.start < first]
        sentence = earlier[-1].sentence if earlier else -1
        before = [m for m in earlier if m.sentence == sentence]
    urgent = [m for m in before if CONCEPTS[m.concept].urgency]
    named = urgent or before
    return named[-1] if named else None


def find_interval(text: str, first: int, last: int) -> tuple[int, int] | None:
    """Return the least and the most days of the first interval to come in a sentence; None without an interval."""
    for match in _INTERVAL.finditer(text, first, last):
        if match["each"]:
            days = _EACH[match["each"].lower()]
            return days, days
        if _SPENT.search(text, max(first, match.start() - 30), match.start()):
            continue
        unit = _DAYS[match["unit"].lower()]
        low = _number(match["low"]) * unit
        high = _number(match["high"]) * unit if match["high"] else low
        return round(min(low, high)), round(max(low, high))
    return None


def _number(written: str) -> float:
    return float(_NUMBERS.get(written.lower()) or written)


def same_interval(first: tuple[int, int], second: tuple[int, int]) -> bool:
    """Return whether two intervals in days overlap, a little to either side allowed."""
    return first[0] * (1 - _TOLERANCE) <= second[1] and second[0] * (1 - _TOLERANCE) <= first[1]


def write_recommendations(recommended: Iterable[Recommendation]) -> str:
    """Return recommendations for the column of `predictions`, at most MAX_WRITTEN; '' for none.

    ``ct:91-182:nodule:right:upper_lobe:; biopsy::mass:::if``: test, least and most days, finding, sides, places,
    and "if" where it is conditional; several sides or places are joined by "+". Ids of the vocabulary, never text.
    """
    written = dict.fromkeys(
        ":".join(
            (
                each.test,
                "-".join(map(str, each.days)) if each.days else "",
                each.concept or "",
                "+".join(sorted(each.sides)),
                "+".join(sorted(each.places)),
                "if" if each.conditional else "",
            )
        )
        for each in recommended
    )
    return "; ".join(list(written)[:MAX_WRITTEN])
