"""The exam of a report: modality and body part, by rule from the exam's description."""

import re
from functools import lru_cache

# The first rule that matches decides: words specific to one modality come before words that several share.
# Codes: DICOM PS3.3 C.7.3.1.1.1 (CR stands for every plain radiograph: reports do not distinguish CR from DX).
_MODALITIES: tuple[tuple[str, str], ...] = (
    ("PT", r"pet(?:[ /-]?ct)?|positron"),
    ("MG", r"mammo\w*|tomosynthesis"),
    ("MR", r"mri?|mra|mrcp|mrv|magnetic"),
    ("CT", r"ct|cta|ctpa|cat scan|ldct|hrct|computed tomograph\w*"),
    ("US", r"us|u/s|ultrasound|sonogra\w*|doppler|duplex|echo(?:cardiogra\w*)?"),
    ("NM", r"nm|nuclear|scintigra\w*|spect|v/?q|bone scan"),
    ("XA", r"angiogra(?:m|phy)|venogra(?:m|phy)|arteriogra(?:m|phy)"),
    ("RF", r"fluoro\w*|esophagram|barium|swallow\w*|upper gi"),
    ("CR", r"cr|dx|xr|cxr|x-?rays?|xrays?|x-___|x ___|radiograph\w*|plain films?|babygram"),
    # an exam with frontal and lateral views is a radiograph
    ("CR", r"(?:\d+|one|two|three|four|single)[ -]?(?:\(\d\) ?)?(?:views?|v|vws?)|2v|1v"),
    ("CR", r"(?:pa|ap|frontal|portable)\b.*\b(?:lat|lateral|chest|views?|abdomen|ribs)|upright|decubitus"),
    ("CR", r"(?:chest|abdomen|ribs)\b.*\b(?:pa|ap|frontal|portable|lateral)|and lat(?:eral)?"),
)
_BODY_PARTS: tuple[tuple[str, str], ...] = (
    ("chest", r"chest|thorax|thoracic cavity|cxr|lungs?|pulmonary|ctpa|hrct|ldct|babygram"),
    ("ribs", r"ribs?"),
    ("head", r"head|brain|skull|sinus(?:es)?|orbits?|fac(?:e|ial)|temporal bones?|mandible"),
    ("spine", r"spine|spinal|[clt]-?spine|cervical|lumbar|lumbosacral|thoracic|sacrum|coccyx"),
    ("neck", r"neck|thyroid|carotids?|soft tissues? neck"),
    ("abdomen", r"abd(?:omen|ominal)?|kub|liver|hepatic|renal|kidneys?|gallbladder|pancreas|mrcp|upper gi|barium"),
    ("pelvis", r"pelvi[sc]|bladder|prostate|uterus|scrot\w+"),
    ("breast", r"breasts?|mammo\w*"),
    ("heart", r"heart|cardiac|echocardiogra\w*|coronary"),
    (
        "extremity",
        r"shoulders?|clavicles?|humerus|elbows?|forearms?|wrists?|hands?|fingers?|thumb|hips?|femur|knees?|tibia|fibula"
        r"|ankles?|f(?:oo|ee)t|toes?|legs?|arms?|extremit(?:y|ies)|scapula|calcaneus|heel",
    ),
)


def _rules(table: tuple[tuple[str, str], ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((code, re.compile(rf"(?<![a-z])(?:{words})(?![a-z])")) for code, words in table)


_MODALITY_RULES, _BODY_PART_RULES = _rules(_MODALITIES), _rules(_BODY_PARTS)
# "PA and lateral chest ___ comparison chest CT ___": the CT is not this exam (5 Open-i studies)
_ANOTHER_EXAM = re.compile(r"\b(?:comparison|compared|previous|prior|from the same|and ct from)\b")
_LONGEST = 200
"""Characters of a description that are examined: the name of an exam is shorter, and what follows is a sentence."""


def modality(description: str | None) -> str | None:
    """Return the DICOM modality code of the exam with the cleaned `description`; None where it names none."""
    return _modality_and_body_part(description[:_LONGEST])[0] if description else None


def body_part(description: str | None) -> str | None:
    """Return the body part, in lower case, of the exam with the cleaned `description`; None where it names none.

    Of several, the first in the table: a "chest and abdomen" CT is of the chest, as is a chest film with ribs.
    """
    return _modality_and_body_part(description[:_LONGEST])[1] if description else None


@lru_cache(maxsize=4096)
def _modality_and_body_part(description: str) -> tuple[str | None, str | None]:
    words = _ANOTHER_EXAM.split(description.lower(), maxsplit=1)[0]
    code = next((code for code, pattern in _MODALITY_RULES if pattern.search(words)), None)
    return code, next((part for part, pattern in _BODY_PART_RULES if pattern.search(words)), None)
