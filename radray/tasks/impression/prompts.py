"""The prompts: how findings and background become a model's input. A prompt never changes; a new one gets a new id."""

from dataclasses import dataclass

from radray.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Prompt:
    """A named template of a model's input."""

    id: str
    template: str
    """Template for a report with a background, with {findings} and {background}."""
    bare_template: str
    """Template for a report without a background, with {findings}."""

    def fill(self, findings: str, background: str | None) -> str:
        """Return the model's input. A blank background counts as none; blank findings leave only the instruction."""
        if background and background.strip():
            return self.template.format(findings=findings, background=background)
        return self.bare_template.format(findings=findings)


_INSTRUCTION = "Impression of findings: {findings}"
"""Short: FLAN-T5 follows an instruction, but a tiny T5 trained from scratch must learn to ignore a long one."""

PROMPTS: dict[str, Prompt] = {
    prompt.id: prompt
    for prompt in (
        # findings first: input that is too long loses its end, and a report can be summarised without its indication;
        # the order does not matter to a bidirectional encoder
        Prompt("background-findings-v1", _INSTRUCTION + " Background: {background}", _INSTRUCTION),
        Prompt("findings-v1", _INSTRUCTION, _INSTRUCTION),
    )
}
"""All prompts by id."""


def get_prompt(prompt_id: str) -> Prompt:
    """Return the prompt `prompt_id`. Raises ConfigError, listing the known prompts, if there is none of that id."""
    prompt = PROMPTS.get(prompt_id)
    if prompt is None:
        raise ConfigError(f"model.prompt: unknown prompt {prompt_id!r}; known: {', '.join(sorted(PROMPTS))}")
    return prompt
