"""An evaluation printed: the published study's four tables in form, the headline, what is left out."""

import json
from typing import Any

import pytest
from rich.table import Table

from radray.checks.check import CHECKS_ID
from radray.evaluation.comparisons import comparisons
from radray.evaluation.concept_f1 import CONCEPT_F1
from radray.evaluation.deferral.rows import confidence_rows
from radray.evaluation.figures import FigureChoices, evaluations
from radray.evaluation.floors import Training
from radray.evaluation.outside.published import read_published
from radray.evaluation.scoring import main_scorer
from radray.evaluation.systems import SideBySide, add_floors, side_by_side
from radray.pages.evaluation_tables import EvaluationTables
from radray.tasks.impression.task import IMPRESSION

CHOICES = FigureChoices(main_scorer(stemmer=True), normal_weight=0.5, resamples=200, seed=1)
TRAINING = Training(["Clear lungs."], ["No acute disease."], frozenset(), str.lower)
REFERENCES = ("No acute disease.", "No acute disease.", "Small left effusion.", "Right pneumothorax.")
WRITTEN = {"before": ("Lungs.", "", "effusion", "Clear."), "after": (*REFERENCES[:3], "Left pneumothorax.")}
MISSED = {"flag_critical_missed": True, "reference_flag_critical_missed": False}
PUBLISHED = read_published(
    json.dumps(
        {
            "results": [
                {"system": f"large, {kind}", "dataset": dataset, "comparable": "all",
                 "rouge1": mean, "rouge2": mean / 2, "rougeL": mean, "rougeLsum": mean}
                for dataset in ("set1", "set2")
                for kind, mean in (("pretrained", 0.2), ("fine-tuned", 0.6))
            ],
            "distribution": [
                {"dataset": "set1", "metric": metric, "count": 2000, "mean": 0.6, "std": 0.3, "min": 0, "p25": 0.4,
                 "p50": 0.6, "p75": 0.9, "max": 1}
                for metric in ("rouge1", "rouge2", "rougeL", "rougeLsum")
            ],
        }
    )
)  # fmt: skip


def rows(dataset: str, **values: Any) -> list[dict[str, Any]]:
    return [
        {
            "unit_id": f"u{place}",
            "split_key": f"p{place}",
            "dataset": dataset,
            "split": "test",
            "model_name": model,
            "model_digest": f"{model[0]}{'0' * 63}",
            "status": "ok",
            "prediction": text,
            "findings": f"Finding {place}.",
            "reference": reference,
            "reference_raw": reference,
            **values,
        }
        for model, texts in WRITTEN.items()
        for place, (reference, text) in enumerate(zip(REFERENCES, texts, strict=True))
    ]


def side_of(dataset: str, **values: Any) -> SideBySide:
    side = side_by_side(dataset, "test", rows(dataset, **values), ("before", "after"), TRAINING)
    add_floors(side, TRAINING, IMPRESSION.floors, stemmer=True)
    return side


def shown(dataset: str, **values: Any) -> EvaluationTables:
    side = side_of(dataset, **values)
    figures = [*evaluations(side, CHOICES), *confidence_rows(side, CHOICES)]
    return EvaluationTables(side, CHOICES, figures, list(comparisons(side, CHOICES)), PUBLISHED, "before b0000000")


def cells(table: Table) -> list[tuple[str, ...]]:
    return list(zip(*(tuple(map(str, column.cells)) for column in table.columns), strict=True))


def test_the_studys_four_tables_come_out_in_its_form() -> None:
    """Two of means, one a dataset, with ROUGE-1, -2, -L and -Lsum; two of distributions, as it describes them."""
    means, described = [], []
    for dataset in ("set1", "set2"):
        by_title = {str(table.title): table for table in shown(dataset).tables()}
        means.append(by_title[f"Mean F-measure ({dataset}, test)"])
        described.append(by_title[f"Distribution of the F-measure, after a0000000 ({dataset}, test)"])
    for table in means:
        assert [column.header for column in table.columns][1:5] == ["ROUGE-1", "ROUGE-2", "ROUGE-L", "ROUGE-Lsum"]
        by_system = {name: values for name, *values in cells(table)}
        # after: 1, 1, 1 and, of "left" for "right", 0.5 (1 of 2 words) and 0 of 1 pair of words
        assert by_system["after a0000000"] == ["0.8750", "0.7500", "0.8750", "0.8750", ""]
        # before: 0, 0, 1 word of 3 and 1 written, 0
        assert by_system["before b0000000"] == ["0.1250", "0.0000", "0.1250", "0.1250", ""]
    for table in described:
        assert cells(table) == [
            ("count", "4", "4", "4", "4"),
            ("mean", "0.8750", "0.7500", "0.8750", "0.8750"),
            ("std", "0.2500", "0.5000", "0.2500", "0.2500"),
            ("min", "0.5000", "0.0000", "0.5000", "0.5000"),
            ("25%", "0.8750", "0.7500", "0.8750", "0.8750"),
            ("50%", "1.0000", "1.0000", "1.0000", "1.0000"),
            ("75%", "1.0000", "1.0000", "1.0000", "1.0000"),
            ("max", "1.0000", "1.0000", "1.0000", "1.0000"),
        ]


def test_published_figures_stand_in_the_same_table_marked() -> None:
    means = cells(shown("set1").means())
    assert [row for row in means if row[0].startswith("published")] == [
        ("published: large, pretrained", "0.2000", "0.1000", "0.2000", "0.2000", "comparable with: all"),
        ("published: large, fine-tuned", "0.6000", "0.3000", "0.6000", "0.6000", "comparable with: all"),
        *(
            (f"published: large, {kind}", *figures, "not comparable: on other reports (set2)")
            for kind, figures in (
                ("pretrained", ("0.2000", "0.1000", "0.2000", "0.2000")),
                ("fine-tuned", ("0.6000", "0.3000", "0.6000", "0.6000")),
            )
        ),
        *(
            (
                f"published gain on {dataset}, points",
                "+40.00",
                "+20.00",
                "+40.00",
                "+40.00",
                "fine-tuned minus pretrained",
            )
            for dataset in ("set1", "set2")
        ),
    ]
    titles = [str(table.title) for table in shown("set1").tables()]
    assert "Distribution of the F-measure, published (set1, test)" in titles
    assert not any("published" in str(table.title) for table in shown("set2").tables())


@pytest.mark.parametrize("order", [("before", "after"), ("after", "before")])
def test_the_gain_has_a_twin_with_its_interval_whichever_model_is_the_base(order: tuple[str, str]) -> None:
    side = side_by_side("set1", "test", rows("set1"), order, TRAINING)
    figures, differences = list(evaluations(side, CHOICES)), list(comparisons(side, CHOICES))
    means = cells(EvaluationTables(side, CHOICES, figures, differences, PUBLISHED, "before b0000000").means())
    (gain,) = [row for row in means if row[0] == "gain of after a0000000, points"]
    assert gain[1].startswith("+75.0 [+")
    assert gain[2].startswith("+75.0 [+")
    assert gain[5] == "minus before b0000000"
    assert not [
        row for row in cells(EvaluationTables(side, CHOICES, figures, differences).means()) if row[0].startswith("gain")
    ]


def test_the_headline_has_abnormal_beside_all_beside_standardised() -> None:
    first = next(iter(shown("set1").tables()))
    headers = [str(column.header) for column in first.columns]
    assert headers[:4] == ["system", "abnormal, n=2", "all, n=4", "standardised, 0.5 normal"]
    by_system = {name: values for name, *values in cells(first)}
    # "standardised" is the middle of normal (1) and abnormal (0.75)
    assert [cell.split(" ")[0] for cell in by_system["after a0000000"][:3]] == ["0.750", "0.875", "0.875"]
    assert by_system["after a0000000"][3:] == ["0.000", "0.750", "0.000", "0", "0"]
    assert by_system["before b0000000"][3:] == ["0.500", "0.000", "0.750", "0", "0"]  # "Clear." over a pneumothorax
    assert list(by_system)[2:] == ["floor: best constant", "floor: first sentence", "floor: nearest neighbour"]


def test_checks_are_told_as_excess_over_the_radiologist() -> None:
    flagged = {"flag_side": True, "reference_flag_side": False, "flag_unsupported": True, "followup": False}
    tables = shown("set1", checks_id="checks-1", reference_flag_unsupported=True, reference_followup=True, **flagged)
    flags = cells(tables.flags())
    assert [row[0] for row in flags] == ["side", "unsupported", "followup"]
    assert [row[1] for row in flags] == ["0.0", "100.0", "100.0"]
    assert flags[0][2].startswith("100.0 +100.0 [+100.0, +100.0]")
    assert flags[1][2].startswith("100.0 +0.0 [-")
    assert flags[2][2].startswith("0.0 -100.0")


def test_masks_have_no_excess_and_missed_findings_need_critical_ones() -> None:
    """De-identification masked the references: a model that writes none is not better than a radiologist."""
    tables = shown("set1", checks_id=CHECKS_ID, flag_mask=False, reference_flag_mask=True, **MISSED)
    assert cells(tables.flags()) == [("mask", "100.0", "0.0", "0.0", "0.0")]
    critical = shown("set1", checks_id="checks-1", findings="Large left pneumothorax.", **MISSED)
    (row,) = cells(critical.flags())
    assert row[:2] == ("critical_missed", "0.0")
    assert row[2].startswith("100.0 +100.0")


def test_concept_f1_is_shown_beside_rouge_with_its_differences() -> None:
    tables = shown("set1", findings="Large left pneumothorax.")
    titles = [str(table.title) for table in tables.tables()]
    assert [title.partition(":")[0].partition(",")[0] for title in titles if "oncept F1" in title] == ["Concept F1"] * 2
    by_system = {name: values for name, *values in cells(tables.concepts())}
    # abnormal: without its side half an effusion, and none of the pneumothorax; the wrong side is worth nothing
    assert by_system["before b0000000"][0].startswith("0.250")
    assert by_system["after a0000000"][0].startswith("0.500")
    differences = cells(tables.differences(CONCEPT_F1, "Concept F1"))
    assert ("after a0000000", "before b0000000") in {row[:2] for row in differences}


def test_what_is_not_known_is_left_out() -> None:
    titles = [str(table.title) for table in shown("set1").tables()]
    assert not any("checks" in title or "Deferring" in title for title in titles)
    bare = side_of("set1", reference=None, reference_raw=None)
    assert list(EvaluationTables(bare, CHOICES, list(evaluations(bare, CHOICES)), []).tables()) == []


def test_deferral_is_told_where_models_have_a_confidence() -> None:
    table = shown("set1", logprob_per_token=-0.1, margin=None).deferral()
    deferral = cells(table)
    assert [row[:2] for row in deferral] == [("before b0000000", "logprob"), ("after a0000000", "logprob")]
    assert deferral[1][3] == "0.875, 0.000"
    assert deferral[1][7] == "0.875, 0.000"  # of equal confidences: in expectation the mean of all
    named = shown("set1", logprob_per_token=-0.1, margin=None, agreement=0.5).deferral()
    assert [row[1] for row in cells(named)] == ["logprob", "agreement"] * 2
