"""The errors that radray raises on purpose, and the exit code each ends a job with.

::

    RadrayError            1
    ├── ConfigError        2   a setting is unknown, out of bounds, or does not fit another
    ├── InputError         3   the input is missing, empty or not of its format
    │   └── AuditError     3   a finished run would not be whole: nothing is committed
    │       └── GateError  3   a night's predictions are not good enough to take the place of yesterday's
    ├── ConflictError      4   another run committed the same partition first
    └── StageError         1   code of a pipeline stage failed on a block (its own message is withheld)

A message says what was wrong, where, what was expected and which setting changes it. It holds no text and no id of a
patient or study, and no name of a file: `radray.messages` has the rule and the names to use instead.
"""

from typing import ClassVar

from radray.messages import line_of


class RadrayError(Exception):
    """Base of all errors that radray raises on purpose."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(line_of(message))


class ConfigError(RadrayError):
    """A setting is unknown, out of bounds, or does not fit another."""

    exit_code = 2


class InputError(RadrayError):
    """The input is missing, empty or not of its format."""

    exit_code = 3


class AuditError(InputError):
    """What a run made is not what it was given: counts, keys or schema do not agree. Nothing was committed."""


class GateError(AuditError):
    """Predictions of a night are not good enough, by the settings in `gates`. Nothing was committed."""


class ConflictError(RadrayError):
    """Another run committed the same partition since this run began."""

    exit_code = 4


class StageError(RadrayError):
    """Code of a pipeline stage failed on a block; the cause's own message is withheld, it may hold report text."""
