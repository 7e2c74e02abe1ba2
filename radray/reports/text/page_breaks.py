"""Page breaks inside a report's text: "(Over)" ... "(Cont)" with the header between them, and "Page 2 of 3"."""

import re
from collections.abc import Iterator

_TURN = re.compile(r"\((?:(?P<over>over)|cont(?:\.|inued|'d)?)\)", re.IGNORECASE)
_LONGEST_HEADER = 2000
"""Characters between "(Over)" and "(Cont)"; those of MIMIC's reports have 300 to 900."""
_PAGE_LINE = re.compile(
    r"""\n(?:
        (?:[^\n.]{0,80}[ \t])?[-*=]*[ \t]*page[ \t]*[0-9]{1,2}(?:[ \t]*(?:of|/)[ \t]*[0-9]{1,2})?[ \t]*[-*=]*[ \t]*
        | [ \t(*-]*(?:report[ ])?continue[sd]
            (?:[ ](?:on|from)[ ](?:next|following|previous|the[ ]next)[ ]page)?[ \t.)*-]*
    )(?=\n|$)""",
    re.VERBOSE | re.IGNORECASE,
)
_MAIN = re.compile(r"findings|impression|conclusion|opinion", re.IGNORECASE)
_LABEL = re.compile(
    r"(?:patient|name|mrn|dob|date of birth|sex|age|gender|acc(?:ession)?|(?:exam|study|printed|report) ?(?:date|on)?"
    r"|ordering|referring|location|clip|med(?:ical)? rec(?:ord)?)\b[a-z ]{0,20}(?::|#)",
    re.IGNORECASE,
)
"""Of a line of a header that is not at the beginning of the report."""
_HEAD_LINES = 12


def find_page_breaks(text: str) -> list[tuple[int, int]]:
    """Return (start, end) of what each page break puts into `text`, in order; [] for none.

    Each line of `text` follows a line feed. A break is all from "(Over)" to "(Cont)", as reports of MIMIC-III have it;
    or a line with the number of a page, together with the lines after it that repeat the report's first ones
    or have the label of a patient or an exam.
    """
    if not _may_hold_breaks(text):
        return []
    breaks = sorted([*_turns(text), *_page_lines(text)])
    apart: list[tuple[int, int]] = []
    for start, end in breaks:
        if apart and start < apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart


def _may_hold_breaks(text: str) -> bool:
    # substrings: a regular expression takes 20 times as long
    if "(" in text and ("(O" in text or "(o" in text) and ("(Over" in text or "(OVER" in text or "(over" in text):
        return True
    return "Page " in text or "PAGE " in text or "ontinued" in text or "ONTINUED" in text


def _turns(text: str) -> Iterator[tuple[int, int]]:
    over: re.Match[str] | None = None
    for turn in _TURN.finditer(text):
        if turn["over"]:
            if over is not None:
                yield over.span()
            over = turn
        elif over is not None and turn.start() - over.end() <= _LONGEST_HEADER:
            yield over.start(), turn.end()
            over = None
    if over is not None:
        yield over.span()


def _page_lines(text: str) -> Iterator[tuple[int, int]]:
    head = set(_head(text))
    end = 0
    for match in _PAGE_LINE.finditer(text):
        if match.start() < end:
            continue
        end = match.end()
        while end < len(text):
            following = text.find("\n", end + 1)
            following = len(text) if following < 0 else following
            line = " ".join(text[end:following].split())
            if line and line not in head and not _LABEL.match(line):
                break
            if not line and following == len(text):
                break
            end = following
        yield match.start() + 1, end


def _head(text: str) -> Iterator[str]:
    """Yield the first lines of `text`, before the first that has a heading of findings or impression."""
    for line in text[:_LONGEST_HEADER].lstrip().split("\n", _HEAD_LINES)[:_HEAD_LINES]:
        if _MAIN.search(line):
            return
        yield " ".join(line.split())
