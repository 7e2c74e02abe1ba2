"""What a pair of a test bed is, and the classes of errors that the beds hold.

The beds are written from the definitions of the classes alone and share no word list with the checks that they test.
"""

from dataclasses import dataclass, field

TIER_A = (
    *("side", "polarity", "measurement", "critical_missed", "communication", "mask", "prior", "recommendation"),
    *("degenerate", "identifier"),
)
TIER_B = ("unsupported", "certainty", "severity", "location", "device", "comparison")
CLASSES = (*TIER_A, *TIER_B)


@dataclass(frozen=True, slots=True)
class BedPair:
    """A report with an impression that is right, one that is wrong in one known way, or both."""

    bed: str
    index: str
    """Place within the bed and class; of a real report its study id."""
    error: str | None
    """The class that `wrong` must raise; None where there is only a right impression."""
    findings: str
    background: str | None
    right: str | None
    wrong: str | None
    modality: str | None = "CR"
    body_part: str | None = "chest"
    identifiers: tuple[str, ...] = ()
    output_cut: bool = False
    """`wrong` ended because it reached the most tokens that it may have."""
    way: str = field(default="", compare=False)
    """How the error was made, where there are several ways."""
