"""The words and forms of signatures: verbs of signing, credentials, roles, dates; and the words that no name has."""

import re


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
    final thank thanks time date released typed requested authorised authorized authenticated checked edited prepared
    attested validated
    paged told aware alerted contacted acknowledged communicated communicates relayed conveyed telephoned phoned emailed
    messaged texted faxed spoke notifies agrees agree agreed suggests requests requested recommends performed performs
    states stated reports wishes will would should may can seen saw says did does do is
    """
)
"""Words that are in no name: where a name is expected, it ends before them."""
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
    limits birads bi-rads category grade type present absent seen noted biopsy wires motion protocol shunt rods screws
    """
)
"""Words of findings: a line with one of them is no name, unless a credential follows."""
MEDICAL_ENDINGS = re.compile(
    r"""
    .*(?:itis|osis|asis|oma|omas|emia|aemia|thorax|ectasis|megaly|pathy|tures?|tions?|sions?|ments?|ness|graphy|grams?
    |plasty|ectomy|edema|oedema|scopy|trophy|plasia|onia|algia|lysis|plegia|rrhea|eous|ious|able|ible|ated|ized|ised|ening|rrhage|sclerotic|itic|otic)
    """,
    re.VERBOSE,
)
