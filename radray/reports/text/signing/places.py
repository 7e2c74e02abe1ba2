"""Where a footer may begin: at lines and sentences, at words that begin nothing else, at names with a credential."""

import re

from radray.reports.text.signing.names import is_name
from radray.reports.text.signing.words import CREDENTIAL, word_set

_BOUNDARIES = re.compile(r"\n|(?<=[.!?;])[\"')\]]*[ \t]++|[ \t]{2,}+|(?<=[a-z0-9)]{2}\.)(?=[A-Z][a-z])|[=*_~-]{5,}+")
_ABBREVIATION = re.compile(r"(?:\b(?i:drs?|mr|mrs|ms|prof|st|vs|no|approx|ext)|(?:^|[ \t\n])[A-Za-z])\.\Z")
_INLINE = re.compile(
    r"""(?<![\w/-])(?=[A-Z/edswjm])(?:
        (?i:(?:(?:this|the)[ ](?:report|document|study|exam|examination)[ ](?:was|is|has[ ]been)[ ])?
            (?:electronically|digitally)[ ][a-z]+|/e?s/|signed[ ]electronically
            |e-?signed[ ]by)
        |(?:Dictated|Transcribed|Signed|Verified|Approved|Finali[sz]ed|Authenticated|Typed|Interpreted|Reported|Released
            |Requested|Reviewed|Read|Authori[sz]ed|DICTATED|TRANSCRIBED|SIGNED|VERIFIED|APPROVED|FINALIZED|TYPED
            |INTERPRETED|REPORTED|Report|Final[ ]report|Preliminary[ ]report)\b(?=[^.\n:]{0,40}(?:\b[Bb][Yy]\b|:))
        |T(?:hank|HANK)(?:s|S)?[ ]|Many[ ]thanks|(?:Kind|Best)[ ]regards
        |I(?:,[ ]|[ ](?:have|HAVE|agree|AGREE|was|personally|PERSONALLY|reviewed|concur|attest|certify)\b)
        |As[ ]the[ ]|AS[ ]THE[ ]ATTENDING|Images[ ]reviewed|Portions[ ]of[ ]this|Yours[ ](?:sincerely|faithfully)
        |(?:This|The)[ ](?:report|document|dictation|note|study|exam|examination|images|attending)[ ]|Signature[ ]?:
        |Attestation|Dictated[ ]using|(?i:dictation|transcription)[ ](?i:date|time)
        |For[ ](?:any[ ])?questions|Please[ ](?:note|contact|call)|If[ ](?:you|there|further)
        |(?:Attending|Teaching)[ ]physician
        |Voice[ ]recog|Speech[ ]recog
        |(?i:(?:work[ ]?station|wsn|ws|accession|job|mrn|cpt)(?=[ ]?(?:[\#:]|id\b|no\b|num|performed|name|code)))
        |(?:Voice|Dictation|Reading|Signing)[ ](?:[A-Za-z]+[ ]){0,2}(?:[\#:]|location:)
        |(?:E(?:nd|ND))[ ](?:[Oo][Ff]|[Rr][Ee][Pp])
        |[DTR]{1,2}(?:/T)?:[ ]?(?=[0-9_]|[A-Za-z]{2,4}[ ][0-9_])
        |(?i:(?:(?:primary|secondary|attending|teaching|supervising|reading|dictating|reporting|interpreting|signing|resident|staff|referring
            |ordering|contributing)[ ]){0,2}(?:radiologist|physician|resident|fellow|attending|transcriptionist|staff
            |provider|author)(?:\(s\))?[ ]?:)
        |cc:|CC:|Primary[ ]Diagnostic[ ]Code
    )""",
    re.VERBOSE,
)
_CREDENTIAL = re.compile(rf"(?<=[ ,])(?=[A-Zmfp]){CREDENTIAL}", re.VERBOSE)
_NAME_BEFORE = re.compile(
    r"(?:(?:Dr|DR|Prof)\.? )?(?:[A-Z][\w'\u2019-]*+\.? ){1,3}[A-Z][\w'\u2019-]*+,? ?\Z|(?:Dr|DR)\.? [A-Z][\w'-]*+,? ?\Z"
)
_LONGEST_NAME = 60

_FIRST_WORD = re.compile(r"[A-Za-z]+")
_FIRST_WORDS = word_set(
    """
    copy doc esigned findings licence license md pacs page ref status tech
    above acc accession addendum ahpra all and any approved approving as assistant assisting attending attestation
    attested authenticated author authorised authorized batch best by case cc chair chairman checked chief clinician co
    completed confirmation consultant consulting contributing copies cosigned counter countersigned cpt d date dd dear
    diagnostic dict dictated dictating dictation dictator digitally director distribution do doctor document dr dt e
    edited electronic electronically encounter end entered entire es exam examination exams faculty fellow fellows film
    films final finalised finalising finalized finalizing for gmc i if image images imaging interpretation interpreted
    interpreter interpreting it job kind kindest many mrn neuroradiologist note notes npi on order ordered ordering orig
    our performing phys physician physicians please preliminary prepared primary principal print printed procedure
    professor proofread provider question questions r radiographer radiologist radiologists radiology rd read reader
    reading referred referring regards registrar released report reported reporting request requested requesting
    requisition resident residents responsible result resulted results reviewed reviewing s secondary senior should
    signatory signature signed signer signing sonographer speech staff studies study submitted supervised supervising
    surgeon t td teaching technologist teleradiologist thank thanks the these this time tr trans transcribed transcriber
    transcript transcription transcriptionist tt typed typist undersigned unsigned v validated verified verifier
    verifying visit voice warm we whole with work workstation ws wsn x xray yours
    """
)


def boundary_places(text: str) -> frozenset[int]:
    """Return where lines and sentences of `text` begin, also behind two spaces or a rule; 0 is among them."""
    places = {0}
    for match in _BOUNDARIES.finditer(text):
        start = match.start()
        if (
            text[start - 1 : start] != "."
            or match.group()[:1] == "\n"
            or _ABBREVIATION.search(text, max(0, start - 8), start) is None
        ):
            places.add(match.end())
    return frozenset(places)


def inline_places(text: str) -> list[int]:
    """Return where words of footers that may stand inside a line begin, in order; [] for none."""
    return [match.start() for match in _INLINE.finditer(text)]


def name_places(text: str) -> frozenset[int]:
    """Return where names with a credential begin behind a word in lower case: "... disease Robin Example, MD"."""
    places: set[int] = set()
    for credential in _CREDENTIAL.finditer(text):
        end = credential.start()
        name = _NAME_BEFORE.search(text, max(0, end - _LONGEST_NAME), end)
        if name is None or not is_name(name.group()):
            continue
        before = text[max(0, name.start() - 2) : name.start()]
        if len(before) == 2 and before[1] == " " and (before[0].islower() or before[0] in "0123456789)%"):
            places.add(name.start())
    return frozenset(places)


def may_begin(text: str, at: int) -> bool:
    """Return whether the word at `at` is the first of a footer that is no name; True where no word is."""
    word = _FIRST_WORD.match(text, at)
    return word is None or word.group().lower() in _FIRST_WORDS
