"""A process that has a temporary folder and waits, to be ended or killed."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT

_CODE = """
from radray.private import temporary_folder
folder = temporary_folder()
(folder / "rows.parquet").write_text("Canary Jones")
print(folder, flush=True)
input()
"""


def owner(temporary: Path) -> tuple["subprocess.Popen[str]", Path]:
    """Start a process with ``TMPDIR=temporary`` that writes into its own folder; return it and the folder."""
    environment = {**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", _CODE], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())
