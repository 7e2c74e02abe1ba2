"""Cleaning of report text, the same for every source, without changing its meaning.

In this order: characters (NFC, no control characters), markup (HTML entities and tags, HL7 escapes), masks of
de-identification (to ``___``), marks of list items, paragraphs without a full stop, white space, stray dots, missing
spaces and full stops. A mark of a list item ("2.", "b)", "-") is removed and the sentence before it ended; a number
that is part of the text ("rib 7.", "1.9 x 1.8 cm", "T12.") stays.
"""

import html
import re
import unicodedata
from functools import lru_cache

from radray.reports.text.items import find_marks, without_marks
from radray.reports.text.masks import may_hold_masks, with_masks

_SHORT = 80
"""Results for texts of up to this many characters are cached: "None.", the exam, "No acute process." recur."""
_MAX_PASSES = 8
"""Passes until nothing changes, at most: real text needs 2; maliciously nested escapes must not loop for long."""

# Control, format (soft hyphen, zero width, direction marks) and lone surrogate characters, but no white space.
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060\ufeff\ud800-\udfff]")
# With the semicolon only: without it "PA&lateral" would lose letters.
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ESCAPED_AMPERSAND = re.compile(r"&(?:(?:amp|AMP|#0{0,4}38|#[xX]0{0,4}26);)+")
_TAG = re.compile(
    r"<\s*+/?\s*+(?:br|p|div|span|b|i|u|li|ul|ol|em|strong|font|pre|h[1-6]|t[drh]|table|tbody|html|body)"
    r"(?:\s[^<>]{0,200}+)?/?>",
    re.IGNORECASE,
)
# HL7 v2, section 2.7: delimiters, highlighting and changes of character set, hexadecimal data, formatting commands.
_HL7 = re.compile(
    r"\\(?:([FSTRE])|([HN]|[CM][0-9A-Fa-f]{4,6})|X((?:[0-9A-Fa-f]{2}){1,256})|\.[a-z]{2}[ +-]?[0-9]{0,3})\\"
)
_HL7_DELIMITERS = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\"}

# "=====", also where line ends were lost; "-----" and "~~~~" alone on their line
_RULE = re.compile(r"(?<!\S)={3,}+(?!\S)|(?m:^[ \t]*+(?:-{4,}+|~{3,}+|_{5,}+)[ \t]*+$)")
# Matches blank lines whether or not a capital follows: else each of n blank lines would scan n ahead.
_PARAGRAPH = re.compile(r"\n[ \t]*+\n\s*+")
_DOTS = re.compile(r" ?\.(?: ?\.)+(?![0-9]) ?")
_DOT_BETWEEN = re.compile(r" \.(?=[A-Za-z_])")
_DOT_AFTER_SPACE = re.compile(r"(?:[,;] ?| )\.(?![0-9.])")
_COMMA_AFTER_SPACE = re.compile(r" ([,;])(?= |$)")
_BEFORE_TEXT = " ,;:."
_LEADING = re.compile(r"(?:[ ,;:]|\.(?![0-9]))+")
# "clear.No effusion", "(image 3).No", "C5.Normal", "4 mm.No"; never "p.m.", "1.5", "L1.L2" or "vs.Left".
_STOP_WITHOUT_SPACE = re.compile(
    r"\.(?=[A-Z][A-Za-z ]|___)(?:(?<=[A-Za-z]{3}\.)|(?<=[0-9)\]_]\.)|(?<= [cm]m\.))",
)
# "Normal chest No evidence of": a line end that was lost with the full stop (5 of 3,294 texts of Open-i). Only before
# words that always begin a sentence, after a word in lower case: names and measurements are never matched.
_LOST_STOPS = (
    (" No ", re.compile(r" No (?<=[a-z]{3} No )(?=(?:acute|evidence|focal|known|pleural|pneumothorax|significant)\b)")),
    (" There ", re.compile(r" There (?<=[a-z]{3} There )(?=(?:is|are|has|have)\b)")),
    (" The ", re.compile(r" The (?<=[a-z]{3} The )(?=(?:lungs?|heart|cardiac|cardiomediastinal|mediastin\w+)\b)")),
)


def clean(text: str) -> str:
    """Return `text` cleaned: one line, single spaces, no list marks, masks as ``___``.

    Idempotent. Blank text, and text of nothing but stray dots, gives ''.
    """
    return _clean(text) if len(text) > _SHORT else _clean_short(text)


@lru_cache(maxsize=16_384)
def _clean_short(text: str) -> str:
    return _clean(text)


def _clean(text: str) -> str:
    for _ in range(_MAX_PASSES):
        text, settled = _pass(text)
        if settled:
            break
    return text


def clean_items(text: str) -> tuple[str, tuple[str, ...]] | tuple[None, None]:
    """Return `text` cleaned, and its list items in order, each cleaned; (None, None) where nothing is left."""
    return _clean_items(text) if len(text) > _SHORT else _clean_short_items(text)


@lru_cache(maxsize=16_384)
def _clean_short_items(text: str) -> tuple[str, tuple[str, ...]] | tuple[None, None]:
    return _clean_items(text)


def _clean_items(text: str) -> tuple[str, tuple[str, ...]] | tuple[None, None]:
    cleaned = clean(text)
    if not cleaned:
        return None, None
    if not text.isascii() or _may_hold_markup(text):
        text = _with_plain_characters(text)
    parts = split_items(text)
    if len(parts) < 2:
        return cleaned, (cleaned,)
    items = (clean(part) for part in parts)
    return cleaned, tuple(item for item in items if item)


def split_items(text: str) -> list[str]:
    """Return the items of a numbered or bulleted `text`, not cleaned, without their marks.

    Text before the first mark is an item of its own; text without marks is a single item; blank text gives [].
    """
    marks = find_marks(text)
    if not marks:
        return [text.strip()] if text.strip() else []
    edges = [0]
    for mark in marks:
        edges += [mark.start, mark.end]
    edges.append(len(text))
    items = (text[start:end].strip() for start, end in zip(edges[::2], edges[1::2], strict=True))
    return [item for item in items if item]


def _pass(text: str) -> tuple[str, bool]:
    """Return `text` after one pass, and whether another would change nothing: this one changed white space alone."""
    before = " ".join(text.split())
    mended = text
    if _may_hold_markup(before) or not (before.isascii() and before.isprintable()):
        mended = _with_plain_characters(text)
    if "\n" in mended:
        mended = _PARAGRAPH.sub(_paragraph, mended)
    mended = without_marks(mended)
    joined = before if mended == text else " ".join(mended.split())
    cleaned = _with_mended_stops(joined)
    return cleaned, joined == before and cleaned == joined


def _may_hold_markup(text: str) -> bool:
    """Return whether `text` may hold markup, escapes or masks; most texts do not."""
    return "&" in text or "\\" in text or _may_hold_rules(text) or may_hold_masks(text)


def _may_hold_rules(text: str) -> bool:
    return ("=" in text and "===" in text) or ("-" in text and "----" in text) or "~~~" in text or "_____" in text


def _paragraph(match: re.Match[str]) -> str:
    """Return what joins two paragraphs: a full stop, if the first ends without one and a capital begins the next."""
    if not match.string[match.end() : match.end() + 1].isupper():
        return "\n"
    before = match.string[max(0, match.start() - 80) : match.start()].rstrip()[-1:]
    return ". " if before.isalnum() or (before and before in "_)]%") else "\n"


def _with_plain_characters(text: str) -> str:
    text = _INVISIBLE.sub("", text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if "&" in text:
        text = _ESCAPED_AMPERSAND.sub("&", text)
        text = _ENTITY.sub(lambda match: html.unescape(match.group()), text)
    if "<" in text:
        text = _TAG.sub("\n", text)
    if "\\" in text:
        text = _HL7.sub(_hl7, text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _may_hold_rules(text):
        text = _RULE.sub("", text)
    return with_masks(text)


def _hl7(match: re.Match[str]) -> str:
    delimiter, highlight, data = match.group(1, 2, 3)
    if delimiter:
        return _HL7_DELIMITERS[delimiter]
    if data:
        return bytes.fromhex(data).decode("latin-1")
    return "" if highlight else "\n"


def _with_mended_stops(text: str) -> str:
    # finding one character takes a fifth of the time of finding two; most texts lack ";" and many ","
    original, loose = text, _has_stop_without_space(text)
    comma, semicolon = "," in text, ";" in text
    if (loose and ".." in text) or (" ." in text and ". ." in text):
        text = _DOTS.sub(". ", text)
    if " ." in text or (comma and ",." in text) or (semicolon and ";." in text):
        text = _DOT_BETWEEN.sub(". ", text)
        text = _DOT_AFTER_SPACE.sub(".", text)
    if (comma and " ," in text) or (semicolon and " ;" in text):
        text = _COMMA_AFTER_SPACE.sub(r"\1", text)
    if text[:1] in _BEFORE_TEXT and (leading := _LEADING.match(text)):
        text = text[leading.end() :]
    if loose if text == original else _has_stop_without_space(text):
        text = _STOP_WITHOUT_SPACE.sub(". ", text)
    # counting is 10 times as fast as the expression, and nearly always every "There" has its full stop
    if text.count(" No ") != text.count(". No ") or text.count(" The") != text.count(". The"):
        for words, lost in _LOST_STOPS:
            text = lost.sub(f".{words}", text)
    return text.rstrip()


def _has_stop_without_space(text: str) -> bool:
    # counting is 10 times as fast as an expression
    return text.count(".") != text.count(". ") + text.endswith(".")
