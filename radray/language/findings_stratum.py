"""Tell findings with something in them from findings with nothing, by the phrase table."""

from radray.language.lexicon.concepts import CONCEPTS
from radray.language.mentions import State, find_mentions


def findings_stratum(text: str) -> str:
    """Return "abnormal" when `text` names a finding or device as present or uncertain, else "normal".

    A stratum for reports without a reference. Findings and devices of the past count: a scar is a finding. A text
    without a word is "normal"; whoever has none decides that beforehand.
    """
    abnormal = any(
        mention.state != State.ABSENT and not CONCEPTS[mention.concept].normal for mention in find_mentions(text)
    )
    return "abnormal" if abnormal else "normal"
