"""Positions of tube tips, numbered ribs and the direction of change, from the words around a mention."""

import re
from functools import lru_cache

from radray.checks.spans import sentence_of
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
            r"stomach|gastric\s+(?:body|fundus|antrum|lumen)|below\s+the\s+(?:gastro[-\s]?o?esophageal|ge)\s+junction|below\s+the\s+(?:\w+\s+)?diaphragm|left\s+upper\s+quadrant",
        ),
        ("duodenum", r"duoden|post-?pyloric|jejun"),
        ("esophagus", r"(?<!gastro-)(?<!gastro\s)o?esophag"),
        ("carina", r"(?:above|superior\s+to|from|below|at)\s+the\s+(?:level\s+of\s+the\s+)?(?:carina|clavic)"),
        ("bronchus", r"(?:main\s?-?(?:stem)?|lobe|lower\s+lobe)\s+bronch|main\s?-?stem\b|bronchus"),
        ("pharynx", r"pharyn"),
        (
            "pleural space",
            r"(?:in|into|within)\s+the\s+(?:\w+\s+)?(?:pleural\s+space|lung\s+parenchyma|chest\s+wall|fissure)",
        ),
    )
)
"""Tip positions of tubes and lines; the access site of a line ("jugular catheter") is not one."""
_AWRY = re.compile(
    r"\b(?:coil(?:ed|s)|kink\w*|loop(?:ed|s)|malposition\w*|misplac\w*|dislodg\w*|fractur\w*|too\s+(?:high|low|deep|far)|migrat\w*"
    r"|retract\w*|disconnect\w*)",
    re.IGNORECASE,
)
"""Words for a tube that is out of position, wherever its tip lies."""
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
ORDINAL = rf"(?:\d{{1,2}}(?:st|nd|rd|th)?|{'|'.join(_ORDINALS)})"
_RIBS = re.compile(
    rf"\b(?P<numbers>{ORDINAL}(?:(?:\s*(?:-|,|and|to|through|or|&)\s*)+{ORDINAL}){{0,8}})\s+"
    r"(?:(?:anterior|posterior|lateral|anterolateral|posterolateral|left|right)\s+){0,3}ribs?\b"
    rf"|\bribs?\s+(?:(?:numbers?|fractures?)\s+)?\(?(?P<after>\d{{1,2}}(?:(?:\s*(?:-|,|and|to|through|or|&)\s*)+\d{{1,2}}){{0,8}})\b(?!\s?(?:mm|cm|views?))",
    re.IGNORECASE,
)
_NUMBER_WORD = re.compile(ORDINAL, re.IGNORECASE)
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
"""Wordings of a direction of change."""
DIRECTION = {"new": "worse", "increased": "worse", "decreased": "better", "resolved": "better", "unchanged": "same"}


@lru_cache(maxsize=2048)
def tips(text: str, start: int, end: int) -> tuple[frozenset[str], bool]:
    """Return the tip positions in the sentence `start` to `end` of `text`, and whether a tube is out of position."""
    places = frozenset(name for name, pattern in _TIPS if pattern.search(text, start, end))
    return places, _AWRY.search(text, start, end) is not None


def tips_meet(first: frozenset[str], second: frozenset[str]) -> bool:
    """Return whether two sets of tip positions agree: they share one, have adjacent ones, or one set is empty."""
    if not first or not second or not first.isdisjoint(second):
        return True
    return any(not near.isdisjoint(first) and not near.isdisjoint(second) for near in _NEAR_TIPS)


@lru_cache(maxsize=512)
def find_ribs(text: str) -> tuple[tuple[frozenset[int], int, int], ...]:
    """Return (ribs, start, end) for each phrase of `text` that numbers ribs: "fourth to seventh" gives 4, 5, 6, 7."""
    if "rib" not in text.lower():
        return ()
    hits = []
    for match in _RIBS.finditer(text):
        hits.append((read_ordinals(match["numbers"] or match["after"]), match.start(), match.end()))
    return tuple(hits)


def read_ordinals(words: str) -> frozenset[int]:
    """Return the numbers in `words`: "fourth to seventh" gives 4, 5, 6, 7; empty for none."""
    numbers: set[int] = set()
    end, last = 0, None
    for number_at in _NUMBER_WORD.finditer(words):
        number = _ORDINALS.get(number_at[0].lower()) or int(re.sub(r"\D", "", number_at[0]) or 0)
        if last is not None and _RANGE.search(words, end, number_at.start()):
            numbers.update(range(last, number))
        numbers.add(number)
        end, last = number_at.end(), number
    return frozenset(numbers)


def direction(mention: Mention, text: str) -> str | None:
    """Return the direction of change (worse, better, same): the mention's own, else that of its sentence in `text`.

    None where neither states one, or the sentence states several.
    """
    if mention.change is not None:
        return DIRECTION[mention.change]
    return _way(text, *sentence_of(text, mention.start))


@lru_cache(maxsize=2048)
def _way(text: str, start: int, end: int) -> str | None:
    ways = [way for way, pattern in _WAYS if pattern.search(text, start, end)]
    return ways[0] if len(ways) == 1 else None
