"""A synthetic corpus in MIMIC-CXR's form whose impressions follow from findings and indication by rule.

No sentence comes from a real report; the phrases are in `radray.reports.synthetic.phrases`. Observations are
stated in one of several phrasings among normal and incidental sentences in varied order. The impression omits
normal and incidental ones, merges related ones, interprets those that the indication explains, puts the most
urgent first and keeps at most three items.
"""

import textwrap
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import BinaryIO, TypeVar

from radray.errors import ConfigError
from radray.reports.synthetic import phrases
from radray.reports.synthetic.phrases import Fields, Kind

T = TypeVar("T")

NORMAL_SHARE = 0.4
"""Share of studies without any observation to report."""
DEVICE_SHARE = 0.2
"""Share of the others with devices in good position."""
MAX_ITEMS = 3
"""Most items in an impression; the least urgent are left out."""
MOST_STUDIES = 10_000_000
"""Ids have eight digits, of which MIMIC's form fixes the first."""


@dataclass(frozen=True, slots=True)
class SyntheticStudy:
    """One study: ids as MIMIC-CXR writes them, the whole report, and whether its impression reports anything."""

    subject_id: str
    study_id: str
    text: str
    abnormal: bool
    """Whether the impression reports more than that nothing is acute."""

    @property
    def path(self) -> str:
        """Path of the report in a folder or zip of MIMIC-CXR."""
        return f"files/p{self.subject_id[:2]}/p{self.subject_id}/s{self.study_id}.txt"


@dataclass(frozen=True, slots=True)
class _Observation:
    rank: int
    """Urgency, 0 the most urgent."""
    topics: frozenset[str]
    sentences: tuple[str, ...]
    item: str
    acute: bool


class _Draw:
    """Seeded draws that depend on `Random.random` alone, whose sequence Python promises not to change."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed).random

    def chance(self, share: float) -> bool:
        return self._random() < share

    def choice(self, values: Sequence[T]) -> T:
        return values[int(self._random() * len(values))]

    def number(self, low: int, high: int) -> int:
        return low + int(self._random() * (high - low + 1))

    def kind(self, kinds: Sequence[Kind]) -> Kind:
        left = self._random() * sum(kind.weight for kind in kinds)
        for kind in kinds:
            left -= kind.weight
            if left < 0:
                return kind
        return kinds[-1]

    def shuffled(self, values: Iterable[T]) -> list[T]:
        return [value for _, value in sorted(((self._random(), value) for value in values), key=lambda p: p[0])]


def make_studies(count: int, seed: int) -> Iterator[SyntheticStudy]:
    """Yield `count` studies, 1 to 4 a subject, the same for the same seed; a smaller count yields a prefix.

    Ids are distinct for up to MOST_STUDIES studies. A count of 0 yields nothing. Raises ValueError for a count outside
    0 to MOST_STUDIES.
    """
    if not 0 <= count <= MOST_STUDIES:
        raise ValueError(f"count must be 0 to {MOST_STUDIES:,}, got {count}")
    draw = _Draw(seed)
    subject = studies_left = 0
    has_prior = False
    for index in range(count):
        if not studies_left:
            subject, studies_left, has_prior = subject + 1, draw.number(1, 4), draw.chance(0.3)
        yield _study(draw, _eight_digits(1, subject, seed), _eight_digits(5, index, seed), has_prior)
        studies_left -= 1
        has_prior = True


def split_rows(studies: Sequence[SyntheticStudy], held_out: int) -> list[tuple[str, str, str]]:
    """Return (study_id, subject_id, ``train`` or ``test``) of `studies`, in their order.

    All studies of the last subjects are test, until at least `held_out` studies are: at most 3 more, since a subject
    has up to 4. Raises ConfigError if that leaves no study to train on.
    """
    test: set[str] = set()
    held = 0
    for study in reversed(studies):
        if held >= held_out and study.subject_id not in test:
            break
        test.add(study.subject_id)
        held += 1
    if held >= len(studies):
        raise ConfigError(
            f"{len(studies)} synthetic studies with {held_out} held out leave none to train on:"
            " raise demo.studies or lower demo.held_out"
        )
    return [(s.study_id, s.subject_id, "test" if s.subject_id in test else "train") for s in studies]


def write_zip(studies: Iterable[SyntheticStudy], file: BinaryIO) -> None:
    """Write `studies` to `file` in the form of mimic-cxr-reports.zip; the same studies give the same bytes.

    No studies give an empty archive.
    """
    with zipfile.ZipFile(file, "w") as archive:
        for study in studies:
            member = zipfile.ZipInfo(study.path, date_time=(1980, 1, 1, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 3
            member.external_attr = 0o644 << 16
            archive.writestr(member, study.text)


def _eight_digits(first: int, index: int, seed: int) -> str:
    # 7,368,787 has no factor 2 or 5, so this maps 0..9,999,999 onto itself: distinct ids without keeping track
    return f"{first}{(index * 7_368_787 + seed * 1_000_003) % MOST_STUDIES:07d}"


def _study(draw: _Draw, subject_id: str, study_id: str, has_prior: bool) -> SyntheticStudy:
    reason, complaint = draw.choice(phrases.INDICATIONS)
    observed, devices, taken = _observe(draw, reason, has_prior)
    items = _items(observed, devices, reason)
    findings = _findings(draw, observed, devices, taken, reason)
    portable = not taken.isdisjoint({"airway", "gastric"})
    text = _report(draw, complaint, portable, has_prior, findings, items)
    return SyntheticStudy(subject_id, study_id, text, abnormal=bool(observed or devices))


def _observe(draw: _Draw, reason: str, has_prior: bool) -> tuple[list[_Observation], list[_Observation], set[str]]:
    """Draw the observations to report, the devices in good position, and the topics that they take."""
    observed: list[_Observation] = []
    devices: list[_Observation] = []
    taken: set[str] = set()
    if draw.chance(NORMAL_SHARE):
        return observed, devices, taken
    for _ in range(draw.choice((1, 1, 1, 2, 2, 3))):
        observed += _draw_free(draw, phrases.KINDS, taken, reason, has_prior)
    if draw.chance(DEVICE_SHARE):
        for _ in range(draw.number(1, 2)):
            devices += _draw_free(draw, phrases.DEVICES, taken, reason, has_prior)
    return observed, devices, taken


def _draw_free(draw: _Draw, kinds: Sequence[Kind], taken: set[str], reason: str, has_prior: bool) -> list[_Observation]:
    free = [kind for kind in kinds if taken.isdisjoint(kind.topics.split())]
    if not free:
        return []
    kind = draw.kind(free)
    taken.update(kind.topics.split())
    return [_draw_observation(draw, kind, kinds.index(kind), reason, has_prior)]


def _draw_observation(draw: _Draw, kind: Kind, rank: int, reason: str, has_prior: bool) -> _Observation:
    fields: Fields = {}
    for domain in kind.domains.split():
        fields |= draw.choice(phrases.DOMAINS[domain])
    change = None
    if kind.change is not None and has_prior and draw.chance(0.7):
        change = draw.choice(tuple(phrases.CHANGES[kind.change]))
    changed = [None] * len(kind.parts) if change is None else [change, *([None] * (len(kind.parts) - 1))]
    sentences = tuple(
        _state_part(draw, kind, alternatives, fields, part_change)
        for alternatives, part_change in zip(kind.parts, changed, strict=True)
    )
    item = kind.impression.format(**fields)
    if change is not None:
        item = f"new {item}" if change == "new" else f"{item}, {change}"
    if change not in phrases.CALMING:
        item += next((f", {what}" for when, what in kind.advice if when in ("", reason)), "")
    return _Observation(rank, frozenset(kind.topics.split()), sentences, item, kind.acute)


def _state_part(draw: _Draw, kind: Kind, alternatives: Sequence[str], fields: Fields, change: str | None) -> str:
    """Return a sentence that states one part of an observation, with its change if it has one."""
    if change is not None:
        alternatives = [text for text in alternatives if text[1] == ":"]
    form, colon, noun = draw.choice(alternatives).rpartition(":")
    noun = noun.format(**fields)
    if not colon:
        return noun
    verb = "are" if form == "s" else "is"
    if change is None or change == "new":
        noun = f"new {noun}" if change else noun
        article = ("an " if noun[0] in "aeiou" else "a ") if form == "a" else ""
        return _sentence(draw.choice(phrases.FRAMES).format(**{"is": verb}, a=article, noun=noun))
    phrase = draw.choice(phrases.CHANGES[kind.change or "size"][change])
    if form == "s":
        phrase = phrase.replace("has ", "have ").replace("is ", "are ")
    return _sentence(draw.choice(phrases.CHANGE_FRAMES).format(noun=noun, change=phrase))


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _items(observed: Sequence[_Observation], devices: Sequence[_Observation], reason: str) -> list[str]:
    """Return the items of the impression, most urgent first: at most `MAX_ITEMS`."""
    items = [o.item for o in sorted(observed, key=lambda o: o.rank)]
    if len(devices) == 1:
        items.append(f"{devices[0].item} in standard position")
    elif devices:
        items.append("lines and tubes in standard position")
    if not any(o.acute for o in observed):
        items.append(phrases.NORMAL_IMPRESSIONS.get(reason, phrases.NORMAL_IMPRESSION))
    return [_sentence(item) + "." for item in items[:MAX_ITEMS]]


def _findings(
    draw: _Draw, observed: Sequence[_Observation], devices: Sequence[_Observation], taken: set[str], reason: str
) -> list[str]:
    """Return 4 to 9 sentences: devices first, then what was observed among normal and incidental ones."""
    sentences = [sentence for o in observed for sentence in o.sentences]
    first = [sentence for o in devices for sentence in o.sentences]
    taken = set(taken)
    if draw.chance(0.35):
        topic, alternatives = draw.choice(phrases.INCIDENTALS)
        if topic not in taken:
            taken.add(topic)
            sentences.append(draw.choice(alternatives))
    wanted = max(draw.number(4, 6), len(sentences) + len(first) + 1)
    asked = set(phrases.ASKED.get(reason, "").split())
    fillers = draw.shuffled(phrases.FILLERS)
    for free, needed, alternatives in sorted(fillers, key=lambda filler: asked.isdisjoint(filler[0].split())):
        if len(sentences) + len(first) >= wanted:
            break
        if taken.isdisjoint(free.split()) and taken.issuperset(needed.split()):
            sentences.append(draw.choice(alternatives))
    return first + draw.shuffled(sentences)


def _report(
    draw: _Draw, complaint: str, portable: bool, has_prior: bool, findings: Sequence[str], items: Sequence[str]
) -> str:
    exam, technique = ("CHEST (PORTABLE AP)", "Portable chest radiograph")
    if not portable:
        exam, technique = ("CHEST (PA AND LAT)", "Chest PA and lateral")
    heading = draw.choice(("INDICATION", "INDICATION", "HISTORY"))
    who = draw.choice(("man", "woman"))
    numbered = [f"{number}. {item}" for number, item in enumerate(items, start=1)]
    sections = [
        f"EXAMINATION:  {exam}",
        f"{heading}:  ___ year old {who} with {complaint}.{draw.choice(phrases.QUESTIONS)}",
        f"TECHNIQUE:  {technique}",
        f"COMPARISON:  {'Chest radiograph ___.' if has_prior else 'None.'}",
        "FINDINGS:",
        " ".join(findings),
        "IMPRESSION:",
        *(numbered if len(items) > 1 else items),
    ]
    lines = [" " * 33 + "FINAL REPORT"]
    for section in sections:
        lines += [f" {line}" for line in textwrap.wrap(section, 78, break_on_hyphens=False)]
        if not section[0].isdigit():
            lines.append(" ")
    return "\n".join(lines).rstrip() + "\n"
