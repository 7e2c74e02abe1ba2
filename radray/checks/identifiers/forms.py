"""Numbers that their form alone gives away: social security, telephone, computers, UIDs, and any that is long."""

import re
from collections.abc import Iterator

from radray.checks.identifiers.kinds import Identifier, Reading, word_set

_LONG = re.compile(r"\d(?:[ ()./:-]{0,2}\d){3}")
"""Four digits with little between them: what is looked at closely. Most reports have none."""
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_UNIT = r"(?!\s?(?:units?|iu|i\.u\.|mgy|mg|ml|mcg|cc|mbq|mci|cells|hu|hz|x)\b|/\s?(?:u?l|mm)\b)"
_FORM = re.compile(
    rf"""
    (?P<ssn>(?<![\w-])\d{{3}}-\d{{2}}-\d{{4}}(?![\w-])|(?<![\w.-])(?<!\d[ ])\d{{3}}[ ]\d{{2}}[ ]\d{{4}}(?!\w|[ ]\d))
    | (?P<ip>(?<![\w.])(?:{_OCTET}\.){{3}}{_OCTET}(?!\w|\.\d))
    | (?P<uid>(?<![\w.])\d+(?:\.\d+){{4,}})
    | (?P<uuid>(?<!\w)[0-9a-f]{{8}}-(?:[0-9a-f]{{4}}-){{3}}[0-9a-f]{{12}}(?!\w))
    | (?P<device>(?<!\w)(?:[0-9a-f]{{2}}[:-]){{5}}[0-9a-f]{{2}}(?!\w))
    | (?P<account>(?<![\w-])\d{{4}}(?P<gap>[ -])\d{{4}}(?P=gap)\d{{4}}(?P=gap)\d{{3,4}}(?!\w))
    | (?P<phone>
        (?<![\w.])(?:\+?1[\s.-]?)?(?:\(\d{{3}}\)\s?|\d{{3}}[\s.-])\d{{3}}[\s.-]\d{{4}}(?![\w-])
        | \+\d{{1,3}}[ .-]?\(?\d{{1,4}}\)?(?:[ .-]?\d{{2,4}}){{2,4}}(?!\w)
        | (?<![\w.(])\(?0\d{{1,4}}\)?[ -]\d{{3,4}}[ -]?\d{{3,4}}(?!\w)
        | (?<![\w.-])\d{{3}}-\d{{4}}(?![\w-]|\.\d))
    | (?P<number>
        (?<!\w)(?=[a-z-]{{0,6}}\d)[a-z]{{1,5}}-?\d{{5,}}\w{{0,6}}(?!\w)
        | (?<![\w-])\d{{2,4}}-[a-z]{{1,4}}-\d{{3,}}(?!\w)
        | (?<!\w)[a-z]{{1,4}}-?\d{{2,4}}-\d{{3,}}(?!\w)
        | (?<![\w./-])(?=[\d-]{{8}})(?!(?:19|20)\d\d-(?:19|20)\d\d(?!\d))\d{{2,}}-\d{{3,}}(?:-\d+)?(?!\w){_UNIT}
        | (?<![\w.-])(?=[\d-]{{9}})\d{{2,}}-\d{{2,}}-\d{{2,}}(?![\w-]){_UNIT}
        | (?<![\w.,])\d{{6,}}(?![\w.,]*\d){_UNIT}
        | (?<![\w-])(?=[a-z0-9]{{0,12}}[a-z])(?=(?:[a-z]{{0,6}}\d){{4}})[a-z0-9]{{8,40}}(?!\w)
    )""",
    re.VERBOSE,
)
_CAPITALS = re.compile(r"[A-Z]{5}\d\d")
_WHOLE_CAPITALS = re.compile(r"\b[A-Z]{5,24}\d{2,12}\b")
_DISEASES = ("COVID", "BIRADS", "LIRADS", "PIRADS", "TIRADS", "CORADS", "ORADS")
_FAX = re.compile(r"\b(?:fax(?:ed)?|facsimile|telefax)\b")
_COUNTED = re.compile(
    r"\b(?:images?|slices?|series|frames?|img|se|im)\b[\s:#]*(?:\d{1,4}[\s,;-]*(?:to|and|through)?\s*){0,2}\Z"
)
_BRITISH_PLATE = re.compile(r"\b[a-z]{2}\d{2}\s?[a-z]{3}\b")
_DRIVING = re.compile(r"\b(?:car|vehicle|van|truck|plates?|registration|motorcycle|lorry)\b[^.\n]{0,30}\Z")
_DRIVEN = word_set("car vehicle plate plates van truck lorry registration motorcycle")
_BEFORE, _TOKEN, _AFTER = 40, 80, 16
"""Characters that are looked at before a number, of it and what it is joined to, and behind that."""


def find_forms(reading: Reading) -> Iterator[Identifier]:
    """Yield the numbers in a text that has digits."""
    text, lowered = reading.text, reading.lowered
    done = 0
    for match in _LONG.finditer(lowered):
        if match.start() < done:
            continue
        floor = max(done, match.start() - _BEFORE)
        start = max(lowered.rfind(" ", floor, match.start()), lowered.rfind("\n", floor, match.start()), floor - 1) + 1
        blank = _BLANK.search(lowered, match.end(), match.end() + _TOKEN)
        end = (match.end() + _TOKEN if blank is None else blank.start()) + _AFTER
        for form in _FORM.finditer(lowered, start, end):
            kind = _kind(lowered, form)
            if kind is not None:
                yield Identifier(kind, *form.span(), form[0])
            done = form.end()
        done = max(done, match.end())
    if _CAPITALS.search(text):
        for match in _WHOLE_CAPITALS.finditer(text):
            if not match[0].startswith(_DISEASES):
                yield Identifier("number", *match.span(), match[0].lower())
    if reading.has(_DRIVEN):
        for match in _BRITISH_PLATE.finditer(lowered):
            if _DRIVING.search(lowered, max(0, match.start() - _BEFORE), match.start()):
                yield Identifier("vehicle", *match.span(), match[0])


def _kind(lowered: str, form: re.Match[str]) -> str | None:
    """Return which number `form` is; None for one of an image, such as "slices 100-1200"."""
    kind = next(name for name in _FORMS if form[name] is not None)
    floor = max(0, form.start() - _BEFORE)
    if kind in ("phone", "number") and _COUNTED.search(lowered, floor, form.start()):
        return None
    if kind == "phone" and _FAX.search(lowered, floor, form.start()):
        return "fax"
    return "number" if kind in ("uid", "uuid") else kind


_FORMS = ("ssn", "ip", "uid", "uuid", "device", "account", "phone", "number")
_BLANK = re.compile(r"\s")
