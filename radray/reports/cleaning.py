"""Cleaning of report text: the same for every source, keeping what the text says.

What is mended, in this order: characters (NFC, no control characters), markup (HTML entities and tags, HL7
escapes), masks of de-identification (to ``___``), marks of list items, paragraphs without a stop, white space,
stray dots, missing spaces. A mark of an item ("2.", "-") goes and leaves the end of a sentence behind; a number
that is part of the text ("rib 7.", "1.9 x 1.8 cm", "T12.") stays.
"""

import html
import re
import unicodedata

from radray.reports.items import find_marks, without_marks

MASK = "___"
"""What every removed word becomes, whatever the source put there; MIMIC-CXR's own mask."""

_MAX_PASSES = 8
"""Passes until nothing changes: real text needs 2; nested escapes made on purpose must not loop for long."""

# Control, format (soft hyphen, zero width, direction marks) and lone surrogate characters; white space is not here.
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060\ufeff\ud800-\udfff]")
# With the semicolon only: without it "PA&lateral" would lose letters.
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ESCAPED_AMPERSAND = re.compile(r"&(?:(?:amp|AMP|#0{0,4}38|#[xX]0{0,4}26);)+")
_TAG = re.compile(r"<\s*+/?\s*+(?:br|p|div|span|b|i|u|li|ul|ol)\s*+/?\s*+>", re.IGNORECASE)
# Fields of a dictation template that were left open: "[<Heart size is normal.>]".
_TEMPLATE_FIELD = re.compile(r"\[<|>\]")
# HL7 v2, section 2.7: delimiters, highlighting, hexadecimal data, formatting commands.
_HL7 = re.compile(r"\\(?:([FSTRE])|([HN])|X((?:[0-9A-Fa-f]{2})+)|\.[a-z]{2}[ +-]?[0-9]{0,3})\\")
_HL7_DELIMITERS = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\"}
# XXXX: Open-i. ____: MEDIQA's Indiana file. [**...**]: MIMIC-III. ___: MIMIC-CXR.
_MASKS = (
    ("XXXX", re.compile(r"XXXXX*+")),
    ("__", re.compile(r"___*+")),
    ("[**", re.compile(r"\[\*\*[^\[\]]{0,200}\*\*\]")),
)

# Takes the blank lines whether or not a capital follows: else each of n blank lines would look n ahead.
_PARAGRAPH = re.compile(r"\n[ \t]*+\n\s*+")
_DOTS = re.compile(r" ?\.(?: ?\.)+(?![0-9]) ?")
_DOT_BETWEEN = re.compile(r" \.(?=[A-Za-z_])")
_DOT_AFTER_SPACE = re.compile(r"(?:[,;] ?| )\.(?![0-9.])")
_COMMA_AFTER_SPACE = re.compile(r" ([,;])(?= |$)")
_LEADING = re.compile(r"(?:[ ,;:]|\.(?![0-9]))+")
# "clear.No effusion", "(image 3).No", "C5.Normal"; never "p.m.", "1.5", "L1.L2" or "vs.Left".
_STOP_WITHOUT_SPACE = re.compile(
    r"\.(?:(?<=[A-Za-z]{3}\.)|(?<=[0-9)\]_]\.))(?=[A-Z][A-Za-z ]|___)",
)


def clean(text: str) -> str:
    """Return `text` cleaned: one line, single spaces, no item marks, masks as ``___``.

    Idempotent. Blank text, and text of nothing but stray dots, gives ''.
    """
    for _ in range(_MAX_PASSES):
        cleaned = _pass(text)
        if cleaned == text:
            break
        text = cleaned
    return text


def split_items(text: str) -> list[str]:
    """Return the items of a numbered or bulleted `text` as they came, without their marks.

    Text before the first mark is an item of its own; text without marks is one item; blank text gives [].
    """
    edges = [0]
    for mark in find_marks(text):
        edges += [mark.start, mark.end]
    edges.append(len(text))
    items = (text[start:end].strip() for start, end in zip(edges[::2], edges[1::2], strict=True))
    return [item for item in items if item]


def _pass(text: str) -> str:
    text = _with_plain_characters(text)
    if "\n" in text:
        text = _PARAGRAPH.sub(_paragraph, text)
    text = without_marks(text)
    text = " ".join(text.split())
    return _with_mended_stops(text)


def _paragraph(match: re.Match[str]) -> str:
    """Return what divides two paragraphs: a stop, where the first ends without one and a capital begins the next."""
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
    if "[<" in text or ">]" in text:
        text = _TEMPLATE_FIELD.sub("", text)
    if "\\" in text:
        text = _HL7.sub(_hl7, text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    for beginning, mask in _MASKS:
        if beginning in text:
            text = mask.sub(MASK, text)
    return text


def _hl7(match: re.Match[str]) -> str:
    delimiter, highlight, data = match.group(1, 2, 3)
    if delimiter:
        return _HL7_DELIMITERS[delimiter]
    if data:
        return bytes.fromhex(data).decode("latin-1")
    return "" if highlight else "\n"


def _with_mended_stops(text: str) -> str:
    if ".." in text or ". ." in text:
        text = _DOTS.sub(". ", text)
    if " ." in text or ",." in text or ";." in text:
        text = _DOT_BETWEEN.sub(". ", text)
        text = _DOT_AFTER_SPACE.sub(".", text)
    if " ," in text or " ;" in text:
        text = _COMMA_AFTER_SPACE.sub(r"\1", text)
    leading = _LEADING.match(text)
    if leading:
        text = text[leading.end() :]
    text = _STOP_WITHOUT_SPACE.sub(". ", text)
    return text.rstrip()
