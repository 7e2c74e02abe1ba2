"""Recommendations: the actions that an impression asks for without a reason in the findings."""

import re

from radray.checks.context import ReportContext
from radray.checks.recommendations.actions import find_actions
from radray.checks.spans import IMPRESSION, Hit, Place
from radray.language.lexicon.concepts import CONCEPTS, ancestors
from radray.language.mentions import State


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CHRONIC = _words(
    "granuloma calcification degenerative_change osteophyte scoliosis kyphosis osteopenia aortic_tortuosity"
    " aortic_atherosclerosis fat_pad sternotomy_wires surgical_clips prosthetic_valve stent orthopedic_hardware"
    " breast_implant external_leads contrast_medium mastectomy nipple_shadow lung_resection postsurgical_change"
    " low_lung_volumes cardiac_device support_devices central_line circulatory_support"
)
"""What is old, implanted or an artefact: no reason for another test."""

_LESIONS = _words(
    "lung_opacity lung_lesion nodule mass malignancy lymphadenopathy hilar_enlargement"
    " lucency sclerosis pleural_other organ_mass thyroid_nodule cystic_organ_lesion bone_cyst soft_tissue_abnormality"
    " abscess tuberculosis scarring"
)
_FLUID = _words("pleural_effusion blunted_angle pericardial_effusion ascites abscess joint_effusion pneumothorax")
_AIR = _words("pneumothorax pleural_effusion pneumomediastinum")
_HEART = _words("cardiomegaly edema pericardial_effusion enlarged_cardiomediastinum pleural_effusion")
_BONE = _words(
    "fracture dislocation bone_abnormality lucency sclerosis bone_cyst deformity mass malignancy lung_lesion"
    " degenerative_change listhesis disc_herniation spinal_stenosis cord_compression meningitis soft_tissue_swelling"
    " tendon_or_ligament_tear joint_effusion osteopenia soft_tissue_abnormality"
)
_VESSELS = _words(
    "pulmonary_embolism aortic_aneurysm aortic_dissection aortic_rupture enlarged_cardiomediastinum hilar_enlargement"
    " aortic_tortuosity deep_vein_thrombosis arterial_occlusion mass pleural_effusion"
)
INVASIVE: tuple[tuple[re.Pattern[str], frozenset[str]], ...] = tuple(
    (re.compile(rf"\b(?:{words})", re.IGNORECASE), reasons)
    for words, reasons in (
        (r"biops|tissue\s+(?:sampling|diagnosis)|sampling|fine[\s-]needle|resect|lobectomy|excision|needle", _LESIONS),
        (r"bronchoscop|lavage", _LESIONS | {"atelectasis", "foreign_body", "airway_compromise"}),
        (r"pet\b|pet[\s/-]ct|positron", _LESIONS),
        (r"thoracentesis|paracentesis|pericardiocentesis|drainage|\btap\b|aspirat(?:e|ion of)", _FLUID),
        (
            r"chest\s+tube|tube\s+thoracostomy|thoracostomy|decompress|pigtail|chest\s+drain",
            _AIR | {"cord_compression"},
        ),
        (r"echocardio|\becho\b|cardiac\s+(?:mri|ct|cath)|catheteri[sz]ation|pericardial\s+window", _HEART),
        (r"mri?\b|magnetic\s+resonance|kyphoplasty|vertebroplasty|orthop\w+|bone\s+scan", _BONE),
        (
            r"angiogra|cta\b|ctpa\b|pulmonary\s+embolism\s+protocol|anticoagul|venous\s+doppler|heparin|embolization",
            _VESSELS,
        ),
        (r"mammogra|breast", frozenset({"mass", "nodule", "lung_lesion", "soft_tissue_abnormality"})),
        (r"chemotherap|radiation\s+therapy|radiotherap|oncolog", _LESIONS),
        (
            r"antibiotic|antimicrob",
            frozenset({"lung_opacity", "pleural_effusion", "abscess", "tuberculosis", "bronchitis"}),
        ),
        (r"diure(?:sis|tic)", _HEART),
    )
)
"""Tests and treatments that need a specific reason, each with the findings that may be one, parents included."""

_LIMITED = re.compile(
    r"\b(?:limit(?:ed|ation\w*)|suboptimal|sub-optimal|rotat(?:ed|ion)|motion|technique|obscur\w+|not\s+well|poorly|incomplete\w*"
    r"|degraded|underpenetrat\w+|under-?exposed|inadequate|difficult|cannot|questiona\w+|possibl[ey]|may\b|might|could|suggest\w*"
    r"|suspicious|concern\w*|nonspecific|indeterminate|asymmetr\w+|denser?|fullness|prominen\w+|irregular\w*|abnormal\b|vague"
    r"|correlat\w+|not\s+(?:included|visuali[sz]ed|imaged)|convexity)",
    re.IGNORECASE,
)
"""Words that give a reason to act where the findings name no finding of the table."""
_ASKED = re.compile(r"\b(?:recommended|advised|suggested)\b", re.IGNORECASE)
_CONDITION = re.compile(
    r"\b(?:if|should\s+(?:there|symptoms?|clinical|pain)|unless|when\s+clinically|as\s+(?:clinically\s+)?(?:indicated|warranted|needed)"
    r"|in\s+case\s+of|depending|clinically\s+(?:indicated|warranted))\b",
    re.IGNORECASE,
)
"""Words that make an action conditional on the patient, whom the referrer sees and the findings do not."""


def find_recommendations(impression: str, context: ReportContext) -> list[Hit]:
    """Return the actions that the impression recommends without a reason in findings or background; [] for none.

    Radiologists recommend in the impression what the findings do not mention, so an action counts as invented only

    - if there is nothing to act on: the findings name no finding, certain or not, other than `CHRONIC` ones, have no
      words of doubt or of a limited exam (`_LIMITED`), and the background has no nodule or mass; or
    - if it is one of `INVASIVE` and no finding that could be its reason is present;

    and never where the findings or the background recommend an action themselves. The first rule also spares sentences
    that leave the action to the patient's state ("if symptoms persist").
    """
    actions = find_actions(impression)
    if not actions or find_actions(context.findings) or _ASKED.search(context.background):
        return []
    concepts = {m.concept for m in context.in_findings if m.state is not State.ABSENT and _is_reason(m.concept)}
    concepts |= {
        m.concept for m in context.in_background if m.concept in ("nodule", "mass") and m.state is State.PRESENT
    }
    # a large heart is not a wide mediastinum, though the CheXpert labeler files it there
    reasons = concepts.union(*map(ancestors, concepts)) - ({"enlarged_cardiomediastinum"} - concepts)
    acute = any(concept not in CHRONIC for concept in concepts) or _LIMITED.search(context.findings) is not None
    hits: list[Hit] = []
    for start, end, first, last in actions:
        wanted = [needed for pattern, needed in INVASIVE if pattern.search(impression, first, last)]
        invented = (not acute and not _CONDITION.search(impression, first, last)) or (
            bool(wanted) and all(needed.isdisjoint(reasons) for needed in wanted)
        )
        if invented:
            hits.append((Place(IMPRESSION, start, end),))
    return hits


def _is_reason(concept: str) -> bool:
    return concept not in ("abnormality", "no_finding") and not CONCEPTS[concept].normal
