"""Seeding of errors into a report's own impression: one function a class, None where it would not be an error.

Those that the task `correction` plants, too, are in `radray.tasks.correction.planting`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from radray.tasks.correction.planting import change
from radray.tasks.correction.planting.attributes import (
    Planted,
    by_its_name,
    concluding,
    location,
    polarity,
    severity,
    shuffled,
    side,
    with_sentence,
)
from radray.tasks.correction.planting.statements import (
    NAMES,
    Report,
    names,
    only,
    sentences,
    speaks_of_prior,
)
from tests.support.beds import made_up
from tests.support.beds.case_words import EXTRA_DEVICES
from tests.support.beds.mutators.bed_report import BedReport, is_plainly_normal
from tests.support.beds.mutators.of_findings import certainty, measurement, unsupported
from tests.support.beds.pair import BedPair

Mutator = Callable[[Random, BedReport], BedPair | None]

_COMMUNICATION = re.compile(
    r"\b(?:discuss|notif|call|pag(?:e|ed|ing)\b|inform|told|aware|relay|communicat|report|telephon|spoke|dr\b)",
    re.IGNORECASE,
)
_MASK = re.compile(r"__|XXX|\[\*\*")
_DEVICE = re.compile(
    r"\b(?:tube|line|cath|picc|port\b|pacemak|pacer|lead|wire|icd|aicd|defib|stent|valve|device|sternot|clip|hardware|tip"
    r"|support|monitor|trache|drain|pump|electrode|prosthe|implant|suture|screw|anchor|foreign|surg|post|s/p)",
    re.IGNORECASE,
)
_CRITICAL = (
    # what may not be named elsewhere, the finding, its item
    (r"pneumothora", "There is a small right apical pneumothorax.", "Small right apical pneumothorax."),
    (r"pneumothora", "A moderate left pneumothorax is present.", "Moderate left pneumothorax."),
    (r"pneumothora", "Large right pneumothorax with collapse of the right lung.", "Large right pneumothorax."),
    (r"pneumothora", "A thin left apical pneumothorax is seen.", "Left pneumothorax."),
    (r"pneumothora|tension", "There is a left tension pneumothorax.", "Left tension pneumothorax."),
    (r"pneumoperit|free .{0,20}air", "Free air is seen beneath the right hemidiaphragm.", "Pneumoperitoneum."),
    (r"pneumoperit|free .{0,20}air", "There is free intraperitoneal air.", "Free intraperitoneal air."),
    (r"pneumoperit|free .{0,20}air", "Large pneumoperitoneum.", "Large pneumoperitoneum."),
    (r"pneumomediast|mediastinal air", "There is pneumomediastinum.", "Pneumomediastinum."),
    (
        r"endotrach|\bett\b|tube",
        "The endotracheal tube tip is in the right mainstem bronchus.",
        "Endotracheal tube in the right mainstem bronchus.",
    ),
    (
        r"enteric|gastric|\bng\b|feeding|tube",
        "The nasogastric tube enters the right lower lobe bronchus.",
        "Malpositioned nasogastric tube in the right lower lobe bronchus.",
    ),
)


@dataclass(frozen=True, slots=True)
class Mutation:
    """What one mutator made of a report."""

    error: str
    way: str
    wrong: str
    right: str | None = None
    findings: str | None = None
    output_cut: bool = False

    def of(self, report: BedReport) -> BedPair | None:
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


def critical_missed(draw: Random, report: BedReport) -> BedPair | None:
    """Put a critical finding into the findings; the impression as it stands misses it."""
    pattern, finding, concluded = draw.choice(_CRITICAL)
    if re.search(pattern, f"{report.impression} {report.background}", re.IGNORECASE):
        return None
    kept = [sentence for sentence in sentences(report.findings) if not re.search(pattern, sentence, re.IGNORECASE)]
    if not kept:
        return None
    place = draw.randrange(len(kept) + 1)
    findings = " ".join([*kept[:place], finding, *kept[place:]])
    right = f"{concluded} {report.impression}"
    return Mutation("critical_missed", "seeded", report.impression, right=right, findings=findings).of(report)


def communication(draw: Random, report: BedReport) -> BedPair | None:
    """Claim that somebody was informed."""
    if _COMMUNICATION.search(f"{report.findings} {report.background} {report.impression}"):
        return None
    wrong = with_sentence(report.impression, made_up.communication(draw))
    return Mutation("communication", "appended", wrong).of(report)


def mask(draw: Random, report: BedReport) -> BedPair | None:
    """Put a mask into the impression, where it has none."""
    if _MASK.search(report.impression):
        return None
    return Mutation("mask", "inserted", made_up.with_mask(draw, report.impression)).of(report)


def prior(draw: Random, report: BedReport) -> BedPair | None:
    """Speak of an earlier exam, where the comparison says that there was none and no word hints at one."""
    indication = (report.background or "").partition("Comparison:")[0]
    if report.prior_known is not False or any(map(speaks_of_prior, (report.findings, indication, report.impression))):
        return None
    return Mutation("prior", "appended", with_sentence(report.impression, made_up.prior(draw))).of(report)


def recommendation(draw: Random, report: BedReport) -> BedPair | None:
    """Recommend an action on plainly normal findings."""
    advised = re.search(
        r"recommend|suggest|follow|advise|biops|consider|evaluat|correlat", report.impression, re.IGNORECASE
    )
    if advised or not is_plainly_normal(report.findings):
        return None
    background = report.background or ""
    if re.search(
        r"nodul|mass|cancer|biops|abnormal|ct\b|metast|tumor|lesion|carcin|lymphom|follow", background, re.IGNORECASE
    ):
        return None
    wrong = with_sentence(report.impression, made_up.recommendation(draw))
    return Mutation("recommendation", "appended", wrong).of(report)


def degenerate(draw: Random, report: BedReport) -> BedPair | None:
    """Loop, cut or replace the impression."""
    if len(report.impression.split()) < 2:
        return None
    wrong, cut, way = made_up.degenerate(draw, report.impression)
    return Mutation("degenerate", way, wrong, output_cut=cut).of(report)


def identifier(draw: Random, report: BedReport) -> BedPair | None:
    """Copy an identifier into the impression."""
    wrong, way = made_up.with_identifier(draw, report.impression, report.identifiers)
    return Mutation("identifier", way, wrong).of(report)


def device(draw: Random, report: BedReport) -> BedPair | None:
    """Conclude a device, where nothing in the report speaks of any."""
    if _DEVICE.search(f"{report.findings} {report.background} {report.impression}"):
        return None
    wrong = with_sentence(report.impression, draw.choice(EXTRA_DEVICES) + ".")
    return Mutation("device", "appended", wrong).of(report)


def critical_deleted(draw: Random, report: BedReport) -> BedPair | None:
    """Delete the sentence with a critical finding that findings and impression both assert."""
    for name in ("pneumothorax", "free_air"):
        pattern = "pneumothora" if name == "pneumothorax" else "free|pneumoper"
        asserting = [sentence for sentence in sentences(report.findings) if names(name, sentence)]
        denied = any(
            re.search(r"\b(?:no|not|without|negative|resol\w+)\b", sentence, re.IGNORECASE) for sentence in asserting
        )
        kept = [
            sentence for sentence in sentences(report.impression) if not re.search(pattern, sentence, re.IGNORECASE)
        ]
        asserted = names(name, report.impression) and not re.search(r"\bno\b", report.impression, re.IGNORECASE)
        if asserting and not denied and asserted:
            wrong = " ".join(kept) or "No acute disease."
            return Mutation("critical_missed", "deleted", wrong).of(report)
    return critical_missed(draw, report)


def comparison(draw: Random, report: BedReport) -> BedPair | None:
    """Turn a change round; where the findings tell of none, as hardly any do, let them tell of it first."""
    return _of(change.comparison)(draw, report) or _seeded(draw, report)


def _seeded(draw: Random, report: BedReport) -> BedPair | None:
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


def _of(planter: Callable[[Random, Report], Planted | None]) -> Mutator:
    """Return what `planter` plants as a pair of a bed."""

    def mutate(draw: Random, report: BedReport) -> BedPair | None:
        error = planter(draw, report)
        return None if error is None else Mutation(error.kind, error.way, error.wrong).of(report)

    return mutate


MUTATORS: dict[str, Mutator] = {
    "side": _of(side),
    "polarity": _of(polarity),
    "measurement": _of(measurement),
    "critical_missed": critical_deleted,
    "communication": communication,
    "mask": mask,
    "prior": prior,
    "recommendation": recommendation,
    "degenerate": degenerate,
    "identifier": identifier,
    "unsupported": _of(unsupported),
    "certainty": _of(certainty),
    "severity": _of(severity),
    "location": _of(location),
    "device": device,
    "comparison": comparison,
}
