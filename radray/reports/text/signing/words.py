"""The words and forms of signatures: verbs of signing, credentials, roles, dates."""


def word_set(words: str) -> frozenset[str]:
    """Return the words of `words`, apart by white space; empty for blank text."""
    return frozenset(words.split())


VERBS = (
    r"(?:dictated|transcribed|interpreted|read|reviewed|verified|approved|finali[sz]ed|signed|reported|typed|requested"
    r"|authori[sz]ed|authenticated|checked|released|edited|prepared|co-?signed|counter-?signed|attested|validated"
    r"|trans(?=[ ]by\b)|proofread|ordered|referred|resulted|completed"
    r"|performed(?=[ ]by[ ]?:)|submitted|supervised|entered"
    r"|electronically[ ]signed)"
)
"""What is done "by" a person in a footer; not "discussed", "notified", "seen", which are part of the report."""
MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)(?:[a-z]{3,6})?\.?"
DATE = rf"""
    (?:[0-9]{{1,4}}[/.-][0-9]{{1,2}}[/.-][0-9]{{2,4}}(?:T[0-9:.]+(?:Z|[+-][0-9:]+)?)?(?![0-9])
    |[0-9]{{1,2}}(?:st|nd|rd|th)?[ /-]?(?i:{MONTH}),?[ /-]?[0-9]{{2,4}}(?![0-9])
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
WEEKDAY = (
    rf"(?i:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b(?=\.?,?[ ]+(?:[0-9_*\[]|XX|{MONTH}\b)))\.?"
)
MASK = r"(?:__++|XXXX++|\*{3,}+|\[\*\*[^\[\]\n]{0,80}\*\*\]|\[[A-Z][A-Z _-]{2,30}+\]|<[A-Z][A-Z _-]{2,30}+>)"
PHONE = (
    r"(?:\+?[0-9]{0,2}[ ]?\(?[0-9]{3}\)?[-. ][0-9]{3}[-. ][0-9]{4}|[0-9]{3}-[0-9]{4}|[0-9]{3,4}[ ][0-9]{4}"
    r"|[0-9]{4}[ ][0-9]{3}[ ][0-9]{3}|\(?0[0-9]\)?[ ][0-9]{4}[ ][0-9]{4})(?![0-9])"
)
CREDENTIAL = r"""
    (?:(?i:m\.[ ]?d|md|ph\.?d|mb[ ]?bs|mb\.?[ ]?ch\.?b|mbbch|bmbs|frcr|franzcr|ffrrcsi|frcpc?|frcs|facr|fsir|fracp
    |fracs|mrcp|mrcs|mmed|dmrd|dmre|dnb|dabr|dacvr|dvm|pharmd)
    |D\.[ ]?O|DO|PA-C|RDMS|APRN|CRNP|ARNP|R\.?T\.?[ ]?\(R\)(?:\([A-Z]{1,3}\))*)(?![A-Za-z0-9])\.?
"""
"""A degree, fellowship or licence that no finding is written as; MS, PA and RT count only behind one of these."""
OTHER_CREDENTIAL = r"""
    (?:MS|PA|NP|RN|RT|RA|MA|BS|BA|BSc|MPH|MBA|MSc|MHS|MHA|DMD|DDS|DPM|RVT|RRA|RPA|FA[A-Z]{2}|FRC[A-Z]+|CNP|FNP
    |MB|BCh|BAO|ChB|MCh|Hons|(?:[A-Z]\.){3,6}|PGY-?[ ]?[0-9]|Jr|Sr|I{2,3}|IV|\([A-Z]{1,3}\))(?![A-Za-z0-9])\.?
"""
TITLE = r"(?i:a/?prof|assoc(?:iate)?\.?[ ]prof(?:essor)?|prof(?:essor)?|drs?|doctor)\b\.?(?![A-Za-z])"
PERSON = (
    r"(?:neuro|tele)?radiologists?|radiographer|sonographer|registrar|resident|fellow|attending|consultant|physicians?"
    r"|verifier|transcriptionist|surgeon|chair(?:man)?|director|chief|professor|dictator"
)
ROLE = rf"""
    (?i:{PERSON}|(?:neuro|tele)?radiology|staff|senior|junior|associate|assistant|clinical[ ]professor|diagnostic
    |interventional|board|certified|fellowship|trained|department|dept\.?|division|section|imaging|medical[ ]imaging
    |hospital|clinic|university|medical[ ]cent(?:er|re)|medical[ ]director|institute|associates|specialist
    |service|diplomate|american|royal|college|group|health|pager|phone|tel|telephone|fax|ext|npi
    |gmc|ahpra|provider[ ]n(?:o|umber)|verifier|no[ ]e-?sig
    |electronic[ ]signature|md|pgy|workstation)(?![A-Za-z])\.?
"""
