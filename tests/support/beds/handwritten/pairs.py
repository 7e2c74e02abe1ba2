"""Test bed (c): hand-written pairs, as radiologists write: abbreviations, fragments, lists, typos, other body parts.

Every one is made up. A wrong impression must raise its class; a sound one must raise nothing.
"""

from radray.reports.text.exams import body_part, modality
from tests.support.beds import held_back
from tests.support.beds.handwritten.advisory import CERTAINTY, COMPARISON, DEVICE, LOCATION, SEVERITY, UNSUPPORTED
from tests.support.beds.handwritten.entry import IDENTIFIERS, Entry
from tests.support.beds.handwritten.facts import CRITICAL_MISSED, MEASUREMENT, POLARITY, SIDE
from tests.support.beds.handwritten.inventions import COMMUNICATION, DEGENERATE, IDENTIFIER, MASK, PRIOR, RECOMMENDATION
from tests.support.beds.handwritten.sound import SOUND
from tests.support.beds.pair import BedPair

ERRORS: dict[str, tuple[Entry, ...]] = {
    "side": SIDE,
    "polarity": POLARITY,
    "measurement": MEASUREMENT,
    "critical_missed": CRITICAL_MISSED,
    "communication": COMMUNICATION,
    "mask": MASK,
    "prior": PRIOR,
    "recommendation": RECOMMENDATION,
    "degenerate": DEGENERATE,
    "identifier": IDENTIFIER,
    "unsupported": UNSUPPORTED,
    "certainty": CERTAINTY,
    "severity": SEVERITY,
    "location": LOCATION,
    "device": DEVICE,
    "comparison": COMPARISON,
}


def _pair(bed: str, error: str | None, index: str, entry: Entry) -> BedPair:
    exam, background, findings, impression = entry
    right, wrong = (impression, None) if error is None else (None, impression)
    return BedPair(
        *(bed, index, error, findings, background, right, wrong),
        modality=modality(exam),
        body_part=body_part(exam),
        identifiers=IDENTIFIERS,
    )


def pairs() -> list[BedPair]:
    """Return the bed: the errors by class, then the sound ones."""
    return _bed("c", ERRORS, SOUND)


def held_back_pairs() -> list[BedPair]:
    """Return the hand-written pairs that are measured only, in the same order."""
    return _bed("h", {error: getattr(held_back, error.upper()) for error in ERRORS}, held_back.SOUND)


def _bed(name: str, errors: dict[str, tuple[Entry, ...]], sound: tuple[Entry, ...]) -> list[BedPair]:
    bed = [_pair(name, error, str(at), entry) for error, those in errors.items() for at, entry in enumerate(those)]
    return bed + [_pair(name, None, f"sound{at}", entry) for at, entry in enumerate(sound)]
