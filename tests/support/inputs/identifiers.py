"""A feed whose reports and files' names hold the 18 identifiers of HIPAA's Safe Harbor, and a search for them."""

import bz2
import gzip
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from radray.upkeep.evidence import avro_blocks, parquet_values

CLASSES: dict[str, tuple[str, ...]] = {
    "names": ("Thessaly", "Brackenmoor"),
    "places": ("47 Larkspur Crossing", "Nethercombe 90417"),
    "dates": ("17-Mar-1931", "19310317"),
    "telephone": ("555-013-7788",),
    "fax": ("555-013-9911",),
    "e-mail": ("tbrack@letterbox.example",),
    "social security": ("078-05-1120",),
    "medical record": ("MRN7719305",),
    "health plan": ("HPB-88214-QX",),
    "account": ("ACCT-55120-ZK",),
    "licence": ("LIC-90331-WV",),
    "vehicle": ("VIN1HGCM82633",),
    "device": ("SN-44871-QDEV",),
    "url": ("portal.example/p/tb77",),
    "ip address": ("203.0.113.77",),
    "biometric": ("FPRINT-A9C3E1",),
    "photograph": ("IMG_TB_0077.jpg",),
    "other": ("UID-2.25.77193", "ACCTB77C3"),
}
"""The words of each class, by 45 CFR 164.514(b)(2)(i)."""
ALL = " ".join(f"{word}." for words in CLASSES.values() for word in words)
"""A text with every identifier."""
NAME = "Brackenmoor_Thessaly_MRN7719305"
"""A name of a file that is an identifier in itself."""

_EXAMS = (
    ("The heart is normal in size. The lungs are clear.", "No acute cardiopulmonary disease."),
    ("There is a small left pleural effusion. The heart is enlarged.", "Small left pleural effusion."),
    ("Right lower lobe opacity. No pneumothorax.", "Right lower lobe pneumonia."),
    ("No focal consolidation. Mediastinal contours are normal.", "Normal chest."),
)


def message(number: int, *, patient: bool, findings: bool = True) -> str:
    """Return an HL7 report; with `patient` it is the patient's, and holds every identifier in several fields."""
    exam, conclusion = _EXAMS[number % len(_EXAMS)]
    record, name = (
        ("MRN7719305", "Brackenmoor^Thessaly") if patient else (f"M{number:06d}", f"Last{number}^First{number}")
    )
    accession = f"ACCTB77C3-{number}" if patient else f"A{number:06d}"
    rest = "19310317|F|||47 Larkspur Crossing^^Nethercombe 90417||555-013-7788" if patient else "19500101|F"
    texts = [f"INDICATION: Cough.{' ' + ALL if patient else ''}"]
    if findings:
        texts += [
            f"FINDINGS: {exam}{' ' + ALL if patient else ''}",
            f"IMPRESSION: {conclusion}{' ' + ALL if patient else ''}",
        ]
    lines = [
        f"MSH|^~\\&|RIS|H|R|R|20261120010101||ORU^R01|{number}|P|2.3",
        f"PID|1||{record}^^^H||{name}||{rest}",
        f"OBR|1||{accession}|71020^CHEST|||20261120||||||||||||||||||F",
        *(f"OBX|{place}|TX|71020^CHEST||{text}||||||F" for place, text in enumerate(texts, 1)),
    ]
    return "".join(f"{line}\r" for line in lines)


def write_feed(folder: Path) -> None:
    """Write 120 reports to learn from, and a night of 24 with a rejected report and files that are no messages."""
    (folder / "learn").mkdir(parents=True)
    learnt = [message(number, patient=number % 4 == 0) for number in range(120)]
    (folder / "learn" / f"{NAME}.hl7").write_text("".join(learnt))
    night = folder / "night" / "incoming"
    night.mkdir(parents=True)
    reports = [message(number, patient=number % 6 == 0) for number in range(1_000, 1_024)]
    (night / f"{NAME}.hl7").write_text("".join(reports) + message(1_030, patient=True, findings=False))
    (night / f"{NAME}.thessaly").write_text(ALL)
    with zipfile.ZipFile(night / f"{NAME}.zip", "w") as archive:
        archive.writestr(f"{NAME}/1.hl7", message(1_040, patient=True))
        archive.writestr(f"{NAME}/2.hl7", ALL)


def classes_in(content: bytes) -> set[str]:
    """Return the classes of which `content` holds a word, in any case, in UTF-8 or UTF-16."""
    low = content.lower()
    plain = low.replace(b"\0", b"") if b"\0" in low else low
    return {
        name
        for name, words in CLASSES.items()
        if any(word.lower().encode() in text for word in words for text in (low, plain))
    }


def contents(file: Path) -> Iterator[bytes]:
    """Yield all that `file` says: its name, its bytes, and what is packed in them."""
    yield file.name.encode()
    data = file.read_bytes()
    yield data
    if file.suffix == ".parquet":
        for name, values in parquet_values(io.BytesIO(data)):
            yield name.encode() + values
    elif data.startswith(b"Obj\x01"):
        yield from avro_blocks(io.BytesIO(data))
    elif data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield from (name.encode() + archive.read(name) for name in archive.namelist())
    elif data.startswith(b"\x1f\x8b"):
        yield gzip.decompress(data)
    elif data.startswith(b"BZh"):
        yield bz2.decompress(data)
