"""Names of settings: the refusal of those that do not exist, with the nearest that does."""

import difflib
import types
from collections.abc import Mapping
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from radray.errors import ConfigError


def refuse_unknown(values: Mapping[str, Any], settings: type[BaseModel]) -> None:
    """Raise ConfigError, with the nearest name that there is, when a key of `values` is no field of `settings`."""
    _refuse(values, settings, "", settings)


def _refuse(values: Mapping[str, Any], section: type[BaseModel], prefix: str, settings: type[BaseModel]) -> None:
    for key, value in values.items():
        if key not in section.model_fields:
            known = _all_names(settings, "")
            name = f"{prefix}{key}"
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5) or difflib.get_close_matches(
                str(key), known, n=1, cutoff=0.0
            )
            raise ConfigError(f"unknown setting {name}; the nearest is {nearest[0]}")
        inner = _section_of(section.model_fields[key].annotation)
        if inner is not None:
            if not isinstance(value, Mapping):
                raise ConfigError(
                    f"{prefix}{key} is a section; set one of its keys, such as {_first(inner, prefix + key)}"
                )
            _refuse(value, inner, f"{prefix}{key}.", settings)


def _section_of(annotation: Any) -> type[BaseModel] | None:
    if get_origin(annotation) in (Union, types.UnionType):
        return next((found for part in get_args(annotation) if (found := _section_of(part))), None)
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _first(section: type[BaseModel], prefix: str) -> str:
    return f"{prefix}.{next(iter(section.model_fields))}"


def _all_names(section: type[BaseModel], prefix: str) -> list[str]:
    names: list[str] = []
    for key, field in section.model_fields.items():
        inner = _section_of(field.annotation)
        names += _all_names(inner, f"{prefix}{key}.") if inner else [f"{prefix}{key}"]
    return names
