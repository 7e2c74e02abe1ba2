"""The English of the code: no name and no phrase that a native reader has to decode, in the rooms that are clean."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

CLEAN = (
    "radray/checks",
    "radray/errors.py",
    "radray/evaluation",
    "radray/flags.py",
    "radray/language",
    "radray/nights",
    "radray/pages",
    "radray/storage",
    "radray/tables",
    "radray/tasks",
    "radray/upkeep",
    "radray/reports",
    # not the views' and columns' sentences: they are released with the tables
    *(f"radray/schema/{name}.py" for name in ("evaluations", "runs", "statuses", "tables")),
    *(f"radray/analytics/{name}.py" for name in ("evaluation_rows", "output", "query", "view_types", "views")),
    "radray/analytics/publishing",
    "radray/training",
    "radray/settings",
    "jobs",
    "radray/models",
    "radray/cluster",
    "radray/pipelines",
)
"""Folders, with everything below them, and modules whose names and text are held; add a room when it is clean."""

TESTS = sorted(
    str(place.relative_to(ROOT))
    for place in (ROOT / "tests").iterdir()
    # test_rows_version.py stays as it is: a change of it is to mean a change of rows
    if place.name != "test_rows_version.py" and (place.suffix == ".py" or any(place.rglob("*.py")))
)
"""Folders and modules of the tests, all of them, whose names are held; names of tests are sentences and are not."""

BANNED = {"told", "said", "one", "made", "found"}
"""Words that say how a value came about and not what it is: use its noun (row, file, error, sentence, counts)."""

ALLOWED = {
    "one_ok": "of TableSchema: the column for each value of which a partition holds one ok row",
}
"""Names that keep a banned word, with the reason."""

PHRASES = {
    "hangs on": "depends on",
    "hang on": "depend on",
    "the less the better": "lower is better",
    "the lower, the better": "lower is better",
    "less is better": "lower is better",
    "in every way that is told": "name the ways",
    "what came of": "the outcome of",
    "as it came": "raw, unchanged",
    "as they came": "raw, unchanged",
    "can be told": "is known",
    "cannot be told": "is not known",
    "told apart": "distinguished",
    "held against": "compared with",
    "is told": "is reported, is shown",
    "are told": "are reported, are shown",
    "none for none": "say what an empty input gives",
    "what was made": "name what it is",
    "what was found": "name what it is",
    "what is said": "name what it is",
    "the made": "a participle is no noun",
    "the found": "a participle is no noun",
    "the told": "a participle is no noun",
}
"""Phrases that are not English, or not clear, each with what to write instead."""


def names(source: str) -> Iterator[tuple[int, str]]:
    """Yield (line, name) of everything that `source` names: functions, classes, parameters, variables, attributes."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.alias) and node.asname:
            yield node.lineno, node.asname
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.lineno, node.name


def banned_names(source: str) -> list[str]:
    """Return ``line: name`` for each name, but for those of tests, with a banned word in it that is not allowed."""
    return [
        f"{line}: {name}"
        for line, name in names(source)
        if name not in ALLOWED
        and not name.startswith("test_")
        and not BANNED.isdisjoint(name.strip("_").lower().split("_"))
    ]


def banned_phrases(text: str) -> list[str]:
    """Return ``phrase: what to write`` for each phrase in `text`, line breaks and comment signs aside."""
    flat = " ".join(re.sub(r"\n\s*#", "\n", text).lower().split())
    return [f"{phrase}: {better}" for phrase, better in PHRASES.items() if re.search(rf"\b{re.escape(phrase)}\b", flat)]


def files(room: str, *suffixes: str) -> list[Path]:
    """Return the files of a room with one of `suffixes`, sorted."""
    place = ROOT / room
    return sorted(file for file in (place, *place.rglob("*")) if file.suffix in suffixes)


def test_the_rule_sees_what_it_bans() -> None:
    source = "def _told(one, *, row):\n    self.found = made_by = row\n    said_so: int = [x for said in row]\n"
    assert sorted(banned_names(source)) == ["1: _told", "1: one", "2: found", "2: made_by", "3: said", "3: said_so"]
    assert banned_names("none = someone = tone = row.one = 1\n") == ["1: one"]
    assert banned_names("def test_one_is_found(found):\n    pass\n") == ["1: found"]
    assert banned_names("def f(row):\n    return row.found(one_ok=1)\n") == []
    assert banned_phrases("# It hangs\n    # on the night.") == ["hangs on: depends on"]
    assert banned_phrases("It changes on the night.") == []


@pytest.mark.parametrize("room", [*CLEAN, *TESTS])
def test_names_are_nouns_of_the_field(room: str) -> None:
    sources = files(room, ".py")
    assert sources, f"{room}: no such room"
    wrong = {str(file.relative_to(ROOT)): banned_names(file.read_text(encoding="utf-8")) for file in sources}
    assert {file: names for file, names in wrong.items() if names} == {}


@pytest.mark.parametrize("room", CLEAN)
def test_text_has_no_phrase_that_must_be_decoded(room: str) -> None:
    texts = files(room, ".py", ".md", ".html", ".css", ".sql")
    wrong = {str(file.relative_to(ROOT)): banned_phrases(file.read_text(encoding="utf-8")) for file in texts}
    assert {file: phrases for file, phrases in wrong.items() if phrases} == {}
