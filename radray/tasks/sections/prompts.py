"""The prompts of `sections`. A prompt never changes; a new one gets a new id."""

from radray.tasks.task import Prompt

PROMPTS = {
    prompt.id: prompt
    for prompt in (
        Prompt("sections-report-v1", "Report: {text}\nSection of each sentence by its number.\nSections:"),
        Prompt("sections-instruction-v1", "Section of each numbered sentence. Report: {text}"),
    )
}
"""By id."""

DEFAULTS = {"t5": "sections-instruction-v1", "causal": "sections-report-v1"}
"""Prompt of a model that was trained with none, by family."""
