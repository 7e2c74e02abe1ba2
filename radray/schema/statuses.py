"""Statuses and reasons of input units, predictions and runs. The docstrings say what each means."""

from enum import StrEnum


class ReportStatus(StrEnum):
    """Status of an input unit in `reports`."""

    OK = "ok"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


class RejectReason(StrEnum):
    """Why an input unit is not `ok` in `reports`."""

    EMPTY = "empty"
    """Neither findings nor impression."""
    NO_FINDINGS = "no_findings"
    """No findings to write an impression from (what stands under IMPRESSION alone may in fact be the findings)."""
    CONCLUSION_IN_FINDINGS = "conclusion_in_findings"
    """The findings hold what looks like a conclusion and cannot be cut with certainty: the answer in the input."""
    NO_SECTIONS = "no_sections"
    """Text without any heading that the parser knows."""
    NO_STUDY_ID = "no_study_id"
    NOT_A_REPORT = "not_a_report"
    """A file among the reports whose name, or whose kind of message or resource, is not that of a report."""
    BAD_ENCODING = "bad_encoding"
    """Bytes that are not text in any encoding of the format."""
    MALFORMED = "malformed"
    """The record does not conform to its format."""
    TRUNCATED = "truncated"
    """The file or archive ends inside the unit; the units before it are read."""
    TOO_LARGE = "too_large"
    """More bytes or words than a report can have, or a decompression bomb: not read any further."""
    TIMEOUT = "timeout"
    """Not read within the time that a unit may take, which no report does."""
    ENCRYPTED = "encrypted"
    """A member of an archive that needs a password."""
    UNSUPPORTED_CONTENT = "unsupported_content"
    """A report that is not text (PDF, image), an archive in an archive, or a link."""
    UNREADABLE = "unreadable"
    """A file or folder that the system does not open: its permissions, a broken disk."""
    BAD_ID = "bad_id"
    """A study or subject id that is too long, has control characters, or is neither a string nor a whole number."""
    CANCELLED = "cancelled"
    """The source says that the report was withdrawn or entered in error."""
    WITHDRAWN = "withdrawn"
    """A later unit of the batch, of the same study, subject and sender, cancels the report (status superseded)."""
    DUPLICATE_STUDY = "duplicate_study"
    """A later unit of the batch has the same study id and is used instead (status superseded)."""


class PredictionStatus(StrEnum):
    """Status of a report under a model in `predictions`."""

    OK = "ok"
    FAILED = "failed"


class FailReason(StrEnum):
    """Why a prediction, or an answer, is not `ok`."""

    EMPTY_OUTPUT = "empty_output"
    """The model wrote nothing."""
    ENGINE_ERROR = "engine_error"
    """The engine raised an error on this report, generated alone."""
    ENGINE_CRASHED = "engine_crashed"
    """The engine's process died on this report, generated alone: a segmentation fault, or the kernel's OOM killer."""
    OUT_OF_MEMORY = "out_of_memory"
    """The engine ran out of memory on this report, generated alone."""
    TIMEOUT = "timeout"
    """The engine took longer than generate.call_timeout_s on this report, generated alone."""
    IDENTIFIER = "identifier"
    """The impression has what may be an identifier, and findings and background do not have it: it is not shown to
    anybody."""
    UNPARSED = "unparsed"
    """What the model wrote is no answer to what it was asked (`answers` alone)."""
    SCORING_ERROR = "scoring_error"
    """The impression could not be scored or checked, so it is not shown to anybody."""
    SCORING_TIMEOUT = "scoring_timeout"
    """The impression could not be scored or checked in the time that a row may take; not shown either."""
    ERASED = "erased"
    """The impression was that of a training report, word for word, whose patient was erased, and of no other report."""


class ExampleStatus(StrEnum):
    """Status of what a task asks of a report in `examples`."""

    OK = "ok"
    NOT_ASKED = "not_asked"


class NotAskedReason(StrEnum):
    """Why a task asks nothing of a report. Its row stays, in `examples` and in `answers`, with this reason."""

    NO_IMPRESSION = "no_impression"
    """The report has no impression, which the task reads."""
    NO_PRIOR = "no_prior"
    """No earlier report of the same patient is known."""
    NO_TEXT = "no_text"
    """Nothing is left of the report's text that the task could read."""
    NO_GOLD = "no_gold"
    """A report of a corpus of which nobody knows what the task asks: it can be neither learnt from nor scored."""
    NOT_DRAWN = "not_drawn"
    """A report of a corpus that no question was drawn for: each is asked as often of those with one answer as of those
    with another."""
    TASK_ERROR = "task_error"
    """The task's own code failed on the report's text, on this report and maybe no other."""
    TASK_TIMEOUT = "task_timeout"
    """The task's own code took longer over the report than a report may take."""


class AnswerStatus(StrEnum):
    """Status of what a model was asked in `answers`."""

    OK = "ok"
    FAILED = "failed"
    NOT_ASKED = "not_asked"


class DeferReason(StrEnum):
    """Why a person should write a report of `predictions`: the first that applies, in this order but for the last."""

    NO_PREDICTION = "no_prediction"
    """The model wrote nothing that can be shown."""
    BELOW_LOGPROB = "below_logprob"
    """The log-probability per token is below score.defer_below_logprob, or there is none."""
    BELOW_MARGIN = "below_margin"
    """The margin over the second candidate is below score.defer_below_margin, or there is none."""
    BELOW_AGREEMENT = "below_agreement"
    """The agreement with the other candidates is below score.defer_below_agreement, or there is none."""
    UNSURE_NORMAL = "unsure_normal"
    """The prediction reads normal, and its confidence is below the threshold of score.calibration, or there is none."""
    WITHDRAWN = "withdrawn"
    """The night's confidences are spread otherwise than those that score.calibration was made from: all its reports are
    deferred, whatever else applies."""


class RunStatus(StrEnum):
    """State of a job run in `runs`."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
