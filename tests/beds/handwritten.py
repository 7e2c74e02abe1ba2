"""Test bed (c): hand-written pairs, as radiologists write: abbreviations, fragments, lists, typos, other body parts.

Every one is made up. A wrong impression must raise its class; a sound one must raise nothing.
"""

from bed_pair import BedPair
from handwritten_advisory import CERTAINTY, COMPARISON, DEVICE, LOCATION, SEVERITY, UNSUPPORTED
from handwritten_entry import IDENTIFIERS, Entry
from handwritten_facts import CRITICAL_MISSED, MEASUREMENT, POLARITY, SIDE
from handwritten_inventions import COMMUNICATION, DEGENERATE, IDENTIFIER, MASK, PRIOR, RECOMMENDATION
from handwritten_sound import SOUND

from radray.reports.exams import body_part, modality

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


def _pair(error: str | None, index: str, entry: Entry) -> BedPair:
    exam, background, findings, impression = entry
    right, wrong = (impression, None) if error is None else (None, impression)
    return BedPair(
        *("c", index, error, findings, background, right, wrong),
        modality=modality(exam),
        body_part=body_part(exam),
        identifiers=IDENTIFIERS,
    )


def pairs() -> list[BedPair]:
    """Return the bed: the errors by class, then the sound ones."""
    bed = [_pair(error, str(at), entry) for error, entries in ERRORS.items() for at, entry in enumerate(entries)]
    return bed + [_pair(None, f"sound{at}", entry) for at, entry in enumerate(SOUND)]
