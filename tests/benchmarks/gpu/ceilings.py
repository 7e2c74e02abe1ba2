"""The machine, and the rates that nothing on it can exceed: memory bandwidth and matrix products."""

import os
import platform
import subprocess
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from statistics import median

import torch

from tests.benchmarks.gpu.desk import Desk

LIBRARIES = ("torch", "transformers", "tokenizers", "ctranslate2", "peft", "pydantic", "numpy")
REPEATS = 10
_QUERY = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total,power.limit", "--format=csv,noheader"]


def measure(desk: Desk) -> None:
    """Record the machine, then the bandwidth of a copy and the rates of matrix products."""
    desk.record("machine", {"python": platform.python_version(), "cpus": os.cpu_count(), "device": str(desk.device)})
    desk.record("machine", {"versions": {name: _version(name) for name in LIBRARIES}})
    if not desk.small:
        desk.record("machine", {"nvidia_smi": _output(_QUERY), "cuda": torch.version.cuda})
        free, total = torch.cuda.mem_get_info()
        desk.record(
            "machine",
            {
                "gpu": torch.cuda.get_device_name(),
                "compute_capability": list(torch.cuda.get_device_capability()),
                "free_bytes": free,
                "total_bytes": total,
            },
        )
    desk.record("ceilings", {"copy_gb_per_s": _copy_rate(desk)})
    for name, dtype in (("bf16", torch.bfloat16), ("fp32", torch.float32)):
        desk.record("ceilings", {f"matrix_{name}_tflops": _matrix_rate(desk, dtype)})


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _output(command: list[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _copy_rate(desk: Desk) -> float:
    """Return 10**9 bytes a second, read and written, of a copy within the device's memory."""
    source = torch.ones(2**20 if desk.small else 2**32, dtype=torch.uint8, device=desk.device)
    target = torch.empty_like(source)
    return round(2 * source.nbytes / _seconds(desk, lambda: target.copy_(source)) / 1e9, 1)


def _matrix_rate(desk: Desk, dtype: torch.dtype) -> float:
    """Return the TFLOP/s of a square matrix product of random numbers (zeros would be faster: they heat less)."""
    side = 64 if desk.small else 8192
    left, right = (torch.randn(side, side, device=desk.device).to(dtype) for _ in range(2))
    # not rounded to decimals: a small one is a small part of a TFLOP/s
    return float(f"{2 * side**3 / _seconds(desk, lambda: left @ right) / 1e12:.4g}")


def _seconds(desk: Desk, work: Callable[[], object]) -> float:
    """Return the median seconds of `work`, after three that are not counted."""
    times = []
    for _ in range(3 + REPEATS):
        desk.synchronise()
        start = time.perf_counter()
        work()
        desk.synchronise()
        times.append(time.perf_counter() - start)
    return median(times[3:])
