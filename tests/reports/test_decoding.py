import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.reports.text.decoding import decode


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"Clear.", "Clear."),
        ("30\u00b0 angle".encode(), "30\u00b0 angle"),
        (b"30\xb0 angle", "30\u00b0 angle"),
        (b"\x93Clear\x94 \x96 no edema", "\u201cClear\u201d \u2013 no edema"),
        (codecs.BOM_UTF8 + b"Clear.", "Clear."),
        (codecs.BOM_UTF16_LE + "30\u00b0".encode("utf-16-le"), "30\u00b0"),
        (codecs.BOM_UTF16_BE + "30\u00b0".encode("utf-16-be"), "30\u00b0"),
        (codecs.BOM_UTF32_LE + "30\u00b0".encode("utf-32-le"), "30\u00b0"),
        (codecs.BOM_UTF32_BE + "30\u00b0".encode("utf-32-be"), "30\u00b0"),
        # a line of Windows-1252 in a UTF-8 text
        ("caf\u00e9\n".encode() + b"caf\xe9", "caf\u00e9\ncaf\u00e9"),
        # UTF-8 cut inside a character is what it would be in Windows-1252
        (b"30\xc2", "30\u00c2"),
        (b"Clear\x00.", None),
        ("Clear.".encode("utf-16-le"), None),
        (codecs.BOM_UTF16_LE + b"C\x00l", None),
        (codecs.BOM_UTF16_LE + b"\x00\xd8", None),
        (codecs.BOM_UTF16_LE + b"a\x00\x00\x00", None),
        (b"half \xed\xa0\x80 pair", None),
        (b"30\x81", None),
    ],
)
def test_bytes_become_text_or_none(data: bytes, text: str | None) -> None:
    assert decode(data) == text


@given(st.binary())
def test_what_is_text_can_be_stored(data: bytes) -> None:
    text = decode(data)
    assert text is None or "\x00" not in text.encode().decode()


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_utf8_comes_back(text: str) -> None:
    if not text.startswith("\ufeff"):
        assert decode(text.encode()) == text
    assert decode(codecs.BOM_UTF16_LE + text.encode("utf-16-le")) == text
