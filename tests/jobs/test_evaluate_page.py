"""The page as the job writes it: from the tables, with or without text, and its lines of `jobs.query` answer."""

import html
import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from jobs import evaluate as evaluate_job
from jobs import query as query_job
from jobs.evaluate import evaluate
from radray.evaluation.scoring import main_scorer
from radray.schema.evaluations import EVALUATIONS
from radray.schema.predictions import PREDICTIONS
from tests.support.worlds.evaluate import World, make_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), {"dev1": 40})


def page_of(world: World, *overrides: str) -> str:
    file = world.folder / "pages" / "page.html"
    evaluate(world.settings(f"evaluate.page={file}", "evaluate.resamples=200", *overrides), world.console)
    assert str(file) in world.output.getvalue()
    return file.read_text(encoding="utf-8")


def test_no_text_by_default_and_every_line_shows_the_report(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = page_of(world, "evaluate.models=[now, fine]")
    rows = world.warehouse.read(PREDICTIONS).to_pylist()
    shown = html.unescape(page)
    assert not [row["unit_id"] for row in rows if row["findings"] in shown or (row["prediction"] or "§") in shown]
    assert not [row["unit_id"] for row in rows if row["study_id"] in shown or row["split_key"] in shown]
    lines = re.findall(r'<pre class="query"><code>(.*?)</code>', page, re.DOTALL)
    assert len(lines) >= 6
    words = shlex.split(html.unescape(lines[0]))
    assert words[:3] == ["python", "-m", "jobs.query"]
    monkeypatch.setattr(sys, "argv", words[2:])
    assert query_job.main() == 0
    answered = json.loads(capsys.readouterr().out)
    unit = next(word for word in words if word.startswith("params.unit=")).removeprefix("params.unit=")
    expected = {(row["model_name"], row["findings"], row["prediction"]) for row in rows if row["unit_id"] == unit}
    assert {(row["model_name"], row["findings"], row["prediction"]) for row in answered} == expected
    assert len(expected) in (2, 3)


def test_text_where_it_is_asked_for_and_the_numbers_of_the_table(world: World) -> None:
    page = page_of(world, "evaluate.page_text=true", "evaluate.page_note=Made up.")
    shown = html.unescape(page)
    assert any(row["findings"] in shown for row in world.warehouse.read(PREDICTIONS).to_pylist())
    assert "jobs.query" not in page.split('id="lineage"')[0]
    run_id = max(row["run_id"] for row in world.warehouse.read(EVALUATIONS, ["run_id"]).to_pylist())
    main = main_scorer(stemmer=True)
    where = {"run_id": run_id, "metric": "rouge1", "stratum": "abnormal", "scorer_id": main}
    evaluated = world.warehouse.read(EVALUATIONS, where=where).to_pylist()
    assert len(evaluated) == 6
    for row in evaluated:
        assert f"{row['mean']:.3f} [{row['ci_low']:.3f}, {row['ci_high']:.3f}]" in page
    assert run_id in page


def test_the_plan_names_the_page(world: World, tmp_path: Path) -> None:
    settings = world.settings(f"evaluate.page={tmp_path}/page.html")
    assert f"write {tmp_path}/page.html: the page" in evaluate_job.describe(settings)
    assert not any("page" in step for step in evaluate_job.describe(world.settings()))
