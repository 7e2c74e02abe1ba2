"""Texts that their source names findings or impression: each is still a report, and cut like one."""

from collections.abc import Callable
from typing import NamedTuple

from radray.reports.text.headings.names import PREAMBLE
from radray.reports.text.markup import plain_text
from radray.reports.text.sections import Sections, parse


class SectionText(NamedTuple):
    """One section, not cleaned."""

    name: str
    start: int
    """Where its heading begins, in characters of the unit's text, or of the text that its source names."""
    text: str


class NamedTexts(NamedTuple):
    """What the texts hold; None for what they do not."""

    findings: str | None
    impression: str | None
    indication: str | None = None
    comparison: str | None = None
    exam_description: str | None = None
    sections: tuple[SectionText, ...] | None = None
    """All sections, those of the findings first; None where neither text has a heading or a footer."""


def cut_named(findings: str | None, impression: str | None) -> NamedTexts:
    """Return what is in `findings` and `impression` as their source names them.

    Markup is read as text. Text before the first heading is what its source says; the headings decide the rest. Of two
    texts of one section the one in the text of that name is taken: a report that is there twice is not doubled.
    """
    findings = plain_text(findings) if findings else None
    impression = plain_text(impression) if impression else None
    texts = {"findings": findings, "impression": impression}
    beside = bool(impression and impression.strip())
    cut = {
        name: parse(text, name, has_impression=beside and name == "findings")
        for name, text in texts.items()
        if text and text.strip()
    }
    if all(_is_whole(sections, name) for name, sections in cut.items()):
        return NamedTexts(findings, impression)
    first = [cut[name] for name in ("findings", "impression") if name in cut]
    last = first[::-1]
    return NamedTexts(
        _text(first, "findings"),
        _text(last, "impression"),
        indication_of(lambda name: _text(first, name)),
        _text(first, "comparison"),
        _text(first, "examination"),
        tuple(section for sections in first for section in section_texts(sections)),
    )


def _is_whole(sections: Sections, name: str) -> bool:
    return len(sections.spans) == 1 and sections.spans[0].name == name and sections.spans[0].text_start == 0


def _text(sections: list[Sections], name: str) -> str | None:
    return next((text for parsed in sections if (text := parsed.get(name))), None)


def indication_of(text_of: Callable[[str], str | None]) -> str | None:
    """Return indication and history, by `text_of` a section's name, as one text; None without either."""
    return "\n\n".join(part for name in ("indication", "history") if (part := text_of(name))) or None


def section_texts(sections: Sections) -> tuple[SectionText, ...]:
    """Return all sections in the form of the table `reports`; text under no heading only where there is some."""
    text = sections.text
    return tuple(
        [
            SectionText(name, start, part)
            for name, start, begin, end in sections.spans
            if (part := text[begin:end].strip()) or name != PREAMBLE
        ]
    )
