"""Every locked package says its licence, and each licence lets a hospital run and change what it got."""

import re
from importlib.metadata import PackageNotFoundError, metadata

from tests.support.locks import CLUSTER, DEVELOPMENT, pins_here

PERMISSIVE = re.compile(
    r"\b(?:apache|mit|bsd|0bsd|isc|psf|python software foundation|python-2\.0|zlib|cc0|hpnd|cnri-python)\b",
    re.IGNORECASE,
)
WEAK_COPYLEFT = re.compile(r"mozilla public license|\bMPL-2\.0\b", re.IGNORECASE)
"""Binds changes of the package's own files alone."""

STRONG_COPYLEFT = re.compile(
    r"\b(?:A?GPL|SSPL|BUSL|general public license|affero|non-?commercial|CC-BY-NC)", re.IGNORECASE
)
LESSER = re.compile(r"\bLGPL|lesser general public license", re.IGNORECASE)

VENDORED = {"numpy", "scipy", "torch"}
"""Name the licences of what their wheels hold beside theirs: libgfortran's, with the exception that allows it."""


def licence(name: str) -> str:
    """Return what the installed package's metadata says: the expression, else classifiers, else the first line."""
    meta = metadata(name)
    classifiers = [text for text in meta.get_all("Classifier") or [] if text.startswith("License ::")]
    expression, stated = ((meta.get_all(key) or [""])[0] for key in ("License-Expression", "License"))
    return expression or "; ".join(classifiers) or stated.strip().split("\n")[0]


def permits(text: str, vendored: bool = False) -> bool:
    binds_all = not vendored and bool(STRONG_COPYLEFT.search(LESSER.sub("", text)))
    return bool(PERMISSIVE.search(text) or WEAK_COPYLEFT.search(text)) and not binds_all


def test_every_locked_package_has_a_licence_that_permits_its_use() -> None:
    refused, absent, judged = {}, [], 0
    for name in {*pins_here(DEVELOPMENT), *pins_here(CLUSTER)}:
        try:
            text = licence(name)
        except PackageNotFoundError:
            absent.append(name)
            continue
        judged += 1
        if not permits(text, name in VENDORED):
            refused[name] = text
    assert refused == {}
    assert judged > 100
    # CUDA's libraries, absent where torch has no GPU: NVIDIA's own terms, see .github/SECURITY.md
    assert [name for name in absent if not name.startswith(("nvidia-", "cuda-")) and name != "triton"] == []


def test_a_licence_that_binds_the_whole_work_would_be_seen() -> None:
    for text in (
        "GPL-3.0-only",
        "MIT AND AGPL-3.0",
        "License :: OSI Approved :: GNU General Public License v3",
        "CC-BY-NC-4.0",
        "",
    ):
        assert not permits(text), text
    for text in ("MIT OR LGPL-2.1-or-later", "Apache-2.0", "License :: OSI Approved :: BSD License"):
        assert permits(text), text
