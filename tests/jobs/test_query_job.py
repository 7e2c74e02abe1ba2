"""`jobs.query` as a command: views and bound values, files, and the output on a terminal."""

import csv
import io
import json
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from jobs import query as job
from radray.analytics.display import SHOWN
from tests.support.worlds.evaluate import MODELS, World, make_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("query"), {"hospital": 60})


def run(world: World, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["query", f"warehouse.uri={world.folder}/warehouse", *words])
    return job.main()


def test_a_view_is_asked_by_name_for_the_models_that_settings_name(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sql = "SELECT model_name, count(*) AS n FROM latest_predictions WHERE dataset = :d GROUP BY 1"
    counts = {}
    for model in MODELS:
        words = ("out=json", "params.d=hospital", f"publish.production_model={model}")
        assert run(world, monkeypatch, sql, *words) == 0
        ((row),) = json.loads(capsys.readouterr().out)
        assert row["model_name"] == model
        counts[model] = row["n"]
    assert counts["now"] == counts["fine"] > counts["raw"] > 0
    assert run(world, monkeypatch, sql, "out=json", "params.d=elsewhere", "publish.production_model=now") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_bound_value_may_be_in_a_file_or_the_environment(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "dataset.txt").write_text("hospital\n")
    monkeypatch.setenv("OF", "elsewhere")
    sql = "SELECT count(*) AS n FROM reports WHERE dataset = :d"
    for value, count in ((f"file:{tmp_path}/dataset.txt", 60), ("env:OF", 0)):
        assert run(world, monkeypatch, sql, "out=json", f"params.d={value}") == 0
        assert json.loads(capsys.readouterr().out) == [{"n": count}]
        assert run(world, monkeypatch, sql, f"params.d={value}", "--dry-run") == 0
        assert value in capsys.readouterr().out
    assert run(world, monkeypatch, sql, f"params.d=file:{tmp_path}/none.txt") == 2
    assert "params.d=file:" in capsys.readouterr().err


def test_files_are_written_and_counted(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for form in ("csv", "json", "parquet"):
        file = tmp_path / f"answer.{form}"
        assert run(world, monkeypatch, "SELECT * FROM night_volume", f"out={form}", f"out_file={file}") == 0
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err == f"query: 1 rows in {file}\n"
    assert pq.read_table(tmp_path / "answer.parquet").to_pylist()[0]["units"] == 60
    assert next(csv.DictReader((tmp_path / "answer.csv").read_text().splitlines()))["units"] == "60"


def test_a_table_ends_and_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(world, monkeypatch, "SELECT i AS number, chr(27) || '[2J' AS t FROM range(1000000000000) AS r(i)") == 0
    captured = capsys.readouterr()
    assert captured.out.count("\n") == SHOWN + 4
    assert "\x1b" not in captured.out
    assert "\\x1b[2J" in captured.out
    assert captured.err == "query: the first 1,000 rows; out=csv, json or parquet give all\n"


def test_no_rows_are_said_to_be_none(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(world, monkeypatch, "SELECT * FROM worklist WHERE dataset = :d", "params.d=elsewhere") == 0
    assert capsys.readouterr().out == "no rows\n"


def test_a_row_wider_than_the_terminal_has_a_line_a_column(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sql = "SELECT i AS number, repeat('ab ', 60) || 'end' AS words FROM range(2) AS r(i)"
    assert run(world, monkeypatch, sql) == 0
    assert "┃" in capsys.readouterr().out  # 200 columns hold it
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    assert run(world, monkeypatch, sql) == 0
    lines = capsys.readouterr().out.splitlines()
    titles = [f"-- row {number} --------------------" for number in (1, 2)]
    assert [line for line in lines if line.startswith("--")] == titles
    assert lines[1] == "number | 0"
    assert lines[2] == "words  | " + " ".join(["ab"] * 24)
    assert lines[4].endswith(" end")
    assert max(map(len, lines)) <= 80


def test_a_text_that_begins_like_a_formula_is_not_one_in_csv(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(world, monkeypatch, "SELECT '=HYPERLINK(1)' AS t, -1 AS n, NULL AS nothing, '' AS empty", "out=csv") == 0
    out = capsys.readouterr().out
    assert next(csv.DictReader(io.StringIO(out))) == {"t": "'=HYPERLINK(1)", "n": "-1", "nothing": "", "empty": ""}
    assert out.splitlines()[1] == '\'=HYPERLINK(1),-1,,""'
