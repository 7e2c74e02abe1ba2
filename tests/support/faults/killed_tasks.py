"""A process that makes or answers the examples of two tasks of a night, and may be killed at a named step.

``python -m tests.support.faults.killed_tasks`` reads one JSON list a line, table that is written, warehouse folder,
point (null: none) and marker file, does the night in a fork, and prints its exit code: 0 done, 3 or 4 refused, -9
killed.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

from radray.errors import RadrayError
from radray.schema.answers import ANSWERS
from radray.schema.examples import EXAMPLES
from radray.settings.root import Settings
from tests.support.faults.kill_points import KillPoint, arm
from tests.support.worlds.answered import answer
from tests.support.worlds.examples import make_in_place, night_settings

_SWAP, _REPLACE = "pyiceberg.catalog.sql:SqlCatalog._write_metadata", "radray.tables.partition:replace_partition"
_MERGE = "radray.tables.partition:merge"
_COMMITS = (
    KillPoint("the first task committed, its run not finished", _REPLACE, "after"),
    KillPoint("the first task done, the second merged", _MERGE, "after", nth=2),
    KillPoint("both committed, the second run not finished", _REPLACE, "after", nth=2),
)
_MERGES = KillPoint("all staged, nothing merged", _MERGE)
_SWAPS = "in the first task's swap of the catalog"
POINTS = {
    ANSWERS.name: (
        KillPoint("while answers are staged", "radray.pipelines.answers.score:write_staged", "after", nth=2),
        _MERGES,
        KillPoint(_SWAPS, _SWAP, "after", table=ANSWERS.name),
        *_COMMITS,
    ),
    EXAMPLES.name: (
        KillPoint("while examples are staged", "radray.pipelines.answers.examples:MakeExamples._write", "after", nth=3),
        _MERGES,
        KillPoint(_SWAPS, _SWAP, "after", table=EXAMPLES.name),
        *_COMMITS,
        KillPoint("half of the first task's staging removed", "radray.storage.files:Storage.remove_folder", "half"),
    ),
}
"""Steps of a run over two tasks, by the table that it writes; for answers the examples are there."""
_NIGHTS: dict[str, Callable[[Settings], object]] = {ANSWERS.name: answer, EXAMPLES.name: make_in_place}


def carry_out(table: str, folder: str, point: str | None, marker: str) -> int:
    """Do the night and return the exit code."""
    if point is not None:
        arm(next(each for each in POINTS[table] if each.name == point), Path(marker))
    try:
        # what a killed run left of its lease would be waited for: it saves work, and nothing depends on it
        with patch("radray.tables.partition.hold_lease", lambda *_: nullcontext()):
            _NIGHTS[table](night_settings(Path(folder)))
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
