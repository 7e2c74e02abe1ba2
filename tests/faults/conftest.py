import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from radray.settings.warehouse import WarehouseSettings
from tests.support.faults.writer import Order
from tests.support.paths import ROOT
from tests.support.s3_server import BUCKET, S3Server
from tests.support.worlds.faults import PATIENCE_S, Place


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Return the place of warehouses, a new one per name: on local disk or, parametrized with "s3", on an S3 server."""
    if getattr(request, "param", "disk") == "disk":
        return lambda name: WarehouseSettings(uri=str(tmp_path / name))
    server: S3Server = request.getfixturevalue("s3")
    prefix = f"s3://{BUCKET}/{tmp_path.name}"
    return lambda name: WarehouseSettings(
        uri=f"{prefix}/{name}", catalog_uri=str(tmp_path / f"{name}.db"), s3=server.settings()
    )


@pytest.fixture(scope="module")
def spill(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the temporary folder of the writers."""
    return tmp_path_factory.mktemp("spill")


@pytest.fixture(scope="module")
def writer(spill: Path) -> Iterator[Callable[[Order], int]]:
    """Return a function that carries out an order in a process of its own and returns its exit code."""
    with _server("tests.support.faults.writer", TMPDIR=str(spill), **S3Server.environment()) as ask:
        yield lambda order: ask(order.to_json())


@pytest.fixture(scope="module")
def night_of_tasks() -> Iterator[Callable[[str, Path, str | None, Path], int]]:
    """Return a function that does a night of two tasks in a process of its own and returns its exit code.

    It takes the table that is written, the warehouse's folder, the point at which to be killed, and its marker.
    """
    with _server("tests.support.faults.killed_tasks") as ask:
        yield lambda table, folder, point, marker: ask(json.dumps([table, str(folder), point, str(marker)]))


@contextmanager
def _server(module: str, **environment: str) -> Iterator[Callable[[str], int]]:
    """Run `module`, which does what a line asks for in a fork and answers with an exit code; yield the asking."""
    command = [sys.executable, "-m", module]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    with subprocess.Popen(command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None

        def ask(line: str) -> int:
            server.stdin.write(line + "\n")
            server.stdin.flush()
            return int(server.stdout.readline())

        yield ask
        server.stdin.close()
        server.wait(PATIENCE_S)
