"""The real Open-i pairs, where they are at hand."""

import csv
import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def openi_pairs() -> list[tuple[str, str, bool]]:
    """Findings, impression and whether human coders called it normal, of the studies that have both texts."""
    data = Path(os.environ.get("RADRAY_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
    file = data / "openi" / "indiana_reports.csv"
    if not file.is_file():
        pytest.skip(f"no Open-i reports at {file}: set RADRAY_DATA to the folder that has them")
    with file.open(encoding="utf-8-sig", newline="") as rows:
        return [
            (row["findings"], row["impression"], row["MeSH"] == "normal")
            for row in csv.DictReader(rows)
            if row["findings"].strip() and row["impression"].strip()
        ]
