"""Urgent findings that an impression leaves out without a related word."""

import re

from radray.checks.context import ReportContext, akin, is_asserted, place, related
from radray.checks.findings.reportable import is_reportable
from radray.checks.spans import FINDINGS, Hit
from radray.language.lexicon.concepts import CONCEPTS, ancestors
from radray.language.lexicon.cues import words
from radray.language.mentions import Mention, State

_SPOKEN_FOR = {
    "shift": {"pneumothorax", "atelectasis", "mass", "brain_herniation", "intracranial_hemorrhage"},
    "brain_herniation": {"shift", "intracranial_hemorrhage", "mass", "organ_mass", "malignancy", "acute_infarct"},
    "hydronephrosis": {"renal_stone"},
    "malignancy": {
        "mass",
        "nodule",
        "organ_mass",
        "lung_lesion",
        "lung_opacity",
        "lymphadenopathy",
        "bone_abnormality",
    },
    "lymphadenopathy": {"malignancy", "hilar_enlargement", "enlarged_cardiomediastinum"},
    "mass": {"malignancy", "organ_mass"},
    "nodule": {"malignancy", "granuloma", "thyroid_nodule"},
    "lung_lesion": {"malignancy", "granuloma", "scarring", "cystic_organ_lesion", "hemangioma"},
    "bone_abnormality": {"malignancy", "fracture", "bone_cyst", "lucency", "sclerosis"},
    "edema": {"cardiomegaly", "interstitial_markings"},
    "pleural_effusion": {"blunted_angle", "pleural_other"},
    "abscess": {"pneumonia", "appendicitis", "diverticulitis", "cholecystitis", "pyelonephritis", "meningitis"},
    "fracture": {"deformity", "malignancy"},
    "subcutaneous_emphysema": {"pneumothorax", "pneumomediastinum"},
    "aortic_aneurysm": {"aortic_rupture", "aortic_dissection", "aortic_tortuosity"},
}
"""Concepts by which an impression speaks for another that it does not name: the reading of a sign, or its cause."""
_ACTIONABLE = frozenset({"lung_lesion", "bone_abnormality"})
"""Concepts without an urgency of their own that call for a next step: a lesion of lung or bone."""
_MAY_BE_A_MASS = frozenset({"consolidation", "airspace_disease", "infiltrate", "pneumonia"})
_SPOKEN_WORDS = {
    "pleural_effusion": {"fluid", "chf", "failure", "overload", "hydropneumothorax", "empyema"},
    "hydronephrosis": {"dilatation", "dilation", "dilated", "obstructing", "obstruction", "obstructed"},
    "edema": {"chf", "failure", "overload", "ards"},
}
"""The same in words that are no concept of their own."""
_WORD = re.compile(r"[a-z]{3,}")
_OF_ANYTHING = words(
    "acute active left right small large pleural pulmonary venous lung the and with for body bone rib heart"
)
"""Words that are in the names of many findings."""


def find_omissions(impression: str, mentions: tuple[Mention, ...], context: ReportContext) -> list[Hit]:
    """Return the urgent findings that the findings assert and the impression has no word for; [] for none.

    A finding that belongs into an impression (`is_reportable`) and has an urgency in the vocabulary is covered by any
    concept that is akin to it or speaks for it, certain or not, and by its own words in the impression. Each hit is a
    place in the findings alone, one a concept.
    """
    urgent = {
        mention.concept: mention
        for mention in reversed(context.in_findings)
        if (CONCEPTS[mention.concept].urgency or mention.concept in _ACTIONABLE)
        and is_asserted(mention)
        and is_reportable(mention, context.findings)
    }
    if not urgent:
        return []
    named = {mention.concept for mention in mentions if mention.state is not State.ABSENT}
    denied = {mention.concept for mention in mentions} - named
    written = set(_WORD.findall(impression.lower()))
    return [
        (place(mention, FINDINGS),)
        for concept, mention in sorted(urgent.items(), key=lambda item: item[1].start)
        if not any(_covers(other, concept) for other in named)
        and named.isdisjoint(_SPOKEN_FOR.get(concept, ()))
        and written.isdisjoint(_SPOKEN_WORDS.get(concept, ()))
        and (concept in denied or written.isdisjoint(_words_of(mention, context.findings)))
    ]


def _covers(named: str, missed: str) -> bool:
    """Return whether a `named` concept covers a `missed` one; a nodule or mass is no kind of collapse or oedema."""
    if missed == "lung_lesion" or "lung_lesion" in ancestors(missed):
        return related(named, missed) or "lung_lesion" in ancestors(named) or named in _MAY_BE_A_MASS
    return akin(named, missed)


def _words_of(mention: Mention, text: str) -> set[str]:
    """Return the words by which `text` names the finding, without those of many findings, singular and plural."""
    own = set(_WORD.findall(text[mention.start : mention.end].lower())) - _OF_ANYTHING
    return own | {word + "s" for word in own} | {word.removesuffix("s") for word in own}
