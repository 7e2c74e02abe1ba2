"""Which format a file has, recognised by its name and first bytes: what `source.format=auto` means. Pure."""

import json
import re
from collections import Counter
from collections.abc import Callable, Collection
from typing import Literal, get_args

from radray.errors import InputError
from radray.reports.archives.container import container
from radray.reports.formats import mimic
from radray.schema.statuses import RejectReason
from radray.settings.source import SourceFormat

Origin = Literal["zip", "tar", "folder", "file"]
"""What the names belong to: members of a zip or of a tar (gzipped or not), files of a folder, a lone file."""

HEAD_BYTES = 1 << 16
"""First bytes by which a format is recognised: enough for a CSV header or a first JSON element."""

_LEVER = f"set source.format ({', '.join(name for name in get_args(SourceFormat) if name != 'auto')})"

# Files found beside reports: left by archivers, file systems and download sites. ./a and ../a are not hidden.
_BESIDE = re.compile(
    r"(?:.*/)?(?:\.(?!\.?/).*|__MACOSX/.*|Thumbs\.db|desktop\.ini|index\.html?|robots\.txt"
    r"|(?:readme|licen[cs]e|copying|notice|changes|changelog|manifest|(?:sha256|sha1|md5)sums?)(?:\.[a-z0-9]{1,5})?"
    r"|[^/]*\.(?:md|sha256|md5|pdf|png|jpe?g|dcm))",
    re.IGNORECASE | re.DOTALL,
)
_SHOWN_SUFFIXES = 5
_HL7 = re.compile(r"\x0b?(?:MSH|FHS|BHS)[^\w\s]")
_OPENI_COLUMNS = frozenset({"uid", "findings", "impression"})
_SECTIONED_COLUMNS = frozenset({"study", "findings", "impression", "last_paragraph"})
_TEXT_SUFFIXES = ("txt", "text", "rpt")
_KNOWN_SUFFIXES = frozenset(
    (
        *_TEXT_SUFFIXES,
        *[
            "bin",
            "bz2",
            "csv",
            "dat",
            "dcm",
            "doc",
            "docx",
            "edi",
            "gz",
            "hl7",
            "htm",
            "html",
            "json",
            "jsonl",
            "log",
            "msg",
            "ndjson",
            "parquet",
            "pdf",
        ],
    )
) | frozenset(
    [
        "pq",
        "rar",
        "rtf",
        "sql",
        "sqlite",
        "tar",
        "tgz",
        "tsv",
        "xls",
        "xlsx",
        "xml",
        "xz",
        "yaml",
        "yml",
        "zip",
        "zst",
        "7z",
    ]
)
"""Suffixes that an error shows."""


def recognise(origin: Origin, name: str, head: Callable[[], bytes]) -> str | None:
    """Return the format, as source.format names it, of one file or member by itself; None where none is recognised.

    `head` returns the first HEAD_BYTES of it, or fewer, decompressed; it is not called where the name of a MIMIC-CXR
    report decides. What the files beside it are changes nothing: a stray file costs no other its format.
    """
    if origin != "file" and mimic.is_report(name):
        return f"mimic_{origin}"
    return _format(head(), _suffix(name))


def without_companions(names: Collection[str]) -> set[str]:
    """Return `names` without those of files that are found beside reports (README, .DS_Store), if any others are left.

    An archive or folder of nothing else may be one of reports after all: notice.txt alone is read.
    """
    others = {name for name in names if not _BESIDE.fullmatch(name)}
    return others or set(names)


def companion_reason(name: str) -> RejectReason:
    """Return the reason of the row of a file beside the reports: a PDF may be one, a README or an image is none."""
    return RejectReason.UNSUPPORTED_CONTENT if _suffix(name) == "pdf" else RejectReason.NOT_A_REPORT


def not_recognised(names: Collection[str]) -> InputError:
    """Return the error for a source of which no file, or member, is of a known format; it names how many there are."""
    # a suffix that is not known may be a part of a name, or an id
    suffixes = Counter(suffix if (suffix := _suffix(name)) in _KNOWN_SUFFIXES else "others" for name in names)
    known = ", ".join(suffix for suffix, _ in suffixes.most_common(_SHOWN_SUFFIXES)) or "no file at all"
    return InputError(
        f"the format of the source is not recognised by any of its {len(names):,} files ({known}), or they are"
        f" damaged: {_LEVER}"
    )


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
