"""What became of an input unit, a report or a run: the documented statuses and reasons."""

from enum import StrEnum


class ReportStatus(StrEnum):
    """What became of an input unit in `reports`."""

    OK = "ok"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


class RejectReason(StrEnum):
    """Why an input unit is not `ok` in `reports`."""

    EMPTY = "empty"
    """Neither findings nor impression."""
    NO_FINDINGS = "no_findings"
    """No findings to write an impression from (an impression alone may hold the findings in truth)."""
    NO_SECTIONS = "no_sections"
    """Text without any heading that the parser knows."""
    NO_STUDY_ID = "no_study_id"
    NOT_A_REPORT = "not_a_report"
    """A file among the reports whose name is not that of a report."""
    BAD_ENCODING = "bad_encoding"
    """Bytes that are not text in any encoding that the format allows."""
    MALFORMED = "malformed"
    """The record does not have the form of its format."""
    TRUNCATED = "truncated"
    """The file or archive ends inside the unit; what came before it are units of their own."""
    TOO_LARGE = "too_large"
    """More bytes than a report can have, or many times what they were compressed to: not read on."""
    ENCRYPTED = "encrypted"
    """A member of an archive that needs a password."""
    UNSUPPORTED_CONTENT = "unsupported_content"
    """A report in a form that is not text (PDF, image), an archive in an archive, a link."""
    BAD_ID = "bad_id"
    """A study or subject id that cannot be one: too long, with control characters, not a whole number or string."""
    CANCELLED = "cancelled"
    """The source says that the report was withdrawn or entered in error."""
    DUPLICATE_STUDY = "duplicate_study"
    """A later unit of the batch has the same study id; that one is used (status superseded)."""


class PredictionStatus(StrEnum):
    """What became of a report under a model in `predictions`."""

    OK = "ok"
    FAILED = "failed"


class FailReason(StrEnum):
    """Why a prediction is not `ok`."""

    EMPTY_OUTPUT = "empty_output"
    """The model wrote nothing."""
    ENGINE_ERROR = "engine_error"
    """The engine raised an error on this report alone."""
    ENGINE_CRASHED = "engine_crashed"
    """The engine's process died on this report alone: a segmentation fault, or the kernel's OOM killer."""
    OUT_OF_MEMORY = "out_of_memory"
    """The engine said that it has not the memory for this report alone."""
    TIMEOUT = "timeout"
    """The engine did not come back from this report alone in the time of a call (generate.call_timeout_s)."""
    SCORING_ERROR = "scoring_error"
    """What was written could not be scored or checked, and so nobody is shown it."""


class RunStatus(StrEnum):
    """State of a job run in `runs`."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
