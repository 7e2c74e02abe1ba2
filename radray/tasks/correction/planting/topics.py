"""Findings that are planted: how findings describe them, how impressions conclude them, and which attributes they have.

A description is what is seen, in words other than those of the conclusion; each is drawn by itself. Attributes (side,
size, level) have the same words in both.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

_SIZES, _DEGREES = ("small", "moderate", "large"), ("mild", "moderate", "severe")
_SIDES, _LOBES = ("left", "right"), ("upper lobe", "lower lobe")
_LEVELS = ("T5", "T6", "T7", "T8", "T9", "T11", "T12", "L1")
_SMALL, _LARGE = ("4 mm", "6 mm", "8 mm", "12 mm"), ("3.1 cm", "3.6 cm", "4.2 cm", "5.3 cm")
KINDS = {"degree": "severity", "side": "side", "lobe": "location", "level": "location", "measure": "measurement"}
"""Kind of error in each attribute."""

_SIDED = (
    "Skin folds project over the {side} axilla and the {other_side} one.",
    "External leads cross the {side} shoulder and the {other_side} one.",
)
_SIDED_DEGREES = (
    "Degenerative changes are {degree} at the {side} shoulder and {other_degree} at the {other_side} one.",
    "Arthritis of the shoulders, {degree} on the {side} and {other_degree} on the {other_side}.",
)
_SIDED_SIZES = (
    "A {degree} skin fold projects over the {side} axilla and a {other_degree} one over the {other_side}.",
    "External leads: a {degree} loop over the {side} shoulder, a {other_degree} one over the {other_side}.",
)
_IN_LOBES = (
    "A monitoring lead projects over the {side} {lobe} and a skin fold over the {other_side} {other_lobe}.",
    "External clips overlie the {side} {lobe} and the {other_side} {other_lobe}.",
)
_MEASURED = (
    "External snaps of {measure} and {other_measure} overlie the {side} {lobe} and the {other_side} {other_lobe}.",
    "Buttons project over the {side} {lobe}, {measure}, and the {other_side} {other_lobe}, {other_measure}.",
)
_DEGREES_ALONE = ("Degenerative changes of the shoulders are {degree} on one side and {other_degree} on the other.",)
_SIZES_ALONE = ("A {degree} and a {other_degree} loop of an external lead project over the abdomen.",)
_LEVELS_ALONE = ("External leads cross at {level} and {other_level}.",)


@dataclass(frozen=True, slots=True)
class Topic:
    """A kind of finding; sentences have attributes in braces and no stop."""

    name: str
    """Its name in `statements.LEXICON`."""
    described: tuple[str, ...]
    """Sentences of the findings."""
    concluded: tuple[str, ...]
    """Sentences of the impression."""
    nouns: tuple[str, ...]
    """What an impression calls it that denies it."""
    related: str
    """Pattern of sentences that may speak of it: left out where it is planted."""
    beside: tuple[str, ...]
    """Harmless sentences with its attributes and others: that a word stands in both texts must not decide."""
    degrees: tuple[str, ...] = _DEGREES
    measures: tuple[str, ...] = ()
    reportable: bool = True
    """An impression must not leave it out."""

    def draw(self, draw: Random) -> dict[str, str]:
        """Return drawn attributes, by name."""
        return {
            name: draw.choice(values) for name, values in self._values().items() if f"{{{name}}}" in self.concluded[0]
        }

    def others(self, draw: Random, attributes: Mapping[str, str]) -> dict[str, str]:
        """Return another value of each of `attributes`, which cannot be taken for it."""
        values = self._values()
        # from an end to the other: a neighbour would be arguable
        ends = (self.degrees[0] if attributes.get("degree") == self.degrees[-1] else self.degrees[-1],)
        return {
            name: draw.choice(ends if name == "degree" else [each for each in values[name] if each != value])
            for name, value in attributes.items()
        }

    def speaks(self, sentence: str) -> bool:
        """Return whether `sentence` may speak of it."""
        return re.search(self.related, sentence, re.IGNORECASE) is not None

    def _values(self) -> dict[str, tuple[str, ...]]:
        return {"degree": self.degrees, "side": _SIDES, "lobe": _LOBES, "level": _LEVELS, "measure": self.measures}


_LUNGS = (
    r"lung|opaci|consol|infiltr|airspace|air space|nodul|mass|granul|pneumonia|atelect|clear|pulmonary|parenchym|focal"
)
_BONES = r"bon[ey]|osse|skelet|spin|thorac|vertebr|rib|fractur|degener|deform|compress"
_PLEURA = r"pleura|effus|costophrenic|fluid|thicken"

TOPICS = (
    Topic(
        "effusion",
        (
            "The {side} costophrenic angle is blunted by a {degree} amount of fluid",
            "A {degree} amount of fluid layers along the {side} lateral chest wall",
            "There is a {degree} meniscus at the {side} base",
        ),
        (
            "{degree} {side} pleural effusion",
            "{side} pleural effusion, {degree}",
            "There is a {degree} {side}-sided effusion",
        ),
        ("pleural effusion", "effusion"),
        _PLEURA,
        _SIDED_SIZES,
        _SIZES,
    ),
    Topic(
        "pneumothorax",
        (
            "The {side} visceral pleural line is displaced from the chest wall by a {degree} gap",
            "A {degree} rim of air outlines the {side} lung apex",
            "There is a {degree} lucent space lateral to the {side} lung, devoid of vessels",
        ),
        (
            "{degree} {side} pneumothorax",
            "{side} pneumothorax, {degree}",
            "There is a {degree} {side}-sided pneumothorax",
        ),
        ("pneumothorax",),
        r"pneumothora|pleura",
        _SIDED_SIZES,
        _SIZES,
    ),
    Topic(
        "consolidation",
        (
            "Air bronchograms are seen within dense shadowing of the {side} {lobe}",
            "There is dense shadowing of the {side} {lobe} that obscures its vessels",
            "The {side} {lobe} has lost its aeration, with patent bronchi",
        ),
        ("{side} {lobe} pneumonia", "Pneumonia in the {side} {lobe}", "There is {side} {lobe} consolidation"),
        ("pneumonia", "consolidation"),
        _LUNGS,
        _IN_LOBES,
    ),
    Topic(
        "opacity",
        (
            "Hazy shadowing projects over the {side} {lobe}",
            "There is an ill-defined increase in density of the {side} {lobe}",
            "Patchy ground-glass density is seen in the {side} {lobe}",
        ),
        ("{side} {lobe} infiltrate", "Airspace disease in the {side} {lobe}", "There is a {side} {lobe} opacity"),
        ("infiltrate", "airspace disease"),
        _LUNGS,
        _IN_LOBES,
    ),
    Topic(
        "nodule",
        (
            "A round density of {measure} projects over the {side} {lobe}",
            "There is a well-circumscribed focus in the {side} {lobe}, {measure} across",
            "A coin-shaped shadow in the {side} {lobe} measures {measure}",
        ),
        (
            "{measure} nodule in the {side} {lobe}",
            "Solitary pulmonary nodule of the {side} {lobe}, {measure}",
            "{side} {lobe} nodule measuring {measure}",
        ),
        ("pulmonary nodule", "nodule"),
        _LUNGS,
        _MEASURED,
        measures=_SMALL,
    ),
    Topic(
        "mass",
        (
            "A lobulated density of {measure} projects over the {side} {lobe}",
            "There is a spiculated lesion in the {side} {lobe}, {measure} across",
            "A large round shadow in the {side} {lobe} measures {measure}",
        ),
        (
            "{measure} mass in the {side} {lobe}",
            "Suspected malignancy of the {side} {lobe}, {measure}",
            "{side} {lobe} mass measuring {measure}",
        ),
        ("mass", "pulmonary mass"),
        _LUNGS,
        _MEASURED,
        measures=_LARGE,
    ),
    Topic(
        "atelectasis",
        (
            "There is {degree} volume loss at the {side} base",
            "Linear bands and {degree} crowding of the vessels are seen at the {side} base",
            "Plate-like densities at the {side} base are {degree}",
        ),
        (
            "{degree} {side} basilar atelectasis",
            "{side} basilar atelectasis, {degree}",
            "There is {degree} subsegmental collapse on the {side}",
        ),
        ("atelectasis", "collapse"),
        _LUNGS,
        _SIDED_DEGREES,
        reportable=False,
    ),
    Topic(
        "granuloma",
        (
            "A densely calcified focus is seen in the {side} {lobe}",
            "There is a calcific density in the {side} {lobe}",
            "A tiny calcified round density projects over the {side} {lobe}",
        ),
        (
            "{side} {lobe} granuloma",
            "Granuloma in the {side} {lobe}",
            "Sequela of old granulomatous disease in the {side} {lobe}",
        ),
        ("granuloma", "pulmonary granuloma"),
        rf"{_LUNGS}|calcif",
        _IN_LOBES,
        reportable=False,
    ),
    Topic(
        "edema",
        (
            "Septal lines and perihilar haziness are {degree}",
            "There is {degree} indistinctness of the vessels with Kerley B lines",
            "The upper vessels are distended and ill-defined to a {degree} extent",
        ),
        ("{degree} pulmonary edema", "Pulmonary edema, {degree}", "There is {degree} congestive heart failure"),
        ("pulmonary edema", "congestive heart failure"),
        rf"{_LUNGS}|edema|vascul|congest|interst|failure|overload",
        _DEGREES_ALONE,
    ),
    Topic(
        "emphysema",
        (
            "The diaphragms are flattened to a {degree} extent and the retrosternal space is wide",
            "There is {degree} over-aeration with sparse peripheral vessels",
            "Bullous lucency of the upper zones is {degree}",
        ),
        ("{degree} emphysema", "Emphysema, {degree}", "There is {degree} chronic obstructive pulmonary disease"),
        ("emphysema", "chronic obstructive pulmonary disease"),
        rf"{_LUNGS}|emphys|expan|inflat|volume|diaphragm|copd|obstruct",
        _DEGREES_ALONE,
        reportable=False,
    ),
    Topic(
        "cardiomegaly",
        (
            "The cardiac silhouette is enlarged to a {degree} extent",
            "There is {degree} widening of the heart shadow",
            "The cardiothoracic ratio shows a {degree} increase",
        ),
        ("{degree} cardiomegaly", "Cardiomegaly, {degree}", "There is {degree} cardiomegaly"),
        ("cardiomegaly",),
        r"heart|cardi|silhouet|mediast",
        _DEGREES_ALONE,
        reportable=False,
    ),
    Topic(
        "thickening",
        (
            "A smooth soft tissue band runs along the {side} lateral chest wall",
            "There is a peel of soft tissue over the {side} apex",
            "The {side} lung is bordered by a smooth rind",
        ),
        ("{side} pleural thickening", "Pleural thickening on the {side}", "There is {side} pleural scarring"),
        ("pleural thickening", "pleural scarring"),
        rf"{_PLEURA}|scar|apic",
        _SIDED,
        reportable=False,
    ),
    Topic(
        "rib_fracture",
        (
            "There is a cortical step-off of a {side} lateral rib",
            "A lucent line crosses a {side} posterior rib",
            "A {side} rib is broken, its ends slightly displaced",
        ),
        ("{side} rib fracture", "Fractured rib on the {side}", "There is a {side}-sided rib fracture"),
        ("rib fracture", "acute fracture"),
        _BONES,
        _SIDED,
    ),
    Topic(
        "compression",
        (
            "There is anterior wedging of {level}",
            "{level} has lost half of its height",
            "The superior endplate of {level} is depressed",
        ),
        ("Compression fracture of {level}", "{level} compression deformity", "There is vertebral collapse at {level}"),
        ("compression fracture", "compression deformity"),
        rf"{_BONES}|wedg|height",
        _LEVELS_ALONE,
    ),
    Topic(
        "scoliosis",
        (
            "The spine has a {degree} lateral bend",
            "There is {degree} S-shaped curvature of the spine",
            "The spine deviates from the midline to a {degree} extent",
        ),
        ("{degree} scoliosis", "Scoliosis, {degree}", "There is {degree} scoliotic deformity"),
        ("scoliosis",),
        rf"{_BONES}|scolio|curv|kypho",
        _DEGREES_ALONE,
        reportable=False,
    ),
    Topic(
        "hernia",
        (
            "A {degree} air-fluid level is seen behind the heart",
            "There is a {degree} retrocardiac density that contains gas",
            "A {degree} part of the stomach lies above the diaphragm",
        ),
        ("{degree} hiatal hernia", "Hiatal hernia, {degree}", "There is a {degree} hiatus hernia"),
        ("hiatal hernia", "hiatus hernia"),
        r"herni|mediast|retrocard|diaphragm|bowel|stomach",
        _SIZES_ALONE,
        _SIZES,
        reportable=False,
    ),
)
"""All topics. "Clear lungs" deny many of them."""
