"""Open-i: the Indiana University chest X-ray reports as XML (``ecgen-radiology/1.xml``), one eCitation a file.

::

    <eCitation>
      <uId id="CXR1"/> <pmcId id="1"/>
      <MedlineCitation><Article><Abstract>
        <AbstractText Label="COMPARISON"/> ... INDICATION, FINDINGS, IMPRESSION
      </Abstract></Article></MedlineCitation>
      <MeSH><major>Opacity/lung</major> <automatic>opacity</automatic></MeSH>
      <parentImage id="..."><caption>Xray Chest PA and Lateral</caption></parentImage> ...
    </eCitation>

Read with expat alone, which keeps only what its handlers keep: deep nesting costs no stack. A document type
declaration, without which there are no entities to expand or fetch, ends the reading (the files have none).
"""

import codecs
import hashlib
import re
from xml.parsers import expat

from radray.reports.record.record import MAX_REPORT_BYTES, Record, is_too_long, make_record, rejected_record
from radray.reports.text.decoding import decode
from radray.schema.statuses import RejectReason

_ROOT = "eCitation"
_ABSTRACT = (_ROOT, "MedlineCitation", "Article", "Abstract", "AbstractText")
_MAJOR = (_ROOT, "MeSH", "major")
_CAPTION = (_ROOT, "parentImage", "caption")
_ID = (_ROOT, "uId")
_AT_THE_END = frozenset(
    expat.errors.codes[message]
    for message in (expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_UNCLOSED_TOKEN)
)
_DECLARED = re.compile(rb"""\s*<\?xml\s[^>]{0,100}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_WINDOWS_1252 = frozenset({"iso-8859-1", "latin-1", "latin1", "windows-1252", "cp1252"})
_MAX_DEPTH = 64
"""Depth of elements. The corpus's files have 6; a deeper file is not one of them."""


class _NotAnECitationError(Exception):
    """The file is XML of another kind, has a document type declaration, or is nested too deeply."""


def read(data: bytes, member: str) -> Record:
    """Return the record of one file.

    The study id is the id of ``uId`` unchanged ("CXR123"); the CSV of the same reports has its number ("123") as
    `uid`, which is ``pmcId`` here, so the study ids differ and the two should be different datasets. Without ``uId``:
    NO_STUDY_ID. Sections with one label are joined, a blank line between them. The exam is the captions of the images,
    without duplicates; the human codes are the major MeSH terms, joined by ";". There are no subject ids.

    MALFORMED: not well-formed XML, another root element, a document type declaration (entities, external or not),
    nesting deeper than any such file. TRUNCATED: it ends inside an element. TOO_LARGE: more than MAX_REPORT_BYTES, or
    MAX_REPORT_WORDS in its texts.
    Encoding: by the byte order mark, else as the file declares (UTF-8, or Windows-1252 under its own name or that of
    Latin-1); UTF-8 into which Windows-1252 was pasted is read as by `decode`. Any other is BAD_ENCODING. Empty data is
    EMPTY. A file that is not an eCitation and not named as XML (a README) is NOT_A_REPORT.
    """
    digest = hashlib.sha256(data).hexdigest()
    if len(data) > MAX_REPORT_BYTES:
        return rejected_record(member, 0, digest, RejectReason.TOO_LARGE)
    if not data.strip():
        return rejected_record(member, 0, digest, RejectReason.EMPTY)
    text = _decode(data)
    if text is None:
        return rejected_record(member, 0, digest, RejectReason.BAD_ENCODING)
    citation = _Citation()
    try:
        citation.parse(text)
    except (_NotAnECitationError, expat.ExpatError) as error:
        reason = RejectReason.MALFORMED
        if not citation.begun and member and not member.lower().endswith((".xml", ".xml.gz")):
            reason = RejectReason.NOT_A_REPORT
        elif citation.begun and isinstance(error, expat.ExpatError) and error.code in _AT_THE_END:
            reason = RejectReason.TRUNCATED
        return rejected_record(member, 0, digest, reason)
    texts = {label: "\n\n".join(parts) for label, parts in citation.texts.items()}
    if is_too_long("\n".join(texts.values())):
        return rejected_record(member, 0, digest, RejectReason.TOO_LARGE, citation.study_id)
    return make_record(
        member=member,
        offset=0,
        source_digest=digest,
        study_id=citation.study_id,
        indication=texts.get("INDICATION"),
        comparison=texts.get("COMPARISON"),
        findings=texts.get("FINDINGS"),
        impression=texts.get("IMPRESSION"),
        exam_description="; ".join(citation.captions),
        human_codes=";".join(citation.codes),
    )


def _decode(data: bytes) -> str | None:
    """Return the text of `data` by its byte order mark, else as it declares, else by the rule of all formats."""
    declared = None if data.startswith(_MARKS) else _DECLARED.match(data)
    encoding = declared[1].decode("ascii").lower() if declared else "utf-8"
    if encoding in _UTF8:
        return decode(data)
    if encoding not in _WINDOWS_1252:
        return None
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return None
    return None if "\x00" in text else text


class _Citation:
    """The parts of one file that are read, collected while it is parsed."""

    def __init__(self) -> None:
        self.study_id: str | None = None
        self.texts: dict[str, list[str]] = {}
        self.captions: dict[str, None] = {}
        self.codes: list[str] = []
        self._path: list[str] = []
        self._label = ""
        self._text: list[str] | None = None

    @property
    def begun(self) -> bool:
        return bool(self._path)

    def parse(self, text: str) -> None:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.Parse(text, True)  # a str: the encoding that it declares has been applied already

    def _doctype(self, *_: object) -> None:
        raise _NotAnECitationError

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._path) >= _MAX_DEPTH or (not self._path and name != _ROOT):
            raise _NotAnECitationError
        self._path.append(name)
        path = tuple(self._path)
        if path == _ID and self.study_id is None:
            self.study_id = attributes.get("id")
        elif path in (_ABSTRACT, _MAJOR, _CAPTION):
            self._label = attributes.get("Label", "").strip().upper()
            self._text = []

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, _: str) -> None:
        path = tuple(self._path)
        self._path.pop()
        if path not in (_ABSTRACT, _MAJOR, _CAPTION) or self._text is None:
            return
        raw, self._text = "".join(self._text), None
        text = raw.strip()
        if path == _ABSTRACT and text:
            self.texts.setdefault(self._label, []).append(raw)
        elif path == _MAJOR and text:
            self.codes.append(text)
        elif path == _CAPTION and text:
            self.captions.setdefault(text)
