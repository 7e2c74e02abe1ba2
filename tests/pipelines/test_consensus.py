"""The consensus of a report's candidates: what is chosen, where each comes from, and that nothing else decides it."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from radray.evaluation.agreement import agreements
from radray.models.engines.engine import Answer, Failed, Generation, Hypothesis
from radray.models.engines.isolation.process import EngineProcess
from radray.models.folder import ModelFolder, open_model
from radray.models.manifest import write_manifest
from radray.models.neighbours import COLUMNS, Neighbour, subject_digest, write_neighbours
from radray.pipelines.consensus import Consensus
from radray.pipelines.write_impressions import WriteImpressions, until
from radray.schema.statuses import FailReason
from radray.settings.generate import GenerateSettings
from radray.tasks.impression.task import IMPRESSION
from radray.tasks.registry import find_prompt
from tests.models.eight_pieces import build_eight_pieces
from tests.support.worlds.report_tables import reports

BEAM = Generation((Hypothesis("Left effusion.", -0.1), Hypothesis("Clear lungs.", -0.20001)), 9, 3, False, False, -0.1)
NEAR = [
    Neighbour("t1", "F.", "Small right effusion.", 0.9),
    Neighbour("t2", "F.", "Small right effusion.", 0.8),
    Neighbour("t3", "F.", "Small effusion since ___.", 0.7),
]
REPORT = {"findings": "Small right effusion.", "background": None, "modality": "CR", "body_part": "chest"}
PROMPT = find_prompt("findings-v1")
TRAINING = ["a b b", "a b", "b c d", "d e", "e a"]
FINDINGS = [f"{words} effusion" for words in ("e c d", "d d d", "large", "small", "left")]
"""Of the first two the model's best is no empty text."""


def chosen(generation: Generation = BEAM, near: Sequence[Neighbour] = NEAR, **settings: Any) -> dict[str, Any]:
    values = {"consensus_checks": False, "consensus_model_share": 0.5} | settings
    choice = Consensus(GenerateSettings(consensus="rouge_l", **values), IMPRESSION).choose(REPORT, generation, near)
    assert choice is not None
    return choice._asdict() | {"candidates": json.loads(choice.candidates)}


def test_the_most_agreed_candidate_is_chosen_and_all_are_kept() -> None:
    choice = chosen()
    # half of the votes are the two neighbours', who say the same; of two and three words one is in common
    assert choice["text"] == "Small right effusion."
    assert choice["agreement"] == pytest.approx(0.5 + 0.25 * 2 / 5)
    neighbour = {"source": "neighbour", "agreement": 0.6, "faults": None}
    assert choice["candidates"] == [
        {**neighbour, "unit_id": "t1", "score": 0.9},
        {**neighbour, "unit_id": "t2", "score": 0.8},
        {"source": "beam", "text": "Left effusion.", "score": -0.1, "agreement": 0.45, "faults": None},
        {"source": "beam", "text": "Clear lungs.", "score": -0.2, "agreement": 0.25, "faults": None},
    ]


def test_a_neighbour_with_a_mask_is_none_unless_masks_may_be_written() -> None:
    units = [candidate.get("unit_id") for candidate in chosen(suppress_masks=False)["candidates"]]
    assert {"t1", "t2", "t3"} <= set(units)
    assert "t3" not in [candidate.get("unit_id") for candidate in chosen()["candidates"]]


def test_a_text_with_an_identifier_that_the_report_lacks_is_no_candidate() -> None:
    near = [*NEAR, Neighbour("t9", "F.", "Small right effusion, seen by Dr. Albright.", 0.99)]
    units = [candidate.get("unit_id") for candidate in chosen(near=near)["candidates"]]
    assert "t1" in units
    assert "t9" not in units


def test_of_equally_agreed_candidates_the_beam_comes_first() -> None:
    texts = ("left nodule", "right mass", "old fracture")
    generation = replace(BEAM, hypotheses=(Hypothesis(texts[0], -1.0),), samples=(Hypothesis(texts[1], -2.0),))
    choice = chosen(generation, [Neighbour("t1", "F.", texts[2], 0.5)], consensus_model_share=2 / 3)
    assert [candidate["source"] for candidate in choice["candidates"]] == ["beam", "sample", "neighbour"]
    assert (choice["text"], choice["agreement"]) == (texts[0], pytest.approx(1 / 3))


def test_the_share_of_the_votes_and_the_cosines_decide() -> None:
    assert chosen(consensus_model_share=0.9)["text"] == "Left effusion."
    near = [Neighbour("t1", "F.", "Old fracture.", 0.9), Neighbour("t2", "F.", "New mass.", 0.6)]
    near += [near[1]._replace(unit_id=f"t{n}") for n in range(3, 6)]
    # four far ones have together 4 * (0.6 / 0.9) ** 6 = 0.35 of the near one's vote
    assert chosen(near=near, consensus_model_share=0.1)["text"] == "Old fracture."
    assert chosen(near=near * 3, consensus_model_share=0.1)["text"] == "Old fracture."


def test_what_the_checks_fault_least_goes_before_what_agrees_most() -> None:
    assert chosen(consensus_checks=True)["candidates"][0]["faults"] == 0
    faults = {
        each.get("text") or each["unit_id"]: each["faults"] for each in chosen(consensus_checks=True)["candidates"]
    }
    # the findings have a small effusion on the right: another side, and lungs that are clear of it
    assert faults["t1"] == faults["t2"] == 0
    assert faults["Left effusion."] == 2
    assert chosen(consensus_checks=True, consensus_model_share=0.9)["text"] == "Small right effusion."


def test_a_candidate_alone_is_written_without_agreement() -> None:
    choice = chosen(replace(BEAM, hypotheses=BEAM.hypotheses[:1]), [])
    assert (choice["text"], choice["agreement"], len(choice["candidates"])) == ("Left effusion.", None, 1)


def test_empty_texts_are_no_candidates_and_hide_no_failure() -> None:
    texts = [Hypothesis("", -0.1), Hypothesis("Clear.", -0.2)]
    consensus = Consensus(GenerateSettings(consensus="rouge_l"), IMPRESSION)
    assert consensus.choose(REPORT, replace(BEAM, hypotheses=tuple(texts)), NEAR) is None
    generation = replace(BEAM, hypotheses=tuple(texts[::-1]), samples=(Hypothesis("", -0.3),))
    assert [candidate["source"] for candidate in chosen(generation)["candidates"]].count("beam") == 1
    assert "sample" not in [candidate["source"] for candidate in chosen(generation)["candidates"]]


def test_half_a_text_is_no_candidate() -> None:
    cut = replace(BEAM, hypotheses=(BEAM.hypotheses[0], Hypothesis("Small right effusion and", -0.2, ended=False)))
    cut = replace(cut, samples=(Hypothesis("Small right", -0.2, ended=False), Hypothesis("Clear.", -0.2)))
    assert [each["text"] for each in chosen(cut, [])["candidates"]] == ["Left effusion.", "Clear."]
    of_cut = replace(cut, hypotheses=cut.hypotheses[1:], samples=())
    assert Consensus(GenerateSettings(consensus="rouge_l"), IMPRESSION).choose(REPORT, of_cut, []) is None


def test_a_text_that_goes_on_with_another_report_ends_before_it() -> None:
    going_on = Hypothesis("Clear.\n\nFindings: mass", -0.2, ended=False)
    cut = until(replace(BEAM, hypotheses=(going_on,), samples=(going_on,)), "\n\nFindings:")
    assert isinstance(cut, Generation)
    assert cut.hypotheses == cut.samples == (Hypothesis("Clear.", -0.2),)


@pytest.fixture(scope="module")
def model(warm_engines: None, tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    """A model that writes words from a to e, and carries five training reports of two patients and a nameless one."""
    folder = tmp_path_factory.mktemp("model")
    build_eight_pieces(folder)
    known = [
        {
            "unit_id": f"u{n:03d}",
            "subject": subject_digest(subject),
            "findings": FINDINGS[n],
            "impression": words,
        }
        for n, (words, subject) in enumerate(zip(TRAINING, ["p0", "p1", "p1", None, "p0"], strict=True))
    ]
    write_neighbours(pa.Table.from_pylist(known, schema=COLUMNS), folder)
    write_manifest(folder, "m", {})
    return open_model(str(folder))


@pytest.fixture(scope="module")
def asked() -> pa.Table:
    """Reports of known and of other patients; the first two are training reports, three findings are the same."""
    first = reports(2, findings=FINDINGS[0], subject_id="p0")
    return pa.concat_tables(
        [
            first,
            reports(3, findings=FINDINGS[0], subject_id="p9").slice(2).set_column(0, "unit_id", [["x"]]),
            reports(3, findings=FINDINGS[1], subject_id="p1").slice(2).set_column(0, "unit_id", [["y"]]),
        ]
    )


def write(model: ModelFolder, table: pa.Table, **settings: Any) -> list[dict[str, Any]]:
    values: dict[str, Any] = {"engine": "transformers", "consensus": "rouge_l", "samples": 4}
    values |= {
        "sample_temperature": 1.5,
        "max_new_tokens": 4,
        "num_beams": 2,
        "consensus_neighbours": 3,
        "threads_per_actor": 1,
    }
    stage = WriteImpressions(model, PROMPT, GenerateSettings(**values | settings))
    rows: list[dict[str, Any]] = stage(table).to_pylist()
    stage.engine.close()
    return rows


@pytest.fixture(scope="module")
def rows(model: ModelFolder, asked: pa.Table) -> list[dict[str, Any]]:
    return write(model, asked)


def test_every_candidate_comes_from_where_it_says(rows: list[dict[str, Any]], asked: pa.Table) -> None:
    subjects = dict(zip(("u000", "u001", "u002", "u003", "u004"), ["p0", "p1", "p1", None, "p0"], strict=True))
    impressions = dict(zip(subjects, TRAINING, strict=True))
    for row, report in zip(rows, asked.to_pylist(), strict=True):
        candidates = json.loads(row["candidates"])
        of = {
            source: [each for each in candidates if each["source"] == source]
            for source in ("beam", "sample", "neighbour")
        }
        assert {each["text"] for each in of["beam"]} <= {each["text"] for each in row["hypotheses"] if each["text"]}
        assert len(of["sample"]) <= 4
        assert len({each["unit_id"] for each in of["neighbour"]}) == len(of["neighbour"]) > 0
        for each in of["neighbour"]:
            assert "text" not in each
            assert each["unit_id"] != report["unit_id"]
            assert subjects[each["unit_id"]] is None or subjects[each["unit_id"]] != report["subject_id"]
        texts = [impressions[each["unit_id"]] if "unit_id" in each else each["text"] for each in candidates]
        assert row["prediction"] == texts[0]
        cosines = {each["unit_id"]: each["score"] for each in of["neighbour"]}
        model, near = len(candidates) - len(cosines), sum(cosine**6 for cosine in cosines.values())
        votes = [0.25 * each["score"] ** 6 / near if "unit_id" in each else 0.75 / model for each in candidates]
        values = agreements(texts, "rouge_l", votes)
        assert row["agreement"] == pytest.approx(values[0], abs=1e-4)
        assert [each["agreement"] for each in candidates] == [pytest.approx(value, abs=1e-4) for value in values]
    assert any(each["source"] == "sample" for row in rows for each in json.loads(row["candidates"]))


def test_the_models_own_figures_stay_those_of_its_best(
    model: ModelFolder, asked: pa.Table, rows: list[dict[str, Any]]
) -> None:
    plain = write(model, asked, consensus=None, samples=0)
    changed = ("prediction", "candidates", "agreement")
    assert [{name: row[name] for name in row if name not in changed} for row in rows] == [
        {name: row[name] for name in row if name not in changed} for row in plain
    ]
    assert {(row["candidates"], row["agreement"]) for row in plain} == {(None, None)}
    assert [row["prediction"] for row in plain] != [row["prediction"] for row in rows]


def test_equal_prompts_share_what_is_written_and_not_their_neighbours(rows: list[dict[str, Any]]) -> None:
    assert [row["repeated"] for row in rows] == [False, True, True, False]
    first, _, third, _ = ([each.get("unit_id") for each in json.loads(row["candidates"])] for row in rows)
    assert rows[0]["hypotheses"] == rows[2]["hypotheses"]
    assert "u000" in third  # same findings, another patient
    assert "u000" not in first
    assert "u004" not in first


def test_a_resumed_run_chooses_the_same(model: ModelFolder, asked: pa.Table, rows: list[dict[str, Any]]) -> None:
    for left in (asked.slice(2), asked.slice(1, 2)):
        for row in write(model, left, batch_size=1):
            (wanted,) = [each for each in rows if each["unit_id"] == row["unit_id"]]
            for name in ("prediction", "agreement"):
                assert row[name] == wanted[name]
            places = [each.get("unit_id", each.get("text")) for each in json.loads(row["candidates"])]
            assert places == [each.get("unit_id", each.get("text")) for each in json.loads(wanted["candidates"])]


class Failing:
    """An engine that answers no prompt."""

    name = "failing"

    def generate(self, prompts: Sequence[str]) -> list[Answer]:
        return [Failed(FailReason.TIMEOUT) for _ in prompts]


def test_a_neighbours_text_hides_no_failure(
    model: ModelFolder, asked: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EngineProcess, "generate", lambda _, prompts: Failing().generate(prompts))
    for row in write(model, asked):
        assert (row["status"], row["reason"]) == ("failed", "timeout")
        assert (row["prediction"], row["candidates"], row["agreement"]) == (None, None, None)


def test_neighbours_are_read_only_where_they_are_needed(model: ModelFolder, asked: pa.Table, tmp_path: Path) -> None:
    shutil.copytree(model.path, tmp_path / "m", ignore=shutil.ignore_patterns("neighbours.parquet", ".*"))
    write_manifest(tmp_path / "m", "m", {})
    (row, *_) = write(open_model(str(tmp_path / "m")), asked.slice(0, 1), consensus_neighbours=0)
    assert {each["source"] for each in json.loads(row["candidates"])} <= {"beam", "sample"}
