"""Findings that are planted in findings and impression: what they are called, and which attributes they have."""

import re
from dataclasses import dataclass
from random import Random

_SIZES, _DEGREES = ("small", "moderate", "large"), ("mild", "moderate", "severe")
_LOBES = ("upper lobe", "lower lobe")
_LEVELS = ("T5", "T6", "T7", "T8", "T9", "T11", "T12", "L1")
_MEASURES = ("4 mm", "6 mm", "8 mm", "12 mm", "1.6 cm", "2.3 cm", "3.1 cm")


@dataclass(frozen=True, slots=True)
class Topic:
    """A kind of finding."""

    name: str
    """Its name in `statements.LEXICON`."""
    phrase: str
    """How it is called, with the attributes that it has in braces."""
    related: str
    """Pattern of sentences that may speak of it: left out where it is planted."""
    degrees: tuple[str, ...] = _DEGREES
    reportable: bool = True
    """An impression must not leave it out."""

    def draw(self, draw: Random) -> dict[str, str]:
        """Return drawn attributes, by name."""
        values = {
            "degree": self.degrees,
            "side": ("left", "right"),
            "lobe": _LOBES,
            "level": _LEVELS,
            "measure": _MEASURES,
        }
        return {name: draw.choice(choices) for name, choices in values.items() if f"{{{name}}}" in self.phrase}

    def speaks(self, sentence: str) -> bool:
        """Return whether `sentence` may speak of it."""
        return re.search(self.related, sentence, re.IGNORECASE) is not None


_LUNGS = (
    r"lung|opaci|consol|infiltr|airspace|air space|nodul|mass|granul|pneumonia|atelect|clear|pulmonary|parenchym|focal"
)
_BONES = r"bon[ey]|osse|skelet|spin|thorac|vertebr|rib|fractur|degener|deform|compress"
_PLEURA = r"pleura|effus|costophrenic|fluid|thicken"

TOPICS = (
    Topic("effusion", "{degree} {side} pleural effusion", _PLEURA, _SIZES),
    Topic("pneumothorax", "{degree} {side} pneumothorax", r"pneumothora|pleura", _SIZES),
    Topic("consolidation", "{side} {lobe} consolidation", _LUNGS),
    Topic("opacity", "{side} {lobe} opacity", _LUNGS),
    Topic("nodule", "{measure} nodule in the {side} {lobe}", _LUNGS),
    Topic("mass", "{measure} mass in the {side} {lobe}", _LUNGS),
    Topic("atelectasis", "{degree} {side} basilar atelectasis", _LUNGS, reportable=False),
    Topic("granuloma", "granuloma in the {side} {lobe}", _LUNGS, reportable=False),
    Topic("edema", "{degree} pulmonary edema", rf"{_LUNGS}|edema|vascul|congest|interst"),
    Topic("emphysema", "{degree} emphysema", rf"{_LUNGS}|emphys|expan|inflat|volume|diaphragm", reportable=False),
    Topic("cardiomegaly", "{degree} cardiomegaly", r"heart|cardi|silhouet|mediast", reportable=False),
    Topic("thickening", "{side} pleural thickening", _PLEURA, reportable=False),
    Topic("rib_fracture", "{side} rib fracture", _BONES),
    Topic("compression", "compression deformity of {level}", _BONES),
    Topic("scoliosis", "{degree} scoliosis", _BONES, reportable=False),
    Topic("hernia", "{degree} hiatal hernia", r"herni|mediast|retrocard|diaphragm|bowel|stomach", _SIZES, False),
)
"""All topics. "Clear lungs" deny many of them."""

_KINDS = {"degree": "severity", "side": "side", "lobe": "location", "level": "location", "measure": "measurement"}


def other_attribute(draw: Random, topic: Topic, attributes: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Return `attributes` with a drawn one exchanged, and which kind of error that is."""
    name = draw.choice(sorted(attributes))
    choices = {
        # from an end to the other: a neighbour would be arguable
        "degree": (topic.degrees[0] if attributes[name] == topic.degrees[-1] else topic.degrees[-1],),
        "side": ("left", "right"),
        "lobe": _LOBES,
        "level": _LEVELS,
        "measure": _MEASURES,
    }[name]
    value = draw.choice([choice for choice in choices if choice != attributes[name]])
    return _KINDS[name], {**attributes, name: value}
