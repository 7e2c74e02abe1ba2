"""The texts of a FHIR report's `presentedForm`: of several renderings of the report one, and its addenda apart."""

import base64
import binascii
import codecs
import re
from collections.abc import Sequence

from radray.reports.record.record import is_too_long
from radray.reports.text.decoding import decode
from radray.reports.text.headings.names import BACKGROUND, MAIN, REPORT
from radray.reports.text.headings.words import name_of
from radray.reports.text.markup import plain_text
from radray.reports.text.sections import parse
from radray.reports.wire.fhir.elements import Attachment
from radray.schema.statuses import RejectReason

_KINDS = (
    frozenset({"text/plain", "text", "plain/text"}),
    frozenset({"text/html", "application/xhtml", "application/xhtml+xml"}),
    frozenset({"text/rtf", "application/rtf", "application/x-rtf", "text/richtext"}),
    frozenset({"text/xml", "application/xml"}),
)
"""MIME types of text; the first of which a report has a form is read (application/xhtml is US Core's).

XML must have the headings of a report: what else it is, its type does not tell."""
_ADDENDUM = re.compile(r"^\W*(?:(?:final|report|radiology|imaging)\W+){0,2}(?:addend|amendment)", re.IGNORECASE)
_PRELIMINARY = re.compile(r"^\W*(?:prelim|wet\s*read)", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_MOST_COMPARED = 20
_WHITE = str.maketrans("", "", " \t\r\n")


class FormError(Exception):
    """No form can be read; the message is empty. `reason` says why not."""

    def __init__(self, reason: RejectReason) -> None:
        super().__init__()
        self.reason = reason


def texts_of_forms(forms: Sequence[Attachment]) -> tuple[str | None, list[tuple[str, str]]]:
    """Return the text of a report's `forms`, None without any, and (section, text) of those that are something else.

    Plain text is read before HTML and RTF, unless it has no heading and they have; of several languages English.
    Several texts of a kind are parts of the report; one that another holds is left out. By their titles, addenda are
    apart, and a preliminary report beside another. Raises FormError for forms of which none is text
    (UNSUPPORTED_CONTENT), or whose text is not base64 (MALFORMED), no text (BAD_ENCODING) or too long (TOO_LARGE).
    """
    apart: list[tuple[str, str]] = []
    texts: list[str] = []
    for kind in _KINDS:
        of_kind = [form for form in forms if form.data and _kind_of(form) in kind]
        names = [_section_apart(form.title or "") for form in of_kind]
        if None not in names:
            names = [None if name == "wet_read" else name for name in names]
        reports = [form for form, name in zip(of_kind, names, strict=True) if name is None]
        apart = apart or [(name, _text_of(form)) for form, name in zip(of_kind, names, strict=True) if name]
        text = "\n\n".join(_without_repeats([_titled(form) for form in _in_english(reports)]))
        if text and (kind is not _KINDS[-1] or parse(text).has_headings):
            texts.append(text)
    if not texts and not apart and forms:
        raise FormError(RejectReason.UNSUPPORTED_CONTENT)
    if len(texts) > 1:
        return next((text for text in texts if parse(text).has_headings), texts[0]), apart
    return texts[0] if texts else None, apart


def _section_apart(title: str) -> str | None:
    """Return the section of a form that is not the report, by its title; None for the others."""
    if _ADDENDUM.match(title):
        return "addendum"
    return "wet_read" if _PRELIMINARY.match(title) else None


def _kind_of(form: Attachment) -> str:
    return (form.contentType or "").partition(";")[0].strip().lower()


def _in_english(forms: list[Attachment]) -> list[Attachment]:
    languages = [(form.language or "").lower() for form in forms]
    if len(set(languages)) < 2 or not all(languages):
        return forms
    chosen = next((language for language in languages if language.startswith("en")), languages[0])
    return [form for form, language in zip(forms, languages, strict=True) if language == chosen]


def _titled(form: Attachment) -> str:
    """Return the text of `form`, under its title where that is the heading of a section and the text has none."""
    text = _text_of(form)
    title = (form.title or "").strip().rstrip(":")
    section = name_of(title)
    if section in (MAIN | BACKGROUND) - {REPORT} and text.strip() and not parse(text).has_headings:
        return f"{title.upper()}:\n{text}"
    return text


def _without_repeats(texts: list[str]) -> list[str]:
    """Return the texts that no other holds, but for white space."""
    by_words = {" ".join(text.split()): text for text in reversed(texts) if text.strip()}
    if len(by_words) > _MOST_COMPARED:
        return list(reversed(by_words.values()))
    return [text for words, text in reversed(by_words.items()) if sum(words in other for other in by_words) == 1]


def _text_of(form: Attachment) -> str:
    try:
        content = base64.b64decode((form.data or "").translate(_WHITE), validate=True)
    except (binascii.Error, ValueError):
        raise FormError(RejectReason.MALFORMED) from None
    text = _decoded(content, _CHARSET.search(form.contentType or ""))
    if text is None:
        raise FormError(RejectReason.BAD_ENCODING)
    text = plain_text(text)
    if is_too_long(text):
        raise FormError(RejectReason.TOO_LARGE)
    return text


def _decoded(content: bytes, charset: re.Match[str] | None) -> str | None:
    """Return the text of `content`; a charset decides only where it is another than those that `decode` tells apart."""
    try:
        name = codecs.lookup(charset[1]).name if charset else "utf-8"
    except LookupError:
        name = "utf-8"
    if name in ("utf-8", "ascii", "iso8859-1", "cp1252") or content.startswith(
        (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    ):
        return decode(content)
    try:
        return content.decode(name)
    except (UnicodeDecodeError, LookupError, ValueError):  # codecs of another kind, such as zlib's, are a LookupError
        return decode(content)
