"""The elements of FHIR's DiagnosticReport and of its results that are read, with their types; all others are ignored.

Not `fhir.resources`, by which the tests judge what is FHIR: it refuses what hospitals send (times without a zone,
empty strings, elements unknown to FHIR, "_" in ids), and it decodes invalid base64 to an empty document.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict


class _Element(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, hide_input_in_errors=True)


class Coding(_Element):
    """A code of a code system."""

    code: str | None = None
    display: str | None = None


class CodeableConcept(_Element):
    """A concept, as codes or in words."""

    coding: list[Coding] | None = None
    text: str | None = None


class Identifier(_Element):
    """An id that the hospital assigned."""

    type: CodeableConcept | None = None
    value: str | int | float | None = None
    """FHIR allows only strings; some senders write whole numbers."""
    system: Any = None

    @property
    def system_text(self) -> str:
        """The namespace of the value; '' where it has none."""
        return self.system if isinstance(self.system, str) else ""

    @property
    def value_text(self) -> str | None:
        """The value as a string; None if missing or blank."""
        return str(self.value).strip() or None if isinstance(self.value, str | int) else None


class Reference(_Element):
    """A reference to another resource."""

    reference: str | None = None
    identifier: Identifier | None = None

    @property
    def relative(self) -> str | None:
        """The type and id of the resource, without server and version: "Patient/7"; None without a reference."""
        return relative(self.reference) if self.reference else None


class Attachment(_Element):
    """A document, in base64."""

    contentType: str | None = None
    data: str | None = None
    title: str | None = None
    language: str | None = None


class Narrative(_Element):
    """The text of a resource, in XHTML."""

    div: str | None = None


class Value(_Element):
    """What was observed: an Observation, or a component of it."""

    code: CodeableConcept | None = None
    valueString: str | None = None
    valueMarkdown: str | None = None
    valueCodeableConcept: CodeableConcept | None = None

    @property
    def words(self) -> str:
        """The text of the value, '' for none; of a coded value its text, else what its codes display."""
        if text := self.valueString or self.valueMarkdown:
            return text
        if self.valueCodeableConcept is None:
            return ""
        displays = [coding.display for coding in self.valueCodeableConcept.coding or [] if coding.display]
        return self.valueCodeableConcept.text or "; ".join(displays)


class Extension(_Element):
    """What a profile adds to an element."""

    url: str | None = None
    valueCodeableConcept: CodeableConcept | None = None
    valueReference: Reference | None = None


class Annotation(_Element):
    """A note; profiles say by an extension what it is about."""

    text: str | None = None
    extension: list[Extension] | None = None


class Observation(Value):
    """A result of a report."""

    id: str | None = None
    status: str | None = None
    subject: Reference | None = None
    text: Narrative | None = None
    note: list[Annotation] | None = None
    component: list[Value] | None = None
    hasMember: list[Reference] | None = None


class Section(_Element):
    """A section of a document."""

    title: str | None = None
    code: CodeableConcept | None = None
    text: Narrative | None = None
    section: list["Section"] | None = None


class Composition(_Element):
    """A document, of which a report may be the structured part."""

    id: str | None = None
    status: str | None = None
    subject: Reference | None = None
    section: list[Section] | None = None


class DiagnosticReport(_Element):
    """A report. Times are parsed elsewhere: an invalid time does not reject a report."""

    id: str | None = None
    meta: Any = None
    identifier: list[Identifier] | None = None
    status: str | None = None
    category: list[CodeableConcept] | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    effectiveDateTime: Any = None
    effectiveInstant: Any = None
    effectivePeriod: Any = None
    issued: Any = None
    conclusion: str | None = None
    conclusionCode: list[CodeableConcept] | None = None
    presentedForm: list[Attachment] | None = None
    # not typed: a report may be whole without them
    contained: Any = None
    result: Any = None
    composition: Any = None
    extension: Any = None
    note: Any = None
    text: Any = None

    @property
    def exam_time(self) -> str | None:
        """Time of the exam, as the resource states it: an instant, or the start of a period; None if it states none."""
        period = self.effectivePeriod
        start = period.get("start") if isinstance(period, dict) else None
        return next((t for t in (self.effectiveDateTime, self.effectiveInstant, start) if isinstance(t, str)), None)

    @property
    def has_fractional_id(self) -> bool:
        """Whether an identifier is a number that is not whole."""
        subject = [self.subject.identifier] if self.subject and self.subject.identifier else []
        return any(isinstance(identifier.value, float) for identifier in [*(self.identifier or []), *subject])


def relative(reference: str) -> str:
    """Return "Observation/7" for "https://host/fhir/Observation/7/_history/2"; a `urn:` as it is."""
    return "/".join(reference.partition("/_history/")[0].split("/")[-2:])


def narrative_of(report: DiagnosticReport) -> str:
    """Return the XHTML of a report's narrative; '' for none."""
    div = report.text.get("div") if isinstance(report.text, dict) else None
    return div if isinstance(div, str) else ""
