"""A public function that raises says so: `Raises` in its docstring, or in that of its class for `__init__`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

FILES = sorted(path for folder in ("radray", "jobs") for path in (ROOT / folder).rglob("*.py"))
Function = ast.FunctionDef | ast.AsyncFunctionDef


def raised_in(node: ast.AST) -> Iterator[str]:
    """Yield the names of the exceptions that a function raises itself, those of functions inside it aside."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            continue
        if isinstance(child, ast.Raise) and child.exc is not None:
            raised = child.exc.func if isinstance(child.exc, ast.Call) else child.exc
            if isinstance(raised, ast.Name) and raised.id[0].isupper():
                yield raised.id
        yield from raised_in(child)


def public_functions(body: list[ast.stmt], class_doc: str = "") -> Iterator[tuple[Function, str]]:
    """Yield the public functions and methods of a file, each with its docstring."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node.body, ast.get_docstring(node) or "")
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            doc = ast.get_docstring(node) or ""
            if node.name == "__init__":
                yield node, class_doc + doc
            elif not node.name.startswith("_"):
                yield node, doc


def silent_functions(source: str) -> list[str]:
    """Return the public functions of `source` that raise an exception and have no `Raises`."""
    functions = public_functions(ast.parse(source).body)
    return [
        function.name
        for function, doc in functions
        if not re.search(r"\braises?\b", doc, re.IGNORECASE) and any(raised_in(function))
    ]


def test_a_silent_function_is_seen() -> None:
    silent = 'def read():\n    """Return it."""\n    if 1:\n        raise ValueError("x")\n'
    assert silent_functions(silent) == ["read"]
    assert silent_functions(silent.replace("it.", "it. Raises ValueError.")) == []
    assert silent_functions(silent.replace("read", "_read")) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_public_functions_say_what_they_raise(path: Path) -> None:
    assert silent_functions(path.read_text(encoding="utf-8")) == []
