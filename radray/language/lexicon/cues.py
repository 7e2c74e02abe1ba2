"""Cues around findings: negation, uncertainty, history and the words that end their scope, after NegEx and ConText.

Sources: NegEx (Chapman et al. 2001) and ConText (Harkema et al. 2009) for the method and the core of the lists; the
wordings of chest reports are added. A longer phrase wins over a shorter one within it, which is how a
pseudo-negation ("no change in", "cannot be excluded") keeps its "no" from negating.
"""

from radray.language.lexicon.concept import expand, words_of


def words(packed: str) -> frozenset[str]:
    """Return the words of `packed`, which spaces separate."""
    return frozenset(packed.split())


_TABLES = words_of("cues.toml")
_WORDS = {name: frozenset(packed) for name, packed in _TABLES["words"].items()}

CUES: dict[str, list[str]] = {
    effect: [phrase for each in packed for phrase in expand(each)] for effect, packed in _TABLES["cues"].items()
}
"""Cue phrases by their effect. Those of "nothing" have none: they keep their words from matching another cue."""

DENIALS, WELL = _WORDS["denials"], _WORDS["well"]
"""Single words of a denial, and of a clause that says what is well, for checks that read words and not concepts."""

GIVEN, BESIDE_GIVEN = _WORDS["given"], _WORDS["beside"]
"""What a patient is given, and what may stand before it: "without IV contrast" denies nothing of the patient."""

LIMITS, CAUSES = _WORDS["limits"], _WORDS["causes"]
"""Words that limit an exam, and those that end what it is limited for: "limited by a large effusion"."""

PLACED, PARTS = _WORDS["placed"], _WORDS["parts"]
"""Words that a device is there, and of the parts of one that may be out of view: "no effusion, drain in place"."""

INSTEAD = _WORDS["instead"]
"""Verbs that, after "and", end a negation: "is not consistent with pneumonia and reflects atelectasis"."""

PREDICATES = words(
    "is are was were has have had been be being appears appear appearing remains remain seems demonstrates"
    " demonstrate shows show measures measuring"
)
"""Words after which an attribute belongs to what precedes them."""

PREPOSITIONS = words("in within at on along over overlying involving throughout near from to through projecting")
"""Words after which a location belongs to what precedes them."""

ASSERTIVE = words(
    "there the this these a an it is are small mild minimal moderate trace tiny slight stable unchanged"
    " persistent increased decreased new mildly minimally slightly moderately bibasilar bilateral left right heart"
    " lungs lung cardiac mediastinum bony osseous visualized old prior chronic some scattered severe healed"
    " multiple several degenerative calcified again probable possible likely clear normal tortuous atherosclerotic"
    " low residual with lateral medial dorsal volar plantar overlying associated"
)
"""Words that, after a comma or "and", end a negated list and introduce something present, unless an "or" further on
continues the list: "No edema, small left effusion." against "No edema, large effusion or ..."."""

CLOSING = words("seen identified noted present visualized evident demonstrated appreciated detected")
"""Words that close a negated list: a comma, bracket or "and" after them begins something else."""

ORGANS = words("lung heart mediastinum trachea aorta spine diaphragm hemidiaphragm")
"""Words that, between "the" and "is" or "are", begin a new statement where the full stop was left out."""
