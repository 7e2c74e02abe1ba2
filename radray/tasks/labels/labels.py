"""The labels: which there are, which concepts of the vocabulary are of them, and which of them are kinds of others."""

from functools import cache

from radray.language.lexicon.concepts import CONCEPTS, ancestors

_CHEXPERT = (
    *("enlarged_cardiomediastinum", "cardiomegaly", "lung_opacity", "lung_lesion", "edema", "consolidation"),
    *("pneumonia", "atelectasis", "pneumothorax", "pleural_effusion", "pleural_other", "fracture", "support_devices"),
)
"""The 13 observations of CheXpert (Irvin et al. 2019) that are things; the fourteenth is NO_FINDING."""
_FREQUENT = (
    *("airspace_disease", "nodule", "granuloma", "calcification", "scarring", "interstitial_markings", "emphysema"),
    *("low_lung_volumes", "elevated_diaphragm", "aortic_tortuosity", "aortic_atherosclerosis", "degenerative_change"),
    *("scoliosis", "deformity", "surgical_clips"),
)
"""The concepts beside them that people coded in 20 or more reports of the part of Open-i that may be learnt from."""
LABELS = (*_CHEXPERT, *_FREQUENT)
"""Labels, which are ids of concepts, in the order in which an answer lists them."""
NO_FINDING = "no_finding"
"""That a report has none of LABELS but DEVICES: never written, since the others say it, but scored as a label."""
DEVICES = frozenset({"support_devices", "surgical_clips"})
"""Labels beside which there is still no finding, as CheXpert has it."""
_KINDS_OF = dict.fromkeys(("stent", "orthopedic_hardware", "prosthetic_valve", "external_leads"), "support_devices")
"""Labels of devices whose concepts have no parents. Of sternotomies people coded nothing, so that they are of none."""


@cache
def labels_of(concept: str) -> frozenset[str]:
    """Return the labels of a report that has `concept`: itself, else what it is a kind of; empty: of no label."""
    if concept in LABELS:
        return frozenset({concept})
    if concept in _KINDS_OF:
        return frozenset({_KINDS_OF[concept]})
    return frozenset[str]().union(*map(labels_of, CONCEPTS[concept].parents))


@cache
def labels_above(label: str) -> frozenset[str]:
    """Return the labels that `label` is a kind of: pneumonia is a consolidation, an airspace disease, an opacity."""
    return ancestors(label).intersection(LABELS)
