"""The test beds of the clinical checks hold what they promise; the checks find what was seeded."""

import re
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from radray.tasks.correction.planting.statements import only, sides, statements_of
from tests.support.beds import seeded_reals, synthetic_errors
from tests.support.beds.figures import measure, wilson
from tests.support.beds.handwritten import pairs as handwritten
from tests.support.beds.mutators.bed_report import BedReport, is_plainly_normal
from tests.support.beds.mutators.of_impressions import MUTATORS
from tests.support.beds.pair import CLASSES, TIER_A, TIER_B, BedPair


@pytest.fixture(scope="module")
def synthetic() -> list[BedPair]:
    return synthetic_errors.pairs()


@pytest.fixture(scope="module")
def written() -> list[BedPair]:
    return handwritten.pairs()


@pytest.fixture(scope="module")
def reals() -> list[BedPair]:
    file = seeded_reals.reports_file()
    if not file.is_file():
        pytest.skip(f"no Open-i reports at {file}: set RADRAY_DATA to the folder that has them")
    return seeded_reals.pairs(file)


def key(pair: BedPair) -> tuple[Any, ...]:
    return (pair.findings, pair.background, pair.right, pair.wrong)


def test_there_are_sixteen_classes() -> None:
    assert len(set(CLASSES)) == 16
    assert (len(TIER_A), len(TIER_B)) == (10, 6)
    assert set(MUTATORS) == set(CLASSES) == set(synthetic_errors.MAKERS) == set(handwritten.ERRORS)


def test_the_synthetic_bed_has_150_pairs_and_right_impressions_a_class(
    synthetic: list[BedPair],
) -> None:
    counts = Counter(pair.error for pair in synthetic)
    assert set(counts) == set(CLASSES)
    assert min(counts.values()) >= 150
    assert len({key(pair) for pair in synthetic}) == len(synthetic)
    assert len({(pair.error, pair.index) for pair in synthetic}) == len(synthetic)
    for pair in synthetic:
        assert pair.right
        assert pair.wrong is not None
        assert pair.right.split() != pair.wrong.split()
        assert pair.findings


def test_the_synthetic_bed_is_the_same_every_time(synthetic: list[BedPair]) -> None:
    first = synthetic_errors.pairs(20)
    assert synthetic_errors.pairs(20) == first
    assert {key(pair) for pair in first} <= {key(pair) for pair in synthetic}
    assert synthetic_errors.pairs(20, seed=1) != first
    assert synthetic_errors.SEED == 20_260


def test_synthetic_errors_are_what_they_are_called(synthetic: list[BedPair]) -> None:
    by_class = {error: [pair for pair in synthetic if pair.error == error] for error in CLASSES}
    mask = re.compile(r"__|XXXX|\[\*\*")
    for pair in by_class["mask"]:
        assert mask.search(pair.wrong or "")
        assert not mask.search(pair.right or "")
    for pair in by_class["prior"]:
        assert re.search(r"Comparison: N", pair.background or "")
    for pair in by_class["identifier"]:
        assert len(pair.wrong or "") > len(pair.right or "")
        if pair.way == "id":
            assert any(identifier in (pair.wrong or "") for identifier in pair.identifiers)
            assert not any(identifier in (pair.right or "") for identifier in pair.identifiers)
    for pair in by_class["measurement"]:
        number = re.compile(r"(?:\d+(?:\.\d+)? x )?(\d+(?:\.\d+)?) (mm|cm)")
        known = {float(n) * (10 if unit == "cm" else 1) for n, unit in number.findall(pair.findings)}
        wrong = {float(n) * (10 if unit == "cm" else 1) for n, unit in number.findall(pair.wrong or "")}
        right = {float(n) * (10 if unit == "cm" else 1) for n, unit in number.findall(pair.right or "")}
        assert {round(value, 3) for value in wrong} - {round(value, 3) for value in known}, pair.index
        assert not {round(value, 3) for value in right} - {round(value, 3) for value in known}, pair.index


def test_the_synthetic_bed_varies_its_wording(synthetic: list[BedPair]) -> None:
    for error in ("communication", "recommendation", "prior", "identifier"):
        added = {pair.wrong for pair in synthetic if pair.error == error}
        assert len(added) >= 140, error


def test_the_handwritten_bed_has_as_many_pairs_as_promised(written: list[BedPair]) -> None:
    counts = Counter(pair.error for pair in written)
    assert len(written) >= 150
    assert min(counts[error] for error in TIER_A) >= 12
    assert min(counts[error] for error in TIER_B) >= 6
    assert counts[None] >= 60
    assert len({key(pair) for pair in written}) == len(written)
    for pair in written:
        assert pair.findings
        assert (pair.right is None) == (pair.error is not None)
        assert (pair.wrong is None) == (pair.error is None)
        assert (pair.modality, pair.body_part) != (None, None)


def test_the_handwritten_bed_is_not_of_chest_films_alone(written: list[BedPair]) -> None:
    assert {"CR", "CT", "MR", "US"} <= {pair.modality for pair in written}
    assert {"chest", "head", "abdomen", "spine", "extremity"} <= {pair.body_part for pair in written}


def test_the_held_back_pairs_are_others(written: list[BedPair]) -> None:
    held = handwritten.held_back_pairs()
    counts = Counter(pair.error for pair in held)
    assert min(counts[error] for error in TIER_A) >= 8
    assert min(counts[error] for error in TIER_B) >= 4
    assert counts[None] >= 20
    assert len({key(pair) for pair in held}) == len(held)
    assert {key(pair) for pair in held}.isdisjoint(key(pair) for pair in written)


def test_errors_seeded_into_real_impressions_change_them_and_are_many(reals: list[BedPair]) -> None:
    applied = seeded_reals.applied(reals)
    # sides, sizes and places stand in few real findings, changes in hardly any
    scarce = {"severity", "location", "comparison"}
    assert {error for error in CLASSES if applied[error][0] < seeded_reals.ENOUGH} == scarce
    for error in CLASSES:
        assert applied[error][0] > 0, error
    # numbers of their own, so that a failure shows no text
    repeated = len(reals) - len({(pair.error, pair.index) for pair in reals})
    alike = sum((pair.right or "").split() == (pair.wrong or "").split() for pair in reals)
    assert (repeated, alike) == (0, 0)


def test_errors_are_seeded_into_the_real_impressions_the_same_every_time(reals: list[BedPair]) -> None:
    again = seeded_reals.pairs(seeded_reals.reports_file(), most=150)
    # numbers of their own, so that a failure shows no text
    seeded, others = len(again), len(set(again) - set(reals))
    assert seeded > 600
    assert others == 0


def test_the_missing_reports_are_told_from_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RADRAY_DATA", str(tmp_path))
    assert seeded_reals.reports_file() == tmp_path / "openi" / "indiana_reports.csv"
    assert not seeded_reals.reports_file().is_file()


class TestWordLogic:
    """The rules that decide whether a seeded change is an error."""

    @pytest.mark.parametrize(
        ("text", "name", "state"),
        [
            ("There is a small left effusion.", "effusion", "present"),
            ("No effusion or pneumothorax.", "pneumothorax", "absent"),
            ("No large effusion.", "effusion", "unclear"),
            ("No change in the effusion.", "effusion", "unclear"),
            ("Possible effusion.", "effusion", "unclear"),
            ("Pneumothorax has resolved.", "pneumothorax", "unclear"),
            ("Lungs are free of consolidation.", "consolidation", "absent"),
        ],
    )
    def test_state(self, text: str, name: str, state: str) -> None:
        assert [statement.state for statement in statements_of(name, text)] == [state]

    def test_a_finding_said_in_two_ways_is_neither(self) -> None:
        text = "There is a left effusion. No right effusion."
        assert only("effusion", text, "present") == []
        assert only("effusion", text, "absent") == []

    def test_sides(self) -> None:
        assert sides("Both lungs, LEFT base") == {"left", "right"}
        assert sides("lingular opacity") == {"left"}
        assert sides("midline trachea") == frozenset()

    def test_plainly_normal(self) -> None:
        assert is_plainly_normal("The lungs are clear. No effusion or pneumothorax. Heart size is normal.")
        assert not is_plainly_normal("The lungs are clear. Degenerative changes of the spine.")
        assert not is_plainly_normal("Left base opacity.")


class TestMutatorsSpareWhatWouldStayRight:
    """A change that leaves the meaning right is not seeded."""

    @staticmethod
    def report(findings: str, impression: str, background: str | None = None, known: bool | None = None) -> BedReport:
        return BedReport(
            study_id="1",
            findings=findings,
            background=background,
            impression=impression,
            identifiers=("51234567", "11234567"),
            prior_known=known,
        )

    @pytest.mark.parametrize(
        ("error", "findings", "impression"),
        [
            ("side", "Left and right pleural effusions.", "Left effusion."),
            ("side", "Small bilateral effusions.", "Left effusion."),
            ("side", "No left effusion.", "No left effusion."),
            ("polarity", "The heart is normal.", "Normal heart."),
            ("polarity", "No large effusion.", "No large effusion."),
            ("measurement", "The heart is normal.", "Normal."),
            ("recommendation", "Left upper lobe nodule.", "Nodule."),
            ("communication", "Findings were discussed with the nurse.", "Clear lungs."),
            ("mask", "Clear.", "Clear ___ lungs."),
            ("certainty", "No effusion.", "No effusion."),
            ("severity", "Mild to moderate effusion.", "Effusion."),
            ("location", "Nodules in the left upper lobe and left lower lobe.", "Nodules."),
            ("comparison", "The effusion is unchanged.", "Effusion."),
            ("device", "PICC in place.", "Clear."),
        ],
    )
    def test_spared(self, error: str, findings: str, impression: str) -> None:
        for seed in range(20):
            assert MUTATORS[error](Random(seed), self.report(findings, impression)) is None

    def test_a_prior_is_made_up_only_where_there_was_none(self) -> None:
        sound = ("The lungs are clear.", "No acute disease.", "Indication: Cough. Comparison: None.")
        assert MUTATORS["prior"](Random(1), self.report(*sound, known=False)) is not None
        assert MUTATORS["prior"](Random(1), self.report(*sound, known=None)) is None
        assert MUTATORS["prior"](Random(1), self.report(*sound, known=True)) is None
        spoken = ("The lungs are again clear.", "No acute disease.", "Comparison: None.")
        assert MUTATORS["prior"](Random(1), self.report(*spoken, known=False)) is None

    def test_a_side_is_swapped(self) -> None:
        pair = MUTATORS["side"](Random(1), self.report("Small left pleural effusion.", "Small left effusion. Normal."))
        assert pair is not None
        assert pair.wrong == "Small right effusion. Normal."
        assert pair.right == "Small left effusion. Normal."

    def test_a_lobe_is_swapped(self) -> None:
        report = self.report("Nodule in the left upper lobe.", "Left upper lobe nodule.")
        pair = MUTATORS["location"](Random(1), report)
        assert pair is not None
        assert pair.wrong == "Left lower lobe nodule."


def test_wilson_intervals() -> None:
    # 0 of 10 and 81 of 263 as in Newcombe, Statistics in Medicine 1998, table I: 0.2553-0.3662
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=5e-5)
    assert wilson(10, 10) == pytest.approx((0.7225, 1.0), abs=5e-5)
    assert wilson(0, 0) == (0.0, 1.0)


def test_a_class_that_is_not_raised_or_not_applicable_is_a_miss() -> None:
    pairs = [
        BedPair("c", "0", "mask", "Lungs clear.", None, "Clear lungs.", "Clear ___."),
        BedPair("c", "1", "mask", "Lungs clear.", None, "Clear lungs.", "Clear lungs, all."),
    ]
    figures = measure(pairs)["mask"]
    assert (figures.n, figures.hits, [pair.index for pair in figures.missed]) == (2, 1, ["1"])
    assert (figures.own, figures.own_alarms, figures.controls, figures.alarms) == (2, 0, 1, 0)
    assert figures.recall == 0.5
