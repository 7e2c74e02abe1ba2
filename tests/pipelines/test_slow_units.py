"""A unit or a row that takes too long is a row with that reason, and costs no other."""

import io
import itertools
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pytest

from radray.checks import check as checks
from radray.pipelines import plan, quarantine, score_predictions, work
from radray.pipelines.score_predictions import ScorePredictions
from radray.reports.formats import jsonl
from radray.reports.formats.registry import RecordFormat
from radray.reports.record import record
from radray.reports.record.fields import Fields
from radray.reports.text.sections import Sections, parse
from radray.schema.predictions import ROUGE_COLUMNS
from radray.settings.generate import ScoreSettings
from tests.pipelines.test_score_predictions import CONSTANTS, outcome
from tests.support.inputs.bad_messages import ORU
from tests.support.worlds.prepared import prepared

SLOW = "SLOW"
REPORT = "FINDINGS: Small effusion {}.\nIMPRESSION: Effusion.\n"


def lines(*findings: str) -> bytes:
    rows = [{"study_id": f"s{at}", "findings": text, "impression": "x"} for at, text in enumerate(findings)]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def outcomes(source: Path, format_: str) -> list[tuple[object, ...]]:
    rows = sorted(prepared(source, format_), key=lambda row: (row["source_member"], row["source_offset"]))
    return [(row["source_member"] or row["source_uri"], row["source_offset"], row["reason"]) for row in rows]


@pytest.fixture
def slow_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts with the word SLOW are never parsed to their end."""

    def slow(text: str, *args: Any, **words: Any) -> Sections:
        for _ in itertools.count() if SLOW in text else ():
            pass
        return parse(text, *args, **words)

    for room in (record, quarantine):
        monkeypatch.setattr(room, "SECONDS_A_RECORD", 0.1)
    for module in ("record.free_text", "record.named_texts", "record.values", "wire.hl7.texts"):
        monkeypatch.setattr(f"radray.reports.{module}.parse", slow)


@pytest.fixture
def slow_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next record after one with the word SLOW never comes; but records can be counted."""

    def read(file: BinaryIO, fields: Fields) -> Iterator[record.Record]:
        for each in jsonl.read(file, fields):
            yield each
            for _ in itertools.count() if SLOW in (each.findings or "") else ():
                pass

    def opened(*_: object) -> RecordFormat:
        return RecordFormat(lambda file: read(file, Fields()), lambda file: jsonl.count(file, Fields()))

    monkeypatch.setattr(quarantine, "SECONDS_TO_THE_NEXT", 0.1)
    monkeypatch.setattr(work.SourceSpec, "open", opened)


@pytest.mark.usefixtures("slow_texts")
def test_a_slow_file_is_a_row_beside_the_others(tmp_path: Path) -> None:
    for name, words in (("1", "one"), ("2", SLOW), ("3", "three")):
        (tmp_path / f"{name}.txt").write_text(REPORT.format(words))
    assert outcomes(tmp_path, "text") == [("1.txt", 0, None), ("2.txt", 0, "timeout"), ("3.txt", 0, None)]


@pytest.mark.usefixtures("slow_texts")
def test_a_slow_member_is_a_row_with_its_name(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name, words in (("1.txt", "one"), ("2.txt", SLOW), ("3.txt", "three")):
            data = REPORT.format(words).encode()
            header = tarfile.TarInfo(name)
            header.size = len(data)
            archive.addfile(header, io.BytesIO(data))
    assert outcomes(tmp_path / "a.tar", "text") == [("1.txt", 0, None), ("2.txt", 0, "timeout"), ("3.txt", 0, None)]


@pytest.mark.usefixtures("slow_texts")
def test_a_slow_record_keeps_its_ids_and_costs_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(lines("Clear.", f"IMPRESSION: {SLOW}", "Clear."))
    rows = prepared(tmp_path / "a.jsonl", "jsonl")
    assert [(row["study_id"], row["reason"]) for row in rows] == [("s0", None), ("s1", "timeout"), ("s2", None)]


@pytest.mark.usefixtures("slow_texts")
def test_a_slow_message_costs_its_own_study(tmp_path: Path) -> None:
    message = ORU if isinstance(ORU, bytes) else ORU.encode()
    (tmp_path / "a.hl7").write_bytes(message + message.replace(b"Lungs", SLOW.encode()) + message)
    assert [reason for *_, reason in outcomes(tmp_path / "a.hl7", "hl7")] == [None, "timeout", None]


@pytest.mark.usefixtures("slow_streams")
def test_a_stream_that_hangs_loses_no_record_that_was_planned(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(lines("Clear.", SLOW, "Clear.", "Clear."))
    reasons = [reason for *_, reason in outcomes(tmp_path / "a.jsonl", "jsonl")]
    assert reasons == [None, None, "timeout", "timeout"]


@pytest.mark.usefixtures("slow_streams")
def test_a_member_that_hangs_costs_its_own_records(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name, words in (("1.jsonl", "Clear."), ("2.jsonl", SLOW), ("3.jsonl", "Clear.")):
            data = lines(words, "Clear.")
            header = tarfile.TarInfo(name)
            header.size = len(data)
            archive.addfile(header, io.BytesIO(data))
    expected = [("1.jsonl", None), ("1.jsonl", None), ("2.jsonl", None), ("2.jsonl", "timeout")]
    expected += [("3.jsonl", None), ("3.jsonl", None)]
    assert [(name, reason) for name, _, reason in outcomes(tmp_path / "a.tar", "jsonl")] == expected


def test_a_file_that_cannot_be_counted_in_time_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def count(file: BinaryIO, fields: Fields) -> int:
        data = file.read()
        file.seek(0)
        for _ in itertools.count() if SLOW.encode() in data else ():
            pass
        return jsonl.count(file, fields)

    def opened(*_: object) -> RecordFormat:
        return RecordFormat(lambda file: jsonl.read(file, Fields()), lambda file: count(file, Fields()))

    monkeypatch.setattr(plan, "_SECONDS_TO_PLAN", 0.1)
    monkeypatch.setattr(work.SourceSpec, "open", opened)
    for name, words in (("1.jsonl", "Clear."), ("2.jsonl", SLOW), ("3.jsonl", "Clear.")):
        (tmp_path / name).write_bytes(lines(words))
    assert outcomes(tmp_path, "jsonl") == [("1.jsonl", 0, None), ("2.jsonl", 0, "timeout"), ("3.jsonl", 0, None)]


def test_a_row_that_takes_too_long_to_check_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(impression: str | None, *args: Any, **words: Any) -> checks.CheckResult:
        for _ in itertools.count() if impression == "CANARY mass." else ():
            pass
        return checks.check(impression, *args, **words)

    monkeypatch.setattr("radray.tasks.impression.scores.check", slow)
    stage = ScorePredictions(ScoreSettings(), CONSTANTS)
    stage(outcome("Small effusion."))  # what is loaded at first takes long
    monkeypatch.setattr(score_predictions, "SECONDS_A_ROW", 2.0)
    late, good = stage(pa.concat_tables([outcome("CANARY mass."), outcome("Small effusion.")])).to_pylist()
    assert (late["status"], late["reason"], late["prediction"]) == ("failed", "scoring_timeout", None)
    assert [late[name] for name in ROUGE_COLUMNS] == [0.0] * len(ROUGE_COLUMNS)
    assert (good["status"], good["prediction"]) == ("ok", "Small effusion.")
