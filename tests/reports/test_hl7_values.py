import base64

import pytest

from radray.reports.wire.hl7.messages import Delimiters
from radray.reports.wire.hl7.values import Document, coded_value, document_value, is_withdrawn, text_value

USUAL = Delimiters("|", "^", "~", "\\", "&")
PLAIN = "FINDINGS: No stone.\nIMPRESSION: Normal."
RTF = r"{\rtf1\ansi FINDINGS: No stone.\par}"
XML = '<?xml version="1.0"?>'
JPEG, WIDE = b"\xff\xd8\xff", b"a\x00\x01b\x00c"
HTML = "<html><p>FINDINGS: No stone.</p></html>"


def b64(text: str | bytes) -> str:
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def test_repetitions_of_a_text_are_lines() -> None:
    assert text_value("Head~~Neck \\R\\ 5", USUAL) == "Head\n\nNeck ~ 5"
    assert (text_value("", USUAL), text_value('""', USUAL), text_value('a~""', USUAL)) == ("", "", "a\n")


def test_a_sign_for_about_before_a_measure_is_no_repetition() -> None:
    assert (
        text_value("A node of ~3 mm (~20%).~2. Clear.~3 mm more", USUAL)
        == "A node of ~3 mm (~20%).\n2. Clear.\n3 mm more"
    )


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        ("a\\X0D\\b", "a\nb"),
        ("a\\X000d\\b", "a\nb"),
        ("a\\X0D\\\\X0A\\b", "a\nb"),
        ("a\\X0D0A\\b", "a\nb"),
        ("a\\X000D000A\\b", "a\nb"),
        ("a\\.BR\\b", "a\nb"),
        ("5\\.sk1\\mm", "5 mm"),
        ("\\X0041\\", "A"),
        ("\\X0000\\", "\x00"),
    ],
)
def test_line_ends_and_spaces_in_escapes(escaped: str, text: str) -> None:
    assert USUAL.unescape(escaped) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("^OLD FRACTURE", "OLD FRACTURE;"),
        ("71^Fracture^L^72^Break^M^1^2^Old fracture of the rib!", "Old fracture of the rib!"),
        ("71^^L^72^Break^M", "Break;"),
        ("^One~^Two", "One;\nTwo;"),
        ("written out here", "written out here;"),
        ("71", ""),
        ("", ""),
    ],
)
def test_the_text_of_a_coded_entry(value: str, text: str) -> None:
    assert coded_value(value, USUAL, stop=";") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (f"RIS^TEXT^PLAIN^Base64^{b64(PLAIN)}", PLAIN),
        (f"^text^^base64^{b64(PLAIN)[:30]} \\.br\\{b64(PLAIN)[30:]}", PLAIN),
        (f"^TEXT^PLAIN^BASE64^{b64(PLAIN).rstrip('=')}", PLAIN),
        (f"^text/plain^^Hex^{PLAIN.encode().hex()}", PLAIN),
        ("^TEXT^PLAIN^A^FINDINGS: 3 \\T\\ 4 ^ 5", "FINDINGS: 3 & 4 ^ 5"),
        (f"^application^rtf^Base64^{b64(RTF)}", RTF),
        (f"^AP^^Base64^{b64(RTF)}", RTF),
        (f"Text^^Base64^{b64(PLAIN)}", PLAIN),
        (f"^TEXT^HTML^Base64^{b64(HTML)}", HTML),
        (f"^multipart^x^Base64^{b64(HTML)}", HTML),
        ("^TEXT^PLAIN^Base64^" + b64("30°".encode("cp1252")), "30°"),
        (f"^TEXT^XML^Base64^{b64(XML + HTML)}", XML + HTML),
    ],
)
def test_encapsulated_text_is_read(value: str, text: str) -> None:
    assert document_value(value, USUAL) == text


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (f"^AP^PDF^Base64^{b64('%PDF-1.4')}", Document.NOT_TEXT),
        (f"PDF^TEXT^^Base64^{b64('%PDF-1.4')}", Document.NOT_TEXT),
        ("^application^pdf^Base64^cut off", Document.NOT_TEXT),
        (f"^IM^JPEG^Base64^{b64(JPEG)}", Document.NOT_TEXT),
        (f"^TEXT^XML^Base64^{b64(XML + '<ClinicalDocument/>')}", Document.NOT_TEXT),
        (f"^application^octet-stream^Base64^{b64(PLAIN)}", Document.NOT_TEXT),
        ("a text without components", Document.NOT_TEXT),
        ("^TEXT^PLAIN^Base64^RklO!", Document.BROKEN),
        ("^TEXT^PLAIN^Hex^4g", Document.BROKEN),
        (f"^TEXT^PLAIN^Base64^{b64(WIDE)}", Document.BAD_ENCODING),
    ],
)
def test_what_is_no_text_says_why(value: str, why: Document) -> None:
    assert document_value(value, USUAL) is why


@pytest.mark.parametrize(("status", "withdrawn"), [("D", True), ("w", True), ("X", True), ("F", False), ("", False)])
def test_a_value_is_withdrawn_by_obx_11(status: str, withdrawn: bool) -> None:
    assert is_withdrawn(["OBX", *[""] * 10, status]) is withdrawn
    assert is_withdrawn(["OBX"]) is False
