"""The model card: intended use and limits, training data and its terms, results, and how the model was trained."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from radray.models.manifest import PICKED
from radray.models.neighbours import NEIGHBOURS

CARD = "README.md"
"""The card's name in a model folder."""

CURVES = "curves.svg"
"""The name of its picture there."""

_IMPRESSION = """\
This model writes the IMPRESSION of a radiology report from its FINDINGS (and background, where the prompt has it)."""

_TASKS = """\
This model answers what other tasks ask of a radiology report, each under a prompt of its own: {tasks}."""

_USE = """\
It is for retrospective review and research: to look at many reports at once, to measure, to find reports that a person
should read again.

It is **not** for drafting into a report that will be signed, and not for decisions about a patient. Nobody has
reviewed its output.

## Limits

- It may leave out a finding, invert a negation, name the wrong side, or state something the findings do not. ROUGE
  does not see these errors: read the clinical checks as well, and how often the radiologists' own text fails them.
- Most impressions are normal and easy to write; a mean over all reports says little about the abnormal ones.
- An answer may be of the right form and wrong. Where right answers were our own rules' (gold.rules, below) it has
  learnt their errors too.
- It knows the reports it was trained on: it has not seen other hospitals, scanners, body parts and languages.
- It may repeat whole sentences of its training text.
"""

_TERMS = """\
The weights are derived from the text of the training reports and fall under its terms, and so does the model's output.
A model that has learnt from MIMIC-CXR falls under its PhysioNet data use agreement: such a model is **not published**,
and is shared only with people who have signed that agreement. Reports of a hospital fall under the hospital's terms.
"""


_CARRIES = """
## This folder holds report text

{files}: findings and impressions of reports, word for word, for prompts that show them; of a patient there is a digest
of the id. Keep and share the folder as you would the reports themselves.
`jobs.maintain maintain.erase_subject_id=file:PATH model.uri=FOLDER` takes a patient out of it.
"""


def write_card(folder: Path, name: str, provenance: Mapping[str, Any]) -> None:
    """Write the card of the model `name` as CARD into `folder`, from the `provenance` that its manifest records.

    It holds settings and figures, no report text, and says whether the files that are in `folder` do. What `provenance`
    lacks is left out. Raises OSError.
    """
    base, origin = provenance.get("base", {}).get("name"), provenance.get("base", {}).get("origin", {})
    head = {
        "library_name": "transformers",
        "pipeline_tag": "text-generation" if provenance.get("family") == "causal" else "summarization",
        "language": "en",
        "license": "other",
        "license_name": "terms-of-the-training-reports",
        **({"base_model": base} if base else {}),
        "tags": ["radiology", "radray"],
    }
    carried = [f"`{file}`" for file in (NEIGHBOURS, PICKED) if (folder / file).is_file()]
    parts = [
        f"---\n{yaml.safe_dump(head, sort_keys=False)}---\n",
        f"# {name}\n",
        f"## Intended use\n\n{_purpose(provenance)}\n{_USE}",
        f"## Data and its terms\n\n{_list(_data(provenance))}\n{_TERMS}"
        + (_CARRIES.format(files=", ".join(carried)) if carried else ""),
        f"## Results of the training\n\n{_list(_flat(provenance.get('metrics', {})))}\n"
        f"![Curves of the training]({CURVES})\n",
        "ROUGE here is taken during training on a sample of the validation reports, F-measures from 0 to 1; for the\n"
        "quality of the model on reports that played no part in choosing it, run `jobs.evaluate`.\n",
        "## How it was trained\n",
        f"Base model: {base or 'unknown'}. {_prompts(provenance)}\n",
        *([f"The base model's own terms and origin:\n\n{_list(_flat(origin))}"] if origin else []),
        f"{_list(_flat(provenance.get('settings', {})))}",
        *([f"The plan before it:\n\n{_list(dict.fromkeys(provenance['plan']))}"] if provenance.get("plan") else []),
        f"Versions:\n\n{_list(_flat(provenance.get('versions', {})))}",
        "`manifest.json` has all of this for programs, with the sha256 of every file, this one included.\n",
    ]
    (folder / CARD).write_text("\n".join(parts), encoding="utf-8")


def _purpose(provenance: Mapping[str, Any]) -> str:
    tasks = provenance.get("tasks", {})
    impression = [_IMPRESSION] if "prompt_id" in provenance or not tasks else []
    return "\n".join([*impression, *([_TASKS.format(tasks=", ".join(tasks))] if tasks else [])])


def _prompts(provenance: Mapping[str, Any]) -> str:
    tasks = dict(provenance.get("tasks", {}))
    if "prompt_id" in provenance or not tasks:
        tasks = {provenance.get("task", "impression"): provenance.get("prompt_id", "unknown"), **tasks}
    return " ".join(f"Task: {task}. Prompt: {prompt}." for task, prompt in tasks.items())


def _data(provenance: Mapping[str, Any]) -> dict[str, Any]:
    examples = provenance.get("examples", {})
    what = "examples of all tasks" if provenance.get("tasks") else "reports"
    data = {
        "dataset": provenance.get("dataset"),
        "batch date": provenance.get("batch_date"),
        f"training {what}": examples.get("train"),
        "examples that an epoch learns from these": examples.get("epoch"),
        f"validation {what}": examples.get("validation"),
        "picked exemplars, whose text stands in the folder": provenance.get("fixed_exemplars"),
        "digest of both": provenance.get("data_digest"),
        **_flat(provenance.get("targets", {}), "targets, "),
        **_flat(provenance.get("examples_by_task", {}), "examples, "),
        **{f"split, {name}": value for name, value in provenance.get("split", {}).items()},
    }
    return {name: value for name, value in data.items() if value is not None}


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested `values` as one level, names joined by a dot; None is left out."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        elif value is not None:
            flat[f"{prefix}{name}"] = value
    return flat


def _list(values: Mapping[str, Any]) -> str:
    """Return `values` as the lines of a list: name and value, or the name alone where the value is None."""
    lines = (f"- {name}" if value is None else f"- {name}: {_format(value)}" for name, value in values.items())
    return "".join(f"{line}\n" for line in lines)


def _format(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
