"""The sheet is blind, drawn by stratum and safe in a spreadsheet; what readers fill in comes back as figures."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from radray.errors import ConfigError, InputError
from radray.evaluation.review.axes import AXES, Axis, Published, beside_published
from radray.evaluation.review.files import KEY_PARQUET, SHEET_CSV, SHEET_PARQUET, read_all, read_filled, read_key
from radray.evaluation.review.files import write_sheet as write
from radray.evaluation.review.sheet import (
    ADDED_COLUMNS,
    ANSWER_COLUMNS,
    QUESTIONS,
    SHEET_COLUMNS,
    Candidate,
    Sheet,
    allocate,
    draw_sheet,
)
from radray.evaluation.review.summary import Estimate, agreements, summarise_review

ABOUT = {"system": "model 1234abcd", "dataset": "d"}


def candidate(place: int, stratum: str = "normal", *, flagged: bool = False, **columns: Any) -> Candidate:
    values: dict[str, Any] = {
        "unit_id": f"u{place:04d}",
        "split_key": f"k{place}",
        "background": None,
        "findings": f"Findings {place}.",
        "prediction": f"Written {place}.",
        "reference": f"Dictated {place}.",
    }
    return Candidate(**(values | columns), stratum=stratum, flagged=flagged)


NIGHT = [
    *(candidate(place) for place in range(700)),
    *(candidate(place, "abnormal") for place in range(700, 900)),
    *(candidate(place, flagged=True) for place in range(900, 905)),
    *(candidate(place, "abnormal", flagged=True) for place in range(905, 945)),
]


def fill(sheet: Sheet, answer: Callable[[dict[str, Any], str], Mapping[str, str]]) -> list[dict[str, Any]]:
    """Return the sheet's rows filled in: `answer` is given the row and which impression (a, b) is the prediction."""
    sides = sheet.key.column("prediction_is").to_pylist()
    return [row | answer(row, side) for row, side in zip(sheet.sheet.to_pylist(), sides, strict=True)]


def save(file: Path, rows: list[dict[str, Any]], delimiter: str = ",", encoding: str = "utf-8-sig") -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    file.write_bytes(text.getvalue().encode(encoding))
    return file


def of(estimates: list[Estimate], question: str, level: str, system: str) -> Estimate:
    (estimate,) = [
        estimate
        for estimate in estimates
        if (estimate.question, estimate.level, estimate.author) == (question, level, system)
    ]
    return estimate


def test_items_come_in_equal_numbers_a_stratum_and_are_weighted() -> None:
    key = draw_sheet(NIGHT, 60, 3, ABOUT).key.to_pylist()
    drawn = Counter((row["stratum"], row["flagged"]) for row in key)
    # of the normal and flagged there are 5: the others share what is missing
    assert drawn == {("normal", True): 5, ("normal", False): 18, ("abnormal", False): 19, ("abnormal", True): 18}
    assert len({row["unit_id"] for row in key}) == 60
    assert sum(row["weight"] for row in key) == pytest.approx(len(NIGHT))
    assert {row["weight"] for row in key if row["flagged"] and row["stratum"] == "normal"} == {1.0}
    assert [row["item"] for row in key] == list(range(1, 61))
    assert {row["system"] for row in key} == {"model 1234abcd"}


def test_a_stratum_gives_what_it_has() -> None:
    a, b, c = ("a", False), ("b", False), ("c", False)
    assert allocate({a: 2, b: 100, c: 100}, 11) == {a: 2, b: 5, c: 4}
    assert allocate({a: 1, b: 1}, 10) == {a: 1, b: 1}
    assert allocate({a: 9, b: 9, c: 9}, 2) == {a: 1, b: 1}


def test_the_sheet_is_blind_in_random_order_and_the_same_for_a_seed() -> None:
    draw = draw_sheet(NIGHT, 200, 3, ABOUT)
    assert tuple(draw.sheet.column_names) == SHEET_COLUMNS
    rows, key = draw.sheet.to_pylist(), draw.key.to_pylist()
    for row, of_it in zip(rows, key, strict=True):
        report = next(report for report in NIGHT if report.unit_id == of_it["unit_id"])
        side, other = (of_it["prediction_is"], "b" if of_it["prediction_is"] == "a" else "a")
        assert (row[f"impression_{side}"], row[f"impression_{other}"]) == (report.prediction, report.reference)
        assert row["findings"] == report.findings
    assert 70 <= Counter(row["prediction_is"] for row in key)["a"] <= 130  # of 200, four sigmas
    assert not any(word in str(row) for row in rows for word in ("model", "1234abcd", "u0", "abnormal"))
    strata = [row["stratum"] for row in key]
    assert strata != sorted(strata)
    assert {row[name] for row in rows for name in ANSWER_COLUMNS} == {None}
    again = draw_sheet(NIGHT[::-1], 200, 3, ABOUT)
    assert again.sheet.equals(draw.sheet)
    assert again.key.equals(draw.key)
    assert not draw_sheet(NIGHT, 200, 4, ABOUT).key.equals(draw.key)
    with pytest.raises(InputError, match="no report"):
        draw_sheet([], 5, 3, ABOUT)


def test_files_agree_with_no_text_in_the_key_and_no_formula_in_a_cell(tmp_path: Path) -> None:
    texts = ["=1+1", "- Nodule.", "@cmd", " \t+5", 'Clear, "quoted"\nsecond line; é', "\uff1dA1"]
    draw = draw_sheet([candidate(place, prediction=text) for place, text in enumerate(texts)], 6, 1, ABOUT)
    paths = write(tmp_path / "out", draw)
    assert [path.name for path in paths] == [SHEET_CSV, SHEET_PARQUET, KEY_PARQUET]
    assert pq.read_table(paths[1]).equals(draw.sheet)
    assert read_key(paths[2]).equals(draw.key)
    assert not any(text in str(draw.key.to_pylist()) for text in (*texts, "Findings", "Dictated"))
    content = paths[0].read_bytes()
    assert content.startswith(b"\xef\xbb\xbfsheet_id,item,")
    cells = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    plain = [["" if value is None else str(value) for value in row.values()] for row in draw.sheet.to_pylist()]
    assert [[cell.removeprefix("'") for cell in row] for row in cells[1:]] == plain
    assert sum(cell.startswith("'") for row in cells for cell in row) == 5
    assert not any(cell.strip()[:1] in set("=+-@\uff1d") for row in cells for cell in row if cell.strip())
    with pytest.raises(ConfigError, match="which may be filled in"):
        write(tmp_path / "out", draw)
    assert paths[0].read_bytes() == content


@pytest.mark.parametrize(
    ("delimiter", "encoding"), [(",", "utf-8-sig"), (",", "utf-8"), (";", "cp1252"), ("\t", "utf-16")]
)
def test_a_sheet_is_read_back_as_spreadsheets_save_it(tmp_path: Path, delimiter: str, encoding: str) -> None:
    draw = draw_sheet([candidate(place, findings="Größe, 2; 3\ncm") for place in range(4)], 4, 1, ABOUT)
    rows = fill(draw, lambda row, side: {"a_correctness": " 4", "preferred": "Same ", "comment": "=not read"})
    rows[2] |= dict.fromkeys(ANSWER_COLUMNS, "")
    file = save(tmp_path / "reader one.csv", [*rows, dict.fromkeys(SHEET_COLUMNS, "")], delimiter, encoding)
    reading = read_filled(file, draw.key)
    assert reading.reader == "reader one"
    assert reading.answers == {item: {"a_correctness": "4", "preferred": "same"} for item in (1, 2, 4)}
    parquet = tmp_path / "reader one.parquet"
    pq.write_table(pa.Table.from_pylist(rows), parquet)
    assert read_filled(parquet, draw.key) == reading


def test_each_bad_cell_is_named_and_what_it_holds_is_not(tmp_path: Path) -> None:
    draw = draw_sheet(NIGHT, 8, 1, ABOUT)
    rows = fill(draw, lambda row, side: {"a_correctness": "4"})
    rows[0]["a_harm_extent"] = "secret words"
    rows[2] |= {"b_completeness": "6", "preferred": "c"}
    rows[3]["item"] = "99"
    rows[5]["item"] = rows[4]["item"]
    rows[6]["sheet_id"] = "another"
    with pytest.raises(InputError) as caught:
        read_filled(save(tmp_path / "r.csv", rows), draw.key)
    message = str(caught.value)
    assert "6 cells cannot be used" in message
    for bad in (
        "row 2, column a_harm_extent (none, mild, moderate, severe or death)",
        "row 4, column preferred (a, b or same)",
        "row 4, column b_completeness (1, 2, 3, 4 or 5)",
        "row 5, column item (no item of this sheet)",
        "row 7, column item (there twice)",
        "row 8, column sheet_id (of another sheet)",
    ):
        assert bad in message
    assert "secret" not in message


def test_many_bad_cells_are_counted(tmp_path: Path) -> None:
    draw = draw_sheet(NIGHT, 40, 1, ABOUT)
    file = save(tmp_path / "r.csv", fill(draw, lambda row, side: {"preferred": "x"}))
    with pytest.raises(InputError, match=r"40 cells cannot be used: row 2, .*; and 20 more$"):
        read_filled(file, draw.key)


def test_a_file_that_is_no_filled_sheet_is_refused(tmp_path: Path) -> None:
    draw = draw_sheet(NIGHT, 4, 1, ABOUT)
    rows = fill(draw, lambda row, side: {})
    with pytest.raises(InputError, match="nothing is filled in"):
        read_filled(save(tmp_path / "r.csv", rows), draw.key)
    lacking = [{name: value for name, value in row.items() if name != "b_bias"} for row in rows]
    with pytest.raises(InputError, match=r"lacks the columns b_bias$"):
        read_filled(save(tmp_path / "r.csv", lacking), draw.key)
    (tmp_path / "r.csv").write_bytes(b"")
    with pytest.raises(InputError, match="no rows"):
        read_filled(tmp_path / "r.csv", draw.key)
    with pytest.raises(InputError, match="cannot be read: FileNotFoundError"):
        read_filled(tmp_path / "none.csv", draw.key)
    for other in (tmp_path / "r.csv", tmp_path / "none"):
        with pytest.raises(InputError, match="the key of the review cannot be read"):
            read_key(other)
    pq.write_table(draw.sheet, tmp_path / "sheet.parquet")
    with pytest.raises(InputError, match="this is not the key of a review"):
        read_key(tmp_path / "sheet.parquet")
    (tmp_path / "other").mkdir()
    filled = fill(draw, lambda row, side: {"preferred": "a"})
    files = [save(folder / "ann.csv", filled) for folder in (tmp_path, tmp_path / "other")]
    with pytest.raises(InputError, match="two filled sheets are called ann"):
        read_all(files, draw.key)


def test_a_sheet_of_the_earlier_form_is_read_without_the_newer_questions(tmp_path: Path) -> None:
    draw = draw_sheet(NIGHT, 8, 1, ABOUT)
    rows = fill(draw, lambda row, side: {"a_correctness": "4", "b_harm_extent": "severe"})
    earlier = [{name: value for name, value in row.items() if name not in ADDED_COLUMNS} for row in rows]
    assert len(earlier[0]) == len(rows[0]) - 18
    reading = read_filled(save(tmp_path / "r.csv", earlier), draw.key)
    assert reading.answers == {item: {"a_correctness": "4", "b_harm_extent": "severe"} for item in range(1, 9)}
    estimates = summarise_review(draw.key, [reading], resamples=200, seed=1)
    assert {estimate.question for estimate in estimates} == {"correctness", "harm_extent"}
    half = [row | {"a_intent": "yes"} for row in earlier]
    with pytest.raises(InputError, match=r"lacks the columns a_consensus, a_correct_comprehension, .*b_helpful$"):
        read_filled(save(tmp_path / "r.csv", half), draw.key)


def test_shares_stand_beside_the_published_ones_of_the_same_axis(tmp_path: Path) -> None:
    draw = draw_sheet([candidate(place) for place in range(4)], 4, 1, ABOUT)

    def answers(row: dict[str, Any], side: str) -> dict[str, str]:
        other = "b" if side == "a" else "a"
        first = row["item"] == 1
        return {
            **{f"{side}_consensus": "none" if first else "aligned", f"{other}_consensus": "aligned"},
            **{f"{side}_harm_extent": "death" if first else "none", f"{side}_helpful": "somewhat" if first else "yes"},
        }

    reading = read_filled(save(tmp_path / "r.csv", fill(draw, answers)), draw.key)
    rows = beside_published(summarise_review(draw.key, [reading], resamples=200, seed=1))
    shares = {axis.question: tuple(ours) for axis, *ours in rows}
    assert shares["consensus"] == (0.75, 1.0)
    assert shares["harm_extent"] == (0.25, None)
    assert shares["helpful"] == (0.75, None)
    assert shares["bias"] == (None, None)
    assert len(rows) == 14
    published = {axis.question: axis.published for axis, *_ in rows}
    assert published["consensus"] == Published(flan_palm=0.619, med_palm=0.926, clinicians=0.929)
    assert [name for name, figures in published.items() if figures is None] == [
        *("harm_likelihood", "correct_comprehension", "correct_reasoning"),
        *("incorrect_comprehension", "incorrect_retrieval", "incorrect_reasoning"),
    ]


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.question)
def test_an_axis_is_the_share_of_an_answer_that_the_sheet_has(axis: Axis, tmp_path: Path) -> None:
    (question,) = [question for question in QUESTIONS if question.name == axis.question]
    draw = draw_sheet([candidate(place) for place in range(2)], 2, 1, ABOUT)
    rows = fill(draw, lambda row, side: {f"{side}_{question.name}": question.answers[-1]})
    estimates = summarise_review(draw.key, [read_filled(save(tmp_path / "r.csv", rows), draw.key)], 50, 1)
    (ours,) = [prediction for other, prediction, _ in beside_published(estimates) if other == axis]
    assert ours == 1.0


def test_answers_are_unblinded_weighted_and_averaged_over_readers(tmp_path: Path) -> None:
    draw = draw_sheet(NIGHT, 60, 3, ABOUT)
    stratum_of = dict(zip(draw.key.column("item").to_pylist(), draw.key.column("stratum").to_pylist(), strict=True))

    def ann(row: dict[str, Any], side: str) -> dict[str, str]:
        other = "b" if side == "a" else "a"
        abnormal = stratum_of[row["item"]] == "abnormal"
        return {
            f"{side}_correctness": "2" if abnormal else "5",
            f"{other}_correctness": "5",
            f"{side}_harm_extent": "moderate" if abnormal else "none",
            f"{other}_harm_extent": "none",
            "preferred": other if abnormal else "same",
        }

    def bob(row: dict[str, Any], side: str) -> dict[str, str]:
        return ann(row, side) | {f"{side}_correctness": "3" if stratum_of[row["item"]] == "abnormal" else "5"}

    files = [save(tmp_path / f"{who.__name__}.csv", fill(draw, who)) for who in (ann, bob)]
    readings = read_all(files, draw.key)
    estimates = summarise_review(draw.key, readings, resamples=400, seed=1)
    share = 240 / 945  # abnormal, of the night and not of the sheet, where it is 37 of 60
    correct = of(estimates, "correctness", "mean", "prediction")
    assert correct.value == pytest.approx(5 - share * 2.5)
    assert correct.low < correct.value < correct.high
    assert correct.items == 60
    assert of(estimates, "correctness", "mean", "reference").value == pytest.approx(5)
    difference = of(estimates, "correctness", "mean", "difference")
    assert difference.value == pytest.approx(-share * 2.5)
    assert difference.high < 0
    assert of(estimates, "harm_extent", "mild or more", "prediction").value == pytest.approx(share)
    assert of(estimates, "harm_extent", "moderate or more", "prediction").value == pytest.approx(share)
    severe = of(estimates, "harm_extent", "severe or more", "prediction")
    assert (severe.value, severe.low) == (0.0, 0.0)
    assert severe.high == pytest.approx(1 - 0.025 ** (1 / 60))  # none of 60 does not say none
    assert of(estimates, "preferred", "reference", "").value == pytest.approx(share)
    assert of(estimates, "preferred", "same", "").value == pytest.approx(1 - share)
    assert of(estimates, "preferred", "prediction", "").value == 0.0
    assert {estimate.question for estimate in estimates} == {"correctness", "harm_extent", "preferred"}
    by_question = {agreement.question: agreement for agreement in agreements(draw.key, readings)}
    assert (by_question["preferred"].units, by_question["preferred"].alpha) == (60, pytest.approx(1))
    assert by_question["correctness"].units == 120
    assert 0 < (by_question["correctness"].alpha or 0) < 1
    assert (by_question["bias"].units, by_question["bias"].alpha) == (0, None)
    assert summarise_review(draw.key, [], resamples=400, seed=1) == []


def test_intervals_resample_whole_clusters(tmp_path: Path) -> None:
    """Forty reports of two patients: differences between the patients do not average out."""

    def interval(split_key: Callable[[int], str]) -> Estimate:
        draw = draw_sheet([candidate(place, split_key=split_key(place)) for place in range(40)], 40, 1, ABOUT)
        place_of = dict(zip(draw.key.column("item").to_pylist(), draw.key.column("unit_id").to_pylist(), strict=True))
        rows = fill(draw, lambda row, side: {f"{side}_correctness": str(1 + 4 * (int(place_of[row["item"]][1:]) % 2))})
        file = save(tmp_path / "r.csv", rows)
        estimates = summarise_review(draw.key, [read_filled(file, draw.key)], resamples=400, seed=1)
        return of(estimates, "correctness", "mean", "prediction")

    alone, together = interval(lambda place: f"k{place}"), interval(lambda place: f"k{place % 2}")
    assert alone.value == together.value == 3.0
    assert (together.low, together.high) == (1.0, 5.0)
    assert alone.high - alone.low < 1.5
