"""Another program's scores beside ours: read, refused by row, and counted."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from radray.errors import ConfigError, InputError, RadrayError
from radray.evaluation.comparisons import comparisons
from radray.evaluation.figures import FigureChoices, evaluations
from radray.evaluation.outside.scores import add_scores, place_scores, read_scores
from radray.evaluation.scoring import main_scorer
from tests.support.worlds.side import build_side, rows_of

CHOICES = FigureChoices(main_scorer(stemmer=True), normal_weight=0.5, resamples=400, seed=5)
TEXTS: dict[str, str | None] = {"u1": "No acute disease.", "u2": "", "u3": "Small effusion.", "u4": "Right effusion."}
ALPHA, BETA = rows_of("alpha", TEXTS), rows_of("beta", {"u1": "Clear.", "u3": "Clear."})
HEADER = "unit_id,metric,value,system\n"


def csv_file(folder: Path, text: str) -> str:
    file = folder / "scores.csv"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_values_get_figures_and_paired_differences_as_ours_do(tmp_path: Path) -> None:
    lines = "u1,green,1,alpha\nu2,green,0.5,alpha\nu3,green,3,alpha\nu1,green,0,beta\nu3,green,0.25,b0\n"
    scores = place_scores(csv_file(tmp_path, HEADER + lines), [*ALPHA, *BETA])
    side = build_side([*ALPHA, *BETA])
    (sentence,) = add_scores(side, scores)
    assert sentence.endswith(
        "has no green of alpha a0000000 for 1 of its 4 reports with a reference: left out of its means"
    )
    rows = [row for row in evaluations(side, CHOICES) if row["metric"] == "green" and row["stratum"] == "all"]
    figures = {row["system"]: (row["n"], row["mean"], row["missing"]) for row in rows}
    # of the 4 reports with a reference beta has a prediction, and a value, for 2
    assert figures == {"alpha a0000000": (3, 1.5, 1), "beta b0000000": (2, 0.125, 2)}
    assert {row["scorer_id"] for row in rows} == {scores.scorer_id}
    (row,) = [row for row in comparisons(side, CHOICES) if row["metric"] == "green" and row["stratum"] == "all"]
    assert (row["n"], row["clusters"], row["difference"]) == (2, 2, 0.125 - 2.0)
    assert row["p_value"] == pytest.approx(2 / 4)  # of 4 sign patterns 2 reach the sum


def test_parquet_gives_what_csv_gives_and_one_model_needs_no_system(tmp_path: Path) -> None:
    text = "metric,unit_id,value\nradgraph.f1,u1,0.5\nradgraph.f1,u3,1e-1\n"
    table = pa.table({"unit_id": ["u1", "u3"], "metric": ["radgraph.f1"] * 2, "value": [0.5, 0.1], "notes": ["a", "b"]})
    pq.write_table(table, tmp_path / "scores.parquet")
    of_csv = place_scores(csv_file(tmp_path, text), ALPHA)
    of_parquet = place_scores(str(tmp_path / "scores.parquet"), ALPHA)
    assert of_csv.values == of_parquet.values == {("alpha a0000000", "radgraph.f1"): {"u1": 0.5, "u3": 0.1}}
    assert of_csv.scorer_id != of_parquet.scorer_id
    side = build_side(ALPHA)
    add_scores(side, of_csv)
    values = side.systems["alpha a0000000"].values[of_csv.scorer_id, "radgraph.f1"]
    assert values == pytest.approx([0.5, np.nan, 0.1, np.nan], nan_ok=True)


def test_floors_may_be_scored_too(tmp_path: Path) -> None:
    side = build_side(ALPHA)
    scores = place_scores(csv_file(tmp_path, HEADER + "u1,green,1,floor: first sentence\n"), ALPHA)
    assert len(add_scores(side, scores)) == 1
    assert (scores.scorer_id, "green") in side.systems["floor: first sentence"].values


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("u1,green,1,alpha\nu9,green,1,alpha\n", r"row 3: its unit_id is not that of a report that is evaluated"),
        ("u4,green,1,beta\n", r"row 2: its unit_id is not that of a prediction of beta b0000000"),
        ("u1,green,1,alpha\nu1,green,1,a0\n", r"row 3: a second value of green"),
        ("u1,green,NaN,alpha\n", r"row 2: value is no finite number"),
        ("u1,green,-inf,alpha\n", r"row 2: value is no finite number"),
        ("u1,green,high,alpha\n", r"row 2: value is no finite number"),
        ("u1,green,,alpha\n", r"row 2: value is empty"),
        ("u1,green\n", r"row 2: value is empty"),
        (",green,1,alpha\n", r"row 2: unit_id is empty"),
        ("u1,no such name,1,alpha\n", r"row 2: metric is no name"),
        ("u1,rouge1,1,alpha\n", r"row 2: rouge1 is the name of a metric of ours"),
        ("u1,concept_f1,1,alpha\n", r"row 2: concept_f1 is the name of a metric of ours"),
        ("u1,flag_side,1,alpha\n", r"row 2: flag_side is the name of a metric of ours"),
        ("u1,aurc_logprob,1,alpha\n", r"row 2: aurc_logprob is the name of a metric of ours"),
        ("u1,green,1,gamma\n", r"row 2: its system is none of those evaluated: alpha a0000000, beta b0000000"),
        ("u1,green,1,\n", r"row 2: 2 models are evaluated: a column system"),
    ],
)
def test_a_wrong_row_is_refused_by_file_and_row(tmp_path: Path, lines: str, message: str) -> None:
    file = csv_file(tmp_path, HEADER + lines)
    with pytest.raises(InputError, match=message) as caught:
        place_scores(file, [*ALPHA, *BETA])
    assert f"{file}, row " in str(caught.value)


def test_a_file_that_is_no_table_of_scores_is_refused(tmp_path: Path) -> None:
    (tmp_path / "scores.parquet").write_bytes(b"unit_id,metric,value\n")
    (tmp_path / "latin.csv").write_bytes("unit_id,metric,value\nu1,grün,1\n".encode("latin-1"))
    for file, message in (
        (str(tmp_path / "absent.csv"), "No such file"),
        (str(tmp_path / "scores.parquet"), "not Parquet"),
        (str(tmp_path / "latin.csv"), "not UTF-8"),
        (csv_file(tmp_path, "unit_id,green\nu1,1\n"), "lacks metric, value;"),
    ):
        with pytest.raises(ConfigError, match=message) as caught:
            read_scores(file)
        assert isinstance(caught.value, RadrayError)
        assert file in str(caught.value)


def test_an_empty_file_lacks_every_column(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="lacks unit_id, metric, value;"):
        read_scores(csv_file(tmp_path, ""))


def test_a_file_without_a_row_has_no_scores(tmp_path: Path) -> None:
    assert place_scores(csv_file(tmp_path, HEADER), ALPHA).values == {}
