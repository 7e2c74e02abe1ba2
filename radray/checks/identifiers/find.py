"""The identifiers that are left in a text: all rules, each place under the kind of the surest.

Rules see what they were written for: a text in which they see nothing is not proved to hold nothing.
"""

import re
from collections.abc import Iterator

from radray.checks.identifiers.dated import find_ages, find_dates
from radray.checks.identifiers.forms import find_forms
from radray.checks.identifiers.kinds import Identifier, Reading
from radray.checks.identifiers.labels import find_labelled
from radray.checks.identifiers.links import find_links
from radray.checks.identifiers.names import find_names
from radray.checks.identifiers.places import find_places
from radray.language.alternation import lower

_LETTERS = "".join(chr(code) if chr(code).islower() else " " for code in range(128))
_DIGIT = re.compile(r"\d")
_MASK = re.compile(r"\[\*\*[^\[\]]{0,200}\*\*\]")


def find_identifiers(text: str) -> tuple[Identifier, ...]:
    """Return the identifiers in `text`, in order and apart; () for blank text.

    Masks of de-identification are none, nor are measurements, doses, times, years, levels of the spine and numbers of
    images.
    """
    if "[**" in text:
        text = _MASK.sub(lambda mask: " " * len(mask[0]), text)
    lowered = lower(text)
    words = frozenset(lowered.translate(_LETTERS).split())
    seen = list(_by_rule(Reading(text, lowered, words, _DIGIT.search(lowered) is not None)))
    if not seen:
        return ()
    apart: list[Identifier] = []
    taken = bytearray(len(text))
    for each in seen:  # the surer rules come first
        if taken.find(1, each.start, each.end) < 0:
            taken[each.start : each.end] = b"\x01" * (each.end - each.start)
            apart.append(each)
    return tuple(sorted(apart, key=lambda each: each.start))


def _by_rule(reading: Reading) -> Iterator[Identifier]:
    yield from find_links(reading.lowered)
    if reading.digits:
        yield from find_labelled(reading)
        yield from find_dates(reading)
    yield from find_places(reading)
    if reading.digits:
        yield from find_forms(reading)
    yield from find_ages(reading)
    yield from find_names(reading)
