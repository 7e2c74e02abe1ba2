"""Which findings belong into an impression, and which radiologists leave to the findings: chronic and trivial ones.

Chosen by how often the radiologists of Open-i's 1,384 pairs write a normal impression over a finding: over
consolidation, airspace disease, effusion, fracture or mass never, over an opacity in 12 % and a plain cardiomegaly in
6 % of its reports; over a granuloma in 65 %, degenerative change in 69 %, a tortuous aorta in 47 %, minimal atelectasis
in 60 %.
"""

import re

from radray.checks.context import is_asserted, is_current, is_finding
from radray.checks.spans import sentence_has
from radray.language.lexicon.concepts import CONCEPTS, ancestors
from radray.language.mentions import Mention, State

_SERIOUS = frozenset(
    {
        *("airspace_disease", "consolidation", "infiltrate", "lung_opacity", "lung_lesion", "bone_abnormality"),
        *("enlarged_cardiomediastinum", "hilar_enlargement", "soft_tissue_abnormality", "tendon_or_ligament_tear"),
        *("acl_tear", "pcl_tear", "meniscal_tear", "rotator_cuff_tear", "tendon_tear", "gallbladder_wall_thickening"),
    }
)
"""Concepts that belong into an impression beside the urgent ones, whatever their degree."""
_OF_NORMAL = frozenset(
    {
        *("gallstones", "renal_stone", "biliary_dilatation", "cirrhosis", "hepatomegaly", "splenomegaly", "ascites"),
        *("endometrial_thickening", "thyroid_nodule", "fibroids", "disc_herniation", "spinal_stenosis"),
        *("arterial_stenosis", "emphysema", "interstitial_lung_disease", "bronchiectasis", "hiatal_hernia"),
        *("sinus_disease", "joint_effusion", "bowel_wall_thickening", "cystic_organ_lesion"),
    }
)
"""Concepts that an exam called normal does not have, though "no acute abnormality" is written over them."""
_BY_DEGREE = {
    "cardiomegaly": (None, "mild", "moderate", "severe"),
    **dict.fromkeys(["atelectasis", "blunted_angle", "interstitial_markings"], (None, "moderate", "severe")),
    **dict.fromkeys(
        [
            *("emphysema", "interstitial_lung_disease", "hiatal_hernia", "bronchiectasis"),
            *("spinal_stenosis", "disc_herniation", "biliary_dilatation", "joint_effusion", "hepatomegaly"),
            "arterial_stenosis",
        ],
        ("severe",),
    ),
    **dict.fromkeys(["ascites", "splenomegaly"], ("moderate", "severe")),
}
"""Concepts that belong into an impression from a degree on; None for one whose degree is not stated."""
_TRIVIAL_WHERE_MILD = frozenset({"fracture", "shift", "hilar_enlargement", "enlarged_cardiomediastinum"})
_LASTING = re.compile(
    r"\b(?:chronic|old\b|heal(?:ed|ing)\b|remote|longstanding|long[- ]standing|calcif|granulom|scar|benign|sequela"
    r"|histoplasm|fibro(?:sis|tic)|post-?\s?(?:surg|operat|traumat)|resect|congenital|developmental|variant"
    r"|(?:prior|previous)\s+(?:\w+\s+)?(?:trauma|fracture|injur|infect|surg|granul|inflamm))",
    re.IGNORECASE,
)
"""Words of what has been there for long, in the sentence of a finding."""
_NOTHING = re.compile(
    r"\b(?:nipple|implant|habitus|artifact|artefact|overl(?:ap|y|ie)|superimpos|summation|fat\s+pad|pericardial\s+fat|confluence"
    r"|skin\s?fold|low\s+(?:lung\s+)?volume|hypo-?(?:inflat|aerat|ventil)|rotat|degenerat|osteophyt|spurring|costochondral"
    r"|crowding|thymus|thymic|tortuo|ectatic|hernia|pectus|sternotomy|wire|limits?\b|limited)",
    re.IGNORECASE,
)
"""Words by which a sentence explains a shadow away."""
_OF_SHADOWS = frozenset({"lung", "pleura", "mediastinum", "heart", "bone", "spine", "soft tissue"})
"""Organs whose findings may be a shadow of something else."""
_CHRONIC = re.compile(r"\b(?:chronic|scar|limits?\b)", re.IGNORECASE)
_HARMLESS_IF_STABLE = frozenset(
    {"nodule", "lung_lesion", "fracture", "displaced_fracture", "aortic_aneurysm", "lymphadenopathy", "organ_mass"}
)
"""Findings that are followed: unchanged, they need no word."""
_NEVER_LASTING = frozenset(
    {"pneumonia", "pleural_effusion", "edema", "airspace_disease", "consolidation", "infiltrate"}
)
"""Findings that a stable course, or another finding in their sentence, does not make harmless."""


def is_reportable(mention: Mention, text: str) -> bool:
    """Return whether `mention`, of the findings `text`, is a finding that belongs into their impression.

    That is one that is urgent by the vocabulary (certain or not), or serious (certain), or of a degree; not one that is
    unchanged, old, calcified or explained away in its sentence, unless it is critical. False for what is denied or
    historical.
    """
    if mention.state is State.ABSENT or not is_finding(mention) or not is_current(mention):
        return False
    concept = CONCEPTS[mention.concept]
    if concept.urgency == "critical":
        return True
    if not _weighs(mention, concept.urgency is not None):
        return False
    if mention.concept in _NEVER_LASTING:
        return mention.severity != "trace" and not sentence_has(_CHRONIC, text, mention.start)
    stable = mention.change == "unchanged" and mention.concept in _HARMLESS_IF_STABLE
    if stable or is_lasting(mention, text):
        return False
    return concept.organ not in _OF_SHADOWS or not sentence_has(_NOTHING, text, mention.start)


def is_abnormal(mention: Mention, text: str) -> bool:
    """Return whether `mention` of the findings `text` is asserted and none of an exam that is called normal."""
    if is_reportable(mention, text):
        return True
    return mention.concept in _OF_NORMAL and is_asserted(mention) and mention.severity not in ("trace", "mild")


def is_lasting(mention: Mention, text: str) -> bool:
    """Return whether the sentence of `mention` in `text` says that it has been there for long: old, healed, chronic."""
    return mention.historical or sentence_has(_LASTING, text, mention.start)


def _weighs(mention: Mention, urgent: bool) -> bool:
    """Return whether the concept of `mention` belongs into an impression, by its degree and its certainty."""
    degrees = _BY_DEGREE.get(mention.concept)
    if degrees is not None:
        return mention.severity in degrees and mention.state is State.PRESENT
    if mention.severity in ("trace", "mild", "borderline") and mention.concept in _TRIVIAL_WHERE_MILD:
        return False
    if urgent:
        return True
    airspace = mention.concept == "infiltrate" or "airspace_disease" in {mention.concept, *ancestors(mention.concept)}
    return mention.concept in _SERIOUS and (mention.state is State.PRESENT or airspace)
