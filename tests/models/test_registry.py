"""Which family a model folder has."""

import subprocess
import sys
from pathlib import Path

import pytest

from radray.errors import InputError
from radray.models.families.causal.family import CausalFamily
from radray.models.families.registry import FAMILY_OF, family_name, named_family, open_family
from radray.models.families.t5.family import T5Family


@pytest.mark.parametrize("model_type", FAMILY_OF)
def test_each_known_type_has_its_family(model_type: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(f'{{"model_type": "{model_type}"}}')
    assert family_name(tmp_path) == ("t5" if model_type in ("t5", "mt5") else "causal")
    assert open_family(tmp_path) is named_family(family_name(tmp_path))
    assert type(open_family(tmp_path)) is (T5Family if family_name(tmp_path) == "t5" else CausalFamily)


@pytest.mark.parametrize("written", ['{"model_type": "bart"}', "{}", '{"model_type": []}'])
def test_any_other_type_is_refused_in_one_line_with_those_known(written: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(written)
    with pytest.raises(
        InputError, match=r"a model of type (bart|None|\[\]) is not known; known are gemma, .*, t5$"
    ) as raised:
        family_name(tmp_path)
    assert str(raised.value).startswith(f"model folder {tmp_path}: ")
    assert all(model_type in str(raised.value) for model_type in FAMILY_OF)


@pytest.mark.parametrize("written", [None, "{", "[]", "\udcff"])
def test_a_config_that_cannot_be_read_is_one_line(written: str | None, tmp_path: Path) -> None:
    if written is not None:
        (tmp_path / "config.json").write_bytes(written.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=f"model folder {tmp_path}: config.json cannot be read$"):
        open_family(tmp_path)


def test_naming_a_family_loads_no_library() -> None:
    code = (
        "import sys, radray.models.families.registry, radray.models.gguf; print({'torch', 'gguf'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"
