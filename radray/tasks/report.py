"""What tasks ask of a whole report: its texts on a line each, and the prompts that begin with them."""

from collections.abc import Mapping
from typing import Any

from radray.tasks.task import Prompt

REPORT_READS = ("findings", "reference")
"""Columns of `reports` that `report_inputs` needs."""


def without_breaks(text: str | None) -> str:
    """Return `text` with each run of white space as one space, so that it cannot end a prompt's line; None: ""."""
    return " ".join((text or "").split())


def report_inputs(report: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the findings and the radiologist's impression of a row of `reports`, a line each; None: it has neither."""
    inputs = {"findings": without_breaks(report["findings"]), "impression": without_breaks(report["reference"])}
    return inputs if any(inputs.values()) else None


def report_prompts(task: str, ask: str, cue: str) -> tuple[dict[str, Prompt], dict[str, str]]:
    """Return the prompts of a task of `report_inputs`, by id, and which is the default of each family.

    For a causal model the report comes first, so that the prompts of all tasks of a report begin alike; the question
    and the cue share the last line, which an input that is too long keeps. For T5, whose long inputs lose their end,
    the question comes first.
    """
    causal = Prompt(f"{task}-report-v1", f"Findings: {{findings}}\nImpression: {{impression}}\n{ask} {cue}:")
    t5 = Prompt(f"{task}-instruction-v1", f"{ask} Findings: {{findings}} Impression: {{impression}}")
    return {prompt.id: prompt for prompt in (causal, t5)}, {"causal": causal.id, "t5": t5.id}
