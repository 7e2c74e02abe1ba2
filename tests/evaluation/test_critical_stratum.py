"""The reports of which an impression can leave a critical finding out."""

import pytest

from radray.checks.check import check
from radray.checks.findings.critical import has_critical
from radray.evaluation.strata import Report, strata_of


@pytest.mark.parametrize(
    ("findings", "critical"),
    [
        ("There is a large right pneumothorax.", True),
        ("No pneumothorax. Small left effusion.", False),
        ("Possible pneumothorax.", True),
        ("Free air under the diaphragm.", True),
        ("The lungs are clear.", False),
        ("", False),
    ],
)
def test_critical_is_what_an_impression_could_leave_out(findings: str, critical: bool) -> None:
    assert has_critical(findings, None) is critical
    result = check("The heart is enlarged.", findings, None, modality="CR", body_part="chest")
    assert result.flags["critical_missed"] is critical


def test_only_reports_that_are_known_to_have_one_are_in_the_stratum() -> None:
    reports = [Report("A."), Report("B.", critical=True), Report(None, critical=False), Report(None, critical=True)]
    assert strata_of(reports)["critical"].tolist() == [False, True, False, True]
    assert "critical" not in strata_of(reports[:1])
