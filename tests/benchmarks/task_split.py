"""The fifth of Open-i that the tasks of a report are tested on: ``python -m tests.benchmarks.task_split FILE``.

Writes FILE, a split file for `jobs.prepare` (``split.file=FILE``): study_id and split, train or test. Reports of equal
findings, and of one patient where that is known, stand in one part: a cluster is in the test part if the number that
its key's sha256 begins with leaves 0 when it is divided by 5. The part was fixed before any task, rule or model of them
was tried on it; DIGEST says so. Rules and settings are chosen on the training part alone.
"""

import csv
import hashlib
import sys
from pathlib import Path

from radray.reports.formats import openi_csv as openi
from radray.reports.record.identity import split_key
from tests.benchmarks.trained_model import say
from tests.support.paths import openi_file

DIGEST = "ca172432e75f470c433b621c16d14ae15a9fcbaeb24d83bf95f9d4cac7c3b05d"
"""sha256 of the test part's study ids, sorted, a line each."""


def split_of(key: str) -> str:
    """Return the split of the reports with the cluster key `key`."""
    return "test" if int(hashlib.sha256(f"tasks:{key}".encode()).hexdigest()[:12], 16) % 5 == 0 else "train"


def splits() -> dict[str, str]:
    """Return the split of each report with findings, by study id. Raises SystemExit without the reports."""
    file = openi_file()
    if not file.is_file():
        raise SystemExit(f"{file} is not there: set RADRAY_DATA to the folder of the reports")
    with file.open("rb") as opened:
        records = [record for record in openi.read(opened) if record.findings and record.study_id]
    keys = {str(its.study_id): split_key("openi", str(its.study_id), its.subject_id, its.findings) for its in records}
    chosen = {study: split_of(key) for study, key in keys.items()}
    digest = digest_of(chosen)
    if digest != DIGEST:
        raise SystemExit(f"the test part is another than the one that was frozen: {digest}")
    return chosen


def digest_of(chosen: dict[str, str]) -> str:
    """Return DIGEST of the splits `chosen`."""
    tested = sorted(study for study, split in chosen.items() if split == "test")
    return hashlib.sha256("".join(f"{study}\n" for study in tested).encode()).hexdigest()


def main() -> None:
    """Write the split file that is named on the command line."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        raise SystemExit(__doc__)
    chosen = splits()
    with Path(sys.argv[1]).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["study_id", "split"])
        writer.writerows(sorted(chosen.items()))
    tested = sum(split == "test" for split in chosen.values())
    say(f"{len(chosen) - tested:,} reports to train on, {tested:,} to test on")


if __name__ == "__main__":
    main()
