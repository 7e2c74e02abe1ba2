"""The prompts: how findings and background become a model's input. A prompt never changes; a new one gets a new id."""

from radray.tasks.task import Prompt

_INSTRUCTION = "Impression of findings: {findings}"
"""Short: FLAN-T5 follows an instruction, but a tiny T5 trained from scratch must learn to ignore a long one."""
_FINDINGS, _BACKGROUND, _CUE = "Findings: {findings}", "Background: {background}", "Impression:"
_PAIRS = "Write the impression of each radiology report in as few words as its findings allow."
_SIMILAR = "Similar report: {impression}"
_ASK = "Write the impression of this radiology report in as few words as its findings allow."

PROMPTS: dict[str, Prompt] = {
    prompt.id: prompt
    for prompt in (
        # findings first: input that is too long loses its end, and a report can be summarised without its indication;
        # the order does not matter to a bidirectional encoder
        Prompt(
            "background-findings-v1",
            f"{_INSTRUCTION} {_BACKGROUND}",
            _INSTRUCTION,
            background_first=f"{_BACKGROUND} {_INSTRUCTION}",
        ),
        Prompt("findings-v1", _INSTRUCTION, _INSTRUCTION),
        # a causal model goes on where its input ends: the last line asks for the impression
        Prompt(
            "sections-v1",
            f"{_FINDINGS}\n{_BACKGROUND}\n{_CUE}",
            f"{_FINDINGS}\n{_CUE}",
            background_first=f"{_BACKGROUND}\n{_FINDINGS}\n{_CUE}",
        ),
        Prompt(
            "chat-sections-v1",
            f"{_FINDINGS}\n{_BACKGROUND}\n{_ASK}",
            f"{_FINDINGS}\n{_ASK}",
            chat=True,
            background_first=f"{_BACKGROUND}\n{_FINDINGS}\n{_ASK}",
        ),
        # the impressions of similar training reports, the nearest first: input that is too long loses the farthest,
        # before its own findings lose a word
        Prompt(
            "similar-findings-v1",
            f"{_INSTRUCTION} {_BACKGROUND}{{exemplars}}",
            _INSTRUCTION + "{exemplars}",
            exemplar=f" {_SIMILAR}",
            background_first=f"{_BACKGROUND} {_INSTRUCTION}{{exemplars}}",
        ),
        Prompt(
            "similar-sections-v1",
            f"{_FINDINGS}\n{_BACKGROUND}\n{{exemplars}}{_CUE}",
            f"{_FINDINGS}\n{{exemplars}}{_CUE}",
            exemplar=f"{_SIMILAR}\n",
            background_first=f"{_BACKGROUND}\n{_FINDINGS}\n{{exemplars}}{_CUE}",
        ),
        # whole pairs before the report, and before all that differs from report to report
        Prompt(
            "pairs-findings-v1",
            f"{_PAIRS}{{exemplars}} {_INSTRUCTION} {_BACKGROUND}",
            f"{_PAIRS}{{exemplars}} {_INSTRUCTION}",
            exemplar=f" {_FINDINGS} {_CUE} {{impression}}",
        ),
        Prompt(
            "pairs-sections-v1",
            f"{_PAIRS}\n{{exemplars}}{_FINDINGS}\n{_BACKGROUND}\n{_CUE}",
            f"{_PAIRS}\n{{exemplars}}{_FINDINGS}\n{_CUE}",
            exemplar=f"{_FINDINGS}\n{_CUE} {{impression}}\n",
            stop="\nFindings:",
        ),
    )
}
"""All prompts by id."""

DEFAULTS = {"t5": "background-findings-v1", "causal": "sections-v1"}
"""Prompt of a model that was trained with none, by family."""
