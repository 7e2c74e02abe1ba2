"""Which format a source has, recognised by names and first bytes: what `source.format=auto` means. Pure."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Literal, get_args

from radray.errors import InputError
from radray.reports.archives.container import container
from radray.reports.formats import mimic
from radray.settings.source import SourceFormat

Origin = Literal["zip", "tar", "folder", "file"]
"""What the names belong to: members of a zip or of a tar (gzipped or not), files of a folder, a lone file."""

HEAD_BYTES = 1 << 16
"""First bytes by which a format is recognised: enough for a CSV header or a first JSON element."""

_LEVER = f"set source.format ({', '.join(name for name in get_args(SourceFormat) if name != 'auto')})"

# Files found beside reports: left by archivers, file systems and download sites.
_BESIDE = re.compile(
    r"(?:.*/)?(?:\..*|__MACOSX/.*|Thumbs\.db|desktop\.ini|index\.html?|robots\.txt"
    r"|(?:readme|licen[cs]e|copying|notice|changes|changelog|manifest|(?:sha256|sha1|md5)sums?)(?:\.[a-z0-9]{1,5})?"
    r"|[^/]*\.(?:md|sha256|md5|pdf|png|jpe?g|dcm))",
    re.IGNORECASE | re.DOTALL,
)
_HL7 = re.compile(r"\x0b?(?:MSH|FHS|BHS)[^\w\s]")
_OPENI_COLUMNS = frozenset({"uid", "findings", "impression"})
_SECTIONED_COLUMNS = frozenset({"study", "findings", "impression", "last_paragraph"})
_TEXT_SUFFIXES = ("txt", "text", "rpt")


def detect(origin: Origin, names: Sequence[str], head: Callable[[str], bytes]) -> str:
    """Return the format, as source.format names it, of a source with the files or members `names`.

    `head` returns the first HEAD_BYTES of the file of a name, or fewer, decompressed; it is called for the first
    name of each suffix. Files such as README and .DS_Store are ignored unless there are no others. A name of a
    MIMIC-CXR report decides by itself, whatever other files there are. Raises InputError, naming source.format, where
    no format is recognised, or more than one.
    """
    firsts: dict[str, str] = {}
    for name in sorted(names):
        if origin != "file" and mimic.is_report(name):
            return f"mimic_{origin}"
        if not _BESIDE.fullmatch(name):
            firsts.setdefault(_suffix(name), name)
    if not firsts and names:
        firsts = {"": min(names)}
    by_suffix = {suffix: _format(head(name), suffix) for suffix, name in firsts.items()}
    formats = sorted({format_ for format_ in by_suffix.values() if format_})
    if len(formats) > 1:
        raise InputError(f"the source holds files of several formats, {' and '.join(formats)}: {_LEVER}")
    if not formats:
        suffixes = ", ".join(sorted(suffix or "no suffix" for suffix in by_suffix)) or "no file at all"
        first = f"; the first is {min(names)}" if names else ""
        raise InputError(
            f"the format of the source is not recognised by its files ({suffixes}{first}), or they are damaged:"
            f" {_LEVER}"
        )
    return formats[0]


def _suffix(name: str) -> str:
    base = name.rsplit("/", 1)[-1].lower().removesuffix(".gz")
    return base.rpartition(".")[2] if re.fullmatch(r".+\.[a-z0-9_]{1,10}", base, re.DOTALL) else ""


def _format(head: bytes, suffix: str) -> str | None:
    """Return the format of a file that begins with `head`; None where none is recognised."""
    if head[:4] == b"PAR1":
        return "parquet"
    if container(head[:512]) != "none":
        return None
    text = _decoded(head)
    start = text.lstrip()
    if _HL7.match(start):
        return "hl7"
    if start.startswith("<"):
        return "openi_xml" if "<eCitation" in start else None
    if start[:1] in ("{", "["):
        return _json_format(start)
    columns = {cell.strip().strip('"').lower() for cell in re.split(r"[\r\n]", start, maxsplit=1)[0].split(",")}
    if columns >= _OPENI_COLUMNS:
        return "openi_csv"
    if columns >= _SECTIONED_COLUMNS:
        return "mimic_sectioned_csv"
    return "text" if suffix in _TEXT_SUFFIXES or (not suffix and start and "\x00" not in text) else None


def _json_format(start: str) -> str | None:
    if re.search(r'"resourceType"\s*:', start):
        return "fhir"
    if start.startswith("["):
        return "mediqa_json" if re.search(r'"findings"\s*:', start) else None
    lines = [line for line in re.split(r"[\r\n]+", start) if line.strip()]
    # a single line may be cut by the end of the head; an object over several lines is one document, not JSON lines
    if len(lines) == 1 or any(_is_object(line) for line in lines):
        return "jsonl"
    return None


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _decoded(head: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8")):
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, "replace")
    return head.decode("utf-8", "replace")
