"""Seeding of errors in the attributes of a finding that the report names: side, polarity, size, place and the like."""

import re
from dataclasses import dataclass
from random import Random

from tests.support.beds.pair import BedPair
from tests.support.beds.report_words import NAMES, PATTERNS, Report, Statement, held, names, only, statements_of

_SIDED = (
    *("effusion", "pneumothorax", "consolidation", "rib_fracture", "atelectasis", "opacity", "nodule", "mass"),
    *("granuloma", "scarring", "thickening", "hemidiaphragm", "blunting"),
)
_LUNG = ("consolidation", "atelectasis", "opacity", "nodule", "mass", "granuloma", "scarring")
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
_MEASURE = re.compile(
    r"((?:\d+(?:\.\d+)?\s*x\s*)*)(\d+(?:\.\d+)?)\s*(mm|cm|millimeters?|centimeters?)\b", re.IGNORECASE
)
_HEDGE = r"\b(?:possible|possibly|probable|probably|may represent|may be|likely|suspected|questionable|could represent)"


VAGUE = ("hilum", "calcified", "degeneration")
"""Names that stand for many things: no attribute is changed by them."""
_MEASURED = tuple(name for name in NAMES if name not in (*VAGUE, "emphysema", "cardiomegaly"))


@dataclass(frozen=True, slots=True)
class Mutation:
    """What one mutator made of a report."""

    error: str
    way: str
    wrong: str
    right: str | None = None
    findings: str | None = None
    output_cut: bool = False

    def of(self, report: Report) -> BedPair | None:
        """Return the pair, or None where nothing has changed."""
        right = self.right or report.impression
        if self.wrong.split() == right.split():
            return None
        return BedPair(
            *("b", report.study_id, self.error, self.findings or report.findings, report.background, right, self.wrong),
            identifiers=report.identifiers,
            output_cut=self.output_cut,
            way=self.way,
        )


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
    return draw.sample(values, len(values))


def by_its_name(name: str, statements: list[Statement]) -> bool:
    """Tell whether the finding itself is named: what hyperinflation or a full hilum is taken for may be doubted."""
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
    return statements_of(name, report.impression)


def side(draw: Random, report: Report) -> BedPair | None:
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
        group = _LUNG if name in _LUNG else (name,)
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
            return Mutation("side", "appended", with_sentence(report.impression, wording)).of(report)
        plain = [
            statement
            for statement in concluded
            if statement.sides == {true} and not re.search(r"middle|lingul", statement.sentence, re.I)
        ]
        if len(plain) == 1:
            wrong = report.impression.replace(plain[0].sentence, _swapped(plain[0].sentence, {true: _OTHER[true]}))
            return Mutation("side", "swapped", wrong).of(report)
    return None


def polarity(draw: Random, report: Report) -> BedPair | None:
    """Assert what findings deny, or deny what they assert."""
    ways = [_asserted, _denied] if draw.random() < 0.5 else [_denied, _asserted]
    return ways[0](draw, report) or ways[1](draw, report)


def _asserted(draw: Random, report: Report) -> BedPair | None:
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
            return Mutation("polarity", "asserted", with_sentence(report.impression, wording)).of(report)
        alone = re.fullmatch(rf"No (?:{PATTERNS[name].pattern})\.?", concluded[0].sentence, re.IGNORECASE)
        if alone and len(concluded) == 1:
            wrong = report.impression.replace(concluded[0].sentence, concluded[0].sentence[3:].capitalize())
            return Mutation("polarity", "no dropped", wrong).of(report)
    return None


def _denied(draw: Random, report: Report) -> BedPair | None:
    for name in shuffled(draw, _ASSERTED):
        statements = only(name, report.findings, "present")
        if not statements or not by_its_name(name, statements):
            continue
        concluded = concluding(name, report)
        if name == "opacity" and not concluded and names("consolidation", report.impression):
            continue
        wording = draw.choice((f"No {NAMES[name]}.", f"There is no {NAMES[name]}.", f"No evidence of {NAMES[name]}."))
        if not concluded:
            return Mutation("polarity", "denied", with_sentence(report.impression, wording)).of(report)
        if len({statement.sentence for statement in concluded}) == 1 and concluded[0].state == "present":
            wrong = report.impression.replace(concluded[0].sentence, wording)
            return Mutation("polarity", "replaced by denial", wrong).of(report)
    return None


def _millimetres(text: str) -> set[float]:
    sizes = set()
    for match in _MEASURE.finditer(text):
        factor = 1 if match[3].lower().startswith("m") else 10
        sizes |= {float(number) * factor for number in re.findall(r"\d+(?:\.\d+)?", match[1] + match[2])}
    return sizes


def measurement(draw: Random, report: Report) -> BedPair | None:
    """Change a number or a unit, or measure a finding that was not measured."""
    known = _millimetres(f"{report.findings} {report.background or ''}")
    numbers = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", report.findings)}
    inside = list(_MEASURE.finditer(report.impression))
    if inside:
        match = draw.choice(inside)
        unit = "mm" if match[3].lower().startswith("c") else "cm"
        number = match[2] if draw.random() < 0.4 else f"{float(match[2]) * draw.choice((0.4, 1.7, 2.0)) + 0.3:.1f}"
        wording = f"{match[1]}{number} {unit if number == match[2] else match[3]}"
        wrong = report.impression[: match.start()] + wording + report.impression[match.end() :]
        way = "changed"
    else:
        present = [
            name
            for name in _MEASURED
            if any(statement.state == "present" for statement in statements_of(name, report.findings))
        ]
        if not present:
            return None
        number, name = draw.choice(("1.7", "2.4", "3.3", "4.6", "7", "13", "19", "27")), draw.choice(present)
        unit = "mm" if "." not in number else "cm"
        form = draw.choice(
            ("{Name} measuring {n} {u}.", "{n} {u} {name}.", "{Name}, {n} {u}.", "{Name} measures {n} x 6 {u}.")
        )
        wrong = with_sentence(
            report.impression, form.format(n=number, u=unit, name=NAMES[name], Name=NAMES[name].capitalize())
        )
        way = "appended"
    new = _millimetres(wrong) - _millimetres(report.impression)
    if (
        not new
        or any(abs(size - other) <= 1 for size in new for other in known)
        or {size / 10 for size in new} & numbers
    ):
        return None
    return Mutation("measurement", way, wrong).of(report)


def certainty(draw: Random, report: Report) -> BedPair | None:
    """Doubt what findings assert, or assert what they doubt."""
    for name in shuffled(draw, tuple(name for name in NAMES if name not in VAGUE)):
        statements, concluded = statements_of(name, report.findings), concluding(name, report)
        if not statements or names(name, report.background) or not by_its_name(name, statements):
            continue
        hedged = re.compile(rf"{_HEDGE}(?: \w+){{0,2}} (?:{PATTERNS[name].pattern})", re.IGNORECASE)
        no = re.compile(r"\b(?:no|not|without|resol\w+|negative)\b", re.IGNORECASE)
        if all(statement.state == "present" for statement in statements):
            wording = draw.choice(
                (f"Possible {NAMES[name]}.", f"Probable {NAMES[name]}.", f"Questionable {NAMES[name]}.")
            )
        elif all(hedged.search(statement.sentence) and not no.search(statement.sentence) for statement in statements):
            wording = draw.choice(
                (f"{NAMES[name].capitalize()}.", f"There is {NAMES[name]}.", f"Definite {NAMES[name]}.")
            )
        else:
            continue
        if name == "opacity" and any(names(other, report.impression) for other in _LUNG if other != name):
            continue
        if not concluded:
            return Mutation("certainty", "appended", with_sentence(report.impression, wording)).of(report)
        if len({statement.sentence for statement in concluded}) == 1 and not no.search(concluded[0].sentence):
            hedged_already = concluded[0].state == "unclear"
            if hedged_already == (statements[0].state != "present"):
                wrong = report.impression.replace(concluded[0].sentence, wording)
                return Mutation("certainty", "replaced", wrong).of(report)
    return None


def severity(draw: Random, report: Report) -> BedPair | None:
    """Make a small or mild finding large or severe."""
    for name in shuffled(draw, tuple(_GRADED)):
        statements, concluded = statements_of(name, report.findings), concluding(name, report)
        little = r"\b(?:trace|tiny|small|mild|mildly|minimal|minimally|slight|slightly)\b"
        if len(statements) != 1 or statements[0].state != "present" or names(name, report.background):
            continue
        if not by_its_name(name, statements):
            continue
        sentence = statements[0].sentence
        before = sentence[: PATTERNS[name].search(sentence).end()]
        if not re.search(rf"{little}(?: (?!and\b|or\b|with\b)[\w-]+){{0,4}}$", before, re.IGNORECASE) or re.search(
            r"large|severe|moderate|marked|massive", sentence, re.IGNORECASE
        ):
            continue
        if not concluded:
            wrong = with_sentence(report.impression, f"{_GRADED[name]} {NAMES[name]}.")
            return Mutation("severity", "appended", wrong).of(report)
        if len({statement.sentence for statement in concluded}) == 1 and concluded[0].state == "present":
            wrong = report.impression.replace(concluded[0].sentence, f"{_GRADED[name]} {NAMES[name]}.")
            return Mutation("severity", "replaced", wrong).of(report)
    return None


def location(draw: Random, report: Report) -> BedPair | None:
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
            for other in _LUNG
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
            return Mutation("location", "appended", with_sentence(report.impression, wording)).of(report)
        plain = {statement.sentence for statement in concluded if len(lobes.findall(statement.sentence)) == 1}
        if len(plain) == 1:
            (sentence,) = plain
            wrong = report.impression.replace(sentence, _swapped(sentence, {level: other}))
            return Mutation("location", "swapped", wrong).of(report)
    return None
