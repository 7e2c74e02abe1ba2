import base64
import datetime
import io
import json
from typing import Any

import pytest
from fhir.resources.R4B.diagnosticreport import DiagnosticReport
from fhir.resources.R4B.observation import Observation
from hypothesis import given
from hypothesis import strategies as st

from radray.errors import InputError
from radray.reports.formats import fhir
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


def observation(id_: str, code: str, text: str, **others: Any) -> dict[str, Any]:
    coding = {"coding": [{"system": "http://loinc.org", "code": code}]}
    return {"resourceType": "Observation", "id": id_, "status": "final", "code": coding, "valueString": text, **others}


FINDINGS, IMPRESSION = observation("f", "59776-5", "Dry lungs."), observation("i", "19005-8", "Healthy.")


def bare(*references: str, **changes: Any) -> dict[str, Any]:
    """Return a report whose text is in its results."""
    result = [{"reference": reference} for reference in references]
    return resource(conclusion=None, presentedForm=None, result=result, **changes)


def texts(record: Record) -> tuple[str | None, str | None]:
    return record.findings, record.reference


def reports(value: Any) -> list[tuple[str | None, str | None]]:
    return [texts(record) for record in rows(value) if record.reason is not RejectReason.NOT_A_REPORT]


def test_the_resources_of_results_are_fhir() -> None:
    assert Observation.model_validate(FINDINGS).valueString == "Dry lungs."
    DiagnosticReport.model_validate({**bare("#f"), "contained": [FINDINGS]})


def test_results_that_a_report_contains_are_its_texts() -> None:
    (record,) = rows(bare("#f", "#i", contained=[PATIENT, IMPRESSION, FINDINGS]))
    assert (*texts(record), record.reason, record.sections) == ("Dry lungs.", "Healthy.", None, None)
    assert reports(bare(contained=[FINDINGS, IMPRESSION])) == [("Dry lungs.", "Healthy.")]
    assert reports(bare("#f", contained=[FINDINGS, IMPRESSION])) == [("Dry lungs.", None)]


@pytest.mark.parametrize(
    ("names", "urls"),
    [
        (("Observation/f", "Observation/i"), (None, None)),
        (("urn:uuid:0-f", "urn:uuid:0-i"), ("urn:uuid:0-f", "urn:uuid:0-i")),
        (("https://h/fhir/Observation/f/_history/2", "https://h/fhir/Observation/i"), (None, "https://h/x")),
    ],
)
def test_results_are_found_before_and_behind_the_report(names: Any, urls: Any) -> None:
    report = {"resource": bare(*names)}
    results = [
        {"resource": value, **({"fullUrl": url} if url else {})}
        for value, url in zip((FINDINGS, IMPRESSION), urls, strict=True)
    ]
    for entries in ([*results, report], [report, *results], [results[1], report, {"resource": PATIENT}, results[0]]):
        whole = {"resourceType": "Bundle", "type": "collection", "entry": entries}
        for data in (whole, json.dumps(whole, indent=1).encode(), [whole], bundle(whole)):
            records = rows(data)
            assert reports(data) == [("Dry lungs.", "Healthy.")]
            assert [record.reason is None for record in records] == [entry is report for entry in entries]


def test_resources_on_lines_refer_to_each_other() -> None:
    lines = [bare("Observation/f"), resource(), FINDINGS, bare("Observation/f", "Observation/i"), IMPRESSION]
    data = b"\n".join(json.dumps(line).encode() for line in lines)
    assert reports(data) == [("Dry lungs.", None), ("Lungs are clear.", "Normal chest."), ("Dry lungs.", "Healthy.")]


def test_a_reference_does_not_lead_to_another_bundle() -> None:
    other = observation("f", "59776-5", "Another patient's lungs.")
    first, second = bundle(bare("Observation/f"), FINDINGS), bundle(bare("Observation/f"))
    assert reports([first, second, bundle(other)]) == [("Dry lungs.", None), (None, None)]
    assert reports(
        json.dumps(first).encode() + b"\n" + json.dumps(other).encode() + b"\n" + json.dumps(second).encode()
    ) == [
        ("Dry lungs.", None),
        (None, None),
    ]


@pytest.mark.parametrize(
    "results",
    [
        [{**FINDINGS, "subject": {"reference": "Patient/P4"}}],
        [{**FINDINGS, "status": "entered-in-error"}],
        [FINDINGS, {**FINDINGS, "valueString": "Wet lungs."}],
        [{**FINDINGS, "valueString": 3}],
        [{**FINDINGS, "valueString": None, "valueQuantity": {"value": 3}}],
        [],
    ],
    ids=["another patient", "withdrawn", "two of one id", "a wrong type", "no text", "none"],
)
def test_results_that_are_not_the_reports_text(results: list[Any]) -> None:
    (record, *_) = rows(bundle(*results, bare("Observation/f")))[len(results) :]
    assert (record.findings, record.reason) == (None, RejectReason.EMPTY)


def test_texts_of_the_report_itself_come_before_those_of_its_results() -> None:
    report = resource(result=[{"reference": "#f"}, {"reference": "#i"}], contained=[FINDINGS, IMPRESSION])
    assert reports(report) == [("Lungs are clear.", "Normal chest.")]
    assert reports({**report, "presentedForm": None}) == [("Dry lungs.", "Normal chest.")]
    pdf = [{"contentType": "application/pdf", "data": "JVBERi0="}]
    assert reports({**report, "presentedForm": pdf, "conclusion": ""}) == [("Dry lungs.", "Healthy.")]
    assert rows(bare("#x") | {"presentedForm": pdf})[0].reason is RejectReason.UNSUPPORTED_CONTENT


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"code": {"text": "Findings:"}}, "Dry lungs."),
        ({"code": {"coding": [{"code": "L1", "display": "Chest findings"}]}}, "Dry lungs."),
        ({"code": {"coding": [{"code": "L1"}, {"code": "18782-3"}]}}, "Dry lungs."),
        ({"valueString": None, "valueCodeableConcept": {"text": "Gas."}}, "Gas."),
        ({"valueString": None, "valueCodeableConcept": {"coding": [{"display": "Gas"}, {"code": "7"}]}}, "Gas"),
        ({"valueString": None, "note": [{"text": "Gas."}]}, "Gas."),
        (
            {"valueString": "", "text": {"status": "additional", "div": "<div><p>Gas &amp; fog.</p></div>"}},
            "Gas & fog.",
        ),
        ({"code": {"text": "CT"}, "valueString": "FINDINGS: Gas.\nIMPRESSION: Sick."}, "Gas."),
        ({"code": {"coding": [{"code": "71046&GDT", "display": "XR CHEST"}]}}, "Dry lungs."),
        ({"valueString": None, "component": [{"code": {"text": "Findings"}, "valueString": "Gas."}]}, "Gas."),
    ],
)
def test_the_forms_of_a_result(change: dict[str, Any], expected: str) -> None:
    assert rows(bare("#f", contained=[{**FINDINGS, **change}]))[0].findings == expected


def test_results_of_a_group_and_several_of_a_section_are_read_in_order() -> None:
    group = {"resourceType": "Observation", "id": "g", "hasMember": [{"reference": f"Observation/{i}"} for i in "fabg"]}
    parts = [observation("a", "19005-8", "Gout."), observation("b", "19005-8", "No break.")]
    record = next(iter(rows(bundle(bare("Observation/g"), group, *parts, FINDINGS))))
    assert (*texts(record), record.impression_items) == ("Dry lungs.", "Gout. No break.", ("Gout.", "No break."))
    parts[1]["valueString"] = "1. No break.\n2. No gas."
    record = next(iter(rows(bundle(bare("Observation/g"), group, *parts, FINDINGS))))
    assert record.reference == "Gout. No break. No gas."


def test_results_of_other_kinds_are_kept_apart() -> None:
    others = [
        observation("r", "18783-1", "Come back."),
        observation("n", "55107-7", "Left, not right."),
        observation("o", "1-8", "Seated."),
        observation("c", "18834-2", "None."),
    ]
    (record,) = rows(bare("#f", "#r", "#n", "#o", "#c", contained=[FINDINGS, *others]))
    assert (*texts(record), record.comparison) == ("Dry lungs.", None, "None.")
    assert [(section.name, section.text) for section in record.sections or ()] == [
        ("recommendations", "Come back."),
        ("addendum", "Left, not right."),
        ("comment", "Seated."),
    ]


def test_a_composition_and_the_notes_of_a_report() -> None:
    section = {"title": "Befund", "code": FINDINGS["code"], "text": {"div": "<div>Dry <b>lungs</b>.</div>"}}
    composition = {
        "resourceType": "Composition",
        "id": "k",
        "section": [{"title": "Report", "section": [section, {"title": "Impression", "text": {"div": "<p>Healthy."}}]}],
    }
    url = "http://hl7.org/fhir/5.0/StructureDefinition/extension-DiagnosticReport.composition"
    for link in (
        {"composition": {"reference": "Composition/k"}},
        {"extension": [{"url": "x"}, {"url": url, "valueReference": {"reference": "Composition/k"}}]},
    ):
        assert reports(bundle(composition, bare(**link))) == [("Dry lungs.", "Healthy.")]
    kind = {"url": "annotation-type", "valueCodeableConcept": FINDINGS["code"]}
    (record,) = rows(bare(note=[{"text": "Dry lungs.", "extension": [kind]}, {"text": "Seated."}]))
    assert (record.findings, [text.name for text in record.sections or ()]) == ("Dry lungs.", ["comment"])


def test_the_narrative_is_read_last_and_for_its_headings() -> None:
    div = '<div xmlns="http://www.w3.org/1999/xhtml"><h2>FINDINGS:</h2>Dry.<p/><h2>IMPRESSION:</h2>Healthy.</div>'
    narrative = {"status": "additional", "div": div}
    assert reports(bare(text=narrative)) == [("Dry.", "Healthy.")]
    assert reports(bare("#f", contained=[FINDINGS], text=narrative)) == [("Dry lungs.", None)]
    assert rows(bare(text={"div": div.replace("FINDINGS", "Subject")}))[0].reason is RejectReason.EMPTY
    generated = div.replace("<h2>F", "<p><b>Generated Narrative: DiagnosticReport</b></p><h2>F")
    for sent in (generated, div.replace("<h2>", '<h2 title="Codes: {x}">')):
        assert reports(bare(text={"status": "generated", "div": sent})) == [(None, None)]


def test_reports_do_not_wait_for_results_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fhir, "MAX_HELD_BYTES", 20_000)
    far = [resource(id=str(i)) for i in range(30)]
    lines = [bare("Observation/f"), *far, FINDINGS, bare("Observation/f")]
    data = b"\n".join(json.dumps(line).encode() for line in lines)
    assert [texts(record)[0] for record in rows(data)] == [None, *["Lungs are clear."] * 30, None, "Dry lungs."]


def test_of_the_renderings_of_a_report_one_is_read() -> None:
    plain, page = "FINDINGS: Dry.\nIMPRESSION: Fine.", "<p>FINDINGS: Wet.</p><p>IMPRESSION: Sick.</p>"
    forms = {
        "plain": form(plain),
        "page": form(page, "application/xhtml+xml"),
        "rtf": form(r"{\rtf1 FINDINGS: Gas.\par IMPRESSION: Fog.}", "text/rtf"),
        "same": form(f" {plain.replace(' ', '  ')} "),
        "part": form("IMPRESSION: Fine."),
        "pointer": form("See the page."),
    }

    def read_forms(*names: str) -> tuple[str | None, str | None]:
        return reports(resource(conclusion=None, presentedForm=[forms[name] for name in names]))[0]

    assert read_forms("rtf", "page", "plain") == read_forms("same", "part", "plain") == ("Dry.", "Fine.")
    assert read_forms("rtf", "page") == read_forms("pointer", "page") == ("Wet.", "Sick.")
    assert read_forms("rtf") == ("Gas.", "Fog.")


def test_xml_is_a_report_where_it_has_headings() -> None:
    section = (
        "<section><title>Findings</title><text><paragraph>Dry.</paragraph><paragraph>Fine.</paragraph></text></section>"
    )
    (record,) = rows(resource(presentedForm=[form(f"<?xml version='1.0'?><Document>{section}</Document>", "text/xml")]))
    assert record.findings == "Dry. Fine."
    others = [form("<order><title>Chest</title></order>", "application/xml")]
    assert rows(resource(presentedForm=others, conclusion=None))[0].reason is RejectReason.UNSUPPORTED_CONTENT


def test_forms_in_other_characters_and_languages() -> None:
    wide, old = "FINDINGS: 3\u00b0.".encode("utf-16le"), b"FINDINGS: 3\xb0."
    for kind, content in (('text/plain; charset="utf-16le"', wide), ("text/plain;charset=iso-8859-1", old)):
        sent = {"contentType": kind, "data": base64.b64encode(content).decode()}
        assert rows(resource(presentedForm=[sent]))[0].findings == "3\u00b0."
    languages = [{**form("FINDINGS: Seco."), "language": "es"}, {**form("FINDINGS: Dry."), "language": "en-US"}]
    assert rows(resource(presentedForm=languages))[0].findings == "Dry."


def test_titles_of_forms() -> None:
    addendum = {**form("IMPRESSION: Left side."), "title": "Radiology Addendum 2"}
    (record,) = rows(resource(presentedForm=[form("FINDINGS: Dry.\nIMPRESSION: Fine."), addendum], conclusion=None))
    assert (*texts(record), record.sections[-1].text) == ("Dry.", "Fine.", "IMPRESSION: Left side.")
    (record,) = rows(resource(presentedForm=[addendum], conclusion=None))
    assert record.reason is RejectReason.NO_FINDINGS
    preliminary = {**form("FINDINGS: Wet."), "title": "Preliminary report"}
    final = {**form("FINDINGS: Dry."), "title": "Final report"}
    assert [rows(resource(presentedForm=forms))[0].findings for forms in ([preliminary, final], [preliminary])] == [
        "Dry.",
        "Wet.",
    ]
    parts = [{**form("Dry."), "title": "Findings"}, {**form("Fine."), "title": "Impression:"}]
    assert reports(resource(presentedForm=parts, conclusion=None)) == [("Dry.", "Fine.")]


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
