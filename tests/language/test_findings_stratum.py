"""The stratum of findings, and normal references over them."""

import pytest

from radray.language.findings_stratum import findings_stratum
from radray.language.normality import is_normal


@pytest.mark.parametrize(
    ("findings", "stratum"),
    [
        ("Heart size is normal. Lungs are clear. No effusion or pneumothorax.", "normal"),
        ("Normal chest.", "normal"),
        ("The right effusion has resolved.", "normal"),
        ("", "normal"),
        ("Two views of the chest.", "normal"),
        ("Lungs are clear. Mild degenerative changes of the spine.", "abnormal"),
        ("Left PICC with its tip in the SVC. Lungs are clear.", "abnormal"),
        ("Possible small nodule.", "abnormal"),
        ("Old rib fracture.", "abnormal"),
        ("No change in right pneumothorax.", "abnormal"),
    ],
)
def test_stratum(findings: str, stratum: str) -> None:
    assert findings_stratum(findings) == stratum


def test_strata_of_the_real_findings_agree_with_the_coders(openi_pairs: list[tuple[str, str, bool]]) -> None:
    assert len(openi_pairs) == 1384
    coded_normal = [findings for findings, _, normal in openi_pairs if normal]
    kept = sum(findings_stratum(findings) == "normal" for findings in coded_normal)
    assert len(coded_normal) == 575
    # what the coders call normal and we do not was read: all but a handful hold a finding left without a code
    assert kept >= 550
    # normal impressions over findings that are not: what is in them was held incidental
    over = [is_normal(reference) and findings_stratum(findings) == "abnormal" for findings, reference, _ in openi_pairs]
    assert 350 <= over.count(True) <= 420
