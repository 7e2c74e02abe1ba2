"""The training reports that a model carries with it: which are nearest to a report, and which never are."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from radray.errors import InputError
from radray.models.neighbours import (
    COLUMNS,
    NEIGHBOURS,
    Neighbours,
    has_neighbours,
    read_neighbours,
    subject_digest,
    write_neighbours,
)

CLEAR, EFFUSION, LARGE = "The lungs are clear.", "Small left effusion.", "Large left effusion."


def known(*rows: tuple[str, str | None, str, str]) -> pa.Table:
    named = [
        dict(zip(COLUMNS.names, (unit, subject_digest(subject), *texts), strict=True)) for unit, subject, *texts in rows
    ]
    return pa.Table.from_pylist(named, schema=COLUMNS)


def report(unit: str, findings: str, subject: str | None = None) -> dict[str, Any]:
    return {"unit_id": unit, "subject_id": subject, "findings": findings}


THREE = known(("a", "p1", CLEAR, "Normal."), ("b", "p2", EFFUSION, "Effusion."), ("c", None, LARGE, "Large effusion."))


def units(neighbours: Neighbours, asked: dict[str, Any], count: int = 3) -> list[str]:
    (near,) = neighbours.nearest([asked], count)
    return [neighbour.unit_id for neighbour in near]


def test_the_nearest_come_first_with_their_cosines() -> None:
    near = Neighbours(THREE).nearest([report("x", "Small left effusion in a nodule, and left."), report("y", CLEAR)], 2)
    assert [[neighbour.unit_id for neighbour in its] for its in near] == [["b", "c"], ["a", "b"]]
    assert near[0][0].impression == "Effusion."
    assert near[0][0].findings == EFFUSION
    assert 1 > near[0][0].cosine > near[0][1].cosine > 0
    assert near[1][0].cosine == pytest.approx(1.0)
    assert Neighbours(THREE).nearest([], 2) == []


def test_there_are_fewer_where_there_are_no_more() -> None:
    assert units(Neighbours(THREE), report("x", EFFUSION), 9) == ["b", "c", "a"]


def test_ties_are_in_the_order_of_the_reports() -> None:
    alike = known(*((unit, None, CLEAR, "Normal.") for unit in "abcdef"))
    assert units(Neighbours(alike), report("x", CLEAR), 3) == ["a", "b", "c"]


def test_a_report_of_the_same_patient_is_no_neighbour() -> None:
    assert units(Neighbours(THREE), report("x", EFFUSION, " p2 ")) == ["c", "a"]
    assert units(Neighbours(THREE), report("x", EFFUSION, "")) == ["b", "c", "a"]


def test_a_training_report_sees_neither_itself_nor_equal_words() -> None:
    twice = known(
        ("a", None, CLEAR, "Normal."), ("b", None, "the lungs are CLEAR", "Clear."), ("c", None, LARGE, "Large.")
    )
    assert units(Neighbours(twice), report("a", CLEAR)) == ["c"]
    # a report that nothing was learnt from may see equal words
    assert units(Neighbours(twice), report("x", CLEAR)) == ["a", "b", "c"]


def test_they_are_read_as_they_were_written(tmp_path: Path) -> None:
    assert not has_neighbours(tmp_path)
    write_neighbours(THREE, tmp_path)
    assert has_neighbours(tmp_path)
    read = read_neighbours(tmp_path)
    assert len(read) == 3
    assert read.nearest([report("x", EFFUSION)], 3) == Neighbours(THREE).nearest([report("x", EFFUSION)], 3)


@pytest.mark.parametrize("content", [None, b"", b"no parquet"])
def test_a_file_that_is_missing_or_damaged_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / NEIGHBOURS).write_bytes(content)
    with pytest.raises(InputError, match=r"neighbours\.parquet cannot be read; fine-tune the model again"):
        read_neighbours(tmp_path)


def test_no_report_and_no_word_are_refused() -> None:
    with pytest.raises(InputError, match="no training report to be a neighbour"):
        Neighbours(THREE.slice(0, 0))
    with pytest.raises(InputError, match="no word"):
        Neighbours(known(("a", None, "- -", "Normal.")))
