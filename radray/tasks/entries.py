"""Answers that are lists, as a model writes them: "pleural effusion: present, left; edema: uncertain", or "none"."""

from collections.abc import Collection, Sequence

from radray.tasks.answering import Entry

NONE = "none"
"""An empty list."""
SIDES = {"left": frozenset({"left"}), "right": frozenset({"right"}), "bilateral": frozenset({"left", "right"})}
"""Sides by the place that says them."""
_PLACE_OF = {sides: place for place, sides in SIDES.items()}


def place_of(sides: frozenset[str]) -> str | None:
    """Return the place that says `sides`, a set of left and right; None: it is empty."""
    return _PLACE_OF.get(sides)


def sides_of(place: str | None) -> frozenset[str]:
    """Return the sides that `place` begins with: "right, stomach"; empty for None and a place without a side."""
    return SIDES.get((place or "").partition(",")[0], frozenset())


def write_entries(entries: Sequence[Entry]) -> str:
    """Return `entries` as a model learns to write them; NONE for an empty list."""
    return "; ".join(_write(entry) for entry in entries) or NONE


def _write(entry: Entry) -> str:
    place = "" if entry.place is None else f", {_words(entry.place)}"
    return f"{_words(entry.name)}: {_words(entry.state)}{place}"


def _words(id: str) -> str:
    return id.replace("_", " ")


def parse_entries(
    text: str, names: Sequence[str], states: Collection[str], places: Collection[str]
) -> tuple[Entry, ...] | None:
    """Return the entries that `text` lists, in the order of `names`; () for "none".

    None where any of it is no entry of a name, state and place that are known, or says two things of one name: what
    is left of a list would pass for all of it. Case, spaces, a repeated entry and a stop at the end do not matter.
    """
    text = " ".join(text.lower().replace(",", ", ").split()).rstrip(" .;")
    if text == NONE:
        return ()
    ids = {_words(name): name for name in names}
    state_named, place_named = ({_words(id): id for id in known} for known in (states, places))
    entries: dict[str, Entry] = {}
    for part in text.split(";"):
        name, _, rest = part.partition(":")
        state, comma, place = rest.partition(",")
        entry = Entry(
            ids.get(name.strip(), ""),
            state_named.get(state.strip(), ""),
            place_named.get(place.strip()) if comma else None,
        )
        if not entry.name or not entry.state or (comma and entry.place is None):
            return None
        if entries.setdefault(entry.name, entry) != entry:
            return None
    return tuple(entries[name] for name in names if name in entries)
