import hashlib
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.errors import InputError
from radray.reports.mediqa import count, read
from radray.reports.record import Record
from radray.schemas import RejectReason, ReportStatus

GOOD = {
    "study_id": "5",
    "subject_id": "7",
    "findings": "Clear .",
    "impression": "1. Normal",
    "background": "INDICATION: Cough..",
}


def rows(payload):
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    records = list(read(io.BytesIO(data)))
    assert count(io.BytesIO(data)) == len(records)
    assert [record.offset for record in records] == list(range(len(records)))
    return records


def test_an_element_is_read():
    assert rows([GOOD]) == [
        Record(
            member="",
            offset=0,
            source_digest=hashlib.sha256(json.dumps(GOOD, sort_keys=True).encode()).hexdigest(),
            status=ReportStatus.OK,
            study_id="5",
            subject_id="7",
            background="INDICATION: Cough.",
            findings="Clear.",
            reference="Normal",
            reference_raw="1. Normal",
        )
    ]


@pytest.mark.parametrize(
    ("change", "ids", "reason"),
    [
        ({"study_id": 5, "subject_id": 7}, ("5", "7"), None),
        ({"subject_id": None}, ("5", None), None),
        ({"subject_id": ""}, ("5", None), None),
        ({"background": None}, ("5", "7"), None),
        ({"study_id": None}, (None, "7"), RejectReason.NO_STUDY_ID),
        ({"findings": None}, ("5", "7"), RejectReason.NO_FINDINGS),
        ({"study_id": 5.0}, (None, None), RejectReason.MALFORMED),
        ({"study_id": True}, (None, None), RejectReason.MALFORMED),
        ({"subject_id": ["7"]}, (None, None), RejectReason.MALFORMED),
        ({"findings": 3}, (None, None), RejectReason.MALFORMED),
        ({"impression": {"text": "a"}}, (None, None), RejectReason.MALFORMED),
        ({"findings": "half \ud83d pair"}, (None, None), RejectReason.BAD_ENCODING),
        ({"study_id": "\udc80"}, (None, None), RejectReason.BAD_ENCODING),
    ],
)
def test_each_element_stands_for_itself(change, ids, reason):
    first, second = rows([{**GOOD, **change}, GOOD])
    assert (first.study_id, first.subject_id, first.reason) == (*ids, reason)
    assert second.reason is None


def test_keys_may_be_missing_and_elements_of_another_kind_cost_a_row():
    reasons = [
        record.reason for record in rows([GOOD, 1, None, "text", [GOOD], {}, {"study_id": "6", "findings": "Clear."}])
    ]
    assert reasons == [None, *[RejectReason.MALFORMED] * 4, RejectReason.NO_STUDY_ID, None]


def test_json_lines_are_read_and_a_broken_line_costs_a_row():
    line = json.dumps(GOOD).encode()
    records = rows(b"\xef\xbb\xbf" + line + b"\r\n\n{broken\n" + line + b"\n")
    assert [record.reason for record in records] == [None, RejectReason.MALFORMED, None]


def test_an_empty_array_has_no_records():
    assert rows(b"[]") == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"  \n", "is empty"),
        (b"\n[{}, ", "not JSON from line 2, column"),
        (b'[{"findings": "secret"]', "not JSON from line 1, column 23"),
        (b"findings,impression\nsecret,b", "not JSON from line 1, column 1"),
        (b'"secret"', "not an array"),
        (b"3", "not an array"),
        (b"[1, 2]", "no element of the JSON file has the key findings"),
        (b'{"data": [{"findings": "secret"}]}', "no element of the JSON file has the key findings"),
        (b'[{"text": "secret"}]', "no element of the JSON file has the key findings"),
        (b'["secret\xff"]', "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[" + b"1" * 5000 + b"]", "number that is too long"),
    ],
)
def test_another_file_is_refused_without_its_content(data, message):
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
def test_any_bytes_give_records_or_an_input_error(data):
    try:
        expected = count(io.BytesIO(data))
    except InputError:
        with pytest.raises(InputError):
            list(read(io.BytesIO(data)))
    else:
        assert len(list(read(io.BytesIO(data)))) == expected
