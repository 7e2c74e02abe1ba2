"""Untrusted text made safe to show: every character visible, none that changes the layout of the page."""

import unicodedata

_KEPT = "\n"
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories of control, format (bidi, zero width, tags), lone surrogate, private, unassigned, separators."""
_MOST_MARKS = 4
"""Combining marks in a row that scripts need; more of them only cover the lines above and below."""


def visible(text: str) -> str:
    """Return `text` with every control, bidi or other invisible character as ``[U+202E]``; line breaks are kept.

    A tab becomes a space. Of combining marks in a row the first 4 are kept. The text is not escaped for HTML: the
    template does that.
    """
    if text.isascii() and text.isprintable():
        return text
    characters: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if character == "\t":
            characters.append(" ")
        elif character not in _KEPT and (category in _HIDDEN or marks > _MOST_MARKS):
            characters.append(f"[U+{ord(character):04X}]")
        else:
            characters.append(character)
    return "".join(characters)
