"""Names and values of the fields of a source with named fields: JSON lines, Parquet and the like."""

import datetime
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields

from radray.errors import InputError

PROMPT, COMPLETION = "prompt", "completion"
"""Fields of a pair for fine-tuning: read as findings and impression where neither they nor a report are there."""

_STATUS = {
    # FHIR R4 and R5 diagnostic-report-status; HL7 v2 table 0123 (OBR-25) and those statuses of table 0085 (OBX-11) in
    # it; then the words of reporting systems
    "preliminary": "registered partial preliminary o s a i r p prelim pending draft unsigned unverified wet-read",
    "final": "final f u finalized finalised signed verified approved complete completed",
    "corrected": "amended corrected appended modified c m addendum addended amendment correction revised",
    "cancelled": "cancelled canceled entered-in-error x d w deleted void voided retracted",
}
_STATUS_OF = {word: status for status, words in _STATUS.items() for word in words.split()}
_BETWEEN_WORDS = str.maketrans("_ ", "--")


@dataclass(frozen=True, slots=True)
class Fields:
    """The name of each field in the source."""

    study_id: str = "study_id"
    subject_id: str = "subject_id"
    findings: str = "findings"
    impression: str = "impression"
    report: str = "report"
    """Whole report, which is split into its sections; a field with a text of its own takes precedence."""
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
        """Return the fields with the given `names`; None, or no entry, stands for the field's own name."""
        return cls(**{field: name for field, name in names.items() if name is not None})

    def items(self) -> list[tuple[str, str]]:
        """Return (field, its name in the source) for every field."""
        return [(field.name, getattr(self, field.name)) for field in fields(self)]

    def text_names(self, names: Collection[str]) -> tuple[str, str]:
        """Return the names of findings and impression in a source, or an object, that has the `names`."""
        is_pair = PROMPT in names and _has_none(names, self.findings, self.impression, self.report)
        return (PROMPT, COMPLETION) if is_pair else (self.findings, self.impression)

    def are_in(self, names: Collection[str]) -> bool:
        """Return whether a source, or an object, that has the `names` can hold a report."""
        return not _has_none(names, self.findings, self.impression, self.report, PROMPT)

    @property
    def expected(self) -> str:
        """The names that a report must have, for an error."""
        return f"expected {self.study_id}, and {self.findings}, {self.impression} or {self.report}"

    def describe(self, names: Collection[str]) -> str:
        """Return for an error how many `names` an input has, and the names of fields among them."""
        return describe_names(names, dict.fromkeys([*(name for _, name in self.items()), PROMPT, COMPLETION]))

    def require(self, columns: Collection[str], what: str) -> None:
        """Raise InputError unless `columns`, those of `what`, include the study id, a text and all names that were set.

        The message names the columns that are known and counts the others: in a file without a header they are
        patients' data.
        """
        renamed = [name for field, name in self.items() if name != field and name not in columns]
        missing = sorted({*renamed, *({self.study_id} - set(columns))})
        if not missing and self.are_in(columns):
            return
        lacks = f"{what} has no column {' or '.join(missing)}" if missing else f"no column of {what} holds reports"
        raise InputError(f"{lacks}: {self.expected}; {self.describe(columns)}; see source.fields")


def _has_none(names: Collection[str], *wanted: str) -> bool:
    return all(name not in names for name in wanted)


def describe_names(names: Collection[str], known: Iterable[str]) -> str:
    """Return for an error how many `names` an input has, and which of those in `known` are among them."""
    there = [name for name in known if name in names]
    return f"found {len(names):,} names" + (f", {', '.join(there)} among them" if there else ", none of them known")


def parse_time(text: str | None) -> datetime.datetime | None:
    """Return the time in the ISO 8601 `text`, naive, in UTC; without a zone it is taken to be UTC.

    A date alone is its midnight. None for anything else: a bad time rejects no report and is shown in no error.
    """
    if not text:
        return None
    try:
        return to_utc(datetime.datetime.fromisoformat(text.strip()))
    except ValueError:
        return None


def to_utc(time: datetime.datetime) -> datetime.datetime | None:
    """Return `time` in UTC, naive; None if that is before the year 1 or after 9999."""
    try:
        return time.astimezone(datetime.UTC).replace(tzinfo=None) if time.tzinfo else time
    except OverflowError:
        return None


def report_status(word: str | None) -> str | None:
    """Return preliminary, final, corrected or cancelled for a status of FHIR, HL7 v2 or a table; None for others.

    "Prelim", "Final report" and "entered in error" are such words too; "unknown" is none.
    """
    if not word:
        return None
    return _STATUS_OF.get(word.strip().lower().translate(_BETWEEN_WORDS).removesuffix("-report"))
