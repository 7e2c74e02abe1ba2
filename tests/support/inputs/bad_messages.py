"""Bad inputs that are messages: JSON, JSON lines, Parquet, HL7 v2 and FHIR."""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.support.inputs.bad_input import BadInput

OBJECT = {"study_id": "7", "subject_id": "3", "findings": "Lungs are clear.", "impression": "Normal chest."}
LINE = json.dumps(OBJECT).encode()
SECOND = json.dumps({**OBJECT, "study_id": "8"}).encode()
HUGE = b"clear " * 850_000


def _file(name: str, data: bytes | Callable[[], bytes]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        file = folder / name
        file.write_bytes(data if isinstance(data, bytes) else data())
        return file

    return make


def _line(**changes: Any) -> bytes:
    return json.dumps({**OBJECT, **changes}).encode()


def _input(format_: str, name: str) -> Callable[..., BadInput]:
    def make(
        kind: str, what: str, data: bytes | Callable[[], bytes], error: str | None = None, **rows: int
    ) -> BadInput:
        return BadInput(kind, what, format_, _file(name, data), None if error else rows, error)

    return make


_jsonl, _json = _input("jsonl", "reports.jsonl"), _input("mediqa_json", "reports.json")
_parquet, _hl7, _fhir = _input("parquet", "reports.parquet"), _input("hl7", "reports.hl7"), _input("fhir", "r.json")


def _array(*elements: bytes) -> bytes:
    return b"[" + b", ".join(elements) + b"]"


JSON = [
    _jsonl("JSON lines: broken line", "a word between two objects", LINE + b"\nbroken\n" + SECOND, ok=2, malformed=1),
    _jsonl("JSON lines: broken line", "two objects on one line", LINE + SECOND + b"\n" + SECOND, ok=1, malformed=1),
    _jsonl(
        "JSON lines: broken line", "a quote that is not escaped", b'{"findings": "5" tube"}\n' + LINE, ok=1, malformed=1
    ),
    _jsonl("JSON lines: cut", "in the last text", LINE + b"\n" + SECOND[:-20], ok=1, truncated=1),
    _jsonl("JSON lines: cut", "in the only line", LINE[:40], truncated=1),
    _jsonl("JSON lines: line ends", "CR LF, blank lines, no end at the last", LINE + b"\r\n\r\n \r\n" + SECOND, ok=2),
    _jsonl("JSON lines: line ends", "CR alone", LINE + b"\r" + SECOND, ok=2),
    _jsonl("JSON lines: encodings", "UTF-8 with a byte order mark", b"\xef\xbb\xbf" + LINE, ok=1),
    _jsonl("JSON lines: encodings", "UTF-16", (LINE + b"\n" + SECOND).decode().encode("utf-16"), ok=2),
    _jsonl(
        "JSON lines: encodings", "UTF-16 cut inside a character", LINE.decode().encode("utf-16")[:-1], bad_encoding=1
    ),
    _jsonl("JSON lines: encodings", "a line in Windows-1252", LINE + b"\n" + SECOND.replace(b"clear", b"30\xb0"), ok=2),
    _jsonl("JSON lines: NUL", "as a byte", LINE + b"\n" + SECOND.replace(b"clear", b"cl\x00ear"), ok=1, bad_encoding=1),
    _jsonl("JSON lines: NUL", "as an escape", _line(findings="cl\x00ear"), bad_encoding=1),
    _jsonl(
        "JSON lines: lone surrogate", "half of a pair in the findings", _line(findings="cl\ud83dear"), bad_encoding=1
    ),
    _jsonl("JSON lines: lone surrogate", "in the study id", _line(study_id="\udc80"), bad_encoding=1),
    _jsonl(
        "JSON lines: duplicate keys",
        "findings twice",
        LINE[:-1] + b', "findings": "No."}\n' + SECOND,
        ok=1,
        malformed=1,
    ),
    _jsonl("JSON lines: NaN", "as a value that is not read", LINE[:-1] + b', "score": NaN}\n' + SECOND, ok=2),
    _jsonl("JSON lines: NaN", "minus infinity", LINE[:-1] + b', "score": -Infinity}\n' + SECOND, ok=1, malformed=1),
    _jsonl("JSON lines: deep nesting", "100,000 arrays", LINE + b"\n" + b"[" * 100_000, ok=1, truncated=1),
    _jsonl(
        "JSON lines: deep nesting",
        "in a field",
        b'{"findings": ' + b"[" * 9999 + b"]" * 9999 + b"}\n" + LINE,
        ok=1,
        malformed=1,
    ),
    _jsonl("JSON lines: wrong type", "a text that is a number", _line(findings=3), malformed=1),
    _jsonl("JSON lines: wrong type", "a line that is a string", b'"text"\n' + LINE, ok=1, malformed=1),
    _jsonl("JSON: ids as floats", "study id 7.0", _line(study_id=7.0), bad_id=1),
    _jsonl("JSON: ids as floats", "subject id 1e3", LINE.replace(b'"3"', b"1e3"), bad_id=1),
    _jsonl("JSON: ids of another kind", "true", _line(study_id=True), bad_id=1),
    _jsonl("JSON: ids of another kind", "10,000 characters", _line(study_id="7" * 10_000), bad_id=1),
    _jsonl("JSON: ids of another kind", "blank", _line(study_id=" "), no_study_id=1),
    _jsonl(
        "JSON lines: huge", "one line of 5 MB", LINE + b'\n{"findings": "' + HUGE + b'"}\n' + SECOND, ok=2, too_large=1
    ),
    _jsonl(
        "JSON lines: number too long",
        "5,000 digits",
        LINE[:-1] + b', "x": ' + b"1" * 5000 + b"}\n" + LINE.replace(b'"7"', b'"9"'),
        ok=1,
        malformed=1,
    ),
    _jsonl("JSON lines: empty", "no byte", b"", "is empty"),
    _jsonl("JSON lines: empty", "white space", b" \n\t\r\n", "is empty"),
    _jsonl(
        "JSON lines: other names",
        "text in place of findings",
        b'{"study_id": "1", "text": "Clear."}\n',
        "source.fields",
    ),
    _jsonl("JSON lines: no JSON at all", "prose", b"FINDINGS: Clear.\n", "source.format"),
    _jsonl("reports withdrawn", "entered in error", _line(report_status="entered-in-error"), cancelled=1),
    _jsonl("times that are none", "a month 13", _line(exam_time="2024-13-01T00:00:00"), ok=1),
    _json("JSON array: cut", "inside an element", _array(LINE, SECOND)[:-30], ok=1, truncated=1),
    _json("JSON array: cut", "after a comma", b"[" + LINE + b",", ok=1, truncated=1),
    _json("JSON array: more after its end", "another array", _array(LINE) + _array(SECOND), ok=1, malformed=1),
    _json(
        "JSON array: an element that is none",
        "a number, null, an array",
        _array(LINE, b"1", b"null", b"[]"),
        ok=1,
        malformed=3,
    ),
    _json(
        "JSON array: duplicate keys",
        "study_id twice",
        _array(LINE, SECOND[:-1] + b', "study_id": "9"}'),
        ok=1,
        malformed=1,
    ),
    _json(
        "JSON array: a quote not escaped",
        "it takes the rest with it",
        _array(LINE, b'{"findings": "a 5" tube"}', SECOND),
        ok=1,
        truncated=1,
    ),
    _json(
        "JSON array: huge",
        "an element of 5 MB",
        _array(LINE, b'{"findings": "' + HUGE + b'"}', SECOND),
        ok=2,
        too_large=1,
    ),
    _json("JSON array: NaN", "as a text", _array(LINE, b'{"findings": NaN}'), ok=1, no_study_id=1),
    _json("JSON array: encodings", "UTF-16", _array(LINE, SECOND).decode().encode("utf-16"), ok=2),
    _json("JSON array: deep nesting", "before an element", b"[" * 5_000, "holds no reports"),
    _json("JSON: not an array", "a string", b'"text"', "not JSON"),
    _json("JSON: not an array", "an object around it", b'{"data": [' + LINE + b"]}", "holds no reports"),
]

_COLUMNS: dict[str, Any] = {"study_id": ["7", "8"], "findings": ["Clear.", "Fine."], "impression": ["Normal.", "Well."]}


def _table(changes: dict[str, Any] | None = None, **options: Any) -> bytes:
    table = pa.table({**_COLUMNS, **(changes or {})})
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def _damaged_page() -> bytes:
    texts = [f"text {number:04}" for number in range(3000)]
    columns = {"study_id": [str(number) for number in range(3000)], "findings": texts, "impression": texts}
    data = bytearray(
        _table(columns, row_group_size=1000, write_page_checksum=True, compression="none", use_dictionary=False)
    )
    data[data.index(b"text 1500") + 5] ^= 1
    return bytes(data)


def _not_utf8() -> bytes:
    offsets = pa.py_buffer(b"\0\0\0\0\2\0\0\0\4\0\0\0")
    return _table({"findings": pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"\xff\xfeok")])})


PARQUET = [
    _parquet("Parquet: missing column", "no study_id", lambda: _without("study_id"), "no column study_id"),
    _parquet(
        "Parquet: missing column",
        "no text at all",
        lambda: _without("findings", "impression"),
        "no column of the Parquet file holds reports",
    ),
    _parquet("Parquet: mistyped column", "study ids as floats", _table({"study_id": [7.0, 8.0]}), bad_id=2),
    _parquet(
        "Parquet: mistyped column",
        "findings as bytes",
        _table({"findings": [b"a", b"b"]}),
        "findings of the Parquet file is binary",
    ),
    _parquet(
        "Parquet: mistyped column",
        "findings as numbers",
        _table({"findings": [1, 2]}),
        "findings of the Parquet file is int64",
    ),
    _parquet("Parquet: mistyped column", "impression as a list", _table({"impression": [["a"], ["b"]]}), "is nested"),
    _parquet("Parquet: truncated", "without its footer", _table()[:-30], "not a whole Parquet file"),
    _parquet("Parquet: truncated", "the first bytes alone", _table()[:40], "not a whole Parquet file"),
    _parquet("Parquet: wrong extension", "a CSV file", b"study_id,findings\n1,Clear.\n", "not a whole Parquet file"),
    _parquet("Parquet: wrong extension", "an empty file", b"", "not a whole Parquet file"),
    _parquet("Parquet: a damaged page", "one bit, found by its checksum", _damaged_page, ok=2000, malformed=1000),
    _parquet("Parquet: text that is not UTF-8", "one cell", _not_utf8, ok=1, bad_encoding=1),
    _parquet("Parquet: NUL in a text", "one cell", _table({"findings": ["cl\x00ear", "Fine."]}), ok=1, bad_encoding=1),
    _parquet("Parquet: huge cell", "5 MB", lambda: _table({"findings": [HUGE.decode(), "Fine."]}), ok=1, too_large=1),
    _parquet("Parquet: ids missing", "a null", _table({"study_id": [None, "8"]}), ok=1, no_study_id=1),
]


def _without(*names: str) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(_COLUMNS).drop_columns(list(names)), file)
    return file.getvalue()


def message(
    *texts: str, accession: str = "A7", end: str = "\r", kind: str = "ORU^R01", charset: str = "", status: str = "F"
) -> str:
    """Return an HL7 message with an OBX segment a text."""
    segments = [
        f"MSH|^~\\&|RIS|HOSPITAL|RADRAY|RADRAY|20240305101500||{kind}|M1|P|2.5.1||||||{charset}",
        "PID|1||P3^^^HOSPITAL^MR||DOE^JANE",
        f"OBR|1|O7|{accession}|71046^CHEST PA AND LATERAL^L|||20240305093000{'|' * 15}20240305101000||CR|{status}",
        *(f"OBX|{place}|TX|71046^CHEST||{text}||||||F" for place, text in enumerate(texts, 1)),
    ]
    return end.join(segments) + end


TEXTS = ("FINDINGS: Lungs are clear.", "IMPRESSION: Normal chest.")
ORU, OTHER = message(*TEXTS).encode(), message(*TEXTS, accession="A8").encode()
_BATCH = b"FHS|^~\\&\rBHS|^~\\&\r"
UID = (message() + "OBX|1|ST|113014^DICOM Study^DCM||1.2.840.1||||||O\r").encode()


def _encapsulated(value: str) -> bytes:
    return (message() + f"OBX|1|ED|R^REPORT||^TEXT^{value}||||||F\r").encode()


def _document(kind: str, event: str) -> bytes:
    header, patient, _, *texts = message(*TEXTS, kind=f"MDM^{event}").split("\r")
    return "\r".join([header, patient, f"TXA|1|{kind}|TX|||||||||D{event}|||||AU", *texts]).encode()


HL7 = [
    _hl7("HL7: truncated", "inside the text", (ORU + OTHER)[:-20], ok=1, truncated=1),
    _hl7("HL7: truncated", "inside the patient", ORU + OTHER[:90], ok=1, truncated=1),
    _hl7("HL7: truncated", "a batch without its trailer", _BATCH + ORU + OTHER, ok=1, truncated=1),
    _hl7("HL7: truncated", "a batch that says it has 3", _BATCH + ORU + OTHER + b"BTS|3\rFTS|1\r", ok=2, truncated=1),
    _hl7("HL7: truncated", "an MLLP frame without its end", b"\x0b" + ORU + b"\x1c\r\x0b" + OTHER, ok=1, truncated=1),
    _hl7("HL7: without MSH", "a text file", b"FINDINGS: Lungs are clear.\n", "no MSH segment"),
    _hl7("HL7: without MSH", "an empty file", b"", "no MSH segment"),
    _hl7("HL7: without MSH", "the end of a message before one", b"OBX|2|TX|||clear||||||F\r" + ORU, ok=1, malformed=1),
    _hl7("HL7: two MSH on one line", "after a whole message", ORU[:-1] + OTHER, ok=2),
    _hl7("HL7: two MSH on one line", "after half a text", ORU[:-30] + OTHER, ok=1, truncated=1),
    _hl7(
        "HL7: other messages",
        "an admission and an acknowledgement",
        message(kind="ADT^A01").encode() + message(kind="ACK").encode() + ORU,
        ok=1,
        not_a_report=2,
    ),
    _hl7(
        "HL7: wrong field counts",
        "a delimiter in the text",
        ORU.replace(b"are clear", b"| clear") + OTHER,
        ok=1,
        malformed=1,
    ),
    _hl7("HL7: wrong field counts", "OBX of two fields", ORU.split(b"OBX")[0] + b"OBX|1\r" + OTHER, ok=1, empty=1),
    _hl7("HL7: wrong field counts", "no OBR", ORU.split(b"OBR")[0] + OTHER, ok=1, malformed=1),
    _hl7("HL7: a segment that is none", "0BX", ORU.replace(b"OBX|2", b"0BX|2") + OTHER, ok=1, malformed=1),
    _hl7("HL7: line ends", "LF", message(*TEXTS, end="\n").encode(), ok=1),
    _hl7("HL7: line ends", "CR LF", message(*TEXTS, end="\r\n").encode(), ok=1),
    _hl7("HL7: line ends", "a raw line end in a text", ORU.replace(b"Lungs", b"Lungs\n"), ok=1),
    _hl7("HL7: delimiters", "of its own", ORU.translate(bytes.maketrans(b"|^~\\&", b"#*!?@")), ok=1),
    _hl7("HL7: delimiters", "none", b"MSH|\r" + ORU, ok=1, malformed=1),
    _hl7("HL7: delimiters", "one twice", ORU.replace(b"|^~\\&|", b"|^^^^|") + OTHER, ok=1, malformed=1),
    _hl7("HL7: encodings", "UTF-16", ORU.decode().encode("utf-16"), ok=1),
    _hl7("HL7: encodings", "8859/1, said", message("FINDINGS: 30\xb0.", charset="8859/1").encode("latin-1"), ok=1),
    _hl7(
        "HL7: encodings",
        "a character set that nobody knows",
        message("FINDINGS: 30\xb0.", charset="MARS").encode() + ORU,
        ok=1,
        bad_encoding=1,
    ),
    _hl7("HL7: NUL", "in a text", ORU.replace(b"clear", b"cl\x00ear") + OTHER, ok=1, bad_encoding=1),
    _hl7("HL7: NUL", "as an escape", ORU.replace(b"clear", b"\\X00\\") + OTHER, ok=1, bad_encoding=1),
    _hl7("HL7: cancelled", "OBR-25 X", message(*TEXTS, status="X").encode(), cancelled=1),
    _hl7("HL7: no text", "a PDF", ORU.replace(b"|TX|", b"|ED|"), unsupported_content=1),
    _hl7("HL7: no text", "no OBX", message().encode(), empty=1),
    _hl7(
        "HL7: no text",
        "a UID beside a PDF",
        UID + ORU.replace(b"|TX|", b"|ED|").split(b"\r", 3)[3],
        unsupported_content=1,
    ),
    _hl7("HL7: no text", "a UID", UID, no_findings=1),
    _hl7("HL7: no text", "base64 that is none", _encapsulated("PLAIN^Base64^a!"), malformed=1),
    _hl7("HL7: no text", "hexadecimal digits that are no text", _encapsulated("PLAIN^Hex^0001"), bad_encoding=1),
    _hl7("HL7: no text", "an XML document", _encapsulated("XML^A^<ClinicalDocument/>"), unsupported_content=1),
    _hl7(
        "HL7: other documents",
        "a discharge summary and a notification",
        _document("DS", "T02") + _document("RAD", "T01") + _document("RAD", "T02"),
        ok=1,
        not_a_report=2,
    ),
    _hl7("HL7: other documents", "cut in its text", ORU + _document("RAD", "T02")[:-20], ok=1, truncated=1),
    _hl7("HL7: other documents", "of a laboratory", ORU + ORU.replace(b"||CR|", b"||LAB|"), ok=1, not_a_report=1),
    _hl7("HL7: other documents", "withdrawn", _document("RAD", "T11"), cancelled=1),
    _hl7("HL7: wrong field counts", "units in a text", ORU.replace(b"chest.||||||F", b"chest.|cm|||||F"), ok=1),
    _hl7("HL7: huge", "a text of 5 MB", lambda: ORU.replace(b"clear", HUGE) + OTHER, ok=1, too_large=1),
    _hl7(
        "HL7: ids missing",
        "no accession number",
        message(*TEXTS, accession="").replace("|O7|", "||").encode(),
        no_study_id=1,
    ),
]


def resource(**changes: Any) -> dict[str, Any]:
    """Return a DiagnosticReport of FHIR R4 with a conclusion and the whole report as text."""
    text = base64.b64encode("\n\n".join(TEXTS).encode()).decode()
    return {
        "resourceType": "DiagnosticReport",
        "id": "r7",
        "status": "final",
        "identifier": [
            {"value": "X1"},
            {
                "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "ACSN"}]},
                "value": "A7",
            },
        ],
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "36643-5"}], "text": "Chest PA and lateral"},
        "subject": {"reference": "Patient/P3"},
        "effectiveDateTime": "2024-03-05T09:30:00+01:00",
        "issued": "2024-03-05T10:15:00.000+01:00",
        "conclusion": "Normal chest.",
        "conclusionCode": [{"coding": [{"system": "http://snomed.info/sct", "code": "17621005"}]}],
        "presentedForm": [{"contentType": "text/plain", "data": text}],
        **changes,
    }


PATIENT = {"resourceType": "Patient", "id": "P3"}


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    """Return a searchset of `resources`."""
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": resource} for resource in resources]}


def _dump(value: Any, **options: Any) -> bytes:
    return json.dumps(value, **options).encode()


_PDF = [{"contentType": "application/pdf", "data": "JVBERi0xLjQ="}]
_TWO = _dump(resource()) + b"\n" + _dump(resource(identifier=[{"value": "A8"}]))

FHIR = [
    _fhir("FHIR: broken line", "in NDJSON", b"{broken\n" + _TWO, ok=2, malformed=1),
    _fhir("FHIR: truncated", "the last line", _TWO[:-40], ok=1, truncated=1),
    _fhir("FHIR: truncated", "a Bundle", _dump(bundle(resource(), resource()), indent=1)[:-200], ok=1, truncated=1),
    _fhir("FHIR: other resources", "a patient in a Bundle", _dump(bundle(PATIENT, resource())), ok=1, not_a_report=1),
    _fhir("FHIR: other resources", "a lone patient", _dump(PATIENT), not_a_report=1),
    _fhir(
        "FHIR: other resources",
        "an entry without one",
        _dump({**bundle(resource()), "entry": [{"fullUrl": "x"}, {"resource": resource()}]}),
        ok=1,
        not_a_report=1,
    ),
    _fhir("FHIR: wrong type", "a conclusion that is a number", _dump(resource(conclusion=3)), malformed=1),
    _fhir(
        "FHIR: wrong type", "an identifier that is no list", _dump(resource(identifier={"value": "A7"})), malformed=1
    ),
    _fhir(
        "FHIR: wrong type",
        "an entry that is a number",
        _dump({**bundle(resource()), "entry": [3, {"resource": resource()}]}),
        ok=1,
        malformed=1,
    ),
    _fhir("FHIR: cancelled", "entered in error", _dump(resource(status="entered-in-error")), cancelled=1),
    _fhir("FHIR: no text", "a PDF alone", _dump(resource(conclusion=None, presentedForm=_PDF)), unsupported_content=1),
    _fhir("FHIR: no text", "nothing", _dump(resource(conclusion="", presentedForm=[])), empty=1),
    _fhir(
        "FHIR: base64 that is none",
        "in the text",
        _dump(resource(presentedForm=[{"contentType": "text/plain", "data": "a!"}])),
        malformed=1,
    ),
    _fhir(
        "FHIR: bytes that are no text",
        "in base64",
        _dump(resource(presentedForm=[{"contentType": "text/plain", "data": "AAAA"}])),
        bad_encoding=1,
    ),
    _fhir("FHIR: ids as floats", "1.5", _dump(resource(identifier=[{"value": 1.5}])), bad_id=1),
    _fhir("FHIR: not FHIR", "JSON without a resource", b'{"a": 1}', "no FHIR resource"),
    _fhir("FHIR: not FHIR", "prose", b"FINDINGS: Clear.", "not JSON"),
    _fhir("FHIR: not FHIR", "an empty file", b"", "is empty"),
    _fhir("FHIR: encodings", "UTF-16", _dump(bundle(resource())).decode().encode("utf-16"), ok=1),
    _fhir("FHIR: lone surrogate", "in the conclusion", _dump(resource(conclusion="\ud800")), bad_encoding=1),
    _fhir("FHIR: duplicate keys", "two conclusions", _dump(resource())[:-1] + b', "conclusion": "No."}', malformed=1),
    _fhir(
        "FHIR: what hospitals send",
        "a time without a zone, an element of their own",
        _dump(resource(effectiveDateTime="2024-03-05T09:30:00", own=1)),
        ok=1,
    ),
]

INPUTS: list[BadInput] = [*JSON, *PARQUET, *HL7, *FHIR]
