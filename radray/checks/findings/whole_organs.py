"""Denials of a whole organ: "the lungs are clear", "no acute osseous abnormality", and what they contradict."""

import re

from radray.checks.context import ReportContext
from radray.checks.findings.reportable import is_reportable
from radray.checks.spans import sentence_of
from radray.language.lexicon.concepts import ancestors
from radray.language.mentions import Mention, State

WIDE = frozenset({"lung_opacity", "enlarged_cardiomediastinum", "bone_abnormality", "support_devices", "lung_lesion"})
"""Concepts so wide that denying them does not deny each of their children."""
_AIRSPACE = frozenset({"airspace_disease", "consolidation", "infiltrate", "pneumonia"})
"""Children that "no opacity" denies: reports say it of a film with a scar or a nodule."""
_WHOLE = re.compile(r"\b(?:clear|aerated|normal|unremarkable|preserved|abnormality)\b", re.IGNORECASE)
"""Words of a denial of opacity that speaks of the lungs as a whole."""
_NORMAL = re.compile(r"\b(?:normal|unremarkable|abnormality)\b", re.IGNORECASE)
"""Those that exclude what is no opacity, too: emphysema and fibrosis."""
_UNNAMED = re.compile(r"\b(?:abnormalit|disease|process|injur|patholog|finding)", re.IGNORECASE)
_ACUTE = re.compile(r"\b(?:acute|acutely|active|recent|new)\b", re.IGNORECASE)
_ACUTE_REACH = 40
"""Most characters from "acute" to what it belongs to: "no acute cardiac, pleural or pulmonary disease"."""
_RESERVED = re.compile(
    r"\b(?:apart|aside|except\w*|other\s+than|otherwise|besides|barring|but|elsewhere|remain\w*|rest|exception|superimposed"
    r"|additional|further|with|as\s+described|above|below)\b",
    re.IGNORECASE,
)
"""Words by which a sentence keeps something out of its statement of normality."""
_IN_LUNG = re.compile(
    r"\b(?:lung|pulmon|lob(?:e|ar)(?!\s+of\s+the\s+(?:thyroid|liver|gland|parotid|prostate|brain))|parenchym|air\s?space|bas(?:e|es|al|ilar)\b|apex|apical|apices|zone|perihilar|lingula"
    r"|retrocardiac|bronch|miliary|bibas|hemithora|micronod)",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"\b(?:mediastin|thyroid|goit|breast|ribs?\b|vertebra|spine|bone|bony|osseous|liver|hepat|renal|kidney|adrenal|soft\s+tissue"
    r"|pleura|heart|cardiac|diaphragm|hernia|nipple|clavic|humer|scapul|axill|chest\s+wall|skin|stomach|bowel|brain|neck)",
    re.IGNORECASE,
)
"""Words of another organ: an opacity beside them, in a sentence without a word of the lungs, is none of the lungs."""
_OUTSIDE = re.compile(
    r"\b(?:electrodes?|e[ck]g|nipples?|skin\s+(?:fold|tag|lesion|mole)|art[ei]facts?|button|cloth|braid|outside\s+the\s+patient"
    r"|external\s+to)",
    re.IGNORECASE,
)
"""Words of what lies on the patient, and is none of the lungs whatever zone it projects over."""
_COLLAPSED = re.compile(r"collaps", re.IGNORECASE)
_FAILED = re.compile(r"o?edema|failure|kerley", re.IGNORECASE)
_HONEYCOMB = re.compile(r"honeycomb|nodul|miliary|reticul", re.IGNORECASE)
"""Interstitial findings that are opacities."""
_SHAPE = re.compile(r"deformity|wedg|height|compress|avulsion", re.IGNORECASE)
"""Fractures that are as often old: "no acute osseous abnormality" is written over them."""


def is_of_whole(text: str, denial: Mention) -> bool:
    """Return whether `denial` of `text` is of an organ as a whole, and not of one named finding such as an opacity."""
    span = denial.start, denial.end
    return _WHOLE.search(text, *span) is not None or _UNNAMED.search(text, *span) is not None


def is_acute(text: str, denial: Mention) -> bool:
    """Return whether `denial` of `text` is of what is acute or new alone."""
    start, _ = sentence_of(text, denial.start)
    return _ACUTE.search(text, max(start, denial.start - _ACUTE_REACH), denial.end) is not None


def is_reserved(text: str, denial: Mention) -> bool:
    """Return whether the sentence of `denial` in `text` keeps something out of it: "clear lungs apart from a scar"."""
    return _RESERVED.search(text, *sentence_of(text, denial.start)) is not None


def denies(text: str, denial: Mention, finding: Mention, findings: str) -> bool:
    """Return whether a `denial` of a concept of `WIDE` in `text` contradicts a `finding` asserted in `findings`.

    "Clear lungs" contradict a nodule, a mass, oedema, collapse, a cavity; not minimal atelectasis, what is calcified or
    old (`is_reportable`), or an opacity of another organ. "Normal lungs" contradict emphysema and fibrosis, too. "No
    acute osseous abnormality" contradicts a fracture that is not said to be old, and no compression deformity.
    """
    if denial.concept == "lung_opacity":
        return (
            _denies_lungs(text, denial, finding, findings)
            and is_reportable(finding, findings)
            and not is_elsewhere(finding, findings)
        )
    if denial.concept == "bone_abnormality" and "bone_abnormality" in ancestors(finding.concept):
        old = _SHAPE.search(findings, finding.start, finding.end) and not is_acute(findings, finding)
        return not old and is_reportable(finding, findings)
    return finding.concept == denial.concept and is_reportable(finding, findings)


def denies_itself(denial: Mention, context: ReportContext) -> bool:
    """Return whether the findings make the statement of `denial` themselves, for both sides and every place."""
    return any(
        other.concept == denial.concept
        and other.state is State.ABSENT
        and not other.sides
        and not other.locations
        and (denial.concept != "lung_opacity" or _WHOLE.search(context.findings, other.start, other.end) is not None)
        for other in context.in_findings
    )


def _denies_lungs(text: str, denial: Mention, finding: Mention, findings: str) -> bool:
    span = denial.start, denial.end
    concept = finding.concept
    if concept in ("lung_opacity", *_AIRSPACE):
        return True
    if not _WHOLE.search(text, *span) or (_UNNAMED.search(text, *span) and is_acute(text, denial)):
        return False
    words = finding.start, finding.end
    if concept == "atelectasis":
        return finding.severity in ("moderate", "severe") or _COLLAPSED.search(findings, *words) is not None
    if concept == "edema":
        return _FAILED.search(findings, *words) is not None
    if concept in ("interstitial_lung_disease", "interstitial_markings", "emphysema"):
        return _NORMAL.search(text, *span) is not None or _HONEYCOMB.search(findings, *words) is not None
    return concept == "tuberculosis" or ("lung_opacity" in ancestors(concept) and concept != "organ_mass")


def is_elsewhere(finding: Mention, text: str) -> bool:
    """Return whether the sentence of `finding` in `text` names another organ and not the lungs: a goitre's opacity."""
    sentence = sentence_of(text, finding.start)
    if _OUTSIDE.search(text, *sentence):
        return True
    return _ELSEWHERE.search(text, *sentence) is not None and _IN_LUNG.search(text, *sentence) is None
