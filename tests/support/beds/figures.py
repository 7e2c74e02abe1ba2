"""What the checks find of a test bed: hits, misses and false alarms by class, with intervals."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from radray.checks.check import CheckResult, check
from tests.support.beds.pair import CLASSES, TIER_A, TIER_B, BedPair


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share after Wilson (JASA 1927); (0, 1) of nothing."""
    if not n:
        return 0.0, 1.0
    z, share = 1.959963984540054, hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(slots=True)
class Figures:
    """What was seen of one class on one bed."""

    error: str
    bed: str
    n: int = 0
    hits: int = 0
    not_applicable: int = 0
    own: int = 0
    """Right impressions of the class's own pairs."""
    own_alarms: int = 0
    controls: int = 0
    """All different right impressions of the bed."""
    alarms: int = 0
    missed: list[BedPair] = field(default_factory=list)
    raised: list[BedPair] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """Share of wrong impressions that raise their class."""
        return self.hits / self.n if self.n else math.nan


def checked(pair: BedPair, impression: str, *, output_cut: bool = False) -> CheckResult:
    """Return what the checks say of `impression` beside the report of `pair`."""
    return check(
        impression,
        pair.findings,
        pair.background,
        modality=pair.modality,
        body_part=pair.body_part,
        identifiers=pair.identifiers,
        output_cut=output_cut,
    )


def measure(bed: Iterable[BedPair]) -> dict[str, Figures]:
    """Return the figures by class of the pairs of one bed."""
    pairs = list(bed)
    name = pairs[0].bed if pairs else ""
    figures = {error: Figures(error, name) for error in CLASSES}
    # ids are drawn anew for each pair: with them in the key no report would stand for all that share it
    controls: dict[tuple[str, str | None, str], CheckResult] = {}
    for pair in pairs:
        if pair.right is not None:
            key = (pair.findings, pair.background, pair.right)
            if key not in controls:
                controls[key] = checked(pair, pair.right)
                for error in CLASSES:
                    figures[error].controls += 1
                    if controls[key].flags[error]:
                        figures[error].alarms += 1
                        figures[error].raised.append(pair)
        if pair.error is None or pair.wrong is None:
            continue
        own = figures[pair.error]
        if pair.right is not None:
            own.own += 1
            own.own_alarms += bool(controls[key].flags[pair.error])
        flag = checked(pair, pair.wrong, output_cut=pair.output_cut).flags[pair.error]
        own.n += 1
        own.hits += flag is True
        own.not_applicable += flag is None
        if flag is not True:
            own.missed.append(pair)
    return figures


def tier(figures: dict[str, Figures], name: str) -> Figures:
    """Return the figures of one bed summed over the classes of tier `name`; its alarms count each class's."""
    summed = Figures(f"all of tier {name}", next(iter(figures.values())).bed)
    for figure in (figures[error] for error in (TIER_A if name == "A" else TIER_B)):
        for counted in ("n", "hits", "not_applicable", "own", "own_alarms", "controls", "alarms"):
            setattr(summed, counted, getattr(summed, counted) + getattr(figure, counted))
    return summed
