"""Classify findings as normal or abnormal by the phrase table, for reports without a reference."""

from radray.language.lexicon.concepts import CONCEPTS
from radray.language.mentions import State, find_mentions


def findings_stratum(text: str) -> str:
    """Return "abnormal" when `text` names a finding or device as present or uncertain, else "normal".

    Historical findings and devices count: a scar is a finding. A text without a word is "normal": callers that have
    no findings must decide for themselves.
    """
    abnormal = any(
        mention.state != State.ABSENT and not CONCEPTS[mention.concept].normal for mention in find_mentions(text)
    )
    return "abnormal" if abnormal else "normal"
