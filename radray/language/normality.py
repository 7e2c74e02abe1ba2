"""Classify an impression as normal or abnormal, by a written rule over closed word lists.

The rule: an impression is normal when every sentence of it

- begins with a negation (after "there is", "otherwise" and the like) and contains no exception, or
- consists of words of normality alone, with at least one that asserts it ("normal", "clear"), optionally followed by
  a negated part ("Normal chest No evidence of tuberculosis"),

ignoring list numbers, bare labels of a body part ("Chest.", "2. Right foot."), masks and "End of report.".
The rule reads words, not grammar: "No effusion, large mass." counts as normal, because it contains no exception.
"""

import re

from radray.language.sentences import split_sentences

_WORD = re.compile(r"[a-z0-9]+")
_MASK = re.compile(r"(?:\bx-)?(?:x{4,}|_{3,})", re.IGNORECASE)
"""Masked words: ``XXXX`` in Open-i, ``___`` in MIMIC-CXR; "x-XXXX" is Open-i's x-ray with its "ray" masked."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PREAMBLE = _words("there is are was were has have been otherwise specifically also and again overall currently")
"""Words that may stand before the negation of a sentence."""

NEGATIONS = _words("no without negative none nothing")
"""Words that make a sentence a negation when they begin it."""

EXCEPTIONS = _words(
    # a comparison: something was there before, and perhaps still is
    "change changes changed unchanged interval stable stability increase increased increasing decrease decreased"
    " improved improvement worsening progression persistent persists residual remain remains remaining resolved"
    " resolution previous previously prior since old new healed"
    # a reservation
    " but however although though except exception excepting excluding apart aside besides despite than yet"
    # a degree: of something that is there
    " mild mildly minimal minimally slight slightly moderate moderately severe borderline"
    # what else there is
    " with following status post postoperative secondary due given likely probable possible possibly may could"
    # what to do about it
    " recommend recommended recommends recommendation consider correlate correlation follow followup if"
)
"""Words that keep a negated sentence from being normal."""

ASSERTIONS = _words("normal clear unremarkable negative intact")
"""Words of which a sentence of normality contains at least one."""

BODY_PARTS = _words(
    "chest thorax thoracic lung lungs heart cardiac cardiopulmonary cardiomediastinal mediastinal mediastinum hilar"
    " hila pulmonary pleura pleural rib ribs spine lumbar cervical sternum clavicle abdomen abdominal pelvis kub"
    " shoulder shoulders humerus elbow elbows forearm wrist wrists hand hands finger fingers thumb hip hips femur"
    " knee knees leg legs ankle ankles foot feet toe toes skull"
    " brain head orbits sinuses neck thyroid liver gallbladder spleen pancreas kidney kidneys renal bladder appendix"
    " bowel uterus ovary ovaries testis testes scrotum prostate breast breasts cord"
    " pelvic cranial cerebral intracranial spinal hepatic hepatobiliary scrotal obstetric carotid venous arterial"
)
SIDES = _words("right left bilateral")
EXAMS = _words(
    "x ray xray radiograph radiographs film ct cta mri mr mra us ultrasound sonogram scan doppler sonography"
    " scintigraphy imaging"
)
LABELS = BODY_PARTS | SIDES | EXAMS | _words("and of the view views pa ap lateral portable with without contrast")
"""Words of a bare label: a sentence of these alone, with a body part among them, asserts nothing."""

CLOSINGS = frozenset({"end of report", "end of impression"})
"""Sentences that mark the end of a report and say nothing about the patient."""

NORMALITY = (
    ASSERTIONS
    | BODY_PARTS
    | SIDES
    | EXAMS
    | _words(
        "a an the of in for and both is are appear appears appearing appearance otherwise grossly essentially"
        " bilaterally two one single views view pa ap lateral frontal portable upright xrays"
        " radiographic radiographically films exam examination study evaluation impression"
        " size shape contour contours silhouette silhouettes structures vascularity vasculature vessels interstitium"
        " parenchyma within limits bony osseous bone bones soft tissue tissues space spaces angles diaphragm"
    )
)
"""Words that may make up a sentence of normality."""


def is_normal(reference: str) -> bool | None:
    """Return whether the impression `reference` is normal; None when it contains no word that can be judged.

    Works on cleaned and on raw text. Masks, list numbers, closings and bare body-part labels are ignored: an
    impression of these alone gives None.
    """
    judged = judged_sentences(reference)
    return all(normal for _, normal in judged) if judged else None


def judged_sentences(impression: str) -> list[tuple[str, bool]]:
    """Return the sentences of `impression` that can be judged, each with whether it is normal; [] for none.

    Masks, list numbers, closings and bare body-part labels are left out.
    """
    sentences = ((sentence, _judged_words(sentence)) for sentence in split_sentences(impression))
    return [(sentence, _is_normal(words)) for sentence, words in sentences if words]


def _judged_words(sentence: str) -> list[str]:
    """Return the words of `sentence` that count, in lower case; [] for a sentence that is not judged."""
    words = _WORD.findall(_MASK.sub(" ", sentence).lower())
    first = next((at for at, word in enumerate(words) if not word.isdigit()), len(words))
    words = words[first:]
    while words and words[-1].isdigit():
        words.pop()
    return [] if _is_label(words) or " ".join(words) in CLOSINGS else words


def _is_label(words: list[str]) -> bool:
    return not BODY_PARTS.isdisjoint(words) and LABELS.issuperset(words)


def _is_normal(words: list[str]) -> bool:
    start = next((i for i, word in enumerate(words) if word in NEGATIONS), len(words))
    head, negated = words[:start], words[start:]
    if not EXCEPTIONS.isdisjoint(negated):
        return False
    if negated and (PREAMBLE.issuperset(head) or _is_label(head)):
        return True
    # a sentence that ends in "negative" alone ("both knees negative") asserts normality: nothing is negated
    asserted = words if len(negated) == 1 else head
    return NORMALITY.issuperset(asserted) and not ASSERTIONS.isdisjoint(asserted)
