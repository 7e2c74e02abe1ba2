"""Settings as text: YAML files and ``key=value`` words as nested dicts, laid over one another."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from radray.errors import ConfigError


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
        raise ConfigError(f"expected key=value, got an argument that starts with {override[:40]!r}")
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
