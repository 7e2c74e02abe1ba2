"""Addresses of mail, web and computers, and files of pictures."""

import re
from collections.abc import Iterator

from radray.checks.identifiers.kinds import Identifier
from radray.language.alternation import holds

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}|(?<!\w)@[a-z][\w.]{3,30}\b")
_DOMAIN = (
    r"(?:com|org|net|edu|gov|mil|int|info|biz|io|health|care|med|example|test|co\.[a-z]{2}|ac\.[a-z]{2}|nhs\.uk|de|fr)"
)
_URL = re.compile(
    rf"""\b(?:
        (?:https?|ftps?|sftp|file|dicom|s3)://[^\s<>"')\]]{{3,}}
        | www\.[\w-]{{2,63}}\.[^\s<>"')\]]{{2,}}
        | [a-z0-9][\w-]{{0,62}}(?:\.[\w-]{{1,63}}){{0,3}}\.{_DOMAIN}(?:/[^\s<>"')\]]*|\b(?![\w.@-]))
    )""",
    re.VERBOSE,
)
_WEB = (
    *(
        "://",
        "www.",
        ".com",
        ".org",
        ".net",
        ".edu",
        ".gov",
        ".mil",
        ".info",
        ".biz",
        ".io",
        ".health",
        ".care",
        ".med",
    ),
    *(".example", ".test", ".co.", ".ac.", ".nhs", ".de/", ".fr/"),
)
_PHOTO = re.compile(r"[\w%()-][\w%().-]{0,80}\.(?:jpe?g|png|heic|tiff?|bmp|gif|dcm|webp|raw|mp4|mov)\b")
_PORTRAIT = re.compile(r"\b(?:full[\s-]?face|facial)\s(?:photo\w*)")
_DOT_INSIDE = re.compile(r"\.(?=[a-z])")
_PICTURES = (".jp", ".png", ".hei", ".tif", ".bmp", ".gif", ".dcm", ".webp", ".raw", ".mp4", ".mov")
_IP6 = re.compile(
    r"(?<![\w:])(?=[0-9a-f:]{0,40}\d)(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4}|:)(?::[0-9a-f]{1,4}){0,6}(?![\w:])"
)


def find_links(lowered: str) -> Iterator[Identifier]:
    """Yield mail and web addresses, files of pictures and IPv6 addresses in a text in lower case."""
    if "@" in lowered:
        for match in _EMAIL.finditer(lowered):
            yield Identifier("email", *match.span(), match[0])
    if lowered.count(":") > 3:
        for match in _IP6.finditer(lowered):
            if match[0].count(":") > 3:
                yield Identifier(
                    "ip" if "::" in match[0] or match[0].count(":") != 5 else "device", *match.span(), match[0]
                )
    if "photo" in lowered:
        for match in _PORTRAIT.finditer(lowered):
            yield Identifier("photo", *match.span(), match[0])
    if _DOT_INSIDE.search(lowered) is None and "://" not in lowered:
        return
    if holds(lowered, _PICTURES):
        for match in _PHOTO.finditer(lowered):
            yield Identifier("photo", *match.span(), match[0])
    if holds(lowered, _WEB):
        for match in _URL.finditer(lowered):
            yield Identifier("url", *match.span(), match[0])
