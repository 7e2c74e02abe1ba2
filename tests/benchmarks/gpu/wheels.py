"""The wheels that the GPU check needs beside torch and transformers: ``python -m tests.benchmarks.gpu.wheels FOLDER``.

In the versions of requirements.lock, for a machine without network: Linux on x86-64, by default with Python 3.12
(another: a second argument such as 3.11). Ends with an error where they have more than MOST_BYTES together.
"""

import re
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.trained_model import say
from tests.support.paths import ROOT

NAMES = ("ctranslate2", "peft", "pydantic", "pydantic-core", "annotated-types", "typing-inspection")
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
MOST_BYTES = 50 << 20


def pinned(names: tuple[str, ...]) -> list[str]:
    """Return each of `names` with the version of requirements.lock. Raises LookupError for one that is not in it."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    versions = dict(re.findall(r"^([a-z0-9-]+)==([^ \\]+)", lock, re.MULTILINE))
    return [f"{name}=={versions[name]}" for name in names]


def main() -> int:
    """Download the wheels into the folder and print what each has."""
    folder = Path(sys.argv[1])
    python = sys.argv[2] if len(sys.argv) > 2 else "3.12"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--python-version", python, "--implementation", "cp", "--dest", str(folder)]
    command += [option for platform in PLATFORMS for option in ("--platform", platform)]
    subprocess.run([*command, *pinned(NAMES)], check=True)
    sizes = {wheel.name: wheel.stat().st_size for wheel in sorted(folder.glob("*.whl"))}
    for name, size in sizes.items():
        say(f"{size / 2**20:7.2f} MiB {name}")
    total = sum(sizes.values())
    say(f"{total / 2**20:7.2f} MiB in {len(sizes)} wheels, at most {MOST_BYTES / 2**20:.0f}")
    return int(total > MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())
