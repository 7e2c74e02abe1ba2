"""Progress where there is no terminal: plain lines now and then, and nothing for what is quick."""

import io
import re
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from radray.pipelines.progress import Pace, staged_rows
from radray.settings.warehouse import S3Settings
from radray.storage.files import Storage

PATIENCE_S = 30


class Log(io.StringIO):
    """A log that notes when a line matched."""

    def __init__(self, awaited: str) -> None:
        super().__init__()
        self.awaited = re.compile(awaited)
        self.came = threading.Event()

    def write(self, text: str) -> int:
        written = super().write(text)
        if self.awaited.search(self.getvalue()):
            self.came.set()
        return written


def test_a_log_gets_plain_lines_of_what_is_staged(tmp_path: Path) -> None:
    rows = pa.table({"unit_id": [str(number) for number in range(30)]})
    pq.write_table(rows, tmp_path / "0.parquet")
    log = Log(r"60 of 90 reports")
    console = Console(file=log, width=120)
    with staged_rows(console, "generate live m", Storage.of(S3Settings()), str(tmp_path), 90, poll_s=0.02, line_s=0.02):
        deadline = time.monotonic() + PATIENCE_S
        while "30 of 90 reports" not in log.getvalue():
            assert time.monotonic() < deadline
        pq.write_table(rows, tmp_path / "1.parquet")
        assert log.came.wait(PATIENCE_S)
    lines = log.getvalue().splitlines()
    assert "generate live m: 30 of 90 reports" in lines  # staged by an earlier attempt: that is no speed
    moved = [line for line in lines if line.startswith("generate live m: 60 of 90 reports")]
    assert re.fullmatch(r"generate live m: 60 of 90 reports, [\d.,]+ reports/s, \d:\d\d:\d\d left", moved[0])
    assert "\x1b" not in log.getvalue()


def test_what_is_quick_has_no_line_of_its_own(tmp_path: Path) -> None:
    log = io.StringIO()
    with staged_rows(Console(file=log, width=120), "prepare", Storage.of(S3Settings()), str(tmp_path), 1, poll_s=0.01):
        pass
    assert "prepare: " not in log.getvalue()


def test_pace_and_time_left_are_of_what_came_since_the_first_look() -> None:
    pace = Pace(first=1_000, since=100.0)
    assert pace.describe(2_200, 20_000, 160.0) == "2,200 of 20,000 reports, 20.0 reports/s, 0:14:50 left"
    assert pace.describe(1_000, 20_000, 160.0) == "1,000 of 20,000 reports"
    assert pace.describe(20_000, 20_000, 200.0) == "20,000 of 20,000 reports, 190.0 reports/s, 0:00:00 left"
