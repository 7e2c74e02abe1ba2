"""Reports of several exams in one: the parts of a text under headings that name an exam ("Left wrist.")."""

import re
from functools import lru_cache
from typing import NamedTuple

from radray.language.lexicon.cues import words

_END = re.compile(r"[.!?;:\n]+")
_WORD = re.compile(r"[^\W_]+")
_EXAM_WORDS = words(
    "left right bilateral both l r the of and with without contrast ct mr mri us ultrasound xr x ray radiograph"
    " radiographs film films view views ap pa lateral oblique frontal portable two three chest abdomen pelvis head"
    " brain neck face orbits sinuses spine"
    " cervical thoracic lumbar lumbosacral sacrum shoulder shoulders clavicle scapula"
    " humerus elbow elbows forearm wrist wrists hand hands finger thumb hip hips femur thigh knee knees patella tibia"
    " fibula leg ankle ankles foot feet heel calcaneus toe toes ribs sternum c t l kidney kidneys liver ovary uterus"
    " breast breasts testis aorta exam study upper lower extremity arm"
)
_MOST_WORDS = 6
"""Most words of a heading that names an exam: "CT of the cervical spine"."""


class ExamSection(NamedTuple):
    """A part of a text under a heading that names an exam."""

    heading: tuple[str, ...]
    """Its words in lower case, without numbers."""
    start: int
    body: int
    end: int
    """The characters at which the heading begins, what stands under it begins, and that ends."""


@lru_cache(maxsize=512)
def exam_sections(text: str) -> tuple[ExamSection, ...]:
    """Return the parts of `text` under headings that name an exam, in order; () for none."""
    sections: list[ExamSection] = []
    start = 0
    for stop in [*(match.span() for match in _END.finditer(text)), (len(text), len(text))]:
        named = tuple(word[0].lower() for word in _WORD.finditer(text, start, stop[0]) if not word[0].isdigit())
        if 0 < len(named) <= _MOST_WORDS and _EXAM_WORDS.issuperset(named):
            if sections:
                sections[-1] = sections[-1]._replace(end=start)
            sections.append(ExamSection(named, start, stop[1], len(text)))
        start = stop[1]
    return tuple(sections)
