"""The text of a report that was sent as a document: HTML and XHTML by inscriptis, RTF by striprtf.

What a text is, is known by its form, whatever its source calls it. "<6 mm" and "<PERSON>" begin no element of HTML.
"""

import html
import re
from itertools import islice

import lxml.html
from inscriptis.css_profiles import STRICT_CSS_PROFILE
from inscriptis.html_engine import Inscriptis
from inscriptis.html_properties import Display
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_element import HtmlElement
from lxml import etree
from striprtf.striprtf import rtf_to_text

from radray.reports.text.headings.words import name_of

_LINES = "p|div|br|hr|li|dt|dd|tr|td|th|h[1-6]|pre|table|ul|ol|dl|blockquote|section|article"
"""Elements that make lines."""
_OPEN = (
    rf"{_LINES}|html|head|body|thead|tbody|tfoot|col|colgroup|caption|b|i|u|em|strong|font|span|center|big|small|sub|sup|"
    "tt|img|meta|link|wbr|input"
)
"""Elements of which a start tag is enough, by HTML or by habit; of all others "<ADDRESS>" or "<TIME>" may be a mask."""
_SHUT = (
    "a|s|q|del|ins|strike|abbr|address|cite|code|details|fieldset|footer|form|header|label|main|nav|script|style|summary|"
    "time|title|var|imrref"
)
"""Elements of which an end tag is evidence of HTML; IMRRef is IHE's, a link from a finding to its image."""
_VOID = frozenset({"br", "hr", "img", "meta", "link", "wbr", "col", "input"})
_ATTRIBUTES = r"(?:\s(?:[^<>]*=[^<>]*|\s*(?:nowrap|noshade|compact|border|reversed|hidden))?)?\s*/?>"
"""No white space twice in a row: "size <b and >c" has no attribute."""
_TAG = re.compile(rf"</(?:{_OPEN}|{_SHUT})\s*>|<(?:{_OPEN})(?=[\s/>]){_ATTRIBUTES}|<!doctype\s+html", re.IGNORECASE)
_BREAK = re.compile(r"</?br\s*/?>", re.IGNORECASE)
_LINE_TAG = re.compile(rf"<(?:{_LINES})(?=[\s/>])", re.IGNORECASE)
_ESCAPED_TAG = re.compile(rf"&lt;/?(?:{_OPEN})(?:\s[^<>&]*)?/?&gt;", re.IGNORECASE)
_IS_OPEN = re.compile(rf"{_OPEN}|[a-z0-9]{{1,4}}:[a-z]+", re.IGNORECASE)
"""Names of which a start tag is enough; "o:p" and "st1:place" are from Microsoft Word."""

_ANGLE = re.compile(
    rf"<(?:(?P<mark>!--|!\[|!doctype\b|/[a-z][^<>]*+>)|(?P<name>[a-z][a-z0-9:]*+)(?P<rest>{_ATTRIBUTES}))?",
    re.IGNORECASE,
)
_END_TAG = re.compile(r"</([a-z][a-z0-9:]*+)", re.IGNORECASE)
_INSTRUCTION = re.compile(r"<\?[^<>]*+>")
_CDATA = "<![CDATA["
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_ANY_TAG = re.compile(r"<[^<>]*+>")
_XHTML = "http://www.w3.org/1999/xhtml"
_XHTML_PREFIX = re.compile(rf"""xmlns:([A-Za-z]\w{{0,15}})\s{{0,9}}=\s{{0,9}}["']{re.escape(_XHTML)}["']""")

_BLOCKS = frozenset(
    {"dt", "dd", "section", "fieldset", "legend", "form", "caption", "tr", "td", "th", "details", "summary"}
)
_CDA_BLOCKS = frozenset({"paragraph", "list", "item"})
_CSS = {
    **STRICT_CSS_PROFILE,
    **{name: HtmlElement(display=Display.block) for name in _BLOCKS | _CDA_BLOCKS},
    **{name: HtmlElement(display=Display.none) for name in ("del", "s", "strike", "template", "noscript")},
}
_CONFIG = ParserConfig(css=_CSS)
_NAMES = {
    # inscriptis sets a table's columns side by side: findings and impression in two columns would mix
    **dict.fromkeys(("table", "dl"), "p"),
    **dict.fromkeys(("thead", "tbody", "tfoot", "tr", "td", "th"), "div"),
}
_EMPHASIS = frozenset({"b", "strong", "u", "span", "font", "em", "i"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "dt"})
_LINE_MAKERS = frozenset({"br", "hr", "p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "pre", "blockquote"})
_LONGEST_HEADING = 60
_LINK_TO_IMAGES = re.compile(r"\b(?:click|view|open|launch)\b.*\b(?:images?|here|report|study|pacs|link)\b", re.I)
_LONGEST_LINK = 80

_RTF = "{\\rtf"
_BRACE = re.compile(r"\\[\\{}]|[{}]")
_NOT_SPACE = re.compile(r"[^ \t\r\n\x00]")
_FONTS = "\\fonttbl"
_LONGEST_FONTS = 10_000
_CELL = re.compile(r"\\(?:nest)?cell(?![a-z])")
_BOLD_RUN = re.compile(r"\\b ([A-Za-z][A-Za-z/& ]{2,59}?)[ ]*+(?=\\b0|\})")

_SIGNS = str.maketrans({"\xa0": " ", "\u2011": "-", "\xad": None, "\x00": None, "\r": "\n"})
_ESCAPED_LINE_END = re.compile(r"(?:\\r)?\\n")
_BLANK_LINES = re.compile(r"\n{3,}")


def plain_text(text: str) -> str:
    """Return the text that `text` shows where it is HTML, XHTML or RTF; else `text` itself. '' for ''.

    A paragraph ends with a blank line; a line, a list's item and a table's cell with a line end. Left out is what a
    browser does not show, what is struck out, and a link that says "click here to view the images". Line ends of
    `text` are kept where no elements make lines. A heading by its element or its bold letters gets the colon that plain
    text has in their place. A document that shows nothing is returned as it is. Line ends that a sender escaped once
    more than JSON does, as in US Core's example of findings, are line ends where there are no others.
    """
    if "{" in text and (start := text.lstrip("\ufeff \t\r\n")).startswith(_RTF):
        return _text_of_rtf(start) or text
    if "\\n" in text and "\n" not in text:
        text = _ESCAPED_LINE_END.sub("\n", text)
    if "&lt;" in text and "<" not in text and _ESCAPED_TAG.search(text):
        text = html.unescape(text)
    if "<" in text and is_html(text):
        return _text_of_html(text) or text
    return text


def is_html(text: str) -> bool:
    """Return whether `text` has a tag of HTML other than `<br>`, which in plain text is a line end."""
    has_tags = any(_BREAK.fullmatch(tag[0]) is None for tag in _TAG.finditer(text))
    return has_tags or (_XHTML in text and _XHTML_PREFIX.search(text) is not None)


def _text_of_html(text: str) -> str:
    source = _conforming(text.replace("\r\n", "\n"))
    if len(list(islice(_LINE_TAG.finditer(source), 2))) < 2:
        source = source.strip().replace("\n", "<br>")
    parser = lxml.html.HTMLParser()
    try:
        tree = lxml.html.document_fromstring(source, parser=parser)
    except (etree.LxmlError, ValueError):  # their messages hold text of the document
        return _without_tags(source)
    if any(error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for error in parser.error_log):
        return _without_tags(source)  # the tree ends at the 256th level
    for element in list(tree.iter(*_NAMES, "a", "title")):
        if element.tag == "a" and "href" in element.attrib and _is_link_to_images(element):
            element.text = None
            element[:] = []
        elif element.tag == "title" and (element.getparent() is None or element.getparent().tag != "head"):
            element.tag = "h1"
        element.tag = _NAMES.get(element.tag, element.tag)
    for element in list(tree.iter(*_HEADINGS, *_EMPHASIS)):
        if element.tag in _EMPHASIS and _is_heading(element):
            element.tail = f": {(element.tail or '').lstrip()}"
        elif element.tag in _HEADINGS and name_of("".join(element.itertext()).strip()):
            element.append(element.makeelement("span"))
            element[-1].text = ":"
    return _tidy(Inscriptis(tree, _CONFIG).get_text()) or _without_tags(source)


def _conforming(source: str) -> str:
    """Return `source` as HTML in which each "<" begins a tag or a comment, and nothing hides what follows it.

    What may hide the rest of a text: a comment, a script or a title that does not end, or that ends like `<title/>`.
    """
    source = _INSTRUCTION.sub("", source)
    if _CDATA in source:
        first, *others = source.split(_CDATA)
        source = first + "".join(
            html.escape(text) + rest for text, _, rest in (part.partition("]]>") for part in others)
        )
    if prefix := _XHTML_PREFIX.search(source):
        source = re.sub(rf"(</?){prefix[1]}:", r"\1", source)
    ends = {match[1].lower(): match.start() for match in _END_TAG.finditer(source)}
    last_comment = source.rfind("-->")

    def corrected(angle: re.Match[str]) -> str:
        mark, name = angle["mark"], (angle["name"] or "").lower()
        if mark:
            return "" if mark == "!--" and angle.start() > last_comment else angle[0]
        if name and (_IS_OPEN.fullmatch(name) or ends.get(name, -1) > angle.start() or angle["rest"].endswith("/>")):
            is_whole = angle["rest"].endswith("/>") and name not in _VOID
            return f"<{name}></{name}>" if is_whole else angle[0]
        return f"&lt;{angle[0][1:]}"

    return _ANGLE.sub(corrected, source)


def _is_heading(element: lxml.html.HtmlElement) -> bool:
    """Return whether `element` is a heading without a colon at the beginning of a line, before or without text."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None or parent.tag in _EMPHASIS | _HEADINGS or (element.tail or "").lstrip().startswith((":", "-")):
        return False
    text = parent.text if before is None else before.tail
    if (text or "").strip() or (before is not None and before.tag not in _LINE_MAKERS):
        return False
    words = "".join(element.itertext()).strip()
    return len(words) <= _LONGEST_HEADING and name_of(words) is not None


def _is_link_to_images(link: lxml.html.HtmlElement) -> bool:
    words = "".join(link.itertext())
    return len(words) <= _LONGEST_LINK and _LINK_TO_IMAGES.search(words) is not None


def _without_tags(source: str) -> str:
    """Return `source` with a line end for each tag: for a document that has no tree, or shows nothing."""
    return _tidy(html.unescape(_ANY_TAG.sub("\n", _COMMENT.sub("", source))))


def _text_of_rtf(source: str) -> str:
    """Return the text of each document in `source`, and what is behind them; '' for none or what cannot be read."""
    texts, position = [], 0
    while source.startswith(_RTF, position):
        end = _end_of_group(source, position)
        texts.append(_text_of_document(source[position:end]))
        following = _NOT_SPACE.search(source, end)
        position = following.start() if following else len(source)
    return _tidy("\n".join([*texts, source[position:]]))


def _end_of_group(source: str, start: int = 0) -> int:
    depth = 0
    for brace in _BRACE.finditer(source, start):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0 and brace[0] == "}":
            return brace.end()
    return len(source)


def _text_of_document(source: str) -> str:
    # the numbers of items are text; cells would be parted by "|"; the library's patterns of links and of fonts take
    # quadratic time; of a document that was cut, it loses the last letters without the brace
    source = source.replace("\\pntext", "\\listtext").replace("\\fldinst{", "\\fldinst {")
    source = _BOLD_RUN.sub(lambda run: f"\\b {run[1]}{':' if name_of(run[1]) else ''} ", source)
    fonts = source.partition(_FONTS)[2]
    if _end_of_group(f"{{{fonts}") > _LONGEST_FONTS:
        source = source.replace(_FONTS, "\\colortbl")  # left out too: no letter of English depends on its font
    try:
        text = rtf_to_text(_CELL.sub(r"\\tab", source) + "}", errors="replace")
    except Exception:  # striprtf has no exception of its own, and theirs hold the text
        return ""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _tidy(text: str) -> str:
    lines = (" ".join(line.split(" ")).strip() for line in text.translate(_SIGNS).split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()
