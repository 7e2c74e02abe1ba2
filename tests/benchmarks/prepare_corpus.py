"""The whole `prepare` job on the 93,544 ids of MEDIQA 2021, with made-up reports: reports/s, peak memory, splits.

``python -m tests.benchmarks.prepare_corpus [--times 10] [--folder FOLDER]``: with ``--times 10`` ten reports for each
id, the further ones under ids of their own (to show that memory stays flat). Memory is the resident set of each
process of the job's tree, sampled five times a second; the largest, and the largest that is not the driver. Needs
../shared/data/mediqa2021 (or RADRAY_DATA). Prints a table and, as the last line, JSON.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import psutil

from radray.analytics.query import query
from radray.reports.synthetic.studies import make_studies
from radray.settings.warehouse import WarehouseSettings
from radray.tables.catalog import Warehouse
from tests.support.paths import ROOT, data_folder

SPLIT = data_folder() / "mediqa2021" / "mimic_split_train_dev.csv"
TEXTS = 5_000
SAMPLE_S = 0.2


def ids(times: int) -> Iterator[tuple[str, str, str]]:
    """Yield (study_id, subject_id, split) of the split file, `times` times, the further ones with other digits."""
    with SPLIT.open(newline="") as file:
        rows = [(row["study_id"], row["subject_id"], row["split"]) for row in csv.DictReader(file)]
    for turn in range(times):
        for study, subject, split in rows:
            # the first digit of all is 5 for a study and 1 for a subject
            yield f"{(int(study[0]) + turn) % 10}{study[1:]}", f"{(int(subject[0]) + turn) % 10}{subject[1:]}", split


def make_source(folder: Path, times: int) -> tuple[Path, Path, int]:
    """Write the zip and its split file, and return them with the number of reports."""
    texts = [study.text for study in make_studies(TEXTS, seed=11)]
    split_file, archive_file = folder / "split.csv", folder / "mimic-cxr-reports.zip"
    number = 0
    with (
        zipfile.ZipFile(archive_file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        split_file.open("w", newline="") as file,
    ):
        split = csv.writer(file)
        split.writerow(["study_id", "subject_id", "split"])
        for study, subject, part in ids(times):
            archive.writestr(f"files/p{subject[:2]}/p{subject}/s{study}.txt", texts[number % TEXTS])
            split.writerow([study, subject, part])
            number += 1
    return archive_file, split_file, number


def watch(command: list[str]) -> tuple[int, float, dict[str, float]]:
    """Run `command` and return its exit code, seconds, and the peak resident MB by name of process."""
    peaks: dict[str, float] = defaultdict(float)
    began = time.monotonic()
    job = subprocess.Popen(command, cwd=ROOT)
    tree = psutil.Process(job.pid)
    while job.poll() is None:
        try:
            for process in [tree, *tree.children(recursive=True)]:
                name = "driver" if process.pid == job.pid else process.name()
                peaks[name] = max(peaks[name], process.memory_info().rss / 1e6)
        except psutil.Error:
            continue  # one of them ended meanwhile
        time.sleep(SAMPLE_S)
    return job.wait(), time.monotonic() - began, dict(peaks)


def main() -> int:
    """Make the source, prepare it, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1, choices=range(1, 11))
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    if not SPLIT.is_file():
        sys.stderr.write(f"skipped: {SPLIT} is not there\n")
        return 0
    with tempfile.TemporaryDirectory(prefix="radray-corpus-", dir=arguments.folder) as name:
        folder = Path(name)
        source, split_file, number = make_source(folder, arguments.times)
        settings = [f"source.uri={source}", f"split.file={split_file}", f"warehouse.uri={folder / 'warehouse'}"]
        command = [sys.executable, "-m", "jobs.prepare", "source.format=mimic_zip", "source.dataset=mediqa", *settings]
        code, seconds, peaks = watch(command)
        warehouse = Warehouse(WarehouseSettings(uri=str(folder / "warehouse")), must_exist=True)
        sql = "SELECT split, status, count(*) AS n, count(DISTINCT study_id) AS studies FROM reports GROUP BY 1, 2"
        counts = query(warehouse, f"{sql} ORDER BY 1, 2").to_pylist()
        sql = "SELECT subject_id FROM reports GROUP BY 1 HAVING count(DISTINCT split) > 1"
        shared = query(warehouse, f"SELECT count(*) AS n FROM ({sql})").to_pylist()[0]["n"]
    for process, peak in sorted(peaks.items(), key=lambda item: -item[1]):
        sys.stdout.write(f"{process:40} {peak:8.0f} MB at most\n")
    result = {
        "reports": number,
        "exit_code": code,
        "seconds": round(seconds, 1),
        "reports_per_second": round(number / seconds, 1),
        "peak_mb_of_any_process": round(max(peaks.values())),
        "rows": counts,
        "subjects_in_both_splits": shared,
        "cpus": psutil.cpu_count(),
    }
    sys.stdout.write(json.dumps(result) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
