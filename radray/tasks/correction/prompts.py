"""The prompts of `correction`. A prompt never changes; a new one gets a new id."""

from radray.tasks.task import Prompt

PROMPTS = {
    prompt.id: prompt
    for prompt in (
        Prompt(
            "correction-report-v1",
            "Findings: {findings}\nBackground: {background}\nImpression: {impression}\n"
            "Answer fine, or the impression without its error.\nCorrection:",
        ),
        # the impression first: input that is too long loses its end
        Prompt(
            "correction-instruction-v1",
            "Answer fine, or correct the impression: {impression} Findings: {findings} Background: {background}",
        ),
    )
}
"""By id."""

DEFAULTS = {"t5": "correction-instruction-v1", "causal": "correction-report-v1"}
"""Prompt of a model that was trained with none, by family."""
