"""Answers that are lists: what is written is parsed again, and of half a list nothing is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.tasks.answering import Entry
from radray.tasks.entries import parse_entries, write_entries

NAMES = ("edema", "lung_opacity", "pleural_effusion")
STATES = ("present", "possible_or_not")
PLACES = ("left", "lower_lobe")
ENTRIES = st.builds(Entry, st.just(""), st.sampled_from(STATES), st.sampled_from([None, *PLACES]))


@given(st.lists(ENTRIES, max_size=3), st.permutations(NAMES))
def test_what_is_written_is_parsed_again_in_the_order_of_the_names(entries: list[Entry], names: list[str]) -> None:
    named = [entry._replace(name=name) for entry, name in zip(entries, names, strict=False)]
    text = write_entries(named)
    assert parse_entries(text, NAMES, STATES, PLACES) == tuple(sorted(named, key=lambda each: NAMES.index(each.name)))


def test_an_empty_list_has_a_word_of_its_own() -> None:
    assert write_entries([]) == "none"
    assert parse_entries(" None. ", NAMES, STATES, PLACES) == ()


def test_case_spaces_stops_and_repeats_do_not_matter() -> None:
    text = "Lung  Opacity : Present,left; lung opacity: present, left;\n edema:present ;."
    assert parse_entries(text, NAMES, STATES, PLACES) == (
        Entry("edema", "present"),
        Entry("lung_opacity", "present", "left"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "edema",
        "edema: present; lung opa",
        "edema: present; none",
        "edema: present, up",
        "edema: present,",
        "edema: perhaps",
        "oedema: present",
        "edema: present; edema: possible or not",
        "edema: present; edema: present, left",
        "edema: present;; lung opacity: present",
        "The report says edema: present",
    ],
)
def test_a_list_of_which_any_part_is_no_entry_is_no_answer(text: str) -> None:
    assert parse_entries(text, NAMES, STATES, PLACES) is None
