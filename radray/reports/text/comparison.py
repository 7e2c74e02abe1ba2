"""Whether a report was compared with an earlier study, as its comparison says."""

import re
from functools import lru_cache

# The cleaned comparisons of the 1,904 Open-i studies say "none" in 784: None 655, None available 94, No comparison ...
# 17, and a dozen forms met once or twice ("No prior", "No comparisons are available", "None. Clinical").
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
_SAID = re.compile(r"[^\W_]|__")


_LONGEST = 200
"""Characters that are looked at: whether there was a study is said first."""


def comparison_state(comparison: str | None) -> str:
    """Return none, present or unknown for a cleaned `comparison`.

    Blank, or no letter and no mask, is unknown: nothing was said, so nothing is known (424 Open-i studies). "None",
    "No comparison", "None available" are none. Anything else is present, a mask alone ("___.", 412 Open-i studies)
    included: de-identification masks dates and names, and it is the date of the earlier study that stood there.
    """
    return _state(comparison[:_LONGEST]) if comparison else "unknown"


@lru_cache(maxsize=4096)
def _state(comparison: str) -> str:
    if not _SAID.search(comparison):
        return "unknown"
    return "none" if _NONE.match(comparison) else "present"
