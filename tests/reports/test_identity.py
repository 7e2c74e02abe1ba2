import hashlib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from radray.reports.record.identity import normalise, split_key, text_digest, unit_id
from radray.reports.record.record import Record, make_record

UNIT = st.tuples(st.text(), st.text(), st.text(), st.integers(0, 10))


def record(**given: Any) -> Record:
    values: dict[str, Any] = {"member": "", "offset": 0, "source_digest": "d", "study_id": "s", **given}
    return make_record(**values)


def test_unit_id_is_stated_to_the_letter() -> None:
    expected = hashlib.sha256(b'["dev1", "mimic.zip", "files/p10/p1/s2.txt", 0]').hexdigest()[:32]
    assert unit_id("dev1", "mimic.zip", "files/p10/p1/s2.txt", 0) == expected


@given(UNIT, UNIT)
def test_other_units_have_other_ids(first: Any, second: Any) -> None:
    assert (unit_id(*first) == unit_id(*second)) == (first == second)


def test_parts_of_a_unit_cannot_run_together() -> None:
    assert (
        len(
            {unit_id("a", "bc", "", 0), unit_id("ab", "c", "", 0), unit_id("a", "b", "c", 0), unit_id("a", "bc", "", 1)}
        )
        == 4
    )


def test_text_digest_is_what_the_report_says_and_no_more() -> None:
    base = record(findings="Clear.", impression="Normal.", indication="Cough")
    assert text_digest(base) == hashlib.sha256(b'["Indication: Cough", "Clear.", "Normal."]').hexdigest()
    same = record(
        findings="Clear.", impression="Normal.", indication="Cough", study_id="t", exam_description="PA", offset=9
    )
    assert text_digest(same) == text_digest(base)
    for changed in ({"findings": "Edema."}, {"impression": "Normal. "}, {"indication": "Fall"}, {"impression": None}):
        other = record(**{"findings": "Clear.", "impression": "Normal.", "indication": "Cough", **changed})
        assert text_digest(other) != text_digest(base)
    assert text_digest(record()) == hashlib.sha256(b"[null, null, null]").hexdigest()


def test_the_subject_is_the_key_where_there_is_one() -> None:
    assert split_key("openi", "s1", " p7 ", "Clear.") == "p7"


def test_without_a_subject_equal_findings_share_a_key() -> None:
    digest = hashlib.sha256(b"lungs clear no effusion").hexdigest()[:16]
    assert split_key("openi", "s1", None, "Lungs clear. No effusion.") == f"openi:text:{digest}"
    assert split_key("openi", "s2", "", "lungs CLEAR;  no effusion") == f"openi:text:{digest}"
    assert split_key("openi", "s3", " ", "Lungs clear. No effusions.") != f"openi:text:{digest}"
    assert split_key("dev1", "s1", None, "Lungs clear. No effusion.") == f"dev1:text:{digest}"


def test_without_subject_and_findings_the_study_is_the_key() -> None:
    assert split_key("openi", "s1", None, None) == "openi:s1"
    assert split_key("openi", "s1", None, " ... ") == "openi:s1"


def test_normalise() -> None:
    assert normalise(" The HEART, size: 5.5 cm -- Stra\u00dfe ") == "the heart size 5 5 cm strasse"
    assert normalise(" .. ") == ""
