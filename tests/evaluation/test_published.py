"""Published results: read, marked, and their gain."""

import json
from pathlib import Path
from typing import Any

import pytest

from radray.errors import ConfigError
from radray.evaluation.outside.published import load_published, read_published


def result(system: str, dataset: str, *means: float) -> dict[str, Any]:
    figures = dict(zip(("rouge1", "rouge2", "rougeL", "rougeLsum"), means, strict=True))
    return {"system": system, "dataset": dataset, "comparable": "any model", **figures}


STUDY = {
    "results": [
        result("Large model, pretrained", "set1", 0.2, 0.1, 0.2, 0.25),
        result("Large model, fine-tuned", "set1", 0.6, 0.4, 0.5, 0.55),
        result("Large model, fine-tuned", "set2", 0.4, 0.3, 0.3, 0.3),
    ],
    "distribution": [
        {"dataset": "set1", "metric": "rougeL", "count": 20, "mean": 0.5, "std": 0.3, "min": 0, "p25": 0.2, "p50": 0.5,
         "p75": 0.9, "max": 1},
    ],
}  # fmt: skip


def test_results_are_marked_where_they_are_of_other_reports() -> None:
    published = read_published(json.dumps(STUDY))
    assert [result.mark("set1") for result in published.results] == [
        *["comparable with: any model"] * 2,
        "not comparable: on other reports (set2)",
    ]
    assert published.results[0].means == {"rouge1": 0.2, "rouge2": 0.1, "rougel": 0.2, "rougelsum": 0.25}


def test_the_gain_is_in_points() -> None:
    published = read_published(json.dumps(STUDY))
    assert published.gain("set1") == pytest.approx({"rouge1": 40, "rouge2": 30, "rougel": 30, "rougelsum": 30})
    assert published.gain("set2") is None


def test_a_distribution_has_the_names_of_our_table() -> None:
    published = read_published(json.dumps(STUDY))
    assert published.distributions == {
        "set1": {"rougel": {"n": 20, "mean": 0.5, "sd": 0.3, "min": 0, "p25": 0.2, "p50": 0.5, "p75": 0.9, "max": 1}}
    }
    assert read_published('{"results": []}').distributions == {}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"results": [{"system": "secret"}]}', '{"results": {"a": 1}}'])
def test_another_form_is_refused_without_its_values(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match=r"^not a file of published results$"):
        read_published(text)
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ConfigError, match=r"evaluate.published=.*a.json: not a file of published results$"):
        load_published(str(tmp_path / "a.json"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.json: no such file"):
        load_published(str(tmp_path / "nothing.json"))
