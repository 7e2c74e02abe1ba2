"""From HL7 v2 bytes to messages and their segments: batches, MLLP frames, every line end, delimiters and escapes.

No library splits them; the tests compare with python-hl7. Of reports with 25 segments, a segment a line, that library
parses 420 a second and this module 10,000; it knows only carriage returns as line ends, drops what follows an invalid
escape, and logs the field, which is report text. hl7apy is another 20 times slower.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from radray.reports.text.decoding import decode
from radray.reports.wire.pieces import Chunks

MAX_MESSAGE_BYTES = 16 << 20
"""A message may hold the PDF of its report beside the text; its text is limited to MAX_REPORT_BYTES."""
MAX_GROUPS = 1_000
"""PID and OBR segments of a message; more are TOO_LARGE. A message is of one order, or of a few read together."""
MAX_SEGMENTS = 50_000
"""Segments of a message; more are TOO_LARGE: senders that write a line a segment have a few hundred, and 16 MB of empty
segments take 1.5 GB when they are split."""

_ENVELOPE = (b"FHS", b"BHS", b"BTS", b"FTS")
# MLLP (HL7 v2 implementation guide, appendix C): <VT> message <FS><CR>
_FRAME_START, _FRAME_END = b"\x0b", b"\x1c"
_SIGNS_BEFORE_TEXT = {b"OBX": 5, b"NTE": 3}
"""Field separators before the text of a segment."""
_ENDS = re.compile(rb"[\r\n\x0b\x1c]")
_SEGMENT = re.compile(rb"[A-Z][A-Z0-9]{2}")
_HEADER_INSIDE = re.compile(rb"(?<=.)MSH(?=[^A-Za-z0-9\s][^A-Za-z0-9\s]{2,4}[^A-Za-z0-9\s])", re.DOTALL)

_CHARSETS = {
    # HL7 v2 table 0211. Where senders of 8859/1 write its control characters, they mean Windows-1252.
    "8859/1": "cp1252",
    **{f"8859/{part}": f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 9, 15)},
    "GB 18030-2000": "gb18030",
    "KS X 1001": "euc_kr",
    "BIG-5": "big5",
}
_UTF8_OR_UNSTATED = frozenset({"", "ASCII", "UNICODE UTF-8", "UNICODE", "UTF-8"})


@dataclass(slots=True)
class RawMessage:
    """The bytes of one message, or of what is in its place."""

    lines: list[bytes] = field(default_factory=list)
    """Segments; empty for a message that is too large."""
    has_header: bool = True
    """Whether it begins with MSH."""
    too_large: bool = False
    malformed: bool = False
    """A line of it is neither a segment nor the continuation of a text."""
    cut: bool = False
    """The file ended inside it, by its frame, batch or stream."""
    ended: bool = True
    """Whether its last segment had a line end."""


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The delimiters of a message, as its MSH segment gives them."""

    field: str
    component: str
    repetition: str
    escape: str
    subcomponent: str

    @classmethod
    def of(cls, header: str) -> "Delimiters | None":
        """Return the delimiters in the MSH segment `header`; None if it lacks them, or has one twice."""
        sign = header[3:4]
        encoding = header[4:].partition(sign)[0] if sign else ""
        if len(header) < 5 or not 1 <= len(encoding) <= 5:
            return None
        delimiters = (sign + encoding[:4] + "^~\\&"[len(encoding) :])[:5]
        if len(set(delimiters)) != 5 or any(delimiter.isalnum() or delimiter.isspace() for delimiter in delimiters):
            return None
        return cls(*delimiters)

    def unescape(self, text: str) -> str:
        r"""Return `text` with its escape sequences decoded (HL7 v2, section 2.7); unknown ones stay unchanged.

        Formatting commands such as ``\.br\`` become line ends (``\.sk\``, skipped spaces, a space), and so does a
        carriage return in hexadecimal; highlighting is removed.
        """
        if self.escape not in text:
            return text
        mark = re.escape(self.escape)
        formats = "br|BR|sp|fi|nf|in|ti|sk|ce"
        pattern = rf"{mark}(?:([FSTRE])|([HN])|X((?:[0-9A-Fa-f]{{2}})++)|\.(?:{formats})[ +-]?[0-9]*+){mark}"
        text = re.sub(pattern, self._decode_escape, text)
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text

    def _decode_escape(self, match: re.Match[str]) -> str:
        delimiter, highlight, data = match.group(1, 2, 3)
        if delimiter:
            return {
                "F": self.field,
                "S": self.component,
                "T": self.subcomponent,
                "R": self.repetition,
                "E": self.escape,
            }[delimiter]
        if data:
            signs = bytes.fromhex(data)
            # "\\X000d\\": a character in two bytes, as some senders write line ends
            is_wide = len(signs) % 2 == 0 and not any(signs[::2]) and any(signs)
            decoded = signs.decode("utf-16-be") if is_wide else decode(signs)
            return "\x00" if decoded is None else decoded  # not text: rejected as badly encoded
        if highlight:
            return ""
        return " " if match.group().startswith(f"{self.escape}.sk") else "\n"


def read_messages(file: BinaryIO) -> tuple["Messages", Iterator[RawMessage]]:
    """Return the reader of `file`, which knows more once it was read, and its messages, one in memory at a time."""
    messages = Messages()
    return messages, messages.read(Chunks(file))


class Messages:
    """Splits a stream into messages; knows afterwards whether there were any, or the envelope of an empty batch."""

    def __init__(self) -> None:
        self.any = False
        self.any_envelope = False
        self._message: RawMessage | None = None
        self._bytes = 0
        self._groups = 0
        self._batches = 0
        self._in_batch = 0
        self._framed = False
        self._text: list[bytes] = []
        self._text_signs = 0

    def read(self, chunks: Chunks) -> Iterator[RawMessage]:
        """Yield the messages; what precedes the first, or lacks a header, is one message without a header.

        An unclosed file, batch or frame, a stream that breaks off, or a batch whose BTS-1 counts more messages, cuts
        the last message, or adds one cut message if the last is closed.
        """
        for line, end in _lines(chunks):
            if line.strip():
                yield from self._line(line, ended=bool(end))
            if end == _FRAME_START:
                yield from self._close()
                self._framed = True
            elif end == _FRAME_END:
                yield from self._close()
                self._framed = False
        unfinished = self._framed or self._batches > 0 or chunks.damaged
        if self._message is not None and unfinished:
            # also where a segment ended: it may not have been the last, and half a report is not a report
            self._message.cut, unfinished = True, False
        yield from self._close()
        if unfinished:
            yield RawMessage(has_header=False, cut=True)

    def _line(self, line: bytes, *, ended: bool) -> Iterator[RawMessage]:
        """Add a line: one segment, or several where a header is inside it (its line end was lost)."""
        starts = [0]
        if b"MSH" in line[1:]:
            starts += [match.start() for match in _HEADER_INSIDE.finditer(line)]
        for start, end in zip(starts, [*starts[1:], None], strict=True):
            yield from self._segment(line[start:end], ended=ended and end is None)

    def _segment(self, line: bytes, *, ended: bool) -> Iterator[RawMessage]:
        name = line[:3]
        if name in _ENVELOPE and not line[3:4].isalnum():
            self.any_envelope = True
            yield from self._close()
            yield from self._envelope(name, line)
            return
        if name == b"MSH" and not line[3:4].isalnum():
            self.any = True
            yield from self._close()
            self._message, self._bytes, self._groups = RawMessage(), 0, 0
            self._in_batch += 1
        elif self._message is None:
            self._message, self._bytes, self._groups = RawMessage(has_header=False), 0, 0
        elif not ended and line and any(header.startswith(line) for header in (b"MSH", *_ENVELOPE)):
            # the file ends inside the name of the segment after this message
            yield from self._close()
            self._message, self._bytes, self._groups = RawMessage(has_header=False, cut=True), 0, 0
        self._add(self._message, line, ended=ended)
        self._message.ended = ended

    def _add(self, message: RawMessage, line: bytes, *, ended: bool) -> None:
        self._bytes += len(line) + 1
        self._groups += line.startswith((b"OBR", b"PID"))
        if (
            message.too_large
            or self._bytes > MAX_MESSAGE_BYTES
            or self._groups > MAX_GROUPS
            or len(message.lines) == MAX_SEGMENTS
        ):
            message.too_large, message.lines, self._text = True, [], []
            return
        sign = message.lines[0][3:4] if message.lines else line[3:4]
        is_segment = _SEGMENT.match(line) and line[3:4] == sign
        if not message.has_header or not message.lines or is_segment:
            self._end_text(message)
            message.lines.append(line)
        elif (
            (signs := _SIGNS_BEFORE_TEXT.get(message.lines[-1][:3]))
            and self._signs(message, sign) == signs
            and not _is_like_segment(line, sign)
        ):
            # OBX-5 or NTE-3 has a raw line end in its text
            self._text.append(line)
            self._text_signs += line.count(sign)
        elif ended:
            message.malformed = True
        else:
            message.cut = True

    def _signs(self, message: RawMessage, sign: bytes) -> int:
        """Return the number of field separators of the last segment so far."""
        if not self._text:
            self._text, self._text_signs = [message.lines[-1]], message.lines[-1].count(sign)
        return self._text_signs

    def _end_text(self, message: RawMessage) -> None:
        if self._text:
            message.lines[-1] = b"\n".join(self._text)
        self._text = []

    def _envelope(self, name: bytes, line: bytes) -> Iterator[RawMessage]:
        if name in (b"FHS", b"BHS"):
            self._batches += 1
            self._in_batch = 0 if name == b"BHS" else self._in_batch
            return
        self._batches = max(0, self._batches - 1)
        count = line[4:].split(line[3:4], 1)[0].strip() if name == b"BTS" and len(line) > 4 else b""
        if count.isdigit() and len(count) < 10 and int(count) > self._in_batch:
            yield RawMessage(has_header=False, cut=True)

    def _close(self) -> Iterator[RawMessage]:
        if self._message is not None:
            self._end_text(self._message)
            yield self._message
        self._message = None


def _is_like_segment(line: bytes, sign: bytes) -> bool:
    """Return whether a line that is not a segment was meant to be one ("0BX|...")."""
    return line[3:4] == sign and line[:3].isalnum()


def _lines(chunks: Chunks) -> Iterator[tuple[bytes, bytes]]:
    """Yield (line, its end) of `chunks`; the last may have no end. Lines too long for any message are cut."""
    rest: list[bytes] = []
    size = 0
    for chunk in chunks:
        position = 0
        for match in _ENDS.finditer(chunk):
            rest.append(chunk[position : match.start()])
            yield b"".join(rest), match.group()
            rest, size, position = [], 0, match.end()
        if position < len(chunk):
            size += len(chunk) - position
            # of a line that is too long only the beginning is kept, which still makes the message too large
            rest.append(chunk[position:] if size <= 2 * MAX_MESSAGE_BYTES else b"")
    if rest:
        yield b"".join(rest), b""


def decode_segments(message: RawMessage) -> list[str] | None:
    """Return the segments of a message with a header, decoded by the character set of MSH-18; None if that fails.

    Without a character set, in ASCII or in UTF-8, they are decoded as any report (`radray.reports.text.decoding`).
    """
    data = b"\r".join(message.lines)
    if b"\x00" in data:
        return None
    header = message.lines[0]
    fields = header.split(header[3:4]) if len(header) > 3 else []
    stated = fields[17] if len(fields) > 17 else b""
    charset = stated.split(header[5:6] or b"~", 1)[0].decode("ascii", "replace").strip().upper()
    encoding = _CHARSETS.get(charset)
    if encoding is None:
        text = decode(data) if charset in _UTF8_OR_UNSTATED or data.isascii() else None
    else:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            text = None
    return None if text is None else text.split("\r")
