"""Text that anybody may have written, as characters that all can be seen and none of which steers the page."""

import unicodedata

_KEPT = "\n"
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories of control, format (bidi, zero width, tags), lone surrogate, private, unassigned, separators."""
_MOST_MARKS = 4
"""Combining marks in a row that scripts need; what comes after them only covers the lines above and below."""


def visible(text: str) -> str:
    """Return `text` with every control, bidi or otherwise invisible character as ``[U+202E]``; line breaks are kept.

    A tab is a space. Of a run of combining marks the first 4 are kept. Not escaped for HTML: the template does that.
    """
    if text.isascii() and text.isprintable():
        return text
    found: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if character == "\t":
            found.append(" ")
        elif character not in _KEPT and (category in _HIDDEN or marks > _MOST_MARKS):
            found.append(f"[U+{ord(character):04X}]")
        else:
            found.append(character)
    return "".join(found)
