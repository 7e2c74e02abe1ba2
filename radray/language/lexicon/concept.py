"""An entry of the phrase table, and the sources that entries cite."""

from dataclasses import dataclass

CHEXPERT = "CheXpert labeler, its 14 observations and mention phrases (Irvin et al. 2019)"
FLEISCHNER = "Fleischner Society, glossary of terms for thoracic imaging (Hansell et al. 2008)"
RADLEX = "RadLex, terms of the RSNA's radiology lexicon"
OPENI = "terms of Open-i's human coding of the Indiana chest radiographs (Demner-Fushman et al. 2016)"
ACR = "ACR Actionable Reporting Work Group, actionable findings by category (Larson et al. 2014)"
USAGE = "words of reports, no term of a published list"


@dataclass(frozen=True, slots=True)
class Concept:
    """A finding, device or statement, with the phrases that reports use for it.

    `synonyms` are phrases in lower case; plurals, hyphens and slashes need no synonym of their own. `pairs` are
    (anatomy, attribute) keys of `lexicon.pairs`: "heart ... enlarged" in either order. `parents` are ids. `urgency` is
    "critical" (minutes to an hour: category 1 of the ACR's paper), "urgent" (hours or days: its categories 2 and 3) or
    None; which concept has which is our own reading of the paper. `normal` marks a statement of normality, which is
    not an abnormality when present.
    """

    id: str
    name: str
    synonyms: tuple[str, ...]
    parents: tuple[str, ...] = ()
    source: str = USAGE
    urgency: str | None = None
    device: bool = False
    normal: bool = False
    pairs: tuple[tuple[str, str], ...] = ()


def concept(
    id: str,
    name: str,
    synonyms: str,
    *,
    parents: str = "",
    source: str = USAGE,
    urgency: str | None = None,
    device: bool = False,
    normal: bool = False,
    pairs: str = "",
) -> Concept:
    """Return a concept from a compact form: `synonyms` separated by "|", `parents` by spaces, `pairs` as "a~b c~d"."""
    return Concept(
        id=id,
        name=name,
        synonyms=tuple(phrase.strip() for phrase in synonyms.split("|") if phrase.strip()),
        parents=tuple(parents.split()),
        source=source,
        urgency=urgency,
        device=device,
        normal=normal,
        pairs=tuple((pair.split("~")[0], pair.split("~")[1]) for pair in pairs.split()),
    )
