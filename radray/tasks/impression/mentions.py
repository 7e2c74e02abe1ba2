"""The findings and devices that a report's texts name, as the column `mentions` keeps them: ids, never text."""

from radray.language.lexicon.concepts import CONCEPTS
from radray.language.mentions import Mention, find_mentions

FORMS = ("findings", "reference", "prediction")
"""The texts whose mentions are kept, in this order."""


def write_mentions(findings: str | None, reference: str | None, prediction: str | None) -> str:
    """Return every mention of the three texts, in order, joined by "; "; "" where they name nothing, or are None.

    Each is ``text:concept:state:sides:severity:places:change:urgency:old``: sides and places are sorted and joined by
    "+", what is not stated is empty, and the last is "old" for a historical mention. ``findings:pleural_effusion:
    present:left+right:mild:base:increased:urgent:``. The view `mentions` takes it apart.
    """
    texts = zip(FORMS, (findings, reference, prediction), strict=True)
    return "; ".join(_write(form, mention) for form, text in texts for mention in find_mentions(text or ""))


def _write(form: str, mention: Mention) -> str:
    parts = (
        form,
        mention.concept,
        mention.state.value,
        "+".join(sorted(mention.sides)),
        mention.severity or "",
        "+".join(sorted(mention.locations)),
        mention.change or "",
        CONCEPTS[mention.concept].urgency or "",
        "old" if mention.historical else "",
    )
    return ":".join(parts)
