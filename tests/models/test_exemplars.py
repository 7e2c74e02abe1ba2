"""Exemplars that somebody picked: read from JSON lines, kept in a model folder, refused by line and never by text."""

import json
from pathlib import Path

import pytest

from radray.errors import ConfigError, InputError
from radray.models.exemplars import (
    FixedExemplar,
    fixed_exemplars,
    read_exemplars,
    read_pairs,
    write_exemplars,
)
from radray.models.manifest import PICKED
from radray.models.neighbours import subject_digest
from radray.settings.loading import load_settings
from radray.storage.files import Storage
from radray.tasks.impression.pairs import pair_line

CANARY = "zqxjkcanary"
STORAGE = Storage.of(load_settings((), ()).warehouse.s3)
PAIRS = (
    FixedExemplar("s7", subject_digest("p1"), "Small nodule.\nClear.", "Nodule."),
    FixedExemplar("2", None, "Clear.", "Normal."),
)


def _file(folder: Path, *lines: str) -> str:
    (folder / "pairs.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return str(folder / "pairs.jsonl")


def _lines() -> list[str]:
    return [
        pair_line("s7", "p1", "train", "Small nodule.\nClear.", "Nodule."),
        json.dumps({"prompt": " Clear. ", "completion": "Normal."}),
        "",
    ]


def test_pairs_are_read_as_they_are_written_and_kept_in_their_order(tmp_path: Path) -> None:
    assert read_pairs(_file(tmp_path, *_lines()), STORAGE) == PAIRS
    write_exemplars(PAIRS, tmp_path)
    assert read_exemplars(tmp_path) == PAIRS
    assert read_exemplars(tmp_path / "nowhere") == ()


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([], "has 0 pairs, and a prompt shows 1 to 40"),
        ([*_lines()[:1], f'{{"prompt": "{CANARY}"}}'], r"line 2 of \S+ is no JSON object with prompt and completion"),
        ([f"{CANARY} {{"], "line 1 of"),
        ([json.dumps({"prompt": CANARY, "completion": " "})], "line 1 of"),
        ([json.dumps({"prompt": CANARY, "completion": 7})], "line 1 of"),
        (_lines()[:1] * 41, "has 41 pairs"),
    ],
)
def test_a_file_without_pairs_is_refused_without_its_text(lines: list[str], says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=says) as raised:
        read_pairs(_file(tmp_path, *lines), STORAGE)
    assert CANARY not in str(raised.value)


def test_a_missing_or_damaged_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"model\.exemplars_file: \S+ is not a file in UTF-8"):
        read_pairs(str(tmp_path / "none.jsonl"), STORAGE)
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="is not a file in UTF-8"):
        read_pairs(str(tmp_path / "binary.jsonl"), STORAGE)
    (tmp_path / PICKED).write_bytes(b"no parquet")
    with pytest.raises(InputError, match=r"exemplars\.parquet cannot be read"):
        read_exemplars(tmp_path)


def test_a_model_s_own_exemplars_hold_and_others_are_refused(tmp_path: Path) -> None:
    uri = _file(tmp_path, *_lines())
    assert fixed_exemplars(None, STORAGE, tmp_path) == fixed_exemplars(None, STORAGE) == ()
    assert fixed_exemplars(uri, STORAGE, tmp_path) == fixed_exemplars(uri, STORAGE) == PAIRS
    own = (FixedExemplar("other id", None, *PAIRS[0][2:]), PAIRS[1])
    write_exemplars(own, tmp_path)
    assert fixed_exemplars(None, STORAGE, tmp_path) == fixed_exemplars(uri, STORAGE, tmp_path) == own
    write_exemplars(PAIRS[1:], tmp_path)
    with pytest.raises(ConfigError, match="the model was trained with other exemplars"):
        fixed_exemplars(uri, STORAGE, tmp_path)
