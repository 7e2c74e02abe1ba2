"""Planting of errors in what has changed since an earlier exam."""

import re
from random import Random

from radray.tasks.correction.planting.attributes import (
    VAGUE,
    Planted,
    concluding,
    planted,
    shuffled,
    with_sentence,
)
from radray.tasks.correction.planting.statements import NAMES, Report, names, sentences, statements_of

_CHANGES = r"(?:has|have|interval|interval slight|is|are|mildly|slightly) "
_WORSE = re.compile(_CHANGES + r"(?:increas|worsen|progress|enlarg)\w*|worsening|increase in", re.IGNORECASE)
_BETTER = re.compile(_CHANGES + r"(?:decreas|improv|diminish)\w*|improvement|decrease in", re.IGNORECASE)


def comparison(draw: Random, report: Report) -> Planted | None:
    """Turn an improvement into a worsening, or the reverse."""
    time = r"interval|since|compar|prior|previous|exam|has|have"
    for name in shuffled(draw, tuple(name for name in NAMES if name not in VAGUE)):
        statements = [
            statement
            for statement in statements_of(name, report.findings)
            if _WORSE.search(statement.sentence) or _BETTER.search(statement.sentence)
        ]
        if len({statement.sentence for statement in statements}) != 1 or len(
            statements_of(name, report.findings)
        ) != len(statements):
            continue
        sentence = statements[0].sentence
        up = bool(_WORSE.search(sentence))
        if up == bool(_BETTER.search(sentence)) or not re.search(time, sentence, re.I):
            continue
        if re.search(r"\b(?:no|not|without|resol\w+)\b", sentence, re.I) or len(sentences(sentence)) != 1:
            continue
        if sum(names(other, sentence) for other in NAMES) > 1:
            continue
        wording = draw.choice(("{} has {} since the prior exam.", "{} has {}.", "Interval: {} {}."))
        wording = wording.format(NAMES[name].capitalize(), "improved" if up else "worsened")
        if not concluding(name, report):
            return planted("comparison", "appended", with_sentence(report.impression, wording), report)
        concluded = {statement.sentence for statement in concluding(name, report)}
        if len(concluded) == 1:
            return planted("comparison", "replaced", report.impression.replace(concluded.pop(), wording), report)
    return None
