"""A synthetic corpus on disk: studies in MIMIC-CXR's own form, and their split file."""

import csv
from pathlib import Path

from radray.reports.synthetic.studies import make_studies, split_rows, write_zip

ARCHIVE = "mimic-cxr-reports.zip"
SPLIT = "split.csv"


def write_corpus(folder: Path, studies: int, held_out: int, seed: int) -> None:
    """Write so many `studies` into `folder`/`ARCHIVE`, and into `SPLIT` which ones, `held_out` of them, are test."""
    folder.mkdir(parents=True, exist_ok=True)
    corpus = list(make_studies(studies, seed))
    with (folder / ARCHIVE).open("wb") as archive:
        write_zip(corpus, archive)
    with (folder / SPLIT).open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["study_id", "subject_id", "split"])
        rows.writerows(split_rows(corpus, held_out))
