"""Which reports stand in which stratum."""

import pytest

from radray.evaluation.strata import BODY_PARTS, MOST_VALUES, Report, strata_of

REPORTS = [
    Report("No acute disease.", "normal", seen=True, items=1, modality="CR", comparison_state="unknown"),
    Report("Clear lungs.", "abnormal", seen=False, items=2, modality="CR", body_part="chest"),
    Report("Small left effusion, larger than before, with mild edema.", "abnormal", items=7, body_part="chest"),
    Report("___.", "normal", items=1, modality="CT"),
    Report(None, "abnormal", seen=False, modality="CT"),
]


def test_each_report_is_where_it_belongs() -> None:
    assert {name: [place for place, holds in enumerate(of) if holds] for name, of in strata_of(REPORTS).items()} == {
        "all": [0, 1, 2, 3, 4],
        "normal": [0, 1],
        "abnormal": [2],
        "unjudged": [3],
        "findings_normal": [0, 3],
        "findings_abnormal": [1, 2, 4],
        "incidental": [1],
        "seen": [0],
        "unseen": [1, 4],
        "length=1-5": [0, 1],
        "length=6-10": [2],
        "length=unknown": [3, 4],
        "items=1": [0, 3],
        "items=2": [1],
        "items=3+": [2],
        "items=unknown": [4],
        "modality=CR": [0, 1],
        "modality=CT": [3, 4],
        "modality=unknown": [2],
        "body_part=chest": [1, 2],
        "body_part=unknown": [0, 3, 4],
    }


@pytest.mark.parametrize(
    ("words", "stratum"),
    [(1, "1-5"), (5, "1-5"), (6, "6-10"), (10, "6-10"), (11, "11-20"), (20, "11-20"), (21, "21-40"), (41, "41+")],
)
def test_lengths_are_of_words(words: int, stratum: str) -> None:
    assert f"length={stratum}" in strata_of([Report("Nodule, " * (words - 1) + "___ nodule.")])


def test_every_reference_is_normal_abnormal_or_unjudged_and_of_one_value() -> None:
    strata = strata_of(REPORTS)
    judged = sum(strata[name].astype(int) for name in ("normal", "abnormal", "unjudged"))
    assert judged.tolist() == [1, 1, 1, 1, 0]
    for of in ("length=", "items=", "modality=", "body_part="):
        assert sum(members.astype(int) for name, members in strata.items() if name.startswith(of)).tolist() == [1] * 5


def test_rare_values_share_a_stratum() -> None:
    parts = sorted(BODY_PARTS)[: MOST_VALUES + 3]
    reports = [Report("Clear.", body_part=part) for count, part in enumerate(parts) for _ in range(20 - count)]
    strata = strata_of(reports)
    assert [name for name in strata if name.startswith("body_part=")] == [
        *(f"body_part={part}" for part in parts[:MOST_VALUES]),
        "body_part=other",
    ]
    assert int(strata["body_part=other"].sum()) == 8 + 7 + 6


def test_what_is_no_code_of_an_exam_is_never_the_name_of_a_stratum() -> None:
    patient = Report("Clear.", modality="QUANTERFIELD", body_part="quanterfield, zebediah")
    assert [name for name in strata_of([patient]) if "modality" in name or "body" in name] == [
        *("modality=other", "body_part=other")
    ]
    assert strata_of([patient, REPORTS[0]])["modality=other"].tolist() == [True, False]


def test_strata_that_are_not_values() -> None:
    assert [name for name in strata_of(REPORTS) if "=" not in name] == [
        *("all", "normal", "abnormal", "unjudged", "findings_normal", "findings_abnormal"),
        *("incidental", "seen", "unseen"),
    ]


def test_nothing_is_in_no_stratum() -> None:
    assert strata_of([]) == {}
