"""Addenda and amendments in the dress that hospitals give them."""

import pytest

from radray.reports.record.free_text import record_of_text
from radray.reports.text.sections import parse

REPORT = "FINDINGS: The heart is large.\n\nIMPRESSION: Cardiomegaly."


@pytest.mark.parametrize(
    "beginning",
    [
        *("ADDENDUM:", "AMENDMENT:", "Amended report:", "CORRECTION:", "Supplementary report:", "LATE ENTRY:"),
        *("ADDENDUM #2 (3/4/2026):", "Addendum 3/4/2026:", "Addendum (3/4/2026 10:15):", "AMENDMENT #1:"),
        *("Amended 3/4/2026:", "Report amended on 3/4/2026:", "Addendum to report:", "Addendum by Dr. Example:"),
        *("-- ADDENDUM by A. Example on 3/4/2026 --\n", "*** ADDENDUM ***\n", "[Addendum]", "====ADDENDUM====\n"),
        *("----- Addendum start -----\n", "ADDENDUM BEGINS\n", "Addendum\n", "This report was amended on 3/4/2026:"),
    ],
)
def test_an_addendum_ends_the_impression(beginning: str) -> None:
    text = f"{REPORT}\n\n{beginning} There is a rib fracture."
    record = record_of_text(text, member="m", digest="d", study_id="s")
    assert (record.findings, record.reference) == ("The heart is large.", "Cardiomegaly.")
    assert "There is a rib fracture." in (parse(text).get("addendum") or "")


@pytest.mark.parametrize(
    "beginning", ["ADDENDUM:", "Addendum:", "ADDENDUM #1 (3/4/2026):", "AMENDMENT:", "-- ADDENDUM by A. Example --"]
)
def test_an_addendum_on_the_line_of_the_report(beginning: str) -> None:
    text = f"FINDINGS: The heart is large. IMPRESSION: Cardiomegaly. {beginning} There is a rib fracture."
    assert parse(text).get("impression") == "Cardiomegaly."


@pytest.mark.parametrize(
    "mention",
    [
        *(
            "See the addendum: rib fracture.",
            "An addendum is recommended.",
            "The report will be amended.",
            "Corrected age.",
        ),
        *("Correction of the scoliosis was seen.", "Revised hip prosthesis.", "Supplemental oxygen: none."),
    ],
)
def test_a_mention_begins_no_addendum(mention: str) -> None:
    assert parse(f"{REPORT} {mention}").get("impression") == f"Cardiomegaly. {mention}"
    assert parse(f"{REPORT}\n{mention}").get("impression") == f"Cardiomegaly.\n{mention}"
