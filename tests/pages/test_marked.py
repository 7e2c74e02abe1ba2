"""Items, words that differ and places of evidence, on texts made up by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.pages.marked import Piece, different_words, evidence_places, items_of, pieces

WORDS = st.lists(st.sampled_from(["1.", "2.", "No", "effusion.", "___", "Dr.", "1.9", "cm.", "-", "(a)", "\n", "  "]))


def cut(text: str, spans: list[tuple[int, int]]) -> list[str]:
    return [text[start:end] for start, end in spans]


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("1. Small effusion. 2. No pneumothorax.", ["Small effusion.", "No pneumothorax."]),
        ("Small effusion.No pneumothorax", ["Small effusion.", "No pneumothorax"]),
        ("Nodule of 1.9 x 1.8 cm.  Stable.\n", ["Nodule of 1.9 x 1.8 cm.", "Stable."]),
        ("No acute disease", ["No acute disease"]),
        ("...", []),
        ("", []),
    ],
)
def test_items(text: str, items: list[str]) -> None:
    assert cut(text, items_of(text)) == items


@given(WORDS.map(" ".join))
def test_items_stand_in_order_and_lose_no_letter(text: str) -> None:
    spans = items_of(text)
    assert all(start < end for start, end in spans)
    assert [place for span in spans for place in span] == sorted(place for span in spans for place in span)
    outside = text
    for start, end in reversed(spans):
        outside = outside[:start] + outside[end:]
    assert not any(letter.isalpha() for letter in outside)


@pytest.mark.parametrize(
    ("text", "other", "differing"),
    [
        ("No left effusion.", "No right effusion.", ["left"]),
        ("NO EFFUSION", "no effusion.", []),
        ("A new, large mass. Stable.", "Stable", ["A new, large mass"]),
        ("effusion", "", ["effusion"]),
        ("", "effusion", []),
    ],
)
def test_words_that_differ(text: str, other: str, differing: list[str]) -> None:
    assert cut(text, different_words(text, other)) == differing


def test_places_of_evidence_by_form() -> None:
    evidence = (
        "side impression:3-7 findings:0-4; side impression:9-12; mask impression:0-3; critical_missed findings:5-9"
    )
    assert evidence_places(evidence, "impression") == {"side": [(3, 7), (9, 12)], "mask": [(0, 3)]}
    assert evidence_places(evidence, "findings") == {"side": [(0, 4)], "critical_missed": [(5, 9)]}
    assert evidence_places(None, "impression") == evidence_places("", "impression") == {}


def test_pieces_are_cut_where_marks_begin_and_end() -> None:
    parts = pieces("No left effusion.", (0, 17), [(3, 7)], {"side": [(3, 16)], "polarity": [(0, 2), (90, 99)]})
    assert parts == [
        Piece("No", False, ("polarity",)),
        Piece(" ", False, ()),
        Piece("left", True, ("side",)),
        Piece(" effusion", False, ("side",)),
        Piece(".", False, ()),
    ]


@given(st.text(), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40))))
def test_pieces_lose_nothing_whatever_the_places(text: str, places: list[tuple[int, int]]) -> None:
    assert "".join(piece.text for piece in pieces(text, (0, len(text)), places, {"side": places})) == text
