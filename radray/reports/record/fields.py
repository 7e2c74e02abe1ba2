"""Names and values of the fields of a source that has some: JSON lines, Parquet and the like."""

import datetime
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields

from radray.errors import InputError

PROMPT, COMPLETION = "prompt", "completion"
"""Fields of a pair for fine-tuning: findings and impression where neither of them, nor a report, is there."""

_COLUMN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
_SHOWN_COLUMNS = 40

_STATUS = {
    # FHIR R4 diagnostic-report-status; HL7 v2 table 0123 (OBR-25) and the statuses of table 0085 (OBX-11) that it has
    "preliminary": "registered partial preliminary o s a i r p",
    "final": "final f u",
    "corrected": "amended corrected appended c",
    "cancelled": "cancelled canceled entered-in-error x d w",
}
_STATUS_OF = {word: status for status, words in _STATUS.items() for word in words.split()}


@dataclass(frozen=True, slots=True)
class Fields:
    """What each field is called in the source."""

    study_id: str = "study_id"
    subject_id: str = "subject_id"
    findings: str = "findings"
    impression: str = "impression"
    report: str = "report"
    """Whole report, whose sections are told apart; what another field gives is taken from there."""
    background: str = "background"
    indication: str = "indication"
    comparison: str = "comparison"
    exam_description: str = "exam_description"
    modality: str = "modality"
    body_part: str = "body_part"
    exam_time: str = "exam_time"
    report_time: str = "report_time"
    report_status: str = "report_status"
    human_codes: str = "human_codes"

    @classmethod
    def of(cls, names: Mapping[str, str | None]) -> "Fields":
        """Return the fields with the `names` given; None, or no entry, is the field's own name."""
        return cls(**{field: name for field, name in names.items() if name is not None})

    def items(self) -> list[tuple[str, str]]:
        """Return (field, its name in the source) of all."""
        return [(field.name, getattr(self, field.name)) for field in fields(self)]

    def text_names(self, found: Collection[str]) -> tuple[str, str]:
        """Return what findings and impression are called in a source, or an object, that has the names `found`."""
        is_pair = PROMPT in found and found_none(found, self.findings, self.impression, self.report)
        return (PROMPT, COMPLETION) if is_pair else (self.findings, self.impression)

    def are_in(self, found: Collection[str]) -> bool:
        """Tell whether a report can be in a source, or an object, that has the names `found`."""
        return not found_none(found, self.findings, self.impression, self.report, PROMPT)

    @property
    def wanted(self) -> str:
        """What are_in wants, for an error."""
        return f"wanted {self.study_id}, and {self.findings}, {self.impression} or {self.report}"

    def require(self, found: Collection[str], what: str) -> None:
        """Raise InputError unless the columns `found` of `what` have the study id, a text and all names that were set.

        The message names the columns only if each looks like a name: in a file without a header they are somebody's
        data.
        """
        renamed = [name for field, name in self.items() if name != field and name not in found]
        missing = sorted({*renamed, *({self.study_id} - set(found))})
        if not missing and self.are_in(found):
            return
        lacks = f"{what} has no column {' or '.join(missing)}" if missing else f"no column of {what} holds reports"
        raise InputError(f"{lacks}: {self.wanted}; {names_found(found)}; see source.fields")


def found_none(found: Collection[str], *names: str) -> bool:
    """Tell whether none of `names` is among `found`."""
    return all(name not in found for name in names)


def names_found(found: Collection[str]) -> str:
    """Return the names `found` for an error, if every one looks like a name; else how many there are."""
    if len(found) > _SHOWN_COLUMNS or not all(_COLUMN_NAME.fullmatch(name) for name in found):
        return f"found {len(found)}, not all of them names"
    return f"found {', '.join(found) or 'none'}"


def parse_time(text: str | None) -> datetime.datetime | None:
    """Return the time that ISO 8601 `text` says, UTC and naive; without a zone it is taken for UTC.

    A date alone is its midnight. None for anything else: a time is not worth a report, nor an error that shows it.
    """
    if not text:
        return None
    try:
        return to_utc(datetime.datetime.fromisoformat(text.strip()))
    except ValueError:
        return None


def to_utc(time: datetime.datetime) -> datetime.datetime | None:
    """Return `time` in UTC, naive; None where that is before the year 1 or after 9999."""
    try:
        return time.astimezone(datetime.UTC).replace(tzinfo=None) if time.tzinfo else time
    except OverflowError:
        return None


def report_status(word: str | None) -> str | None:
    """Return preliminary, final, corrected or cancelled for what FHIR, HL7 v2 or a table calls it; None for others."""
    return _STATUS_OF.get(word.strip().lower()) if word else None
