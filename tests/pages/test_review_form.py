"""The page of a review sheet: its texts as text, nothing of the key, nothing from elsewhere, CSV that comes back."""

import base64
import csv
import hashlib
import html
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from radray.evaluation.review.files import SHEET_HTML, read_filled, write_sheet
from radray.evaluation.review.sheet import ANSWER_COLUMNS, TEXT_COLUMNS, Candidate, Sheet, draw_sheet
from radray.pages.review_form import render_form

HOSTILE = '</script><script>document.title="taken"</script><img src=x onerror=alert(1)> &amp; \u202e'


@pytest.fixture(scope="module")
def sheet() -> Sheet:
    texts: dict[str, Any] = {
        "background": None,
        "findings": HOSTILE,
        "prediction": "Model's text.",
        "reference": "Reader's text.",
    }
    drawn = [
        Candidate(f"unit-{place}", f"patient-{place}", **texts, stratum=stratum, flagged=False)
        for place, stratum in enumerate(("normal", "abnormal", "abnormal"))
    ]
    return draw_sheet(drawn, 3, 1, {"system": "model deadbeef", "dataset": "north", "split": "live"})


@pytest.fixture(scope="module")
def page(sheet: Sheet) -> str:
    return render_form(sheet)


def data(page: str) -> dict[str, Any]:
    (content,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    held: dict[str, Any] = json.loads(content)
    return held


def test_it_shows_what_the_sheet_holds(sheet: Sheet, page: str) -> None:
    rows = sheet.sheet.to_pylist()
    held = data(page)
    assert held["sheet_id"] == rows[0]["sheet_id"]
    for item, row in zip(held["items"], rows, strict=True):
        assert item == {
            "item": row["item"],
            **{name: (row[name] or "").replace("\u202e", "[U+202E]") for name in TEXT_COLUMNS},
        }
    columns = [column for question in held["questions"] for column in question["columns"]]
    assert sorted(columns) == sorted(ANSWER_COLUMNS)
    assert all(len(question["labels"]) == len(question["answers"]) <= 5 for question in held["questions"])


def test_hostile_text_is_text(page: str) -> None:
    assert "<script>document" not in page
    assert "<img" not in page
    assert page.count("</script>") == 2


def test_nothing_of_the_key_is_in_it(sheet: Sheet, page: str) -> None:
    key = sheet.key.to_pylist()
    for word in ("unit-", "patient-", "deadbeef", "north", "prediction_is", 'weight"', "flagged", "stratum"):
        assert word not in page
    assert {"prediction_is", "weight", "flagged", "stratum"} <= key[0].keys()


def test_only_its_own_script_runs_and_nothing_is_fetched(page: str) -> None:
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src 'sha256-{html.unescape(digest)}'" in html.unescape(policy)
    ours = re.sub(r'<script type="application/json".*?</script>', "", page, flags=re.DOTALL)
    assert re.findall(r"//[\w.-]+\.\w+|\bsrc=|@import|url\(|fetch\(|XMLHttp|WebSocket|sendBeacon", ours) == []
    assert "innerHTML" not in script
    assert "eval(" not in script


def test_what_it_saves_is_read_back(sheet: Sheet, page: str, tmp_path: Path) -> None:
    """The script quotes every cell, marks UTF-8 and ends lines as Excel; it leaves the texts out."""
    files = write_sheet(tmp_path, sheet, page)
    assert [file.name for file in files][2] == SHEET_HTML
    assert (tmp_path / SHEET_HTML).read_text(encoding="utf-8") == page
    held = data(page)
    head = ["sheet_id", "item", *(column for its in held["questions"] for column in its["columns"]), "comment"]
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerow([held["sheet_id"], "1", "b", "5", *[""] * (len(head) - 5), '\'=a, "b"'])
    writer.writerow([held["sheet_id"], "2", *[""] * (len(head) - 2)])
    writer.writerow([held["sheet_id"], "3", "same", *[""] * (len(head) - 3)])
    (tmp_path / "ada.csv").write_text(text.getvalue(), encoding="utf-8-sig", newline="")
    reading = read_filled(tmp_path / "ada.csv", sheet.key)
    assert reading.answers == {1: {"preferred": "b", head[3]: "5"}, 3: {"preferred": "same"}}
