"""Names of persons: behind a title, a role, a relation or a label, before a credential, or as two words in a row."""

import re
from collections.abc import Iterator

from radray.checks.identifiers.kinds import Identifier, Reading, word_set
from radray.checks.identifiers.words import GIVEN_NAMES, is_of_reports, is_ordinary
from radray.language.ordinary_words import MEDICAL, NEVER_NAMES

_WORD = r"[A-Z\u00c0-\u00de](?:['\u2019][A-Z])?[a-z\u00df-\u00ff]+(?:[-'\u2019][A-Z]?[a-z\u00df-\u00ff]+){0,2}"
_INITIALS = r"(?:[A-Z]\.?\s+|(?:[A-Z]\.){2,3}\s+)"
_PARTICLE = r"(?:(?:van|von|de|del|della|di|da|dos|bin|ibn|al|el|la|le|der|den)\s+)"
_NAME = rf"{_INITIALS}{{0,2}}{_PARTICLE}{{0,2}}{_WORD}(?:,?\s+(?:[A-Z]\.?\s+)?{_PARTICLE}{{0,2}}{_WORD}){{0,3}}"
_CAPITALS = r"(?:[A-Z]\.\s?){0,2}[A-Z][A-Z'\u2019-]+(?:,?\s[A-Z][A-Z'\u2019-]*\b\.?){0,3}"

_TITLED = re.compile(
    rf"""
    \b(?:Drs?|Mrs?|Ms|Miss|Prof|Professor|Doctor|Nurse|Sister|Sir|Madam|Rev|Fr(?=\.))\b\.?\s+(?P<titled>{_NAME})
    | \b(?:DRS?|MRS?|MS|PROF)\.\s?(?P<capitals>[A-Z][A-Z'\u2019-]+(?:\s[A-Z][A-Z'\u2019-]{{2,}})?)\b
    | \b(?:dr\.?|mr\.|mrs\.|ms\.)\s(?P<lower>[a-z][a-z'\u2019-]+)
    """,
    re.VERBOSE,
)
_TITLES = word_set("dr drs mr mrs ms miss prof professor doctor nurse sister sir madam rev fr")

_CREDENTIAL = (
    r"(?:MD|M\.\s?D\.?|DO|D\.O\.|MBBS|MB\sBS|MBChB|FRCR|FRCPC|FRANZCR|FACR|RN|R\.N\.|NP|CRNP|APRN|PA-C|RT\(R\)|R\.T\.|RDMS"
    r"|PhD|DPM|DDS|LVN|LPN|CNM)\b\.?"
)
_CREDENTIALED = re.compile(rf"\b(?P<name>{_WORD}|[A-Z][A-Z'\u2019-]{{2,}}),?\s+{_CREDENTIAL}")
_CREDENTIALS = word_set("md d do mbbs mb mbchb frcr frcpc franzcr facr rn np crnp aprn rdms phd dpm dds lvn lpn cnm")

_VERB = (
    r"signed|dictated|transcribed|interpreted|read|reviewed|verified|approved|finali[sz]ed|reported|performed|requested"
    r"|ordered|referred|seen|examined|prepared|authenticated|attested|supervised|accompanied"
)
_ROLE = (
    r"attending|radiologist|physician|provider|resident|fellow|surgeon|registrar|consultant|technologist|technician"
    r"|sonographer|radiographer|nurse|practitioner|clinician|oncologist|cardiologist|pathologist|dictator"
    r"|transcriptionist|interpreter|midwife|paramedic|caregiver|guardian|contact"
)
_RELATION = r"husband|wife|daughter|son|mother|father|brother|sister|spouse|partner|parent|niece|nephew|aunt|uncle|kin"
_BEGINNING = re.compile(r"[A-Z\u00c0-\u00de](?:(?<=[a-z,)][ ].)|(?<=:.)|(?<=:[ ].))")
"""A capital in the middle of a sentence: what else begins a name, and few words of reports have one."""
_FIRST = re.compile(r"[^\W\d_]+")
_NAME_HERE = re.compile(_NAME)
_CAPITALS_HERE = re.compile(_CAPITALS)
_LONGEST_CUE = 48
_CUE = re.compile(
    rf"""(?:
        \b(?P<label>(?:sur)?name(?:\s+is)?|patient|pt|{_ROLE}|{_RELATION}|cc|signed|dictated|read\s+by
            |referring(?:\s+md)?|(?:{_VERB})(?:\s+by)?)\s*:
        | \b(?:{_VERB})(?:\s+(?:and|electronically)\s+(?:{_VERB}))?\s+by\s*:?
        | \b(?:discussed|reviewed|spoke|spoken|conveyed|confirmed)\s+(?:with|to)
        | \b(?:called|phoned|telephoned|communicated|relayed|reported|given|faxed|sent|transmitted|paged|provided)\s+to
        | \b(?:notified|informed|contacted|paged|alerted|obtained\s+from|according\s+to|as\s+per)
        | \b(?:{_ROLE}|{_RELATION})(?:\s+(?:name|is|was|named))?\s*[:,]?
        | \b(?:named|known\s+as|goes\s+by|dear|regards,|sincerely,)
        | \b(?:films?|stud(?:y|ies)|images?|radiographs?|examination)\s+(?:of|on|for)
        | \b(?:patient|pt),?
    )\s*\Z""",
    re.VERBOSE,
)
_ROW = re.compile(rf"{_WORD}(?:,?\s(?:[A-Z]\.?\s)?{_WORD})+")
"""Two words or more with a capital each, of small letters otherwise: few reports have any but at a sentence's start."""
_CAPITAL_ROW = re.compile(r"\b[A-Z]{2,},?\s(?:[A-Z]\.?\s)?[A-Z]{2,}\b")
"""Two words in capitals: a name where one is a given name, as most words of such a report are written so."""
_PARTS = re.compile(r"[^\W\d_]+(?:['\u2019][A-Za-z]+)?")


def find_names(reading: Reading) -> Iterator[Identifier]:
    """Yield the names of persons in a text."""
    text = reading.text
    if reading.has(_TITLES):
        for match in _TITLED.finditer(text):
            yield from _named(match, match[match.lastgroup or 0], titled=True)
    if reading.has(_CREDENTIALS) or "PA-C" in text or "RT(R)" in text:
        for match in _CREDENTIALED.finditer(text):
            yield from _named(match, match["name"], titled=False)
    if reading.has(GIVEN_NAMES):
        for match in _CAPITAL_ROW.finditer(text):
            if any(word in GIVEN_NAMES for word in match[0].lower().split()) and not any(
                is_of_reports(word.strip(",").lower()) for word in match[0].split() if len(word) > 2
            ):
                yield Identifier("name", *match.span(), match[0].lower())
    beginnings = [match.start() for match in _BEGINNING.finditer(text)]
    for start in beginnings:
        yield from _cued(text, reading.lowered, start)
    if beginnings:
        for match in _ROW.finditer(text):
            yield from _row(match)


def _named(match: re.Match[str], name: str, *, titled: bool) -> Iterator[Identifier]:
    """Yield the match if the first word of `name` can be one."""
    first = next((word for word in _PARTS.findall(name.lower()) if len(word) > 1), "")
    if len(first) < 2 or not first.strip("x") or first in NEVER_NAMES or first in MEDICAL:
        return
    if titled or not is_ordinary(first):
        kept = _kept(name)
        yield Identifier(
            "name", match.start(), match.end() - len(name) + len(kept) if titled else match.end(), kept.lower()
        )


def _kept(name: str) -> str:
    """Return `name` up to the first word behind its first that is a report's: "Dr. Smith Lungs are clear"."""
    for number, word in enumerate(_PARTS.finditer(name)):
        if number and is_ordinary(word[0].lower()) and len(word[0]) > 1:
            return name[: word.start()].rstrip(" ,")
    return name


def _cued(text: str, lowered: str, start: int) -> Iterator[Identifier]:
    """Yield the name at `start` where what goes before it says whose it is."""
    first = _FIRST.match(text, start)
    if first is not None and len(first[0]) > 1 and is_of_reports(first[0].lower()):
        return
    name = _NAME_HERE.match(text, start) or _CAPITALS_HERE.match(text, start)
    if name is None:
        return
    cue = _CUE.search(lowered, max(0, start - _LONGEST_CUE), start)
    # a word in capitals is an abbreviation but behind a label: "discussed with ICU", "Patient: DOE"
    if cue is None or not (cue["label"] or name.re is _NAME_HERE):
        return
    kept = _kept(name[0])
    word = next((word for word in _PARTS.findall(kept.lower()) if len(word) > 1), "")
    if word.strip("x") and not (is_of_reports if cue["label"] else is_ordinary)(word):
        yield Identifier("name", start, start + len(kept), kept.lower())


def _row(match: re.Match[str]) -> Iterator[Identifier]:
    """Yield the longest name in a row of capitalised words."""
    run: list[re.Match[str]] = []
    for word in (*_PARTS.finditer(match.string, match.start(), match.end()), None):
        lowered = word[0].lower() if word is not None else ""
        given = lowered in GIVEN_NAMES
        if word is not None and (
            given
            or len(word[0]) == 1
            or not is_ordinary(lowered)
            or (run and run[-1][0].lower() in GIVEN_NAMES and lowered not in NEVER_NAMES and lowered not in MEDICAL)
        ):
            run.append(word)
            continue
        while run and len(run[-1][0]) == 1:
            run.pop()
        while run and len(run[0][0]) == 1:
            run.pop(0)
        if len([each for each in run if len(each[0]) > 1]) >= 2:
            start, end = run[0].start(), run[-1].end()
            yield Identifier("name", start, end, match.string[start:end].lower())
        run = []
