"""The prompts: how findings and background become a model's input. A prompt never changes, it gets a new id."""

from dataclasses import dataclass

from radray.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Prompt:
    """A named way to write a model's input."""

    id: str
    template: str
    """Text for a report with a background; {findings} and {background} are filled in."""
    bare_template: str
    """Text for a report without a background; {findings} is filled in."""

    def fill(self, findings: str, background: str | None) -> str:
        """Return the model's input. A blank background is none; blank findings leave the instruction alone."""
        if background and background.strip():
            return self.template.format(findings=findings, background=background)
        return self.bare_template.format(findings=findings)


_INSTRUCTION = "Impression of findings: {findings}"
"""Short: FLAN-T5 takes an instruction, but a tiny T5 from scratch must not learn to look past a long one."""

PROMPTS: dict[str, Prompt] = {
    prompt.id: prompt
    for prompt in (
        # Findings first: input that is too long loses its end, and a report without its indication can still be
        # summarised. To an encoder that looks both ways the order is no matter.
        Prompt("background-findings-v1", _INSTRUCTION + " Background: {background}", _INSTRUCTION),
        Prompt("findings-v1", _INSTRUCTION, _INSTRUCTION),
    )
}
"""All prompts by id."""


def get_prompt(prompt_id: str) -> Prompt:
    """Return the prompt called `prompt_id`. Raises ConfigError, naming those there are, if it is not one."""
    prompt = PROMPTS.get(prompt_id)
    if prompt is None:
        raise ConfigError(f"model.prompt: unknown prompt {prompt_id!r}; known: {', '.join(sorted(PROMPTS))}")
    return prompt
