"""A process that runs over several nights while another does the same; on every second night they meet after the pin.

Prints a JSON line a night: whether they met, the run key that the night held when it was pinned, the exit code.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from radray.errors import RadrayError
from radray.settings.warehouse import WarehouseSettings
from radray.tables.catalog import Warehouse
from tests.support.worlds.faults import PATIENCE_S, night, open_night, stage


def meet(place: Path, number: int, name: str) -> None:
    """Return when both are here."""
    (place / f"{number}-{name}").touch()
    deadline = time.monotonic() + PATIENCE_S
    while len(list(place.glob(f"{number}-*"))) < 2:
        if time.monotonic() > deadline:
            raise TimeoutError("the other process did not come")


def run_night(order: dict[str, Any], number: int) -> dict[str, Any]:
    settings = WarehouseSettings.model_validate(order["settings"])
    date, key, units = night(number), f"{order['name']}-{number}", order["units"]
    met = number % 2 == 0
    exit_code, held = 0, None
    try:
        warehouse = Warehouse(settings)
        opened = open_night(warehouse, date, key)
        base = opened.base.table.scan(row_filter=f"batch_date == '{date}'", selected_fields=("run_key",)).to_arrow()
        held = next(iter(base.column("run_key").to_pylist()), None)
        if met:
            meet(Path(order["meeting"]), number, order["name"])
        with opened.recorded() as run:
            stage(warehouse.storage, run, date, key, units)
            run.stage().commit(units)
    except RadrayError as error:
        exit_code = error.exit_code
    return {"met": met, "held": held, "exit_code": exit_code}


def main() -> None:
    order = json.loads(sys.argv[1])
    for number in range(order["nights"]):
        sys.stdout.write(json.dumps(run_night(order, number)) + "\n")


if __name__ == "__main__":
    main()
