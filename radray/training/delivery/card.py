"""The model card: what a model is for and not for, what it was made of, under which terms, and what it came to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

CARD = "README.md"
"""The card's name in a model folder."""

CURVES = "curves.svg"
"""The name of its picture there."""

_USE = """\
This model writes the IMPRESSION of a radiology report from its FINDINGS (and background, where the prompt has it). It
is for retrospective review and research: to look at many reports at once, to measure, to find reports that a person
should read again.

It is **not** for drafting into a report that will be signed, and not for decisions about a patient. Nobody has read
what it writes.

## Limits

- It may leave out a finding, turn a negation round, take the wrong side, or write what the findings do not say. ROUGE
  does not see these: read the clinical checks beside it, and the radiologists' own rate beside those.
- Most impressions are normal and easily had; a mean over all reports says little of abnormal ones.
- It knows the reports that it was trained on: other hospitals, scanners, body parts and languages were not seen.
- Whole sentences of its training text may come back in what it writes.
"""

_TERMS = """\
The weights come from the text of the training reports and fall under its terms, as does what the model writes. What
is learnt from MIMIC-CXR falls under its PhysioNet data use agreement: such a model is **not published**, and is shared
only with people who have signed it. Reports of a hospital fall under what the hospital has agreed to.
"""


def write_card(folder: Path, name: str, made: Mapping[str, Any]) -> None:
    """Write the card of the model `name` as CARD into `folder`, from what its manifest will say: `made`.

    It holds settings and figures, and no text of a report. What `made` does not have is left out.
    """
    base = made.get("base", {}).get("name")
    head = {
        "library_name": "transformers",
        "pipeline_tag": "summarization",
        "language": "en",
        "license": "other",
        "license_name": "terms-of-the-training-reports",
        **({"base_model": base} if base else {}),
        "tags": ["radiology", "radray"],
    }
    parts = [
        f"---\n{yaml.safe_dump(head, sort_keys=False)}---\n",
        f"# {name}\n",
        f"## Intended use\n\n{_USE}",
        f"## Data and its terms\n\n{_list(_data(made))}\n{_TERMS}",
        f"## What it came to\n\n{_list(_flat(made.get('metrics', {})))}\n![Curves of the training]({CURVES})\n",
        "ROUGE here is of a sample of the validation reports while it learnt, F-measures from 0 to 1; what the model\n"
        "is worth, on reports that nothing was chosen by, `jobs.evaluate` says.\n",
        f"## How it was made\n\nBase model: {base or 'not told'}. Prompt: {made.get('prompt_id', 'not told')}.\n",
        f"{_list(_flat(made.get('settings', {})))}",
        *([f"The plan before it:\n\n{_list(dict.fromkeys(made['plan']))}"] if made.get("plan") else []),
        f"Versions:\n\n{_list(_flat(made.get('versions', {})))}",
        "`manifest.json` says all of this for programs, with the sha256 of every file, this one included.\n",
    ]
    (folder / CARD).write_text("\n".join(parts), encoding="utf-8")


def _data(made: Mapping[str, Any]) -> dict[str, Any]:
    examples = made.get("examples", {})
    found = {
        "dataset": made.get("dataset"),
        "batch date": made.get("batch_date"),
        "training reports": examples.get("train"),
        "validation reports": examples.get("validation"),
        "digest of both": made.get("data_digest"),
        **_flat(made.get("targets", {}), "targets, "),
        **{f"split, {name}": value for name, value in made.get("split", {}).items()},
    }
    return {name: value for name, value in found.items() if value is not None}


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested `values` as one level, names joined by a dot; what is off is left out."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        elif value is not None:
            flat[f"{prefix}{name}"] = value
    return flat


def _list(values: Mapping[str, Any]) -> str:
    """Return `values` as lines of a list: name and value, or the name alone."""
    lines = (f"- {name}" if value is None else f"- {name}: {_said(value)}" for name, value in values.items())
    return "".join(f"{line}\n" for line in lines)


def _said(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
