"""Addresses: streets, post boxes, postcodes, towns where somebody lives, institutions by their names."""

import re
from collections.abc import Iterator

from radray.checks.identifiers.kinds import Identifier, Reading, word_set
from radray.checks.identifiers.words import is_of_reports, is_ordinary

_TITLE = r"[A-Z][\w'\u2019.-]*"
_KIND = (
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way|Place|Pl|Terrace|Ter|Close|Crescent|Cres"
    r"|Square|Sq|Parkway|Pkwy|Highway|Hwy|Trail|Circle|Cir|Loop|Gardens|Grove|Mews|Alley|Walk|Quay|Turnpike|Route)"
)
_STREET = re.compile(
    rf"""\d{{1,5}}[A-Za-z]?(?<![\d.,-]\d{{5}}),?\s+(?:[NSEW]{{1,2}}\.?\s+|North\s+|South\s+|East\s+|West\s+)?
    (?:
        (?P<words>(?:{_TITLE}\s+){{1,3}}?){_KIND}\b\.?(?:,?\s+(?:Apt|Apartment|Unit|Suite|Ste|Flat|\#)\.?\s*\w{{1,6}})?
        | (?P<capitals>(?:[A-Z][A-Z'.-]+\s+){{1,3}}?)(?:STREET|ROAD|RD|AVENUE|AVE|LANE|LN|BOULEVARD|BLVD|COURT|TERRACE
            |PARKWAY|HIGHWAY|CRESCENT)\b
        | (?P<german>[A-Z][a-z\u00e4\u00f6\u00fc\u00df]+(?:stra\u00dfe|strasse|weg|platz))\b
    )""",
    re.VERBOSE,
)
_BOX = re.compile(r"\bp\.?\s?o\.?\s?box\s+\d+|\bpost\s?box\s+\d+|\bpostfach\s+\d+")
_STATE = (
    r"(?:AL|AK|AZ|AR|CA|CO|CT|DE|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA"
    r"|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|DC)"
)
_ZIP = re.compile(rf"(?P<town>[A-Z][A-Za-z.'-]+),?\s+{_STATE}\.?,?\s+\d{{5}}(?:-\d{{4}})?\b")
_NAMED_CODE = re.compile(
    r"\b(?:zip|postal|post)\s?(?:code)?\s*(?:is|:|\#)?\s*(?P<value>[a-z]{0,2}\d[\w-]{2,9}(?:\s\d[a-z]{2})?)\b"
)
_BRITISH = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?\s\d[ABD-HJLNP-UW-Z]{2}\b|\b[ABCEGHJ-NPRSTVXY]\d[A-Z]\s?\d[A-Z]\d\b")
_INWARD = re.compile(r"\d[A-Z]")
_HOME = re.compile(
    rf"""\b(?i:(?:lives?|living|resides?|residing|resident|native|originally|moved|relocated|visiting|residence|hails
    |homeless)\s+(?:in|at|of|on|near|from|to)|(?:home|mailing|street|billing|postal)?\s?address\s*(?:is|:)|residence\s*:|home\s*:
    |city\s*:|county\s*:|town\s*:|(?:patient|pt)\s+(?:is\s+)?from)\s*
    (?:the\s+)?(?P<value>(?:\d+\s+)?{_TITLE}(?:,?\s+{_TITLE}){{0,3}})""",
    re.VERBOSE,
)
_HOMES = word_set(
    "live lives living reside resides residing resident native originally moved relocated visiting hails homeless"
    " address residence home city county town"
)
_INSTITUTION = re.compile(
    r"""(?P<words>(?:(?:St|Mt)\.\s|[A-Z][\w'\u2019-]*\s)(?:(?:of|and|the)\s|[A-Z][\w'\u2019-]*\s){0,4}?)
    (?:Hospital|Infirmary|Hospice|Medical\sCent(?:er|re)|Health\sCent(?:er|re)|Nursing\sHome|Clinic|County|Klinikum)\b""",
    re.VERBOSE,
)
_INSTITUTIONS = word_set("hospital infirmary hospice center centre nursing clinic county klinikum")
_FROM = word_set("patient pt")
_BOXES = word_set("box postbox postfach")
_CODES = word_set("zip postal postcode post")
_PARTS = re.compile(r"[A-Za-z\u00c0-\u00ff]+")


def find_places(reading: Reading) -> Iterator[Identifier]:
    """Yield the addresses in a text."""
    text, lowered = reading.text, reading.lowered
    if reading.digits:
        for match in _STREET.finditer(text):
            if _unheard(match["words"] or match["capitals"] or match["german"] or ""):
                yield _place(match)
        for match in _ZIP.finditer(text):
            if not is_ordinary(match["town"].lower()):
                yield _place(match)
        if _INWARD.search(text):
            for match in _BRITISH.finditer(text):
                yield _place(match)
        if reading.has(_BOXES):
            for match in _BOX.finditer(lowered):
                yield _place(match)
        if reading.has(_CODES):
            for match in _NAMED_CODE.finditer(lowered):
                yield Identifier("address", *match.span(), match["value"])
    if reading.has(_HOMES) or ("from" in reading.words and reading.has(_FROM)):
        for match in _HOME.finditer(text):
            if _unheard(match["value"]):
                yield Identifier("address", match.start("value"), match.end(), match["value"].lower())
    if reading.has(_INSTITUTIONS):
        for match in _INSTITUTION.finditer(text):
            if _unheard(match["words"]):
                yield _place(match)


def _unheard(words: str) -> bool:
    """Return whether any of the words is none of reports: "Elm", where "Right Lower" are."""
    return any(len(word) > 1 and not is_of_reports(word.lower()) and word.strip("Xx") for word in _PARTS.findall(words))


def _place(match: re.Match[str]) -> Identifier:
    return Identifier("address", *match.span(), match[0].lower())
