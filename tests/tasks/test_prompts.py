from string import Formatter

import pytest

from radray.errors import ConfigError
from radray.models.families.registry import FAMILY_OF
from radray.tasks.answering import AnswerTask
from radray.tasks.impression.prompts import PROMPTS
from radray.tasks.registry import ANSWER_TASKS, TASKS, find_prompt


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
        ("sections-v1", "Cough", "Findings: Clear {x}.\nBackground: Cough\nImpression:"),
        ("sections-v1", None, "Findings: Clear {x}.\nImpression:"),
        (
            "chat-sections-v1",
            "Cough",
            "Findings: Clear {x}.\nBackground: Cough\n"
            "Write the impression of this radiology report in as few words as its findings allow.",
        ),
        (
            "chat-sections-v1",
            None,
            "Findings: Clear {x}.\n"
            "Write the impression of this radiology report in as few words as its findings allow.",
        ),
    ],
)
def test_a_prompt_is_filled(prompt_id: str, background: str | None, expected: str) -> None:
    assert find_prompt(prompt_id).prompt.fill("Clear {x}.", background) == expected


def test_every_prompt_is_got_by_its_id_and_no_two_tasks_share_one() -> None:
    assert [find_prompt(prompt_id).prompt.id for prompt_id in PROMPTS] == list(PROMPTS)
    ids = [prompt_id for task in TASKS.values() for prompt_id in task.prompts]
    assert len(set(ids)) == len(ids)
    assert all(prompt_id == prompt.id for task in TASKS.values() for prompt_id, prompt in task.prompts.items())


@pytest.mark.parametrize("task", ANSWER_TASKS.values(), ids=ANSWER_TASKS)
def test_a_task_fills_its_prompts_with_its_inputs_and_asks_last(task: AnswerTask) -> None:
    for prompt in task.prompts.values():
        assert _fields(prompt.template) == task.probe.keys()
    # a question is ours and short, and what a prompt that is too long must not lose
    assert _fields(task.prompts[task.defaults["causal"]].template.rpartition("\n")[2]) <= {"question"}


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_every_family_has_a_default_prompt_in_every_task() -> None:
    for task in TASKS.values():
        assert set(task.defaults) == set(FAMILY_OF.values())
        assert set(task.defaults.values()) <= set(task.prompts)


def test_a_prompt_for_causal_models_ends_with_a_line_that_asks() -> None:
    for prompt_id in ("sections-v1", "chat-sections-v1"):
        for template in (PROMPTS[prompt_id].template, PROMPTS[prompt_id].bare_template):
            assert "{" not in template.rpartition("\n")[2]


def test_an_unknown_prompt_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"model\.prompt: .*'v0'; known: background-findings-v1, chat-s"):
        find_prompt("v0")
