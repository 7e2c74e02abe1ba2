"""The import rule of the packages, held by walking every module's import statements; and that importing is free."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONFIG_PARTS = {f"radray.{path.stem}" for path in (ROOT / "radray").glob("config_*.py")}
SCHEMAS_PARTS = {f"radray.{path.stem}" for path in (ROOT / "radray").glob("schemas_*.py")}
LEAVES = {"radray.errors", "radray.settings.root", "radray.schema.tables"} | CONFIG_PARTS | SCHEMAS_PARTS
MIDDLE = {"radray.reports", "radray.models", "radray.evaluation", "radray.tables"}
UPPER = {"radray.pipelines", "radray.training", "radray.pages"}
MAY_IMPORT_RAY = ("radray.pipelines", "radray.training", "jobs")
HEAVY = {"torch", "transformers", "ctranslate2", "peft", "tokenizers"}
MODULES = sorted(path for folder in ("radray", "jobs") for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> set[str]:
    """Return all that a module imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return names


def room(name: str) -> str:
    return ".".join(name.split(".")[:2])


def allowed_rooms(name: str) -> set[str]:
    own = room(name)
    if name.split(".")[0] == "jobs":
        return LEAVES | MIDDLE | UPPER
    if own in UPPER:
        return LEAVES | MIDDLE | {own}
    if own in MIDDLE:
        return LEAVES | {own}
    parts = CONFIG_PARTS if own in {"radray.settings.root", *CONFIG_PARTS} else set()
    parts |= SCHEMAS_PARTS if own == "radray.schema.tables" else set()
    return {"radray.errors", *parts} if own in LEAVES else set()


def test_there_are_modules_to_walk() -> None:
    assert len(MODULES) > 40


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_one_way(path: Path) -> None:
    name = name_of(path)
    found = imports_of(path)
    rooms = {room(one) for one in found if one.startswith("radray.")}
    assert rooms <= allowed_rooms(name) | {room(name)}
    top = {one.split(".")[0] for one in found}
    assert "jobs" not in top or name.startswith("jobs")
    if not name.startswith(MAY_IMPORT_RAY):
        assert "ray" not in top
    if room(name) in {"radray.reports", "radray.evaluation", "radray.tables"} | LEAVES:
        assert not top & HEAVY


@pytest.mark.parametrize(
    "module",
    [
        "radray.settings.root",
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


def test_modules_say_what_they_are_for_and_stay_small() -> None:
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        assert ast.get_docstring(ast.parse(text)), path
        assert text.count("\n") <= 350, path
