"""What follows "signed by": names, credentials, roles, dates and numbers, as far as they go on one line."""

import re
from typing import NamedTuple


def word_set(words: str) -> frozenset[str]:
    """Return the words of `words`, apart by white space; empty for blank text."""
    return frozenset(words.split())


VERBS = (
    r"(?:dictated|transcribed|interpreted|read|reviewed|verified|approved|finali[sz]ed|signed|reported|typed|requested"
    r"|authori[sz]ed|authenticated|checked|released|edited|prepared|co-?signed|counter-?signed|attested|validated"
    r"|proofread|ordered|referred|resulted|completed|submitted|supervised|entered|electronically[ ]signed)"
)
"""What is done "by" a person in a footer; not "discussed", "notified", "seen", which are part of the report."""
MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)(?:[a-z]{3,6})?\.?"
DATE = rf"""
    (?:[0-9]{{1,4}}[/.-][0-9]{{1,2}}[/.-][0-9]{{2,4}}(?:T[0-9:.]+(?:Z|[+-][0-9:]+)?)?(?![0-9])
    |[0-9]{{1,2}}(?:st|nd|rd|th)?[ -]?(?i:{MONTH}),?[ -]?[0-9]{{2,4}}(?![0-9])
    |(?i:{MONTH})[ -]?[0-9]{{1,2}}(?:st|nd|rd|th)?,?[ -]{{1,2}}[0-9]{{4}}(?:@[0-9]{{2}}:[0-9]{{2}})?
    |(?:19|20)[0-9]{{6}}(?:[0-9]{{4,6}})?(?![0-9]))
"""
TIME = r"""
    (?:\(?(?:[01]?[0-9]|2[0-4]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?(?:[ ]?[AaPp]\.?(?:[Mm]\.?)?(?![A-Za-z]))?\)?
    |[0-9]{1,2}[.][0-5][0-9][ ]?[AaPp]\.?[Mm]\b\.?
    |\(?(?:[01][0-9]|2[0-3])[0-5][0-9]\)?(?:[ ]?(?i:hrs?|hours|h)\b\.?)?(?![0-9]))
"""
ZONE = (
    r"(?:[ECMP][SD]T|UTC|GMT|A[ECW][SD]?T|AE[SD]T|AC[SD]T|NZ[SD]T|BST|CES?T|(?i:eastern|central|pacific)[ ](?i:time))\b"
)
WEEKDAY = r"(?i:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?i:day)?\b\.?"
MASK = r"(?:__++|XXXX++|\*{3,}+|\[\*\*[^\[\]\n]{0,80}\*\*\]|\[[A-Z][A-Z _-]{2,30}+\]|<[A-Z][A-Z _-]{2,30}+>)"
PHONE = (
    r"(?:\+?[0-9]{0,2}[ ]?\(?[0-9]{3}\)?[-. ][0-9]{3}[-. ][0-9]{4}|[0-9]{3}-[0-9]{4}|[0-9]{3,4}[ ][0-9]{4})(?![0-9])"
)
CREDENTIAL = r"""
    (?:(?i:m\.[ ]?d|md|ph\.?d|mb[ ]?bs|mb\.?[ ]?ch\.?b|mbbch|bmbs|frcr|franzcr|ffrrcsi|frcpc?|frcs|facr|fsir|fracp
    |fracs|mrcp|mrcs|mmed|dmrd|dmre|dnb|dabr|dacvr|dvm|pharmd)
    |D\.[ ]?O|DO|PA-C|RDMS|APRN|CRNP|ARNP|R\.?T\.?[ ]?\(R\)(?:\([A-Z]{1,3}\))*)(?![A-Za-z0-9])\.?
"""
"""A degree, fellowship or licence that no finding is written as; MS, PA and RT count only behind one of these."""
OTHER_CREDENTIAL = r"""
    (?:MS|PA|NP|RN|RT|RA|MA|BS|BA|BSc|MPH|MBA|MSc|MHS|MHA|DMD|DDS|DPM|RVT|RRA|RPA|FA[A-Z]{2}|FRC[A-Z]+|CNP|FNP
    |MB|BCh|BAO|ChB|MCh|Hons|PGY-?[ ]?[0-9]|Jr|Sr|I{2,3}|IV|\([A-Z]{1,3}\))(?![A-Za-z0-9])\.?
"""
TITLE = r"(?i:a/?prof|assoc(?:iate)?\.?[ ]prof(?:essor)?|prof(?:essor)?|drs?|doctor)\b\.?(?![A-Za-z])"
PERSON = (
    r"(?:neuro|tele)?radiologists?|radiographer|sonographer|registrar|resident|fellow|attending|consultant|physicians?"
    r"|verifier|transcriptionist|surgeon|chair(?:man)?|director|chief|professor|dictator"
)
ROLE = rf"""
    (?i:{PERSON}|(?:neuro|tele)?radiology|staff|senior|junior|associate|assistant|clinical[ ]professor|diagnostic
    |interventional|board|certified|fellowship|trained|department|dept\.?|division|section|imaging|medical[ ]imaging
    |hospital|clinic|university|medical[ ]cent(?:er|re)|medical[ ]director|institute|associates|specialist|pager
    |phone|tel|telephone|fax|ext|npi|gmc|ahpra|provider[ ]n(?:o|umber)|licen[sc]e|verifier|no[ ]e-?sig
    |electronic[ ]signature|md|pgy|workstation)(?![A-Za-z])\.?
"""
NEVER_NAMES = word_set(
    """
    the a an no not and or of in on at to with by for from as is are was were has have had there this that these those
    if be been than then per see please new both all any it its we i your our which who when where after before above
    below also but however without within
    call called contact notify notified discuss discussed recommend recommended consider suggest suggested refer follow
    followup correlate correlation clinical clinically inform informed phone page await awaiting repeat further advise
    advised given referring ordering treating primary patient nurse team
    addendum impression findings finding comparison technique history indication conclusion recommendation
    recommendations exam examination study report reports critical result results electronically digitally dictated
    transcribed signed interpreted verified approved finalized reviewed read reported workstation accession job end
    final thank thanks time date
    """
)
"""Words that are in no name: where a name is expected, the name ends before them."""
MEDICAL = word_set(
    """
    normal abnormal stable unchanged negative positive acute chronic mild moderate severe minimal small large tiny left
    right bilateral upper lower middle lobe chest lung lungs heart cardiac pulmonary pleural abdomen abdominal pelvis
    pelvic head neck brain spine lumbar cervical thoracic knee hip shoulder wrist ankle elbow hand foot rib ribs bone
    bones bowel liver kidney renal spleen breast breasts sinus sinuses skull arm leg femur tibia ct mri mr us xr pa ap
    lateral portable view views radiograph ultrasound doppler scan contrast film films images image limited
    unremarkable clear improved improving worsening increased decreased interval benign malignant probable possible
    likely suspected question mass nodule nodules lesion lesions cyst cysts stone stones node nodes tube line lines
    catheter clot bleed bleeding disease copd chf dvt pe tb mets metastases arthritis hernia hemorrhage haemorrhage air
    free fluid gas spur spurs changes change status post prior old early subtle none nothing evidence process
    degenerative healing healed complete incomplete partial low high volumes volume infiltrate infiltrates infection
    airspace opacity opacities shadow technically adequate inadequate satisfactory position placement agree within
    limits birads bi-rads category grade type present absent seen noted
    """
)
"""Words of findings: a line with one of them is no name, unless a credential follows."""
MEDICAL_ENDINGS = re.compile(
    r"""
    .*(?:itis|osis|asis|oma|omas|emia|aemia|thorax|ectasis|megaly|pathy|tures?|tions?|sions?|ments?|ness|graphy|grams?
    |plasty|ectomy|edema|oedema|scopy|eous|ious|able|ible|ated|ized|ised|ening|rrhage|sclerotic|itic|otic)
    """,
    re.VERBOSE,
)

_TOKEN = re.compile(
    rf"""[ \t]*+(?:
        (?P<phone>{PHONE})
        | (?P<stamp>{DATE}|{TIME}|{ZONE}|{WEEKDAY})
        | (?P<mask>{MASK})
        | (?P<strong>{CREDENTIAL})
        | (?P<weak>{OTHER_CREDENTIAL})
        | (?P<title>{TITLE})
        | (?P<role>{ROLE})
        | (?P<join>(?i:on|at|by|for|and|of|date|time|dated|in|from|as|to|the|behalf)(?![A-Za-z])[ ]?:?|&)
        | (?P<particle>(?:van|von|der|den|de|del|della|la|le|du|di|da|dos|bin|ibn|al|el|ter|ten)(?![A-Za-z]))
        | (?P<number>(?:ID[ ]?:?[ ]?)?[#(\[]{{0,2}}[A-Z]{{0,4}}[0-9]{{4,12}}[A-Z]?(?![\w/]|[ ]?[cm]m)[)\]]?)
        | (?P<name>[A-Z]\.(?:[ ]?[A-Z]\.)*
            |[A-Z\u00c0-\u00d6\u00d8-\u00de][^\W\d_]*+(?:['\u2019-][^\W\d_]++)*+)(?![ ]?[:=])
        | (?P<mark>[,;:/()\[\]|+-]|\.)
    )""",
    re.VERBOSE,
)
_PERSON = re.compile(PERSON, re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_LINE_ENDS = re.compile(r"[^\w\n]*(?:\n|\Z)")
_LOWER_FOLLOWS = re.compile(r"[ \t]*(?!(?:on|at|by|for|and|of|in|date|time)\b)[a-z]")
_SENTENCE = re.compile(
    rf"""[A-Z][\w'\u2019-]*+,?[ \t]+(?!(?:on|at|by|for|and|of|in|from|as|van|von|de[nrl]?|la|le|du|di|da|dos|bin
    |al|el|ter|md    |m\.|physicians?|certified|{PERSON})\b)[a-z]""",
    re.VERBOSE,
)
_LONGEST = 400
"""What is read behind a "by", in characters: a signature with two names and their roles has 200."""
_LONGEST_NAME = 5


class Tail(NamedTuple):
    """What was read, and as far as it holds."""

    end: int
    names: int
    """Words that can be of a name."""
    strong: bool
    """A credential is there."""
    title: bool
    stamp: bool
    """A date, time or weekday is there."""
    mask: bool
    person: bool
    """The role of a person is there: radiologist, registrar."""
    role: bool
    cut: bool
    """The last word was given back to a sentence that goes on."""
    comma: bool
    """A comma or a title sets a credential, a role or the second name off."""


def is_line_end(text: str, at: int) -> bool:
    """Return whether nothing but punctuation follows on the line; True at the end of the text."""
    return _LINE_ENDS.match(text, at) is not None


def goes_on(text: str, at: int) -> bool:
    """Return whether a sentence goes on at `at`: a word in lower case follows on the line."""
    return _LOWER_FOLLOWS.match(text, at) is not None


def is_sentence(text: str, at: int) -> bool:
    """Return whether text at `at` begins like a sentence, its second word in lower case, as no name does."""
    return _SENTENCE.match(text, at) is not None


def is_name(words: str) -> bool:
    """Return whether no word of `words` is of findings or of sentences; True for text without words."""
    for word in _WORD.findall(words):
        lower = word.lower()
        if lower in MEDICAL or lower in NEVER_NAMES or MEDICAL_ENDINGS.fullmatch(lower):
            return False
    return True


def read_tail(text: str, at: int) -> Tail:
    """Return what signs at `at`: its `end` is `at` where nothing does.

    A sentence that begins behind a name takes its first word back ("Robin Example There is ..."); a stop ends all but
    a date or credential.
    """
    limit = min(len(text), at + _LONGEST)
    pos = end = previous = at
    names = run = 0
    strong = title = stamp = mask = person = comma = False
    role = stopped = separated = cut = False
    last = ""
    owed: int | None = None
    while (match := _TOKEN.match(text, pos, limit)) is not None:
        kind = match.lastgroup or ""
        if kind == "mark":
            if match["mark"] == ".":
                if stopped or not last:
                    break
                stopped = True
                end = match.end() if pos == end else end
            elif match["mark"] in ",;/" and last:
                separated = True
            pos = match.end()
            continue
        if stopped and kind not in ("stamp", "strong", "weak"):
            break
        if kind in ("join", "particle"):
            separated = separated or kind == "join"
            pos = match.end()
            continue
        if kind == "name" or (kind == "weak" and not (strong or (separated and names))):
            kind = "name"
            word = match.group().strip().rstrip(".").lower()
            if word in NEVER_NAMES or run >= _LONGEST_NAME:
                break
            if names and (strong or stamp):
                if stamp or not separated or not is_name(word):
                    break
                if owed is None:
                    owed, run = end, 0
            names += 1
            run += 1
            comma = comma or (separated and names == 2)
        elif kind in ("strong", "weak"):
            if not (names or mask or title):
                break
            comma = comma or separated
            strong, owed, run = strong or kind == "strong", None, 0
        elif kind == "stamp":
            stamp, run = True, 0
        elif kind == "mask":
            mask = True
        elif kind == "title":
            title, comma, run = True, True, 0
        elif kind == "role":
            comma, role = comma or separated, True
            person, owed, run = person or _PERSON.search(match.group()) is not None, None, 0
        elif not last:
            break
        previous, pos, last, separated = end, match.end(), kind, False
        end = pos
    if owed is not None and not is_line_end(text, end):
        end = owed
    elif last in ("name", "mask", "role") and not stopped and goes_on(text, end):
        end, names, cut = previous, names - (last == "name"), True
    return Tail(end, names, strong, title, stamp, mask, person, role, cut, comma)
