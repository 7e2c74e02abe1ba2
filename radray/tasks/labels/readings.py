"""The labels of a report, read from the codes that people gave it, or by our rules from its text."""

from collections.abc import Iterable, Sequence

from radray.language.mentions import State, find_mentions
from radray.tasks.answering import Entry
from radray.tasks.codes import CODED, meets
from radray.tasks.entries import SIDES, place_of, sides_of
from radray.tasks.labels.labels import LABELS, labels_above, labels_of

STATES = (State.PRESENT.value, State.UNCERTAIN.value, State.ABSENT.value)
"""The states of a label, of which an earlier one prevails over a later one."""

_ALSO = {
    "lung_opacity": ("density/lung", "density/retrocardiac"),
    "lung_lesion": ("opacity/round", "density/round"),
    "airspace_disease": ("opacity/pulmonary alveoli",),
}
"""Codes of labels beside those of `codes.CODED`, from the training part of Open-i: people coded many a nodule so."""
_CODES = tuple((concept.id, (*concept.codes, *_ALSO.get(concept.id, ()))) for concept in CODED)

Reading = dict[str, tuple[str, frozenset[str]]]
"""State and sides by label."""


def read_codes(codes: Iterable[frozenset[str]]) -> tuple[Entry, ...]:
    """Return the labels of the parsed `codes` of a report, each present; () for none, as of a normal report.

    Codes of no label, such as a hiatal hernia, are left out.
    """
    reading: Reading = {}
    for code in codes:
        sides = frozenset[str]().union(*(SIDES[word] for word in code & SIDES.keys()))
        for concept, wanted in _CODES:
            if any(meets((code,), each) for each in wanted):
                for label in labels_of(concept):
                    _add(reading, label, State.PRESENT, sides)
    return concise(reading)


def read_texts(texts: Iterable[str]) -> tuple[Entry, ...]:
    """Return the labels of a report's `texts` by `find_mentions`, the strongest state of each; () for no text.

    That a kind is absent says nothing of the label it is a kind of: "no mass" leaves a nodule open.
    """
    reading: Reading = {}
    for text in texts:
        for mention in find_mentions(text):
            labels = labels_of(mention.concept)
            if mention.state != State.ABSENT or mention.concept in labels:
                for label in labels:
                    _add(reading, label, mention.state, mention.sides)
    return concise(reading)


def _add(reading: Reading, label: str, state: State, sides: frozenset[str]) -> None:
    known, known_sides = reading.get(label, (state.value, frozenset()))
    if known == state:
        reading[label] = (known, known_sides | sides)
    elif STATES.index(state) < STATES.index(known):
        reading[label] = (state.value, sides)


def concise(reading: Reading) -> tuple[Entry, ...]:
    """Return `reading` as entries in the order of LABELS, without labels that another says: an opacity, by pneumonia.

    A label is kept where it says more: it is certain and its kind only possible, or has a side that its kind has not.
    One that is denied is left out where a kind of it is there.
    """
    kept = []
    for label, (state, sides) in sorted(reading.items(), key=lambda each: LABELS.index(each[0])):
        if not any(
            label in labels_above(kind)
            and kind_state != State.ABSENT
            and STATES.index(kind_state) <= STATES.index(state)
            and (state == State.ABSENT or sides <= kind_sides)
            for kind, (kind_state, kind_sides) in reading.items()
        ):
            kept.append(Entry(label, state, None if state == State.ABSENT else place_of(sides)))
    return tuple(kept)


def positives(entries: Sequence[Entry]) -> Reading:
    """Return the labels of `entries` that are present or uncertain, and those that they are kinds of."""
    reading: Reading = {}
    for name, state, place in entries:
        if state != State.ABSENT:
            for label in {name, *labels_above(name)}:
                _add(reading, label, State(state), sides_of(place))
    return reading
