"""Indication and comparison out of a background that its source gives as a whole, as MEDIQA 2021 does."""

import re
from typing import NamedTuple

from radray.reports.text.sections import parse

# a background is written from the sections of a report, its parts joined by whatever its writer chose: "Cough,
# Comparison: None", "Cough | COMPARISON: None"; in a report these are headings only at the beginning of a sentence
_HEADING = re.compile(
    r"(?<=[ \t,;|/])(?:comparisons?(?: stud(?:y|ies))?|indications?|technique|(?:clinical )?history"
    r"|exam(?:ination)?)[ ]?:",
    re.IGNORECASE,
)
_JOINTS = " \t\r\n,;|/"


class BackgroundParts(NamedTuple):
    """What a background says under its own headings."""

    indication: str | None
    """Indication and history."""
    comparison: str | None


def background_parts(background: str | None) -> BackgroundParts:
    """Return the indication and comparison under their headings in `background`, not cleaned; None where there is none.

    Blank text, or text without headings, has neither.
    """
    if not background or ":" not in background:
        return BackgroundParts(None, None)
    sections = parse(_HEADING.sub(r"\n\n\g<0>", background))
    texts = [(sections.get(name) or "").strip(_JOINTS) for name in ("indication", "history", "comparison")]
    return BackgroundParts("\n\n".join(filter(None, texts[:2])) or None, texts[2] or None)
