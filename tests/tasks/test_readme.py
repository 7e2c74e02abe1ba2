"""The task of radray/tasks/README.md, as the page has it: whoever copies it has a task that works."""

import re
import textwrap
from types import ModuleType

import pytest

from radray.errors import ConfigError
from radray.tasks import registry
from radray.tasks.answering import AnswerTask, Counts, Parsed
from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def prior() -> AnswerTask:
    page = (ROOT / "radray" / "tasks" / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^ *```python\n(.*?)^ *```", page, re.DOTALL | re.MULTILINE)
    module = ModuleType("prior")
    exec(compile(textwrap.dedent(code), "radray/tasks/README.md", "exec"), module.__dict__)
    task = module.__dict__["PRIOR"]
    assert isinstance(task, AnswerTask)
    return task


def test_the_pages_task_asks_and_reads_back_what_it_writes(prior: AnswerTask) -> None:
    report = {"findings": "Clear.", "comparison_state": "present", "split": "train"}
    (example,) = prior.make_examples(report)
    assert example.gold is not None
    assert prior.parse(prior.write(example.gold)) == example.gold == Parsed(value="yes")
    assert prior.parse("Perhaps.") is None
    (unknown,) = prior.make_examples({**report, "comparison_state": "unknown"})
    assert unknown.reason == "no_gold"
    (asked,) = prior.make_examples({**report, "comparison_state": "unknown", "split": "live"})
    assert (asked.gold, asked.inputs) == (None, {"findings": "Clear."})


def test_the_pages_task_scores_an_answer_and_none(prior: AnswerTask) -> None:
    (example,) = prior.make_examples({"findings": "Clear.", "comparison_state": "none", "split": "test"})
    right, wrong, missing = (prior.score(example, its) for its in (Parsed(value="no"), Parsed(value="yes"), None))
    assert (right.correct, right.f1) == (True, 1.0)
    assert (wrong.correct, wrong.counts) == (False, {"no": Counts(0, 0, 1), "yes": Counts(0, 1, 0)})
    assert (missing.correct, missing.f1) == (False, 0.0)
    assert prior.floors["constant"]([example], [example] * 2) == [Parsed(value="no")] * 2


def test_a_registered_task_is_asked_under_its_familys_prompt(
    prior: AnswerTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.ANSWER_TASKS, prior.id, prior)
    monkeypatch.setitem(registry.TASKS, prior.id, prior)
    (asked,) = registry.choose_tasks(["impression", "prior"], "m", "causal", {})
    assert asked.fill({"findings": "Clear."}).endswith("earlier exam?\nAnswer:")
    trained = {"prompt_id": "sections-v1", "tasks": {"prior": "prior-instruction-v1"}}
    (asked,) = registry.choose_tasks(["prior"], "m", "causal", trained)
    assert asked.prompt.id == "prior-instruction-v1"
    with pytest.raises(ConfigError, match="model m was trained for impression"):
        registry.choose_tasks(["prior"], "m", "causal", {"prompt_id": "sections-v1"})
    with pytest.raises(ConfigError, match=r"unknown task 'priors'; known: .*prior"):
        registry.choose_tasks(["priors"], "m", "t5", {})
