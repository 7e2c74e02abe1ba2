"""Evaluation end to end on made-up predictions: every aggregate again in SQL, every score again by rouge-score."""

import csv
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from rouge_score import rouge_scorer

from jobs.evaluate import describe, evaluate
from radray.analytics.query import connect, query
from radray.checks.check import checks_version
from radray.checks.findings.critical import has_critical
from radray.errors import ConfigError, InputError
from radray.evaluation.concept_f1 import concept_f1
from radray.evaluation.floors import NearestNeighbour, best_constant, first_sentence
from radray.evaluation.rouge import Scorer
from radray.evaluation.systems import FLOORS
from radray.flags import CLASSES
from radray.language.normality import is_normal
from radray.language.sentences import split_sentences
from radray.reports.record.identity import normalise
from radray.schema.evaluations import COMPARISONS, EVALUATIONS
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from tests.support.worlds.evaluate import CHECKS_ID, MODELS, NIGHT, World, append, make_world

F_MEASURES = {"rouge1": "rouge1", "rouge2": "rouge2", "rougel": "rougeL", "rougelsum": "rougeLsum"}
SYSTEMS = {name: f"{name} {digest[:8]}" for name, digest in MODELS.items()}
CHECKS = CHECKS_ID.split(";")[0]
MAIN = Scorer(stemmer=True).scorer_id
WEIGHT = 0.4
AGGREGATES = """count(v)::BIGINT AS n, avg(v) AS mean, stddev_samp(v) AS sd, min(v) AS min,
    quantile_cont(v, 0.25) AS p25, quantile_cont(v, 0.5) AS p50, quantile_cont(v, 0.75) AS p75, max(v) AS max,
    count(DISTINCT CASE WHEN v IS NOT NULL THEN split_key END)::BIGINT AS clusters"""
STRATA = {
    "all": "true",
    "normal": "reference_stratum = 'normal'",
    "abnormal": "reference_stratum = 'abnormal'",
    "unjudged": "reference_stratum IS NULL AND reference IS NOT NULL",
    "findings_normal": "findings_stratum = 'normal'",
    "findings_abnormal": "findings_stratum = 'abnormal'",
    "incidental": "reference_stratum = 'normal' AND findings_stratum = 'abnormal'",
    "critical": "unit_id IN (SELECT unit_id FROM critical)",
    "seen": "seen",
    "unseen": "NOT seen",
    "length=1-5": "words BETWEEN 1 AND 5",
    "length=6-10": "words BETWEEN 6 AND 10",
    "length=11-20": "words BETWEEN 11 AND 20",
    "length=21-40": "words BETWEEN 21 AND 40",
    "length=41+": "words > 40",
    "length=unknown": "words = 0",
    "items=1": "reference_items = 1",
    "items=2": "reference_items = 2",
    "items=3+": "reference_items >= 3",
    "modality=CR": "modality = 'CR'",
    "modality=CT": "modality = 'CT'",
    "modality=unknown": "modality IS NULL",
    "body_part=chest": "body_part = 'chest'",
    "body_part=abdomen": "body_part = 'abdomen'",
    "comparison_state=none": "comparison_state = 'none'",
    "comparison_state=present": "comparison_state = 'present'",
    "comparison_state=unknown": "comparison_state = 'unknown'",
}
NARROW = {*F_MEASURES, "exact", "no_overlap", "reads_normal"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    built = make_world(tmp_path_factory.mktemp("world"), {"dev1": 120, "dev2": 60})
    evaluate(
        built.settings(
            *("evaluate.models=[now, fine, cccc]", "evaluate.pretrained=raw", f"evaluate.normal_weight={WEIGHT}"),
            *("evaluate.resamples=200", f"evaluate.csv={built.folder}/csv"),
        ),
        built.console,
    )
    return built


def texts(world: World, dataset: str) -> dict[str, dict[str, str]]:
    """Return what each system wrote, by unit; floors made here from the training reports."""
    rows = world.warehouse.read(PREDICTIONS, where={"dataset": dataset}).to_pylist()
    written: dict[str, dict[str, str]] = {}
    for row in rows:
        written.setdefault(SYSTEMS[row["model_name"]], {})[row["unit_id"]] = row["prediction"] or ""
    findings = {row["unit_id"]: row["findings"] for row in rows}
    train = world.warehouse.read(REPORTS, where={"dataset": dataset, "split": "train"}).to_pylist()
    train.sort(key=lambda row: row["unit_id"])
    known, references = [row["findings"] for row in train], [row["reference"] for row in train]
    nearest = NearestNeighbour(known, references).predict(list(findings.values()))
    written[FLOORS[0]] = dict.fromkeys(findings, best_constant(references, stemmer=True))
    written[FLOORS[1]] = {unit: first_sentence(text) for unit, text in findings.items()}
    written[FLOORS[2]] = dict(zip(findings, nearest, strict=True))
    return written


def scored(world: World, dataset: str) -> Iterator[dict[str, Any]]:
    """Yield each value of each report, by rouge-score itself."""
    references = {
        row["unit_id"]: (row["reference"], row["reference_raw"])
        for row in world.warehouse.read(PREDICTIONS, where={"dataset": dataset}).to_pylist()
    }
    for stemmer, place in itertools.product((True, False), (0, 1)):
        library = rouge_scorer.RougeScorer(list(F_MEASURES.values()), use_stemmer=stemmer)
        plain = rouge_scorer.RougeScorer(["rouge1"], use_stemmer=False)._tokenizer
        kind = "raw" if place else "clean"
        scorer_id = f"rouge-score-0.1.2;{'stem' if stemmer else 'nostem'};sentences-1;{kind}"
        for system, written in texts(world, dataset).items():
            for unit, text in written.items():
                reference = references[unit][place]
                scores = library.score(reference, text)
                lines = ["\n".join(split_sentences(text)) for text in (reference, text)]
                scores["rougeLsum"] = library.score(*lines)["rougeLsum"]
                values = {
                    f"{ours}_{part}": getattr(scores[theirs], part)
                    for ours, theirs in F_MEASURES.items()
                    for part in ("precision", "recall")
                }
                values |= {ours: scores[theirs].fmeasure for ours, theirs in F_MEASURES.items()}
                words = [plain.tokenize(text) for text in (reference, text)]
                values |= {"exact": float(bool(words[0]) and words[0] == words[1])}
                values |= {"no_overlap": float(scores["rouge1"].fmeasure == 0)}
                values |= {"reads_normal": float(is_normal(text) is True)}
                about = {"system": system, "unit_id": unit, "scorer_id": scorer_id}
                concepts = concept_f1(reference, text) if scorer_id == MAIN else None
                if concepts is not None:
                    yield {**about, "scorer_id": checks_version(), "metric": "concept_f1", "v": concepts}
                yield from ({**about, "metric": metric, "v": float(v)} for metric, v in values.items())


@pytest.fixture(scope="module")
def sql(world: World) -> Callable[[str], list[dict[str, Any]]]:
    """Return a function that runs SQL over `cases` (a value a row, beside what is known of its report) and `facts`."""
    connection: duckdb.DuckDBPyConnection = connect(world.warehouse)
    values = pa.Table.from_pylist([row for dataset in ("dev1", "dev2") for row in scored(world, dataset)])
    connection.register("own_values", values)
    rows = world.warehouse.read(PREDICTIONS, ["unit_id", "findings", "background"]).to_pylist()
    units = {row["unit_id"] for row in rows if has_critical(row["findings"], row["background"])}
    assert 5 < len(units) < 60
    connection.register("critical", pa.table({"unit_id": sorted(units)}))
    connection.execute(r"""CREATE TEMP TABLE facts AS
        WITH first AS (SELECT * FROM predictions
            QUALIFY row_number() OVER (PARTITION BY unit_id ORDER BY model_digest) = 1)
        SELECT *, len(regexp_extract_all(lower(coalesce(reference, '')), '[a-z0-9]+')) AS words,
            trim(regexp_replace(lower(findings), '\W+', ' ', 'g')) IN (SELECT
                trim(regexp_replace(lower(findings), '\W+', ' ', 'g')) FROM reports
                WHERE split = 'train' AND reports.dataset = first.dataset) AS seen
        FROM first""")
    flags = [
        f"SELECT model_name AS model, unit_id, 'flag_{name}' AS metric, flag_{name}::INT::DOUBLE AS v,"
        f" reference_flag_{name}::INT::DOUBLE AS own FROM predictions"
        for name in CLASSES
    ]
    flags += [
        f"SELECT model_name, unit_id, '{name}', {name}::INT::DOUBLE, reference_{name}::INT::DOUBLE FROM predictions"
        for name in ("followup", "urgent_first")
    ]
    agree = (
        "SELECT model_name, unit_id, 'followup_agrees', (followup = reference_followup)::INT::DOUBLE, NULL"
        " FROM predictions"
    )
    connection.execute(f"CREATE TEMP TABLE flags AS {' UNION ALL '.join([*flags, agree])}")
    names = " ".join(f"WHEN '{name}' THEN '{system}'" for name, system in SYSTEMS.items())
    connection.execute(f"""CREATE TEMP TABLE cases AS SELECT * FROM facts JOIN (
        SELECT system, unit_id, scorer_id AS scorer, metric, v FROM own_values
        UNION ALL SELECT CASE model {names} END, unit_id, '{CHECKS}', metric, v FROM flags
        UNION ALL SELECT DISTINCT 'radiologist', unit_id, '{CHECKS}', metric, own FROM flags
        ) USING (unit_id)""")
    return lambda statement: connection.execute(statement).to_arrow_table().to_pylist()


def key_of(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in ("dataset", "system", "stratum", "scorer_id", "metric"))


def is_reported(stratum: str, scorer_id: str, metric: str) -> bool:
    """Whether a figure is reported: all in the wide strata, elsewhere the main scorer's F and shares, and flags."""
    is_rouge = scorer_id not in (CHECKS, checks_version())
    return not is_rouge or stratum in {"all", "normal", "abnormal"} or (scorer_id == MAIN and metric in NARROW)


def test_every_aggregate_again_in_sql(world: World, sql: Callable[[str], list[dict[str, Any]]]) -> None:
    rows = {key_of(row): row for row in world.warehouse.read(EVALUATIONS).to_pylist()}
    means = {key: row for key, row in rows.items() if row["ci_low"] is not None or row["clusters"] == 1}
    expected = {}
    for stratum, condition in STRATA.items():
        for row in sql(
            f"SELECT dataset, system, scorer AS scorer_id, metric, {AGGREGATES} FROM cases WHERE {condition}"
            " GROUP BY ALL HAVING count(v) > 0"
        ):
            row["stratum"] = stratum
            if is_reported(stratum, row["scorer_id"], row["metric"]):
                expected[key_of(row)] = row
    assert len(expected) > 3_000
    standardised = {key for key in means if key[2] == "standardised"}
    without_interval = {key for key, row in means.items() if row["resamples"] is None}  # confidence: no means
    assert means.keys() - standardised - without_interval == expected.keys()
    for key, row in expected.items():
        figures = {name: rows[key][name] for name in row}
        assert figures == pytest.approx(row, abs=1e-9), key


def test_the_columns_of_predictions_give_the_same(world: World) -> None:
    """As an analyst would ask: the stored scores, the plain SQL."""
    rows = {key_of(row): row for row in world.warehouse.read(EVALUATIONS).to_pylist()}
    for metric, kind in itertools.product(F_MEASURES, ("clean", "raw")):
        column = f"{metric}_raw_f" if kind == "raw" else f"{metric}_f"
        asked = query(
            world.warehouse,
            f"SELECT dataset, model_name, count({column}) AS n, avg({column}) AS mean, stddev_samp({column}) AS sd,"
            f" quantile_cont({column}, 0.75) AS p75 FROM predictions WHERE reference_stratum = 'abnormal' GROUP BY ALL",
        ).to_pylist()
        assert len(asked) == 6
        for row in asked:
            scorer_id = MAIN.replace("clean", kind)
            figure = rows[row.pop("dataset"), SYSTEMS[row.pop("model_name")], "abnormal", scorer_id, metric]
            assert {name: figure[name] for name in row} == pytest.approx(row, abs=1e-12)


def test_standardised_means_again_in_sql(world: World, sql: Callable[[str], list[dict[str, Any]]]) -> None:
    rows = world.warehouse.read(EVALUATIONS, where={"stratum": "standardised"}).to_pylist()
    asked = sql(f"""SELECT dataset, system, scorer AS scorer_id, metric, 'standardised' AS stratum,
        {WEIGHT} * avg(v) FILTER (reference_stratum = 'normal')
        + (1 - {WEIGHT}) * avg(v) FILTER (reference_stratum = 'abnormal') AS mean, min(v) AS min, max(v) AS max,
        count(v) FILTER (reference_stratum IS NOT NULL) AS n
        FROM cases WHERE reference_stratum IS NOT NULL GROUP BY ALL""")
    expected = {key_of(row): row for row in asked if row["mean"] is not None}
    assert len(rows) == len(expected) > 500
    for row in rows:
        wanted = expected[key_of(row)]
        assert {name: row[name] for name in wanted} == pytest.approx(wanted, abs=1e-9)
        assert row["normal_weight"] == WEIGHT
        assert row["sd"] is None
        assert row["ci_low"] - 1e-9 <= row["mean"] <= row["ci_high"] + 1e-9


def test_every_difference_again_in_sql(world: World, sql: Callable[[str], list[dict[str, Any]]]) -> None:
    rows = {
        (*key_of({**row, "system": row["system_a"]}), row["system_b"]): row
        for row in world.warehouse.read(COMPARISONS).to_pylist()
    }
    models = list(SYSTEMS.values())
    pairs = [(models[1], models[0]), (models[2], models[0]), (models[2], models[1])]
    pairs += [(model, other) for model in models for other in (*FLOORS, "radiologist")]
    expected = {}
    for stratum, condition in STRATA.items():
        for row in sql(f"""SELECT a.dataset, a.system, b.system AS system_b, a.scorer AS scorer_id, a.metric,
            count(*) AS n, avg(a.v) AS mean_a, avg(b.v) AS mean_b, avg(a.v - b.v) AS difference,
            count(DISTINCT a.split_key) AS clusters
            FROM cases a JOIN (SELECT dataset, unit_id, system, scorer, metric, v FROM cases) b
            USING (dataset, unit_id, scorer, metric)
            WHERE a.v IS NOT NULL AND b.v IS NOT NULL AND ({condition}) GROUP BY ALL"""):
            row["stratum"] = stratum
            compared = not row["metric"].endswith(("_precision", "_recall"))
            compared = compared and is_reported(stratum, row["scorer_id"], row["metric"])
            if compared and (row["system"], row["system_b"]) in pairs:
                expected[(*key_of(row), row["system_b"])] = row
    assert len(expected) > 4_000
    assert {key for key in rows if key[2] != "standardised"} == expected.keys()
    for key, row in expected.items():
        wanted = {name: value for name, value in row.items() if name != "system"}
        assert {name: rows[key][name] for name in wanted} == pytest.approx(wanted, abs=1e-9), key


def test_missing_and_failed_are_counted(world: World, sql: Callable[[str], list[dict[str, Any]]]) -> None:
    counts = sql("""SELECT dataset, model_name, count(*) AS n, count(*) FILTER (status = 'failed') AS failed
        FROM predictions GROUP BY ALL ORDER BY ALL""")
    reports = {row["dataset"]: row["n"] for row in sql("SELECT dataset, count(*) AS n FROM facts GROUP BY ALL")}
    rows = {key_of(row): row for row in world.warehouse.read(EVALUATIONS).to_pylist()}
    for row in counts:
        figure = rows[row["dataset"], SYSTEMS[row["model_name"]], "all", MAIN, "rouge1"]
        assert figure["failed"] == row["failed"] > 0
        assert figure["n"] == row["n"]
        assert figure["missing"] == reports[row["dataset"]] - row["n"]
        assert (figure["missing"] > 0) is (row["model_name"] == "raw")
        nothing = rows[row["dataset"], SYSTEMS[row["model_name"]], "all", MAIN, "no_overlap"]
        assert nothing["mean"] >= row["failed"] / row["n"]
    assert "raw cccccccc lacks 8 of the 80 reports: excluded from its means" in world.output.getvalue()


def test_intervals_hold_their_means_and_kinds_are_told(world: World) -> None:
    rows = world.warehouse.read(EVALUATIONS).to_pylist()
    assert {row["kind"] for row in rows} == {"model", "floor", "radiologist"}
    with_interval = [row for row in rows if row["ci_low"] is not None]
    assert len(with_interval) > 3_000
    assert all(row["ci_low"] <= row["mean"] + 1e-9 and row["mean"] <= row["ci_high"] + 1e-9 for row in with_interval)
    assert {(row["resamples"], row["seed"]) for row in with_interval} == {(200, 13)}
    never = [row for row in with_interval if row["metric"] == "flag_mask" and row["stratum"] == "all"]
    assert len(never) == 8
    for row in never:  # no hit is no proof that there is none
        assert (row["mean"], row["ci_low"]) == (0.0, 0.0)
        assert row["ci_high"] == pytest.approx(1 - 0.025 ** (1 / row["clusters"]))


def test_confidence_stands_in_the_same_table(world: World) -> None:
    rows = {key_of(row): row for row in world.warehouse.read(EVALUATIONS).to_pylist()}
    system = SYSTEMS["now"]
    figure = rows["dev1", system, "all", MAIN, "aurc_logprob"]
    assert figure["mean"] == figure["min"] == figure["max"]
    assert figure["ci_low"] is None
    mean = rows["dev1", system, "all", MAIN, "rouge1"]["mean"]
    assert rows["dev1", system, "all", MAIN, "aurc_logprob_random"]["mean"] == pytest.approx(1 - mean)
    assert rows["dev1", system, "abnormal", MAIN, "deferred_20_mean_margin"]["n"] > 10


def test_the_csv_files_hold_the_tables(world: World) -> None:
    for schema in (EVALUATIONS, COMPARISONS):
        with (world.folder / "csv" / f"{schema.name}.csv").open(encoding="utf-8", newline="") as file:
            rows_of_file = list(csv.DictReader(file))
        rows = world.warehouse.read(schema).to_pylist()
        expected = [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]
        assert sorted(map(str, rows_of_file)) == sorted(map(str, expected))


def test_the_run_is_recorded(world: World) -> None:
    (run,) = world.warehouse.read(RUNS, where={"job": "evaluate"}).to_pylist()
    assert run["status"] == "finished"
    assert run["input_units"] == world.warehouse.read(PREDICTIONS).num_rows


def test_the_same_seed_gives_the_same_figures(world: World) -> None:
    asked = ("source.dataset=dev2", "evaluate.models=[now, fine]", "evaluate.resamples=200")
    first, second, third = (
        evaluate(world.settings(*asked, seed), world.console)
        for seed in ("evaluate.seed=3",) * 2 + ("evaluate.seed=4",)
    )
    without_run = [[{**row, "run_id": ""} for rows in result for row in rows] for result in (first, second, third)]
    assert without_run[0] == without_run[1] != without_run[2]


def test_a_night_without_references_is_judged_by_its_checks(world: World, tmp_path: Path) -> None:
    bare = make_world(tmp_path, {"dev1": 60})
    rows = bare.warehouse.read(PREDICTIONS).to_pylist()
    names = [name for name in rows[0] if name.startswith(("reference", "rouge", "scorer_id"))]
    night = [{**row, **dict.fromkeys(names), "batch_date": NIGHT, "split": "live"} for row in rows]
    append(bare.warehouse, PREDICTIONS, night)
    figures, differences = evaluate(bare.settings(f"date={NIGHT}", "evaluate.resamples=200"), bare.console)
    assert {row["system"] for row in figures} == set(SYSTEMS.values())
    assert {row["scorer_id"] for row in figures} == {CHECKS}
    assert {"all", "findings_normal", "findings_abnormal"} <= {row["stratum"] for row in figures}
    assert not {"normal", "abnormal", "standardised"} & {row["stratum"] for row in figures}
    assert {row["system_b"] for row in differences} <= set(SYSTEMS.values())
    assert "40 of 40 reports have no reference" in bare.output.getvalue()


def test_one_model_without_references_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    alone = make_world(tmp_path, {"dev1": 60})
    rows = alone.warehouse.read(PREDICTIONS, where={"model_name": "now"}).to_pylist()
    names = [name for name in rows[0] if name.startswith(("reference", "rouge", "scorer_id"))]
    bare = [{**row, **dict.fromkeys(names), "batch_date": NIGHT, "split": "live"} for row in rows]
    append(alone.warehouse, PREDICTIONS, bare)
    figures, differences = evaluate(alone.settings(f"date={NIGHT}", "evaluate.resamples=200"), alone.console)
    assert len(figures) > 100
    assert differences == []
    assert alone.warehouse.read(COMPARISONS).num_rows == 0
    other = NIGHT.replace(day=22)
    append(alone.warehouse, PREDICTIONS, [{**row, "checks_id": None, "batch_date": other} for row in bare])
    with pytest.raises(InputError, match="neither references nor checks"):
        evaluate(alone.settings(f"date={other}"), alone.console)
    runs = alone.warehouse.read(RUNS, where={"job": "evaluate", "batch_date": other}).to_pylist()
    assert [run["status"] for run in runs] == ["failed"]


def test_rows_from_before_the_checks_are_scored_and_said_to_be_without(world: World, tmp_path: Path) -> None:
    old = make_world(tmp_path, {"dev1": 60})
    names = [column.name for column in PREDICTIONS.columns]
    later = names[names.index("repeated") + 1 :]
    rows = [{**row, **dict.fromkeys(later)} for row in old.warehouse.read(PREDICTIONS).to_pylist()]
    append(old.warehouse, PREDICTIONS, [{**row, "batch_date": NIGHT} for row in rows])
    figures, _ = evaluate(old.settings(f"date={NIGHT}", "evaluate.resamples=200"), old.console)
    assert {row["kind"] for row in figures} == {"model", "floor"}
    assert {row["scorer_id"] for row in figures} >= {MAIN}
    assert old.output.getvalue().count("has no clinical checks") == 3


def test_scores_of_another_program_stand_beside_ours(tmp_path: Path) -> None:
    built = make_world(tmp_path / "world", {"dev1": 40})
    where = {"model_name": "now", "status": "ok"}
    units = sorted(row["unit_id"] for row in built.warehouse.read(PREDICTIONS, ["unit_id"], where).to_pylist())
    lines = [f"{unit},green,{place % 2}" for place, unit in enumerate(units[:20])]
    (tmp_path / "green.csv").write_text("\n".join(["unit_id,metric,value", *lines]), encoding="utf-8")
    words = (f"evaluate.scores={tmp_path}/green.csv", f"evaluate.page={tmp_path}/page.html", "evaluate.models=now")
    settings = built.settings("evaluate.resamples=200", *words)
    assert f"read {tmp_path}/green.csv: scores of another program" in describe(settings)
    evaluate(settings, built.console)
    (row,) = built.warehouse.read(EVALUATIONS, where={"metric": "green", "stratum": "all"}).to_pylist()
    assert (row["system"], row["n"], row["mean"]) == (SYSTEMS["now"], 20, 0.5)
    assert row["ci_low"] < 0.5 < row["ci_high"]
    printed = " ".join(built.output.getvalue().split())
    assert f"{tmp_path}/green.csv has no green of {SYSTEMS['now']} for" in printed
    assert "green, by another program" in (tmp_path / "page.html").read_text(encoding="utf-8")
    (tmp_path / "green.csv").write_text("unit_id,metric,value\nnobody,green,1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"green\.csv, row 2: its unit_id"):
        evaluate(settings, built.console)


@pytest.mark.parametrize(
    ("override", "says"),
    [
        (
            "evaluate.models=[now, unknown]",
            "no predictions of the model unknown; there are predictions of: fine bbbbbbbb, now",
        ),
        ("evaluate.pretrained=unknown", "no predictions of the model unknown"),
        (
            "source.dataset=nowhere",
            "no predictions for batch_date=1970-01-01, dataset=nowhere in .*: run jobs.generate",
        ),
    ],
)
def test_what_is_not_there_is_named(world: World, override: str, says: str) -> None:
    before = world.warehouse.read(EVALUATIONS).num_rows
    with pytest.raises(InputError, match=says):
        evaluate(world.settings(override), world.console)
    assert world.warehouse.read(EVALUATIONS).num_rows == before


def test_a_folder_that_cannot_be_written_is_named(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"evaluate\.csv=.*file/evaluations\.csv: cannot be written"):
        evaluate(
            world.settings(f"evaluate.csv={tmp_path}/file", "source.dataset=dev2", "evaluate.resamples=200"),
            world.console,
        )


def test_no_report_text_is_printed(world: World) -> None:
    printed = world.output.getvalue()
    for row in world.warehouse.read(PREDICTIONS).to_pylist():
        assert row["findings"] not in printed
        assert normalise(row["reference"]) not in normalise(printed) or len(row["reference"].split()) < 3


def test_the_plan_says_what_will_be_written(world: World) -> None:
    planned = "\n".join(describe(world.settings("evaluate.csv=out/csv", "evaluate.review=20")))
    assert "evaluations, comparisons" in planned
    assert "write out/csv" in planned
    assert "write out/review" in planned
