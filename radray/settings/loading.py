"""Settings as text: YAML files and ``key=value`` words as nested dicts, laid over one another.

A secret, and the id of a patient to erase, come from a file or the environment, never from a command line: that is seen
by whoever may run `ps` on the machine, and is kept in shells' histories and in Ray's list of jobs.
"""

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from radray.errors import ConfigError
from radray.messages import shown
from radray.settings.root import Settings
from radray.settings.section import section_of

FILE, ENVIRONMENT = "file:", "env:"

FORMS = f"{FILE}PATH or {ENVIRONMENT}NAME"
"""How a secret is given on a command line."""


def read_yaml(file: str) -> dict[str, Any]:
    """Return the mapping in the YAML `file`, {} for an empty one. Raises ConfigError, naming the file."""
    try:
        loaded = _plain(yaml.load(Path(file).read_text(encoding="utf-8"), Loader=yaml.BaseLoader))
    except OSError as error:
        raise ConfigError(f"config file {file}: {error.strerror}") from None
    except (yaml.YAMLError, ValueError):
        raise ConfigError(f"config file {file}: not YAML") from None
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise ConfigError(f"config file {file}: expected a mapping of sections")
    return loaded


def read_override(override: str) -> dict[str, Any]:
    """Return ``a.b=value`` as ``{"a": {"b": value}}``; a list or mapping is YAML. Raises ConfigError."""
    key, equals, value = override.partition("=")
    if not equals or not key:
        # not shown: it may be whom to erase, without its key
        raise ConfigError(
            f"expected key=value, got an argument of {len(override):,} characters that is not of this form"
        )
    nested: dict[str, Any] = {}
    place = nested
    *path, last = key.split(".")
    for part in path:
        place = place.setdefault(part, {})
    place[last] = _scalar(key, value)
    return nested


def lay_over(base: dict[str, Any], over: Mapping[str, Any], shorthand: Mapping[str, str]) -> None:
    """Put the values of `over` into `base`, section by section.

    A section of `shorthand` may be given as one value: that of the key which `shorthand` names.
    """
    for key, value in over.items():
        if key in shorthand and not isinstance(value, Mapping):
            value = {shorthand[key]: value}
        if isinstance(value, Mapping) and isinstance(base.get(key), dict):
            lay_over(base[key], value, shorthand)
        elif isinstance(value, Mapping):
            base[key] = {}
            lay_over(base[key], value, shorthand)
        else:
            base[key] = value


def _scalar(key: str, value: str) -> Any:
    if not value.startswith(("[", "{")):
        return _plain(value)
    try:
        return _plain(yaml.load(value, Loader=yaml.BaseLoader))
    except yaml.YAMLError:
        raise ConfigError(f"{key}: the value is not YAML; quote it") from None


def _plain(value: Any) -> Any:
    """Return YAML's text as it stands, null apart: the field says what it means, so that 0012 stays a name."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return None if value in ("null", "~") else value


_SHORTHAND = {"split": "name"}
"""Sections that may be given as one value: ``split=test`` is ``split.name=test``."""


def load_settings(
    files: Sequence[str] = (), overrides: Sequence[str] = (), *, for_another_machine: bool = False
) -> Settings:
    """Return the settings of YAML `files`, later ones over earlier, and of ``key=value`` `overrides` over all.

    No file and no override gives the defaults. A secret is read from where ``file:PATH`` or ``env:NAME`` says; settings
    `for_another_machine` have none. Raises ConfigError, naming the file or key: a file that cannot be read, a key that
    does not exist (with the nearest that does), a value out of bounds, a secret itself among the `overrides`.
    """
    merged: dict[str, Any] = {}
    for file in files:
        lay_over(merged, read_yaml(file), _SHORTHAND)
    for override in overrides:
        value = read_override(override)
        refuse_plain(value, Settings)
        lay_over(merged, value, _SHORTHAND)
    refuse_unknown(merged, Settings)
    (leave_to_another_machine if for_another_machine else resolve)(merged, Settings)
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        problems = [
            f"{'.'.join(str(part) for part in item['loc']) or 'settings'}: {item['msg'].removeprefix('Value error, ')}"
            for item in error.errors(include_input=False, include_url=False, include_context=False)
        ]
        raise ConfigError("; ".join(problems)) from None


def dump_settings(settings: Settings) -> str:
    """Return `settings` as YAML that `load_settings` reads back to the same value, but for secrets."""
    return yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False)


def dump_changed(settings: Settings) -> str:
    """Return the settings that differ from the defaults, as YAML that `load_settings` reads back; ``{}`` for none.

    Gates that were given the value of their default are among them: a corpus is judged by gates that were set. Secrets
    are not.
    """
    changed = settings.model_dump(mode="json", exclude_defaults=True)
    gates = settings.gates.model_dump(mode="json", exclude_unset=True)
    ordered = {name: gates if name == "gates" else changed.get(name) for name in type(settings).model_fields}
    return yaml.safe_dump({name: value for name, value in ordered.items() if value}, sort_keys=False)


def refuse_unknown(values: Mapping[str, Any], settings: type[BaseModel]) -> None:
    """Raise ConfigError, with the nearest name that there is, when a key of `values` is no field of `settings`."""
    _refuse(values, settings, "", settings)


def _refuse(values: Mapping[str, Any], section: type[BaseModel], prefix: str, settings: type[BaseModel]) -> None:
    for key, value in values.items():
        if key not in section.model_fields:
            known = _all_names(settings, "")
            name = f"{prefix}{shown(key)}"
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5) or difflib.get_close_matches(
                str(key), known, n=1, cutoff=0.0
            )
            raise ConfigError(f"unknown setting {name}; the nearest is {nearest[0]}")
        inner = section_of(section.model_fields[key].annotation)
        if inner is not None:
            if not isinstance(value, Mapping):
                raise ConfigError(
                    f"{prefix}{key} is a section; set one of its keys, such as {_first(inner, prefix + key)}"
                )
            _refuse(value, inner, f"{prefix}{key}.", settings)


def _first(section: type[BaseModel], prefix: str) -> str:
    return f"{prefix}.{next(iter(section.model_fields))}"


def _all_names(section: type[BaseModel], prefix: str) -> list[str]:
    names: list[str] = []
    for key, field in section.model_fields.items():
        inner = section_of(field.annotation)
        names += _all_names(inner, f"{prefix}{key}.") if inner else [f"{prefix}{key}"]
    return names


def is_secret(field: FieldInfo) -> bool:
    """Return whether the setting's value is shown and kept nowhere."""
    return field.exclude is True


def refuse_plain(values: Mapping[str, Any], settings: type[BaseModel]) -> None:
    """Raise ConfigError, without the value, when `values` of a command line hold a secret itself."""
    for place, key, name in _secrets(values, settings, ""):
        if not _is_reference(place[key]):
            raise ConfigError(
                f"{name}: whoever may list this machine's processes reads a command line: write {name}={FILE}PATH (one"
                f" line) or {name}={ENVIRONMENT}NAME, or put it into a --config file that only you can read"
            )


def resolve(values: dict[str, Any], settings: type[BaseModel]) -> None:
    """Replace each reference in `values`, ``file:PATH`` or ``env:NAME``, by what it names.

    Raises ConfigError, without the value, for a file that cannot be read or is not one line, and for a variable that is
    not set or empty.
    """
    for place, key, name in list(_secrets(values, settings, "")):
        if _is_reference(place[key]):
            place[key] = _read(place[key], name)


def read_referred(values: Mapping[str, str], section: str) -> dict[str, str]:
    """Return `values` of `section`, those that are ``file:PATH`` or ``env:NAME`` replaced by what these name.

    No values give none. Raises ConfigError as `resolve`.
    """
    return {key: _read(value, f"{section}.{key}") if _is_reference(value) else value for key, value in values.items()}


def leave_to_another_machine(values: dict[str, Any], settings: type[BaseModel]) -> None:
    """Take the references out of `values`: what they name is on the machine that the job will run on.

    Raises ConfigError for a secret itself: it stands in a file that would be shipped to the cluster and kept there.
    """
    for place, key, name in list(_secrets(values, settings, "")):
        if not _is_reference(place[key]):
            raise ConfigError(
                f"{name} stands in a --config file, which is shipped to the cluster and kept there: write {FORMS}, of"
                " the machine that the job runs on"
            )
        del place[key]


def _secrets(
    values: Mapping[str, Any], section: type[BaseModel], prefix: str
) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Yield mapping, key and whole name of each secret that is set in `values`; keys of no field are passed over."""
    for key, value in values.items():
        field = section.model_fields.get(key)
        if field is None or value is None:
            continue
        inner = section_of(field.annotation)
        if inner is not None and isinstance(value, Mapping):
            yield from _secrets(value, inner, f"{prefix}{key}.")
        elif is_secret(field) and isinstance(values, dict):
            yield values, key, f"{prefix}{key}"


def _is_reference(value: object) -> bool:
    return isinstance(value, str) and value.startswith((FILE, ENVIRONMENT))


def _read(reference: str, name: str) -> str:
    if reference.startswith(ENVIRONMENT):
        variable = reference.removeprefix(ENVIRONMENT)
        value = os.environ.get(variable, "").strip()
        if not value:
            raise ConfigError(f"{name}={reference}: the environment variable {variable} is not set, or empty")
        return value
    file = Path(reference.removeprefix(FILE)).expanduser()
    try:
        lines = file.read_text(encoding="utf-8").strip().splitlines()
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else "not text in UTF-8"
        raise ConfigError(f"{name}={reference}: the file cannot be read: {cause}") from None
    if len(lines) != 1:
        raise ConfigError(f"{name}={reference}: expected a file of one line, got {len(lines)}")
    return lines[0].strip()
