import hashlib
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.errors import InputError
from radray.reports.formats.mediqa import count, read
from radray.reports.record.record import Record
from radray.reports.text.cleaning import clean
from radray.schema.statuses import RejectReason, ReportStatus
from tests.support.inputs.conservation import check_count_is_what_is_read

GOOD = {
    "study_id": "5",
    "subject_id": "7",
    "findings": "Clear .",
    "impression": "1. Normal",
    "background": "INDICATION: Cough..",
}


def rows(payload: Any) -> list[Record]:
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    records = list(read(io.BytesIO(data)))
    assert count(io.BytesIO(data)) == len(records)
    assert [record.offset for record in records] == list(range(len(records)))
    return records


def test_an_element_is_read() -> None:
    assert rows([GOOD]) == [
        Record(
            member="",
            offset=0,
            source_digest=hashlib.sha256(json.dumps(GOOD).encode()).hexdigest(),
            status=ReportStatus.OK,
            study_id="5",
            subject_id="7",
            background="INDICATION: Cough.",
            indication="Cough.",
            findings="Clear.",
            reference="Normal",
            reference_raw="1. Normal",
            impression_items=("Normal",),
            comparison_state="unknown",
        )
    ]


@pytest.mark.parametrize(
    ("background", "indication", "comparison", "state"),
    [
        ("INDICATION: Fall. COMPARISON: None.", "Fall.", "None.", "none"),
        ("Indication: Fall, Comparison: ___", "Fall", "___", "present"),
        (
            "EXAMINATION: Ribs\n \n HISTORY: Fall\n \n COMPARISON: Film of ___.\n TECHNIQUE: AP",
            "Fall",
            "Film of ___.",
            "present",
        ),
        ("Comparison: none available | Technique: AP", None, "none available", "none"),
        ("A fall, in comparison to none.", None, None, "unknown"),
        ("COMPARISON:", None, None, "unknown"),
    ],
)
def test_a_background_as_a_whole_gives_its_comparison(
    background: str, indication: str | None, comparison: str | None, state: str
) -> None:
    (record,) = rows([{**GOOD, "background": background}])
    assert (record.indication, record.comparison, record.comparison_state) == (indication, comparison, state)
    assert record.background == clean(background)


def test_a_comparison_that_has_a_field_is_not_read_from_the_background() -> None:
    (record,) = rows([{**GOOD, "background": "Comparison: None.", "comparison": "Film of ___."}])
    assert (record.comparison, record.comparison_state) == ("Film of ___.", "present")


@pytest.mark.parametrize(
    ("change", "ids", "reason"),
    [
        ({"study_id": 5, "subject_id": 7}, ("5", "7"), None),
        ({"subject_id": None}, ("5", None), None),
        ({"subject_id": ""}, ("5", None), None),
        ({"background": None}, ("5", "7"), None),
        ({"study_id": None}, (None, "7"), RejectReason.NO_STUDY_ID),
        ({"findings": None}, ("5", "7"), RejectReason.NO_FINDINGS),
        ({"study_id": 5.0}, (None, "7"), RejectReason.BAD_ID),
        ({"study_id": True}, (None, "7"), RejectReason.BAD_ID),
        ({"subject_id": ["7"]}, ("5", None), RejectReason.BAD_ID),
        ({"findings": 3}, ("5", "7"), RejectReason.MALFORMED),
        ({"impression": {"text": "a"}}, ("5", "7"), RejectReason.MALFORMED),
        ({"findings": "half \ud83d pair"}, ("5", "7"), RejectReason.BAD_ENCODING),
        ({"study_id": "\udc80"}, (None, "7"), RejectReason.BAD_ENCODING),
    ],
)
def test_each_element_stands_for_itself(
    change: dict[str, Any], ids: tuple[Any, ...], reason: RejectReason | None
) -> None:
    first, second = rows([{**GOOD, **change}, GOOD])
    assert (first.study_id, first.subject_id, first.reason) == (*ids, reason)
    assert second.reason is None


def test_keys_may_be_missing_and_elements_of_another_kind_cost_a_row() -> None:
    reasons = [
        record.reason for record in rows([GOOD, 1, None, "text", [GOOD], {}, {"study_id": "6", "findings": "Clear."}])
    ]
    assert reasons == [None, *[RejectReason.MALFORMED] * 4, RejectReason.NO_STUDY_ID, None]


@pytest.mark.parametrize("indent", [None, 1])
def test_elements_are_delimited_whatever_their_texts_hold(indent: int | None) -> None:
    texts = ['"', "\\", '\\"', "}{][", "a, b: c", "\u00e9\u4e2d", ']}, {"', "\\u0022", "x" * 300_000]
    elements = [{**GOOD, "study_id": str(place), "findings": f"It is {text}."} for place, text in enumerate(texts)]
    data = json.dumps(elements, indent=indent, ensure_ascii=False).encode()
    assert [(record.study_id, record.reason) for record in rows(data)] == [(str(i), None) for i in range(len(texts))]
    byte_by_byte = list(read(Slow(data)))
    assert byte_by_byte == rows(data)


class Slow(io.BytesIO):
    """A stream that gives 7,001 bytes at a time, so that every kind of token is cut somewhere."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 0, 7001))


def test_an_array_that_is_cut_gives_what_was_whole_and_one_row() -> None:
    data = json.dumps([GOOD, GOOD]).encode()
    for end in range(len(data) // 2 + 3, len(data)):
        assert [record.reason for record in rows(data[:end])] in (
            [None, RejectReason.TRUNCATED],
            [None, None, RejectReason.TRUNCATED],
        )


def test_json_lines_are_read_and_a_broken_line_costs_a_row() -> None:
    line = json.dumps(GOOD).encode()
    records = rows(b"\xef\xbb\xbf" + line + b"\r\n\n{broken\n" + line + b"\n")
    assert [record.reason for record in records] == [None, RejectReason.MALFORMED, None]


def test_an_empty_array_has_no_records() -> None:
    assert rows(b"[]") == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"  \n", "is empty"),
        (b"findings,impression\nsecret,b", "not JSON from its first character"),
        (b'"secret"', "not JSON from its first character"),
        (b"3", "not JSON from its first character"),
        (b"[1, 2]", "no JSON object"),
        (b"\n[{}, ", "the first object: found 0 names, none of them known"),
        (b'{"data": [{"findings": "secret"}]}', "the first object: found 1 names, none of them known"),
        (b'[{"text": "secret"}]', "the first object: found 1 names, none of them known"),
        (b'[{"a secret": 1}]', "the first object: found 1 names, none of them known"),
        (b'["secret\xff"]', "no JSON object"),
        (b"[" * 100_000, "no JSON object"),
        (b"[" + b"1" * 5000 + b"]", "no JSON object"),
    ],
)
def test_another_file_is_refused_without_its_content(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        list(read(io.BytesIO(data)))
    assert "study_id, findings and impression" in str(refused.value)
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None
    with pytest.raises(InputError, match=message):
        count(io.BytesIO(data))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*GOOD, "x"]), inner),
)


@given(st.one_of(st.binary(), JSON.map(lambda value: json.dumps(value).encode())))
def test_any_bytes_give_records_or_an_input_error(data: bytes) -> None:
    check_count_is_what_is_read(read, count, data)
