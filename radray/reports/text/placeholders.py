"""Texts that say nothing: what stands in a field or under a heading so that it is not empty ("nan", "See impression.").

Senders fill obligatory fields so, and tables write missing values so. As findings, such a text would have a model write
an impression from nothing; as an impression, it would teach a model to write "As above.".
"""

import re
from functools import lru_cache

_LONGEST = 160
"""Longer texts say something: the longest placeholders send the reader to "the separately dictated report ..."."""

_LOST = frozenset({"nan", "null", "nat", "undefined"})
"""As programs write a value that is missing, in any field: no person writes them."""

_PART = r"""(?:findings?|impressions?|conclusions?|reports?|narratives?|interpretations?|results?|dictations?|texts?
    |comments?|summary|discussion|description|notes?|addend(?:um|a)|documents?|attachments?|(?:main\ )?body)"""
_WHICH = r"""(?:the|this|that|my|our|its|and|separate|separately|dictated|attached|full|final|official|complete|formal
    |scanned|accompanying|corresponding|concurrent|same\ day|combined|detailed|dedicated|original|prior|previous
    |radiology|imaging|procedure|operative|clinical|written|ct|cta|mri?|mra|us|ultrasound|sonogra(?:m|phic)|pet|x\ ?ray
    |radiograph(?:y|ic)?|chest|abdom(?:en|inal)|pelvi[sc]|head|brain|spine|above|below|following|other)"""
_PLACE = rf"""(?:above|below|elsewhere|separately|pacs
    |(?:{_WHICH}\ )*{_PART}(?:\ (?:and\ )?(?:{_PART}|section|above|below|of|the|this))*)"""
_WHY = rf"""(?:\ for\ (?:(?:the|more|any|all|full|further|complete|additional|specific|relevant)\ )*
    (?:details?|information|{_PART})(?:\ and\ {_PART})?)?"""
_SAYS = r"""(?:described|noted|stated|mentioned|detailed|discussed|documented|reported|dictated|outlined|given|listed
    |indicated)"""
_ABSENT = r"""(?:available|applicable|provided|given|stated|specified|dictated|documented|reported|recorded|entered
    |included|transcribed|found|on\ file|listed)"""
_NOTHING = re.compile(
    rf"""
    nan|nil|null|nat|undefined|none|n\ ?/?\ ?a|tb[ad]|blank|empty|same|ditto|unknown|unavailable|pending|above|below
    |to\ follow
    |(?:none|not)\ (?:yet\ )?{_ABSENT}
    |no\ {_PART}(?:\ (?:is|was|are|were))?(?:\ (?:yet\ )?{_ABSENT})?
    |(?:{_WHICH}\ )*{_PART}(?:\ (?:is|are|was|will\ be|to\ be))?
        (?:\ (?:not\ (?:yet\ )?{_ABSENT}|unavailable|pending|to\ follow|forthcoming|dictated(?:\ separately)?))?
    |dictated(?:\ separately)?
    |(?:(?:{_WHICH}\ )*{_PART}\ )?(?:(?:is|are|was|were)\ )?(?:please\ )?
        (?:see|refer\ to|as\ per|per|same\ as|as\ in|as|(?:as\ )?{_SAYS}(?:\ (?:in|under|by|at))?)\ {_PLACE}{_WHY}
    |(?:(?:{_WHICH}\ )*{_PART}\ )?(?:(?:is|are|was|were)\ )?as\ {_SAYS}
    """,
    re.VERBOSE,
)
_SENTENCES = re.compile(r"[.;:!?]+(?:\s+|$)")
_NO_WORD = re.compile(r"[^\w/]+|_+")


def says_nothing(text: str) -> bool:
    """Return whether the cleaned `text` is a placeholder from beginning to end: no findings, and no impression.

    So are blank text, masks and marks alone, "None.", "N/A", "Not available.", "See impression.", "As above.",
    "Findings as described below." and "No findings.", which may be an answer or a field that was left empty. "Normal.",
    "Unremarkable." and "No change." are content.
    """
    return len(text) <= _LONGEST and _says_nothing(text)


@lru_cache(maxsize=16_384)
def _says_nothing(text: str) -> bool:
    for sentence in _SENTENCES.split(text.casefold().replace("n.a.", "n/a")):
        words = _NO_WORD.sub(" ", sentence).strip()
        if any(character.isalnum() for character in words) and _NOTHING.fullmatch(words) is None:
            return False
    return True


def is_missing(value: str) -> bool:
    """Return whether `value`, of any field, is what a program writes for none: "nan", "NULL", "NaT", "undefined"."""
    return len(value) <= 10 and value.strip(" .<>#").casefold() in _LOST
