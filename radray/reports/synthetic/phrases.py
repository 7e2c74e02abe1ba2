"""The phrases of the synthetic corpus: how findings are worded, and how an impression interprets them.

All written for this project. The rules that combine them are in `radray.reports.synthetic.studies`.
"""

from dataclasses import dataclass
from itertools import pairwise

Fields = dict[str, str]


def _values(name: str, *values: str) -> tuple[Fields, ...]:
    return tuple({name: value} for value in values)


_LOBES: tuple[Fields, ...] = (
    {"lobe": "right upper lobe", "site": "right upper lobe"},
    {"lobe": "right middle lobe", "site": "right middle lobe"},
    {"lobe": "right lower lobe", "site": "right lower lobe"},
    {"lobe": "left upper lobe", "site": "left upper lobe"},
    {"lobe": "lingular", "site": "lingula"},
    {"lobe": "left lower lobe", "site": "left lower lobe"},
)
_RIBS = ("third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_UNEQUAL = (("moderate", "small"), ("large", "small"), ("large", "moderate"))

DOMAINS: dict[str, tuple[Fields, ...]] = {
    "side": ({"side": "right", "other": "left"}, {"side": "left", "other": "right"}),
    "size": _values("size", "trace", "small", "moderate", "large"),
    "sizes": tuple({"size": size, "less": less} for size, less in _UNEQUAL),
    "air": (
        {"air": "tiny", "apex": "apical "},
        {"air": "small", "apex": "apical "},
        {"air": "small", "apex": ""},
        {"air": "moderate", "apex": ""},
        {"air": "large", "apex": ""},
    ),
    "lobe": _LOBES,
    "lobes": tuple({"first": a["site"], "second": b["site"]} for i, a in enumerate(_LOBES) for b in _LOBES[i + 1 :]),
    "density": _values("density", "consolidation", "opacity"),
    "degree": (
        {"degree": "mild", "degreely": "mildly"},
        {"degree": "moderate", "degreely": "moderately"},
        {"degree": "severe", "degreely": "severely"},
    ),
    "slight": _values("slight", "mild", "moderate"),
    "base": _values("base", "right basilar", "left basilar", "bibasilar"),
    "nodule_cm": _values("cm", "0.6", "0.8", "0.9", "1.0", "1.2", "1.4", "1.5", "1.8", "2.0", "2.5"),
    "mass_cm": _values("cm", "3.5", "4.0", "4.2", "4.5", "5.0", "5.5", "6.0"),
    # a tube should end 3 to 7 cm above the carina, about 5 with the neck neutral (Goodman, AJR 1976)
    "low_cm": _values("cm", "0.5", "0.8", "1.0", "1.2", "1.5"),
    "good_cm": _values("cm", "3.0", "3.5", "4.0", "4.5", "5.0", "5.5"),
    "high_cm": _values("cm", "7.5", "8.0", "8.5", "9.0"),
    "deep_cm": _values("cm", "2", "3", "4", "5"),
    "line": _values("line", "PICC", "internal jugular line", "subclavian line", "port"),
    "vein": _values(
        "vein", "in the lower superior vena cava", "in the mid superior vena cava", "at the cavoatrial junction"
    ),
    "rib": _values("rib", *_RIBS),
    "ribs": tuple({"rib": rib, "next": below} for rib, below in pairwise(_RIBS)),
    "shift": _values("shift", "displaced", "nondisplaced"),
    "vertebra": _values("vertebra", "T6", "T7", "T8", "T9", "T11", "T12", "L1"),
    "hilum": _values("hilum", "right hilar", "left hilar", "bilateral hilar"),
}
"""Values that an attribute may take; each fills the placeholders of templates."""

CHANGES: dict[str, dict[str, tuple[str, ...]]] = {
    "size": {
        "increased": ("has increased", "has increased in size", "is larger"),
        "decreased": ("has decreased", "has decreased in size", "is smaller"),
        "unchanged": ("is unchanged", "is stable"),
        "new": (),
    },
    "degree": {
        "worsened": ("has worsened", "has increased"),
        "improved": ("has improved", "has decreased"),
        "unchanged": ("is unchanged", "is stable"),
        "new": (),
    },
}
"""For each attribute that changes: the word in the impression, and its phrasings in the findings (new: in a frame)."""
CALMING = frozenset({"decreased", "improved", "unchanged"})
"""Changes for which the impression neither interprets nor advises."""

FRAMES = ("There {is} {a}{noun}.", "{a}{noun} {is} seen.", "{a}{noun} {is} noted.", "{a}{noun} {is} present.")
CHANGE_FRAMES = (
    "The {noun} {change}.",
    "The {noun} {change} since the prior study.",
    "Compared with the prior study, the {noun} {change}.",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of observation: how findings state it and how the impression interprets it.

    Each of `parts` is a tuple of alternatives; an alternative is a sentence, or a noun phrase marked ``a:``
    (singular), ``m:`` (uncountable) or ``s:`` (plural) that is put into a frame; a change applies to the first part.
    `advice` pairs a property of the indication (empty: any) with what the impression then adds; the first that applies
    is used. Two kinds that share a word of `topics` never occur in one study.
    """

    weight: int
    topics: str
    domains: str
    parts: tuple[tuple[str, ...], ...]
    impression: str
    advice: tuple[tuple[str, str], ...] = ()
    change: str | None = None
    acute: bool = True


_HEART = (
    "The heart is {degreely} enlarged.",
    "m:{degree} cardiomegaly",
    "The cardiac silhouette is {degreely} enlarged.",
)
_CONGESTED = ("m:pulmonary vascular congestion", "The pulmonary vessels are engorged.")
_EDEMA = ("m:{slight} pulmonary edema", "m:{slight} interstitial edema")
_TUBE = (
    "The endotracheal tube tip is {cm} cm above the carina.",
    "The endotracheal tube ends {cm} cm above the carina.",
)
_CT = (("", "recommend chest CT"),)

# fmt: off
KINDS: tuple[Kind, ...] = (
    Kind(2, "airway", "", (("The endotracheal tube tip is in the right mainstem bronchus.",
                            "The endotracheal tube ends in the right mainstem bronchus."),),
         "endotracheal tube in the right mainstem bronchus, recommend withdrawal"),
    Kind(1, "gastric", "", (("The enteric tube tip is in the right lower lobe bronchus.",
                             "The enteric tube ends in the right lower lobe bronchus."),),
         "enteric tube in the right lower lobe bronchus, recommend removal"),
    Kind(2, "air mediastinum", "side", (("a:large {side} pneumothorax",),
                                        ("The mediastinum is shifted to the {other}.",
                                         "Mediastinal structures are shifted to the {other}.")),
         "large {side} tension pneumothorax"),
    Kind(2, "abdomen", "side", (("m:free air under the {side} hemidiaphragm",),),
         "free air under the {side} hemidiaphragm",
         (("surgery", "likely postoperative"), ("", "concerning for perforation"))),
    Kind(2, "mediastinum", "", (("The mediastinum is widened.", "m:widening of the mediastinum"),),
         "widened mediastinum", (("trauma", "concerning for aortic injury"), *_CT)),
    Kind(8, "air", "air side", (("a:{air} {side} {apex}pneumothorax",),),
         "{air} {side} {apex}pneumothorax", change="size"),
    Kind(4, "airway", "low_cm", (_TUBE,),
         "low endotracheal tube {cm} cm above the carina, recommend withdrawal by 2 cm"),
    Kind(3, "airway", "high_cm", (_TUBE,),
         "high endotracheal tube {cm} cm above the carina, recommend advancing by 3 cm"),
    Kind(4, "line", "side line deep_cm",
         (("The {side} {line} tip is {cm} cm below the cavoatrial junction.",
           "The tip of the {side} {line} is {cm} cm below the cavoatrial junction."),),
         "{side} {line} tip in the right atrium, recommend withdrawal by {cm} cm"),
    Kind(3, "gastric", "", (("The enteric tube tip is in the distal esophagus.",
                             "The enteric tube ends in the distal esophagus."),),
         "enteric tube tip in the distal esophagus, recommend advancing"),
    Kind(4, "nodule", "lobe mass_cm", (("a:{cm} cm mass in the {site}", "a:{cm} cm {lobe} mass"),),
         "{cm} cm {lobe} mass", (("", "concerning for malignancy"),), "size"),
    Kind(5, "heart edema", "slight degree", (_EDEMA, _HEART),
         "congestive heart failure with {slight} pulmonary edema", change="degree"),
    Kind(4, "heart edema", "degree", (_CONGESTED, _HEART), "mild congestive heart failure", change="degree"),
    Kind(4, "edema", "slight", (_EDEMA,), "{slight} pulmonary edema", change="degree"),
    Kind(5, "airspace", "lobes", (("m:consolidation in the {first}", "a:focal opacity in the {first}"),
                                  ("m:consolidation in the {second}", "a:focal opacity in the {second}")),
         "multifocal opacities in the {first} and {second}, concerning for pneumonia"),
    Kind(14, "airspace", "lobe density", (("a:{lobe} {density}", "a:focal {density} in the {site}",
                                           "a:patchy {density} in the {site}"),),
         "{lobe} {density}", (("infection", "concerning for pneumonia"), ("aspiration", "concerning for aspiration"),
                              ("", "atelectasis or pneumonia")), "degree"),
    Kind(10, "effusion", "size side", (("a:{size} {side} pleural effusion",
                                        "a:{size} pleural effusion on the {side}"),),
         "{size} {side} pleural effusion", change="size"),
    Kind(5, "effusion airspace", "size side", (("a:{size} {side} pleural effusion",),
                                               ("m:atelectasis at the {side} base", "m:{side} basilar atelectasis")),
         "{size} {side} pleural effusion with atelectasis", change="size"),
    Kind(4, "effusion", "size", (("s:{size} bilateral pleural effusions",),),
         "{size} bilateral pleural effusions", change="size"),
    Kind(4, "effusion", "size", (("a:{size} right pleural effusion",), ("a:{size} left pleural effusion",)),
         "{size} bilateral pleural effusions"),
    Kind(4, "effusion", "sizes side", (("a:{size} {side} pleural effusion",), ("a:{less} {other} pleural effusion",)),
         "bilateral pleural effusions, {size} {side} and {less} {other}"),
    Kind(8, "nodule", "lobe nodule_cm", (("a:{cm} cm nodule in the {site}", "a:{cm} cm {lobe} nodule"),),
         "{cm} cm {lobe} nodule", _CT, "size"),
    Kind(6, "bone", "shift side rib", (("a:{shift} fracture of the {side} {rib} rib",
                                        "a:{shift} {side} {rib} rib fracture"),),
         "{shift} {side} {rib} rib fracture"),
    Kind(4, "bone", "shift side ribs", (("s:{shift} fractures of the {side} {rib} and {next} ribs",),),
         "{shift} {side} {rib} and {next} rib fractures"),
    Kind(4, "edema", "", (_CONGESTED,), "pulmonary vascular congestion", change="degree"),
    Kind(8, "airspace", "slight base", (("m:{slight} {base} atelectasis",),),
         "{slight} {base} atelectasis", change="degree"),
    Kind(3, "mediastinum", "hilum", (("m:{hilum} enlargement", "m:{hilum} fullness"),),
         "{hilum} enlargement", _CT, "degree"),
    Kind(5, "bone", "slight vertebra", (("a:{slight} compression deformity of {vertebra}",
                                         "m:{slight} loss of height of {vertebra}"),),
         "{slight} {vertebra} compression deformity",
         (("trauma", "concerning for acute fracture"), ("", "likely chronic"))),
    Kind(4, "chronic", "", (("The lungs are hyperinflated with flattened diaphragms.",
                             "m:hyperinflation with flattened diaphragms"),), "emphysema", acute=False),
    Kind(3, "chronic airspace", "slight", (("s:{slight} reticular opacities at both bases",),),
         "{slight} interstitial lung disease", change="degree", acute=False),
    Kind(7, "heart", "degree", (_HEART,), "{degree} cardiomegaly", acute=False),
    Kind(3, "abdomen", "side", (("m:elevation of the {side} hemidiaphragm",
                                 "The {side} hemidiaphragm is elevated."),),
         "elevated {side} hemidiaphragm", acute=False),
)
"""Observations that the impression reports, the most urgent first."""

DEVICES: tuple[Kind, ...] = (
    Kind(4, "airway", "good_cm", (_TUBE,), "endotracheal tube"),
    Kind(3, "gastric", "", (("The enteric tube tip is in the stomach.", "The enteric tube ends in the stomach."),),
         "enteric tube"),
    Kind(5, "line", "side line vein", (("The {side} {line} tip is {vein}.",
                                        "The tip of the {side} {line} is {vein}."),),
         "{side} {line}"),
)
"""Devices in the correct position; the impression names a single one and summarises several."""
# fmt: on

FILLERS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "air effusion",
        "",
        ("There is no pleural effusion or pneumothorax.", "No pleural effusion or pneumothorax is seen."),
    ),
    ("air", "effusion", ("There is no pneumothorax.", "No pneumothorax is seen.")),
    ("effusion", "air", ("There is no pleural effusion.", "No pleural effusion is seen.")),
    ("airspace", "", ("There is no focal consolidation.", "No focal consolidation is seen.")),
    ("airspace nodule chronic edema", "", ("The lungs are clear.", "The lungs are well expanded and clear.")),
    ("heart", "", ("The heart is normal in size.", "Heart size is normal.", "The cardiac silhouette is normal.")),
    (
        "mediastinum",
        "",
        ("The mediastinal and hilar contours are normal.", "The mediastinal contours are unremarkable."),
    ),
    ("edema", "", ("There is no pulmonary edema.", "The pulmonary vessels are normal.")),
    ("bone", "", ("The bones are intact.", "No acute fracture is seen.")),
    ("abdomen", "", ("There is no free air under the diaphragm.", "The upper abdomen is unremarkable.")),
)
"""Normal sentences: topics that must be free for the sentence to be true, topics that must be taken, phrasings."""

INCIDENTALS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "spine",
        ("Degenerative changes are seen in the thoracic spine.", "There is mild scoliosis of the thoracic spine."),
    ),
    ("aorta", ("The aorta is calcified.", "The aorta is tortuous.")),
    ("nodule", ("A calcified granuloma is seen in the left upper lobe.",)),
    ("bone", ("A healed right rib fracture is noted.", "A healed left rib fracture is noted.")),
    ("clips", ("Surgical clips are seen in the upper abdomen.",)),
    ("pacemaker", ("A left pacemaker is present with leads in the right atrium and right ventricle.",)),
)
"""Incidental observations, each with the topic that it takes: never in the impression."""

INDICATIONS: tuple[tuple[str, str], ...] = (
    ("infection", "fever and cough"),
    ("infection", "productive cough"),
    ("infection", "fever and elevated white blood cell count"),
    ("trauma", "chest pain after a fall"),
    ("trauma", "chest pain after a motor vehicle collision"),
    ("surgery", "recent abdominal surgery"),
    ("aspiration", "vomiting and altered mental status"),
    ("aspiration", "difficulty swallowing"),
    ("", "shortness of breath"),
    ("", "chest pain"),
    ("", "hypoxia"),
    ("", "weakness"),
    ("", "respiratory failure"),
)
"""Indications, each with the property on which the impression depends."""
ASKED = {"infection": "airspace", "trauma": "air bone"}
"""Topics that the findings always mention, by that property."""
QUESTIONS = ("", " Evaluate for acute process.", " Please assess.")

NORMAL_IMPRESSION = "no acute cardiopulmonary process"
NORMAL_IMPRESSIONS = {"infection": "no evidence of pneumonia", "trauma": "no acute fracture or pneumothorax"}
"""The impression when nothing is acute, for indications that ask a specific question."""
