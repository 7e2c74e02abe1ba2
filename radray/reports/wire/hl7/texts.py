"""From the OBX and NTE segments of one HL7 v2 report to its texts, by what their source names them.

Lines of one OBX-3 are one text. Then:

1. A text that its source names as something else (addendum, recommendation, technologist's note, UID, ...) is kept
   apart, and so is a value with units, a lone token with digits (an identifier), and a text whose name says nothing,
   unless it has headings of findings or impression itself.
2. Unnamed texts are one report. Where they have no heading, and the impression is named, they are the findings.
3. Of several renderings of one report (plain text, RTF, HTML) one is read: the plain one if it has findings.
4. Notes (NTE) after "See comments" stand for it; others are of the report only where they have its headings.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from radray.reports.record.record import is_too_long
from radray.reports.text.headings.names import BOTH
from radray.reports.text.markup import plain_text
from radray.reports.text.sections import parse
from radray.reports.wire.hl7.messages import MAX_MESSAGE_BYTES, Delimiters
from radray.reports.wire.hl7.names import OTHER, REPORT, VALUES, name_of_observation, rendering_of
from radray.reports.wire.hl7.values import (
    CODED_TYPES,
    DOCUMENT_TYPES,
    TEXT_TYPES,
    Document,
    begins_document,
    coded_value,
    document_value,
    field_at,
    is_encapsulated,
    is_withdrawn,
    text_value,
)

_REFERRAL = re.compile(
    r"\W*+(?:comments?|notes?|report)(?: below| follows)?[:.)\s]*+|"
    r"\W*+(?:please )?(?:see|refer to)\b[^\n]{0,40}\b(?:comment|note|report|narrative|text|result|attach|enclose|pdf|"
    r"document|image|scan|below|separate)[^\n]{0,40}\s*+",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_SAME_WORDS = 0.7
"""Share of the words of the shorter of two renderings that the other has; links, letterheads and titles differ."""
_LEAST_WORDS = 5
"""Fewer words may be in any report by chance."""
_FEW_WORDS = 8
_MOST_RENDERINGS = 8
"""With more of them they are parts of a report, not renderings."""
_MARKUP, _DOCUMENT = 4, 5
"""Ranks of renderings after those of named formats: text with markup, and encapsulated data."""
_MAIN = ("findings", "impression", BOTH)


@dataclass(slots=True)
class Texts:
    """The texts of one report."""

    values: dict[str, str | None] = field(default_factory=dict)
    """By field of a record: findings, impression, report, indication, comparison."""
    apart: list[tuple[str, str]] = field(default_factory=list)
    """(Section, text) of what is no part of the report, in order."""
    document: Document | None = None
    """Why a document beside them is not read; None without one."""
    is_referral: bool = False
    """Whether the text only says where the report is ("See attached.")."""


@dataclass(slots=True, eq=False)
class _Source:
    """The lines under one OBX-3."""

    name: str
    rank: int | None
    """The rank of its format among renderings; None for text that is in no other format."""
    lines: list[str] = field(default_factory=list)
    with_units: int = 0
    """The number of lines with units."""
    is_blank: bool = True
    has_notes: bool = False
    """Whether notes stand for what it refers to."""
    text: str = ""


def texts_of(
    segments: Sequence[Sequence[str]],
    delimiters: Delimiters,
    exam: frozenset[str] = frozenset(),
    *,
    is_addendum: bool = False,
) -> Texts:
    """Return the texts of a report's `segments` (OBX, NTE), in order; `exam` are the codes and labels of OBR-4.

    `is_addendum`: the message is one; then an unnamed text without findings is it. No segments give empty Texts.
    """
    texts = Texts()
    sources, notes = _sources(segments, delimiters, exam, texts)
    if sum(len(line) for source in sources for line in source.lines) > MAX_MESSAGE_BYTES // 2:
        # no report has such a length; what is in it is not looked for
        texts.values["report"] = "\n".join(line for source in sources for line in source.lines)
        return texts
    for source in sources:
        _finish(source)
    if is_too_long("\n".join(source.text for source in sources)):
        texts.values["report"] = "\n".join(source.text for source in sources)
        return texts
    read = _without_repetitions([source for source in sources if source.text.strip()])
    if 0 < sum(source.rank is not None for source in read) <= _MOST_RENDERINGS:
        read = _without_renderings(read)
    has_report = any(source.name in (REPORT, "findings", "impression") for source in read)
    has_several = sum(source.name in (REPORT, OTHER) for source in read) > 1
    unnamed: list[str] = []
    named: dict[str, list[str]] = {}
    for source in read:
        if source.name in VALUES:
            named.setdefault(source.name, []).append(source.text)
        elif source.name not in (REPORT, OTHER):
            texts.apart.append((source.name, source.text))
        elif (has_several and _refers(source.text)) or (
            has_report and source.name == OTHER and not _has_main(source.text)
        ):
            texts.apart.append(("comment", source.text))
        else:
            unnamed.append(source.text)
    texts.values |= {name: "\n".join(parts) for name, parts in named.items()}
    report = "\n".join(unnamed)
    texts.is_referral = bool(report) and _refers(report)
    note = "\n".join(notes)
    if _has_main(note):
        report = f"{report}\n{note}" if report and not texts.is_referral else note
        texts.is_referral = False
    elif note.strip() and (read or texts.document is not None):
        texts.apart.append(("comment", note))
    if report:
        _place(report, texts, is_addendum=is_addendum)
    return texts


def _place(report: str, texts: Texts, *, is_addendum: bool) -> None:
    """Add the unnamed `report` to `texts`: as the report, the findings or an addendum."""
    if is_addendum and parse(report).get("findings") is None:
        texts.apart.append(("addendum", report))
        return
    if "impression" in texts.values and "findings" not in texts.values:
        if not parse(report).has_headings:
            # "71020^CHEST" beside "71020&IMP^CHEST": the text without a suffix is the findings
            texts.values["findings"] = report
            return
        # behind it stands the impression: what is under "REPORT:", and paragraphs without a heading, is the findings
        texts.values["findings"] = parse(f"{report}\n\nIMPRESSION: {texts.values['impression']}").get("findings")
    texts.values["report"] = report


def _sources(
    segments: Sequence[Sequence[str]], delimiters: Delimiters, exam: frozenset[str], texts: Texts
) -> tuple[list[_Source], list[str]]:
    """Return the texts by OBX-3, in order, and the notes that stand for none of them."""
    sources: dict[tuple[str, int], _Source] = {}
    form: dict[str, int] = {}
    notes: list[str] = []
    refers: _Source | None = None
    withdrawn = False
    for segment in segments:
        if segment[0] == "NTE":
            note = text_value(field_at(segment, 3), delimiters)
            if refers is not None:
                if not refers.has_notes:
                    refers.lines, refers.with_units, refers.has_notes = [], 0, True
                    refers.name = refers.name or REPORT
                refers.lines.append(note)
            elif not withdrawn:
                notes.append(note)
            continue
        refers = None
        if withdrawn := is_withdrawn(segment):
            continue
        kind, identifier = field_at(segment, 2).strip().upper(), field_at(segment, 3)
        is_document = kind not in TEXT_TYPES and kind not in CODED_TYPES
        if is_document and kind not in DOCUMENT_TYPES:
            continue
        if kind in TEXT_TYPES and is_encapsulated(field_at(segment, 5), delimiters):
            kind, is_document = "ED", True
        value = "" if is_document or kind in CODED_TYPES else text_value(field_at(segment, 5), delimiters)
        place = _DOCUMENT if is_document else form.get(identifier, 0)
        source = sources.get((identifier, place))
        if source is not None and not source.is_blank and place == 0 and begins_document(value):
            # another rendering under the name of the first
            form[identifier] = place = _MARKUP
            source = None
        if source is None:
            rank = rendering_of(identifier, delimiters)
            source = _Source(
                name_of_observation(identifier, delimiters, exam), _DOCUMENT if is_document and rank is None else rank
            )
            sources[identifier, place] = source
        if is_document:
            read = document_value(field_at(segment, 5), delimiters) if kind == "ED" else Document.NOT_TEXT
            if isinstance(read, Document):
                texts.document = read if texts.document in (None, Document.NOT_TEXT) else texts.document
                continue
            value = read
        elif kind in CODED_TYPES:
            if source.name in (REPORT, OTHER):
                continue
            value = coded_value(field_at(segment, 5), delimiters, stop="." if source.name in VALUES else "")
        else:
            source.with_units += bool(field_at(segment, 6).strip())
        if source.is_blank and _refers(value):
            refers = source
        source.is_blank = source.is_blank and not value.strip()
        source.lines.append(value)
    return list(sources.values()), notes


def _finish(source: _Source) -> None:
    """Give `source` its text, without markup, and its name where the text decides it."""
    sent = "\n".join(source.lines)
    source.text = plain_text(sent)
    if source.text != sent and source.rank is None:
        source.rank = _MARKUP
    if source.name in (REPORT, OTHER):
        value = source.text.strip()
        if source.with_units == len(source.lines) and not _has_main(value):
            source.name = "measurements"
        elif value and len(value.split()) == 1 and any(sign.isdigit() for sign in value):
            # a UID, an accession number, a link
            source.name = "identifiers"


def _without_repetitions(sources: list[_Source]) -> list[_Source]:
    """Return `sources` without those that repeat another of their name, whatever their line ends: two codes, one text.

    Texts of a few words stay: two organs may be "Normal."
    """
    if len({source.name for source in sources}) == len(sources):
        return sources
    seen: set[tuple[str, tuple[str, ...]]] = set()
    kept = []
    for source in sources:
        words = source.name, tuple(_WORD.findall(source.text.lower()))
        if len(words[1]) < _FEW_WORDS or words not in seen:
            kept.append(source)
        seen.add(words)
    return kept


def _without_renderings(sources: list[_Source]) -> list[_Source]:
    """Return `sources`, in order, without those that give again what another has, in another format."""
    ranked = sorted((source for source in sources if source.rank is not None), key=lambda source: source.rank or 0)
    kept = [source for source in sources if source.rank is None]
    before = Counter(word for source in kept if source.name in (REPORT, OTHER, *VALUES) for word in _words_in(source))
    main = set[str]().union(*map(_main_of, kept))
    for source in ranked:
        words = _words(source)
        less = min(words.total(), before.total())
        is_same = (words & before).total() >= _SAME_WORDS * less and (less >= _LEAST_WORDS or less == words.total())
        if less and is_same:
            if _main_of(source) <= main:
                continue
            kept = [other for other in kept if other.name not in (REPORT, OTHER) or _words(other) - words]
        kept.append(source)
        before += words
        main |= _main_of(source)
    places = {id(source) for source in kept}
    return [source for source in sources if id(source) in places]


def _words(source: _Source) -> Counter[str]:
    return Counter(_words_in(source))


def _words_in(source: _Source) -> list[str]:
    return _WORD.findall(source.text.lower())


def _main_of(source: _Source) -> set[str]:
    """Return which of findings and impression `source` has."""
    if source.name not in (REPORT, "findings", "impression"):
        return set()
    return {source.name, *(span.name for span in parse(source.text).spans)} & set(_MAIN)


def _has_main(text: str) -> bool:
    """Return whether `text` has a heading of findings or impression."""
    return bool(text.strip()) and any(span.name in _MAIN for span in parse(text).spans)


def _refers(text: str) -> bool:
    """Return whether `text` is blank or only says where the report is."""
    return not text.strip() or _REFERRAL.fullmatch(text) is not None
