"""The questions that there are, how often each has each answer, and how many of those are asked.

Of the reports of a corpus most have no effusion, so a question that is asked of all is answered well by "no". What is
asked is therefore drawn: of a question about as many of each answer as there are, and of each template about as many of
each short answer. A report's draw depends on its unit_id, the question and its answer alone, with the shares from the
counts here; a corpus where answers are otherwise spread is balanced less well.
"""

import hashlib

from radray.tasks.questions.templates import (
    MILD,
    NO,
    NONE,
    PRESENCE,
    SEVERITY,
    SIDE,
    UNSTATED,
    YES,
    template_of,
)

QUESTIONS: dict[str, dict[str, int]] = {
    "presence.cardiomegaly": {"no": 828, "not said": 42, "yes": 78},
    "presence.lung_opacity": {"no": 348, "not said": 16, "yes": 102},
    "presence.airspace_disease": {"no": 122, "not said": 413, "yes": 22},
    "presence.pneumonia": {"no": 24, "not said": 808, "yes": 13},
    "presence.atelectasis": {"no": 2, "not said": 741, "yes": 70},
    "presence.lung_lesion": {"not said": 723, "yes": 35},
    "presence.nodule": {"no": 12, "not said": 734, "yes": 29},
    "presence.granuloma": {"not said": 773, "yes": 97},
    "presence.calcification": {"no": 2, "not said": 675, "yes": 77},
    "presence.scarring": {"not said": 786, "yes": 49},
    "presence.interstitial_markings": {"not said": 732, "yes": 24},
    "presence.emphysema": {"not said": 877, "yes": 27},
    "presence.low_lung_volumes": {"not said": 828, "yes": 74},
    "presence.pleural_effusion": {"no": 675, "not said": 222, "yes": 36},
    "presence.blunted_angle": {"no": 1, "not said": 898, "yes": 17},
    "presence.pneumothorax": {"no": 659, "not said": 288, "yes": 5},
    "presence.pleural_other": {"no": 4, "not said": 886, "yes": 12},
    "presence.aortic_tortuosity": {"not said": 897, "yes": 56},
    "presence.aortic_atherosclerosis": {"not said": 822, "yes": 55},
    "presence.elevated_diaphragm": {"not said": 917, "yes": 25},
    "presence.degenerative_change": {"not said": 772, "yes": 168},
    "presence.osteophyte": {"not said": 793, "yes": 16},
    "presence.scoliosis": {"not said": 827, "yes": 23},
    "presence.fracture": {"no": 82, "not said": 752, "yes": 13},
    "presence.deformity": {"not said": 905, "yes": 34},
    "presence.central_line": {"no": 3, "not said": 905, "yes": 27},
    "presence.support_devices": {"no": 1, "not said": 899, "yes": 46},
    "presence.surgical_clips": {"not said": 918, "yes": 25},
    "side.lung_opacity": {"both": 29, "left": 30, "none": 532, "not said": 7, "right": 28},
    "side.airspace_disease": {"both": 7, "left": 3, "none": 783, "right": 11},
    "side.pneumonia": {"both": 1, "left": 3, "none": 832, "right": 8},
    "side.atelectasis": {"both": 19, "left": 21, "none": 743, "not said": 4, "right": 14},
    "side.lung_lesion": {"both": 7, "left": 6, "none": 742, "not said": 2, "right": 17},
    "side.nodule": {"both": 6, "left": 6, "none": 746, "not said": 2, "right": 13},
    "side.granuloma": {"both": 2, "left": 18, "none": 773, "not said": 36, "right": 20},
    "side.calcification": {"both": 3, "left": 12, "none": 677, "not said": 21, "right": 19},
    "side.scarring": {"both": 13, "left": 16, "none": 786, "not said": 6, "right": 7},
    "side.pleural_effusion": {"both": 17, "left": 10, "none": 897, "not said": 1, "right": 7},
    "side.blunted_angle": {"both": 8, "left": 3, "none": 899, "not said": 2, "right": 3},
    "side.elevated_diaphragm": {"left": 8, "none": 917, "right": 16},
    "side.deformity": {"both": 2, "left": 5, "none": 905, "not said": 6, "right": 9},
    "side.central_line": {"both": 1, "left": 6, "none": 908, "not said": 2, "right": 12},
    "side.support_devices": {"both": 1, "left": 11, "none": 904, "not said": 9, "right": 13},
    "severity.cardiomegaly": {"mild": 39, "moderate": 6, "none": 870, "not said": 12, "severe": 4},
    "severity.lung_opacity": {"mild": 14, "none": 532, "not said": 38, "severe": 2},
    "severity.atelectasis": {"mild": 16, "none": 743, "not said": 21, "severe": 1},
    "severity.low_lung_volumes": {"mild": 13, "none": 828, "not said": 34},
    "severity.pleural_effusion": {"mild": 18, "moderate": 1, "none": 897, "not said": 5, "severe": 3},
    "severity.degenerative_change": {"mild": 42, "moderate": 2, "none": 772, "not said": 79, "severe": 1},
    "severity.scoliosis": {"mild": 11, "moderate": 1, "none": 827, "not said": 7},
    "place.left.upper_lobe": {"granuloma": 6, "infiltrate": 1, "lung opacity": 4, "nodule": 1, "none": 931},
    "place.left.lower_lobe": {
        "airspace disease": 1,
        "atelectasis": 1,
        "calcification": 1,
        "consolidation": 2,
        "granuloma": 7,
        "lung opacity": 1,
        "nodule": 4,
        "none": 924,
        "scarring": 2,
    },
    "place.left.base": {
        "airspace disease": 6,
        "atelectasis": 17,
        "granuloma": 2,
        "lung opacity": 19,
        "nodule": 1,
        "none": 882,
        "pleural effusion": 2,
        "pneumonia": 1,
        "scarring": 3,
    },
    "place.left.hilum": {"calcification": 10, "lung opacity": 3, "none": 931, "scarring": 1},
    "place.right.upper_lobe": {
        "granuloma": 3,
        "infiltrate": 1,
        "lung opacity": 6,
        "mass": 2,
        "nodule": 4,
        "none": 922,
        "pneumonia": 1,
        "scarring": 1,
    },
    "place.right.lower_lobe": {
        "airspace disease": 1,
        "atelectasis": 1,
        "granuloma": 5,
        "infiltrate": 4,
        "lung opacity": 1,
        "nodule": 2,
        "none": 928,
        "pneumonia": 1,
    },
    "place.right.base": {
        "airspace disease": 8,
        "atelectasis": 13,
        "calcification": 1,
        "granuloma": 2,
        "infiltrate": 1,
        "lung opacity": 15,
        "none": 896,
        "pneumonia": 1,
        "scarring": 2,
    },
    "place.right.hilum": {"calcification": 13, "granuloma": 3, "lung opacity": 1, "nodule": 1, "none": 925},
    "place.right.middle_lobe": {
        "airspace disease": 2,
        "atelectasis": 4,
        "granuloma": 2,
        "lung opacity": 8,
        "mass": 1,
        "none": 932,
    },
    "place.lingula": {
        "airspace disease": 1,
        "atelectasis": 3,
        "granuloma": 4,
        "infiltrate": 1,
        "lung opacity": 3,
        "nodule": 1,
        "none": 930,
        "scarring": 3,
    },
    "size": {"given": 24, "none": 920},
}
"""Reports with each answer, of the 953 with codes in the training part of Open-i; by ``python -m
tests.benchmarks.question_prevalences``. Those with 12 or more answers that something is there, and pneumothorax."""
STANDING = (
    *("presence.pneumothorax", "presence.pleural_effusion", "side.pleural_effusion", "severity.pleural_effusion"),
    *("presence.nodule", "presence.fracture"),
)
"""What is asked of each report of a night: what must not be overlooked, and one finding in detail."""

_DENIALS = 1.5
"""Denials drawn for each `yes` of a question: few questions have any."""
_SELDOM_DENIED = 0.3
"""Share of a question of presence that is hardly ever denied: it would fill the template with `yes`."""
_MILD = 0.4
"""Share of the answers `mild`, of which there are 8 times as many as of the others that name a severity."""


def share(item: str, answer: str) -> float:
    """Return the share, 0 to 1, of the reports with the `answer` to the question `item` that it is asked of."""
    template, counts = template_of(item), QUESTIONS[item]
    there = [count for each, count in counts.items() if each not in (NO, NONE, UNSTATED)]
    wanted = float(max(there))
    if template == PRESENCE:
        wanted *= (_DENIALS if answer == NO else 1.0) * (_SELDOM_DENIED if counts.get(NO, 0) < counts[YES] else 1.0)
    elif template == SIDE:
        wanted = sum(there) / 3 if answer == NONE else wanted
    elif template == SEVERITY and answer in (MILD, UNSTATED, NONE):
        wanted *= _MILD
    if answer not in (YES, MILD, NO, NONE, UNSTATED):
        return 1.0
    return min(1.0, wanted / max(counts.get(answer, 1), 1))


def is_drawn(unit_id: str, item: str, answer: str) -> bool:
    """Return whether the report `unit_id` with this `answer` is asked the question `item`."""
    digest = hashlib.sha256(f"questions:{unit_id}:{item}".encode()).digest()
    return int.from_bytes(digest[:6]) < share(item, answer) * 2**48
