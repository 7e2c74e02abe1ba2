"""Seeding of errors in what a finding is and how it is called, which the task `correction` does not plant."""

import re
from random import Random

from radray.tasks.correction.planting.attributes import (
    LUNG,
    VAGUE,
    Planted,
    by_its_name,
    concluding,
    planted,
    shuffled,
    with_sentence,
)
from radray.tasks.correction.planting.statements import NAMES, PATTERNS, Report, names, statements_of

_MEASURE = re.compile(
    r"(?<!\d)((?:\d+(?:\.\d+)?\s*x\s*)*)(\d+(?:\.\d+)?)\s*(mm|cm|millimeters?|centimeters?)\b", re.IGNORECASE
)
_HEDGE = r"\b(?:possible|possibly|probable|probably|may represent|may be|likely|suspected|questionable|could represent)"
_MEASURED = tuple(name for name in NAMES if name not in (*VAGUE, "emphysema", "cardiomegaly"))
_UNSUPPORTED = (
    # what may not be spoken of at all, and the invention
    (r"herni|esophag|bowel|gastric|stomach|retrocardiac", ("Hiatal hernia.", "Moderate hiatal hernia.")),
    (r"scolio|spin|bon|osse|skelet|thorac|vertebr|degener", ("Scoliosis of the thoracic spine.",)),
    (r"rib|fractur|bon|osse|skelet|thorac|trauma|fall|deform", ("Left sixth rib fracture.", "Right rib fractures.")),
    (r"spin|vertebr|fractur|bon|osse|skelet|thorac|compress|degener", ("Compression fracture of T8.",)),
    (r"aneurysm|aort|vascul|mediast|ectas", ("Thoracic aortic aneurysm.", "Aneurysm of the descending aorta.")),
    (r"free|pneumoper|diaphragm|abdom|perfor", ("Pneumoperitoneum.", "Free air under the diaphragm.")),
    (r"aden|node|hil|mediast|sarcoid|lymph", ("Bilateral hilar lymphadenopathy.", "Mediastinal adenopathy.")),
    (r"heart|cardi|silhouet", ("Cardiomegaly.", "Moderate cardiomegaly.")),
    (r"emphys|copd|hyper|inflat|expan|expan|clear|obstruct|smok|diaphragm|volume", ("Emphysema.", "Severe emphysema.")),
    (
        r"edema|vascul|congest|failure|interst|clear|opaci|airspace|air space|infiltr|consol|chf|volume",
        ("Pulmonary edema.", "Moderate pulmonary edema."),
    ),
    (r"pleura|thick|effus|costophrenic|scar", ("Pleural thickening at the left apex.", "Right pleural thickening.")),
    (r"clavic|fractur|bon|osse|skelet|thorac|trauma|fall", ("Right clavicle fracture.",)),
)


def _millimetres(text: str) -> set[float]:
    sizes = set()
    for match in _MEASURE.finditer(text):
        factor = 1 if match[3].lower().startswith("m") else 10
        sizes |= {float(number) * factor for number in re.findall(r"\d+(?:\.\d+)?", match[1] + match[2])}
    return sizes


def measurement(draw: Random, report: Report) -> Planted | None:
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
    return planted("measurement", way, wrong, report)


def certainty(draw: Random, report: Report) -> Planted | None:
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
        if name == "opacity" and any(names(other, report.impression) for other in LUNG if other != name):
            continue
        if not concluded:
            return planted("certainty", "appended", with_sentence(report.impression, wording), report)
        if len({statement.sentence for statement in concluded}) == 1 and not no.search(concluded[0].sentence):
            hedged_already = concluded[0].state == "unclear"
            if hedged_already == (statements[0].state != "present"):
                wrong = report.impression.replace(concluded[0].sentence, wording)
                return planted("certainty", "replaced", wrong, report)
    return None


def unsupported(draw: Random, report: Report) -> Planted | None:
    """Conclude what nothing in the report speaks of."""
    pattern, conclusions = draw.choice(_UNSUPPORTED)
    if re.search(pattern, f"{report.findings} {report.background} {report.impression}", re.IGNORECASE):
        return None
    return planted("unsupported", "appended", with_sentence(report.impression, draw.choice(conclusions)), report)
