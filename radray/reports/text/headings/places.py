"""Where headings are in a report's text: the rules, each for one line at a time.

`radray.reports.text.headings.names` lists the words that are headings. A heading is

1. at the beginning of a line, before a colon: in capitals; with a first capital, unless the line before continues
   ("and the", a comma) or a verb follows ("Findings: were discussed"); in lower case after a blank line or a stop;
2. alone on its line: in capitals, unless the line before continues; with a first capital after a blank line or a stop,
   and before a line that begins like a sentence;
3. in capitals at the beginning of a line before text that begins like a sentence ("FINDINGS The lungs"), or a dash;
4. inside a line, in capitals with a colon: after the end of a sentence, or after a word that does not refer to it
   (as in "see FINDINGS: ..."); with a first capital only after a stop, in a text without findings or impression at
   the beginning of a line (a report on one line);
5. before any other colon, words that contain a heading, or are one with a letter or two wrong ("CT HEAD IMPRESSION",
   "Impression and recommendation", "CONLCUSION"): at the beginning of a line, or in capitals after a stop.

A stop is a mark that can end a sentence. Any other "LUNGS:" or "findings" is part of the section around it.
"""

import re
from bisect import bisect_left

from radray.reports.text.headings.addenda import Heading, find_addenda
from radray.reports.text.headings.following import BEFORE_FINDINGS, may_follow
from radray.reports.text.headings.names import (
    ASIDES,
    BACKGROUND,
    BARE,
    BOTH,
    DIAGNOSIS,
    INLINE,
    KNOWN,
    MAIN,
    NAME_OF,
    NAMES,
    PREAMBLE,
    REPORT,
    RESULTS,
    SUMMARY,
)
from radray.reports.text.headings.spelling import correct
from radray.reports.text.headings.words import LAST_WORDS, is_stamped, is_title, name_of, qualified_name_of

_FIRST_LETTERS = "".join(sorted({variant[0].lower() for variant in NAME_OF}))
_LINE = re.compile(
    rf"""\n[ \t]*+(?=[A-Z_*\#=~><|\[(0-9-]|[{_FIRST_LETTERS}])(?:
        (?:(?![A-Za-z])(?:[*\#=~><|\[_-]{{1,80}}+[ ]?|(?P<number>\(?[0-9A-HIVX]{{1,4}}[.)][ \t]{{0,2}}))
            |(?P<letter>[A-HIVX][IVX]{{0,3}}[.)][ \t]{{0,2}}))?
        (?P<known>{KNOWN})(?P<colon>[ ]?:(?!\*))?
        | (?P<capitals>[A-Z][A-Z0-9 ,/&()\#-]{{2,60}}+)(?=[:\uff1a])
        | (?P<rule>_{{10,}}[ \t]*+$)
    )""",
    re.VERBOSE | re.MULTILINE,
)
_CAPITALS = re.compile(r"[A-Z][A-Z0-9 ,/&()#-]{2,60}+(?=[:\uff1a])")
_AFTER = re.compile(
    r"""[*\])>_]{0,6}+[ \t]*+(?:
        (?P<colon>[:;\uff1a]\*{0,3}) | (?P<end>[].=*~>|) \t-]*+$)
        | (?P<dash>(?:[-\u2013\u2014=]{1,3}|\.)(?=[ \t])) | (?P<text>)
    )""",
    re.VERBOSE | re.MULTILINE,
)
_LIKE_A_SENTENCE = re.compile(r"\s*+(?:[A-Z][a-z]|[A-Z] [a-z]|___|[-*\u2022(]?[ ]?[0-9A-Z(]|XXXX)")
_TEXT_LIKE_A_SENTENCE = re.compile(r"[ \t]++(?:[A-Z][a-z]|A [a-z]|__|XXXX|\(?1[.)])")
_STAMP = re.compile(r"[ \t]*+(?:[A-Z_0-9#(]|by\b|at\b|on\b|begins|starts)")
_TITLE_STAMP = re.compile(r"[ \t]*+(?:by\b|\(?[0-9#]|\(|on [0-9A-Z_])")
_VERB = re.compile(r"[ \t]*+(?:was|were|is|are|has|have|had|will|may|can)\b")
_LAST_WORD = re.compile(r"(?<![Nn]/)([A-Za-z]+)$")
_GOES_ON = re.compile(
    r"""
    a|an|and|or|the|these|this|that|of|to|in|on|at|by|for|with|from|as|see|per|no|new|
    other|above|below|following|under|acute|significant|additional|those|his|her|its|is|are|was|
    were|than|all|any|both|our|your|such|same|incidental|imaging|radiographic|clinical
    """,
    re.VERBOSE,
)
"""Words after which a line (or a heading inside one) continues the sentence: "see the", "no acute"."""
_INLINE = re.compile(
    "(?<![A-Za-z])(?:"
    + "|".join(re.escape(v) for v in sorted(NAME_OF, key=len, reverse=True) if v != "PRESSION")  # "Depression:"
    + ")$",
    re.IGNORECASE,
)
_INLINE_NAMES = frozenset(variant for name in INLINE for variant in NAMES[name])
_SINGLE_LINE_NAMES = _INLINE_NAMES | frozenset(NAMES["history"])
_LONGEST = max(map(len, NAME_OF))
_LAST_WORDS = frozenset(variant.split()[-1] for variant in NAME_OF)
_LONGEST_WORD = max(map(len, _LAST_WORDS)) + 1
_DASHED = frozenset({"findings", "impression", BOTH, SUMMARY, DIAGNOSIS})
_DASH_BEFORE_SENTENCE = re.compile(r"[ ]?[-\u2013\u2014][ ](?:[A-Z0-9_]|\n)")
_LONGEST_PHRASE = 80
_LAST_OF_PHRASE = re.compile(r"([A-Za-z]{2,20}+)[)\]*=]{0,3}[ ]?$")
_PHRASE = re.compile(
    r"""(?:^|(?P<line>\n[ \t]*+(?:[*\#=~>|\[-]{1,80}+[ ]?)?)|[.!?;:)\]_,][ ]?|[ \t]{2})
    (?P<number>\(?[0-9]{1,2}[.)][ ]?)?
    (?P<words>[A-Za-z][A-Za-z0-9/&(),'-]*+(?:[ ][A-Za-z0-9/&(),'-]++){0,8}+)[)\]*=]{0,3}[ ]?$""",
    re.VERBOSE,
)
_LONE = re.compile(r"\n[ \t]*+(?P<words>[A-Z][A-Za-z &/'-]{4,60}+)(?=\n)")


def find_headings(text: str) -> list[Heading]:
    """Return the headings of `text`, in order; [] for none. Each line of `text`, the first too, follows a line feed."""
    headings: list[Heading] = []
    state = PREAMBLE
    main = numbered = False
    colons = 0
    for match in _LINE.finditer(text):
        kind = match.lastgroup
        line = match.start() + 1
        if kind == "colon" and (name := NAME_OF.get(match["known"])) is not None:
            # in capitals with a colon, as most headings
            if name == RESULTS and state not in BACKGROUND:
                continue
            headings.append((line, match.end(), name))
            colons += 1
            state = name
            main = main or name in MAIN
            # what stands right before the words: a number's mark, or the space after it
            numbered = text[match.start("known") - 1] != "\n" and (match["number"] or match["letter"]) is not None
            continue
        if kind == "rule":
            if headings and text[headings[-1][1] : line].isspace():
                continue
            headings.append((line, match.end(), state := PREAMBLE))
            continue
        if kind != "capitals":
            heading = match["known"]
            # of the items of an impression, "1. Findings: ..." is none
            if (match["number"] or match["letter"]) and headings and not numbered:
                continue
            name = name_of(heading)
            low = heading[0].islower() and _begin_low(text, headings)
            heading_end = _end_of_heading(text, heading, name, line, match.end("known"), low) if name else None
            # "HISTORY OF PRESENT ILLNESS:"
            longer = None if heading_end else _CAPITALS.match(text, match.start("known"))
        else:
            longer, heading_end = match, None
        if not heading_end:
            if longer is None:
                continue
            name = qualified_name_of(longer.group().lstrip())
            # inside findings or impression such a heading starts a subsection ("CHEST:", "INCIDENTAL FINDINGS:")
            if name is None or not may_follow(text, name, state, longer.group(), longer.end()):
                continue
            heading_end = longer.end() + 1
        if name is None or (name == RESULTS and state not in BACKGROUND):
            continue
        headings.append((line, heading_end, name))
        colons += text[heading_end - 1] == ":"
        state = name
        main = main or name in MAIN
        numbered = match["number"] is not None or match["letter"] is not None
    others = find_addenda(text)
    if "impression" not in [name for _, _, name in headings]:
        others += _lone_headings(text, headings)
    # most reports have no other colon, and then no heading inside a line
    if text.count(":") > colons:
        others += _other_headings(text, headings, main)
    return _merged(headings, others) if others else headings


def _begin_low(text: str, headings: list[Heading]) -> bool:
    """Return whether the first of `headings` is in lower case; False for none."""
    return bool(headings) and text[headings[0][0] : headings[0][1]].islower()


def _merged(headings: list[Heading], others: list[Heading]) -> list[Heading]:
    """Return both in order; of two that overlap the first."""
    merged: list[Heading] = []
    for heading in sorted(headings + others, key=lambda heading: heading[:2]):
        if not merged or heading[0] >= merged[-1][1]:
            merged.append(heading)
    return merged


def _lone_headings(text: str, headings: list[Heading]) -> list[Heading]:
    """Return the headings alone on a line, in capitals or with first ones, that contain one or misspell it (rule 5)."""
    lone: list[Heading] = []
    starts = [start for start, _, _ in headings]
    for match in _LONE.finditer(text):
        words = match["words"].strip()
        if correct(words.rpartition(" ")[2].upper()) not in LAST_WORDS or not (words.isupper() or is_title(words)):
            continue
        name = qualified_name_of(words.upper())
        if name is None or name_of(words) or _goes_on(text, match.start() + 1):
            continue
        before = bisect_left(starts, match.start())
        state = headings[before - 1][2] if before else PREAMBLE
        if may_follow(text, name, state, words, match.end()) and name != REPORT:
            lone.append((match.start() + 1, match.end(), name))
    return lone


def _end_of_heading(text: str, heading: str, name: str, line: int, end: int, low: bool) -> int | None:
    """Return where the known `heading` at the beginning of a line ends, colon included; None if only mentioned.

    `low`: the text's first heading is in lower case, so that others in lower case need no stop before them.
    """
    after = _AFTER.match(text, end)
    if after is None:
        return None
    kind, end_after = after.lastgroup, after.end()
    capitals = heading.isupper()
    if kind == "colon":
        if capitals:
            return end_after
        if _VERB.match(text, end_after):
            return None
        if low or heading[0].isupper():
            return None if _goes_on(text, line) else end_after
        return end_after if _begins(text, line) else None
    if name in ASIDES and capitals:
        if kind != "text":
            return end_after
        return end_after if is_stamped(heading) and _STAMP.match(text, end_after) else None
    if name in ASIDES and kind == "text" and heading[0].isupper() and not _goes_on(text, line):
        return end_after if is_stamped(heading) and _TITLE_STAMP.match(text, end_after) else None
    if name == PREAMBLE and capitals:
        return end_after
    if kind == "end":
        if capitals:
            return None if _goes_on(text, line) else end_after
        titled = heading[0].isupper() and heading[1:].islower()
        begins = titled and (_begins(text, line) or (name in MAIN and not _goes_on(text, line)))
        return end_after if begins and _LIKE_A_SENTENCE.match(text, end_after) else None
    if kind == "dash" and not capitals and heading[0].isupper() and name in _DASHED and _begins(text, line):
        return end_after if _DASH_BEFORE_SENTENCE.match(text, end) else None
    if not capitals or heading not in BARE or _goes_on(text, line):
        return None
    if kind == "dash" or _TEXT_LIKE_A_SENTENCE.match(text, end):
        return end_after
    return None


def _begins(text: str, line: int) -> bool:
    """Return whether the text, a paragraph or a sentence begins at `line`."""
    before = text[max(0, line - 80) : line - 1].rstrip(" \t")
    return not before or before[-1] in "\n.!?:;)_*"


def _goes_on(text: str, line: int) -> bool:
    """Return whether the line before `line` ends in the middle of a sentence."""
    before = text[max(0, line - 80) : line - 1].rstrip(" \t")
    if before.endswith(","):
        return True
    word = _LAST_WORD.search(before, max(0, len(before) - 16))
    return word is not None and _GOES_ON.fullmatch(word.group().lower()) is not None


def _other_headings(text: str, headings: list[Heading], main: bool) -> list[Heading]:
    """Return the headings before colons that do not end one of `headings` (rules 4 and 5). `main`: see rule 4."""
    others: list[Heading] = []
    ends = [end - 1 for _, end, _ in headings]
    low = _begin_low(text, headings)
    colon = text.find(":")
    while colon >= 0:
        place = bisect_left(ends, colon)
        if place == len(ends) or ends[place] != colon:
            heading = _inline_heading(text, colon, main)
            if heading is None:
                state = headings[place - 1][2] if place else PREAMBLE
                if others and (place == 0 or others[-1][0] > headings[place - 1][0]):
                    state = others[-1][2]
                heading = _phrase_heading(text, colon, state, low)
            if heading is not None:
                others.append(heading)
        colon = text.find(":", colon + 1)
    return others


def _inline_heading(text: str, colon: int, main: bool) -> Heading | None:
    """Return the known heading inside a line that ends at `colon` (rule 4)."""
    end = colon - 1 if text[colon - 1] == " " else colon
    last = text[end - 1 : end]
    if not (last.isupper() or last == ")" or (not main and last.islower())):
        return None
    # most colons follow other words; the expression takes 50 times as long
    words = text[max(0, end - _LONGEST_WORD) : end].replace(".", " ").replace(",", " ").split()
    if not words or words[-1].upper() not in _LAST_WORDS:
        return None
    match = _INLINE.search(text, max(0, end - _LONGEST), end)
    if match is None:
        return None
    heading, start = match.group(), match.start()
    before = text[max(0, start - 24) : start]
    stripped = before.rstrip(" \t")
    if stripped.endswith(".,"):
        start -= len(before) - len(stripped) + 1
    after_stop = stripped[-1:] in tuple(".!?:;)]_") or len(before) - len(stripped) > 1 or stripped.endswith(".,")
    if not stripped or stripped[-1] == "\n" or (len(stripped) == len(before) and not after_stop):
        return None
    name = name_of(heading)
    if name is None:
        return None
    if heading.isupper():
        if after_stop:
            return start, colon + 1, name
        word = _LAST_WORD.search(stripped)
        # a word in capitals may be part of another heading ("INCIDENTAL FINDINGS:")
        if (
            word is None
            or word.group().isupper()
            or _GOES_ON.fullmatch(word.group().lower())
            or heading not in _INLINE_NAMES
        ):
            return None
        return start, colon + 1, name
    if main or not after_stop or not heading[0].isupper() or heading.upper() not in _SINGLE_LINE_NAMES:
        return None
    return None if _VERB.match(text, colon + 1) else (start, colon + 1, name)


def _phrase_heading(text: str, colon: int, state: str, low: bool) -> Heading | None:
    """Return the heading of words that contain a heading's, or misspell it, before `colon` (rule 5)."""
    window = text[max(0, colon - _LONGEST_PHRASE) : colon]
    last = _LAST_OF_PHRASE.search(window)
    if last is None or correct(last[1].upper()) not in LAST_WORDS:
        return None
    match = _PHRASE.search(window)
    if match is None or (match.start("words") == 0 and colon > _LONGEST_PHRASE):
        return None
    words = match["words"].rstrip()
    capitals = words.isupper()
    name = qualified_name_of(words.upper())
    if name is None or name_of(words) or not may_follow(text, name, state, words, colon):
        return None
    start = colon - len(window) + match.start("words")
    if match["line"] is not None:
        line = colon - len(window) + match.start("line") + 1
        if _goes_on(text, line) or _VERB.match(text, colon + 1):
            return None
        return (line, colon + 1, name) if capitals or low or is_title(words) else None
    if capitals:
        return start, colon + 1, name
    # "COMPARISON: None. Imaging Findings: ...", but not "Clinical Findings: pain." of an indication
    begins = match.group()[0] in ".!?" and is_title(words) and not words.startswith(("Clinical", "Physical"))
    titled = begins and state in BEFORE_FINDINGS - {PREAMBLE} and name in MAIN and not _VERB.match(text, colon + 1)
    return (start, colon + 1, name) if titled else None
