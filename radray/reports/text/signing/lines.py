"""Lines of footers ("Dictated by: ...", "Job #: ...", "Robin Example, MD"): a function reads one kind at one place."""

import re

from radray.reports.text.signing.names import Tail, goes_on, is_line_end, is_name, read_tail
from radray.reports.text.signing.words import (
    CREDENTIAL,
    DATE,
    MASK,
    OTHER_CREDENTIAL,
    PERSON,
    TIME,
    TITLE,
    VERBS,
    word_set,
)

_PREFIX = (
    r"(?:(?:this|the)[ ])?(?:(?:final|imaging|radiology|preliminary|above|x-?ray|diagnostic|entire|whole)[ ]){0,2}"
    r"(?:report|study|exam|examination|document|dictation|image|film|interpretation|note|addendum)s?[ ]"
    r"(?:(?:was|were|is|has[ ]been|have[ ]been)[ ])?"
)
_STAMPS = rf"(?:[ ](?:on|at|{DATE}|{TIME}|{MASK})){{1,6}}"
_BY = re.compile(
    rf"""(?i)
    (?:(?:and[ ])?(?:{_PREFIX})?(?P<electronic>(?:electronically|digitally)[ ]|e-?(?=signed))?{VERBS}
       (?:(?:[ ]?,[ ]?(?:and[ ])?|[ ]?/[ ]?|[ ](?:and|&)[ ])(?:report[ ])?
           (?:electronically[ ]|e-?(?=signed))?{VERBS}){{0,4}}
       |(?:(?:this|the|final|preliminary|imaging|radiology)[ ]){{0,2}}(?:report|interpretation|reading|addendum)
           (?=[ ]by\b))
    (?P<later>[ ]?:?[ ](?:electronically|digitally))?(?:[ ]\((?:electronic[ ]signature|e-?sig)\))?
    (?:[ ](?:date|time|dt|tm|date[ ]?/?[ ]?time|dt[ ]?/[ ]?tm)(?=[ ]?[:-]))?
    (?P<by>(?-i:{_STAMPS})?[ ]?[:,]?[ ]by\b(?:[ ]?/[ ]?date)?)?(?P<colon>[ ]?[:;,]|-(?=[ ]))?
    """,
    re.VERBOSE,
)
_DATED = re.compile(
    rf"""(?i)
    (?:(?:date|time|date[ ]?/[ ]?time|dt[ ]?/[ ]?tm)[ ](?:of[ ])?
       (?:{VERBS}|dictation|transcription|signature|signing|report)
    |(?:dictation|transcription|signature|signing|report)[ ](?:date[ ]?/[ ]?time|date|time|dt[ ]?/[ ]?tm))
    (?P<colon>[ ]?:)?
    """,
    re.VERBOSE,
)
_ES = re.compile(r"(?i)(?:(?:verifier )?e-?sig(?:nature)?s? ?: ?)?/e?s/")
_LABEL = re.compile(
    rf"""(?i)
    (?:(?:primary|secondary|attending|reading|dictating|reporting|interpreting|signing|supervising|responsible|assisting
    |assistant|principal|resident|referring|ordering|requesting|approving|verifying|finali[sz]ing|reviewing|teaching
    |consulting|contributing|senior|diagnostic|performing|staff|final|report|electronic|result|physician)[ ]){{0,3}}
    (?:{PERSON}|staff|provider|doctor|md|technologist|tech|typist|transcriber|reader|author|signatory|signer|clinician|phys
    |trans|transcribed|transcription|signature|interpreter|dictated)(?:\(s\)|s)?
    (?:[ ](?:name|id|initials|signature|of[ ]record|code))?(?:[ ]?:|(?<=ist)-(?=[ ]))
    """,
    re.VERBOSE,
)
_TYPIST = re.compile(r"(?i)(?:trans|typist|tech|dictat)")
_INITIALS_VALUE = re.compile(r"[ \t]*+[A-Za-z]{2,5}(?![\w-])")
_LOWER_NAME = re.compile(r"[ \t]*+(?:[a-z][a-z'.-]*+[ ]?){1,4}(?=[,.]?[ \t]*(?:\n|\Z|md\b|m\.d|do\b|on [0-9_X]|[0-9]))")
_LOWER_CREDENTIAL = re.compile(r"[,.]?[ ]*+(?:md|m\.d\.?|do|d\.o\.?|mbbs|frcr|franzcr|phd|frcpc)(?![a-z])\.?")
_NEXT_LINE = re.compile(r"[^\w\n]*\n(?:[ \t]*\n)?[ \t*]*")
_END = re.compile(
    r"""(?i)
    (?P<sure>end[ ](?:of[ ])?(?:the[ ]|this[ ])?(?:final[ ]|diagnostic[ ]|radiology[ ]|imaging[ ]|signed[ ])?
        (?:report|impression|dictation|document|study|addendum|exam|examination|transmission|note|transcription|text
        |message|findings)s?)
    |report[ ](?:electronically[ ])?signed[ ]in[ ]\w+[ ]\w+[ ]system
     |(?:(?:report|result)[ ])?status[ ]?:[ ]?(?:final|verified|signed|approved|preliminary|completed?|corrected)
    |page[ ][0-9]{1,2}[ ]of[ ][0-9]{1,2}
    |(?:this[ ]is[ ](?:a|the)[ ])?(?:final|signed|verified)[ ](?:final[ ])?report|report[ ](?:ends?|completed?|signed)
    |dictated[ ]but[ ]not[ ](?:read|reviewed|signed)
    |(?:teaching|attending|supervising|staff|resident)[ ](?:physician|radiologist|faculty)?(?:'s)?[ ]?
       (?:attestation|statement)(?:[ ]statement)?|attestation(?:[ ]statement)?
    |(?P<alone>final[ ]result|final|end|electronically[ ]signed|signed|verified|finali[sz]ed|approved|unsigned)
    """,
    re.VERBOSE,
)
_INITIALS = re.compile(r"([A-Z]{2,3}) ?[/:] ?([a-z]{2,3})(?![\w/])")
_LOOSE_INITIALS = re.compile(
    r"/[A-Z]{2,3}(?![\w/])|(?!DR|ST|WE)[A-Z]{2,3}(?=[ \t]*(?:\n|\Z))|[A-Za-z]{2,3}[/:][A-Za-z]{2,3}(?![\w/])"
    r"|[Bb][Yy] ?: ?(?=[A-Z])"
)
_NO_INITIALS = word_set(
    "ap pa lat ct mr us lt rt iv po dx fx tx nm xr or ll ul rl sp cm mm md and lv rv la ra ll lr ml si gi gu ed er"
    " rx hx sx iv im pe icu flx ext"
)
_DEGREES = re.compile(rf"(?:(?:{CREDENTIAL}|{OTHER_CREDENTIAL})[ ,/]*)+(?=[^\w\n]*(?:\n|\Z))", re.VERBOSE)
_NAMED = re.compile(rf"{CREDENTIAL}|(?:{TITLE})[ ]|(?i:\bby\b)[ ]?:?[ ]?[A-Z_X\[*]", re.VERBOSE)
_AND_BY = re.compile(
    rf"""[ ,)-]*(?:(?:and|&)?[ ]?(?:(?:final|preliminary)[ ]report[ ])?{VERBS}[ ]
        (?:by|on|date|time|and[ ](?:e-?|electronically[ ])?{VERBS})\b
    |(?:final|preliminary)[ ]report[ ]by\b|using[ ](?:voice|speech|dragon|powerscribe))""",
    re.VERBOSE | re.IGNORECASE,
)
_OPEN = re.compile(r"(?i)\b(?:drs?|prof|doctor)\.?[ ]*\Z|\bby\b")
_WORDS = re.compile(r"[^\W\d_]+")
_VERB_ENDINGS = re.compile(r"(?:ED|ING)\b")
_DATE = re.compile(f"{DATE}|{MASK}", re.VERBOSE)
_GAP = re.compile(r"[^\w\n]*")
_CC = re.compile(r"(?i)(?:cc|cop(?:y|ies)(?: to)?|distribution) ?:")


def signed_end(text: str, at: int, *, begins: bool, breaks: frozenset[int]) -> int | None:
    """Return where a verb of signing at `at`, with "by" and a name or with a date, ends; None if there is none.

    `begins`: whether a sentence, a line or another footer begins there; `breaks`: where footers may begin in a line.
    """
    es = _ES.match(text, at)
    if es is not None:
        return read_tail(text, es.end()).end
    match = _BY.match(text, at) or _DATED.match(text, at)
    if match is None:
        return None
    groups = match.groupdict()
    electronic = bool(groups.get("electronic") or groups.get("later"))
    colon = bool(groups.get("colon"))
    after = match.end()
    tail = read_tail(text, after)
    if not groups.get("by"):
        return _dated_end(text, at, tail, after, electronic=electronic, colon=colon, begins=begins, breaks=breaks)
    if is_line_end(text, after) or (tail.end == after and is_line_end(text, after)):
        named = _named_below(text, after, labelled=colon or electronic)
        return named or (after if colon or electronic else None)
    if tail.end == after:
        lower = _lower_name_end(text, after)
        return lower if lower and (colon or electronic or begins) else (after if electronic else None)
    if electronic:
        return tail.end
    known = tail.strong or tail.mask or (tail.title and tail.names > 0)
    capitals = match.group().isupper()
    if colon and capitals and not _is_closed(text, tail.end, breaks):
        return None
    if colon:
        return tail.end if known or not goes_on(text, tail.end) else None
    plain = tail.names >= 2 and tail.plain and (tail.stamp or tail.person)
    named = known or plain or (not capitals and (tail.names >= 2 or (tail.person and tail.names > 0)))
    whole = not tail.cut and _is_closed(text, tail.end, breaks)
    return tail.end if named and whole and (begins or tail.strong) else None


def _dated_end(
    text: str, at: int, tail: Tail, after: int, *, electronic: bool, colon: bool, begins: bool, breaks: frozenset[int]
) -> int | None:
    if electronic:
        if tail.end > after:
            return tail.end
        return after if is_line_end(text, after) or text[after : after + 1] == "." else None
    if not begins or goes_on(text, tail.end):
        return None
    if tail.stamp and tail.names <= 3 and tail.plain and _is_closed(text, tail.end, breaks):
        return tail.end if colon or text[at].isupper() else None
    known = tail.strong or tail.title or (tail.names >= 2 and tail.plain and not text[at:after].isupper())
    colon = colon or (tail.strong and text[at].isupper())
    return tail.end if colon and tail.names and known and _is_closed(text, tail.end, breaks) else None


def _is_closed(text: str, at: int, breaks: frozenset[int]) -> bool:
    """Return whether a sentence or line ends at `at`, or another footer or two spaces follow."""
    if is_line_end(text, at) or text[at : at + 2] == "  " or not breaks.isdisjoint((at, at + 1, at + 2)):
        return True
    if _AND_BY.match(text, at) is not None:
        return True
    dot = text[at - 1 : at] == "." or text[at : at + 1] == "."
    return dot and not goes_on(text, at + (text[at : at + 1] == "."))


def _lower_name_end(text: str, at: int) -> int | None:
    name = _LOWER_NAME.match(text, at)
    if name is None or not is_name(name.group()):
        return None
    credential = _LOWER_CREDENTIAL.match(text, name.end())
    tail = read_tail(text, credential.end() if credential else name.end())
    return max(tail.end, credential.end() if credential else name.end())


def _named_below(text: str, at: int, *, labelled: bool) -> int | None:
    """Return where a name on the line below ends; None if there is none. `labelled`: whether a colon asks for it."""
    below = _NEXT_LINE.match(text, at)
    if below is None:
        return None
    tail = read_tail(text, below.end())
    if tail.end == below.end() or not is_line_end(text, tail.end):
        return None
    known = tail.strong or tail.title or (labelled and (tail.mask or tail.person or tail.stamp))
    named = labelled and 0 < tail.names <= 4 and tail.plain
    return tail.end if known or named else None


def label_end(text: str, at: int, *, behind: bool, breaks: frozenset[int]) -> int | None:
    """Return where a role with a colon and a name, or a list of copies, ends; None if there is none at `at`."""
    match = _CC.match(text, at)
    copies = match is not None
    match = match or _LABEL.match(text, at)
    if match is None:
        return None
    after = match.end()
    if is_line_end(text, after):
        below = _named_below(text, after, labelled=not copies)
        return below or (after if not text[after:].strip(" \t\n*.:-_") else None)
    initials = None if copies or _TYPIST.match(text, at) is None else _INITIALS_VALUE.match(text, after)
    if initials is not None and _is_closed(text, initials.end(), breaks):
        written = initials.group().strip()
        return initials.end() if written.lower() not in _NO_INITIALS and is_name(written) else None
    tail = read_tail(text, after)
    capitals = text[at:after].isupper() and not copies
    if tail.end == after or goes_on(text, tail.end) or (capitals and not _is_closed(text, tail.end, breaks)):
        return None
    known = tail.strong or tail.title or tail.mask
    written = text[after : tail.end]
    spelt = tail.comma or not written.isupper() or (behind and is_line_end(text, tail.end))
    named = tail.names >= 2 and tail.plain and spelt
    return tail.end if known or named or (tail.stamp and not tail.names) else None


def word_end(text: str, at: int, *, own_line: bool, behind: bool, breaks: frozenset[int]) -> int | None:
    """Return where "End of report", "Final report", or the initials of who typed end; None if they are not at `at`."""
    match = _END.match(text, at)
    if match is not None and text[match.end() : match.end() + 1].isalnum():
        match = None
    if match is not None:
        tail = read_tail(text, match.end())
        end = tail.end if tail.stamp and not tail.names else match.end()
        rest = text[end : end + 1]
        if match["alone"]:
            starred = text[max(0, at - 2) : at].strip()[-1:] in ("*", "=") and text[end : end + 2].strip()[:1] in (
                "*",
                "=",
            )
            return end if starred or (own_line and is_line_end(text, end)) else None
        if match["sure"] and (rest in (":", ".", "*", "-") or not breaks.isdisjoint((end, end + 1, end + 2))):
            return end + 1 if rest == ":" else end
        signer = read_tail(text, end)
        if match["sure"] and (signer.strong or signer.title) and is_line_end(text, signer.end):
            return end
        gap = _GAP.match(text, end)
        if (
            is_line_end(text, end)
            or rest == "."
            or (gap is not None and gap.end() in breaks)
            or ("ttestation" in match.group().lower() and rest == ":")
        ):
            return end + 1 if rest in ".:" and rest else end
        return None
    initials = _INITIALS.match(text, at)
    if initials is not None:
        # "RE/xy 3/4/2026"
        dated = read_tail(text, initials.end())
        end = dated.end if dated.stamp and not dated.names else initials.end()
        if _is_closed(text, end, breaks):
            return None if {initials[1].lower(), initials[2].lower()} & _NO_INITIALS else end
    if behind:
        initials = _LOOSE_INITIALS.match(text, at)
        if initials is not None and initials.group().lower().startswith("by"):
            tail = read_tail(text, initials.end())
            typist = _INITIALS_VALUE.match(text, initials.end())
            if typist is not None and is_line_end(text, typist.end()):
                return None if typist.group().strip().lower() in _NO_INITIALS else typist.end()
            return tail.end if (tail.names >= 2 or tail.mask or tail.title) and tail.plain else None
        if initials is not None and _is_closed(text, initials.end(), breaks):
            return initials.end() if _NO_INITIALS.isdisjoint(initials.group().lower().split("/")) else None
    return None


def name_end(text: str, at: int, *, own_line: bool, begins: bool, block: str) -> int | None:
    """Return where a name with a credential or title, a role, or a date of signing ends; None if there is none.

    The caller knows that `at` is not inside a sentence; the name must reach the end of its line. `block`: the footers
    directly before, '' if there are none.
    """
    degrees = _DEGREES.match(text, at) if block else None
    if degrees is not None:
        return degrees.end()
    tail = read_tail(text, at)
    if tail.end == at or not is_line_end(text, tail.end):
        return None
    written = text[at : tail.end]
    if tail.names or tail.mask:
        # a name that ends a text without lines, behind an attestation
        alone = own_line or (tail.names >= 2 and is_name(written) and not text[tail.end :].strip(" .\n"))
        named = _is_signature(tail, written, own_line=own_line) or (alone and _is_of_block(tail, written, block))
        return tail.end if named else None
    if tail.stamp and not tail.person:
        dated = begins and _DATE.search(written) is not None and any(map(str.isdigit, written))
        return tail.end if dated or block else None
    return tail.end if block or (tail.person and own_line and (begins or written.lstrip()[0].isupper())) else None


def _is_signature(tail: Tail, written: str, *, own_line: bool) -> bool:
    """Return whether a line of names signs: a credential, a title or a role says so."""
    plain = tail.plain
    if _OPEN.search(written) is not None:
        return False
    if tail.strong:
        # "Robin Small, MD" is a name; "NORMAL CHEST ROBIN EXAMPLE, MD" is a finding with one behind
        surname = tail.names <= 3 and not written.isupper() and is_name(written.split(maxsplit=1)[0])
        if tail.comma and not tail.coined and (plain or surname):
            return own_line or tail.names >= 2 or tail.mask
        return plain and (tail.names >= 2 or tail.title or tail.mask)
    if tail.title:
        return plain and not (written.isupper() and _VERB_ENDINGS.search(written) is not None)
    return tail.person and tail.comma and (tail.names >= 2 or tail.mask) and plain


def _is_of_block(tail: Tail, written: str, block: str) -> bool:
    """Return whether a line of names behind the footers `block` goes on with them."""
    if not block or not tail.plain or tail.names > 4:
        return False
    if not tail.names:
        return True
    if tail.role:
        return not tail.stamp and (tail.role_last or not written.isupper())
    words = _WORDS.findall(written)
    if any(len(word) > 2 and word.lower() in block.lower() for word in words):
        return True
    # the last line of the block names no one: an attestation
    last = block.rstrip().rpartition("\n")[2]
    return tail.names >= 2 and not written.isupper() and _NAMED.search(last) is None
