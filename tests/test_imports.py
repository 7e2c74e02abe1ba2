"""The import rule, held by file: rooms import downwards only, no file imports itself by way of others."""

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.support.paths import ROOT

FLOORS = (
    ("radray.messages",),
    ("radray.errors", "radray.flags", "radray.console", "radray.time_limit"),
    ("radray.settings", "radray.schema", "radray.language", "radray.private"),
    ("radray.checks",),
    ("radray.evaluation", "radray.reports", "radray.storage", "radray.cluster"),
    ("radray.tables", "radray.tasks", "radray.models"),
    ("radray.upkeep", "radray.analytics", "radray.pipelines", "radray.training"),
    ("radray.nights", "radray.pages"),
    ("jobs",),
)
"""From the ground up. A room imports those of lower floors and its own files, nothing beside or above it."""
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}

MAY_IMPORT_RAY = {"radray.cluster", "radray.pipelines", "radray.training", "radray.nights", "jobs"}
HEAVY = {"torch", "transformers", "ctranslate2", "peft", "tokenizers"}
WITHOUT_MODELS = {room for room in FLOOR if room.rpartition(".")[2] in ("settings", "schema", "language", "checks")} | {
    "radray.errors",
    "radray.flags",
    "radray.time_limit",
    "radray.private",
    "radray.evaluation",
    "radray.reports",
    "radray.storage",
    "radray.tables",
    "radray.upkeep",
    "radray.analytics",
}
FILES = sorted(path for folder in ("radray", "jobs") for path in (ROOT / folder).rglob("*.py"))
MOST_FILES_IN_A_FOLDER = 15
MOST_LINES_OF_A_FILE = 350
MOST_LINES_OF_A_JOB = 120


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path): path for path in FILES}


def imports_of(path: Path) -> set[str]:
    """Return all that a file imports, inside functions too, as dotted names."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return names


def room_of(name: str) -> str:
    return name.split(".")[0] if name.startswith("jobs") else ".".join(name.split(".")[:2])


GRAPH = {name: (imports_of(path) & NAMES.keys()) - {name} for name, path in NAMES.items()}
"""The files that each file imports."""


def circles(graph: dict[str, set[str]]) -> set[str]:
    """Return the files that import one another, directly or not: what is left when all that can be sorted is."""
    left = {name: set(imported) for name, imported in graph.items()}
    while free := {name for name, imported in left.items() if not imported & left.keys()}:
        left = {name: imported for name, imported in left.items() if name not in free}
    return set(left)


def test_a_circle_is_seen() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == {"a", "b", "c"}
    assert circles({"a": {"b"}, "b": set()}) == set()


def test_no_file_imports_itself_by_way_of_others() -> None:
    assert len(GRAPH) > 200
    assert circles(GRAPH) == set()


@pytest.mark.parametrize("room", sorted(FLOOR))
def test_a_room_imports_lower_floors_only(room: str) -> None:
    files = {name for name in NAMES if room_of(name) == room}
    assert files
    upwards = {
        (name, imported)
        for name in files
        for imported in GRAPH[name]
        if room_of(imported) != room and imported != "radray" and FLOOR[room_of(imported)] >= FLOOR[room]
    }
    assert upwards == set()
    libraries = {imported.split(".")[0] for name in files for imported in imports_of(NAMES[name])}
    if room not in MAY_IMPORT_RAY:
        assert "ray" not in libraries
    if room in WITHOUT_MODELS:
        assert not libraries & HEAVY


def test_every_file_is_in_a_room_with_a_floor() -> None:
    assert {room_of(name) for name in NAMES} - {"radray"} == FLOOR.keys()


@pytest.mark.slow
@pytest.mark.parametrize(
    "module",
    [
        "radray.settings.loading",
        "radray.schema.tables",
        "radray.reports.record.record",
        "radray.language.normality",
        "radray.tables.commit",
    ],
)
def test_importing_is_free_and_silent(module: str) -> None:
    code = f"import os, sys; before = dict(os.environ); import {module}; assert before == dict(os.environ);"
    code += "print(sorted({'torch', 'ray', 'transformers', 'sklearn'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_files_have_a_purpose_and_stay_small() -> None:
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        assert ast.get_docstring(ast.parse(text)), path
        assert text.count("\n") <= MOST_LINES_OF_A_FILE, path


def test_jobs_stay_recipes() -> None:
    lines = {path.name: path.read_text(encoding="utf-8").count("\n") for path in (ROOT / "jobs").glob("*.py")}
    del lines["cli.py"]  # what all of them share
    assert len(lines) >= 10
    assert {name: count for name, count in lines.items() if count > MOST_LINES_OF_A_JOB} == {}


def test_folders_stay_small() -> None:
    files = Counter(path.parent.relative_to(ROOT) for path in FILES if path.name != "__init__.py")
    assert {folder: count for folder, count in files.items() if count > MOST_FILES_IN_A_FOLDER} == {}


def test_no_two_files_of_a_folder_share_a_prefix() -> None:
    """A prefix that three files of a folder share is a folder that is not there."""
    for folder in {path.parent for path in FILES}:
        prefixes = Counter(path.stem.split("_")[0] for path in folder.glob("*.py") if "_" in path.stem.strip("_"))
        assert {prefix: count for prefix, count in prefixes.items() if count > 2} == {}, folder
