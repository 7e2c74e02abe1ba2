"""Residual identifiers of a report's texts: kinds, counts, and the share that is too much."""

from typing import Any

import pytest

from radray.errors import AuditError
from radray.reports.formats import plain_text
from radray.reports.record.record import make_record
from radray.reports.record.residual import count_residual, refuse_residual, residual_kinds

UNIT: dict[str, Any] = {"member": "m", "offset": 0, "source_digest": "d", "study_id": "s"}


def test_every_text_that_is_kept_is_looked_at() -> None:
    assert residual_kinds(make_record(**UNIT, findings="Clear.")) == ""
    assert residual_kinds(make_record(**UNIT, findings="Seen by Dr. Albright.")) == "name"
    assert residual_kinds(make_record(**UNIT, findings="Clear.", indication="94-year-old man.")) == "age"
    assert residual_kinds(make_record(**UNIT, findings="Clear.", impression="Call 555-013-7788.")) == "phone"
    assert (
        residual_kinds(make_record(**UNIT, findings="", impression="", exam_description="CT of Mr. Albright")) == "name"
    )


def test_sections_that_are_no_field_are_looked_at() -> None:
    text = "INDICATION: Cough.\nFINDINGS: The lungs\nare clear.\nIMPRESSION: Normal.\nDictated by: Robin Albright, MD\n"
    assert residual_kinds(plain_text.read(text.encode(), "1.txt")) == "name"
    assert residual_kinds(plain_text.read(text.replace("Robin Albright, MD", "___").encode(), "1.txt")) == ""


def test_kinds_stand_in_one_order_and_once() -> None:
    text = "Call 555-013-7788 or 555-013-7789. Dr. Albright. Compared with 3/4/2019."
    assert residual_kinds(make_record(**UNIT, findings=text)) == "name;exam_date;phone"


def test_reports_are_counted_by_kind_and_dates_of_exams_apart() -> None:
    counts = count_residual({"": 7, None: 2, "exam_date": 5, "name;exam_date": 2, "name;phone": 1})
    assert (counts.reports, counts.kinds) == (3, {"name": 3, "exam_date": 7, "phone": 1})
    assert counts.describe() == "7 exam_date, 3 name, 1 phone"
    nothing = count_residual({})
    assert (nothing.reports, nothing.kinds, nothing.describe()) == (0, {}, "")


def test_a_share_beyond_the_limit_is_refused_and_no_unit_passes() -> None:
    counts = count_residual({"name": 2, "": 98})
    refuse_residual(counts, 100, 0.02)
    refuse_residual(count_residual({}), 0, 0.0)
    refuse_residual(count_residual({"exam_date": 100}), 100, 0.0)
    with pytest.raises(
        AuditError, match=r"2 of 100 units .* source\.max_identified_fraction \(0\.01\): 2 name; nothing"
    ):
        refuse_residual(counts, 100, 0.01)
