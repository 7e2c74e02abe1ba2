import pytest

from radray.errors import ConfigError
from radray.settings.model import ModelSettings
from radray.tasks.impression.prompts import PROMPTS, get_prompt


@pytest.mark.parametrize(
    ("prompt_id", "background", "expected"),
    [
        (
            "background-findings-v1",
            "Indication: Cough",
            "Impression of findings: Clear {x}. Background: Indication: Cough",
        ),
        ("background-findings-v1", "{findings}", "Impression of findings: Clear {x}. Background: {findings}"),
        ("background-findings-v1", None, "Impression of findings: Clear {x}."),
        ("background-findings-v1", " ", "Impression of findings: Clear {x}."),
        ("findings-v1", "Indication: Cough", "Impression of findings: Clear {x}."),
        ("findings-v1", None, "Impression of findings: Clear {x}."),
    ],
)
def test_a_prompt_is_filled(prompt_id: str, background: str | None, expected: str) -> None:
    assert get_prompt(prompt_id).fill("Clear {x}.", background) == expected


def test_every_prompt_is_got_by_its_id_and_the_default_exists() -> None:
    assert [get_prompt(prompt_id).id for prompt_id in PROMPTS] == list(PROMPTS)
    assert ModelSettings().prompt in PROMPTS


def test_an_unknown_prompt_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"model\.prompt: .*'v0'; known: background-findings-v1, findings-v1"):
        get_prompt("v0")
