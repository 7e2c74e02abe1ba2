"""One bad input of the catalogue: what is wrong with it, how it is made, and how it must be answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BadInput:
    """One file (or folder) that is bad in one way.

    Exactly one of `rows` and `error` says how it must be answered.
    """

    kind: str
    """The class of badness in a few words, the same for all inputs of the class: "zip: bad CRC"."""
    what: str
    """What is special about this one."""
    format: str
    """source.format."""
    make: Callable[[Path], Path]
    """Make it below the folder given and return what source.uri names."""
    rows: Mapping[str, int] | None = None
    """Rows by status or, when not ok, by reason: {"ok": 3, "malformed": 1}; all of them."""
    error: str | None = None
    """A part of the one clear error (InputError, exit code 3) that refuses the whole source."""
