"""Planting of errors in the attributes of a finding that the report names: side, polarity, size, place and the like."""

import re
from dataclasses import dataclass
from random import Random

from radray.tasks.correction.planting.statements import (
    NAMES,
    PATTERNS,
    Report,
    Statement,
    held,
    names,
    only,
    statements_of,
)

_SIDED = (
    *("effusion", "pneumothorax", "consolidation", "rib_fracture", "atelectasis", "opacity", "nodule", "mass"),
    *("granuloma", "scarring", "thickening", "hemidiaphragm", "blunting"),
)
LUNG = ("consolidation", "atelectasis", "opacity", "nodule", "mass", "granuloma", "scarring")
"""Findings of the lungs, of which one may be called another."""
_DENIED = (
    "pneumothorax",
    "effusion",
    "consolidation",
    "edema",
    "mass",
    "nodule",
    "opacity",
    "free_air",
    "rib_fracture",
)
_ASSERTED = (
    "effusion",
    "pneumothorax",
    "cardiomegaly",
    "atelectasis",
    "scoliosis",
    "hernia",
    "edema",
    "opacity",
    "granuloma",
)
_GRADED = {
    **dict.fromkeys(("effusion", "pneumothorax", "hernia"), "Large"),
    **dict.fromkeys(
        ("cardiomegaly", "atelectasis", "edema", "scoliosis", "compression", "emphysema", "degeneration"), "Severe"
    ),
    "thickening": "Marked",
}
_OTHER = {"left": "right", "right": "left"}
VAGUE = ("hilum", "calcified", "degeneration")
"""Names that stand for many things: no attribute is changed by them."""


@dataclass(frozen=True, slots=True)
class Planted:
    """An impression with an error planted in it."""

    kind: str
    """What is wrong: side, polarity, ..."""
    way: str
    """How it was planted."""
    wrong: str
    """The impression with the error."""


def planted(kind: str, way: str, wrong: str, report: Report) -> Planted | None:
    """Return the impression `wrong` with its error; None where it says the same as the report's own."""
    return None if wrong.split() == report.impression.split() else Planted(kind, way, wrong)


def with_sentence(text: str, sentence: str) -> str:
    """Return `text` with a sentence after it."""
    text = text.rstrip()
    return f"{text}{'' if text.endswith(('.', '!', '?')) else '.'} {sentence}".strip()


def _swapped(text: str, swaps: dict[str, str]) -> str:
    def swap(match: re.Match[str]) -> str:
        other = swaps[match[0].lower()]
        return other.capitalize() if match[0][0].isupper() else other

    return re.sub(rf"\b(?:{'|'.join(swaps)})\b", swap, text, flags=re.IGNORECASE)


def shuffled(draw: Random, values: tuple[str, ...]) -> list[str]:
    """Return `values` in a drawn order."""
    return draw.sample(values, len(values))


def by_its_name(name: str, statements: list[Statement]) -> bool:
    """Return whether the finding itself is named: what hyperinflation or a full hilum is taken for may be doubted."""
    own = {
        "opacity": "opac",
        "nodule": "nodules?$",
        "emphysema": "emphys",
        "adenopathy": ".*adenopathy",
        "blunting": "$",
        "hernia": "hiat",
    }
    return all(re.match(own.get(name, ""), statement.words) for statement in statements)


def concluding(name: str, report: Report) -> list[Statement]:
    """Return what the impression says of the finding `name`."""
    return statements_of(name, report.impression)


def side(draw: Random, report: Report) -> Planted | None:
    """Put a finding that findings put on one side on the other."""
    for name in shuffled(draw, _SIDED):
        statements = held(name, report.findings)
        named = frozenset().union(*(statement.sides for statement in statements))
        if (
            len(named) != 1
            or any(len(statement.sides) != 1 for statement in statements)
            or names(name, report.background)
        ):
            continue
        (true,) = named
        group = LUNG if name in LUNG else (name,)
        elsewhere = [
            statement
            for other in group
            for statement in statements_of(other, report.findings)
            if statement.state != "absent"
        ]
        if any(_OTHER[true] in statement.sides for statement in elsewhere):
            continue
        concluded = concluding(name, report)
        if not concluded:
            wording = draw.choice(
                (f"{_OTHER[true].capitalize()} {NAMES[name]}.", f"{_OTHER[true].capitalize()}-sided {NAMES[name]}.")
            )
            if name in ("granuloma", "nodule", "mass", "opacity", "scarring", "consolidation"):
                wording = f"{NAMES[name].capitalize()} in the {_OTHER[true]} lung."
            if name == "blunting":
                wording = f"Blunting of the {_OTHER[true]} costophrenic angle."
            if name == "hemidiaphragm":
                wording = f"Elevated {_OTHER[true]} hemidiaphragm."
            return planted("side", "appended", with_sentence(report.impression, wording), report)
        plain = [
            statement
            for statement in concluded
            if statement.sides == {true} and not re.search(r"middle|lingul", statement.sentence, re.I)
        ]
        if len(plain) == 1:
            wrong = report.impression.replace(plain[0].sentence, _swapped(plain[0].sentence, {true: _OTHER[true]}))
            return planted("side", "swapped", wrong, report)
    return None


def polarity(draw: Random, report: Report) -> Planted | None:
    """Assert what findings deny, or deny what they assert."""
    ways = [_asserted, _denied] if draw.random() < 0.5 else [_denied, _asserted]
    return ways[0](draw, report) or ways[1](draw, report)


def _asserted(draw: Random, report: Report) -> Planted | None:
    for name in shuffled(draw, _DENIED):
        statements = only(name, report.findings, "absent")
        if not statements or names(name, report.background):
            continue
        concluded = concluding(name, report)
        if not concluded:
            adjective = draw.choice(("Small", "Right", "Left", "Moderate", "There is a", "Large"))
            if name in ("edema", "free_air"):
                adjective = draw.choice(("There is", "Mild", "Moderate"))
            # to deny an infiltrate is not to deny every opacity
            noun = statements[0].words if name == "opacity" or draw.random() < 0.4 else NAMES[name]
            if adjective == "There is a" and (noun.endswith(("s", "disease")) or noun[0] in "aeiou"):
                adjective = "Left"
            wording = f"{adjective} {noun}."
            return planted("polarity", "asserted", with_sentence(report.impression, wording), report)
        alone = re.fullmatch(rf"No (?:{PATTERNS[name].pattern})\.?", concluded[0].sentence, re.IGNORECASE)
        if alone and len(concluded) == 1:
            wrong = report.impression.replace(concluded[0].sentence, concluded[0].sentence[3:].capitalize())
            return planted("polarity", "no dropped", wrong, report)
    return None


def _denied(draw: Random, report: Report) -> Planted | None:
    for name in shuffled(draw, _ASSERTED):
        statements = only(name, report.findings, "present")
        if not statements or not by_its_name(name, statements):
            continue
        concluded = concluding(name, report)
        if name == "opacity" and not concluded and names("consolidation", report.impression):
            continue
        wording = draw.choice((f"No {NAMES[name]}.", f"There is no {NAMES[name]}.", f"No evidence of {NAMES[name]}."))
        if not concluded:
            return planted("polarity", "denied", with_sentence(report.impression, wording), report)
        if len({statement.sentence for statement in concluded}) == 1 and concluded[0].state == "present":
            wrong = report.impression.replace(concluded[0].sentence, wording)
            return planted("polarity", "replaced by denial", wrong, report)
    return None


def severity(draw: Random, report: Report) -> Planted | None:
    """Make a small or mild finding large or severe."""
    for name in shuffled(draw, tuple(_GRADED)):
        statements, concluded = statements_of(name, report.findings), concluding(name, report)
        little = r"\b(?:trace|tiny|small|mild|mildly|minimal|minimally|slight|slightly)\b"
        if len(statements) != 1 or statements[0].state != "present" or names(name, report.background):
            continue
        if not by_its_name(name, statements):
            continue
        sentence = statements[0].sentence
        named = PATTERNS[name].search(sentence)
        before = sentence[: named.end()] if named else ""
        if not re.search(rf"{little}(?: (?!and\b|or\b|with\b)[\w-]+){{0,4}}$", before, re.IGNORECASE) or re.search(
            r"large|severe|moderate|marked|massive", sentence, re.IGNORECASE
        ):
            continue
        if not concluded:
            wrong = with_sentence(report.impression, f"{_GRADED[name]} {NAMES[name]}.")
            return planted("severity", "appended", wrong, report)
        if len({statement.sentence for statement in concluded}) == 1 and concluded[0].state == "present":
            wrong = report.impression.replace(concluded[0].sentence, f"{_GRADED[name]} {NAMES[name]}.")
            return planted("severity", "replaced", wrong, report)
    return None


def location(draw: Random, report: Report) -> Planted | None:
    """Move a finding to another lobe of the same lung."""
    lobes = re.compile(r"\b(left|right) (upper|lower) (lobe|lung)\b", re.IGNORECASE)
    for name in shuffled(draw, ("nodule", "mass", "granuloma", "opacity", "consolidation", "scarring", "atelectasis")):
        statements = held(name, report.findings)
        if len({statement.sentence for statement in statements}) != 1 or names(name, report.background):
            continue
        named = lobes.findall(statements[0].sentence)
        if len(named) != 1 or re.search(
            r"middle|mid|lingul|bilat|both|apex|apical|bas", statements[0].sentence, re.IGNORECASE
        ):
            continue
        where, level, _ = (word.lower() for word in named[0])
        others = [
            statement
            for other in LUNG
            if other != name
            for statement in statements_of(other, report.findings)
            if statement.state != "absent"
        ]
        if any(statement.sentence != statements[0].sentence for statement in others):
            continue
        other = {"upper": "lower", "lower": "upper"}[level]
        concluded = concluding(name, report)
        if not concluded:
            wording = f"{NAMES[name].capitalize()} in the {where} {other} lobe."
            return planted("location", "appended", with_sentence(report.impression, wording), report)
        plain = {statement.sentence for statement in concluded if len(lobes.findall(statement.sentence)) == 1}
        if len(plain) == 1:
            (sentence,) = plain
            wrong = report.impression.replace(sentence, _swapped(sentence, {level: other}))
            return planted("location", "swapped", wrong, report)
    return None
