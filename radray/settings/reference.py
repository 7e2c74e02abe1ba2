"""The page of all settings: ``python -m radray.settings.reference > radray/settings/README.md`` writes it anew."""

import sys

from radray.settings.listing import Group, groups

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


def reference() -> str:
    """Return the page as Markdown."""
    return "\n".join([INTRODUCTION, *(_section(group) for group in groups())])


def _section(group: Group) -> str:
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
