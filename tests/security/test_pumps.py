"""The time that a text takes grows as its length, whatever it repeats.

Each function of the table reads a text and one of 16 times its length. Linear work takes 16 times as long, quadratic
work 256 times; more than 64 fails, where it takes long enough to be measured at all. The time is the process's own.
"""

import random
import time
from collections.abc import Iterable
from contextlib import suppress

import pytest

from radray.errors import InputError
from radray.reports.record.record import MAX_REPORT_WORDS
from tests.security.pump_table import (
    ATOMS,
    CHECKS,
    HEADINGS,
    LANGUAGE,
    READERS,
    SIGNS,
    TEXTS,
    WORDS,
    Reads,
    forget,
    repeated,
)

TIMES = 16
MOST_TIMES = 64
MEGABYTE = 1_000_000
LEAST_SECONDS = 0.1
"""Work that takes less is not judged: noise."""

FUNCTIONS: dict[str, tuple[Reads, tuple[str, ...]]] = {
    **{name: (read, atoms) for name, (read, atoms) in READERS.items()},
    **{name: (read, ATOMS) for name, read in TEXTS.items()},
    **{f"language: {name}": (read, (*SIGNS, *WORDS)) for name, read in LANGUAGE.items()},
    **{f"checks: {name}": (read, (*SIGNS, *HEADINGS, *WORDS)) for name, read in CHECKS.items()},
}
KNOWN = {
    "hl7": ("PID|\rOBR|\r",),
    "hl7 before a report": ("PID|\r",),
    "fhir html": ("<a",),
    "sections of a report": ("was obtained ", "(Over)\n", "CT HEAD FINDINGS: "),
    "language: sentences": ("A. ", "."),
    "language: mentions": ("A. B. ", "tube "),
    "language: order of items": (" ", "item ", "1. a "),
    "language: planting of errors": ("No effusion. ", "no effusion "),
    "language: examples of devices": ("left catheter over ", "lines and tubes "),
    "checks: spans": (".",),
    "checks: exchanged": ("5 mm, ",),
    "checks: changed recommendations": ("Recommend CT. ",),
    "checks: check against findings": (".",),
    "checks: check": ("rib 4. ", "right effusion, "),
}
"""What once took quadratic time, and for each other function what is commonest."""


def seconds(read: Reads, text: str) -> float:
    """Return the processor's seconds that `read` takes for `text`."""
    forget()
    began = time.process_time()
    with suppress(InputError):  # what is refused was read all the same
        read(text)
    return time.process_time() - began


def grows(read: Reads, atom: str, characters: int) -> str | None:
    """Return how much longer a text of TIMES `characters` takes, if that is too long; a second try decides."""
    long, short = repeated(atom, TIMES * characters), repeated(atom, characters)
    for _ in range(2):
        took = seconds(read, long)
        if took < LEAST_SECONDS or took < MOST_TIMES * (before := seconds(read, short)):
            return None
    return f"{atom!r}: {before:.4f} s for {characters:,} characters, {took:.2f} s for {TIMES * characters:,}"


def faults(name: str, atoms: Iterable[str], characters: int) -> list[str]:
    read, _ = FUNCTIONS[name]
    read("No effusion.") if name.startswith(("language", "checks")) else None  # what it imports is not its time
    return [fault for atom in atoms if (fault := grows(read, atom, characters)) is not None]


def longest(name: str, atom: str) -> int:
    """Return the characters that a feed can have of `atom`: a reader sees the whole file, all else a report's words.

    A megabyte at the most. Without white space it is a single word.
    """
    words = len((atom * 2).split()) - len(atom.split())
    return MEGABYTE if name in READERS or words == 0 else min(MEGABYTE, MAX_REPORT_WORDS // words * len(atom))


def test_quadratic_work_is_found_and_linear_work_is_not() -> None:
    def quadratic(text: str) -> int:
        return sum(text.count("a", at) for at in range(0, len(text), 4))

    assert grows(quadratic, "a", 4_000) is not None
    assert grows(lambda text: [character for _ in range(40) for character in text], "a", 4_000) is None


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_time_grows_as_the_text(name: str) -> None:
    atoms = KNOWN.get(name, ()) + tuple(random.Random(name).sample(FUNCTIONS[name][1], 3))
    assert faults(name, atoms, 12_500 if name in READERS else 2_500) == []


def test_a_pump_of_texts_ends_at_the_words_of_a_report() -> None:
    assert longest("checks: check", "5 mm nodule ") == MAX_REPORT_WORDS // 3 * len("5 mm nodule ")
    assert longest("checks: check", "a\n") == 2 * MAX_REPORT_WORDS
    assert longest("checks: check", "-") == longest("hl7", "5 mm nodule ") == MEGABYTE


@pytest.mark.drill
@pytest.mark.parametrize("name", FUNCTIONS)
def test_time_grows_as_the_text_up_to_a_megabyte(name: str) -> None:
    """Each pump to a quarter of what a feed can make of it, the known ones and the slowest to the whole."""
    read, atoms = FUNCTIONS[name]
    rng = random.Random(name)
    pumps = [*atoms, *("".join(rng.sample(atoms, 2)) for _ in range(10))]
    assert [fault for pump in pumps for fault in faults(name, [pump], longest(name, pump) // 4 // TIMES)] == []
    slowest = sorted(pumps, key=lambda pump: seconds(read, repeated(pump, longest(name, pump) // 40)))[-4:]
    known = KNOWN.get(name, ())
    assert [fault for pump in {*known, *slowest} for fault in faults(name, [pump], longest(name, pump) // TIMES)] == []
