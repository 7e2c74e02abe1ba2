"""CSV files: whole, exact, and harmless in a spreadsheet."""

import csv
from pathlib import Path
from typing import Any

import pytest

from radray.errors import ConfigError
from radray.pages.csv_files import write_csv
from radray.schemas import COMPARISONS


def row(**values: Any) -> dict[str, Any]:
    return {**dict.fromkeys(column.name for column in COMPARISONS.columns), **values}


def test_numbers_keep_their_digits_and_null_is_empty(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "new" / "folder", COMPARISONS, [row(system_a="m", difference=0.1 + 0.2, n=3)])
    with file.open(encoding="utf-8", newline="") as lines:
        (found,) = csv.DictReader(lines)
    assert (float(found["difference"]), found["n"], found["p_value"]) == (0.1 + 0.2, "3", "")
    assert list(found) == [column.name for column in COMPARISONS.columns]


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-cmd", "@x", "\tx", "\rx"])
def test_a_system_is_no_formula(tmp_path: Path, name: str) -> None:
    file = write_csv(tmp_path, COMPARISONS, [row(system_a=name, difference=-0.5)])
    with file.open(encoding="utf-8", newline="") as lines:
        (found,) = csv.DictReader(lines)
    assert found["system_a"] == f"'{name}"
    assert found["difference"] == "-0.5"


def test_a_file_that_is_there_is_replaced_whole(tmp_path: Path) -> None:
    write_csv(tmp_path, COMPARISONS, [row(n=1), row(n=2)])
    write_csv(tmp_path, COMPARISONS, [])
    assert [path.name for path in tmp_path.iterdir()] == ["comparisons.csv"]
    assert (tmp_path / "comparisons.csv").read_text().count("\n") == 1


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"evaluate\.csv=.*file: comparisons\.csv cannot be written: "):
        write_csv(tmp_path / "file", COMPARISONS, [])
