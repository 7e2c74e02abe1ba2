"""Answers that are lists, as a model writes them: "pleural effusion: present, left; edema: uncertain", or "none"."""

from collections.abc import Collection, Sequence

from radray.tasks.answering import Entry

NONE = "none"
"""An empty list."""


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
    text = " ".join(text.lower().split()).rstrip(" .;")
    if text == NONE:
        return ()
    ids = {_words(name): name for name in names}
    state_of, place_of = ({_words(id): id for id in known} for known in (states, places))
    entries: dict[str, Entry] = {}
    for part in text.split(";"):
        name, _, rest = part.partition(":")
        state, comma, place = rest.partition(",")
        entry = Entry(
            ids.get(name.strip(), ""), state_of.get(state.strip(), ""), place_of.get(place.strip()) if comma else None
        )
        if not entry.name or not entry.state or (comma and entry.place is None):
            return None
        if entries.setdefault(entry.name, entry) != entry:
            return None
    return tuple(entries[name] for name in names if name in entries)
