"""Where an addendum begins that its heading does not show alone: "-- Addendum by ___ --", "Amended on ___: ..."."""

import re

Heading = tuple[int, int, str]
"""Start and end of a heading, in the text with one character put before it, and the section's name."""

_WORDS = (
    r"(?:final[ ])?(?:addendum|addenda|amendment)|"
    r"(?:amended|corrected|revised|supplement(?:al|ary)|correction)"
    r"(?:[ ]report|(?=[ ]*[:\#(0-9*\]=-]|[ ](?:on|by|to)\b))"
)
_NUMBER = r"[ ]*(?:\#?[ ]?[0-9]{1,2}(?![0-9/.-])|\#)?"
_LINE = r"(?:[^.:\n]|(?<=\bDr)\.|(?<=\b[A-Z])\.){0,60}"
_MARKS = r"[-=*\[]{1,80}+[ ]?"
_ADDENDUM = re.compile(
    rf"""(?:\n[ \t]*+|(?<=[.!?;:)\]_*])[ \t]{{0,8}}+)(?:
        # "Addendum to report:", "AMENDMENT #1:", "Amended 3/4/2026:"
        (?:{_MARKS})?(?:{_WORDS}){_NUMBER}
            (?:[ ](?:to|by|on|of|from|at|dated|report|start|begins)\b|[ ]?[(]?[0-9])?{_LINE}:
        # "*** ADDENDUM ***", "[Addendum]", "-- Addendum by ___ on ___ --"
        | {_MARKS}(?:{_WORDS}){_NUMBER}(?:[ ][^\n]{{0,60}}?|)[ ]?[-=*\]]{{1,80}}+
        # "Addendum 3/4/2026", "ADDENDUM BEGINS"
        | (?:final[ ])?addendum
            (?:[ ](?:begins|start(?:s|ed)?)\b[ ]?[0-9/.:-]{{0,20}}+|[ ][-(]?[ ]?[0-9]{{1,2}}[/.-][0-9/.: -]{{2,20}}+)
        | (?:this[ ])?report[ ](?:was|has[ ]been|is)?[ ]?(?:amended|corrected|addended|revised)[ ](?:on|by|at)\b
    )""",
    re.VERBOSE | re.IGNORECASE,
)
# on one line with the report, in capitals alone, or with a colon though no stop comes before
_IN_CAPITALS = re.compile(
    r"(?<=[.!?;:)\]_*])[ \t]{1,8}+(?:FINAL[ ])?ADDEND(?:UM|A)\b"
    r"|(?<!\bSEE)(?<!\bTHE)(?<!\bPER)(?<!\bsee)(?<!\bthe)[ ]ADDENDUM[ ]?:"
)


def find_addenda(text: str) -> list[Heading]:
    """Return the beginnings of addenda in `text`, in order; [] for none. Each line of `text` follows a line feed.

    They begin a line or follow a stop: "see the addendum: ..." is none.
    """
    if not _may_hold_addenda(text):
        return []
    matches = [*_ADDENDUM.finditer(text), *_IN_CAPITALS.finditer(text)]
    places = sorted((match.start() + (match.group()[0] == "\n"), match.end()) for match in matches)
    return [(start, end, "addendum") for start, end in places]


def _may_hold_addenda(text: str) -> bool:
    # substrings: a regular expression takes 20 times as long; "recommended" is in every other report
    return (
        "ddend" in text
        or "DDEND" in text
        or "AMEND" in text
        or "Amend" in text
        or ("mended" in text and "amended" in text)
        or "orrect" in text
        or "ORRECT" in text
        or "evised" in text
        or "EVISED" in text
        or "upplement" in text
        or "UPPLEMENT" in text
    )
