import time
import unicodedata
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radray.reports.text.cleaning import clean, clean_items, split_items

PIECES = (
    r"(?:No|rib |XXXX|___|1\. |2\.|3\) |- |\* |\u2022|\.|\. \.| |\n|\r\n|\n \n|a|B|5|,|\(|\u0301|\u200b"
    r"|&amp;|&#38;|lt;|<br>|\\E\\|\\\.br\\|\\T\\|T\\|\[\*\*|\*\*\]|\*\*\*|\[<|>\]|\[|\]|<|>|DATE|##|/|\{\{|\}\}|XX|xx){0,25}"
)
MESSY = st.one_of(st.text(), st.from_regex(PIECES, fullmatch=True))


def check(cases: Mapping[str, str]) -> None:
    assert {text: clean(text) for text in cases} == cases


def test_characters_are_composed_and_invisible_ones_go() -> None:
    check(
        {
            "Sjo\u0308gren": "Sj\u00f6gren",
            "pneu\u00admo\u200bthorax\ufeff": "pneumothorax",
            "clear\x00 lungs\x07": "clear lungs",
            "half \ud83d pair": "half pair",
        }
    )


def test_entities_tags_and_hl7_escapes_are_decoded() -> None:
    check(
        {
            "size &lt; 5 mm &amp; stable": "size < 5 mm & stable",
            "doubly &amp;lt; 5 mm": "doubly < 5 mm",
            "PA&lateral": "PA&lateral",
            "AP &not; shown": "AP \u00ac shown",
            "clear<BR>lungs<br />here": "clear lungs here",
            "no edema.\\.br\\No effusion": "no edema. No effusion",
            "asthma \\T\\ cough \\F\\ fever": "asthma & cough | fever",
            "\\H\\Large\\N\\ mass \\X41\\": "Large mass A",
            "back\\E\\slash": "back\\slash",
            "\\C2842\\Clear\\.sp 2\\lungs \\X0D0A\\here": "Clear lungs here",
            '<p class="x">Clear</p><strong>lungs</strong>': "Clear lungs",
            "thrice &amp;amp;lt; 5 mm, &#38;#60; 6 mm": "thrice < 5 mm, < 6 mm",
            "size <5 mm and > 3 mm": "size <5 mm and > 3 mm",
            "and\\or": "and\\or",
            "[&lt;Heart size is normal.&gt;] Clear.": "Heart size is normal. Clear.",
        }
    )


def test_every_mask_becomes_the_same_mask() -> None:
    check(
        {
            "XXXX-year-old, seen XXXXXX": "___-year-old, seen ___",
            "by Dr. ____ at __": "by Dr. ___ at ___",
            "by [**Last Name (NamePattern1) 12**] on [**2101-3-4**]": "by ___ on ___",
            "on ___, ___": "on ___, ___",
            "47,XXX karyotype": "47,XXX karyotype",
        }
    )


def test_masks_of_other_tools_become_the_same_mask() -> None:
    check(
        {
            "Shown to Dr. ***. *** is aware.": "Shown to Dr. ___. ___ is aware.",
            "********* phoned ***-***-**** on **/**/****": "___ phoned ___ on ___",
            "SEEN BY *** AND READ WITH *** TODAY": "SEEN BY ___ AND READ WITH ___ TODAY",
            "a ***-year-old, ***F": "a ___-year-old, ___F",
            "film of [DATE], [Date], [date of birth], [AGE90+]": "film of ___, ___, ___, ___",
            "by [NAME 2] at [HOSPITAL_1]; [PHONE_OR_FAX]": "by ___ at ___; ___",
            "by [Last Name], [PERSONALNAME] [HCW]": "by ___, ___ ___",
            "[REDACTED] [redacted] [Name removed] [de-identified]": "___ ___ ___ ___",
            "<PERSON> on <DATE_TIME> in &lt;LOCATION&gt;": "___ on ___ in ___",
            "<PERSON_1> (<US_SSN>), {{NAME}}, {{patient.firstName}}": "___ (___), ___, ___",
            "**NAME[AAA, BBB] on **DATE[Mar 12 2001], **INSTITUTION.": "___ on ___, ___.",
            "on ##/##/####, xx/xx/xxxx or XX/XX/XX": "on ___, ___ or ___",
            "an x-xxxx of xxxxx": "an x-___ of ___",
            "[XXXX] came from [<LOCATION>]": "___ came from ___",
        }
    )


@pytest.mark.parametrize(
    "text",
    [
        "A duct of 4 mm [<6 mm] and a wall of 3 mm [< 4], [<=5], [<.5 cm].",
        "A ~3 mm nodule, ~5 mm before, <2 mm and >1 mm.",
        "Bright on [T2] at [L1], [L4-L5] and [6 mm] (see [image 34], [series 2]).",
        "The [right] lung, as the [patient] lay, is clear [sic] [x] [ ].",
        "[AP] and [lateral] views [Bosniak 2] [mask] [time of flight] [dated].",
        "Score 2** of A* and B.",
        "xxx karyotype, 47,XXX, 2 {of 3}, #2 of #3.",
    ],
)
def test_words_and_measures_in_brackets_are_no_masks(text: str) -> None:
    assert clean(text) == text


def test_the_brackets_of_a_template_field_go() -> None:
    check(
        {
            "[<The aorta is normal.>] No edema.": "The aorta is normal. No edema.",
            "[<The aorta is normal. No edema.": "The aorta is normal. No edema.",
            "The aorta is normal.>] No edema.": "The aorta is normal. No edema.",
            "[<The duct is 4 mm [<6 mm].>] No stone.": "The duct is 4 mm [<6 mm]. No stone.",
        }
    )


def test_stars_of_emphasis_and_rules_of_stars_are_no_masks() -> None:
    check(
        {
            "*** ADDED LATER ***\nThe spleen is large.": "ADDED LATER The spleen is large.",
            "Clear lungs. ***NEW*** Rib fracture.": "Clear lungs. NEW Rib fracture.",
            "**Lungs:** Clear. **Heart:** Large.": "Lungs: Clear. Heart: Large.",
            "***URGENT Rib fracture.": "URGENT Rib fracture.",
            "A large spleen*** as before": "A large spleen as before",
            "Clear lungs.\n*****\nLarge heart.": "Clear lungs. Large heart.",
            "***\nClear lungs.\n\n***": "Clear lungs.",
            "Clear lungs. ************************ Large heart.": "Clear lungs. Large heart.",
            "=====\nClear lungs.\n------------\nLarge heart. ==== Old scar.": "Clear lungs. Large heart. Old scar.",
            "a -- b --- c, 5--6": "a -- b --- c, 5--6",
            "** Clear lungs.\n** Large heart.": "Clear lungs. Large heart.",
            "Phoned to Dr.\n***\nat noon.": "Phoned to Dr. ___ at noon.",
        }
    )


def test_marks_of_items_go() -> None:
    check(
        {
            "1. No edema.": "No edema.",
            "1.No edema. 2.Clear.": "No edema. Clear.",
            "1) Edema. 2) Effusion.": "Edema. Effusion.",
            "(1) Edema. (2) Effusion.": "Edema. Effusion.",
            "Small left effusion. 2. No pneumothorax": "Small left effusion. No pneumothorax",
            "1. Edema. 2., mild, effusion": "Edema. mild, effusion",
            "effusion.2. No edema": "effusion. No edema",
            "- No edema.\n- No effusion.": "No edema. No effusion.",
            "* Edema. * Effusion.": "Edema. Effusion.",
            "\u2022 Edema \u2022 Effusion": "Edema. Effusion",
            "1. - Edema.": "Edema.",
            "1. Edema. 2.": "Edema.",
        }
    )


def test_marks_in_letters_go_where_they_are_a_sequence() -> None:
    check(
        {
            "a. No edema. b. Clear.": "No edema. Clear.",
            "A) Edema\nB) Effusion\nC) Nodule": "Edema. Effusion. Nodule",
            "(a) Edema. (b) Effusion.": "Edema. Effusion.",
            "1. Chest:\n a. Clear.\n b. No edema.\n2. Hand.": "Chest: Clear. No edema. Hand.",
            "Hepatitis A. No edema. Hepatitis B. Clear.": "Hepatitis A. No edema. Hepatitis B. Clear.",
            "A. fib. No edema.": "A. fib. No edema.",
            "Vitamins A. B. and C.": "Vitamins A. B. and C.",
        }
    )
    assert split_items("a. Edema.\nb. Effusion.") == ["Edema.", "Effusion."]


def test_a_stop_lost_at_a_line_end_is_mended_where_it_is_unambiguous() -> None:
    check(
        {
            "Normal chest No evidence of edema.": "Normal chest. No evidence of edema.",
            "mild scarring There is no edema": "mild scarring. There is no edema",
            "old scars The lungs are clear": "old scars. The lungs are clear",
            "grade No 3, image No 5, Dr No acted": "grade No 3, image No 5, Dr No acted",
            "5 mm No evidence": "5 mm No evidence",
            "There There was, The Heart clinic": "There There was, The Heart clinic",
        }
    )


def test_the_mark_of_an_item_ends_a_sentence_that_has_no_stop() -> None:
    check(
        {
            "1. Low volumes 2. Stable heart 3. No edema": "Low volumes. Stable heart. No edema",
            "1. small effusion\n 2. stable heart": "small effusion. stable heart",
            "- no acute disease\n- small effusion": "no acute disease. small effusion",
            "Hand 1. No fracture. Chest 1. Clear.": "Hand. No fracture. Chest. Clear.",
            "Findings today\n 1. Edema": "Findings today. Edema",
            "Two things: 1. Edema. 2. Effusion.": "Two things: Edema. Effusion.",
        }
    )


@pytest.mark.parametrize(
    "text",
    [
        "Nodule of 1.9 x 1.8 cm, 3 mm thick, was 5.5 cm.",
        "2.1 cm nodule at the base.",
        "Wedge deformity of T12. No retropulsion.",
        "Disc at L1-2. T9-T10. Unchanged.",
        "Fracture of right rib 7. Next to it a callus.",
        "Grade 2. No grade 3. Stage 1. Type 2.",
        "Ribs 3, 4, and 5. Others intact.",
        "CABG x 3. Clips.",
        "Seen on Jan. 7. No change.",
        "Compared with 12. 5. 2010.",
        "5. 2010",
        "3. 12. 2010",
        "Nodules of 13 - 14 mm - unchanged.",
        "Left-sided tube -5 HU.",
        "ESR of 92.",
        "Two (2) views (2).",
        "A* search",
        "at 8:30 a.m. and 5 p.m. by phone.",
    ],
)
def test_numbers_and_dashes_of_the_text_stay(text: str) -> None:
    assert clean(text) == text


def test_a_number_wrapped_to_the_next_line_is_no_item() -> None:
    check(
        {
            "Fracture of right rib\n 7. No pneumothorax.": "Fracture of right rib 7. No pneumothorax.",
            "1. Fracture of rib 2. No pneumothorax.": "Fracture of rib 2. No pneumothorax.",
            "between 13\n - 14 mm": "between 13 - 14 mm",
            "left opacity\n - likely scar": "left opacity - likely scar",
        }
    )


def test_stray_and_doubled_dots_are_mended() -> None:
    check(
        {
            "No edema. .": "No edema.",
            "No edema..": "No edema.",
            "Negative chest .": "Negative chest.",
            "clear .No edema": "clear. No edema",
            "pain ..no fever": "pain. no fever",
            "clear,. Heart": "clear. Heart",
            ". No edema": "No edema",
            "at 5 p.m.. Seen": "at 5 p.m. Seen",
            "a .5 cm nodule": "a .5 cm nodule",
            ".5 cm nodule": ".5 cm nodule",
            "effusion , or edema ;": "effusion, or edema;",
            " . ": "",
        }
    )


def test_a_missing_space_after_a_stop_is_mended() -> None:
    check(
        {
            "clear.No effusion": "clear. No effusion",
            "CLEAR.NO EFFUSION": "CLEAR. NO EFFUSION",
            "normal.A nodule": "normal. A nodule",
            "(image 3).No edema at C5.Normal": "(image 3). No edema at C5. Normal",
            "of 4 mm.No edema": "of 4 mm. No edema",
            "seen by ___.___ agreed": "seen by ___. ___ agreed",
            "1.5 cm, L1.L2, S.O.B, e.g.The, vs.Left, x.y": "1.5 cm, L1.L2, S.O.B, e.g.The, vs.Left, x.y",
        }
    )


def test_white_space_collapses_and_a_paragraph_ends_a_sentence() -> None:
    check(
        {
            "\t clear \n  lungs\u00a0here \r\n": "clear lungs here",
            "two views\n \n The lungs": "two views. The lungs",
            "two views.\n\nThe lungs": "two views. The lungs",
            "as follows:\n\nThe lungs": "as follows: The lungs",
            "no focal\n\nconsolidation": "no focal consolidation",
            "": "",
            " \n ": "",
        }
    )


def test_items_are_split_as_they_came() -> None:
    assert split_items("1. Edema..  2. Rib 7. Next\n 3. XXXX") == ["Edema..", "Rib 7. Next", "XXXX"]
    assert split_items("Chest 1. Clear.") == ["Chest", "Clear."]
    assert split_items(" One sentence. Another. ") == ["One sentence. Another."]
    assert split_items(" ") == []


def test_items_are_cleaned_each_on_its_own() -> None:
    assert clean_items("1. Edema..  2. Rib 7. Next\n 3. XXXX") == (
        "Edema. Rib 7. Next. ___",
        ("Edema.", "Rib 7. Next", "___"),
    )
    assert clean_items("1. Edema &amp; scar<BR>2. Nodule") == ("Edema & scar. Nodule", ("Edema & scar", "Nodule"))
    assert clean_items("Normal.") == ("Normal.", ("Normal.",))
    assert clean_items("1. Normal. 2.") == ("Normal.", ("Normal.",))
    assert clean_items(" .. ") == (None, None)
    assert clean_items("") == (None, None)


@given(MESSY)
def test_items_are_there_when_the_text_is(text: str) -> None:
    cleaned, items = clean_items(text)
    assert (cleaned or "") == clean(text)
    if cleaned:
        assert items
        assert all(item and clean(item) == item for item in items)


@given(MESSY)
@settings(max_examples=1000)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = clean(text)
    assert clean(once) == once


@given(MESSY)
def test_cleaned_text_is_one_line_in_nfc_that_can_be_stored(text: str) -> None:
    cleaned = clean(text)
    assert cleaned == " ".join(cleaned.split())
    assert unicodedata.is_normalized("NFC", cleaned)
    cleaned.encode("utf-8")


@given(st.lists(st.sampled_from(["effusion", "with", "left", "1.9", "5.5 cm", "T12", "3 mm", "a", "___"]), max_size=12))
def test_words_and_measurements_without_marks_stay_to_the_letter(words: list[str]) -> None:
    text = " ".join(words)
    assert clean(text) == text


@pytest.mark.parametrize(
    "unit",
    [
        *("\n", " \n", "1. ", "- ", "<", "<br ", "<p ", ".", ". ", "&", "amp;", "\\E\\", "\\X41", "_", "[**", "a 1. "),
        *("7", "7.", "a. b. ", "A", "a.B", " No ", " ,", " .", "\n\nA", "XXXX", "x There is ", "\u0301", "(", "1)2)"),
        *(
            "*",
            "**",
            "***",
            "*** ",
            "** a",
            "**a** ",
            "***a ",
            "**/",
            "***\n",
            "** A **\n",
            "[",
            "[<",
            "[< a",
            ">]",
            "[A",
        ),
        *("[DATE ", "<A ", "{{", "{{A", "#", "##/", "XX/", "xxxx", "**NAME[", "[ ___ ", "=", "-"),
    ],
)
def test_long_runs_are_cleaned_in_linear_time(unit: str) -> None:
    # 0.7 s at most here; anything quadratic takes minutes
    start = time.process_time()
    clean(("&" if unit == "amp;" else "") + unit * (300_000 // len(unit)))
    assert time.process_time() - start < 15
