"""The questions: five templates, what each may be filled with, and the answers that it may get.

The name of a question, which is the item of its example, is the template's and what it is filled with:
``presence.pleural_effusion``, ``place.left.lower_lobe``, ``size``.
"""

import re

PRESENCE, SIDE, SEVERITY, PLACE, SIZE = "presence", "side", "severity", "place", "size"
YES, NO, UNSTATED, NONE = "yes", "no", "not said", "none"
LEFT, RIGHT, BOTH = "left", "right", "both"
MILD, MODERATE, SEVERE = "mild", "moderate", "severe"

_WORDING = {
    PRESENCE: "Does the report find {}? Yes, no or not said.",
    SIDE: "On which side is the {}? Left, right, both, not said, or none if there is none.",
    SEVERITY: "How large or severe is the {}? Mild, moderate, severe, not said, or none if there is none.",
    PLACE: "What does the report find in the {}? One finding, or none.",
    SIZE: "What size does the report give? A number of mm or cm, or none.",
}
"""A question names its answers: a model that learnt some of them knows all, and one that learnt none can be asked."""
LOCATED = (
    *("pneumothorax", "pleural_effusion", "blunted_angle", "pneumonia", "consolidation", "infiltrate"),
    *("airspace_disease", "atelectasis", "granuloma", "calcification", "scarring", "mass", "nodule", "lung_opacity"),
)
"""Concepts that a place may be asked for, the more specific first: what has several codes is the first of them."""
ANSWERS: dict[str, frozenset[str]] = {
    PRESENCE: frozenset({YES, NO, UNSTATED}),
    SIDE: frozenset({LEFT, RIGHT, BOTH, UNSTATED, NONE}),
    SEVERITY: frozenset({MILD, MODERATE, SEVERE, UNSTATED, NONE}),
    PLACE: frozenset({NONE, *(concept.replace("_", " ") for concept in LOCATED)}),
    SIZE: frozenset({NONE}),
}
"""Answers by template. A size is answered as the report writes it, too."""
_FAMILY = dict.fromkeys(("airspace disease", "atelectasis", "consolidation", "infiltrate"), "lung opacity")
_FAMILY["granuloma"] = "calcification"
"""Findings in a place that are one answer: people code one shadow as either, and a granuloma as its calcification."""
SIZES = re.compile(r"\b\d{1,3}(?:\.\d{1,2})? ?(?:mm|cm)\b", re.IGNORECASE)
"""A size of one dimension in a report."""
_SIZE = re.compile(r"(\d{1,3}(?:\.\d{1,2})?) ?(mm|cm)")
_SHORT = frozenset().union(*ANSWERS.values())


def template_of(item: str) -> str:
    """Return the template of the question `item`."""
    return item.partition(".")[0]


def subject_of(item: str) -> str:
    """Return what the question `item` is about: a concept, a side and a place, or "" where its template has none."""
    return item.partition(".")[2]


def side_and_place(item: str) -> tuple[str | None, str]:
    """Return the side, if it has one, and the place of a question of PLACE, as Open-i's codes write them."""
    first, dot, rest = subject_of(item).partition(".")
    return (first, rest.replace("_", " ")) if dot else (None, first.replace("_", " "))


def write_question(item: str) -> str:
    """Return the question `item` in words."""
    return _WORDING[template_of(item)].format(subject_of(item).replace(".", " ").replace("_", " "))


def parse_answer(text: str) -> str | None:
    """Return the answer that `text` is, in lower case and without a stop; None where it is none of any template's."""
    text = " ".join(text.lower().split()).rstrip(" .")
    if text in _SHORT:
        return text
    size = _SIZE.fullmatch(text)
    return f"{size[1]} {size[2]}" if size else None


def label_of(item: str, answer: str) -> str | None:
    """Return the label that `answer` to the question `item` counts as: "side: left"; None where it may not be one.

    In a place that is its family: an infiltrate counts as a lung opacity.
    """
    template = template_of(item)
    if template == SIZE and _SIZE.fullmatch(answer):
        return f"{SIZE}: given"
    return f"{template}: {family_of(answer)}" if answer in ANSWERS[template] else None


def family_of(answer: str) -> str:
    """Return the answer that `answer` counts as: that of its family, where it is a finding of one, else itself."""
    return _FAMILY.get(answer, answer)


def negative(item: str) -> str:
    """Return the answer of who sees nothing."""
    return NO if template_of(item) == PRESENCE else NONE


def denies(item: str, answer: str) -> bool:
    """Return whether `answer` has nothing be there; a finding that is there may have a side that is not said."""
    return answer in (NO, NONE) or (answer == UNSTATED and template_of(item) == PRESENCE)
