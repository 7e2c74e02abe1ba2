import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.reports.text.comparison import comparison_state


@pytest.mark.parametrize(
    ("comparison", "state"),
    [
        (None, "unknown"),
        ("", "unknown"),
        (".", "unknown"),
        ("None", "none"),
        ("None.", "none"),
        ("none available", "none"),
        ("None ,786.2 ___", "none"),
        ("N/A", "none"),
        ("No comparison.", "none"),
        ("No comparisons are available", "none"),
        ("No prior", "none"),
        ("No prior chest radiographs.", "none"),
        ("There are no prior studies for comparison.", "none"),
        ("Not available.", "none"),
        ("Prior studies are not available.", "none"),
        ("First study.", "none"),
        ("___.", "present"),
        ("___, ___", "present"),
        ("Chest radiograph ___.", "present"),
        ("yesterday", "present"),
        ("Film of last week. No change.", "present"),
        ("Nonenhanced CT", "present"),
        ("No change since ___", "present"),
        ("North hospital film", "present"),
    ],
)
def test_the_first_words_decide_the_state(comparison: str | None, state: str) -> None:
    assert comparison_state(comparison) == state


@given(st.none() | st.text())
def test_any_text_has_a_state(comparison: str | None) -> None:
    assert comparison_state(comparison) in ("none", "present", "unknown")


def test_a_long_text_is_no_matter() -> None:
    assert comparison_state("no prior " * 100_000) == "none"
    assert comparison_state("no " * 100_000) == "present"
