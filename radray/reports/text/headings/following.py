"""Which qualified headings may follow which section: "CT SPINE FINDINGS:" after the impression of another exam."""

import re
from functools import lru_cache

from radray.reports.text.headings.names import BACKGROUND, BOTH, DIAGNOSIS, SUMMARY
from radray.reports.text.headings.words import names_exam

BEFORE_FINDINGS = BACKGROUND | {DIAGNOSIS, SUMMARY}
_ALSO_AFTER_FINDINGS = frozenset({"impression", BOTH, SUMMARY})
_IMPRESSION = re.compile(r"\b(?=(?:impression|conclusion|opinion)s?[^\n:.]{0,40}+[:\n])", re.IGNORECASE)


def may_follow(text: str, name: str, state: str, heading: str, end: int) -> bool:
    """Return whether a qualified heading that ends at `end` can be one of `name` in the section `state`.

    After the impression, the findings of another exam ("CT SPINE FINDINGS:") are such if an impression follows them.
    """
    if state in BEFORE_FINDINGS or name in _ALSO_AFTER_FINDINGS:
        return True
    return name == "findings" and names_exam(heading) and end <= _last_impression(text)


@lru_cache(maxsize=1)
def _last_impression(text: str) -> int:
    """Return where the last heading of an impression in `text` begins, -1 for none: once for all headings."""
    last = -1
    for match in _IMPRESSION.finditer(text):
        last = match.start()
    return last
