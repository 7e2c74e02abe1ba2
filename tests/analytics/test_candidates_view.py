"""The view of candidates has each candidate that a consensus kept, in its order, and no other."""

import datetime
import json
from pathlib import Path
from typing import Any

from radray.analytics.query import stream
from radray.evaluation.agreement import UTILITIES
from radray.models.engines.engine import Generation, Hypothesis
from radray.models.neighbours import Neighbour
from radray.pipelines.consensus import Consensus
from radray.schema.predictions import PREDICTIONS
from radray.settings.generate import GenerateSettings
from radray.tasks.impression.task import IMPRESSION
from tests.support.worlds.tables import open_warehouse
from tests.support.worlds.views import Row, append

NEAR = [Neighbour("t1", "F.", "Left effusion.", 0.9), Neighbour("t2", "F.", "Normal chest.", 0.123456)]
REPORT = {"findings": "Left effusion.", "background": None, "modality": "CR", "body_part": "chest"}
ASKED = "unit_id, place, source, neighbour_unit_id, text, score, agreement, faults"


def row_of(unit: str, candidates: str | None) -> Row:
    filler = dict.fromkeys(("split_key", "text_digest", "prompt_id", "settings_digest", "engine", "run_key"), "x")
    row: Row = {**filler, "unit_id": unit, "batch_date": datetime.date(2026, 3, 1), "dataset": "north", "split": "live"}
    row |= {"model_name": "model", "model_digest": "m", "status": "ok", "study_id": "s", "run_id": "generate-1"}
    return row | {"findings": "F.", "candidates": candidates}


def test_every_candidate_is_a_row(tmp_path: Path) -> None:
    samples = (Hypothesis('Left "pleural" effusion; 5 % \N{LATIN SMALL LETTER E WITH ACUTE}, \\ .', -0.75),)
    generation = Generation((Hypothesis("Left effusion.", -0.5),), 9, 3, False, False, -0.5, samples=samples)
    rows = [row_of("none", None), row_of("erased", "[]")]
    expected: list[tuple[Any, ...]] = []
    for utility in UTILITIES:
        choice = Consensus(GenerateSettings(consensus=utility), IMPRESSION).choose(REPORT, generation, NEAR)
        assert choice is not None
        rows.append(row_of(utility, choice.candidates))
        expected += [
            (
                utility,
                place,
                *(each.get(name) for name in ("source", "unit_id", "text", "score", "agreement", "faults")),
            )
            for place, each in enumerate(json.loads(choice.candidates), 1)
        ]
    warehouse = open_warehouse(tmp_path / "warehouse")
    append(warehouse, PREDICTIONS, rows)
    got = stream(warehouse, f"SELECT {ASKED} FROM candidates ORDER BY unit_id, place").table().to_pylist()
    assert [tuple(row.values()) for row in got] == sorted(expected)
    assert len(expected) == len(UTILITIES) * 4
    assert "Normal chest." not in repr(got)
