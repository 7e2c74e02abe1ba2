"""Each view is Athena's SQL, and gives on this machine what pandas, or a plain loop, makes of the same rows."""

import datetime
import itertools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlglot
import trino_sql_validator
from sqlglot import exp

from radray.analytics.query import stream
from radray.analytics.views import (
    URGENCY,
    VIEWS,
    WITH_TEXT,
    Choices,
    flat_columns,
    in_order,
    reads,
    view_columns,
    view_doc,
    view_sql,
)
from radray.flags import CLASSES, TIER_A, TIER_B
from radray.schema.evaluations import COMPARISONS, EVALUATIONS
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.tables import TABLES
from tests.support.worlds.tables import open_warehouse
from tests.support.worlds.views import DATASETS, NIGHTS, Row, World, append

CHOICES = Choices("model", "fine", 0.3)
METRICS = ("rouge1", "rouge2", "rougel", "rougelsum")
NIGHTLY = ["batch_date", "dataset", "split", "model_name", "model_digest"]
PLAIN_TYPES = {"string", "int64", "int32", "double", "bool", "date32[day]", "timestamp[ms]"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("views"))


def ask(world: World, sql: str, choices: Choices = CHOICES) -> list[Row]:
    rows: list[Row] = stream(world.warehouse, sql, choices=choices).table().to_pylist()
    return rows


def same(got: list[Row], expected: list[Row], keys: list[str]) -> None:
    """Assert that the rows are the same, sorted by `keys`; figures to 1e-9, quartiles and means of 0.05 steps too."""

    def plain(row: Row) -> dict[str, Any]:
        return {name: None if value is None or value != value else value for name, value in row.items()}

    def order(row: Row) -> tuple[str, ...]:
        return tuple(str(row[key]) for key in keys)

    assert len(got) == len(expected) > 0
    assert len({order(row) for row in got}) == len(got)
    for actual, wanted in zip(sorted(map(plain, got), key=order), sorted(map(plain, expected), key=order), strict=True):
        assert actual.keys() == wanted.keys()
        for name, value in wanted.items():
            if isinstance(value, float) and actual[name] is not None:
                assert math.isclose(actual[name], value, rel_tol=1e-9, abs_tol=1e-12), (name, actual, wanted)
            else:
                assert actual[name] == value, (name, actual, wanted)


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("choices", [Choices(), Choices("it's ours", "a -- b", 0.25)], ids=["plain", "hostile"])
def test_two_parsers_take_each_view_for_one_select_of_athena(name: str, choices: Choices) -> None:
    sql = view_sql(name, choices)
    (statement,) = sqlglot.parse(sql, read="athena", error_level=sqlglot.ErrorLevel.RAISE)
    assert isinstance(statement, exp.Select)
    assert not list(statement.find_all(exp.ApproxQuantile))  # of one engine's own making
    assert len(f"CREATE OR REPLACE VIEW {name} AS\n{sql}".encode()) < 262_144  # Athena's limit
    for part in parts_of(name, sql):
        judged = trino_sql_validator.validate(f"CREATE OR REPLACE VIEW {name} AS\n{part}", jinja="reject")
        assert judged.valid, judged.error
        assert judged.warnings == ()


def parts_of(name: str, sql: str) -> list[str]:
    """Return the SQL in pieces that the validator has stack for: the dictionary's rows, a hundred at a time."""
    if name != "data_dictionary":
        return [sql]
    head, _, rows = sql.partition("(VALUES ")
    rows, _, tail = rows.rpartition(") AS d(")
    lines = rows.split(",\n")
    assert len(lines) > 300
    return [f"{head}(VALUES {','.join(lines[at : at + 100])}) AS d({tail}" for at in range(0, len(lines), 100)]


def test_the_validator_does_judge() -> None:
    for wrong in (
        "SELECT FROM x WHERE",
        "SELECT a b c FROM x",
        "SELECT a::int FROM x",
        "SELECT a FROM x QUALIFY b = 1",
    ):
        assert not trino_sql_validator.validate(wrong).valid
    assert trino_sql_validator.validate("SELECT approx_quantile(a, 0.5) FROM x").warnings


def test_each_view_and_column_has_a_sentence_and_a_type_of_quicksight(world: World) -> None:
    for name in VIEWS:
        schema = stream(world.warehouse, f"SELECT * FROM {name}", choices=CHOICES).schema
        assert list(view_columns(name)) == schema.names
        assert all(len(sentence) > 1 for sentence in (view_doc(name), *view_columns(name).values()))
        assert {str(field.type) for field in schema} <= PLAIN_TYPES, name


def test_views_come_after_what_they_read() -> None:
    for place, name in enumerate(VIEWS):
        assert reads(name) <= {*TABLES, *VIEWS[:place]}
    assert in_order(["worklist"]) == ["predictions_without_text", "night_predictions", "worklist"]


def test_no_word_of_a_report_is_in_the_views_without_text(world: World) -> None:
    for name in VIEWS:
        text = str(ask(world, f"SELECT * FROM {name}"))
        assert ("SECRET" in text) == (name in WITH_TEXT)
        assert "subject-" not in text


def test_each_error_that_can_harm_has_an_urgency() -> None:
    assert sorted(URGENCY) == sorted(TIER_A)


def wide(world: World, table: str) -> list[Row]:
    names = flat_columns(TABLES[table])
    cut = [
        row | {"exam_time": milliseconds(row["exam_time"])} if "exam_time" in row else row for row in world.rows[table]
    ]
    return [{name: row[name] for name in names} for row in cut]


def milliseconds(time: Any) -> Any:
    return None if time is None else time.replace(microsecond=time.microsecond // 1000 * 1000)


def test_the_tables_without_text(world: World) -> None:
    same(
        ask(world, "SELECT * FROM reports_without_text"),
        wide(world, "reports"),
        ["batch_date", "unit_id", "source_offset"],
    )
    expected = wide(world, "predictions")
    same(ask(world, "SELECT * FROM predictions_without_text"), expected, ["batch_date", "unit_id", "model_digest"])
    got = ask(world, "SELECT * FROM predictions_text")
    names = list(got[0])
    rows = [{name: row.get(name) for name in names} for row in world.rows["predictions"]]
    for row in rows:
        row["missed_words"] = "findings" if row["evidence"] and row["flag_critical_missed"] else None
    same(got, rows, ["batch_date", "unit_id", "model_digest"])
    assert {"findings", "reference_raw", "prediction", "evidence"} <= set(names)


def nightly(world: World, model: str, nights: Sequence[datetime.date] = NIGHTS) -> list[Row]:
    """Return, by going through the nights, the newest prediction of each study that stands that night."""
    newest = []
    for night in nights:
        for dataset in DATASETS:
            here = [r for r in world.rows["reports"] if (r["batch_date"], r["dataset"]) == (night, dataset)]
            for unit in (r["unit_id"] for r in here if r["status"] == "ok"):
                rows = [p for p in world.rows["predictions"] if (p["model_name"], p["unit_id"]) == (model, unit)]
                rows = [p for p in rows if p["batch_date"] == night]
                newest += sorted(rows, key=lambda p: str(p["run_id"]))[-1:]
    return newest


def test_night_predictions(world: World) -> None:
    names = flat_columns(PREDICTIONS)
    expected = [{name: row[name] for name in names} | {"newer_report": False} for row in nightly(world, "model")]
    got = ask(world, "SELECT * FROM night_predictions")
    same(got, expected, ["batch_date", "dataset", "study_id"])
    assert len(got) > len(ask(world, "SELECT * FROM latest_predictions"))
    of_night = ask(world, f"SELECT * FROM night_predictions WHERE batch_date = DATE '{NIGHTS[1]}'")
    same(of_night, [row for row in expected if row["batch_date"] == NIGHTS[1]], ["dataset", "study_id"])


def latest(world: World, model: str) -> dict[tuple[str, str], tuple[Row, bool]]:
    """Return the newest prediction of each study by going through the nights, and whether a newer report is there."""
    newest: dict[tuple[str, str], tuple[Row, bool]] = {}
    for night in NIGHTS:
        for dataset in DATASETS:
            of_night = [r for r in world.rows["reports"] if (r["batch_date"], r["dataset"]) == (night, dataset)]
            for study in sorted({r["study_id"] for r in of_night if r["study_id"]}):
                mine = [r for r in of_night if r["study_id"] == study]
                sound = [r for r in mine if r["status"] == "ok"]
                if sound:
                    (unit,) = sound
                    rows = [p for p in world.rows["predictions"] if p["model_name"] == model]
                    rows = [p for p in rows if (p["batch_date"], p["unit_id"]) == (night, unit["unit_id"])]
                    rows.sort(key=lambda p: str(p["run_id"]))
                    if rows:
                        newest[dataset, study] = (rows[-1], False)
                    elif (dataset, study) in newest:
                        newest[dataset, study] = (newest[dataset, study][0], True)
                elif any(r["reason"] == "cancelled" for r in mine):
                    # what is sent again after it stands anew
                    newest.pop((dataset, study), None)
    return newest


@pytest.mark.parametrize("model", ["model", "fine"])
def test_latest_predictions(world: World, model: str) -> None:
    expected = latest(world, model)
    assert any(newer for _, newer in expected.values())
    if model == "model":
        assert {row["model_digest"] for row, _ in expected.values()} == {"m1", "m2"}
        assert ("m2", NIGHTS[1]) in {(row["model_digest"], row["batch_date"]) for row, _ in expected.values()}
    names = flat_columns(PREDICTIONS)
    rows = [{name: row[name] for name in names} | {"newer_report": newer} for row, newer in expected.values()]
    got = ask(world, "SELECT * FROM latest_predictions", Choices(model))
    same(got, rows, ["dataset", "study_id"])


def test_a_study_that_reports_knows_nothing_of_stays(world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    alone = open_warehouse(tmp_path_factory.mktemp("alone"))
    (row, *_) = (r for r in world.rows["predictions"] if r["model_name"] == "raw")
    append(alone, PREDICTIONS, [row])
    (got,) = (
        stream(alone, "SELECT unit_id, newer_report FROM latest_predictions", choices=Choices("raw"))
        .table()
        .to_pylist()
    )
    assert got == {"unit_id": row["unit_id"], "newer_report": None}


def test_side_by_side(world: World) -> None:
    fine = {(r["batch_date"], r["unit_id"]): r for r in world.rows["predictions"] if r["model_name"] == "fine"}
    empty = dict.fromkeys(column.name for column in PREDICTIONS.columns)
    got = ask(world, "SELECT * FROM side_by_side")
    expected = []
    for row in nightly(world, "model"):
        both = {f"production_{name}": value for name, value in row.items()} | {"newer_report": False}
        both |= {
            f"candidate_{name}": value for name, value in fine.get((row["batch_date"], row["unit_id"]), empty).items()
        }
        expected.append({name: both.get(name, row.get(name)) for name in got[0]})
    same(got, expected, ["batch_date", "dataset", "study_id"])
    assert {row["candidate_model_name"] for row in got} == {"fine", None}
    alone = ask(world, "SELECT * FROM side_by_side", Choices("model"))
    assert {row["candidate_prediction"] for row in alone} == {None}
    assert len(alone) == len(got)


def test_night_volume(world: World) -> None:
    counts = Counter((r["batch_date"], r["dataset"], r["status"], r["reason"]) for r in world.rows["reports"])
    nights = Counter((r["batch_date"], r["dataset"]) for r in world.rows["reports"])
    names = ("batch_date", "dataset", "status", "reason", "units", "night_units", "share")
    rows = [
        dict(zip(names, (*key, units, nights[key[:2]], units / nights[key[:2]]), strict=True))
        for key, units in counts.items()
    ]
    same(ask(world, "SELECT * FROM night_volume"), rows, ["batch_date", "dataset", "status", "reason"])


def test_night_runs(world: World) -> None:
    rows = []
    for row in world.rows["runs"]:
        kept = {name: value for name, value in row.items() if name in view_columns("night_runs")}
        ended = row["ended"]
        seconds = None if ended is None else math.floor(ended.timestamp()) - math.floor(row["started"].timestamp())
        times = {name: milliseconds(row[name]) for name in ("started", "ended")}
        rows.append(kept | times | {"seconds": seconds})
    same(ask(world, "SELECT * FROM night_runs"), rows, ["run_id"])


def in_strata(frame: pd.DataFrame) -> pd.DataFrame:
    whole = frame.assign(stratum="all")
    own = frame[frame["reference_stratum"].notna()]
    return pd.concat([whole, own.assign(stratum=own["reference_stratum"])])


def distributions(world: World) -> pd.DataFrame:
    long = in_strata(world.frame("predictions")).melt(
        id_vars=[*NIGHTLY, "scorer_id", "stratum"],
        value_vars=[f"{metric}_f" for metric in METRICS],
        var_name="metric",
    )
    long["metric"] = long["metric"].str.removesuffix("_f")
    long["value"] = long["value"].astype(float)
    scores = long.dropna(subset=["value"]).groupby([*NIGHTLY, "scorer_id", "stratum", "metric"])["value"]
    figures = scores.agg(
        n="size",
        mean="mean",
        sd="std",
        least="min",
        p25=lambda values: values.quantile(0.25),
        p50=lambda values: values.quantile(0.5),
        p75=lambda values: values.quantile(0.75),
        greatest="max",
    )
    return figures.reset_index()


def records(frame: pd.DataFrame) -> list[Row]:
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]


def test_rouge_by_night(world: World) -> None:
    expected = distributions(world)
    assert expected["n"].min() < 8  # few enough that most quartiles lie between two values
    keys = [*NIGHTLY, "stratum", "metric"]
    same(ask(world, "SELECT * FROM rouge_by_night"), records(expected), keys)


def test_rouge_standardised(world: World) -> None:
    figures = distributions(world)
    keys = [*NIGHTLY, "scorer_id", "metric"]
    kinds = {
        of: figures[figures["stratum"] == of].set_index(keys)[["n", "mean"]].add_prefix(f"{of}_")
        for of in ("normal", "abnormal")
    }
    expected = kinds["normal"].join(kinds["abnormal"], how="outer")
    expected[["normal_n", "abnormal_n"]] = expected[["normal_n", "abnormal_n"]].fillna(0).astype(int)
    expected["normal_weight"] = 0.3
    expected["mean"] = 0.3 * expected["normal_mean"] + 0.7 * expected["abnormal_mean"]
    same(ask(world, "SELECT * FROM rouge_standardised"), records(expected.reset_index()), keys)


def test_model_comparison(world: World) -> None:
    frame = in_strata(world.frame("predictions").dropna(subset=["rouge1_f"]))
    keys = ["batch_date", "dataset", "split", "unit_id", "scorer_id", "stratum"]
    pairs = frame[frame["model_name"] == "model"].merge(
        frame[frame["model_name"] == "fine"], on=keys, suffixes=("_a", "_b")
    )
    rows = []
    for metric in METRICS:
        of = pairs.assign(a=pairs[f"{metric}_f_a"].astype(float), b=pairs[f"{metric}_f_b"].astype(float))
        groups = ["batch_date", "dataset", "split", "model_digest_a", "model_digest_b", "scorer_id", "stratum"]
        for key, part in of.groupby(groups):
            less = (part["b"] - part["a"]).to_numpy()
            row = dict(zip(groups, key, strict=True))
            row |= {"production_digest": row.pop("model_digest_a"), "candidate_digest": row.pop("model_digest_b")}
            row |= {"production_model": "model", "candidate_model": "fine", "metric": metric, "n": len(part)}
            row |= {"production_mean": part["a"].mean(), "candidate_mean": part["b"].mean()}
            row |= {"difference": part["b"].mean() - part["a"].mean()}
            row["standard_error"] = np.std(less, ddof=1) / math.sqrt(len(less)) if len(less) > 1 else None
            row |= {"candidate_better": int((less > 0).sum()), "candidate_worse": int((less < 0).sum())}
            rows.append(row | {"equal": int((less == 0).sum())})
    got = ask(world, "SELECT * FROM model_comparison")
    same(got, rows, ["batch_date", "dataset", "production_digest", "stratum", "metric"])
    assert ask(world, "SELECT * FROM model_comparison", Choices("model")) == []


def test_flag_rates(world: World) -> None:
    frame = in_strata(world.frame("predictions"))
    rows = []
    for key, part in frame[frame["status"] == "ok"].groupby([*NIGHTLY, "checks_id", "stratum"]):
        for name in CLASSES:
            row = dict(zip([*NIGHTLY, "checks_id", "stratum"], key, strict=True))
            row |= {"class": name, "tier": "A" if name in TIER_A else "B", "meaning": (TIER_A | TIER_B)[name]}
            for prefix in ("", "reference_"):
                values = part[f"{prefix}flag_{name}"].dropna().tolist()
                row |= {f"{prefix}told": len(values), f"{prefix}flagged": sum(values)}
                row[f"{prefix}rate"] = sum(values) / len(values) if values else None
            rows.append(row)
    same(ask(world, "SELECT * FROM flag_rates"), rows, [*NIGHTLY, "stratum", "class"])


def test_worklist(world: World) -> None:
    names = list(view_columns("worklist"))
    expected: list[dict[str, Any]] = []
    for night, dataset in itertools.product(NIGHTS, DATASETS):
        listed = []
        for row in (r for r in nightly(world, "model", [night]) if r["dataset"] == dataset and r["status"] == "ok"):
            hits = [name for name in URGENCY if row[f"flag_{name}"]]
            if hits:
                summary = {"worst": hits[0], "hits": len(hits), "classes": ";".join(hits), "newer_report": False}
                listed.append(row | summary | {"reference_has_worst": row[f"reference_flag_{hits[0]}"]})
        listed.sort(key=lambda row: (URGENCY.index(row["worst"]), -row["hits"], row["study_id"]))
        expected += [{name: row.get(name) for name in names} | {"place": at} for at, row in enumerate(listed, 1)]
    assert max(row["place"] for row in expected) > 3
    same(ask(world, "SELECT * FROM worklist"), expected, ["batch_date", "dataset", "place"])


def test_nights(world: World) -> None:
    """The expected columns and state of a day come from the rows and runs of that day alone."""
    got = ask(world, "SELECT * FROM nights")
    expected = []
    for night, dataset in itertools.product(NIGHTS, DATASETS):
        here = [r for r in world.rows["reports"] if (r["batch_date"], r["dataset"]) == (night, dataset)]
        wrote = [p for p in world.rows["predictions"] if (p["batch_date"], p["dataset"]) == (night, dataset)]
        wrote = [p for p in wrote if p["model_name"] == "model"]
        written = {p["unit_id"] for p in wrote if p["status"] == "ok"}
        sound = sum(r["status"] == "ok" for r in here)
        row: Row = {"batch_date": night, "dataset": dataset, "units": len(here), "reports_ok": sound}
        row |= {"state": "complete" if len(written) >= sound else "partial", "written": len(written)}
        row |= {"failed": len({p["unit_id"] for p in wrote} - written), "deferred": 0, "deferred_share": 0.0}
        expected.append(row | {"last_run_status": None, "last_run_reason": None})
    same(got, expected, ["batch_date", "dataset"])
    assert {row["state"] for row in got} == {"partial"}


@pytest.mark.parametrize(
    ("view", "schema"), [("evaluation_figures", EVALUATIONS), ("evaluation_comparisons", COMPARISONS)]
)
def test_the_newest_evaluation_of_each_night(world: World, view: str, schema: Any) -> None:
    rows = world.rows[schema.name]
    newest = {night: max(r["run_id"] for r in rows if r["batch_date"] == night) for night in NIGHTS[:2]}
    kept = [row | {"main_scorer": True} for row in rows if row["run_id"] == newest[row["batch_date"]]]
    assert 0 < len(kept) < len(rows)
    if schema is COMPARISONS:
        kept += [turned(row) for row in kept]
    same(ask(world, f"SELECT * FROM {view}"), kept, list(schema.key))


def turned(row: Row) -> Row:
    """Return the comparison from the other system's side."""
    ends = {
        low: None if row[high] is None else -row[high] for low, high in (("ci_low", "ci_high"), ("ci_high", "ci_low"))
    }
    pairs = {f"{name}_{at}": row[f"{name}_{of}"] for name in ("system", "mean") for at, of in (("a", "b"), ("b", "a"))}
    return row | ends | pairs | {"difference": -row["difference"]}


def test_training_curves(world: World) -> None:
    rows = world.rows["training_metrics"]
    last = {"train_loss": 40, "val_loss": 30}
    expected = [r | {"time": milliseconds(r["time"]), "is_last": r["step"] == last[r["name"]]} for r in rows]
    same(ask(world, "SELECT * FROM training_curves"), expected, ["run_id", "name", "step"])


def test_the_data_dictionary_holds_each_column_of_each_table_and_view(world: World) -> None:
    got = ask(world, "SELECT * FROM data_dictionary")
    tables = {(row["object"], row["column_name"]): row for row in got if row["kind"] == "table"}
    for schema in TABLES.values():
        for place, column in enumerate(schema.columns, 1):
            row = tables.pop((schema.name, column.name))
            assert (row["place"], row["required"], row["sentence"]) == (place, not column.nullable, column.doc)
            assert row["in_partition"] == (column.name in schema.partition)
            assert row["in_key"] == (column.name in schema.key)
    assert tables == {}
    views = {(row["object"], row["column_name"]) for row in got if row["kind"] == "view"}
    assert views == {(name, column) for name in VIEWS for column in view_columns(name)}


def test_the_views_of_tables_that_are_not_there_yet_are_empty(tmp_path_factory: pytest.TempPathFactory) -> None:
    nothing = open_warehouse(tmp_path_factory.mktemp("nothing"))
    check: Callable[[str], int] = lambda name: stream(nothing, f"SELECT * FROM {name}").table().num_rows  # noqa: E731
    assert {name: check(name) for name in VIEWS if name != "data_dictionary"} == dict.fromkeys(VIEWS[:-1], 0)


def test_columns_that_hold_text_or_a_patient_are_not_for_wide_use() -> None:
    assert not {"findings", "prediction", "reference", "subject_id", "hypotheses"} & set(flat_columns(PREDICTIONS))
    assert not {"inputs", "answer", "input_digest", "gold_rewritten"} & set(flat_columns(TABLES["answers"]))
    assert not {"findings", "sections", "exam_description", "subject_id", "source_member"} & set(flat_columns(REPORTS))
    assert "impression_items" in flat_columns(PREDICTIONS)
