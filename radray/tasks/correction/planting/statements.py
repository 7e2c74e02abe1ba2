"""Light word logic: which sentence asserts, denies or doubts which finding, on which side.

It answers only where a sentence is plain, and leaves all others alone, so that a planted error is an error. It shares
no word list with `radray.language` and `radray.checks`: planted errors test these.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

LEXICON: dict[str, tuple[str, str]] = {
    # name: the pattern that recognises it, and its noun
    "pneumothorax": (r"pneumothora(?:x|ces)", "pneumothorax"),
    "effusion": (r"effusions?|pleural fluid", "pleural effusion"),
    "consolidation": (r"consolidations?", "consolidation"),
    "edema": (r"o?edema", "pulmonary edema"),
    "cardiomegaly": (
        r"cardiomegaly|(?:heart|cardiac silhouette|heart size|cardiac size) (?:is |size is )?(?:\w+ )?enlarged"
        r"|enlarged (?:heart|cardiac)",
        "cardiomegaly",
    ),
    "rib_fracture": (r"rib fractures?|fractures? of the [\w ]{0,30}ribs?", "rib fracture"),
    "atelectasis": (r"atelecta\w+", "atelectasis"),
    "opacity": (r"opacit(?:y|ies)|airspace disease|air space disease|infiltrates?", "opacity"),
    "nodule": (r"nodules?|nodular\w*", "nodule"),
    "mass": (r"mass(?:es)?", "mass"),
    "granuloma": (r"granulomas?", "granuloma"),
    "scarring": (r"scar(?:ring|s)?|fibrosis", "scarring"),
    "emphysema": (r"emphysem\w*|copd|hyperinflat\w+|hyperexpan\w+", "emphysema"),
    "thickening": (r"pleural thickening", "pleural thickening"),
    "hemidiaphragm": (r"elevat\w+ (?:of )?(?:the )?(?:left |right )?(?:hemi)?diaphragm", "hemidiaphragm elevation"),
    "compression": (r"compression (?:deformit|fracture)\w*|loss of height", "compression deformity"),
    "hernia": (r"(?:hiatal |hiatus )?hernia\w*", "hiatal hernia"),
    "scoliosis": (r"scolio\w+|curvature", "scoliosis"),
    "degeneration": (r"degenerative (?:\w+ )?(?:changes?|disease)|spondylosis", "degenerative change of the spine"),
    "blunting": (r"blunt\w+", "blunting of the costophrenic angle"),
    "aneurysm": (r"aneurysm\w*", "aortic aneurysm"),
    "free_air": (r"free (?:intraperitoneal )?air|pneumoperitoneum", "pneumoperitoneum"),
    "adenopathy": (
        r"(?:lymph)?adenopathy|lymph nodes?|hilar (?:\w+ )?(?:enlargement|fullness|prominence)",
        "adenopathy",
    ),
    "calcified": (r"calcif\w+", "calcification"),
    "hilum": (r"hil(?:ar|um|a)", "hilar enlargement"),
}
PATTERNS = {name: re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE) for name, (pattern, _) in LEXICON.items()}
NAMES = {name: word for name, (_, word) in LEXICON.items()}

_NEGATION = re.compile(
    r"\b(?:no|not|without|negative|free of|absen\w+|none|nor|neither|never|clear of|resol\w+|unlikely|rather than"
    r"|cleared)\b"
    r"|n't\b|\brul\w+ out|\bexclud",
    re.IGNORECASE,
)
_DOUBT = re.compile(
    r"\b(?:possib\w+|probab\w+|likely|may|might|could|suspect\w*|question\w*|suggest\w*|versus|vs|or|cannot|consider\w*"
    r"|equivocal|concern\w*|appear\w*|presum\w+|perhaps|compatible|consistent|represent\w*|suspicious|differential|if|old"
    r"|healed|history|evaluat\w+|would|should|borderline|potential\w*|and/or|definite\w*|convincing|reflect\w*|assess\w*)\b"
    r"|\?|___|XXXX",
    re.IGNORECASE,
)
_LARGER = re.compile(
    r"\b(?:large|larger|significant|sizable|massive|acute|displaced|new|definite|gross|obvious|lobar"
    r"|confluent|suspicious)\b",
    re.IGNORECASE,
)
_SIDES = re.compile(r"\b(left|right|bilateral(?:ly)?|both|bibasilar|bibasal|biapical|lingula\w*)\b", re.IGNORECASE)
_PRIOR = re.compile(
    r"\b(?:unchanged|stable|stably|interval|previous\w*|prior|compar\w+|since|again|persist\w*|remain\w*|new|old|resol\w+"
    r"|increas\w+|decreas\w+|improv\w+|wors\w+|chang\w+|earlier|progress\w+|residual|removed|clearing|no longer"
    r"|redemonstrat\w+"
    r"|now|still|continu\w+|former\w*|ago|last|develop\w+|healed|healing|chronic\w*|post\w*|follow\w*|known|today|current\w*)\b",
    re.IGNORECASE,
)
_CACHED = 4096
"""Results of `statements_of` that are kept: a report is asked for the same ones by each error that is tried."""
_STOP = re.compile(r"(?<=[a-z0-9)_][.;?!])\s+(?=[A-Z0-9_(])|(?<=\d\.)\s+(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Report:
    """What an error is planted in."""

    findings: str
    background: str | None
    impression: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What one sentence says about one finding."""

    state: str
    """present, absent or unclear."""
    sides: frozenset[str]
    sentence: str
    words: str
    """How the finding is called here."""


def sentences(text: str) -> list[str]:
    """Return the sentences of `text`."""
    return [part.strip() for part in _STOP.split(text) if part.strip()]


def sides(text: str) -> frozenset[str]:
    """Return the sides named in `text`, both where it says so."""
    named: set[str] = set()
    for match in _SIDES.finditer(text):
        word = match[1].lower()
        named |= {word} if word in ("left", "right") else {"left"} if word.startswith("ling") else {"left", "right"}
    return frozenset(named)


def _state(sentence: str, start: int, end: int) -> str:
    negation = _NEGATION.search(sentence)
    if _DOUBT.search(sentence):
        # "no effusion or pneumothorax" is a plain denial
        denial = re.match(r"(?:there (?:is|are) |the lungs are )?(?:no|without|negative for|free of)\b", sentence, re.I)
        others = _DOUBT.sub(lambda m: "" if m[0].lower() == "or" else m[0], sentence)
        if not denial or _DOUBT.search(others):
            return "unclear"
    if negation is None:
        return "present"
    between = sentence[negation.end() : start]
    plain = bool(
        re.match(
            r"(?:there (?:is|are) |the lungs are |lungs are )?(?:no|without|negative for|free of)\b", sentence, re.I
        )
        and not re.search(
            r"\b(?:but|however|although|except|other than|change|with|which|otherwise|,? there)\b", sentence
        )
        and not _LARGER.search(sentence)
    )
    seen = re.search(r"\b(?:is|are) not seen|not (?:identified|present)", sentence[end:])
    if plain and negation.start() < start and not re.search(r"[;:.]", between):
        return "absent"
    return "absent" if seen and negation.start() > end and not _LARGER.search(sentence) else "unclear"


def statements_of(name: str, text: str) -> list[Statement]:
    """Return what `text` says of the finding `name`, sentence by sentence."""
    return list(_statements(name, text))


@lru_cache(maxsize=_CACHED)
def _statements(name: str, text: str) -> tuple[Statement, ...]:
    return tuple(
        Statement(_state(sentence, match.start(), match.end()), sides(sentence), sentence, match[0].lower())
        for sentence in sentences(text)
        for match in PATTERNS[name].finditer(sentence)
    )


def only(name: str, text: str, state: str) -> list[Statement]:
    """Return the statements about `name` where every sentence that names it has `state`; else none."""
    statements = statements_of(name, text)
    return statements if statements and all(statement.state == state for statement in statements) else []


def held(name: str, text: str) -> list[Statement]:
    """Return the statements about `name` where no sentence that names it has a negation; else none."""
    statements = statements_of(name, text)
    return [] if any(_NEGATION.search(statement.sentence) for statement in statements) else statements


def names(name: str, *texts: str | None) -> bool:
    """Return whether any of `texts` names the finding at all."""
    return any(text and PATTERNS[name].search(text) for text in texts)


def speaks_of_prior(text: str | None) -> bool:
    """Return whether `text` has a word that might speak of an earlier exam."""
    return bool(text and _PRIOR.search(re.sub(r"[- ]year[- ]old\b", "", text, flags=re.IGNORECASE)))
