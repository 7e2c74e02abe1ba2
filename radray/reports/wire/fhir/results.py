"""The texts of a FHIR report that stand in other resources: Observations (`result`), a Composition, notes, contained.

IHE's IMR and IDR send findings and impression as Observations, HL7 Europe's imaging report as sections of a Composition
or as notes; which section a text is, its code says, else the name of its code.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from radray.reports.text.headings.names import BOTH, REPORT
from radray.reports.text.headings.words import name_of, qualified_name_of
from radray.reports.text.markup import plain_text
from radray.reports.wire.fhir.elements import (
    Annotation,
    CodeableConcept,
    Composition,
    DiagnosticReport,
    Extension,
    Observation,
    Reference,
    Section,
    relative,
)

OTHER = "comment"
"""Section of texts of which no code says what they are."""

_SECTION_OF = {
    # LOINC: the sections of DICOM's imaging reports (PS3.20), and as senders use it 18782-3, "Radiology Study
    # observation", which was the findings of their predecessor
    "59776-5": "findings",
    "18782-3": "findings",
    "19005-8": "impression",
    "55110-1": "impression",
    "18834-2": "comparison",
    "55114-3": "comparison",
    "18785-6": "indication",
    "55108-5": "indication",
    "11329-0": "history",
    "55111-5": "technique",
    "55115-0": "examination",
    "18783-1": "recommendations",
    "55107-7": "addendum",
    "73568-8": "notification",
    # DICOM PS3.16, TID 2000 and CID 7001
    "121070": "findings",
    "121071": "findings",
    "121072": "impression",
    "121073": "impression",
    "121076": "impression",
    "121077": "impression",
    "121068": "comparison",
    "121109": "indication",
    "121060": "history",
    "121064": "technique",
    "121074": "recommendations",
    "121075": "recommendations",
    # suffixes of HL7 v2 (7.2.4), which its converters keep as codes: "71046&GDT"
    "GDT": "findings",
    "IMP": "impression",
    "REC": "recommendations",
    "ADT": "addendum",
    "ADN": "addendum",
    "TCM": OTHER,
}
_WITHDRAWN = frozenset({"entered-in-error", "cancelled"})
_DEEPEST = 4
"""Levels of sections in a document."""
_MOST_REFERENCES = 1_000
_MOST_CONTAINED_BYTES = 16 << 20
_BYTES_OF_A_RESULT = 300
"""Memory of a result besides its text, roughly."""

Text = tuple[str, str]
"""Section and text; the section "report" is a text that may hold others."""
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class _Result:
    texts: tuple[Text, ...] = ()
    members: tuple[str, ...] = ()
    subject: str | None = None


_AMBIGUOUS = _Result()
"""Stands for two resources of one id that differ: neither is read."""


class Results:
    """Resources of a Bundle, or of a file, that reports may refer to; beyond `limit` bytes the oldest are dropped."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._of: OrderedDict[str, _Result] = OrderedDict()  # a dict takes long to find its oldest
        self._bytes = 0

    def add(self, resource: Any, url: str | None = None) -> None:
        """Add `resource`, known by its type and id and by the `url` of its entry, if a report may refer to its kind."""
        result = _result_of(resource)
        if result is None:
            return
        names = {f"{resource['resourceType']}/{resource.get('id')}"} | ({url} if url else set())
        for name in names:
            known = self._of.get(name)
            if known is None:
                self._bytes += _size(name, result)
                self._of[name] = result
            elif known != result:
                self._bytes -= _size(name, known) - _size(name, _AMBIGUOUS)
                self._of[name] = _AMBIGUOUS
        while self._bytes > self._limit and len(self._of) > 1:
            self._bytes -= _size(*self._of.popitem(last=False))

    def are_all_known(self, references: Sequence[str]) -> bool:
        """Return whether the resources of `references`, and the members of each, have all been added."""
        return None not in self._resources(references)

    def texts(self, references: Sequence[str], subject: str | None) -> list[Text]:
        """Return the texts of `references` and of their members, without those of another patient than `subject`."""
        resources = [result for result in self._resources(references) if result is not None]
        of_patient = [result for result in resources if not _differ(result.subject, subject)]
        return list(dict.fromkeys(text for result in of_patient for text in result.texts))

    def _resources(self, references: Sequence[str]) -> list[_Result | None]:
        """Return the results that `references` name, each followed by its members; None for those not known."""
        resources: list[_Result | None] = []
        left = list(reversed(references))
        visited: set[str] = set()
        while left:
            reference = left.pop()
            if reference in visited or len(visited) > _MOST_REFERENCES:
                continue
            visited.add(reference)
            result = self._of.get(reference) or self._of.get(relative(reference))
            resources.append(result)
            left += reversed(result.members if result else ())
        return resources


def _differ(subject: str | None, other: str | None) -> bool:
    """Return whether two patients differ; not where one is named by an id and the other by a UUID."""
    if subject is None or other is None or subject.startswith("urn:") != other.startswith("urn:"):
        return False
    return subject != other


def references_of(report: DiagnosticReport) -> list[str]:
    """Return what a report refers to for its text: its results, then its Composition."""
    references = _each(report.result, Reference) + _each([report.composition], Reference)
    for extension in _each(report.extension, Extension):
        if extension.valueReference and "composition" in (extension.url or "").lower():
            references.append(extension.valueReference)
    return [reference.reference for reference in references if reference.reference]


def texts_of_contained(report: DiagnosticReport, references: Sequence[str]) -> list[Text]:
    """Return the texts of those resources that a report contains and refers to; of all, if it refers to none of them.

    A resource that is contained has no existence of its own: it is of the report, whether or not `result` names it.
    """
    results = Results(_MOST_CONTAINED_BYTES)
    names = []
    for resource in report.contained if isinstance(report.contained, list) else []:
        if isinstance(resource, dict) and isinstance(identifier := resource.get("id"), str):
            names.append(f"#{identifier.removeprefix('#')}")
            results.add(resource, names[-1])
    referred = [reference for reference in references if reference.startswith("#")]
    return results.texts(referred or names, None)


def texts_of_notes(report: DiagnosticReport) -> list[Text]:
    """Return the notes of a report (FHIR R5), each a section where an extension says which."""
    return list(_notes(_each(report.note, Annotation)))


def _size(name: str, result: _Result) -> int:
    return len(name) + _BYTES_OF_A_RESULT + sum(len(text) for _, text in result.texts)


def _result_of(resource: Any) -> _Result | None:
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if kind == "Observation":
        observation = _parsed(resource, Observation)
        if observation is None or observation.status in _WITHDRAWN:
            return _Result()
        members = [member.reference for member in observation.hasMember or [] if member.reference]
        return _Result(
            tuple(_texts_of(observation)), tuple(members), observation.subject.relative if observation.subject else None
        )
    if kind == "Composition":
        composition = _parsed(resource, Composition)
        if composition is None or composition.status in _WITHDRAWN:
            return _Result()
        texts = tuple(_texts_of_sections(composition.section or []))
        return _Result(texts, (), composition.subject.relative if composition.subject else None)
    return None


def _texts_of(observation: Observation) -> Iterator[Text]:
    section = _section_of(observation.code)
    notes = list(_notes(observation.note or []))
    words = observation.words if section or not observation.valueCodeableConcept else ""
    if not words.strip() and section and not observation.component:
        # a value may be in the note, or only in the narrative
        words = "\n".join(text for _, text in notes) or plain_text((observation.text and observation.text.div) or "")
        notes = []
    yield from _text(section, words)
    for component in observation.component or []:
        if section_of_component := _section_of(component.code):
            yield from _text(section_of_component, component.words)
    yield from notes


def _notes(notes: Sequence[Annotation]) -> Iterator[Text]:
    for note in notes:
        sections = [_section_of(extension.valueCodeableConcept) for extension in note.extension or []]
        yield from _text(next(filter(None, sections), OTHER), note.text or "")


def _texts_of_sections(sections: Sequence[Section], depth: int = 0) -> Iterator[Text]:
    for section in sections:
        name = _section_of(section.code) or (_named(section.title) if section.title else None)
        yield from _text(name or OTHER, plain_text((section.text and section.text.div) or ""))
        if depth < _DEEPEST:
            yield from _texts_of_sections(section.section or [], depth + 1)


def _text(section: str | None, words: str) -> Iterator[Text]:
    if words.strip():
        is_both = section == BOTH
        yield (
            (REPORT if section is None or is_both else section),
            f"FINDINGS AND IMPRESSION:\n{words}" if is_both else words,
        )


def _section_of(code: CodeableConcept | None) -> str | None:
    """Return the section that a code, or the name of a code, stands for."""
    if code is None:
        return None
    codings = code.coding or []
    for coding in codings:
        if section := _SECTION_OF.get((coding.code or "").rpartition("&")[2]):
            return section
    names = [code.text, *(coding.display for coding in codings)]
    return next((section for name in names if name and (section := _named(name))), None)


def _named(name: str) -> str | None:
    words = name.strip().rstrip(":").upper()
    section = name_of(words) or qualified_name_of(words)
    return None if section == REPORT else section


def _each(values: Any, kind: type[_Model]) -> list[_Model]:
    """Return those of `values` that are a `kind`; none where that is no list."""
    parsed = [_parsed(value, kind) for value in values] if isinstance(values, list) else []
    return [value for value in parsed if value is not None]


def _parsed(value: Any, kind: type[_Model]) -> _Model | None:
    try:
        return kind.model_validate(value)
    except (ValidationError, RecursionError):  # its message holds the values
        return None
