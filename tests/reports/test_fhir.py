import base64
import datetime
import io
import json
from typing import Any

import pytest
from fhir.resources.R4B.diagnosticreport import DiagnosticReport
from hypothesis import given
from hypothesis import strategies as st

from radray.errors import InputError
from radray.reports.formats.fhir import count, read
from radray.reports.record.record import Record
from radray.schema.statuses import RejectReason
from tests.support.inputs.bad_messages import PATIENT, bundle, resource
from tests.support.inputs.conservation import check_count_is_what_is_read


def rows(value: Any) -> list[Record]:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    records = list(read(io.BytesIO(data)))
    assert count(io.BytesIO(data)) == len(records)
    assert [record.offset for record in records] == list(range(len(records)))
    return records


def form(text: str, kind: str = "text/plain") -> dict[str, str]:
    return {"contentType": kind, "data": base64.b64encode(text.encode()).decode()}


def test_the_resource_of_these_tests_is_fhir() -> None:
    assert DiagnosticReport.model_validate(resource()).conclusion == "Normal chest."


def test_a_resource_is_read() -> None:
    (record,) = rows(resource())
    assert (record.study_id, record.subject_id, record.exam_description) == ("A7", "P3", "Chest PA and lateral")
    assert (record.findings, record.reference, record.human_codes) == ("Lungs are clear.", "Normal chest.", "17621005")
    assert record.exam_time == datetime.datetime(2024, 3, 5, 8, 30)
    assert record.report_time == datetime.datetime(2024, 3, 5, 9, 15)
    assert (record.report_status, record.reason) == ("final", None)


@pytest.mark.parametrize(
    ("change", "study_id"),
    [
        ({"identifier": [{"value": "X1"}]}, "X1"),
        ({"identifier": [{"value": 12}]}, "12"),
        ({"identifier": []}, "r7"),
        ({"identifier": [{"value": " "}]}, "r7"),
        ({"identifier": None, "id": None}, None),
    ],
)
def test_the_study_id_is_accession_number_else_identifier_else_id(change: dict[str, Any], study_id: str | None) -> None:
    assert rows(resource(**change))[0].study_id == study_id


@pytest.mark.parametrize(
    ("subject", "subject_id"),
    [
        ({"reference": "https://fhir.example/r4/Patient/p-9/_history/2"}, "p-9"),
        ({"reference": "urn:uuid:0-1"}, "0-1"),
        ({"identifier": {"value": "00012"}}, "00012"),
        ({"reference": "Group/1", "display": "Somebody"}, None),
        (None, None),
    ],
)
def test_the_subject_id(subject: Any, subject_id: str | None) -> None:
    assert rows(resource(subject=subject))[0].subject_id == subject_id


@pytest.mark.parametrize(
    ("status", "expected", "reason"),
    [
        ("registered", "preliminary", None),
        ("partial", "preliminary", None),
        ("amended", "corrected", None),
        ("appended", "corrected", None),
        ("unknown", None, None),
        ("cancelled", "cancelled", RejectReason.CANCELLED),
        ("entered-in-error", "cancelled", RejectReason.CANCELLED),
    ],
)
def test_the_status(status: str, expected: str, reason: RejectReason | None) -> None:
    DiagnosticReport.model_validate(resource(status=status))
    (record,) = rows(resource(status=status))
    assert (record.report_status, record.reason) == (expected, reason)


def test_forms_plain_text_before_html_and_what_cannot_be_read_beside_it() -> None:
    html = form("<html><body><p>FINDINGS: Old.</p></body></html>", "text/html; charset=utf-8")
    pdf = {"contentType": "application/pdf", "data": "JVBERi0="}
    plain = form("FINDINGS: Clear.\n")
    (record,) = rows(resource(presentedForm=[pdf, html, plain]))
    assert (record.findings, record.reference) == ("Clear.", "Normal chest.")
    (record,) = rows(resource(presentedForm=[pdf, html], conclusion=None))
    assert (record.findings, record.reference) == ("Old.", None)
    (record,) = rows(resource(presentedForm=[pdf]))
    assert (record.reason, record.reference) == (RejectReason.NO_FINDINGS, "Normal chest.")


@pytest.mark.parametrize("indent", [None, 2])
def test_a_bundle_is_read_entry_by_entry(indent: int | None) -> None:
    reasons = [None, RejectReason.NOT_A_REPORT, None]
    data = json.dumps(bundle(resource(), PATIENT, resource(id="r8")), indent=indent).encode()
    assert [record.reason for record in rows(data)] == reasons
    reversed_keys = json.dumps(dict(reversed(bundle(resource(), PATIENT, resource()).items())), indent=indent).encode()
    assert [record.reason for record in rows(reversed_keys)] == reasons


def test_a_bundle_that_is_too_large_to_hold_is_read_all_the_same() -> None:
    padded = resource(
        presentedForm=[{"contentType": "application/pdf", "data": "A" * 4_000_000}, form("FINDINGS: a b.")]
    )
    data = json.dumps(bundle(*[padded] * 6)).encode()
    assert [record.findings for record in rows(data)] == ["a b."] * 6


def test_lines_arrays_and_empty_bundles() -> None:
    line = json.dumps(resource()).encode()
    assert [record.reason for record in rows(line + b"\n\n" + line + b"\r\n")] == [None, None]
    assert [record.reason for record in rows([resource(), 3])] == [None, RejectReason.MALFORMED]
    assert rows({"resourceType": "Bundle", "total": 0}) == rows(bundle()) == []


@pytest.mark.parametrize("change", [{"conclusion": ""}, {"effectiveDateTime": "2024-03-05"}, {"id": "a_b"}, {"own": 1}])
def test_what_hospitals_send_and_fhir_does_not_know_costs_nothing(change: dict[str, Any]) -> None:
    assert rows(resource(**change))[0].reason is None


def test_no_message_holds_values() -> None:
    for data in (b"secret", b'{"secret": 1}', b""):
        with pytest.raises(InputError) as refused:
            list(read(io.BytesIO(data)))
        assert "secret" not in str(refused.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from([*resource(), "entry", "resource", "value"]), inner)
    ),
)
REPORTS = st.dictionaries(st.sampled_from(sorted(resource())), JSON).map(lambda change: resource(**change))


@given(st.one_of(st.binary(), JSON.map(lambda value: json.dumps(value).encode())))
def test_any_bytes_give_records_or_an_input_error(data: bytes) -> None:
    check_count_is_what_is_read(read, count, data)


@given(st.lists(REPORTS, min_size=1, max_size=4))
def test_every_resource_is_a_record_in_every_form(resources: list[dict[str, Any]]) -> None:
    # a surrogate pair of escapes and an infinity are what json.dumps makes of what JSON does not have
    reasons = [rows(json.dumps(bundle(resource)).encode())[0].reason for resource in resources]
    assert [record.reason for record in rows(json.dumps(resources).encode())] == reasons
    assert [record.reason for record in rows(json.dumps(bundle(*resources), indent=1).encode())] == reasons
