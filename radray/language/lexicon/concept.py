"""An entry of the vocabulary, how it is read from TOML, and the sources that entries cite."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from itertools import product
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from radray.errors import ConfigError

SOURCES = {
    "CheXpert": "CheXpert labeler, its 14 observations and mention phrases (Irvin et al. 2019)",
    "Fleischner": "Fleischner Society, glossary of terms for thoracic imaging (Hansell et al. 2008)",
    "RadLex": "RadLex, terms of the RSNA's radiology lexicon",
    "Open-i": "terms of Open-i's human coding of the Indiana chest radiographs (Demner-Fushman et al. 2016)",
    "ACR": "ACR Actionable Reporting Work Group, actionable findings by category (Larson et al. 2014)",
    "usage": "words of reports, no term of a published list",
}
"""Where concepts come from, by the name that an entry gives."""

Urgency = Literal["critical", "urgent"]
"""Degrees of urgency, the most urgent first."""

ORGANS = frozenset(
    (
        *("any", "lung", "pleura", "airway", "mediastinum", "diaphragm", "heart", "aorta", "artery", "vein", "breast"),
        *("bone", "joint", "spine", "soft tissue", "brain", "sinus", "neck", "abdomen", "liver", "biliary", "spleen"),
        *("pancreas", "kidney", "bowel", "stomach", "pelvis"),
    )
)
"""The organs of concepts; "any" is for those of several, such as an abscess."""


def _known_organ(organ: str) -> str:
    if organ not in ORGANS:
        raise ValueError("no organ of the list")
    return organ


@dataclass(frozen=True, slots=True)
class Concept:
    """A finding, device or statement, with the phrases that reports use for it.

    `synonyms` are phrases in lower case; plurals, hyphens and slashes need no synonym of their own. `pairs` are
    (anatomy, attribute) keys of `lexicon.pairs`: "heart ... enlarged" in either order. `parents` are ids. `signs` are
    ids of what is seen where this is concluded (dilated loops of bowel: an obstruction): each names the other in other
    words. `urgency` is "critical" (minutes to an hour: category 1 of the ACR's paper), "urgent" (hours or days: its
    categories 2 and 3) or None; which concept has which is our own reading of the paper. `normal` marks a statement of
    normality, which is not an abnormality when present. `source` is a key of `SOURCES`.
    """

    id: str
    name: str
    organ: str
    synonyms: tuple[str, ...]
    parents: tuple[str, ...] = ()
    source: str = "usage"
    urgency: str | None = None
    device: bool = False
    normal: bool = False
    pairs: tuple[tuple[str, str], ...] = ()
    signs: tuple[str, ...] = ()


class _Entry(BaseModel):
    """A concept as it stands in TOML."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    organ: Annotated[str, AfterValidator(_known_organ)]
    phrases: list[str]
    parents: list[str] = []
    source: Literal["CheXpert", "Fleischner", "RadLex", "Open-i", "ACR", "usage"]
    urgency: Urgency | None = None
    device: bool = False
    normal: bool = False
    pairs: list[tuple[str, str]] = []
    signs: list[str] = []


_CHOICE = re.compile(r"[()]")
_ENTRIES = TypeAdapter(dict[str, _Entry])
Entry = TypeVar("Entry", bound=BaseModel)


def expand(packed: str) -> list[str]:
    """Return the phrases that `packed` stands for: "air (under|below) diaphragm" for two; itself without a bracket."""
    choices = [group.split("|") for group in _CHOICE.split(packed)]
    return [" ".join("".join(parts).split()) for parts in product(*choices)]


def words_of(name: str) -> dict[str, Any]:
    """Return the tables of the file `name` of this package's ``words`` folder."""
    text = resources.files("radray.language.lexicon").joinpath("words", name).read_text(encoding="utf-8")
    return tomllib.loads(text)


def read_entries(name: str, tables: Mapping[str, Any], entries: TypeAdapter[dict[str, Entry]]) -> dict[str, Entry]:
    """Return the `tables` of the file `name` as `entries`. Raises ConfigError that names file and entry."""
    try:
        return entries.validate_python(tables)
    except ValidationError as error:
        places = "; ".join(".".join(map(str, each["loc"])) + f": {each['type']}" for each in error.errors()[:5])
        raise ConfigError(f"vocabulary {name}: {places}") from None


def read_concepts(name: str) -> Iterable[Concept]:
    """Yield the concepts of the file `name` of the ``words`` folder. Raises ConfigError that names file and entry."""
    for id, entry in read_entries(name, words_of(name), _ENTRIES).items():
        yield Concept(
            id=id,
            name=entry.name,
            organ=entry.organ,
            synonyms=tuple(dict.fromkeys(phrase for packed in entry.phrases for phrase in expand(packed))),
            parents=tuple(entry.parents),
            source=entry.source,
            urgency=entry.urgency,
            device=entry.device,
            normal=entry.normal,
            pairs=tuple(entry.pairs),
            signs=tuple(entry.signs),
        )
