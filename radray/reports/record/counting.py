"""How many units a file may have, and their count, which goes no further than that."""

from collections.abc import Iterable
from itertools import islice

MAX_UNITS_A_FILE = 1_000_000
"""Units of one file, or of one archive: four times the reports of MIMIC-CXR (227,835). A Parquet file of 5 kB can claim
20 million, and each is an id in the memory of the job."""


def count_units(units: Iterable[object]) -> int:
    """Return the number of `units`; MAX_UNITS_A_FILE + 1 where there are more, of which the rest is not read."""
    return sum(1 for _ in islice(units, MAX_UNITS_A_FILE + 1))
