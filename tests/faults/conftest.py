import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from faults_world import PATIENCE_S, ROOT, Place
from writer import Order

from radray import config


@pytest.fixture(scope="session", params=["disk"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Return where warehouses lie; each name is a new one."""
    root: Path = tmp_path_factory.mktemp(f"place-{request.param}")
    return lambda name: config.Warehouse(uri=str(root / name))


@pytest.fixture(scope="module")
def writer() -> Iterator[Callable[[Order], int]]:
    """Return a function that carries out an order in a process of its own and returns its exit code."""
    command = [sys.executable, str(Path(__file__).with_name("writer.py"))]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, text=True, **pipes) as server:
        assert server.stdin is not None
        assert server.stdout is not None

        def ask(order: Order) -> int:
            server.stdin.write(order.to_json() + "\n")
            server.stdin.flush()
            return int(server.stdout.readline())

        yield ask
        server.stdin.close()
        server.wait(PATIENCE_S)
