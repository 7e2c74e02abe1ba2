"""Whether there was a prior study, by the report's comparison section."""

import re
from functools import lru_cache

# The cleaned comparisons of the 1,904 Open-i studies say "none" in 784: None 655, None available 94, No comparison ...
# 17, and a dozen forms that occur once or twice ("No prior", "No comparisons are available", "None. Clinical").
_NONE = re.compile(
    r"""\W*(?:
        (?:none|nones|nil|n/?a|unavailable|no)\W*$
        | none\b(?:\s+(?:available|known|provided|given|recent|relevant|prior|similar|at|for|in|on)\b|\s*[.,;:(_\s])
        | (?:there\s+(?:is|are)\s+)?no(?:\s+(?:prior|previous|recent|relevant|available|similar|old|other|direct|earlier
            |comparable|dedicated|chest|pertinent|radiographic))*+\s+(?:comparisons?|priors?|previous|stud(?:y|ies)|exams?
            |examinations?|films?|images?|imaging|radiographs?|x-?rays?|x-___|prior)\b
        | no\s+(?:prior|previous|priors)\b
        | not\s+(?:available|applicable|provided|given)\b
        | first\s+(?:study|exam|examination)\b
        | (?:prior|previous|comparison|old)\s+(?:stud(?:y|ies)|films?|exams?|images?)?\s*(?:is|are|were|was)?\s*
            (?:not\s+available|unavailable|none)\b
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_WORD_OR_MASK = re.compile(r"[^\W_]|__")


_LONGEST = 200
"""Characters that are examined: whether there was a prior study comes first."""


def comparison_state(comparison: str | None) -> str:
    """Return none, present or unknown for a cleaned `comparison`.

    Blank text, or text without a letter or a mask, is unknown (424 Open-i studies). "None", "No comparison" and "None
    available" are none. Anything else is present, even a mask alone ("___.", 412 Open-i studies): de-identification
    masks dates and names, so it replaces the date of a prior study.
    """
    return _state(comparison[:_LONGEST]) if comparison else "unknown"


@lru_cache(maxsize=4096)
def _state(comparison: str) -> str:
    if not _WORD_OR_MASK.search(comparison):
        return "unknown"
    return "none" if _NONE.match(comparison) else "present"
