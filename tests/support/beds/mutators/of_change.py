"""Seeding of errors in what has changed since an earlier exam."""

import re
from random import Random

from tests.support.beds.mutators.of_findings import VAGUE, Mutation, by_its_name, concluding, shuffled, with_sentence
from tests.support.beds.pair import BedPair
from tests.support.beds.report_words import NAMES, Report, names, only, sentences, speaks_of_prior, statements_of

_CHANGES = r"(?:has|have|interval|interval slight|is|are|mildly|slightly) "
_WORSE = re.compile(_CHANGES + r"(?:increas|worsen|progress|enlarg)\w*|worsening|increase in", re.IGNORECASE)
_BETTER = re.compile(_CHANGES + r"(?:decreas|improv|diminish)\w*|improvement|decrease in", re.IGNORECASE)


def comparison(draw: Random, report: Report) -> BedPair | None:
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
            return Mutation("comparison", "appended", with_sentence(report.impression, wording)).of(report)
        concluded = {statement.sentence for statement in concluding(name, report)}
        if len(concluded) == 1:
            return Mutation("comparison", "replaced", report.impression.replace(concluded.pop(), wording)).of(report)
    return _seeded(draw, report)


def _seeded(draw: Random, report: Report) -> BedPair | None:
    """Let the findings tell of a change that the impression turns round: hardly any real findings tell of one."""
    known = ("effusion", "pneumothorax", "cardiomegaly", "atelectasis", "edema", "opacity", "consolidation")
    for name in shuffled(draw, known):
        statements = only(name, report.findings, "present")
        spoken = any(speaks_of_prior(statement.sentence) for statement in statements)
        if report.prior_known is not True or not statements or spoken or not by_its_name(name, statements):
            continue
        if names(name, report.background) or concluding(name, report) or speaks_of_prior(report.impression):
            continue
        change, other = draw.sample(("improved", "worsened"), 2)
        findings = f"{report.findings} The {NAMES[name]} has {change} since the prior study."
        items = [f"{NAMES[name].capitalize()}, {word}." for word in (change, other)]
        right, wrong = (with_sentence(report.impression, item) for item in items)
        return Mutation("comparison", "seeded", wrong, right=right, findings=findings).of(report)
    return None
