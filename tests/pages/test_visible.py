"""Characters that steer a page are shown, all others stay."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.pages.visible import visible


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No effusion.", "No effusion."),
        ("one\ntwo\tthree", "one\ntwo three"),
        ("a\u202eb\u2066c\u200fd", "a[U+202E]b[U+2066]c[U+200F]d"),
        ("\x00\x1b[31m\x7f\x85\r", "[U+0000][U+001B][31m[U+007F][U+0085][U+000D]"),
        ("zero\u200bwidth\ufeff\u00ad", "zero[U+200B]width[U+FEFF][U+00AD]"),
        ("\ud800", "[U+D800]"),
        ("\U000e0041", "[U+E0041]"),
        ("\u2028\u2029", "[U+2028][U+2029]"),
        ("naïve 2.5 µm ≥ שלום", "naïve 2.5 µm ≥ שלום"),
        ("e" + "\u0301" * 6, "e" + "\u0301" * 4 + "[U+0301][U+0301]"),
        ("", ""),
    ],
)
def test_what_steers_is_shown(text: str, expected: str) -> None:
    assert visible(text) == expected


@given(st.text(st.characters()))
def test_nothing_hidden_is_left(text: str) -> None:
    shown = visible(text)
    assert not {unicodedata.category(character) for character in shown if character != "\n"} & {
        "Cc",
        "Cf",
        "Cs",
        "Co",
        "Cn",
        "Zl",
        "Zp",
    }
    shown.encode("utf-8")
    assert visible(shown) == shown
