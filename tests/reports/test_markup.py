import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.reports.text.markup import is_html, plain_text

WORD_FONTS = r"{\fonttbl{\f0\fnil\fcharset0 Arial;}{\f1\fnil\fcharset2 Symbol;}}{\colortbl ;\red0\green0\blue0;}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "FINDINGS: Clear.\n\nIMPRESSION: Normal.",
        "A nodule <6 mm, [<6 mm] or < 3 cm; SUV <2.5 and >1.0.",
        "Size <b and >c; <PERSON> called on <DATE> at <TIME> from <ADDRESS>; <TITLE> <s> <a>",
        "FINDINGS: Clear.<br>IMPRESSION: Normal.<br/>",
        "5 &lt; 6 &amp; 7",
        "The {\\rtf1 of another}",
        "<div></div>",
    ],
)
def test_what_is_not_markup_or_shows_nothing_stays_the_same(text: str) -> None:
    assert plain_text(text) == text


def test_an_html_document_shows_what_a_browser_shows() -> None:
    source = (
        "<!DOCTYPE html><html><head><title>T</title><style>p{}</style></head><body><!-- <p>no</p> --><h1>FINDINGS:</h1>"
        "<p>Clear &amp;\n dry,  3 &lt; 4<br/>Small</p><script>no()</script><pre>a\n  b</pre><td>x</td><td>y</td> 1 < 2"
    )
    assert plain_text(source) == "FINDINGS:\n\nClear & dry, 3 < 4\nSmall\n\na\nb\nx\ny\n1 < 2"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>FINDINGS:</p>Clear.<p>IMPRESSION:</p>Normal.", "FINDINGS:\n\nClear.\n\nIMPRESSION:\n\nNormal."),
        ("<B>FINDINGS:</B> Clear.<BR><U><B>OPINION</B></U><BR>Dry.", "FINDINGS: Clear.\nOPINION:\nDry."),
        ("<p>Nodule <6 mm [<6 mm]</p><p><PERSON> at <TIME>", "Nodule <6 mm [<6 mm]\n\n<PERSON> at <TIME>"),
        ("<ol><li>Gout.</li><li>No break.</li></ol><ul><li>Dry", "1. Gout.\n2. No break.\n* Dry"),
        ("<p>Heart&nbsp;large, 4&#215;5 cm&sup2;", "Heart large, 4\u00d75 cm²"),
        ("<span>Lun</span><span>gs</span> <i>clear</i>.", "Lungs clear."),
        ("<p>No <del>old</del><strike>older</strike>new<span style='display:none'>x</span> gas", "No new gas"),
        ("&lt;p&gt;Node &amp;lt;6 mm&lt;/p&gt;&lt;p&gt;Dry&lt;/p&gt;", "Node <6 mm\n\nDry"),
        (
            "<p>Heart<o:p></o:p></p><!--[if mso]><xml>n</xml><![endif]--><p><![if !x]>1.<![endif]> Dry",
            "Heart\n\n1. Dry",
        ),
        ("<section><title>Findings</title>Clear", "Findings:\n\nClear"),
    ],
)
def test_html_of_many_senders(source: str, expected: str) -> None:
    assert plain_text(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p><b>FINDINGS</b> Dry.</p><p><b>Impression</b> Fine.</p>", "FINDINGS: Dry.\n\nImpression: Fine."),
        (
            "<div><u><strong>Findings </strong></u>Dry.<br><b>Impression</b> - Fine.",
            "Findings : Dry.\nImpression - Fine.",
        ),
        (
            "<h3><b>Clinical Information</b></h3>Cough<h3>Findings:</h3>Dry",
            "Clinical Information:\n\nCough\n\nFindings:\n\nDry",
        ),
        ("<dl><dt>Study</dt><dd>Chest</dd></dl><h2>Chest</h2>", "Study:\n\nChest\n\nChest"),
        ("<p>Dry <b>Impression</b> of it. <b>Heart</b> large.", "Dry Impression of it. Heart large."),
    ],
)
def test_bold_letters_of_a_heading_are_its_colon(source: str, expected: str) -> None:
    assert plain_text(source) == expected


def test_bold_letters_of_a_heading_in_rtf_are_its_colon() -> None:
    text = plain_text(r"{\rtf1\b FINDINGS\b0  Dry.\par{\b Impression} Fine.\par\b Heart\b0  large.}")
    assert text.replace("  ", " ") == "FINDINGS: Dry.\nImpression: Fine.\nHeart large."


def test_line_ends_that_were_escaped_twice_are_line_ends() -> None:
    assert plain_text(r"LINES: None.\n LUNGS:\r\n Dry.") == "LINES: None.\n LUNGS:\n Dry."
    assert plain_text("Of one kind\n" + r"or \n") == "Of one kind\n" + r"or \n"


def test_links_from_findings_to_images() -> None:
    assert plain_text('A <IMRRef type="image" id=1>node of 3 cm</IMRRef> and gas.') == "A node of 3 cm and gas."


def test_columns_of_a_table_do_not_mix() -> None:
    source = "<table><tr><td>FINDINGS:<br>Clear.<br>Dry.</td><td>IMPRESSION:<br>Normal.</td></tr></table>"
    assert plain_text(source) == "FINDINGS:\nClear.\nDry.\nIMPRESSION:\nNormal."


def test_a_link_to_the_images_is_no_text_and_other_links_are() -> None:
    source = '<p><a href="x">Click here to view the <b>images</b> (2)</a> Dry, <a href="y">see Fleischner</a></p>'
    assert plain_text(source) == "Dry, see Fleischner"


def test_line_ends_stay_where_no_element_makes_lines() -> None:
    assert plain_text("<html><body>\nFINDINGS\nDry.\r\n\r\n<b>IMPRESSION</b>\nGas.</body></html>") == (
        "FINDINGS\nDry.\n\nIMPRESSION:\nGas."
    )
    assert plain_text("<p>The heart\nis large.</p><p>Dry.</p>") == "The heart is large.\n\nDry."


def test_xhtml() -> None:
    source = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html><{0}html xmlns{1}="http://www.w3.org/1999/xhtml">'
        '<{0}head><{0}title/></{0}head><{0}body><{0}p>FINDINGS: Node <![CDATA[<6 mm]]></{0}p><{0}script src="a"/>'
        "<{0}p>Dry</{0}p></{0}body></{0}html>"
    )
    for prefix in ("", "h:"):
        assert plain_text(source.format(prefix, f":{prefix[:-1]}" if prefix else "")) == "FINDINGS: Node <6 mm\n\nDry"


@pytest.mark.parametrize("hidden", ["<!-- ", "<script>", "<title>", "<style>", "<title/>", "<s/>", "<![CDATA["])
def test_nothing_hides_the_rest_of_a_text(hidden: str) -> None:
    assert plain_text(f"<p>FINDINGS: Dry.</p>{hidden}IMPRESSION: Normal.").endswith("IMPRESSION: Normal.")


def test_a_document_that_is_nested_too_deep_keeps_its_text() -> None:
    assert plain_text("<div>" * 3_000 + "FINDINGS: Dry &lt; wet<p>Gas") == "FINDINGS: Dry < wet\nGas"


def test_rtf() -> None:
    source = (
        rf"{{\rtf1\ansi\ansicpg1252\deff0{WORD_FONTS}{{\*\generator Riched20 10.0;}}\viewkind4\uc1"
        r"\pard\b FINDINGS:\b0\par"
        "\r\n"
        r"Caf\'e9 \u8211? \{x\} 3 \'d7 4\par\pard{\pntext\f0 1.\tab}Gas.\par {\listtext 2.\tab}Dry.\par"
        r"\trowd\cellx1000\cellx2000\intbl Left\cell Clear\cell\row"
        r"{\field{\*\fldinst{HYPERLINK "
        r'"http://x"}}{\fldrslt{IMPRESSION:}}} No\~break\par}'
    )
    expected = "FINDINGS:\nCafé \u2013 {x} 3 \u00d7 4\n1.\tGas.\n2.\tDry.\nLeft\tClear\nIMPRESSION: No break"
    assert plain_text(source) == plain_text(f"\ufeff\r\n{source}\x00") == expected


def test_rtf_that_is_cut_or_goes_on_loses_nothing() -> None:
    assert plain_text(r"{\rtf1 A.\par}{\rtf1 B.\par} C.") == "A.\n\nB.\n\nC."
    assert plain_text(r"{\rtf1{\b A} caf\'e9") == "A café"
    for unreadable in (r"{\rtf1{\*\x all}}", r"{\rtf1 \ucx\u99999999 a}"):
        assert plain_text(unreadable) == unreadable


@pytest.mark.parametrize(
    "hard",
    [
        *(part * 100_000 for part in ("<!--", "<p", "<", "<script>", "<p>x", "<div>", "<table>", "<p ", '<b a="')),
        *(f"<p>{part * 80_000}" for part in ("<![CDATA[", "xmlns:a ", "<?", "</", "<td/>", "<br>x", "&lt;p ")),
        *(
            rf"{{\rtf1 {part * 50_000}"
            for part in ("{", r"{\field{\*\fldinst{", r"\'e9", r"{\rtf1 x}", r"\fldinst{ HYPERLINK")
        ),
        r"{\rtf1 {\fonttbl" + r"\f0" * 100_000,
        r"{\rtf1 \pict" + r"\bin" * 100_000,
    ],
    ids=lambda hard: hard[:24],
)
def test_hard_documents_take_linear_time(hard: str) -> None:
    begin = time.perf_counter()
    assert plain_text(hard)
    assert time.perf_counter() - begin < 60  # 3 s at most where it was written; in quadratic time it is minutes


PIECES = st.sampled_from(
    ["<p>", "</p>", "<b", ">", "<", "&lt;", "<!--", "-->", "{\\rtf1 ", "\\par", "}", "{", "\\u9", "x", " "]
)


@given(
    st.one_of(st.text(), st.lists(PIECES).map("".join), st.lists(PIECES).map(lambda pieces: "{\\rtf" + "".join(pieces)))
)
def test_any_text_has_a_text(text: str) -> None:
    shown = plain_text(text)
    assert shown.strip() or not text.strip()
    if not is_html(text) and "&lt;" not in text and "\\rtf" not in text:
        assert shown == text


TAGS = "p div b i span table tr td ul ol li h2 br pre font body dl dt dd section form label sub q o:p"
PARTS = st.sampled_from(
    [part for tag in TAGS.split() for part in (f"<{tag}>", f"</{tag}>")] + ["word ", "<6 ", "<!-- c -->", "&amp;"]
)


@given(st.lists(PARTS, max_size=40))
def test_no_word_of_a_document_is_lost_or_moved(parts: list[str]) -> None:
    words = (f"w{number}" for number in range(len(parts)))
    source = "<p>" + "".join(f"{next(words)} " if part == "word " else part for part in parts)
    assert re.findall(r"w\d+|<6", plain_text(source)) == re.findall(r"w\d+|<6", source)
