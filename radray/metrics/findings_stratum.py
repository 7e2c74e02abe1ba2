"""Tell findings with something in them from findings with nothing, by the phrase table."""

from radray.metrics.mentions import State, find_mentions
from radray.metrics.phrases import CONCEPTS


def findings_stratum(text: str) -> str:
    """Return "abnormal" when `text` names a finding or device as present or uncertain, else "normal"."""
    abnormal = any(
        mention.state != State.ABSENT and not CONCEPTS[mention.concept].normal for mention in find_mentions(text)
    )
    return "abnormal" if abnormal else "normal"


def is_normal_findings(text: str) -> bool:
    """Return whether `findings_stratum` of `text` is "normal"; a text without a word is normal."""
    return findings_stratum(text) == "normal"
