"""Test bed (b): errors seeded in memory into the real Open-i impressions; nothing of them is written anywhere."""

from collections import Counter
from pathlib import Path
from random import Random

from radray.reports.formats import openi_csv as openi
from tests.support.beds.mutators.bed_report import BedReport
from tests.support.beds.mutators.of_impressions import MUTATORS
from tests.support.beds.pair import CLASSES, BedPair
from tests.support.paths import openi_file

SEED = 1_384
ENOUGH = 150
"""Pairs wanted of each class, where the data has that many."""


def reports_file() -> Path:
    """Return where the Open-i reports stand, if they do."""
    return openi_file()


def reports(path: Path, seed: int = SEED) -> list[BedReport]:
    """Return the reports that have findings and impression, cleaned as the prepare job cleans them."""
    draw, reports = Random(seed), []
    known = {"none": False, "present": True}
    with path.open("rb") as file:
        for record in openi.read(file):
            if record.findings and record.reference and record.study_id:
                # long ids of the beds' own: an Open-i id has four digits, as a year has
                ids = (f"5{draw.randint(0, 9_999_999):07d}", f"1{draw.randint(0, 9_999_999):07d}")
                state = known.get(record.comparison_state or "")
                reports.append(
                    BedReport(
                        study_id=record.study_id,
                        findings=record.findings,
                        background=record.background,
                        impression=record.reference,
                        identifiers=ids,
                        prior_known=state,
                    )
                )
    return reports


def pairs(path: Path, seed: int = SEED, most: int | None = None) -> list[BedPair]:
    """Return every pair that the mutators make of the first `most` reports, one a report and class at most."""
    bed = []
    all_reports = reports(path, seed)[:most]
    for error in CLASSES:
        draw = Random(f"{seed} {error}")
        bed += [pair for report in all_reports if (pair := MUTATORS[error](draw, report)) is not None]
    return bed


def applied(bed: list[BedPair]) -> dict[str, tuple[int, dict[str, int]]]:
    """Return by class how many reports a mutator applied to, and in which ways."""
    counts = {}
    for error in CLASSES:
        ways = Counter(pair.way for pair in bed if pair.error == error)
        counts[error] = (sum(ways.values()), dict(ways.most_common()))
    return counts
