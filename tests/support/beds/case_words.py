"""Kinds of findings with the words for their attributes: what the template pairs of the synthetic bed are made of."""

from dataclasses import dataclass

SCALES = {
    "size": ("trace", "tiny", "small", "moderate", "large"),
    "degree": ("minimal", "mild", "moderate", "severe"),
    "none": (),
}
OPPOSITES = {
    **dict.fromkeys(("trace", "tiny", "small"), ("large", "massive")),
    "large": ("small", "tiny"),
    **dict.fromkeys(("minimal", "mild"), ("severe", "marked")),
    "severe": ("mild", "minimal"),
    "moderate": (),
}
"""The words that make a severity wrong, none where a neighbour would be arguable."""

LOBES = {"right": ("upper lobe", "middle lobe", "lower lobe"), "left": ("upper lobe", "lower lobe")}
RIBS = ("third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
LEVELS = ("T6", "T7", "T8", "T9", "T11", "T12", "L1")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding."""

    name: str
    nouns: tuple[str, ...]
    """Nouns of the findings."""
    concluded: tuple[str, ...]
    """Nouns of the impression that mean the same."""
    place: str = ""
    """side, lobe, rib, level, or none."""
    scale: str = "none"
    cm: bool = False
    topic: str = ""
    critical: bool = False
    deniable: bool = True
    """A negation of it is a usual sentence."""


KINDS = (
    Kind(
        "effusion",
        ("pleural effusion", "pleural fluid", "layering pleural effusion"),
        ("pleural effusion", "effusion", "pleural fluid"),
        "side",
        "size",
        topic="pleura",
    ),
    Kind(
        "pneumothorax",
        ("pneumothorax", "apical pneumothorax"),
        ("pneumothorax",),
        "side",
        "size",
        topic="air",
        critical=True,
    ),
    Kind(
        "consolidation",
        ("consolidation", "airspace consolidation", "focal consolidation"),
        ("consolidation", "airspace consolidation"),
        "lobe",
        topic="lung",
    ),
    Kind(
        "opacity",
        ("opacity", "patchy opacity", "airspace opacity", "hazy opacity"),
        ("opacity", "airspace opacity"),
        "lobe",
        topic="lung",
    ),
    Kind(
        "nodule",
        ("nodule", "pulmonary nodule", "solid nodule"),
        ("nodule", "pulmonary nodule"),
        "lobe",
        cm=True,
        topic="lung",
    ),
    Kind("mass", ("mass", "lung mass", "spiculated mass"), ("mass", "lung mass"), "lobe", cm=True, topic="lung"),
    Kind("atelectasis", ("atelectasis", "basilar atelectasis"), ("atelectasis",), "side", "degree", topic="lung"),
    Kind("edema", ("pulmonary edema", "interstitial edema"), ("pulmonary edema",), "", "degree", topic="edema"),
    Kind("cardiomegaly", ("cardiomegaly", "enlargement of the heart"), ("cardiomegaly",), "", "degree", topic="heart"),
    Kind("rib", ("rib fracture", "fracture"), ("rib fracture",), "rib", topic="bone"),
    Kind(
        "compression",
        ("compression deformity", "compression fracture"),
        ("compression deformity", "compression fracture"),
        "level",
        "degree",
        topic="bone",
    ),
    Kind("hernia", ("hiatal hernia",), ("hiatal hernia",), "", "size", topic="hernia"),
    Kind("thickening", ("pleural thickening",), ("pleural thickening",), "side", "degree", topic="pleura"),
    Kind("emphysema", ("emphysema", "emphysematous change"), ("emphysema",), "", "degree", topic="chronic"),
    Kind("scarring", ("scarring", "linear scarring"), ("scarring",), "lobe", topic="lung", deniable=False),
    Kind("scoliosis", ("scoliosis",), ("scoliosis",), "", "degree", topic="spine", deniable=False),
    Kind("free_air", ("free air under the diaphragm", "pneumoperitoneum"), ("pneumoperitoneum",), critical=True),
    Kind(
        "embolism",
        ("pulmonary embolism", "acute pulmonary embolus"),
        ("pulmonary embolism", "pulmonary embolus"),
        critical=True,
    ),
    Kind("dissection", ("aortic dissection", "dissection of the aorta"), ("aortic dissection",), critical=True),
    Kind("pneumomediastinum", ("pneumomediastinum",), ("pneumomediastinum",), critical=True),
    Kind("tension", ("tension pneumothorax",), ("tension pneumothorax",), "side", topic="air", critical=True),
)
BY_NAME = {kind.name: kind for kind in KINDS}

NORMALS = {
    "heart": (
        "Heart size is normal.",
        "The cardiac silhouette is normal in size.",
        "Cardiomediastinal contours normal.",
    ),
    "bone": ("The bones are intact.", "No acute osseous abnormality.", "Osseous structures are unremarkable."),
    "lung": ("The airways are patent.", "The trachea is midline."),
    "abdomen": ("The upper abdomen is unremarkable.", "Visualized soft tissues are normal."),
    "clear": ("The lungs are clear.", "Lungs are clear bilaterally.", "Both lungs are well expanded and clear."),
}
COMPLAINTS = (
    *("chest pain", "cough", "shortness of breath", "weakness", "fever", "preoperative evaluation", "hypoxia", "fall"),
    *("dizziness", "weight loss", "positive PPD", "dyspnea on exertion", "altered mental status", "syncope"),
)
WITH_PRIOR = (
    *(
        "Comparison: Chest radiograph ___.",
        "Comparison: Two-view chest from ___.",
        "Comparison: CT chest from last year.",
    ),
    *("Comparison: Prior radiographs, most recent ___.", "Comparison: Portable chest radiograph of yesterday."),
)
WITHOUT_PRIOR = (
    *("Comparison: None.", "Comparison: None available.", "Comparison: No prior studies.", "Comparison: None"),
    *("Comparison: No comparison studies available.", "Comparison: No prior exams are available for comparison."),
)
DEVICES = (
    # findings, right impression, position stated wrongly
    (
        "The endotracheal tube tip is {n} cm above the carina.",
        (
            "Endotracheal tube in satisfactory position",
            "ETT in standard position",
            "Endotracheal tube is well positioned",
        ),
        ("Endotracheal tube in the right mainstem bronchus", "ETT tip in the right main bronchus"),
    ),
    (
        "The enteric tube ends in the stomach.",
        ("Enteric tube in the stomach", "Enteric tube in standard position", "NG tube terminates in the stomach"),
        (
            "Enteric tube in the distal esophagus",
            "NG tube tip in the esophagus",
            "Enteric tube in the right lower lobe bronchus",
        ),
    ),
    (
        "A nasogastric tube courses below the diaphragm with its tip in the gastric body.",
        ("Nasogastric tube in the stomach", "NG tube in good position"),
        ("Nasogastric tube tip in the esophagus", "NG tube is coiled in the esophagus"),
    ),
    (
        "A {s} PICC terminates in the lower superior vena cava.",
        ("{S} PICC in the lower SVC", "{S} PICC in standard position", "PICC tip in the SVC"),
        (
            "{S} PICC tip in the right atrium",
            "{S} PICC terminates in the axillary vein",
            "PICC in the internal jugular vein",
        ),
    ),
    (
        "The {s} internal jugular central venous catheter tip projects over the mid SVC.",
        ("{S} internal jugular catheter in the SVC", "Central venous catheter in the mid SVC"),
        ("{S} internal jugular catheter tip in the right atrium", "Central venous catheter tip in the right ventricle"),
    ),
    (
        "A {s} chest port ends at the cavoatrial junction.",
        ("{S} chest port at the cavoatrial junction", "Port in standard position"),
        ("{S} chest port tip in the right ventricle", "Port tip in the brachiocephalic vein"),
    ),
)
EXTRA_DEVICES = (
    *("Endotracheal tube in standard position", "Nasogastric tube in the stomach", "Right PICC in the SVC"),
    *("Left chest tube in place", "Dual-lead pacemaker", "Left subclavian central venous line in place"),
    *("Swan-Ganz catheter in the main pulmonary artery", "Tracheostomy tube in place", "Right chest port in place"),
    *("Intra-aortic balloon pump in place", "Dobhoff tube in the duodenum", "Right internal jugular central line"),
    *("Enteric tube in the stomach", "Left PICC line in place", "ICD leads in place"),
)
