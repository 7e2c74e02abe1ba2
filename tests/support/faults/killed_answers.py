"""A process that answers two tasks of a night and may be killed at a named step; or in which another comes first.

``python -m tests.support.faults.killed_answers`` reads one JSON list a line, warehouse folder, point (null: none) and
marker file, does the night in a fork, and prints its exit code: 0 done, 3 or 4 refused, -9 killed.
"""

import json
import os
import sys
import traceback
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

from radray.errors import RadrayError
from tests.support.faults.kill_points import KillPoint, arm
from tests.support.worlds.answered import answer
from tests.support.worlds.examples import night_settings

_ANSWERS = "radray.pipelines.answers.score:write_staged"
_CATALOG = "pyiceberg.catalog.sql:SqlCatalog"
POINTS = (
    KillPoint("while answers are staged", _ANSWERS, "after", nth=2),
    KillPoint("all staged, nothing merged", "radray.tables.partition:merge"),
    KillPoint(
        "in the first task's swap of the catalog", f"{_CATALOG}._write_metadata", "after", table="answers", nth=1
    ),
    KillPoint("the first task committed, its run not finished", "radray.tables.partition:replace_partition", "after"),
    KillPoint("the first task done, the second merged", "radray.tables.partition:merge", "after", nth=2),
    KillPoint("both committed, the second run not finished", "radray.tables.partition:replace_partition", "after", 2),
)
"""Steps of a run over two tasks whose examples are there."""


def carry_out(folder: str, point: str | None, marker: str) -> int:
    """Answer the night and return the exit code."""
    if point is not None:
        arm(next(each for each in POINTS if each.name == point), Path(marker))
    try:
        # what a killed run left of its lease would be waited for: it saves work, and nothing depends on it
        with patch("radray.tables.partition.hold_lease", lambda *_: nullcontext()):
            answer(night_settings(Path(folder)))
    except RadrayError as error:
        return error.exit_code
    return 0


def main() -> None:
    """Do the nights of standard input, each in a fork that shares nothing open with this process."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = carry_out(*json.loads(line))
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
