"""The findings and devices that a report's texts name, as the column `mentions` keeps them: ids, never text."""

from functools import lru_cache

from radray.language.lexicon.concepts import CONCEPTS
from radray.language.lexicon.vocabulary import forgets
from radray.language.mentions import KEPT_TEXTS, Mention, find_mentions

FORMS = ("findings", "reference", "prediction")
"""The texts whose mentions are kept, in this order."""


def write_mentions(findings: str | None, reference: str | None, prediction: str | None) -> str:
    """Return every mention of the three texts, in order, joined by "; "; "" where they name nothing, or are None.

    Each is ``text:concept:state:sides:severity:places:change:urgency:old``: sides and places are sorted and joined by
    "+", what is not stated is empty, and the last is "old" for a historical mention. ``findings:pleural_effusion:
    present:left+right:mild:base:increased:urgent:``. The view `mentions` takes it apart.
    """
    texts = zip(FORMS, (findings, reference, prediction), strict=True)
    return "; ".join(f"{form}:{written}" for form, text in texts for written in _written(text or ""))


@forgets
@lru_cache(maxsize=KEPT_TEXTS)
def _written(text: str) -> tuple[str, ...]:
    return tuple(map(_write, find_mentions(text)))


def _write(mention: Mention) -> str:
    parts = (
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
