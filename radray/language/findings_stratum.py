"""Tell findings with something in them from findings with nothing, by the phrase table."""

from radray.language.lexicon.concepts import CONCEPTS
from radray.language.mentions import State, find_mentions
from radray.language.normality import is_normal


def findings_stratum(text: str) -> str:
    """Return "abnormal" when `text` names a finding or device as present or uncertain, else "normal".

    A stratum for reports without a reference. Findings and devices of the past count: a scar is a finding. A text
    without a word is "normal"; whoever has none decides that beforehand.
    """
    abnormal = any(
        mention.state != State.ABSENT and not CONCEPTS[mention.concept].normal for mention in find_mentions(text)
    )
    return "abnormal" if abnormal else "normal"


def is_normal_findings(text: str) -> bool:
    """Return whether `findings_stratum` of `text` is "normal"."""
    return findings_stratum(text) == "normal"


def normal_over_findings(reference: str | None, findings: str) -> bool | None:
    """Return whether a normal `reference` stands over abnormal `findings`: what is in them was held incidental.

    Such pairs are normal in the reference stratum, and a system that repeats the finding in its impression loses
    ROUGE there without being wrong. None where there is no reference or it cannot be judged; see
    `radray.language.normality.is_normal` and `findings_stratum`.
    """
    normal = None if reference is None else is_normal(reference)
    if normal is None:
        return None
    return normal and findings_stratum(findings) == "abnormal"
