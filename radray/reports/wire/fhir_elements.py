"""The elements of FHIR R4's DiagnosticReport that are read, with their types; all others are ignored.

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

    @property
    def value_text(self) -> str | None:
        """The value as a string; None if missing or blank."""
        return str(self.value).strip() or None if isinstance(self.value, str | int) else None


class Reference(_Element):
    """A reference to another resource."""

    reference: str | None = None
    identifier: Identifier | None = None


class Attachment(_Element):
    """A document, in base64."""

    contentType: str | None = None
    data: str | None = None


class DiagnosticReport(_Element):
    """A report. Times are parsed elsewhere: an invalid time does not reject a report."""

    id: str | None = None
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
