"""The lock files against pyproject.toml, against each other, and against what the installed packages say they need."""

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.locks import CLUSTER, CLUSTER_TORCH, DEVELOPMENT, LOCKS, Pin, pins, pins_here
from tests.support.paths import ROOT


def project() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def asked() -> list[Requirement]:
    """Return the requirements of radray, its tests and its build."""
    texts = [
        *project()["project"]["dependencies"],
        *project()["project"]["optional-dependencies"]["test"],
        *project()["build-system"]["requires"],
    ]
    return [Requirement(text) for text in texts]


def missing(lock: dict[str, Pin], wanted: Requirement) -> bool:
    pin = lock.get(canonicalize_name(wanted.name))
    return pin is None or not wanted.specifier.contains(pin.version, prereleases=True)


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_every_package_is_pinned_and_hashed(path: Path) -> None:
    assert pins(path)
    for pin in pins(path):
        assert pin.version
        assert pin.hashes, pin.name
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in pin.hashes), pin.name


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_no_lock_names_an_index_or_a_place(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"://|@ |index|find-links|trusted-host", text)


@pytest.mark.parametrize("wanted", asked(), ids=lambda wanted: wanted.name)
def test_what_the_project_asks_for_is_locked_within_its_bounds(wanted: Requirement) -> None:
    locked = [pin for pin in pins(DEVELOPMENT) if pin.name == canonicalize_name(wanted.name)]
    assert locked
    for pin in locked:
        assert wanted.specifier.contains(pin.version), pin.requirement


@pytest.mark.parametrize("paths", [[DEVELOPMENT], [CLUSTER, CLUSTER_TORCH]], ids=["development", "cluster"])
def test_what_a_locked_package_needs_is_locked_too(paths: list[Path]) -> None:
    lock = {name: pin for path in paths for name, pin in pins_here(path).items()}
    extras: dict[str, set[str]] = {canonicalize_name(wanted.name): wanted.extras for wanted in asked()}
    installed = [name for name in lock if not name.startswith(("nvidia-", "cuda-")) and name != "triton"]
    lacking = {
        (name, str(wanted))
        for name in installed
        for wanted in map(Requirement, requires(name) or [])
        if wanted.marker is None
        or any(wanted.marker.evaluate({"extra": extra}) for extra in ("", *extras.get(canonicalize_name(name), set())))
        if missing(lock, wanted)
    }
    assert lacking == set()


def test_a_node_has_the_versions_that_the_tests_ran_with() -> None:
    development = pins_here(DEVELOPMENT)
    for path in (CLUSTER, CLUSTER_TORCH):
        for name, pin in pins_here(path).items():
            assert pin.version == development[name].version, name
