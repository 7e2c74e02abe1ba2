"""Seeding of errors into a report's own impression: one function a class, None where it would not be an error.

Those on attributes of a finding are in `mutators_of_findings` and `mutators_of_change`.
"""

import re
from collections.abc import Callable
from random import Random

from tests.support.beds import made_up
from tests.support.beds.case_words import EXTRA_DEVICES
from tests.support.beds.mutators.of_change import comparison
from tests.support.beds.mutators.of_findings import (
    Mutation,
    certainty,
    location,
    measurement,
    polarity,
    severity,
    side,
    with_sentence,
)
from tests.support.beds.pair import BedPair
from tests.support.beds.report_words import Report, is_plainly_normal, names, sentences, speaks_of_prior

Mutator = Callable[[Random, Report], BedPair | None]

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


def critical_missed(draw: Random, report: Report) -> BedPair | None:
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


def communication(draw: Random, report: Report) -> BedPair | None:
    """Claim that somebody was informed."""
    if _COMMUNICATION.search(f"{report.findings} {report.background} {report.impression}"):
        return None
    wrong = with_sentence(report.impression, made_up.communication(draw))
    return Mutation("communication", "appended", wrong).of(report)


def mask(draw: Random, report: Report) -> BedPair | None:
    """Put a mask into the impression, where it has none."""
    if _MASK.search(report.impression):
        return None
    return Mutation("mask", "inserted", made_up.with_mask(draw, report.impression)).of(report)


def prior(draw: Random, report: Report) -> BedPair | None:
    """Speak of an earlier exam, where the comparison says that there was none and no word hints at one."""
    indication = (report.background or "").partition("Comparison:")[0]
    if report.prior_known is not False or any(map(speaks_of_prior, (report.findings, indication, report.impression))):
        return None
    return Mutation("prior", "appended", with_sentence(report.impression, made_up.prior(draw))).of(report)


def recommendation(draw: Random, report: Report) -> BedPair | None:
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


def degenerate(draw: Random, report: Report) -> BedPair | None:
    """Loop, cut or replace the impression."""
    if len(report.impression.split()) < 2:
        return None
    wrong, cut, way = made_up.degenerate(draw, report.impression)
    return Mutation("degenerate", way, wrong, output_cut=cut).of(report)


def identifier(draw: Random, report: Report) -> BedPair | None:
    """Copy an identifier into the impression."""
    wrong, way = made_up.with_identifier(draw, report.impression, report.identifiers)
    return Mutation("identifier", way, wrong).of(report)


def unsupported(draw: Random, report: Report) -> BedPair | None:
    """Conclude what nothing in the report speaks of."""
    pattern, conclusions = draw.choice(_UNSUPPORTED)
    if re.search(pattern, f"{report.findings} {report.background} {report.impression}", re.IGNORECASE):
        return None
    return Mutation("unsupported", "appended", with_sentence(report.impression, draw.choice(conclusions))).of(report)


def device(draw: Random, report: Report) -> BedPair | None:
    """Conclude a device, where nothing in the report speaks of any."""
    if _DEVICE.search(f"{report.findings} {report.background} {report.impression}"):
        return None
    wrong = with_sentence(report.impression, draw.choice(EXTRA_DEVICES) + ".")
    return Mutation("device", "appended", wrong).of(report)


def critical_deleted(draw: Random, report: Report) -> BedPair | None:
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


MUTATORS: dict[str, Mutator] = {
    "side": side,
    "polarity": polarity,
    "measurement": measurement,
    "critical_missed": critical_deleted,
    "communication": communication,
    "mask": mask,
    "prior": prior,
    "recommendation": recommendation,
    "degenerate": degenerate,
    "identifier": identifier,
    "unsupported": unsupported,
    "certainty": certainty,
    "severity": severity,
    "location": location,
    "device": device,
    "comparison": comparison,
}
