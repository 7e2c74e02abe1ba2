"""What is printed, logged and raised: escaped, cut, without a name of the input; the style of the code that does it."""

import ast
import hashlib
import io
import logging
import pickle
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from radray import errors
from radray.console import log_warning, print_line, print_table, write_line
from radray.errors import InputError, RadrayError
from radray.messages import MOST_OF_A_LINE, escaped, file_name, line_of, shown, source_place
from tests.support.paths import ROOT

HOSTILE = "\x1b[2Ja\rb\nc\u202ed\u2028e\ud800\x00"
ESCAPED = r"\x1b[2Ja\rb\nc\u202ed\u2028e\ud800\x00"

FILES = sorted(path for folder in ("radray", "jobs") for path in (ROOT / folder).rglob("*.py"))

WRITES = {
    "radray/console.py": "the one place that prints lines",
    "jobs/__main__.py": "the list of jobs, and a line of line_of: rich is not imported for either",
    "jobs/cli.py": "the settings of a dry run as YAML, which has escapes of its own; flushes the last line",
    "radray/analytics/display.py": "the rows that were asked for, escaped there",
    "radray/cluster/submission.py": "the log of a job of ours, whose lines are escaped where they are printed",
    "radray/settings/reference.py": "the README of the settings",
    "radray/reports/synthetic/courses.py": "synthetic studies, of nobody",
}
"""Modules that write to standard output or error, or to a console, with the reason."""

PRINTERS = {"print", "write", "writelines", "log", "debug", "info", "warning", "error", "exception", "critical", "warn"}
STREAMS = {"console", "err", "bar", "_console", "_LOG", "logger", "logging", "warnings", "stdout", "stderr"}

FILES_OF_MODELS = {("radray", "models"), ("radray", "training")}
"""Rooms whose files are those of a model, not of a source."""

OWN = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, RadrayError)}
OWN |= {"MissingFile", "Damaged"}

CARRIES_NO_VALUE = {
    "radray/tables/commit.py": "of any error: the message of a RadrayError alone",
    "radray/analytics/query.py": "duckdb.Error: DuckDB's words on the statement alone, which the operator wrote",
    "radray/cluster/submission.py": "RuntimeError: the last line of Ray's own words on a submission",
}
"""Modules that show the message of an error of a library, with the reason."""


@pytest.mark.parametrize("show", [escaped, shown, line_of])
def test_control_characters_are_shown_as_escapes(show: object) -> None:
    assert callable(show)
    assert show(HOSTILE) == ESCAPED
    assert show(ESCAPED) == ESCAPED
    assert show("") == ""
    assert show("naïve 右 100 % [bold]") == "naïve 右 100 % [bold]"


@given(st.text())
def test_a_line_is_one_line_of_bounded_length_and_twice_is_once(text: str) -> None:
    line = line_of(text * 50)
    assert len(line) < MOST_OF_A_LINE + 40
    assert len(line.splitlines()) <= 1
    assert line_of(line_of(text)) == line_of(text)
    line.encode()


def test_what_is_cut_says_how_long_it_was() -> None:
    assert shown("x" * 5_000, 3) == "xxx... (5,000 characters)"
    assert shown(Path("a/b")) == "a/b"


def test_an_error_of_ours_is_one_line_and_travels_between_processes() -> None:
    error = InputError(HOSTILE)
    assert str(error) == ESCAPED
    assert str(pickle.loads(pickle.dumps(error))) == ESCAPED
    assert str(RadrayError()) == ""


def test_every_way_of_printing_escapes(caplog: pytest.LogCaptureFixture) -> None:
    out, file = io.StringIO(), io.StringIO()
    console = Console(file=out, width=200)
    print_line(console, HOSTILE)
    table = Table("a", "b")
    table.add_row("1", HOSTILE.replace("\n", ""))
    print_table(console, table)
    write_line(file, HOSTILE)
    log_warning(logging.getLogger("radray.test"), f"%s {HOSTILE}")
    assert out.getvalue().startswith(f"{ESCAPED}\n")
    assert ESCAPED.replace("\\n", "") in out.getvalue()
    assert file.getvalue() == f"{ESCAPED}\n"
    assert caplog.messages == [f"%s {ESCAPED}"]


def test_a_file_has_a_short_name_and_a_folder_its_own() -> None:
    name = "night/Quanterfield_Zebediah_77.hl7"
    short = f"file {hashlib.sha256(name.encode()).hexdigest()[:12]}"
    assert file_name(name) == short
    assert file_name("\udcff.txt").startswith("file ")
    assert source_place("s3://feed/night") == "s3://feed/night"
    assert source_place("/feed/Quanterfield.hl7") == f"/feed/({file_name('Quanterfield.hl7')})"


def test_the_operator_finds_a_file_by_its_short_name(tmp_path: Path) -> None:
    """The command of the README of reports lists the short names of all files below a folder."""
    names = ["night/Quanterfield Zebediah.hl7", "b.txt", "ü/c.txt"]
    for name in names:
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text("x")
    (command,) = re.findall(r"^(cd FOLDER .*)$", (ROOT / "radray/reports/README.md").read_text(), re.MULTILINE)
    done = subprocess.run(["bash", "-c", command.replace("FOLDER", "in")], cwd=tmp_path, capture_output=True, text=True)
    listed = sorted(f"{file_name(name).removeprefix('file ')}  {name}" for name in names)
    assert sorted(done.stdout.splitlines()) == listed


def calls(tree: ast.AST) -> Iterator[str]:
    """Yield line and text of each call in `tree` that prints, logs or writes to a stream."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        target = node.func
        if isinstance(target, ast.Name) and target.id == "print":
            yield f"{node.lineno}: print"
        elif isinstance(target, ast.Attribute) and target.attr in PRINTERS:
            stream = target.value
            name = stream.attr if isinstance(stream, ast.Attribute) else getattr(stream, "id", "")
            called = isinstance(stream, ast.Call) and ast.unparse(stream.func).split(".")[-1]
            if name in STREAMS or called in ("getLogger", "Console", "stderr_console"):
                yield f"{node.lineno}: {ast.unparse(target)}"


def foreign_messages(tree: ast.AST) -> Iterator[str]:
    """Yield line and text of each f-string or str() in `tree` that holds the message of an error of a library."""
    for handler in ast.walk(tree):
        if not isinstance(handler, ast.ExceptHandler) or handler.name is None or handler.type is None:
            continue
        caught = {ast.unparse(kind).split(".")[-1] for kind in getattr(handler.type, "elts", [handler.type])}
        if caught <= OWN:
            continue
        for node in ast.walk(handler):
            value = node.value if isinstance(node, ast.FormattedValue) else None
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("str", "repr", "_in_a_line") and node.args:
                value = node.args[0]
            shows = (handler.name, f"{handler.name}.args", f"{handler.name}.args[0]")
            if value is not None and ast.unparse(value) in shows:
                yield f"{value.lineno}: {ast.unparse(node)}"


def test_the_search_finds_what_prints_and_what_shows_a_foreign_message() -> None:
    source = """
def f(console, path):
    print(path)
    console.print(path)
    sys.stderr.write(path)
    logging.getLogger("x").warning(path)
    self._LOG.error(path)
    try: pass
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: {error}") from None
    except KeyError as error:
        raise InputError(str(error)) from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}, {type(error).__name__}") from None
"""
    tree = ast.parse(source)
    assert [line.split(":")[0] for line in calls(tree)] == ["3", "4", "5", "6", "7"]
    assert [line.split(":")[0] for line in foreign_messages(tree)] == ["10", "12"]


def test_only_the_console_prints_and_logs() -> None:
    writing = {str(path.relative_to(ROOT)): list(calls(ast.parse(path.read_text()))) for path in FILES}
    writing = {file: lines for file, lines in writing.items() if lines}
    assert {file: lines for file, lines in writing.items() if file not in WRITES} == {}
    assert sorted(WRITES.keys() - writing.keys()) == []


def test_no_message_repeats_that_of_a_library() -> None:
    shows = {str(path.relative_to(ROOT)): list(foreign_messages(ast.parse(path.read_text()))) for path in FILES}
    shows = {file: lines for file, lines in shows.items() if lines}
    assert {file: lines for file, lines in shows.items() if file not in CARRIES_NO_VALUE} == {}
    assert sorted(CARRIES_NO_VALUE.keys() - shows.keys()) == []


def test_no_line_is_made_of_a_file_s_uri_or_path() -> None:
    """A frozen file or a member of an archive is named by `file_name`: in no f-string by its uri, path or name."""
    wrong = []
    for path in FILES:
        if path.relative_to(ROOT).parts[:2] in FILES_OF_MODELS:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FormattedValue):
                text = ast.unparse(node.value)
                if re.search(r"\b(file|files\[0\]|first|member|record)\.(uri|path|name|member)\b", text):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}: {text}")
    assert [line for line in wrong if "file_name(" not in line] == []
