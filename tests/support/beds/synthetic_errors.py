"""Test bed (a): synthetic reports with one seeded error each, and the same report without it as the control.

Half of each class comes from templates of this bed's own, half from `radray.reports.synthetic.studies` where its
reports hold what the error needs. The same seed gives the same pairs.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import NamedTuple

from radray.reports.synthetic.studies import make_studies
from radray.reports.text.cleaning import clean
from tests.support.beds import cases, made_up
from tests.support.beds.case_words import DEVICES, EXTRA_DEVICES, KINDS, LEVELS, LOBES, NORMALS, OPPOSITES, RIBS, Kind
from tests.support.beds.cases import MAYBE, Stated
from tests.support.beds.mutators.bed_report import BedReport
from tests.support.beds.mutators.of_impressions import MUTATORS
from tests.support.beds.pair import CLASSES, BedPair

SEED = 20_260
PER_CLASS = 160


class SeededReport(NamedTuple):
    """A report, its impression, and the same gone wrong."""

    findings: str
    background: str
    right: str
    wrong: str
    output_cut: bool = False
    way: str = ""


OTHER = {"left": "right", "right": "left"}
SIDED = tuple(kind for kind in KINDS if kind.place in ("side", "lobe", "rib"))
PLACED = tuple(kind for kind in KINDS if kind.place in ("lobe", "rib", "level"))
GRADED = tuple(kind for kind in KINDS if kind.scale != "none")
MEASURED = tuple(kind for kind in KINDS if kind.cm)
CRITICAL = tuple(kind for kind in KINDS if kind.critical)
DENIABLE = tuple(kind for kind in KINDS if kind.deniable)
CHANGING = tuple(
    kind for kind in KINDS if not kind.critical and kind.topic not in ("bone", "spine", "chronic", "hernia")
)
NORMAL_IMPRESSIONS = (
    *(
        "No acute cardiopulmonary process.",
        "Normal chest.",
        "No acute disease.",
        "No acute cardiopulmonary abnormality.",
    ),
    *("No acute findings", "Unremarkable chest radiograph.", "Clear lungs.", "No active disease.", "Negative chest."),
)


def _pool(draw: Random, wanted: tuple[Kind, ...]) -> list[Stated]:
    count = draw.choice((1, 1, 2, 2, 3))
    return [cases.draw_stated(draw, kind) for kind in cases.kinds(draw, count, wanted=draw.choice(wanted))]


def _taken(stated: list[Stated]) -> set[str]:
    return {finding.kind.topic or finding.kind.name for finding in stated}


def _built(
    draw: Random, stated: list[Stated], wrong: Stated | None, *, known_prior: bool | None = None
) -> SeededReport:
    """Return the report of `stated`, its first concluded as `wrong`, or left out."""
    known = draw.random() < 0.5 if known_prior is None else known_prior
    findings = cases.mixed(
        draw, [cases.finding(draw, finding) for finding in stated] + cases.normals(draw, _taken(stated))
    )
    rest = [cases.item(draw, finding) for finding in stated[1:]]
    first = cases.item(draw, stated[0])
    bad = [] if wrong is None else [cases.item(draw, wrong)]
    order = draw.random() < 0.7
    right = [first, *rest] if order else [*rest, first]
    spoilt = [*bad, *rest] if order else [*rest, *bad]
    return SeededReport(
        findings,
        cases.background(draw, known_prior=known),
        cases.impression(draw, right),
        cases.impression(draw, spoilt) if spoilt else draw.choice(NORMAL_IMPRESSIONS),
    )


def side(draw: Random) -> SeededReport:
    stated = _pool(draw, SIDED)
    while stated[0].place == "middle lobe":
        stated = _pool(draw, SIDED)
    return _built(draw, stated, cases.changed(stated[0], side=OTHER[stated[0].side]))


def polarity(draw: Random) -> SeededReport:
    kind = draw.choice(DENIABLE)
    noun = draw.choice([noun for noun in kind.nouns if noun in kind.concluded] or kind.concluded)
    rest = [cases.draw_stated(draw, other) for other in cases.kinds(draw, 3, wanted=kind)[1 : draw.choice((1, 2, 3))]]
    items = [cases.item(draw, finding) for finding in rest]
    known = draw.random() < 0.5
    stated = cases.draw_stated(draw, kind)
    taken = _taken([*rest, stated])
    denied = cases.denial(draw, noun)
    if draw.random() < 0.5:
        findings = [denied, *(cases.finding(draw, finding) for finding in rest)]
        right = [*items, draw.choice((f"no {noun}", "no acute process", f"no evidence of {noun}"))]
        wrong = [cases.item(draw, stated), *items]
    else:
        findings = [cases.finding(draw, finding) for finding in (stated, *rest)]
        right = [cases.item(draw, stated), *items]
        wrong = [*items, denied[0].lower() + denied[1:].rstrip(".")]
    return SeededReport(
        cases.mixed(draw, findings + cases.normals(draw, taken)),
        cases.background(draw, known_prior=known),
        cases.impression(draw, right),
        cases.impression(draw, wrong),
    )


def measurement(draw: Random) -> SeededReport:
    stated = _pool(draw, MEASURED)
    true = float(stated[0].cm)
    pair = _built(draw, stated, stated[0])
    if draw.random() < 0.3:
        wrong = pair.wrong.replace(f"{stated[0].cm} cm", f"{stated[0].cm} mm")
    else:
        factor = draw.choice((0.5, 1.6, 2.0, 10.0))
        wrong = pair.wrong.replace(f"{stated[0].cm} cm", f"{true * factor + 0.3:.1f} cm")
    if draw.random() < 0.4:
        pair = pair._replace(right=pair.right.replace(f"{stated[0].cm} cm", f"{true * 10:.0f} mm"))
    return pair._replace(wrong=wrong)


def critical_missed(draw: Random) -> SeededReport:
    return _built(draw, _pool(draw, CRITICAL), None)


def _any(draw: Random, *, known_prior: bool | None = None) -> SeededReport:
    """Return a sound report: normal, or with findings."""
    if draw.random() < 0.4:
        findings = cases.mixed(draw, [draw.choice(NORMALS["clear"]), *cases.normals(draw, {"lung"})])
        right = draw.choice(NORMAL_IMPRESSIONS)
        known = draw.random() < 0.5 if known_prior is None else known_prior
        return SeededReport(findings, cases.background(draw, known_prior=known), right, right)
    stated = _pool(draw, tuple(kind for kind in KINDS if not kind.critical))
    pair = _built(draw, stated, stated[0], known_prior=known_prior)
    return pair._replace(wrong=pair.right)


def _with(draw: Random, text: str, sentence: str) -> str:
    text = text.rstrip()
    text += "" if text.endswith(".") else "."
    if text.startswith("1. ") and draw.random() < 0.5:
        return f"{text} {len(re.findall(r'(?:^| )[1-9][.] ', text)) + 1}. {sentence}"
    return f"{text} {sentence}"


def communication(draw: Random) -> SeededReport:
    pair = _any(draw)
    return pair._replace(wrong=_with(draw, pair.right, made_up.communication(draw)))


def mask(draw: Random) -> SeededReport:
    pair = _any(draw)
    return pair._replace(wrong=made_up.with_mask(draw, pair.right))


def prior(draw: Random) -> SeededReport:
    pair = _any(draw, known_prior=False)
    if draw.random() < 0.5:
        return pair._replace(wrong=_with(draw, pair.right, made_up.prior(draw)))
    stated = _pool(draw, CHANGING)
    change = draw.choice(tuple(cases.CHANGED))
    return _built(draw, stated, cases.changed(stated[0], change=change), known_prior=False)


def recommendation(draw: Random) -> SeededReport:
    findings = cases.mixed(draw, [draw.choice(NORMALS["clear"]), *cases.normals(draw, {"lung"})])
    right = draw.choice(NORMAL_IMPRESSIONS)
    wrong = _with(draw, right, made_up.recommendation(draw))
    return SeededReport(findings, cases.background(draw, known_prior=draw.random() < 0.5), right, wrong)


def degenerate(draw: Random) -> SeededReport:
    pair = _any(draw)
    wrong, cut, way = made_up.degenerate(draw, pair.right)
    return pair._replace(wrong=wrong, output_cut=cut, way=way)


def identifier(draw: Random) -> SeededReport:
    return _any(draw)


def unsupported(draw: Random) -> SeededReport:
    chosen = cases.kinds(draw, 3, wanted=draw.choice([kind for kind in KINDS if not kind.critical]))
    if {"lung", "edema"} <= {kind.topic for kind in chosen}:  # edema is an opacity
        chosen = [kind for kind in chosen if kind is chosen[0] or kind.topic not in ("lung", "edema")]
    stated = [cases.draw_stated(draw, kind) for kind in chosen]
    rest = stated[1 : draw.choice((2, 3))]
    # normal sentences on the topic would make it a flipped polarity; clear lungs deny much
    taken = _taken(stated) | {"bone", "heart", "lung", "abdomen"} - {draw.choice(("abdomen", "heart"))}
    taken |= {"heart"} if stated[0].kind.topic in ("heart", "edema") else set()
    findings = cases.mixed(draw, [cases.finding(draw, finding) for finding in rest] + cases.normals(draw, taken))
    items = [cases.item(draw, finding) for finding in rest]
    return SeededReport(
        findings,
        cases.background(draw, known_prior=draw.random() < 0.5),
        cases.impression(draw, items) or draw.choice(NORMAL_IMPRESSIONS),
        cases.impression(draw, [*items, cases.item(draw, stated[0])]),
    )


def certainty(draw: Random) -> SeededReport:
    stated = _pool(draw, tuple(kind for kind in KINDS if not kind.cm and kind.name != "scoliosis"))
    if draw.random() < 0.5:
        return _built(draw, stated, cases.changed(stated[0], belief=MAYBE))
    return _built(draw, [cases.changed(stated[0], belief=MAYBE), *stated[1:]], stated[0])


def severity(draw: Random) -> SeededReport:
    stated = _pool(draw, GRADED)
    while not OPPOSITES[stated[0].size]:
        stated = _pool(draw, GRADED)
    return _built(draw, stated, cases.changed(stated[0], size=draw.choice(OPPOSITES[stated[0].size])))


def location(draw: Random) -> SeededReport:
    stated = _pool(draw, PLACED)
    first = stated[0]
    places = {"lobe": LOBES.get(first.side, ()), "rib": RIBS, "level": LEVELS}[first.kind.place]
    return _built(draw, stated, cases.changed(first, place=draw.choice([p for p in places if p != first.place])))


def device(draw: Random) -> SeededReport:
    pair = _any(draw)
    if draw.random() < 0.4:
        extra = draw.choice(EXTRA_DEVICES)
        return pair._replace(wrong=_with(draw, pair.right, extra + "."), way="extra")
    position, rights, wrongs = draw.choice(DEVICES)
    where = draw.choice(("left", "right"))
    position = position.format(s=where, n=draw.choice(("3.5", "4", "4.5", "5")))
    right, wrong = (draw.choice(texts).format(S=where.capitalize()) + "." for texts in (rights, wrongs))
    return pair._replace(
        findings=f"{position} {pair.findings}",
        right=_with(draw, pair.right, right),
        wrong=_with(draw, pair.right, wrong),
        way="position",
    )


def comparison(draw: Random) -> SeededReport:
    stated = _pool(draw, CHANGING)
    change = draw.choice(("increased", "decreased"))
    first = cases.changed(stated[0], change=change)
    opposite = {"increased": "decreased", "decreased": "increased"}[change]
    return _built(draw, [first, *stated[1:]], cases.changed(first, change=opposite), known_prior=True)


MAKERS: dict[str, Callable[[Random], SeededReport]] = {
    maker.__name__: maker
    for maker in (
        *(side, polarity, measurement, critical_missed, communication, mask, prior, recommendation, degenerate),
        *(identifier, unsupported, certainty, severity, location, device, comparison),
    )
}


def _templates(error: str, count: int, seed: int) -> list[BedPair]:
    draw = Random(f"{seed} {error}")
    bed: list[BedPair] = []
    seen: set[tuple[str, str]] = set()
    while len(bed) < count:
        pair = MAKERS[error](draw)
        ids = (f"5{draw.randint(0, 9_999_999):07d}", f"1{draw.randint(0, 9_999_999):07d}")
        if error == "identifier":
            wrong, way = made_up.with_identifier(draw, pair.right, ids)
            pair = pair._replace(wrong=wrong, way=way)
        if pair.right == pair.wrong or (pair.findings, pair.wrong) in seen:
            continue
        seen.add((pair.findings, pair.wrong))
        bed.append(
            BedPair(
                *("a", f"t{len(bed)}", error, pair.findings, pair.background, pair.right, pair.wrong),
                identifiers=ids,
                output_cut=pair.output_cut,
                way=pair.way,
            )
        )
    return bed


def reports(seed: int) -> list[BedReport]:
    """Return synthetic studies as the prepare job would, one paragraph each."""
    reports = []
    for study in make_studies(4_000, seed=seed):
        text = " ".join(study.text.split())
        known = "COMPARISON: None." not in text
        head, _, rest = text.partition("FINDINGS: ")
        findings, _, right = rest.partition(" IMPRESSION: ")
        match = re.search(r"(?:INDICATION|HISTORY): (.*?) TECHNIQUE: .*? COMPARISON: (.*)", head)
        if match is None:
            raise ValueError("a synthetic study without indication or comparison")
        background = f"Indication: {match[1].strip()} Comparison: {match[2].strip()}"
        if re.search(r"\bby \d", right):
            continue  # how far to move a tube: a number that is not in the findings
        ids = (study.study_id, study.subject_id)
        reports.append(
            BedReport(
                study_id=study.study_id,
                findings=clean(findings),
                background=background,
                impression=clean(right),
                identifiers=ids,
                prior_known=known,
            )
        )
    return reports


def pairs(per_class: int = PER_CLASS, seed: int = SEED) -> list[BedPair]:
    """Return the bed: `per_class` pairs of each class, the same for the same seed."""
    bed: list[BedPair] = []
    studies = reports(seed)
    for error in CLASSES:
        draw, mutate = Random(f"{seed} {error} studies"), MUTATORS[error]
        seeded: list[BedPair] = []
        seen = set()
        for report in studies:
            pair = mutate(draw, report) if len(seeded) < per_class // 2 else None
            if pair is not None and (pair.findings, pair.wrong) not in seen:
                seen.add((pair.findings, pair.wrong))
                seeded.append(replace(pair, bed="a", index=f"s{len(seeded)}"))
        bed += _templates(error, per_class - len(seeded), seed) + seeded
    return bed
