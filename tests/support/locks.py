"""Lock files as pip reads them: pins with their hashes."""

import re
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.paths import ROOT

DEVELOPMENT = ROOT / "requirements.lock"
CLUSTER = ROOT / "jobs" / "configs" / "cluster" / "requirements.txt"
CLUSTER_TORCH = CLUSTER.with_name("torch.txt")
LOCKS = (DEVELOPMENT, CLUSTER, CLUSTER_TORCH)


class Pin(NamedTuple):
    """One requirement of a lock file."""

    requirement: Requirement
    hashes: tuple[str, ...]
    """As they are written: `sha256:` and hex."""

    @property
    def name(self) -> str:
        """The name as indexes compare it."""
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        """The one version."""
        (specifier,) = self.requirement.specifier
        assert specifier.operator == "==", self.requirement
        return specifier.version


def pins(path: Path) -> list[Pin]:
    """Return all pins of a lock file, those for other Pythons and systems too."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    locked = []
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        requirement, *hashes = re.split(r"\s+--hash=", line.strip())
        locked.append(Pin(Requirement(requirement), tuple(hashes)))
    return locked


def pins_here(path: Path) -> dict[str, Pin]:
    """Return the pins that this Python on this system would install, by name."""
    here = [pin for pin in pins(path) if pin.requirement.marker is None or pin.requirement.marker.evaluate()]
    by_name = {pin.name: pin for pin in here}
    assert len(by_name) == len(here), "a name is pinned twice"
    return by_name
