"""From the bytes of a report to text: one rule for every format that does not declare its encoding."""

import codecs
import re

_BYTE_ORDER_MARKS = (
    # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UTF8_MARK = codecs.BOM_UTF8
_MARKED = tuple(mark for mark, _ in _BYTE_ORDER_MARKS)
# What "surrogateescape" turns bytes that are not UTF-8 into.
_NOT_UTF8 = re.compile("[\udc80-\udcff]+")
# Half of a surrogate pair written as if it were UTF-8: never text in Windows-1252 (an i, a space or sign, ...).
_LONE_SURROGATE = re.compile("\udced[\udca0-\udcbf][\udc80-\udcbf]")


def decode(data: bytes) -> str | None:
    """Return the text of `data`; None for bytes that are not text. Empty data gives ''.

    A byte order mark (UTF-8, UTF-16, UTF-32) decides and is removed. Without one the encoding is UTF-8; single bytes
    that are not UTF-8 are decoded as Windows-1252, so that a UTF-8 text into which a line of Windows-1252 was pasted
    keeps its letters. Not text: NUL characters (as in UTF-16 without a mark), bytes that neither encoding has, half
    of a surrogate pair, UTF-16 or UTF-32 cut inside a character.
    """
    for mark, encoding in _BYTE_ORDER_MARKS if data.startswith(_MARKED) else ():
        if data.startswith(mark):
            try:
                text = data[len(mark) :].decode(encoding)
            except UnicodeDecodeError:
                return None
            return None if "\x00" in text else text
    if b"\x00" in data:
        return None
    data = data.removeprefix(_UTF8_MARK)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "surrogateescape")
    if _LONE_SURROGATE.search(text):
        return None
    try:
        return _NOT_UTF8.sub(_windows_1252, text)
    except UnicodeDecodeError:
        return None


def _windows_1252(match: re.Match[str]) -> str:
    return match.group().encode("utf-8", "surrogateescape").decode("cp1252")
