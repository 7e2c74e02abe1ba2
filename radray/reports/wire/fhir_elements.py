"""The elements of FHIR R4's DiagnosticReport that are read, with their types; all others are left unread.

Not `fhir.resources`, which the tests take as their judge of what is FHIR: it refuses what hospitals send (times
without a zone, empty strings, elements that FHIR does not know, "_" in ids), and it reads base64 that is none as an
empty document.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict


class _Element(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, hide_input_in_errors=True)


class Coding(_Element):
    """A code of a system."""

    code: str | None = None
    display: str | None = None


class CodeableConcept(_Element):
    """A concept by codes, or in words."""

    coding: list[Coding] | None = None
    text: str | None = None


class Identifier(_Element):
    """An id of the hospital's."""

    type: CodeableConcept | None = None
    value: str | int | float | None = None
    """FHIR has strings only; whole numbers are what some senders make of them."""

    @property
    def value_text(self) -> str | None:
        """The value as a string; None for none, or blank."""
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
    """A report. Times are read elsewhere: one that is none costs no report."""

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
        """When the exam was, as the resource says it: a moment, or the start of a period."""
        period = self.effectivePeriod
        start = period.get("start") if isinstance(period, dict) else None
        return next((t for t in (self.effectiveDateTime, self.effectiveInstant, start) if isinstance(t, str)), None)

    @property
    def has_fractional_id(self) -> bool:
        """Whether an identifier is a number that is not whole."""
        subject = [self.subject.identifier] if self.subject and self.subject.identifier else []
        return any(isinstance(one.value, float) for one in [*(self.identifier or []), *subject])
