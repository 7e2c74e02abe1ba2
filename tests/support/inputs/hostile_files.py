"""Hostile files of a few kB, each by the name of what it attacks: written into a source folder beside good reports."""

import base64
import gzip
import io
import json
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

TEXT = b"FINDINGS: The lungs are clear.\nIMPRESSION: Normal.\n"
GOOD = 1_000


def line(study: str, findings: str = "The lungs are clear.") -> bytes:
    return json.dumps({"study_id": study, "findings": findings}).encode() + b"\n"


def hl7(
    study: str, subject: str, *, sender: str = "RIS", status: str = "F", hour: int = 1, text: str | None = None
) -> bytes:
    """Return a report, or with status X its cancellation, sent at `hour`."""
    time = f"202611210{hour}0101"
    if text is None:
        text = "" if status == "X" else "OBX|1|TX|71020^CHEST||FINDINGS: The lungs are clear.||||||F\r"
    return (
        f"MSH|^~\\&|{sender}|H|R|R|{time}||ORU^R01|1|P|2.3\rPID|1||{subject}^^^H\rOBR|1||{study}|71020^CHEST|||20261120"
        f"|||||||||||||||{time}|||{status}\r{text}"
    ).encode()


def good_jsonl(folder: Path) -> None:
    (folder / "good.jsonl").write_bytes(b"".join(line(f"good{n}") for n in range(GOOD)))


def good_hl7(folder: Path) -> None:
    """A feed of 20 files."""
    for file in range(20):
        messages = (hl7(f"good{n}", f"M{n}") for n in range(file * GOOD // 20, (file + 1) * GOOD // 20))
        (folder / f"ris{file:02d}.hl7").write_bytes(b"".join(messages))


def good_text(folder: Path) -> None:
    with zipfile.ZipFile(folder / "good.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(GOOD):
            archive.writestr(f"good{n}.txt", TEXT)


def good_parquet(folder: Path) -> None:
    table = pa.table({"study_id": [f"good{n}" for n in range(GOOD)], "findings": ["The lungs are clear."] * GOOD})
    pq.write_table(table, folder / "good.parquet")


def good_fhir(folder: Path) -> None:
    """A feed of 20 files."""
    form = {"contentType": "text/plain", "data": base64.b64encode(TEXT).decode()}
    report = {"resourceType": "DiagnosticReport", "status": "final", "presentedForm": [form]}
    for file in range(20):
        reports = (report | {"id": f"good{n}"} for n in range(file * GOOD // 20, (file + 1) * GOOD // 20))
        (folder / f"good{file:02d}.ndjson").write_bytes(b"".join(json.dumps(each).encode() + b"\n" for each in reports))


GOOD_OF = {"jsonl": good_jsonl, "hl7": good_hl7, "text": good_text, "parquet": good_parquet, "fhir": good_fhir}


def _file(name: str, content: bytes | Callable[[], bytes]) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / name).write_bytes(content() if callable(content) else content)

    return write


def _zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def _nested() -> bytes:
    layer = _zipped(**{"0.txt": bytes(4 << 20)})
    for _ in range(3):
        layer = _zipped(**{f"{n}.zip": layer for n in range(16)})
    return layer


def _overlapping() -> bytes:
    """500 names in the directory of a zip that share one member of a megabyte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = b"A" * (1 << 20)
    packed, crc = packer.compress(data) + packer.flush(), zlib.crc32(data)

    def name(n: int) -> bytes:
        return f"p10/p10000032/s5{n:07d}.txt".encode()

    def central(n: int) -> bytes:
        fields = (b"PK\1\2", 20, 3, 20, 0, 0, 8, 0, 0, crc, len(packed), len(data), len(name(n)), 0, 0, 0, 0, 0, 0)
        return struct.pack("<4s4B4HL2L5H2L", *fields) + name(n)

    directory = b"".join(map(central, range(500)))
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 0, crc, len(packed), len(data), len(name(0)), 0)
    body = local + name(0) + packed
    return body + directory + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 500, 500, len(directory), len(body), 0)


def _tar(members: list[tuple[str, bytes, str]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, kind, link in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            info.size = len(TEXT) if kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(TEXT))
    return out.getvalue()


def _tar_of_links() -> bytes:
    return _tar(
        [
            ("p10/p10000032/s50000002.txt", tarfile.SYMTYPE, "/etc/passwd"),
            ("p10/p10000032/s50000003.txt", tarfile.LNKTYPE, "/etc/shadow"),
            ("p10/p10000032/s50000004.txt", tarfile.CHRTYPE, ""),
            ("p10/p10000032/s50000005.txt", tarfile.FIFOTYPE, ""),
        ]
    )


def _tar_of_names() -> bytes:
    names = ["../../../../tmp/escaped1.txt", "/tmp/escaped2.txt", "a\n\x1b[31mERROR forged.txt", "x" * 3_000 + ".txt"]
    return _tar([(name, tarfile.REGTYPE, "") for name in names])


def _tar_of_a_huge_size() -> bytes:
    header = bytearray(tarfile.TarInfo("p10/p10000032/s50000001.txt").tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\x80" + (1 << 60).to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + TEXT.ljust(512, b"\0") + bytes(1024)


def _bundle(depth: int) -> bytes:
    nested = b"[" * depth + b"]" * depth
    inner = b'{"resource":{"resourceType":"DiagnosticReport","id":"x","extension":' + nested + b"}}"
    return b'{"resourceType":"Bundle","entry":[' + inner + b"," + inner + b"]}\n"


def _parquet(name: str, **columns: pa.Array) -> Callable[[Path], None]:
    table = pa.table({"study_id": ["x"], "findings": ["The lungs are clear."]} | columns)
    return lambda folder: pq.write_table(table, folder / name)


def _time(seconds: int) -> pa.Array:
    return pa.array([seconds], pa.int64()).view(pa.timestamp("s"))


def _many_rows(folder: Path) -> None:
    nulls = pa.table({"study_id": pa.nulls(400_000, pa.string()), "findings": pa.nulls(400_000, pa.string())})
    with pq.ParquetWriter(folder / "null.parquet", nulls.schema, compression="zstd") as file:
        for _ in range(5):
            file.write_table(nulls)


def _cancellations(sender: str, subject: str) -> bytes:
    return b"".join(hl7(f"good{n}", subject.format(n=n), sender=sender, status="X", hour=2) for n in range(GOOD))


def _links(folder: Path) -> None:
    (folder / "2.jsonl").symlink_to("/etc/passwd")
    (folder / "l").symlink_to(".")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe.jsonl")


def _odd_names(folder: Path) -> None:
    for name in (b"r\xf6ntgen.jsonl", b"a\n\x1b[31m.jsonl"):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(b"\0")


def _deep_bundles(folder: Path) -> None:
    for depth in (300, 900, 960, 985, 995, 100_000):
        (folder / f"b{depth}.json").write_bytes(_bundle(depth))


_LAUGHS = b'<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><eCitation>&b;</eCitation>'
_NUMBERS = b'{"study_id":1e999,"findings":"a"}\n{"study_id":' + b"9" * 5_000 + b',"findings":"a"}\n'
_SURROGATES = b'{"study_id":"\\ud800","findings":"\\udfff"}\n' * 9
_DEEP = b'{"study_id":"x","x":' + b"[" * 200_000 + b"]" * 200_000 + b"}\n"
_NOT_UTF8 = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe"))
_BEYOND = pa.array([2**62], pa.int64()).view(pa.timestamp("us"))

HOSTILE: dict[str, tuple[str, Callable[[Path], None]]] = {
    "zips in zips": ("text", _file("nested.zip", _nested)),
    "a zip whose members overlap": ("text", _file("overlap.zip", _overlapping)),
    "a tar of links and devices": ("text", _file("links.tar", _tar_of_links)),
    "a tar of names that leave it": ("text", _file("names.tar", _tar_of_names)),
    "a tar whose member has 2^60 bytes": ("text", _file("huge.tar", _tar_of_a_huge_size)),
    "a zip without its end": ("text", _file("cut.zip", lambda: _zipped(**{"a.txt": TEXT, "b.txt": TEXT})[:-30])),
    "a tar without its end": ("text", _file("cut.tar", lambda: _tar_of_names()[:700])),
    "a zip of nothing": ("text", _file("none.zip", lambda: _zipped())),
    "a gzip bomb of one line": ("jsonl", _file("bomb.jsonl.gz", lambda: gzip.compress(bytes(30 << 20), 9))),
    "many empty gzip members": ("jsonl", _file("members.jsonl.gz", gzip.compress(b"") * 20_000)),
    "a cut gzip": ("jsonl", _file("cut.jsonl.gz", lambda: gzip.compress(line("x") * 500)[:-20])),
    "objects without anything": ("jsonl", _file("x.jsonl", line("j") + b"{}\n" * 1_100)),
    "ten thousand broken lines": ("jsonl", _file("x.jsonl", b'{"a\n' * 10_000)),
    "ids without a text": ("jsonl", _file("x.jsonl", b"".join(line(f"x{n}", "") for n in range(2_000)))),
    "nulls and numbers": ("jsonl", _file("x.jsonl", b"null\n1\n[]\n" * 2_000)),
    "deep JSON lines": ("jsonl", _file("deep.jsonl", _DEEP)),
    "zero bytes": ("jsonl", _file("zero.jsonl", b"")),
    "bytes of no format": ("jsonl", _file("junk.jsonl", bytes(range(256)) * 40)),
    "a lone surrogate in every value": ("jsonl", _file("x.jsonl", _SURROGATES)),
    "numbers beyond any type": ("jsonl", _file("x.jsonl", _NUMBERS)),
    "many laughs": ("jsonl", _file("laughs.xml", _LAUGHS)),
    "links": ("jsonl", _links),
    "a pipe": ("jsonl", _pipe),
    "odd names": ("jsonl", _odd_names),
    "deep Bundles": ("fhir", _deep_bundles),
    "a Parquet time in the year 10000": ("parquet", _parquet("bad.parquet", exam_time=_time(253_402_300_800))),
    "a Parquet time in the year 0": ("parquet", _parquet("bad.parquet", report_time=_time(-62_135_596_801))),
    "a Parquet time of 2^62 microseconds": ("parquet", _parquet("bad.parquet", exam_time=_BEYOND)),
    "Parquet texts that are not UTF-8": ("parquet", _parquet("bad.parquet", impression=_NOT_UTF8)),
    "two million Parquet rows of nulls": ("parquet", _many_rows),
    "a cut Parquet file": ("parquet", _file("cut.parquet", b"PAR1" + bytes(500))),
    "a CSV in a feed of HL7": ("hl7", _file("b.csv", b"uid,findings,impression\n,,\n")),
    "messages without a study or text": ("hl7", _file("zz.hl7", b"".join(hl7("", "", text="") for _ in range(3_000)))),
    "cancellations of another sender": ("hl7", _file("zz.hl7", lambda: _cancellations("EVIL", "M{n}"))),
    "cancellations without a patient": ("hl7", _file("zz.hl7", lambda: _cancellations("RIS", ""))),
}
"""(format of the good reports beside it, what writes it) of each hostile file."""
