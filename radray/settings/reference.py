"""What there is to set: each setting with its type, default and sentence, for --help and for the page of all settings.

``python -m radray.settings.reference > radray/settings/README.md`` writes the page anew.
"""

import datetime
import re
import shutil
import sys
import textwrap
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from radray.settings.loading import FORMS, is_secret
from radray.settings.root import Settings
from radray.settings.section import section_of

WORDS: Mapping[object, str] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    datetime.date: "date, YYYY-MM-DD",
}

MOST_COLUMNS = 110
"""Widest that help is printed: longer lines are hard to read."""
INDENT = " " * 6


INTRODUCTION = """\
# Settings

Every setting of every job, with its default. A job takes them as words, `train.epochs=5`, and from YAML files,
`--config FILE`, where the dots are sections; later files go over earlier ones, words over all. Without `--config` a job
runs with [local.yaml](../../jobs/configs/local.yaml), which sets some of them for one laptop. A name that there is not
is refused, with the nearest that there is. *None* is written `null`; a list `'model.uri=[a, b]'`.

`python -m jobs.NAME --help` lists the settings that a job uses, `--dry-run` prints what it would do and the settings
that differ from the defaults, `--dry-run --all` all of them. `split=test` is short for `split.name=test`.

This page is made from the docstrings in this folder, a module a section; a test holds it to them. Write it anew with
`python -m radray.settings.reference > radray/settings/README.md`.
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as a person reads about it."""

    name: str
    """With its section: ``train.epochs``."""
    values: str
    """What it may be set to, in words: ``whole number, 1 to 1000``."""
    default: str
    """As it is written on a command line; None is ``null``."""
    sentence: str
    """What it means, its unit, and what None means; may stand alone."""
    details: str
    """The sentences after it; '' for none."""


@dataclass(frozen=True, slots=True)
class Group:
    """A section with its settings; `name` is '' for the settings that are in no section."""

    name: str
    doc: str
    settings: tuple[Setting, ...]


def groups(names: Sequence[str] = ()) -> list[Group]:
    """Return the settings that `names` choose, by section, in the order of the sections; (): all of them.

    A name is a section (``train``), or a setting (``split.seed``). Raises KeyError for one that there is not.
    """
    everything = [Group("", "In no section.", tuple(_settings(Settings, "")))]
    everything += _sections(Settings, "")
    known = {name for group in everything for name in (group.name, *(setting.name for setting in group.settings))}
    if unknown := [name for name in names if name not in known]:
        raise KeyError(unknown[0])
    chosen = [Group(group.name, group.doc, _chosen(group, names)) for group in everything]
    return [group for group in chosen if group.settings]


def help_text(names: Sequence[str], others: Mapping[str, object], file: str) -> str:
    """Return the settings that `names` choose as help for a terminal; `others` are those that `file` gives."""
    columns = min(shutil.get_terminal_size().columns, MOST_COLUMNS)
    lines = []
    for group in groups(names):
        title = f"{group.name}: {first_sentence(group.doc)}" if group.name else "in no section:"
        lines += ["", title.replace("``", "`")]
        for setting in group.settings:
            other = _value(others[setting.name]) if setting.name in others else setting.default
            instead = "" if other == setting.default else f"; {file}: {other}"
            lines.append(f"  {setting.name}={setting.default}{instead}  ({setting.values})")
            lines += textwrap.wrap(
                setting.sentence.replace("``", "`"),
                columns,
                initial_indent=INDENT,
                subsequent_indent=INDENT,
                break_on_hyphens=False,
            )
    return "\n".join(lines)


def reference() -> str:
    """Return the page as Markdown."""
    return "\n".join([INTRODUCTION, *(_table(group) for group in groups())])


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, object]:
    """Return nested `values`, such as those of a YAML file, by the settings' whole names."""
    by_name: dict[str, object] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            by_name |= flat(value, f"{prefix}{key}.")
        else:
            by_name[f"{prefix}{key}"] = value
    return by_name


def _chosen(group: Group, names: Sequence[str]) -> tuple[Setting, ...]:
    above = {".".join(group.name.split(".")[:depth]) for depth in range(1, group.name.count(".") + 2)}
    if not names or (group.name and above & set(names)):
        return group.settings
    return tuple(setting for setting in group.settings if setting.name in names)


def _sections(section: type[BaseModel], prefix: str) -> Iterator[Group]:
    for key, field in section.model_fields.items():
        inner = section_of(field.annotation)
        if inner is not None:
            name = f"{prefix}{key}"
            yield Group(name, inner.__doc__ or "", tuple(_settings(inner, f"{name}.")))
            yield from _sections(inner, f"{name}.")


def _settings(section: type[BaseModel], prefix: str) -> Iterator[Setting]:
    for key, field in section.model_fields.items():
        if section_of(field.annotation) is None:
            text = " ".join((field.description or "").split())
            sentence = first_sentence(text)
            default = _value(field.get_default(call_default_factory=True))
            yield Setting(f"{prefix}{key}", _values(field), default, sentence, text[len(sentence) :].strip())


def first_sentence(text: str) -> str:
    """Return the first sentence of `text`: it ends with a full stop before a capital letter, a name or the end."""
    return re.split(r"(?<=\.)\s+(?=[A-Z`])", " ".join(text.split()), maxsplit=1)[0]


def _values(field: FieldInfo) -> str:
    text = _type(field.annotation)
    bounds = _bounds(field.metadata)
    secret = f", on a command line {FORMS}" if is_secret(field) else ""
    return f"{text}{bounds}{secret}"


def _type(annotation: Any) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        inner = _type(parts[0])
        constraints = [bound for part in parts[1:] for bound in getattr(part, "metadata", [part])]
        return f"{inner}{_bounds(constraints)}"
    if origin is Literal:
        return " | ".join("true" if part is True else str(part) for part in parts)
    if origin in (Union, types.UnionType):
        return " or ".join("null" if part is type(None) else _type(part) for part in parts)
    if origin is tuple:
        return f"list of {_type(parts[0])}"
    if origin is dict:
        return f"mapping of {_type(parts[0])} to {_type(parts[1])}"
    section = section_of(annotation)
    return f"entries of {', '.join(section.model_fields)}" if section else WORDS[annotation]


def _bounds(constraints: Sequence[Any]) -> str:
    """Return lower and upper bound in words, ready to follow a type; '' for none."""
    bounds = {
        name: value
        for constraint in constraints
        for name in ("ge", "gt", "le", "lt")
        if (value := getattr(constraint, name, None)) is not None
    }
    number = {name: _value(value) for name, value in bounds.items()}
    low = number["ge"] if "ge" in number else f"above {number['gt']}" if "gt" in number else ""
    high = number["le"] if "le" in number else f"below {number['lt']}" if "lt" in number else ""
    if low and high:
        return f", {low} to {high}"
    if low:
        return f", {low}" if low.startswith("above") else f", at least {low}"
    return f", {high}" if high.startswith("below") else f", at most {high}" if high else ""


def _value(value: object) -> str:
    """Return `value` as it is written on a command line, quoted where a shell needs it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list | dict):
        plain = list(value) if isinstance(value, tuple) else value
        return str(yaml.safe_dump(plain, default_flow_style=True, width=1000)).strip()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _table(group: Group) -> str:
    title = f"## {group.name}" if group.name else "## In no section"
    doc = " ".join(group.doc.split()) if group.name else ""
    rows = [
        f"| `{setting.name}` | `{setting.default}` | {_cell(setting.values)} |"
        f" {_cell(f'{setting.sentence} {setting.details}'.strip())} |"
        for setting in group.settings
    ]
    head = ["| setting | default | values | meaning |", "|---|---|---|---|"]
    return "\n".join([title, "", *([doc, ""] if doc else []), *head, *rows, ""])


def _cell(text: str) -> str:
    return text.replace(" | ", ", ").replace("``", "`").replace("|", r"\|")


if __name__ == "__main__":
    sys.stdout.write(reference())
