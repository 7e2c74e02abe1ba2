r"""How messages, logs and errors name things: what the operator wrote is shown, what came with the input is not.

The rule, for every line that is printed, logged or raised:

- Settings, and the columns and keys that radray knows, are shown. Of other columns and keys of an input only the number
  is given: in a file without a header they are a patient's data.
- A cell, a text, and an id of a patient or study are never shown. A row is named by its `unit_id`, which is a digest.
- The name of a file or of an archive's member, which may be a patient's, is never shown: `file_name` gives a short name
  made from it. Folders that a setting names are shown.
- A foreign error is named by its class or by the code that it carries: its message may hold the value that did not fit.
- Control characters are shown as escapes, and what is too long is cut (`shown`, `line_of`): nothing in a model's folder
  or in a server's answer writes a line of a log, or moves a terminal's cursor.

`RadrayError` puts its own message through `line_of`; `radray.console` is the one place that prints and logs.
"""

import hashlib
import unicodedata

MOST_OF_A_NAME = 200
"""Characters of one name; a path that somebody chose is shorter."""
MOST_OF_A_LINE = 8_000
"""Characters of a line: a night that every gate refuses takes about half of that."""
_ESCAPED = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
"""Unicode categories that move a cursor, turn a direction, end a line, or cannot be encoded."""


def escaped(text: str, keep: str = "") -> str:
    r"""Return `text` with control characters, but those of `keep`, as escapes, such as ``\x1b`` and ``\n``.

    Escapes are not escaped again: twice is once. No text: "".
    """
    if text.isprintable():
        return text
    return "".join(c if c in keep or unicodedata.category(c) not in _ESCAPED else ascii(c)[1:-1] for c in text)


def shown(name: object, most: int = MOST_OF_A_NAME) -> str:
    """Return `name` for a message: escaped, and cut to `most` characters; where it is cut it says of how many."""
    text = escaped(str(name))
    return text if len(text) <= most else f"{text[:most]}... ({len(text):,} characters)"


def line_of(message: object) -> str:
    """Return `message` as one line of a log, escaped and cut to MOST_OF_A_LINE; "" for none."""
    return shown(message, MOST_OF_A_LINE)


def file_name(path: str) -> str:
    """Return the short name of the file or archive member at `path`: the first 12 hex digits of the sha256 of `path`.

    `path` is the one below source.uri, or that in the archive: the columns source_uri and source_member of its rows.
    radray/reports/README.md says how to find the file.
    """
    return f"file {hashlib.sha256(path.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def source_place(uri: str) -> str:
    """Return the uri of a source for a message: a folder as it is, a file (its name has a dot) by its short name."""
    folder, slash, name = uri.rpartition("/")
    return uri if "." not in name else f"{folder}{slash}({file_name(name)})"
