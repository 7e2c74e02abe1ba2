"""What Open-i's human codes say, in concepts of the phrase table: which codes a concept should be found for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FORMATS = frozenset({"openi_csv", "openi_xml"})
"""Formats whose human codes are these: what other sources have as codes is of other lists, and seldom complete."""
SILENT = frozenset({"=no indexing", "=technical quality of image unsatisfactory"})
"""Headings that say nothing of findings."""


@dataclass(frozen=True)
class Coded:
    """A concept with its codes.

    `codes` oblige: a report with one of them should have one of `expected` (or a kind of it). `loose` oblige our
    vocabulary alone, whose phrases of the concept cover them: those of emphysema have hyperinflation, which is not
    emphysema yet, so that no right answer is from it. `also` excuse: a report with the concept `id` is right with one
    of `codes`, `loose` or `also`. A code is "Heading" or "Heading/qualifier", lower case; it meets every code with that
    heading and that qualifier.
    """

    id: str
    codes: tuple[str, ...]
    expected: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def excuses(self) -> tuple[str, ...]:
        """Every code that a report with the concept may have for it."""
        return self.codes + self.loose + self.also


def _coded(id: str, codes: str, expected: str = "", loose: str = "", also: str = "") -> Coded:
    return Coded(id, _split(codes), (id, *expected.split()), _split(loose), _split(also))


def _split(codes: str) -> tuple[str, ...]:
    return tuple(code.strip() for code in codes.split(";") if code.strip())


_LUNGS = (
    "opacity; density; airspace disease; infiltrate; consolidation; pneumonia; pulmonary atelectasis;"
    " markings; cicatrix; pulmonary congestion; pulmonary edema; nodule; mass; lung diseases, interstitial;"
    " calcified granuloma; granuloma; calcinosis; pulmonary fibrosis; cavitation; volume loss; epicardial fat;"
    " nipple shadow; lung/; pulmonary disease"
)

CODED: tuple[Coded, ...] = (
    _coded("cardiomegaly", "cardiomegaly; cardiac shadow/enlarged; heart/enlarged", loose="heart failure"),
    _coded(
        "enlarged_cardiomediastinum",
        "mediastinum/enlarged; mediastinum/prominent",
        also="cardiomegaly; cardiac shadow; aorta; mediastinum; heart; epicardial fat",
    ),
    _coded("lung_opacity", "opacity", "interstitial_markings", also=_LUNGS),
    _coded(
        "airspace_disease",
        "airspace disease",
        "infiltrate consolidation pneumonia lung_opacity",
        also="opacity; consolidation; infiltrate; pneumonia; pulmonary atelectasis; density; pulmonary edema",
    ),
    _coded(
        "consolidation", "consolidation", also="airspace disease; infiltrate; pneumonia; opacity; pulmonary atelectasis"
    ),
    _coded("infiltrate", "infiltrate", also="airspace disease; consolidation; pneumonia; opacity"),
    _coded("pneumonia", "pneumonia", also="airspace disease; consolidation; infiltrate; opacity"),
    _coded(
        "atelectasis",
        "pulmonary atelectasis",
        loose="volume loss",
        also="opacity; cicatrix; markings; airspace disease; density",
    ),
    _coded(
        "edema",
        "pulmonary edema",
        loose="pulmonary congestion; heart failure",
        also="markings; blood vessels; opacity; cardiomegaly",
    ),
    _coded("lung_lesion", "cavitation; mass; nodule", "granuloma", also="opacity; density; calcified granuloma; cysts"),
    _coded("nodule", "nodule", "granuloma lung_lesion", also="calcified granuloma; density; opacity; granuloma; mass"),
    _coded("mass", "mass", also="opacity; nodule; density"),
    _coded(
        "granuloma",
        "calcified granuloma; granuloma; granulomatous disease",
        "calcification",
        also="nodule; calcinosis; density",
    ),
    _coded(
        "calcification",
        "calcinosis",
        "granuloma aortic_atherosclerosis pleural_other",
        also="calcified granuloma; granuloma; granulomatous disease; atherosclerosis; nodule; density; opacity",
    ),
    _coded(
        "scarring", "cicatrix", "interstitial_lung_disease", also="pulmonary fibrosis; thickening; opacity; markings"
    ),
    _coded(
        "interstitial_markings",
        "markings/interstitial; opacity/interstitial; lung diseases, interstitial",
        loose="markings",
        also="pulmonary edema; pulmonary fibrosis; opacity; lung/hypoinflation; pulmonary congestion",
    ),
    _coded(
        "interstitial_lung_disease",
        "pulmonary fibrosis; lung diseases, interstitial",
        loose="sarcoidosis",
        also="markings; cicatrix",
    ),
    _coded("bronchitis", "bronchitis"),
    _coded(
        "emphysema",
        "emphysema; pulmonary emphysema; bullous emphysema",
        loose="pulmonary disease, chronic obstructive; lung/hyperdistention; lung, hyperlucent; diaphragm/flattened"
        "; blister",
    ),
    _coded("low_lung_volumes", "lung/hypoinflation", also="pulmonary atelectasis"),
    _coded("lucency", "lucency", "emphysema", also="lung, hyperlucent; lung/hyperdistention; blister"),
    _coded("pleural_effusion", "pleural effusion; hydropneumothorax", also="costophrenic angle; thickening"),
    _coded(
        "blunted_angle",
        "costophrenic angle/blunted; sulcus/blunted",
        "pleural_effusion",
        loose="costophrenic angle/obscured",
        also="pleural effusion; thickening; costophrenic angle; sulcus",
    ),
    _coded("pneumothorax", "pneumothorax; hydropneumothorax"),
    _coded("pleural_other", "thickening/pleura", also="cicatrix; thickening; calcinosis/pleura; pleura"),
    _coded(
        "aortic_tortuosity",
        "aorta/tortuous; aorta, thoracic/tortuous",
        loose="aorta/prominent; aorta, thoracic/prominent",
        also="aorta; aorta, thoracic",
    ),
    _coded(
        "aortic_atherosclerosis",
        "atherosclerosis; calcinosis/aorta",
        loose="calcinosis/blood vessels; calcinosis/coronary vessels",
        also="calcinosis; aorta",
    ),
    _coded(
        "hilar_enlargement",
        "",
        loose="pulmonary artery; hypertension, pulmonary",
        also="lung/hilum; opacity/hilum; density/hilum",
    ),
    _coded("lymphadenopathy", "lymphatic diseases; lymph nodes/enlarged", also="mass; calcinosis; opacity; density"),
    _coded("shift", "shift", also="mediastinum; trachea"),
    _coded("hiatal_hernia", "hernia, hiatal"),
    _coded("elevated_diaphragm", "diaphragm/elevated; diaphragmatic eventration", also="diaphragm"),
    _coded("fat_pad", "epicardial fat; adipose tissue"),
    _coded(
        "degenerative_change",
        "spondylosis; spine/degenerative; thoracic vertebrae/degenerative; lumbar vertebrae/degenerative; arthritis"
        "; cervical vertebrae/degenerative; osteophyte; hyperostosis, diffuse idiopathic skeletal"
        "; shoulder/degenerative",
        also="sclerosis; deformity/thoracic vertebrae; spine; thoracic vertebrae",
    ),
    _coded("osteophyte", "osteophyte", also="spondylosis; spine/degenerative; thoracic vertebrae/degenerative"),
    _coded("scoliosis", "scoliosis", also="spine; thoracic vertebrae"),
    _coded("kyphosis", "kyphosis"),
    _coded("osteopenia", "bone diseases, metabolic; osteoporosis"),
    _coded("fracture", "fractures, bone", "deformity", also="deformity; ribs; thoracic vertebrae"),
    _coded(
        "deformity", "deformity; funnel chest; pectus carinatum", "fracture", also="fractures, bone; clavicle; ribs"
    ),
    _coded("dislocation", "dislocations"),
    _coded("sclerosis", "sclerosis", "bone_abnormality"),
    _coded("bone_cyst", "cysts"),
    _coded("central_line", "catheters, indwelling", "support_devices", also="implanted medical device; medical device"),
    _coded(
        "support_devices",
        "implanted medical device; medical device; tube, inserted; catheters, indwelling",
        "prosthetic_valve orthopedic_hardware surgical_clips sternotomy_wires stent foreign_body external_leads",
    ),
    _coded(
        "surgical_clips", "surgical instruments; sutures", "orthopedic_hardware sternotomy_wires", also="medical device"
    ),
    _coded("stent", "stents"),
    _coded(
        "orthopedic_hardware",
        "spinal fusion",
        also="implanted medical device; medical device; surgical instruments; shoulder; humerus",
    ),
    _coded("foreign_body", "foreign bodies", "surgical_clips support_devices", also="density"),
    _coded("breast_implant", "breast implants"),
    _coded("mastectomy", "mastectomy", "breast_implant"),
    _coded("lung_resection", "pneumonectomy", "postsurgical_change", also="volume loss; ribs"),
    _coded("contrast_medium", "contrast media"),
    _coded("nipple_shadow", "nipple shadow"),
)
"""Concepts with codes of their own. "No Indexing" and "Technical Quality" say nothing of findings."""


def codes_of(report: Mapping[str, Any]) -> tuple[frozenset[str], ...] | None:
    """Return the codes of a row of `reports` with `format` and `human_codes`, as `parse_codes` does; normal: ().

    None: people did not code it, or not with these codes, so that nothing follows from a code that is absent.
    """
    if report["format"] not in FORMATS or not report["human_codes"]:
        return None
    codes = parse_codes(report["human_codes"])
    findings = tuple(code for code in codes if SILENT.isdisjoint(code) and "=normal" not in code)
    return findings if findings or any("=normal" in code for code in codes) else None


def parse_codes(codes: str) -> tuple[frozenset[str], ...]:
    """Return the codes of a report, each the set of its heading and qualifiers; the heading is marked by a "="."""
    parsed = []
    for code in codes.lower().split(";"):
        parts = [part.strip() for part in code.split("/") if part.strip()]
        if parts:
            parsed.append(frozenset({f"={parts[0]}", *parts}))
    return tuple(parsed)


def meets(codes: tuple[frozenset[str], ...], wanted: str) -> bool:
    """Return whether one of `codes` is the code `wanted`."""
    heading, _, qualifier = wanted.partition("/")
    return any(f"={heading}" in code and (not qualifier or qualifier in code) for code in codes)
