"""Masks of de-identification, in the dress of each tool, and what looks like them: emphasis, rules, template fields.

Known are the masks of MIMIC-CXR (``___``), Open-i (``XXXX``), MIMIC-III (``[**...**]``), Philter (a ``*`` for each
character), Presidio (``<PERSON>``, ``<DATE_TIME>``), Amazon Comprehend Medical, NLM Scrubber and Stanford's
de-identifier (``[NAME]``, ``[DATE]``, ``[HCW]``), UPMC's De-ID (``**NAME[AAA, BBB]``) and of templates (``{{NAME}}``,
Epic's ``***``). A word in brackets is a mask if it names what is removed, and no other: "[sic]", "[T2]", "[image 34]"
and "[<6 mm]" are text.
"""

import re

MASK = "___"
"""Replaces every source's mask for a removed word; MIMIC-CXR's own mask."""

_BRACKETED = re.compile(
    r"\[[ ]?([A-Za-z][\w ,.:/+'-]{0,60}+)\]|<[ ]?([A-Za-z][\w ,.:/+-]{0,60}+)>|\{\{[ ]?([A-Za-z][\w ,.:/+-]{0,60}+)\}\}"
)
_WORDS = re.compile(r"[a-z]+|[A-Z]+(?![a-z])|[A-Z][a-z]*")
# words that name what was removed, however they are written
_REMOVED = frozenset(
    re.findall(
        "[a-z]+",
        """address anonymised anonymized birthdate datetime date dates deidentified deleted dob doctor email firstname
        fullname hcw hospital initials lastname masked medicalrecord mrn name names person personalname phi phone
        physician pii redacted removed scrubbed ssn surname telephone username withheld zip zipcode""",
    )
)
# only with a first capital: "the [patient] was" is an editor's word
_REMOVED_IN_CAPITALS = frozenset(
    re.findall(
        "[a-z]+",
        """accession account age city clinic country county department facility fax gpe id identifier institution
        license loc location mask nationality nrp number org organisation organization patient place profession provider
        radiologist record relative room staff state street time unit url vendor ward""",
    )
)
_BESIDE_THEM = frozenset(
    re.findall(
        "[a-z]+",
        """alphanumeric and bank birth by card code credit crypto de driver family first full have health here
        identified in insert ip last medical middle no numbers of or other plan security serial social the uk us was
        website work""",
    )
)

# With a letter behind the brackets only: "[<6 mm]" is text, "[<Heart size is normal.>]" a field that was left as it is.
_TEMPLATE_FIELD = re.compile(r"\[<([^\[\]<>]{0,400}+)>\]|\[<(?=[ ]?[A-Za-z])|>\]")

# UPMC's De-ID: "**NAME[AAA, BBB]", "**DATE[Mar 12 2001]", "**INSTITUTION".
_DE_ID = re.compile(
    r"(?<!\*)\*\*(?:NAME|DATE|INSTITUTION|PLACE|ID-NUM|PHONE|AGE|ROOM|EMAIL|INITIALS|[A-Z]{2,8}-(?:ADDRESS|CODE|ID|LOC))"
    r"(?:\[[^\[\]]{0,80}+\]|(?![\w*:]))"
)
# "**/**/****", "***-**-****".
_STARRED_NUMBER = re.compile(r"(?<!\*)\*{2,}+(?:[/.:-]\*++)+(?!\w)")
_HASHED_NUMBER = re.compile(r"#{2,4}+(?:[/.:-]#{2,4}+)+(?![\w#])")
_CROSSED_DATE = re.compile(r"(?<!\w)(?:XX/XX/XX|xx/xx/xx|XX-XX-XX|xx-xx-xx)(?:XX|xx)?(?!\w)")
_STARS_ON_A_LINE = re.compile(r"^[ \t]*+\*{3,}+[ \t]*+$", re.MULTILINE)
_NAME_FOLLOWS = re.compile(r"(?:[A-Za-z0-9,]|\b(?:[Dd][Rr]s?|Mrs?|Ms|Prof)\.)$")
_LINE_IN_STARS = re.compile(r"^[ \t]*+\*{2,}+([^*\n]{1,120}+)\*{2,}+[ \t]*+$", re.MULTILINE)
_IN_STARS = re.compile(r"(?<![\w*])\*{2,}+((?=[A-Za-z])[^*\n]{1,120}+)(?<=\S)\*{2,}+(?![\w*])")
_STARS_AT_A_WORD = re.compile(r"(?<![\w*])\*{3,}+(?=[A-Z][A-Za-z]{3})|(?<=[a-z]{4})\*{3,}+(?!\w)")
# 20 and more are a rule whose line ends were lost; a masked word is shorter
_RULE = re.compile(r"\*{20,}+")
_OTHER_RULE = re.compile(r"[ ]?(?:={4,}+|(?<!-)-{8,}+)[ ]?")
_STARS = re.compile(r"\*{3,}+")
_MASK_IN_BRACKETS = re.compile(r"\[ ?___ ?\]")
# XXXX: Open-i. ____: MEDIQA's Indiana file. [**...**]: MIMIC-III. ___: MIMIC-CXR.
_RUNS = (
    ("XXXX", re.compile(r"XXXXX*+")),
    ("xxxx", re.compile(r"(?<![A-Za-z])xxxxx*+(?![A-Za-z])")),
    ("__", re.compile(r"___*+")),
    ("[**", re.compile(r"\[\*\*[^\[\]]{0,200}\*\*\]")),
)


def may_hold_masks(text: str) -> bool:
    """Return whether `with_masks` may change `text`; most texts have none of these characters."""
    # substrings: a regular expression takes 20 times as long; two characters take 5 times as long as one
    return (
        "[" in text
        or "<" in text
        or ("_" in text and "__" in text)
        or ("x" in text and "xx" in text)
        or ("X" in text and "XX" in text)
        or ("*" in text and "**" in text)
        or "{" in text
        or ("#" in text and "##" in text)
        or ("]" in text and ">]" in text)
        or ("=" in text and "====" in text)
        or ("-" in text and "--------" in text)
    )


def with_masks(text: str) -> str:
    """Return `text` with every mask as ``___``, and without the brackets of template fields and stars of emphasis.

    Stars are a mask where they take the place of a word ("Dr. *** as well"), emphasis where they enclose one
    ("***NOTE***"), and a rule on a line of their own. Rules of dashes and equals signs become a line end. Blank text is
    unchanged.
    """
    if "**" in text:
        text = _with_starred_masks(text)
    if "##" in text:
        text = _HASHED_NUMBER.sub(MASK, text)
    if "[" in text or "<" in text or "{{" in text:
        text = _BRACKETED.sub(_bracketed, text)
    if "[<" in text or ">]" in text:
        text = _TEMPLATE_FIELD.sub(r"\1", text)
    if "XX/" in text or "xx/" in text or "XX-" in text or "xx-" in text:
        text = _CROSSED_DATE.sub(MASK, text)
    for beginning, mask in _RUNS:
        if beginning in text:
            text = mask.sub(MASK, text)
    if "====" in text or "--------" in text:
        text = _OTHER_RULE.sub("\n", text)
    return _MASK_IN_BRACKETS.sub(MASK, text) if "[" in text else text


def _bracketed(match: re.Match[str]) -> str:
    inner = match[match.lastindex or 0]
    words = [word.lower() for word in _WORDS.findall(inner)]
    capital = inner[0].isupper()
    names_it = False
    # "DATE_TIME", "Last Name", "de-identified"; in capitals also run together, as "PERSONALNAME"
    for word in words:
        if word in _REMOVED or (capital and word in _REMOVED_IN_CAPITALS):
            names_it = True
        elif word not in _BESIDE_THEM and word not in _REMOVED_IN_CAPITALS:
            return match.group()
    return MASK if names_it or words == ["de", "identified"] else match.group()


def _with_starred_masks(text: str) -> str:
    if "[**" in text:
        text = _RUNS[-1][1].sub(MASK, text)
    text = _DE_ID.sub(MASK, text)
    text = _STARRED_NUMBER.sub(MASK, text)
    if "***" in text:
        text = _STARS_ON_A_LINE.sub(_stars_on_a_line, text)
    text = _LINE_IN_STARS.sub(_line_in_stars, text)
    text = _IN_STARS.sub(r"\1", text)
    if "***" in text:
        text = _STARS_AT_A_WORD.sub("", text)
        text = _RULE.sub(" ", text)
        text = _STARS.sub(MASK, text)
    return text


def _stars_on_a_line(match: re.Match[str]) -> str:
    """Return a mask for stars that were wrapped to a line of their own in the middle of a sentence, else nothing."""
    before = match.string[max(0, match.start() - 81) : max(0, match.start() - 1)].rstrip(" \t")
    return match.group() if len(match.group().strip()) < 8 and _NAME_FOLLOWS.search(before) else ""


def _line_in_stars(match: re.Match[str]) -> str:
    """Return the text of an emphasised line: in capitals, or without a space inside the stars."""
    inner = match[1]
    emphasised = inner.upper() == inner or not (inner[0].isspace() or inner[-1].isspace())
    return inner.strip() if emphasised and any(c.isalpha() for c in inner) else match.group()
