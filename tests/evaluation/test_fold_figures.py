"""Figures over folds: what is counted, what is chosen, and that nothing is chosen on the fold that is counted."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.benchmarks import fold_figures
from tests.benchmarks.fold_choices import DEFAULT, Candidates, Choice, choose, degree, first_of_least_flagged, guarded
from tests.benchmarks.openi_folds import Report, folds_of

NORMAL, ABNORMAL = "No acute disease.", "Large left pneumothorax."
SEEN = "There is a large left pneumothorax. The heart size is normal."


def report(findings: str = SEEN, reference: str = ABNORMAL) -> Report:
    return Report(findings, None, reference, findings, "CR", "chest")


def near(*texts: str) -> list[tuple[str, float]]:
    """Return neighbours, each half as near as the one before."""
    return [(text, 0.5**place) for place, text in enumerate(texts)]


def test_a_nearer_neighbour_may_have_more_votes() -> None:
    candidates = Candidates(report(), (), near(ABNORMAL, NORMAL, NORMAL))
    assert candidates.chosen(Choice(3, "rouge_l"), least_flagged=False) == NORMAL
    assert candidates.chosen(Choice(3, "rouge_l", power=6), least_flagged=False) == ABNORMAL


def test_the_most_agreed_candidate_is_written() -> None:
    candidates = Candidates(report(), (NORMAL,), near(ABNORMAL, ABNORMAL, NORMAL))
    assert candidates.chosen(Choice(2, "rouge_l"), least_flagged=False) == ABNORMAL
    assert candidates.chosen(Choice(2, "concepts", 0.75), least_flagged=False) == NORMAL  # most votes the model's


def test_candidates_that_are_flagged_least_go_first() -> None:
    candidates = Candidates(report(), (NORMAL, NORMAL), near(ABNORMAL))
    assert candidates.chosen(Choice(1, "both"), least_flagged=False) == NORMAL
    assert candidates.chosen(Choice(1, "both"), least_flagged=True) == ABNORMAL
    assert guarded(candidates, Choice(1, "both")) == ABNORMAL
    assert first_of_least_flagged(candidates) == ABNORMAL


def test_where_all_candidates_are_flagged_alike_agreement_decides() -> None:
    candidates = Candidates(report(), (NORMAL, NORMAL), near("Normal chest."))
    assert candidates.chosen(Choice(1, "rouge_l"), least_flagged=True) == NORMAL
    assert guarded(candidates, Choice(1, "rouge_l")) == NORMAL
    assert first_of_least_flagged(candidates) == NORMAL


def test_a_guarded_text_that_is_flagged_least_stays() -> None:
    alone = Candidates(report(), (ABNORMAL,), near("Left pneumothorax.", "Left pneumothorax."))
    assert guarded(alone, Choice(2, "rouge_l")) == ABNORMAL


def test_enough_votes_for_an_abnormal_text_are_followed() -> None:
    candidates = Candidates(report(), (NORMAL, NORMAL, ABNORMAL), near(NORMAL))
    assert candidates.chosen(Choice(1, "rouge_l", abnormal_from=0.25), least_flagged=False) == ABNORMAL
    assert candidates.chosen(Choice(1, "rouge_l", abnormal_from=0.3), least_flagged=False) == NORMAL


def test_settings_of_a_fold_are_chosen_on_the_others() -> None:
    by_the_model, by_neighbours = Choice(1, "rouge_l", 0.75), Choice(1, "rouge_l", 0.25)
    choices = [by_the_model, by_neighbours]
    folds = {
        1: [Candidates(report(), (NORMAL,), near(ABNORMAL))],  # neighbours are right here
        2: [Candidates(report(), (ABNORMAL,), near(NORMAL))],  # and the model there
    }
    assert choose(folds, choices, least_flagged=False) == {1: by_the_model, 2: by_neighbours}


def test_nothing_is_chosen_for_a_single_fold() -> None:
    folds = {3: [Candidates(report(), (NORMAL,), near(ABNORMAL))]}
    assert choose(folds, [Choice(1, "concepts")], least_flagged=False) == {3: DEFAULT}


def test_the_worst_flags_come_before_unsupported_words() -> None:
    assert degree(report(), NORMAL) == 2
    assert degree(report(), "Left pneumothorax. Pneumonia.") == 1
    assert degree(report(), ABNORMAL) == 0


@pytest.fixture
def reports() -> list[Report]:
    def report_at(place: int) -> Report:
        size = f"{place} cm"
        return report(f"{SEEN} {size}", ABNORMAL) if place % 3 == 0 else report(f"The lungs are clear. {size}", NORMAL)

    return [report_at(place) for place in range(30)]


def write_fold(folder: Path, reports: list[Report], number: int, model: str, text: str | None) -> None:
    """Write a fold in which `model` writes `text`, or the reference where that is None."""
    rows = [
        {"place": place, "prediction": text or reports[place].reference, "logprob": -0.1}
        | {"beam": json.dumps([[text or reports[place].reference, -0.1]])}
        for place in folds_of(reports)[number - 1][1]
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / f"fold-{number}-{model}.parquet")


def run(
    folder: Path, reports: list[Report], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    monkeypatch.setattr(fold_figures, "read_reports", lambda: reports)
    monkeypatch.setattr("sys.argv", ["fold_figures", str(folder)])
    assert fold_figures.main() == 0
    return capsys.readouterr().out


def test_figures_are_those_of_the_folds_that_are_there(
    tmp_path: Path, reports: list[Report], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_fold(tmp_path, reports, 1, "exemplars", None)
    write_fold(tmp_path, reports, 2, "exemplars", None)
    write_fold(tmp_path, reports, 2, "plain", NORMAL)
    out = run(tmp_path, reports, monkeypatch, capsys)
    assert "exemplars: folds [1, 2], missing [3, 4, 5]" in out
    assert "tiny: folds none, missing [1, 2, 3, 4, 5]" in out
    whole = json.loads(out.splitlines()[-1])
    asked = [reports[place] for number in (0, 1) for place in folds_of(reports)[number][1]]
    abnormal = sum(each.reference == ABNORMAL for each in asked)
    exemplars = whole["figures"]["abnormal"]["exemplars"]
    assert exemplars["rouge1"]["n"] == abnormal
    assert exemplars["rouge1"]["mean"] == 100.0
    assert exemplars["reads_normal"]["mean"] == 0.0
    assert exemplars["flag_tier_a"]["mean"] == 0.0
    second = [reports[place] for place in folds_of(reports)[1][1]]
    plain = whole["figures"]["abnormal"]["plain"]
    assert plain["rouge1"]["n"] == sum(each.reference == ABNORMAL for each in second)
    assert plain["reads_normal"]["mean"] == 100.0
    assert plain["flag_normal_over_abnormal"]["mean"] == 100.0
    assert whole["figures"]["abnormal"]["plain"]["rouge1"]["to_nearest"][0] == pytest.approx(
        plain["rouge1"]["mean"] - 100.0  # the nearest neighbour finds the other pneumothoraces
    )
    assert whole["aims"]["exemplars"]["all >= 67/58/66"] is True
    assert whole["aims"]["plain"]["abnormal that reads normal <= 35 %"] is False


def test_no_text_of_a_report_is_printed(
    tmp_path: Path, reports: list[Report], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_fold(tmp_path, reports, 1, "tiny", None)
    out = run(tmp_path, reports, monkeypatch, capsys)
    assert "pneumothorax" not in out
    assert "lungs" not in out


def test_an_empty_folder_gives_floors_and_neighbours_of_all_folds(
    tmp_path: Path, reports: list[Report], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = run(tmp_path, reports, monkeypatch, capsys)
    assert f"tests.benchmarks.folds {tmp_path}" in out
    assert json.loads(out.splitlines()[-1])["figures"]["all"]["nearest neighbour"]["rouge1"]["n"] == len(reports)
