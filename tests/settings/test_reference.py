"""Settings that explain themselves: a sentence each, with unit and None; the help of a job; the page of all."""

import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Union, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from radray.settings.reference import first_sentence, flat, groups, help_text, reference
from radray.settings.root import Settings
from tests.support.paths import ROOT

UNITS = {
    "_s": "second",
    "_seconds": "second",
    "_minutes": "inute",
    "_hours": "[Hh]our",
    "_per_hour": "hour",
    "_days": "ay",
    "_tokens": "token",
    "_steps": "steps",
    "_epochs": "pochs",
    "_gib": "GiB",
    "_rate": "hare|atio|earning rate",
    "_fraction": "hare",
    "tflops": "TFLOP/s",
    "utilisation": "hare",
    "_rows": "eports",
}
"""The end of a name, and what its sentence has to say."""


def fields(section: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield all settings below `section`, found by their types and not by the listing."""
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from fields(field.annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


FIELDS = dict(fields(Settings))


def test_every_setting_is_listed_once() -> None:
    listed = [setting.name for group in groups() for setting in group.settings]
    assert sorted(listed) == sorted(FIELDS)
    assert len(listed) >= 163


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_every_setting_has_a_sentence_with_its_unit_and_what_none_means(name: str) -> None:
    field = FIELDS[name]
    sentence = first_sentence(field.description or "")
    assert re.match(r"[A-Z`][^ ]* ", sentence), "begins like a sentence"
    assert sentence.endswith((".", "`."))
    assert len(sentence) <= 200, "longer than three lines of help"
    is_union = get_origin(field.annotation) in (Union, types.UnionType)
    if is_union and type(None) in get_args(field.annotation):
        assert "None: " in sentence
    else:
        assert "None" not in sentence
    for ending, unit in UNITS.items():
        if name.endswith(ending):
            assert re.search(unit, sentence)


def test_every_section_has_a_sentence() -> None:
    for group in groups():
        assert first_sentence(group.doc).endswith("."), group.name


def test_help_has_type_default_and_sentence_of_what_was_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = help_text(("split.seed", "model.tiny", "until", "generate.actors"), {"split.seed": "7"}, "local.yaml")
    lines = text.splitlines()
    assert "  split.seed=13; local.yaml: 7  (whole number, at least 0)" in lines
    assert "  until=null  (date, YYYY-MM-DD or null)" in lines
    assert "  generate.actors=auto  (whole number, 1 to 4096 or auto)" in lines
    assert "  model.tiny.d_ff=256  (whole number, 16 to 4096)" in lines
    assert "      Width of the feed-forward layers." in lines
    assert "split.name" not in text
    assert "model.init=google" not in text
    assert max(map(len, lines)) <= 110


def test_a_name_that_is_no_setting_is_refused() -> None:
    with pytest.raises(KeyError, match=r"train\.epoch"):
        groups(("train.epoch",))


def test_nested_values_are_named_whole() -> None:
    assert flat({"a": {"b": 1, "c": {"d": [2]}}, "e": {}}) == {"a.b": 1, "a.c.d": [2], "e": {}}


def test_the_page_of_all_settings_is_as_the_command_writes_it() -> None:
    page = Path(ROOT / "radray" / "settings" / "README.md").read_text(encoding="utf-8")
    assert page == reference(), "python -m radray.settings.reference > radray/settings/README.md"
    assert page.count("\n| `") == len(FIELDS)
