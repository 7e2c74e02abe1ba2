"""A process that runs nights and can be killed at a named step: a server that forks one child a run.

Reads one JSON object a line (see Order) and answers each with the child's exit code: 0 done, 4 conflict, -9 killed.
The server imports everything once and opens nothing, so a child starts in milliseconds and shares nothing with it.
"""

import datetime
import json
import os
import sys
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path

from radray.errors import RadrayError
from radray.settings.warehouse import S3Settings, WarehouseSettings
from radray.storage.files import Storage
from radray.tables.catalog import Warehouse
from tests.support.faults.kill_points import FIRST_POINTS, POINTS, arm
from tests.support.worlds.faults import run_night


@dataclass(frozen=True, slots=True)
class Order:
    """One run to do: a night of a warehouse, with a run key, and where to die."""

    settings: dict[str, object]
    """`warehouse` of the settings."""
    date: str
    run_key: str
    unit_ids: list[str]
    point: str | None = None
    marker: str = ""

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def carry_out(order: Order) -> int:
    """Run the night and return the exit code."""
    if order.point is not None:
        (point,) = [candidate for candidate in (*POINTS, *FIRST_POINTS) if candidate.name == order.point]
        arm(point, Path(order.marker))
    warehouse = Warehouse(WarehouseSettings.model_validate(order.settings))
    try:
        run_night(warehouse, datetime.date.fromisoformat(order.date), order.run_key, order.unit_ids)
    except RadrayError as error:
        return error.exit_code
    return 0


def in_child(order: Order) -> int:
    """Carry out `order` in a fork and return its exit code, negative for the signal that ended it."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = carry_out(order)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    # botocore's descriptions of S3 are read once in a process: here, and not in each child
    Storage.of(S3Settings()).access.boto()
    for line in sys.stdin:
        sys.stdout.write(f"{in_child(Order(**json.loads(line)))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
