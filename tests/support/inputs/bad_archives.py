"""Bad archives, gzip files and XML: how each is made, and how it must be answered.

Units of one study are all ok here: which one stays is decided later, when a night's rows are merged.
"""

import gzip
import io
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.support.inputs.bad_input import BadInput

REPORT = b"FINDINGS: The lungs are clear.\nIMPRESSION: Normal chest.\n"
CSV = b"study,impression,findings,last_paragraph,comparison\n" + b"".join(
    b"s5000000%d,Normal chest.,The lungs are clear.,,\n" % number for number in range(1, 5)
)

Bytes = Callable[[], bytes]


def name(number: int) -> str:
    return f"files/p10/p1000000{number}/s5000000{number}.txt"


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for entry, data in entries:
            archive.writestr(entry, data)
    return buffer.getvalue()


def tarred(*entries: tuple[str | tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for entry, data in entries:
            info = tarfile.TarInfo(entry) if isinstance(entry, str) else entry
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def changed(data: bytes, old: bytes, new: bytes, which: int = 0) -> bytes:
    """Return `data` with the given occurrence of `old` (-1: the last) replaced by `new`."""
    places = [at for at in range(len(data)) if data.startswith(old, at)]
    return data[: places[which]] + new + data[places[which] + len(old) :]


def patched(data: bytes, magic: bytes, at: int, form: str, value: int, which: int = 0) -> bytes:
    """Return `data` with a number written `at` bytes after the given occurrence of the record `magic`."""
    places = [place for place in range(len(data)) if data.startswith(magic, place)]
    new = bytearray(data)
    struct.pack_into(form, new, places[which] + at, value)
    return bytes(new)


LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
TWO = zipped((name(1), REPORT), (name(2), REPORT))
STORED = zipped((name(1), REPORT), (name(2), REPORT), method=zipfile.ZIP_STORED)
TAR = tarred((name(1), REPORT), (name(2), REPORT))
"""Blocks of 512: header, data, header, data, end."""


def _mode(entry: str, kind: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(entry)
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    return info


def _special(entry: str, kind: bytes, target: str = "/etc/passwd") -> tarfile.TarInfo:
    info = tarfile.TarInfo(entry)
    info.type, info.linkname = kind, target
    return info


def _raw_name(new: bytes, *, utf8: bool) -> bytes:
    """A zip of a good report and one with a name of those bytes."""
    data = zipped((name(1), REPORT), ("N" * len(new), REPORT))
    data = changed(changed(data, b"N" * len(new), new), b"N" * len(new), new)
    if utf8:
        data = patched(patched(data, LOCAL, 6, "<H", 0x800, 1), CENTRAL, 8, "<H", 0x800, 1)
    return data


def _encrypted(flags: int, *, local: bool = True) -> bytes:
    data = patched(TWO, CENTRAL, 8, "<H", flags)
    return patched(data, LOCAL, 6, "<H", flags) if local else data


def _lying_bomb() -> bytes:
    data = zipped((name(1), bytes(8 << 20)), (name(2), REPORT))
    return patched(data, CENTRAL, 24, "<L", 100)


def _same_place() -> bytes:
    """Both entries of the directory at the first member."""
    return patched(TWO, CENTRAL, 42, "<L", 0, 1)


def _counted(count: int) -> bytes:
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, 46 * count, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 4, 1)
    return LOCAL + record + locator + struct.pack("<4s4H2LH", END, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)


def _tar_header(entry: bytes, size: bytes, kind: bytes = b"0") -> bytes:
    block = bytearray(tarfile.TarInfo("x").tobuf(tarfile.USTAR_FORMAT))
    block[:100], block[124:136], block[156:157] = entry.ljust(100, b"\0"), size, kind
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def _block(data: bytes) -> bytes:
    return data.ljust(-(-len(data) // 512) * 512, b"\0")


def _with_member(header: bytes, data: bytes = REPORT) -> bytes:
    """A tar of a good report, an entry as given, and the end."""
    return TAR[:1024] + header + _block(data) + bytes(1024)


def _zip(kind: str, what: str, data: bytes | Bytes, rows: dict[str, int] | None, error: str | None = None) -> BadInput:
    return _lone(kind, what, "mimic_zip", "reports.zip", data, rows, error)


def _tar(kind: str, what: str, data: bytes | Bytes, rows: dict[str, int] | None, error: str | None = None) -> BadInput:
    return _lone(kind, what, "mimic_tar", "reports.tar", data, rows, error)


def _gz(kind: str, what: str, data: bytes | Bytes, rows: dict[str, int] | None, error: str | None = None) -> BadInput:
    return _lone(kind, what, "mimic_sectioned_csv", "mimic_cxr_sectioned.csv.gz", data, rows, error)


def _lone(
    kind: str,
    what: str,
    format_: str,
    file: str,
    data: bytes | Bytes,
    rows: dict[str, int] | None,
    error: str | None,
) -> BadInput:
    def make(folder: Path) -> Path:
        path = folder / file
        path.write_bytes(data if isinstance(data, bytes) else data())
        return path

    return BadInput(kind, what, format_, make, rows, error)


_ZIPS = [
    _zip("zip: truncated", "the second half is not there", TWO[: len(TWO) // 2], None, "no central directory"),
    _zip("zip: truncated", "the last ten bytes are not there", TWO[:-10], None, "no central directory"),
    _zip("zip: truncated", "four bytes are all there is", TWO[:4], None, "no central directory"),
    _zip("zip: directory damaged", "it counts one entry too many", patched(TWO, END, 10, "<H", 3), None, "directory"),
    _zip("zip: directory damaged", "no entry where it begins", patched(TWO, END, 16, "<L", 1), None, "directory"),
    _zip("zip: directory damaged", "the second of several disks", patched(TWO, END, 4, "<H", 1), None, "directory"),
    _zip("zip: no members", "an archive of nothing", zipped(), None, "no file"),
    _zip("zip: bad CRC", "a stored byte was flipped", changed(STORED, b"clear", b"clean"), {"ok": 1, "malformed": 1}),
    _zip("zip: bad CRC", "the directory has another", patched(TWO, CENTRAL, 16, "<L", 7), {"ok": 1, "malformed": 1}),
    _zip("zip: damaged data", "no deflate", changed(TWO, TWO[75:90], b"\xff" * 15), {"ok": 1, "malformed": 1}),
    _zip("zip: damaged data", "ends early", patched(TWO, CENTRAL, 20, "<L", 9), {"ok": 1, "malformed": 1}),
    _zip(
        "zip: bomb by ratio",
        "64 MiB of NUL in 64 kB",
        lambda: zipped((name(1), bytes(64 << 20)), (name(2), REPORT)),
        {"ok": 1, "too_large": 1},
    ),
    _zip("zip: bomb by ratio", "8 MiB that say they are 100 bytes", _lying_bomb, {"ok": 1, "malformed": 1}),
    _zip("zip: bomb by overlap", "two entries, one place", _same_place(), {"ok": 0, "malformed": 2}),
    _zip("zip: bomb by count", "three million entries", _counted(3_000_000), None, "more than 1,000,000 entries"),
    _zip(
        "zip: nested archive",
        "a zip in the zip",
        zipped((name(1), REPORT), ("more.zip", TWO)),
        {"ok": 1, "unsupported_content": 1},
    ),
    _zip(
        "zip: nested archive",
        "named as a report",
        zipped((name(1), REPORT), (name(2), TAR)),
        {"ok": 1, "unsupported_content": 1},
    ),
    _zip(
        "zip: nested archive",
        "a report in gzip",
        zipped((name(1), REPORT), (name(2), gzip.compress(REPORT))),
        {"ok": 1, "unsupported_content": 1},
    ),
    _zip("zip: names that climb", "../", zipped(("../../" + name(1), REPORT)), {"ok": 1}),
    _zip("zip: names that climb", "../ alone", zipped((name(1), REPORT), ("../x", b"x")), {"ok": 1, "not_a_report": 1}),
    _zip("zip: absolute names", "/etc", zipped((name(1), REPORT), ("/etc/x", b"x")), {"ok": 1, "not_a_report": 1}),
    _zip("zip: absolute names", "/files", zipped(("/" + name(1), REPORT)), {"ok": 1}),
    _zip(
        "zip: links and devices",
        "a symbolic link",
        zipped((name(1), REPORT), (_mode(name(2), stat.S_IFLNK), b"/etc/passwd")),
        {"ok": 1, "unsupported_content": 1},
    ),
    _zip(
        "zip: links and devices",
        "a device",
        zipped((name(1), REPORT), (_mode(name(2), stat.S_IFCHR), b"")),
        {"ok": 1, "unsupported_content": 1},
    ),
    _zip("zip: encrypted", "with a password", _encrypted(1), {"ok": 1, "encrypted": 1}),
    _zip("zip: encrypted", "strongly", _encrypted(0x41), {"ok": 1, "encrypted": 1}),
    _zip("zip: encrypted", "the directory alone says so", _encrypted(1, local=False), {"ok": 1, "encrypted": 1}),
    _zip(
        "zip: duplicate names",
        "the same report twice",
        changed(changed(TWO, name(2).encode(), name(1).encode()), name(2).encode(), name(1).encode()),
        {"ok": 2},
    ),
    _zip(
        "zip: names that are not UTF-8",
        "though it says they are",
        _raw_name(b"p\xff\xfe.txt", utf8=True),
        {"ok": 1, "not_a_report": 1},
    ),
    _zip(
        "zip: names that are not UTF-8",
        "in another code page",
        _raw_name(b"p\xff\xfe.txt", utf8=False),
        {"ok": 1, "not_a_report": 1},
    ),
    _zip(
        "zip: names that are not UTF-8",
        "half of a surrogate pair",
        _raw_name(b"p\xed\xa0\x80.txt", utf8=True),
        {"ok": 1, "not_a_report": 1},
    ),
    _zip(
        "archive: names of 10,000 characters",
        "zip",
        zipped((name(1), REPORT), ("n" * 10_000 + ".txt", REPORT)),
        {"ok": 1, "malformed": 1},
    ),
    _zip(
        "zip: local header and directory disagree",
        "on the name",
        changed(TWO, name(1).encode(), name(3).encode()),
        {"ok": 1, "malformed": 1},
    ),
    _zip(
        "zip: local header and directory disagree",
        "on the compression",
        patched(TWO, LOCAL, 8, "<H", 0),
        {"ok": 1, "malformed": 1},
    ),
    _zip(
        "zip: local header and directory disagree",
        "there is none",
        changed(TWO, LOCAL, b"PK\x03\x05", 1),
        {"ok": 1, "malformed": 1},
    ),
    _zip("archive: trailing bytes", "a page of HTML after a zip", TWO + b"<html>", {"ok": 2, "malformed": 1}),
    _zip("archive: trailing bytes", "NUL after a zip", TWO + bytes(100), {"ok": 2}),
    _zip(
        "zip: unknown compression",
        "method 99",
        patched(patched(TWO, CENTRAL, 10, "<H", 99), LOCAL, 8, "<H", 99),
        {"ok": 1, "unsupported_content": 1},
    ),
    _zip(
        "zip: unknown compression",
        "bzip2, which reports do not come in",
        patched(patched(TWO, CENTRAL, 10, "<H", 12), LOCAL, 8, "<H", 12),
        {"ok": 1, "unsupported_content": 1},
    ),
    _zip("zip: folders", "a folder is no unit", zipped(("files/", b""), (name(1), REPORT)), {"ok": 1}),
    _zip(
        "zip: folders",
        "a folder that holds bytes is one",
        zipped((name(1), REPORT), ("files/", b"bytes")),
        {"ok": 1, "unsupported_content": 1},
    ),
    _zip("archive: empty member", "zip", zipped((name(1), REPORT), (name(2), b"")), {"ok": 1, "empty": 1}),
    _zip(
        "archive: report of 10 MB",
        "zip",
        lambda: zipped((name(1), REPORT), (name(2), REPORT * 180_000)),
        {"ok": 1, "too_large": 1},
    ),
]

_TARS = [
    _tar("tar: truncated", "inside a report", TAR[:1560], {"ok": 1, "truncated": 1}),
    _tar("tar: truncated", "inside a header", TAR[:1300], {"ok": 1, "truncated": 1}),
    _tar("tar: truncated", "between two reports", TAR[:1024], {"ok": 1, "truncated": 1}),
    _tar("tar: truncated", "after the last report", TAR[:2048], {"ok": 2, "truncated": 1}),
    _tar("tar: truncated", "in the padding of a report", TAR[:2000], {"ok": 2, "truncated": 1}),
    _tar(
        "tar: header damaged",
        "the checksum of the second is wrong",
        TAR[:1024] + b"x" + TAR[1025:],
        {"ok": 1, "malformed": 1},
    ),
    _tar(
        "tar: header damaged",
        "a size that is no number",
        _with_member(_tar_header(name(2).encode(), b"9z9z9z9z9z9\0")),
        {"ok": 1, "malformed": 1},
    ),
    _tar(
        "tar: header damaged",
        "a size beyond the end",
        _with_member(_tar_header(name(2).encode(), b"00077777777\0")),
        {"ok": 1, "too_large": 1},
    ),
    _tar(
        "tar: header damaged",
        "a size of 2 to the 80th",
        _with_member(_tar_header(name(2).encode(), b"\x80\0\1" + bytes(9))),
        {"ok": 1, "too_large": 1},
    ),
    _tar(
        "tar: header damaged",
        "a long name of 8 GB",
        _with_member(_tar_header(b"././@LongLink", b"77777777777\0", b"L")),
        {"ok": 1, "malformed": 1},
    ),
    *(
        _tar(
            "tar: links and devices",
            what,
            tarred((name(1), REPORT), (_special(name(2), kind), b"")),
            {"ok": 1, "unsupported_content": 1},
        )
        for what, kind in (
            ("a symbolic link", tarfile.SYMTYPE),
            ("a hard link", tarfile.LNKTYPE),
            ("a device", tarfile.CHRTYPE),
            ("a pipe", tarfile.FIFOTYPE),
        )
    ),
    _tar(
        "tar: sparse file",
        "the old GNU way",
        _with_member(_tar_header(name(2).encode(), b"%011o\0" % len(REPORT), b"S")),
        {"ok": 1, "unsupported_content": 1},
    ),
    _tar(
        "tar: nested archive", "a tar", tarred((name(1), REPORT), (name(2), TAR)), {"ok": 1, "unsupported_content": 1}
    ),
    _tar(
        "tar: nested archive", "a zip", tarred((name(1), REPORT), (name(2), TWO)), {"ok": 1, "unsupported_content": 1}
    ),
    _tar("tar: names that climb", "../", tarred(("../../" + name(1), REPORT)), {"ok": 1}),
    _tar("tar: absolute names", "/etc", tarred((name(1), REPORT), ("/etc/x", b"x")), {"ok": 1, "not_a_report": 1}),
    _tar(
        "tar: names that are not UTF-8",
        "Latin-1",
        _with_member(_tar_header(b"p\xe9.txt", b"%011o\0" % len(REPORT))),
        {"ok": 1, "not_a_report": 1},
    ),
    _tar(
        "archive: names of 10,000 characters",
        "tar, pax",
        tarred((name(1), REPORT), ("n" * 10_000, REPORT)),
        {"ok": 1, "malformed": 1},
    ),
    _tar(
        "archive: names of 10,000 characters",
        "tar, GNU",
        tarred((name(1), REPORT), ("n" * 10_000, REPORT), form=tarfile.GNU_FORMAT),
        {"ok": 1, "malformed": 1},
    ),
    _tar("tar: duplicate names", "twice", tarred((name(1), REPORT), (name(1), REPORT)), {"ok": 2}),
    _tar("archive: trailing bytes", "another tar after a tar", TAR + TAR, {"ok": 2, "malformed": 1}),
    _tar("archive: empty member", "tar", tarred((name(1), REPORT), (name(2), b"")), {"ok": 1, "empty": 1}),
    _tar(
        "archive: report of 10 MB",
        "tar",
        lambda: tarred((name(1), REPORT), (name(2), REPORT * 180_000)),
        {"ok": 1, "too_large": 1},
    ),
    _tar("gzip: truncated", "around a tar", lambda: _cut_tar_gz(), {"ok": 1, "truncated": 1}),
    _tar("gzip: damaged", "around a tar", lambda: _damaged_tar_gz(), {"ok": 1, "malformed": 1}),
    _tar("gzip: several members", "a tar in two", gzip.compress(TAR[:700]) + gzip.compress(TAR[700:]), {"ok": 2}),
    _tar("gzip: trailing bytes", "after a tar", gzip.compress(TAR) + b"<html>", {"ok": 2, "malformed": 1}),
    _tar(
        "gzip: bomb",
        "a tar with 40 MB of NUL as a report",
        lambda: gzip.compress(tarred((name(1), REPORT), (name(2), bytes(40 << 20))), 1),
        {"ok": 1, "too_large": 1},
    ),
]


def _noise(size: int) -> bytes:
    """Text that does not compress, so that a cut of the gzip stream is a cut of the text."""
    state, digits = 1, []
    for _ in range(size):
        state = state * 48271 % 2147483647
        digits.append(b"0123456789abcdef"[state >> 27])
    return bytes(digits)


def _tar_gz() -> bytes:
    return gzip.compress(tarred((name(1), REPORT), (name(2), REPORT + _noise(100_000))), mtime=0)


def _cut_tar_gz() -> bytes:
    return _tar_gz()[:20_000]


def _damaged_tar_gz() -> bytes:
    # several chunks of 64 kB, so that what is before the damage is read
    data = gzip.compress(tarred((name(1), REPORT), (name(2), REPORT + _noise(400_000))), mtime=0)
    return data[:150_000] + bytes(1000) + data[151_000:]


_BOMB = gzip.compress(bytes(1 << 20), mtime=0) * 300

_GZIPS = [
    _gz("gzip: truncated", "inside the last row", gzip.compress(CSV, 0)[:-40], {"ok": 3, "truncated": 1}),
    _gz("gzip: truncated", "the checksum is not there", gzip.compress(CSV)[:-8], {"ok": 4, "truncated": 1}),
    _gz("gzip: truncated", "ten bytes are all there is", gzip.compress(CSV)[:10], None, "truncated"),
    _gz("gzip: several members", "rows in two", gzip.compress(CSV[:90]) + gzip.compress(CSV[90:]), {"ok": 4}),
    _gz("gzip: several members", "an empty one between", gzip.compress(b"") + gzip.compress(CSV), {"ok": 4}),
    _gz("gzip: trailing bytes", "NUL", gzip.compress(CSV) + bytes(512), {"ok": 4}),
    _gz("gzip: trailing bytes", "a page of HTML", gzip.compress(CSV) + b"<html></html>", {"ok": 4, "malformed": 1}),
    _gz("gzip: bomb", "300 MB of NUL after good rows", lambda: gzip.compress(CSV) + _BOMB, {"ok": 4, "too_large": 1}),
    _gz("gzip: nested", "twice", gzip.compress(gzip.compress(CSV)), {"unsupported_content": 1}),
    _gz("gzip: nested", "a zip inside", gzip.compress(TWO), {"unsupported_content": 1}),
]


def xml(
    *,
    head: str = "",
    uid: str = "CXR7",
    findings: str = "The lungs are clear.",
    tail: str = "",
    root: str = "eCitation",
) -> str:
    return (
        f'{head}<{root}><uId id="{uid}"/><pmcId id="7"/><MedlineCitation><Article><Abstract>'
        '<AbstractText Label="COMPARISON">None.</AbstractText><AbstractText Label="INDICATION">Cough</AbstractText>'
        f'<AbstractText Label="FINDINGS">{findings}</AbstractText>'
        '<AbstractText Label="IMPRESSION">Normal chest.</AbstractText></Abstract></Article></MedlineCitation>'
        "<MeSH><major>normal</major></MeSH>"
        f'<parentImage id="CXR7_1"><caption>Xray Chest PA</caption></parentImage>{tail}</{root}>'
    )


def _xml(kind: str, what: str, data: str | bytes | Bytes, rows: dict[str, int]) -> BadInput:
    """A folder with a good file, 1.xml, and the bad one, 7.xml."""

    def make(folder: Path) -> Path:
        below = folder / "ecgen-radiology"
        below.mkdir()
        (below / "1.xml").write_text(xml(uid="CXR1"), encoding="utf-8")
        bad = data() if callable(data) else data
        (below / "7.xml").write_bytes(bad.encode() if isinstance(bad, str) else bad)
        return below

    return BadInput(kind, what, "openi_xml", make, rows)


_LAUGHS = "<!DOCTYPE eCitation [<!ENTITY a0 'ha'>" + "".join(
    f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 12)
)
_DECLARED = '<?xml version="1.0" encoding="{}"?>'
_BAD, _OK = {"ok": 1, "malformed": 1}, {"ok": 2}

_XMLS = [
    _xml("XML: entity expansion", "a billion laughs", xml(head=_LAUGHS + "]>", findings="&a11;"), _BAD),
    _xml(
        "XML: entity expansion",
        "one long entity, often",
        xml(head=f"<!DOCTYPE x [<!ENTITY a '{'a' * 9000}'>]>", findings="&a;" * 9000),
        _BAD,
    ),
    _xml(
        "XML: external entity",
        "a file",
        xml(head='<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>', findings="&a;"),
        _BAD,
    ),
    _xml(
        "XML: external entity",
        "a parameter entity",
        xml(head='<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:9/"> %a;]>'),
        _BAD,
    ),
    _xml("XML: DTD", "internal, harmless", xml(head="<!DOCTYPE eCitation>"), _BAD),
    _xml("XML: DTD", "external", xml(head='<!DOCTYPE eCitation SYSTEM "http://127.0.0.1:9/a.dtd">'), _BAD),
    _xml("XML: malformed", "an entity that nobody declared", xml(findings="10&nbsp;mm"), _BAD),
    _xml("XML: malformed", "a bare ampersand", xml(findings="PA & lateral"), _BAD),
    _xml("XML: malformed", "an end tag of another element", xml(findings="a</b>"), _BAD),
    _xml("XML: malformed", "text after the root", xml() + "more", _BAD),
    _xml("XML: malformed", "two roots", xml() + xml(), _BAD),
    _xml("XML: malformed", "no XML at all", "FINDINGS: The lungs are clear.", _BAD),
    _xml("XML: malformed", "a surrogate by number", xml(findings="&#xD800;"), _BAD),
    _xml("XML: wrong root", "a page of HTML", "<html><body>Not found</body></html>", _BAD),
    _xml("XML: wrong root", "another name", xml(root="PubmedArticle"), _BAD),
    _xml("XML: truncated", "inside a text", xml()[:260], {"ok": 1, "truncated": 1}),
    _xml("XML: truncated", "inside a tag", xml()[:22], {"ok": 1, "truncated": 1}),
    _xml("XML: deep nesting", "100,000 elements", xml(tail="<a>" * 100_000 + "</a>" * 100_000), _BAD),
    _xml("XML: empty", "no bytes", b"", {"ok": 1, "empty": 1}),
    _xml("XML: empty", "white space", b" \n\t ", {"ok": 1, "empty": 1}),
    _xml(
        "XML: too large",
        "findings of 2 MB",
        lambda: xml(findings="clear " * 350_000).encode(),
        {"ok": 1, "too_large": 1},
    ),
    _xml("XML: encodings", "UTF-8 with a byte order mark", b"\xef\xbb\xbf" + xml().encode(), _OK),
    _xml("XML: encodings", "UTF-16 with a byte order mark", xml().encode("utf-16"), _OK),
    _xml("XML: encodings", "UTF-16 that says UTF-8", xml(head=_DECLARED.format("utf-8")).encode("utf-16"), _OK),
    _xml(
        "XML: encodings",
        "Windows-1252, stated",
        xml(head=_DECLARED.format("windows-1252"), findings="30\xb0").encode("cp1252"),
        _OK,
    ),
    _xml(
        "XML: encodings",
        "UTF-8 and Windows-1252 mixed",
        xml(findings="30\xb0 ").encode().replace(b"Cough", b"30\xb0"),
        _OK,
    ),
    _xml("XML: encodings", "UTF-16 without a mark", xml().encode("utf-16-le"), {"ok": 1, "bad_encoding": 1}),
    _xml("XML: encodings", "one that nobody knows", xml(head=_DECLARED.format("x-own")), {"ok": 1, "bad_encoding": 1}),
    _xml(
        "XML: encodings",
        "half of a surrogate pair",
        xml().encode().replace(b"Cough", b"\xed\xa0\x80"),
        {"ok": 1, "bad_encoding": 1},
    ),
    _xml("XML: NUL", "in a text", xml(findings="a\x00b"), {"ok": 1, "bad_encoding": 1}),
    _xml("XML: ids", "none", xml().replace('<uId id="CXR7"/>', ""), {"ok": 1, "no_study_id": 1}),
    _xml("XML: ids", "blank", xml(uid=" "), {"ok": 1, "no_study_id": 1}),
    _xml("XML: ids", "10,000 characters", xml(uid="9" * 10_000), {"ok": 1, "bad_id": 1}),
    _xml("XML: ids", "with a line's end", xml(uid="CXR&#10;7"), {"ok": 1, "bad_id": 1}),
    _xml("XML: ids", "those of another file", xml(uid="CXR1"), {"ok": 2}),
    _xml("XML: no findings", "the element is empty", xml(findings=""), {"ok": 1, "no_findings": 1}),
]

INPUTS: list[BadInput] = [*_ZIPS, *_TARS, *_GZIPS, *_XMLS]
