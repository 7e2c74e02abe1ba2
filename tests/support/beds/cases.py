"""Template pairs: a few findings with their attributes, worded differently in the findings and in the impression."""

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from tests.support.beds.case_words import (
    COMPLAINTS,
    KINDS,
    LEVELS,
    LOBES,
    NORMALS,
    RIBS,
    SCALES,
    WITH_PRIOR,
    WITHOUT_PRIOR,
    Kind,
)

CHANGED = {
    "increased": ("has increased", "is larger", "has worsened", "has progressed"),
    "decreased": ("has decreased", "is smaller", "has improved"),
    "unchanged": ("is unchanged", "is stable", "has not changed"),
}
CONCLUDED = {
    "increased": ("increased", "worsened", "larger than before", "has increased since the prior"),
    "decreased": ("decreased", "improved", "smaller than before", "has decreased since the prior"),
    "unchanged": ("unchanged", "stable", "without change"),
}
SURE, MAYBE = "sure", "maybe"


@dataclass(frozen=True, slots=True)
class Stated:
    """One finding with its attributes."""

    kind: Kind
    side: str = ""
    place: str = ""
    size: str = ""
    cm: str = ""
    change: str = ""
    belief: str = SURE


def draw_stated(draw: Random, kind: Kind) -> Stated:
    """Return a finding of `kind` with attributes drawn."""
    side = draw.choice(("left", "right")) if kind.place in ("side", "lobe", "rib") else ""
    place = ""
    if kind.place == "lobe":
        place = draw.choice(LOBES[side])
    elif kind.place in ("rib", "level"):
        place = draw.choice(RIBS if kind.place == "rib" else LEVELS)
    scale = SCALES[kind.scale]
    size = draw.choice(scale) if scale else ""
    low, high = (31, 75) if kind.name == "mass" else (4, 29)
    cm = f"{draw.randint(low, high) / 10:.1f}" if kind.cm else ""
    return Stated(kind, side, place, size, cm)


def _noun_phrase(draw: Random, stated: Stated, noun: str) -> str:
    words = [stated.size]
    where = ""
    if stated.kind.place == "side":
        way = draw.random()
        if way < 0.7:
            words.append(stated.side + draw.choice(("", "", "-sided", " sided")))
        else:
            where = f"on the {stated.side}"
    elif stated.kind.place == "lobe":
        if draw.random() < 0.6:
            words.append(f"{stated.side} {stated.place}")
        else:
            where = f"in the {stated.side} {stated.place}"
    elif stated.kind.place == "rib":
        if noun == "rib fracture" and draw.random() < 0.6:
            words.append(f"{stated.side} {stated.place}")
        else:
            noun, where = "fracture", f"of the {stated.side} {stated.place} rib"
    elif stated.kind.place == "level":
        if draw.random() < 0.6:
            words.append(stated.place)
        else:
            where = f"of {stated.place}"
    measure = ""
    if stated.cm:
        if draw.random() < 0.6:
            words.insert(0, f"{stated.cm} cm")
        else:
            measure = f"measuring {stated.cm} cm"
    return " ".join(part for part in (*words, noun, where, measure) if part)


_FRAMES = (
    *("There is {subject}.", "{Subject} is seen.", "{Subject} is noted.", "{Subject} is present.", "{Np}."),
    "Note is made of {subject}.",
)
_HEDGES = (
    *(
        "{Np} is possible.",
        "Possible {np}.",
        "There may be {subject}.",
        "{Subject} cannot be excluded.",
        "Probable {np}.",
    ),
    *("Questionable {np}.", "Findings may represent {subject}.", "There is suspected {np}."),
)
_DENIALS = (
    *("No {}.", "There is no {}.", "No evidence of {}.", "Negative for {}.", "No {} is seen.", "No {} identified."),
    *("There is no evidence of {}.", "No radiographic evidence of {}.", "No visible {}."),
)
_DOUBTS = (
    *("possible {}", "probable {}", "suspected {}", "questionable {}", "{} is possible", "may represent {}"),
    *("cannot exclude {}", "likely {}"),
)
_ITEMS = ("{}", "{}", "{}", "{} is present", "{}, as described", "there is {}", "{} is noted")
_UNCOUNTED = frozenset(
    {"atelectasis", "edema", "cardiomegaly", "free_air", "emphysema", "scarring", "scoliosis", "thickening"}
    | {"pneumomediastinum"}
)


def capital(text: str) -> str:
    """Return `text` with its first letter a capital."""
    return text[:1].upper() + text[1:]


def finding(draw: Random, stated: Stated) -> str:
    """Return a sentence of the findings."""
    np = _noun_phrase(draw, stated, draw.choice(stated.kind.nouns))
    if stated.change:
        since = draw.choice(("", " since the prior study", " in the interval"))
        return f"The {np} {draw.choice(CHANGED[stated.change])}{since}."
    uncounted = stated.kind.name in _UNCOUNTED or any(word in np for word in ("fluid", "consolidation"))
    article = "" if uncounted else ("an " if np[0] in "aeiou" else "a ")
    wording = draw.choice(_HEDGES if stated.belief == MAYBE else _FRAMES)
    return wording.format(np=np, Np=capital(np), subject=article + np, Subject=capital(article + np))


def item(draw: Random, stated: Stated) -> str:
    """Return an item of the impression, without a stop."""
    np = _noun_phrase(draw, stated, draw.choice(stated.kind.concluded))
    if stated.change:
        concluded = draw.choice(CONCLUDED[stated.change])
        return f"{np}, {concluded}" if draw.random() < 0.7 or " " in concluded else f"{concluded} {np}"
    if stated.belief == MAYBE:
        return draw.choice(_DOUBTS).format(np)
    return draw.choice(_ITEMS).format(np)


def denial(draw: Random, noun: str) -> str:
    """Return a sentence that denies what is called `noun`."""
    return draw.choice(_DENIALS).format(noun)


def impression(draw: Random, items: list[str]) -> str:
    """Return the items as an impression: a list, sentences, or one line."""
    way = draw.random()
    if len(items) > 1 and way < 0.4:
        return " ".join(f"{number}. {capital(text)}." for number, text in enumerate(items, 1))
    if way < 0.5:
        return "; ".join(items) + draw.choice(("", "."))
    if way < 0.6:
        return ". ".join(items) + "."
    return " ".join(capital(text) + "." for text in items)


def kinds(draw: Random, count: int, *, wanted: Kind | None = None) -> list[Kind]:
    """Return `count` kinds of different topics, `wanted` first."""
    chosen = [wanted] if wanted else []
    pool = [kind for kind in KINDS if not kind.critical or kind.name == "pneumothorax"]
    draw.shuffle(pool)
    for kind in pool:
        if len(chosen) >= count:
            break
        if all(
            kind.name != other.name and (kind.topic or kind.name) != (other.topic or other.name) for other in chosen
        ):
            chosen.append(kind)
    return chosen


def background(draw: Random, *, known_prior: bool) -> str:
    """Return an indication and what there was to compare with."""
    prior = draw.choice(WITH_PRIOR if known_prior else WITHOUT_PRIOR)
    return f"Indication: {capital(draw.choice(COMPLAINTS))}. {prior}"


def normals(draw: Random, taken: set[str]) -> list[str]:
    """Return a few normal sentences on topics other than `taken`."""
    free = [topic for topic in NORMALS if topic not in taken and (topic != "clear" or not taken)]
    return [draw.choice(NORMALS[topic]) for topic in draw.sample(free, min(len(free), draw.randint(1, 3)))]


def mixed(draw: Random, sentences: list[str]) -> str:
    """Return the sentences in any order."""
    draw.shuffle(sentences)
    return " ".join(sentences)


def changed(stated: Stated, **attributes: Any) -> Stated:
    """Return `stated` with other attributes."""
    return replace(stated, **attributes)
