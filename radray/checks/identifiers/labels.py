"""Numbers behind a label that says whose or what they are: "MRN: 4471203", "License no. A118", "pager 40912"."""

import re
from collections.abc import Iterator

from radray.checks.identifiers.kinds import Identifier, Reading, word_set

_NUMBER = r"\s?(?:(?:number|num|nr|no|ids?|identifier|identification|code|record|template|file)\b\.?|\#)"
_MARK = r"(?:\s?(?:(?:is|was|of|as|ending(?:\sin)?|on\sfile)\b|[:=\#])){0,2}\s?"
_VALUE = r"""(?P<value>
    [a-z(+]{0,14}-?\d(?:[\w./()-]{0,38}[a-z0-9)])?(?:[ ]\d[\d-]{1,12}){0,4}
    | [a-z]{1,4}[ ]\d{3,12}[a-z]?)(?!\w)(?!\s?(?:%|mm|cm|ml|cc|mg|hours|hrs)\b)"""

_LABELS: dict[str, tuple[str, str]] = {
    "ssn": (r"ss\#|ssn|social\ssecurity|s\.s\.n?\.", r"ss|sin|tax|taxpayer|national"),
    "mrn": (
        r"mrn|mr\s?\#|med(?:ical)?\.?\srec(?:ord)?s?|nhs|urn?|mpi",
        r"chart|hosp(?:ital)?\.?|unit|record|emr|subject|wristband|patient(?:'s)?|pt\.?|u\.r\.",
    ),
    "plan": (
        r"insurance|health\splan|policy|medicare(?:\sbeneficiary)?|medicaid|subscriber|beneficiary|hicn?|mbi|insured",
        r"member(?:ship)?|group|payer|plan|benefits?|coverage|carrier|claim",
    ),
    "account": (
        r"acc(?:oun)?t\.?|billing(?:\sacc(?:oun)?t)?|guarantor(?:\sacc(?:oun)?t)?|invoice|iban|fin|csn|bank\sdetails"
        r"|(?:credit|debit|bank)?\s?card\sending|account\sending",
        r"visit|encounter|bill|card|credit\scard|admission|statement|routing|hospital\saccount|financial",
    ),
    "licence": (
        r"(?:driver'?s?'?\s|medical\s)?licen[sc]e|lic\.?|npi|dea|gmc|ahpra|upin|passport|badge",
        r"certificate|certification|registration|registry|provider|visa|cert\.?|medical\scouncil",
    ),
    "vehicle": (
        r"vin|vehicle(?:\sidentification)?|(?:licen[sc]e|number|registration)\splates?|plates?\s?:|plate(?=\s[a-z]{2,3}-?\d{3})",
        r"plates?|tag|car\sregistration|vehicle\sregistration",
    ),
    "device": (
        r"serial|s/n|sn|udi|imei|gtin|device\sidentifier|mac(?:\saddress)?|lot(?=\s[a-z]{1,4}-?\d{4})",
        r"device|lot|implant|asset(?:\stag)?|batch|generator|pacemaker|model\sand\sserial",
    ),
    "biometric": (
        r"(?:finger|thumb|voice|palm|foot)\s?-?prints?|palm\svein|iris\sscan|retinal?\sscan|biometrics?|dna\sprofile"
        r"|(?:facial|face)\s(?:recognition|template|print|geometry)|hand\sgeometry",
        r"iris|retina|face|facial|voice",
    ),
    "phone": (
        r"pager|beeper|bleep|ext(?:ension)?\.?|phone|tel(?:ephone)?\.?|cell(?:\s?phone)?|mobile|landline|call\s?back|hotline"
        r"|voicemail|whatsapp",
        r"contact|call",
    ),
    "fax": (r"fax|facsimile|telefax", r"fax"),
    "number": (
        r"accession|acc\.?|unique\s(?:code|id\w*)|requisition|ticket|barcode|uuid|guid|(?:study|series|sop)\s(?:instance\s)?uid|uid",
        r"order|exam|study|case|request|trial|subject|staff|user|student|employee|reference|ref\.?|job|sample|specimen"
        r"|research|tracking|document|dictation|confirmation|transaction|workstation|visitor|prisoner|inmate|military|service",
    ),
}
"""By kind: labels that stand for nothing else in a report, and those that need "number", "no.", "ID" or "#" behind."""

_BEGIN = r"(?<![\w-])(?:"
_CERTAIN = re.compile(
    _BEGIN
    + "|".join(
        rf"(?P<{kind}>(?:{certain})(?:(?<!\w)|(?!\w))(?:{_NUMBER}){{0,3}})" for kind, (certain, _) in _LABELS.items()
    )
    + rf"|(?P<id>id)\b){_MARK}{_VALUE}",
    re.VERBOSE,
)
_NUMBERED = re.compile(
    _BEGIN
    + "|".join(rf"(?P<{kind}>(?:{other})(?:{_NUMBER}){{1,3}})" for kind, (_, other) in _LABELS.items() if other)
    + rf"){_MARK}{_VALUE}",
    re.VERBOSE,
)
_CERTAIN_WORDS = word_set(
    """
    ss ssn social s mrn mr rec record records nhs ur urn mpi insurance health policy medicare medicaid
    subscriber beneficiary hic hicn mbi insured acc acct account billing guarantor invoice iban fin csn bank
    card ending license licence lic npi dea gmc ahpra upin passport badge vin vehicle plate plates serial sn udi
    imei gtin identifier mac lot fingerprint fingerprints thumbprint thumbprints voiceprint voiceprints
    palmprint footprint print prints vein iris retina retinal biometric biometrics dna facial face geometry
    pager beeper bleep ext extension phone tel telephone cell cellphone mobile landline call callback hotline
    voicemail whatsapp fax facsimile telefax accession requisition ticket barcode unique uuid guid uid id
    """
)
"""Each of the certain labels has one of these words."""
_NUMBER_WORDS = word_set("number num nr id ids identifier identification code record template file")
_NO = re.compile(r" no[.:# ]{1,3}[a-z]{0,5}-?\d")
_YEAR = re.compile(r"(?:19|20)\d\d")
_FEWEST = {"phone": 4, "fax": 6, "number": 4}
"""Digits that a value has at least; 2 and four characters in all for other kinds, whose labels are surer."""


def find_labelled(reading: Reading) -> Iterator[Identifier]:
    """Yield the labelled numbers in a text that has digits."""
    lowered = reading.lowered
    if "#" in lowered or reading.has(_NUMBER_WORDS) or _NO.search(lowered):
        yield from _numbers(_NUMBERED, lowered)
    if reading.has(_CERTAIN_WORDS):
        yield from _numbers(_CERTAIN, lowered)


def _numbers(labelled: re.Pattern[str], lowered: str) -> Iterator[Identifier]:
    for match in labelled.finditer(lowered):
        kind = next(name for name in labelled.groupindex if match[name] is not None)
        value = match["value"]
        digits = sum(map(str.isdigit, value))
        if digits >= _FEWEST.get(kind, 2) and len(value) >= 4 and not _YEAR.fullmatch(value):
            yield Identifier("mrn" if kind == "id" else kind, *match.span(), value)
