import datetime
import hashlib
import io
import time
from typing import Any

import hl7
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.errors import InputError
from radray.reports.formats.hl7 import count, parse_time, read
from radray.reports.record.record import MAX_REPORT_WORDS, Record
from radray.reports.wire.hl7.messages import MAX_GROUPS, MAX_SEGMENTS, Delimiters, decode_segments, read_messages
from radray.schema.statuses import RejectReason
from tests.support.inputs.bad_messages import ORU, TEXTS, message
from tests.support.inputs.conservation import check_count_is_what_is_read


def rows(data: str | bytes) -> list[Record]:
    data = data if isinstance(data, bytes) else data.encode()
    records = list(read(io.BytesIO(data)))
    assert count(io.BytesIO(data)) == len(records)
    assert [record.offset for record in records] == list(range(len(records)))
    return records


def test_a_message_is_read() -> None:
    (record,) = rows(ORU)
    assert (record.study_id, record.subject_id, record.exam_description) == ("A7", "P3", "CHEST PA AND LATERAL")
    assert (record.findings, record.reference) == ("Lungs are clear.", "Normal chest.")
    assert record.exam_time == datetime.datetime(2024, 3, 5, 9, 30)
    assert record.report_time == datetime.datetime(2024, 3, 5, 10, 10)
    assert (record.modality, record.report_status, record.reason) == ("CR", "final", None)
    assert [section.name for section in record.sections] == ["findings", "impression"]


def test_an_obr_is_a_unit_and_a_patient_holds_until_the_next() -> None:
    second = "PID|2||P4\rOBR|1||B1|1^CT HEAD\rOBX|1|TX|1||FINDINGS: Fine.||||||F\rOBR|2||B2\rNTE|1||x\r"
    records = rows(message(*TEXTS) + second)
    assert [(record.study_id, record.subject_id, record.reason) for record in records] == [
        ("A7", "P3", None),
        ("B1", "P4", None),
        ("B2", "P4", RejectReason.EMPTY),
    ]
    assert len({record.source_digest for record in records}) == 3


@pytest.mark.parametrize(
    ("old", "new", "study_id"),
    [("|A7|", '|""|', "O7"), ("|A7|", "|A\\T\\7^RIS|", "A&7"), ("|A7|", "|007|", "007"), ("|O7|A7|", "|||", None)],
)
def test_the_study_id_is_the_filler_order_number_or_the_placer_s(old: str, new: str, study_id: str | None) -> None:
    assert rows(message(*TEXTS).replace(old, new))[0].study_id == study_id


def test_obr_18_comes_before_the_placer_s_number() -> None:
    fields = ["OBR", "1", "O7", "", "1^CHEST", *[""] * 13, "ACC9", *[""] * 6, "P"]
    (record,) = rows("MSH|^~\\&|R||||20240101||ORU^R01\rPID|1||P3\r" + "|".join(fields) + "\rOBX|1|TX|1||FINDINGS: a\r")
    assert (record.study_id, record.report_status) == ("ACC9", "preliminary")
    assert record.report_time == datetime.datetime(2024, 1, 1)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("71046&GDT^CHEST", "71046&IMP^CHEST"),
        ("59776-5^Findings^LN", "19005-8^Impression^LN"),
        ("71046^CHEST", "71046&IMP^CHEST"),
        ("^FINDINGS", "^IMPRESSION"),
    ],
)
def test_obx_3_says_what_a_text_is(first: str, second: str) -> None:
    observations = f"OBX|1|FT|{first}||Clear.\\.br\\Dry.~Small.||||||F\rOBX|2|TX|{second}||Normal.||||||F\r"
    (record,) = rows(message() + observations)
    assert (record.findings, record.reference) == ("Clear. Dry. Small.", "Normal.")


def test_escapes_are_decoded_before_sections_are_parsed() -> None:
    text = "FINDINGS: 3 \\T\\ 4 \\S\\ 5 \\F\\ \\R\\ \\E\\ \\H\\bold\\N\\ \\X4142\\ \\Z1\\.\\.br\\IMPRESSION: Well."
    (record,) = rows(message(text))
    assert record.findings == "3 & 4 ^ 5 | ~ \\ bold AB \\Z1\\."
    assert record.reference == "Well."


def test_a_line_that_was_withdrawn_is_not_text() -> None:
    observations = "OBX|1|TX|1||FINDINGS: Clear.||||||F\rOBX|2|TX|1||IMPRESSION: wrong patient.||||||W\r"
    (record,) = rows(message() + observations)
    assert (record.findings, record.reference) == ("Clear.", None)
    (record,) = rows(message() + observations.replace("|F", "|D"))
    assert (record.reason, record.study_id, record.findings) == (RejectReason.CANCELLED, "A7", None)


@pytest.mark.parametrize(
    ("word", "status"), [("P", "preliminary"), ("F", "final"), ("C", "corrected"), ("R", "preliminary"), ("Z", "final")]
)
def test_the_status_is_obr_25_else_that_of_the_observations(word: str, status: str) -> None:
    assert rows(message(*TEXTS, status=word))[0].report_status == status


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("20240305", datetime.datetime(2024, 3, 5)),
        ("202403051015", datetime.datetime(2024, 3, 5, 10, 15)),
        ("20240305101559.1234+0100", datetime.datetime(2024, 3, 5, 9, 15, 59, 123400)),
        ("2024", None),
        ("20241305", None),
        ("00010101000000+1000", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_times(text: str | None, time: datetime.datetime | None) -> None:
    assert parse_time(text) == time


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize(
    "framing", ["{0}{1}", "\x0b{0}\x1c\r\x0b{1}\x1c\r", "FHS|^~\\&\rBHS|^~\\&\r{0}{1}BTS|2\rFTS|1\r"]
)
def test_messages_come_in_any_framing(framing: str, end: str) -> None:
    messages = [message(*TEXTS, accession=name, end=end) for name in ("A1", "A2")]
    records = rows(framing.format(*messages))
    assert [(record.study_id, record.reason) for record in records] == [("A1", None), ("A2", None)]
    alone = [rows(text)[0].source_digest for text in messages]
    assert [record.source_digest for record in records] == alone


def test_a_report_beside_its_pdf_is_read() -> None:
    (record,) = rows(message(*TEXTS) + "OBX|9|ED|1||^AP^PDF^Base64^JVBERi0=||||||F\r")
    assert (record.reason, record.findings) == (None, "Lungs are clear.")


def test_every_cut_of_a_batch_is_reported() -> None:
    data = b"BHS|^~\\&\r" + ORU + ORU.replace(b"A7", b"A8") + b"BTS|2\r"
    whole = rows(data)
    assert [record.reason for record in whole] == [None, None]
    for end in range(len(data) - len(b"BTS|2\r"), 12, -1):
        reasons = [record.reason for record in rows(data[:end])]
        assert reasons.count(RejectReason.TRUNCATED) == 1
        assert reasons[:-1] == [None] * (len(reasons) - 1)


def test_long_texts_take_linear_time() -> None:
    begun = time.process_time()
    lines = ORU.replace(b"Lungs", b"\n".join([b"Lungs"] * (MAX_REPORT_WORDS - 100)))
    assert [record.reason for record in rows(lines)] == [None]
    assert len(rows(b"MSH|^~\\&|x" * 20_000)) == 20_000
    assert time.process_time() - begun < 10


@pytest.mark.parametrize("data", [b"", b"  \r\n", b"secret text\n", b"PID|1||secret\r"])
def test_another_file_is_refused_without_its_content(data: bytes) -> None:
    for use in (lambda: list(read(io.BytesIO(data))), lambda: count(io.BytesIO(data))):
        with pytest.raises(InputError, match="no MSH segment") as refused:
            use()
        assert "secret" not in str(refused.value)


SEGMENTS = st.lists(
    st.sampled_from(["PID|1||7", "OBR|1|a|b|c^d", "OBX|1|TX|x||a^b&c~d||||||F", "NTE|1||t", "ZXX|a", "PV1|"]),
    max_size=8,
)


@given(SEGMENTS)
def test_segments_and_fields_are_those_that_python_hl7_finds(segments: Any) -> None:
    data = "\r".join(["MSH|^~\\&|R|S||||x|ORU^R01|1|P|2.5", *segments])
    judge = hl7.parse(data)
    known, messages = read_messages(io.BytesIO(data.encode()))
    (parsed,) = messages
    assert known.any
    split = [segment.split("|") for segment in decode_segments(parsed)]
    assert split[0][2:] == [str(field) for field in judge[0][3:]]
    assert split[1:] == [[str(field) for field in segment] for segment in judge[1:]]


@given(st.text("|^~\\&a ", max_size=20))
def test_what_is_escaped_is_read_back(text: str) -> None:
    delimiters = Delimiters.of("MSH|^~\\&|")
    judge = hl7.parse("MSH|^~\\&|R\rPID|1")
    assert delimiters.unescape(judge.escape(text)) == text


@given(
    st.lists(
        st.sampled_from([*(line + b"\r" for line in ORU.split(b"\r")), b"\x0b", b"\x1c", b"BTS|9\r"]) | st.binary()
    )
)
def test_any_bytes_give_records_or_an_input_error(parts: list[bytes]) -> None:
    data = b"".join(parts)
    check_count_is_what_is_read(read, count, data)


@given(st.lists(st.sampled_from(["ok", "ADT", "stray"]), min_size=1, max_size=6))
def test_every_message_is_accounted_for(kinds: list[str]) -> None:
    parts = {"ok": message(*TEXTS), "ADT": message(kind="ADT^A01"), "stray": "BHS|^~\\&\rnothing\rBTS|0\r"}
    reasons = {"ok": None, "ADT": RejectReason.NOT_A_REPORT, "stray": RejectReason.MALFORMED}
    assert [record.reason for record in rows("".join(parts[kind] for kind in kinds))] == [reasons[k] for k in kinds]


@pytest.mark.parametrize(
    ("segment", "most"), [(b"PID|\r", MAX_GROUPS - 1), (b"OBR|1||S\r", MAX_GROUPS - 1), (b"NTE|\r", MAX_SEGMENTS - 5)]
)
def test_a_message_of_too_many_segments_is_one_row(segment: bytes, most: int) -> None:
    end = b"OBR|1||S1\rOBX|1|TX|x||FINDINGS: Clear.||||||F\r"
    header = ORU.partition(b"\r")[0] + b"\r"
    (*_, record) = rows(header + segment * most + end)
    assert (record.study_id, record.reason) == ("S1", None)
    (record, _) = rows(header + segment * (MAX_SEGMENTS + 1) + end + ORU)
    assert (record.study_id, record.reason) == (None, RejectReason.TOO_LARGE)


def test_the_digest_of_a_study_is_of_what_is_before_all_and_its_own() -> None:
    header, patient, first, second = b"MSH|^~\\&|R|H|R|R|2||ORU^R01|M|P|2.3", b"PID|1||P3", b"OBR|1||S1", b"OBR|2||S2"
    text = b"OBX|1|TX|x||FINDINGS: Clear.||||||F"
    digests = [record.source_digest for record in rows(b"\r".join([header, patient, first, text, second, text]))]
    own = ([header, patient, first, text], [header, patient, second, text])
    assert digests == [hashlib.sha256(b"\r".join(lines)).hexdigest() for lines in own]


def test_each_study_has_the_patient_that_was_named_last() -> None:
    names = b"PID|1||P%d\r"
    study = b"OBR|1||S%d\rOBX|1|TX|x||FINDINGS: Clear.||||||F\r"
    data = b"MSH|^~\\&|R|H|R|R|2||ORU^R01|M|P|2.3\r" + study % 0 + names % 1 + names % 2 + study % 1 + study % 2
    data += names % 3 + study % 3
    assert [record.subject_id for record in rows(data)] == [None, "P2", "P2", "P3"]
