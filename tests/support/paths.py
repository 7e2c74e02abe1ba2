"""Where the checkout and the data for measuring are."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The checkout."""


def data_folder() -> Path:
    """Return the folder of real reports, for measuring alone: RADRAY_DATA, else shared/data beside the checkout."""
    return Path(os.environ.get("RADRAY_DATA", ROOT.parent / "shared" / "data"))


def openi_file() -> Path:
    """Return where the Open-i reports belong; a test that needs them is skipped, with this path, where they are not."""
    return data_folder() / "openi" / "indiana_reports.csv"
