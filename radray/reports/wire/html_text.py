"""The text of an HTML document: each block on its own line, entities decoded, scripts and comments left out."""

import html
import re

_TOKEN = re.compile(r"(?P<open><!--)|(?P<shut>-->)|<(?P<slash>[/!?]?)(?P<name>[A-Za-z][A-Za-z0-9]*)[^<>]*+>")
_BLOCKS = frozenset(
    {"address", "blockquote", "body", "br", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "html"}
    | {"li", "ol", "p", "pre", "table", "tr", "ul"}
)
_SKIPPED = frozenset({"head", "script", "style", "title"})


def html_to_text(source: str) -> str:
    """Return the text of `source`; '' for none. Takes time linear in its length, however malformed.

    White space becomes single spaces except in `pre`; a "<" that does not begin a tag is text.
    """
    parts: list[str] = []
    skipped: str | None = None
    in_pre = False
    position = 0
    for token in _TOKEN.finditer(source):
        name = (token["name"] or "").lower()
        is_end = token["slash"] == "/"
        if skipped is not None:
            if token["shut"] if skipped == "<!--" else is_end and name == skipped:
                skipped, position = None, token.end()
            continue
        if token["shut"]:
            continue
        parts.append(_text(source[position : token.start()], in_pre))
        position = token.end()
        if token["open"] or (name in _SKIPPED and not is_end):
            skipped = "<!--" if token["open"] else name
        elif name in _BLOCKS:
            parts.append("\n")
            in_pre = not is_end if name == "pre" else in_pre
        elif name in ("td", "th"):
            parts.append(" ")
    if skipped is None:
        parts.append(_text(source[position:], in_pre))
    lines = (line.strip() for line in "".join(parts).split("\n"))
    return "\n".join(lines).strip()


def _text(raw: str, in_pre: bool) -> str:
    if not in_pre:
        raw = re.sub(r"\s+", " ", raw)
    return html.unescape(raw)
