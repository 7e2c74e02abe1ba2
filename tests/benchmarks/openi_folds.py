"""The reports of Open-i in five folds that never share a findings text, for `folds` and what counts them."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklearn.model_selection import GroupKFold

from radray.models.neighbours import Neighbours, carried
from radray.reports.formats import openi_csv as openi
from radray.reports.record.identity import split_key
from radray.reports.record.record import Record
from radray.tasks.impression.targets import make_targets
from radray.tasks.registry import Asked
from tests.support.paths import openi_file

FOLDS = 5
SYSTEMS = ("tiny", "plain", "exemplars")
"""Models that are trained in each fold, see `folds`."""


@dataclass(frozen=True, slots=True)
class Report:
    """A report with findings and an impression, and the key of its findings text."""

    findings: str
    background: str | None
    reference: str
    key: str
    modality: str | None = None
    body_part: str | None = None


def fold_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of what a benchmark that works through the folds is given: folder, systems, folds, threads."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("systems", nargs="*", choices=[[], *SYSTEMS], metavar="SYSTEM", help="all of them")
    parser.add_argument("--only", type=int, nargs="*", default=list(range(1, FOLDS + 1)), help="these folds alone")
    parser.add_argument("--threads", type=int, default=2)
    return parser


def report_of(record: Record) -> Report:
    """Return the used fields of a record that has findings and a reference."""
    key = split_key("openi", record.study_id or "", record.subject_id, record.findings)
    texts = (record.findings or "", record.background, record.reference or "")
    return Report(*texts, key, record.modality, record.body_part)


def read_reports() -> list[Report]:
    """Return all reports of Open-i with findings and impression, in the order of the file."""
    file = openi_file()
    if not file.is_file():
        raise SystemExit(f"{file} is not there: set RADRAY_DATA to the folder of the reports")
    with file.open("rb") as opened:
        return [report_of(record) for record in openi.read(opened) if record.findings and record.reference]


def folds_of(reports: list[Report]) -> list[tuple[list[int], list[int]]]:
    """Return the places of the reports that are trained on, and of those that are asked, of each fold."""
    keys = [report.key for report in reports]
    folds = GroupKFold(FOLDS, shuffle=True, random_state=13).split(keys, groups=keys)
    return [(known.tolist(), asked.tolist()) for known, asked in folds]


def as_row(report: Report, place: int) -> dict[str, Any]:
    """Return what neighbours and prompts need of a report."""
    return {
        "unit_id": f"{place:05d}",
        "subject_id": None,
        "findings": report.findings,
        "background": report.background,
    }


class Fold:
    """The reports of a fold: those that are trained on with their targets, and those that are asked."""

    def __init__(self, reports: list[Report], known: list[int], asked: list[int]) -> None:
        targets, _ = make_targets(
            [reports[place].reference for place in known], keep_masks=False, keep_communications=False
        )
        pairs = [(place, target) for place, target in zip(known, targets, strict=True) if target]
        self.known = [as_row(reports[place], place) for place, _ in pairs]
        self.targets = [target for _, target in pairs]
        self.asked = [as_row(reports[place], place) for place in asked]
        self.neighbours = Neighbours(carried(self.known, self.targets))

    def prompts(self, rows: list[dict[str, Any]], asked: Asked) -> list[str]:
        """Return the prompts of `rows`, with exemplars where the prompt shows some."""
        if not asked.exemplars:
            return [asked.fill(row) for row in rows]
        near = self.neighbours.nearest(rows, asked.exemplars)
        return [asked.fill(row, exemplars) for row, exemplars in zip(rows, near, strict=True)]
