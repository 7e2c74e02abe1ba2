import datetime
import gzip
import hashlib
import io
import json
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.errors import InputError
from radray.reports.formats.jsonl import count, read
from radray.reports.record.fields import Fields, report_status
from radray.reports.record.named_texts import SectionText
from radray.reports.record.record import Record
from radray.reports.wire.json_values import MAX_NESTING
from radray.schema.statuses import RejectReason, ReportStatus
from radray.tasks.impression.pairs import pair_line
from tests.support.inputs.conservation import check_count_is_what_is_read

GOOD = {"study_id": "5", "subject_id": "7", "findings": "Clear .", "impression": "1. Normal"}


DEFAULT = Fields()


def rows(data: Any, fields: Any = DEFAULT) -> list[Record]:
    data = data if isinstance(data, bytes) else "\n".join(json.dumps(value) for value in data).encode()
    records = list(read(io.BytesIO(data), fields))
    assert count(io.BytesIO(data), fields) == len(records)
    assert [record.offset for record in records] == list(range(len(records)))
    return records


def test_all_fields_are_read_under_their_own_names() -> None:
    (record,) = rows(
        [
            {
                **GOOD,
                "background": "Cough .",
                "indication": "Cough",
                "comparison": "None",
                "exam_description": "CHEST  PA",
                "modality": "cr",
                "body_part": "Chest",
                "exam_time": "2024-05-01T12:30:00+02:00",
                "report_time": "2024-05-01",
                "report_status": "amended",
                "human_codes": ["a", "b"],
                "unread": {"any": [1.5, None]},
            }
        ]
    )
    assert (record.study_id, record.subject_id, record.findings, record.reference) == ("5", "7", "Clear.", "Normal")
    assert (record.background, record.indication, record.comparison) == ("Cough.", "Cough", "None")
    assert (record.exam_description, record.modality, record.body_part) == ("CHEST PA", "CR", "chest")
    assert record.exam_time == datetime.datetime(2024, 5, 1, 10, 30)
    assert record.report_time == datetime.datetime(2024, 5, 1)
    assert (record.report_status, record.human_codes) == ("corrected", "a;b")


def test_a_whole_report_gives_what_no_other_field_does() -> None:
    report = "INDICATION: Fall.\n\nFINDINGS: Clear.\n\nIMPRESSION: Normal.\n"
    whole, mixed = rows(
        [{"study_id": "1", "report": report}, {"study_id": "2", "report": report, "impression": "Well."}]
    )
    assert (whole.indication, whole.findings, whole.reference) == ("Fall.", "Clear.", "Normal.")
    assert (mixed.findings, mixed.reference) == ("Clear.", "Well.")
    assert whole.sections[1] == SectionText("findings", report.index("FINDINGS"), "Clear.")


def test_a_whole_report_gives_what_a_placeholder_does_not() -> None:
    report = "COMPARISON: Film of May.\nFINDINGS: The ribs are whole.\nIMPRESSION: No fracture."
    (record,) = rows(
        [{"study_id": "5", "report": report, "findings": "See report.", "impression": "nan", "comparison": "None"}]
    )
    assert (record.findings, record.reference) == ("The ribs are whole.", "No fracture.")
    assert (record.comparison, record.comparison_state) == ("None", "none")


def test_names_are_a_setting() -> None:
    fields = Fields.of({"study_id": "acc", "report": "text", "findings": None})
    (record,) = rows([{"acc": 12, "text": "FINDINGS: Clear.", "findings": "Fine."}], fields)
    assert (record.study_id, record.findings) == ("12", "Fine.")


def test_the_digest_is_of_the_line() -> None:
    line = json.dumps(GOOD).encode()
    first, second = rows(line + b"\r\n\n  " + line + b" ")
    assert first.source_digest == second.source_digest == hashlib.sha256(line).hexdigest()
    huge = b'{"findings": "' + b"x" * (2 << 20) + b'"}'
    assert rows(line + b"\n" + huge)[1].source_digest == hashlib.sha256(huge).hexdigest()


def test_a_stream_that_breaks_off_gives_what_was_whole_and_one_row() -> None:
    lines = b"\n".join(json.dumps({**GOOD, "study_id": str(i)}).encode() for i in range(5000))
    cut = gzip.compress(lines)[:-200]
    records = list(read(cast(BinaryIO, gzip.GzipFile(fileobj=io.BytesIO(cut)))))
    assert count(cast(BinaryIO, gzip.GzipFile(fileobj=io.BytesIO(cut)))) == len(records) > 100
    assert [record.reason for record in records] == [None] * (len(records) - 1) + [RejectReason.TRUNCATED]


@pytest.mark.parametrize("word", ["cancelled", "entered-in-error", "X"])
def test_a_report_that_was_withdrawn_keeps_its_ids_and_not_its_text(word: str) -> None:
    (record,) = rows([{**GOOD, "report_status": word}])
    assert (record.status, record.reason) == (ReportStatus.REJECTED, RejectReason.CANCELLED)
    assert (record.study_id, record.report_status, record.findings) == ("5", "cancelled", None)


def test_a_report_over_the_byte_limit_is_too_large_by_line_or_by_text() -> None:
    (record,) = rows([{**GOOD, "findings": "x" * (1 << 20)}])
    assert record.reason == RejectReason.TOO_LARGE


@pytest.mark.parametrize(
    "time", [7, True, "", "yesterday", "2024-13-01", "2024-02-30T10:00:00Z", "9999-12-31T23:00:00-02:00", "24:00", None]
)
def test_a_time_that_cannot_be_read_is_none(time: object) -> None:
    (record,) = rows([{**GOOD, "exam_time": time}])
    assert (record.exam_time, record.reason) == (None, None)


def test_pairs_read_back_to_the_same_report() -> None:
    line = pair_line("5", None, "train", "Clear \u00b0 \u2028 ___.", 'It is "normal".')
    assert "\n" not in line
    assert json.loads(line) == {
        "study_id": "5",
        "subject_id": None,
        "split": "train",
        "prompt": "Clear \u00b0 \u2028 ___.",
        "completion": 'It is "normal".',
    }


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


@given(TEXT, TEXT)
def test_what_a_pair_says_is_what_is_read(findings: str, impression: str) -> None:
    (first,) = rows([{"study_id": "1", "findings": findings, "impression": impression}])
    if first.findings and first.reference:
        (second,) = rows(pair_line("1", None, "train", first.findings, first.reference).encode())
        assert (second.findings, second.reference) == (first.findings, first.reference)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"\n \r\n", "is empty"),
        (b"study_id,findings\n1,secret\n", "no JSON object"),
        (
            b'{"study_id": "1", "text": "secret"}',
            "found 2 names, study_id among them; see source.format and source.fields",
        ),
    ],
)
def test_another_file_is_refused_without_its_content(data: bytes, message: str) -> None:
    for use in (lambda: list(read(io.BytesIO(data))), lambda: count(io.BytesIO(data))):
        with pytest.raises(InputError, match=message) as refused:
            use()
        assert "secret" not in str(refused.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*GOOD, "report", "prompt", "exam_time"]), inner),
)
LINES = st.lists(JSON.map(lambda value: json.dumps(value).encode()) | st.binary(), max_size=6)


@given(LINES)
def test_any_bytes_give_records_or_an_input_error(lines: Any) -> None:
    data = b"\n".join(lines)
    check_count_is_what_is_read(read, count, data)


@given(LINES)
def test_every_line_is_a_record(lines: Any) -> None:
    good = json.dumps(GOOD).encode()
    lines = [line for line in (line.replace(b"\r", b"").replace(b"\n", b"") for line in lines) if line.strip()]
    assert len(rows(b"\n".join([good, *lines]))) == 1 + len(lines)


def test_nan_is_a_missing_value_and_an_infinity_is_none() -> None:
    line = (
        b'{"study_id": "7", "findings": "Dry.", "impression": "Fine.", "comparison": NaN, "background": NaN, "x": %s}'
    )
    (record,) = read(io.BytesIO(line % b'[NaN, {"y": NaN}]'))
    assert (record.findings, record.comparison, record.background, record.reason) == ("Dry.", None, None, None)
    (record,) = read(io.BytesIO(line % b"Infinity"))
    assert record.reason is RejectReason.MALFORMED
    (record,) = read(io.BytesIO(b'{"study_id": NaN, "findings": NaN, "impression": "Fine."}'))
    assert (record.reason, record.study_id) == (RejectReason.NO_STUDY_ID, None)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("Prelim", " PRELIMINARY ", "Preliminary Report", "P", "draft"), "preliminary"),
        (("Final", "final report", "F", "Signed"), "final"),
        (("Corrected", "Amended", "Addendum", "modified", "C"), "corrected"),
        (("cancelled", "Entered in error", "entered_in_error", "X"), "cancelled"),
        (("unknown", "report", "", "-", "Finalist"), None),
    ],
)
def test_the_status_of_a_report_in_words(words: tuple[str, ...], status: str | None) -> None:
    assert [report_status(word) for word in words] == [status] * len(words)


def nested(levels: int) -> dict[str, object]:
    """Return a report with so many brackets inside each other, its own included, and as many in a string."""
    return {**GOOD, "impression": "[" * 1_000, "more": json.loads("[" * (levels - 1) + "]" * (levels - 1))}


def on_a_stack(frames: int, lines: list[Any]) -> list[RejectReason | None]:
    return on_a_stack(frames - 1, lines) if frames else [record.reason for record in rows(lines)]


@pytest.mark.parametrize("frames", [0, 500])
def test_nesting_is_refused_at_one_depth_wherever_it_is_read(frames: int) -> None:
    lines: list[Any] = [
        nested(MAX_NESTING),
        nested(MAX_NESTING + 1),
        GOOD,
        {**GOOD, "more": [[]] * 1_000},
    ]
    assert on_a_stack(frames, lines) == [None, RejectReason.MALFORMED, None, None]
