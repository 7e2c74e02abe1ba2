"""Where tubes end, which ribs, and which way a finding goes, read from the words around a mention."""

import re
from functools import lru_cache

from radray.checks.spans import sentence_spans
from radray.language.mentions import Mention

_TIPS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(rf"\b(?:{words})", re.IGNORECASE))
    for name, words in (
        ("svc", r"svc\b|superior\s+vena\s+cava"),
        ("cavoatrial junction", r"cavo-?\s?atrial|caval\s?-?atrial|atrio-?caval"),
        ("right atrium", r"right\s+atri(?:um|al)"),
        ("right ventricle", r"right\s+ventric"),
        ("brachiocephalic", r"brachiocephalic|innominate"),
        (
            "jugular",
            r"(?:in|into|within|up)\s+(?:the\s+)?(?:\w+\s+){0,2}?(?:jugular|neck)\b(?!\s+(?:cath|line|central|approach))",
        ),
        (
            "subclavian",
            r"(?:in|into|within)\s+(?:the\s+)?(?:\w+\s+)?(?:subclavian|axillary)\b(?!\s+(?:cath|line|approach))",
        ),
        ("azygos", r"azygos"),
        ("ivc", r"ivc\b(?!\s+filter)|inferior\s+vena\s+cava"),
        ("pulmonary artery", r"pulmonary\s+artery(?!\s+cath)"),
        (
            "stomach",
            r"stomach|gastric\s+(?:body|fundus|antrum|lumen)|below\s+the\s+(?:\w+\s+)?diaphragm|left\s+upper\s+quadrant",
        ),
        ("duodenum", r"duoden|post-?pyloric|jejun"),
        ("esophagus", r"o?esophag"),
        ("carina", r"(?:above|superior\s+to|from|below|at)\s+the\s+(?:level\s+of\s+the\s+)?(?:carina|clavic)"),
        ("bronchus", r"(?:main\s?-?(?:stem)?|lobe|lower\s+lobe)\s+bronch|main\s?-?stem\b|bronchus"),
        ("pharynx", r"pharyn"),
        (
            "pleural space",
            r"(?:in|into|within)\s+the\s+(?:\w+\s+)?(?:pleural\s+space|lung\s+parenchyma|chest\s+wall|fissure)",
        ),
    )
)
"""Where reports say that tubes and lines end; the name of a line's way in ("jugular catheter") is none."""
_AWRY = re.compile(
    r"\b(?:coil(?:ed|s)|kink\w*|loop(?:ed|s)|malposition\w*|misplac\w*|dislodg\w*|fractur\w*|too\s+(?:high|low|deep|far)|migrat\w*"
    r"|retract\w*|disconnect\w*)",
    re.IGNORECASE,
)
"""What makes a tube's place wrong in any place."""
_NEAR_TIPS = (frozenset({"svc", "cavoatrial junction"}), frozenset({"cavoatrial junction", "right atrium"}))

_ORDINALS = {
    word: number
    for number, word in enumerate(
        [
            "first",
            "second",
            "third",
            "fourth",
            "fifth",
            "sixth",
            "seventh",
            "eighth",
            "ninth",
            "tenth",
            "eleventh",
            "twelfth",
        ],
        1,
    )
}
_ORDINAL = rf"(?:\d{{1,2}}(?:st|nd|rd|th)?|{'|'.join(_ORDINALS)})"
_RIBS = re.compile(
    rf"\b(?P<numbers>{_ORDINAL}(?:(?:\s*(?:-|,|and|to|through|or|&)\s*)+{_ORDINAL}){{0,8}})\s+"
    r"(?:(?:anterior|posterior|lateral|anterolateral|posterolateral|left|right)\s+){0,3}ribs?\b"
    rf"|\bribs?\s+(?:numbers?\s+)?(?P<after>\d{{1,2}}(?:(?:\s*(?:-|,|and|to|through|or|&)\s*)+\d{{1,2}}){{0,8}})\b(?!\s?(?:mm|cm|views?))",
    re.IGNORECASE,
)
_ONE = re.compile(_ORDINAL, re.IGNORECASE)
_RANGE = re.compile(r"-|to|through", re.IGNORECASE)

_WAYS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "worse",
        re.compile(
            r"\b(?:(?:has|have|had|interval)\s+(?:\w+ly\s+)?(?:increas\w*|enlarg\w*|grown|worsen\w*|progress\w*)"
            r"|increas(?:ed|ing)\s+(?:in\s+(?:size|extent)|since|from|compared)|worsen\w*|worse\s+(?:than|since|from)|enlarging|grown|grew"
            r"|(?:larger|bigger|denser|more\s+\w+)\s+(?:than|since|compared)|(?:is|are|appears?)\s+(?:\w+ly\s+)?(?:larger|bigger)"
            r"|progression|new\s+since|not\s+(?:seen|present)\s+(?:on\s+)?(?:the\s+)?(?:prior|previous|before))\b",
            re.IGNORECASE,
        ),
    ),
    (
        "better",
        re.compile(
            r"\b(?:(?:has|have|had|interval|now|is|slightly|mildly)\s+(?:\w+ly\s+)?(?:decreas\w*|improv\w*|resol\w*|diminish\w*|clear(?:ed|ing)|shrunk)"
            r"|decreas(?:ed|ing)\s+(?:in\s+(?:size|extent)|since|from|compared)|improv(?:ed|ing|ement)|resolv(?:ed|ing)|shrunk|shrinking"
            r"|(?:smaller|less\s+\w+)\s+(?:than|since|compared)|(?:is|are|appears?)\s+(?:\w+ly\s+)?(?:smaller)|regress\w*)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "same",
        re.compile(
            r"\b(?:unchanged|stable|no\s+(?:\w+\s+){0,2}?change|similar\s+to|persist(?:s|ent)|not\s+changed)\b",
            re.IGNORECASE,
        ),
    ),
)
"""Which way a sentence says that things went."""
DIRECTION = {"new": "worse", "increased": "worse", "decreased": "better", "resolved": "better", "unchanged": "same"}


def sentence_of(text: str, position: int) -> tuple[int, int]:
    """Return the sentence of `text` at `position`; the whole text where there is none."""
    return next(((start, end) for start, end in sentence_spans(text) if start <= position < end), (0, len(text)))


@lru_cache(maxsize=2048)
def tips(text: str, start: int, end: int) -> tuple[frozenset[str], bool]:
    """Return where the sentence from `start` to `end` of `text` says that tubes end, and whether one is awry."""
    found = frozenset(name for name, pattern in _TIPS if pattern.search(text, start, end))
    return found, _AWRY.search(text, start, end) is not None


def tips_meet(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two sets of places may be of one tube: one is in both, or lies by one, or one set is empty."""
    if not one or not other or not one.isdisjoint(other):
        return True
    return any(not near.isdisjoint(one) and not near.isdisjoint(other) for near in _NEAR_TIPS)


def find_ribs(text: str) -> tuple[tuple[frozenset[int], int, int], ...]:
    """Return the ribs that `text` names by number, "fourth to seventh" as 4, 5, 6, 7, with the place of the words."""
    if "rib" not in text.lower():
        return ()
    found = []
    for match in _RIBS.finditer(text):
        words = match["numbers"] or match["after"]
        ribs: set[int] = set()
        end, last = 0, None
        for one in _ONE.finditer(words):
            number = _ORDINALS.get(one[0].lower()) or int(re.sub(r"\D", "", one[0]) or 0)
            if last is not None and _RANGE.search(words, end, one.start()):
                ribs.update(range(last, number))
            ribs.add(number)
            end, last = one.end(), number
        found.append((frozenset(ribs), match.start(), match.end()))
    return tuple(found)


def direction(mention: Mention, text: str) -> str | None:
    """Return which way the finding went: its own change, else that of its sentence in `text` if it tells one way."""
    if mention.change is not None:
        return DIRECTION[mention.change]
    return _way(text, *sentence_of(text, mention.start))


@lru_cache(maxsize=2048)
def _way(text: str, start: int, end: int) -> str | None:
    ways = [way for way, pattern in _WAYS if pattern.search(text, start, end)]
    return ways[0] if len(ways) == 1 else None
