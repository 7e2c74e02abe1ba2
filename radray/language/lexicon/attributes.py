"""Attributes of findings: side, severity, location and change, each word with its normal form."""

from radray.language.lexicon.concept import expand, words_of

_WORDS = words_of("attributes.toml")

LEFT = frozenset({"left"})
RIGHT = frozenset({"right"})
BOTH = LEFT | RIGHT

SIDES: dict[str, frozenset[str]] = {
    word: {"left": LEFT, "right": RIGHT, "both": BOTH}[side]
    for side, packed in _WORDS["sides"].items()
    for word in packed
}
"""Words of a side; bilateral means both. Lobes that only one lung has imply its side."""

DIRECTIONS: dict[str, frozenset[str]] = {
    word: {"left": LEFT, "right": RIGHT}[side] for side, packed in _WORDS["directions"].items() for word in packed
}
"""Words of a direction: the side of a shift, and of nothing else."""

MOVED = frozenset(_WORDS["moved"]["words"])
"""Words of a shift, after which "to the left" is a direction."""

SEVERITIES = ("borderline", "trace", "mild", "moderate", "severe")
"""The scale, lowest first. "Small" and "mild", "large" and "severe" are the same step: a size is the severity of a
collection, and reports use both for the same finding. Of two ("small to moderate") the greater is taken."""

SEVERITY_WORDS: dict[str, str] = {
    word: severity for severity, packed in _WORDS["severities"].items() for word in packed
}

LOCATIONS: dict[str, list[str]] = _WORDS["locations"]
"""Locations, each with its phrases. A "frontal" view is not a location: see `NOT_PLACES`."""

NOT_PLACES: list[str] = _WORDS["not_places"]["phrases"]
"""Phrases that contain a word of a location without naming one."""

CHANGES: dict[str, list[str]] = {
    change: [phrase for packed in phrases for phrase in expand(packed)] for change, phrases in _WORDS["changes"].items()
}
"""Phrases of a change since an earlier examination. A resolved finding is absent; an unchanged one is present."""
