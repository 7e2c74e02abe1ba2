"""Named steps of a run, and a process that ends by SIGKILL at one of them: wrappers around functions, from outside."""

import importlib
import inspect
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radray.storage.files import Storage, is_s3
from radray.storage.s3 import split
from tests.support.worlds.faults import write_file


@dataclass(frozen=True, slots=True)
class KillPoint:
    """One step: before, after or half-way through the `nth` call of `target` (``module:attribute``)."""

    name: str
    target: str
    when: str = "before"
    nth: int = 1
    table: str | None = None
    """Calls about this table alone count; None: all."""
    started: bool = True
    """Whether the `runs` row `running` is there by then."""
    landed: bool = False
    """Whether readers see the new night by then."""


_STAGE, _MERGE, _WRITER = (
    "tests.support.worlds.faults:write_file",
    "radray.tables.partition:merge",
    "radray.tables.merging.data_files:FileWriter",
)
_RUNS, _REMOVE = "radray.tables.runs:RunRow.write", "radray.storage.files:Storage.remove_folder"
_REPLACE, _TRANSACT = "radray.tables.partition:replace_partition", "radray.tables.commit:_transact"
_CATALOG = "pyiceberg.catalog.sql:SqlCatalog"
_TRANSACTION = "pyiceberg.table:Transaction"

POINTS = (
    KillPoint("before the base is pinned", "radray.tables.commit:pin", started=False),
    KillPoint("after the base is pinned", "radray.tables.commit:pin", "after", started=False),
    KillPoint("before the runs row, running", _RUNS, started=False),
    KillPoint("in the commit of the runs row, running", f"{_CATALOG}.commit_table", table="runs", started=False),
    KillPoint("after the runs row, running", _RUNS, "after"),
    KillPoint("before the first staged file", _STAGE),
    KillPoint("half-way through the second staged file", _STAGE, "half", nth=2),
    KillPoint("after the second staged file", _STAGE, "after", nth=2),
    KillPoint("before the merge", _MERGE),
    KillPoint("before the first data file is open", f"{_WRITER}.write"),
    KillPoint("data file without its footer", f"{_WRITER}.write", "after"),
    KillPoint("data file closed, sha256 not taken", "radray.storage.files:Storage.sha256"),
    KillPoint("sha256 taken", "radray.storage.files:Storage.sha256", "after"),
    KillPoint("before the audit", "radray.tables.merge:_audit_ids"),
    KillPoint("after the audit", _MERGE, "after"),
    KillPoint("before the transaction", _TRANSACT),
    KillPoint("delete prepared, no file added", f"{_TRANSACTION}.add_files", table="reports"),
    KillPoint("transaction prepared", f"{_TRANSACTION}.add_files", "after", table="reports"),
    KillPoint("before the catalog's commit", f"{_CATALOG}.commit_table", table="reports"),
    KillPoint("metadata written, catalog not changed", f"{_CATALOG}._write_metadata", "after", table="reports"),
    KillPoint("catalog changed, answer not read", f"{_CATALOG}.commit_table", "after", table="reports", landed=True),
    KillPoint("after the commit", _REPLACE, "after", landed=True),
    KillPoint("before the runs row, finished", _RUNS, nth=2, landed=True),
    KillPoint(
        "in the commit of the runs row, finished", f"{_CATALOG}._write_metadata", "after", 2, "runs", landed=True
    ),
    KillPoint("after the runs row, finished", _RUNS, "after", nth=2, landed=True),
    KillPoint("before the staging is removed", _REMOVE, landed=True),
    KillPoint("half of the staging removed", _REMOVE, "half", landed=True),
    KillPoint("after the staging is removed", _REMOVE, "after", landed=True),
)

FIRST_POINTS = (
    KillPoint("before the namespace", f"{_CATALOG}.create_namespace_if_not_exists", started=False),
    KillPoint("before the first table", "radray.tables.catalog:Warehouse._create", started=False),
    KillPoint("in the first table's commit", f"{_CATALOG}.commit_table", table="reports", started=False),
    KillPoint("after the first table", "radray.tables.catalog:Warehouse._create", "after", started=False),
    KillPoint("before the table of runs", "radray.tables.catalog:Warehouse._create", nth=2, started=False),
    KillPoint("before the first night's commit", f"{_CATALOG}.commit_table", nth=2, table="reports"),
    KillPoint("first night committed, answer not read", f"{_CATALOG}.commit_table", "after", 2, "reports", landed=True),
)
"""Steps that only the first run of a warehouse has; making a table is a commit too."""

JOB_POINTS = (
    KillPoint("while rows are staged", "radray.pipelines.progress:_rows", "after"),
    KillPoint("between merge and commit", _MERGE, "after"),
    KillPoint("inside the catalog's swap", f"{_CATALOG}._write_metadata", "after", table="predictions"),
    KillPoint("after the commit, runs not finished", _RUNS, nth=2, landed=True),
)
"""Steps of `generate`, in the process that holds its Ray."""


def arm(point: KillPoint, marker: Path) -> None:
    """Make this process end at `point`; it leaves its name in `marker`, to prove that it was there."""
    owner, name = _resolve(point.target)
    fixed = inspect.getattr_static(owner, name)
    original = getattr(owner, name)
    calls = 0

    def armed(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        counted = point.table is None or point.table in _tables_of((*args, *kwargs.values()))
        calls += counted
        here = counted and calls == point.nth
        if here and point.when == "half":
            _HALVES[point.target](*args)
        if here and point.when != "after":
            _die(point, marker)
        result = original(*args, **kwargs)
        if here:
            _die(point, marker)
        return result

    setattr(owner, name, staticmethod(armed) if isinstance(fixed, staticmethod) else armed)


def _resolve(target: str) -> tuple[Any, str]:
    module, _, path = target.partition(":")
    owner: Any = importlib.import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    return owner, name


def _tables_of(args: tuple[Any, ...]) -> set[str]:
    """Return the tables that a call is about: of Table and Transaction objects and metadata paths among `args`."""
    tables = set()
    for arg in args:
        table = getattr(arg, "_table", arg)
        if callable(getattr(table, "name", None)):
            tables.add(table.name()[-1])
        elif isinstance(arg, str) and "/tables/" in arg:
            tables.add(arg.partition("/tables/")[2].partition("/")[0])
    return tables


def _die(point: KillPoint, marker: Path) -> None:
    marker.write_text(point.name)
    os.kill(os.getpid(), signal.SIGKILL)


def _write_half(storage: Storage, uri: str, content: bytes) -> None:
    _WRITE_FILE(storage, uri, content[: len(content) // 2])


def _remove_half(storage: Storage, folder: str) -> None:
    files = storage.list_files(folder)
    assert len(files) > 1
    for uri in files[: len(files) // 2]:
        if is_s3(uri):  # as the code does: pyarrow would leave an empty object in the place of the folder
            bucket, key = split(uri)
            storage.access.boto().delete_object(Bucket=bucket, Key=key)
        else:
            Path(uri).unlink()


_WRITE_FILE = write_file
"""The function itself, whatever is put in its place."""
_HALVES: dict[str, Callable[..., None]] = {_STAGE: _write_half, _REMOVE: _remove_half}
