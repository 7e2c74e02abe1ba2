"""All tasks, and which of them, under which prompt, a model is asked: its manifest decides, no setting may differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from radray.errors import ConfigError
from radray.reports.record.identity import normalise
from radray.settings.model import ModelSettings
from radray.tasks.answering import AnswerTask, AskedTask
from radray.tasks.change.task import TASK as CHANGE
from radray.tasks.correction.task import TASK as CORRECTION
from radray.tasks.devices.task import TASK as DEVICES
from radray.tasks.impression.task import IMPRESSION
from radray.tasks.labels.task import TASK as LABELS
from radray.tasks.questions.task import TASK as QUESTIONS
from radray.tasks.sections.task import TASK as SECTIONS
from radray.tasks.task import Exemplar, ImpressionTask, Prompt, Task

_ANSWERED: tuple[AnswerTask, ...] = (
    LABELS,
    DEVICES,
    SECTIONS,
    QUESTIONS,
    CORRECTION,
    CHANGE,
)
ANSWER_TASKS: dict[str, AnswerTask] = {task.id: task for task in _ANSWERED}
"""Tasks whose rows are `examples` and `answers`, by id."""
TASKS: dict[str, Task] = {IMPRESSION.id: IMPRESSION, **ANSWER_TASKS}
"""All tasks by id."""

EXEMPLARS = 3
"""Training reports in a prompt that shows some, where no setting says otherwise."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a model is asked that writes impressions: under which prompt, and what that shows."""

    task: ImpressionTask
    prompt: Prompt
    exemplars: int = 0
    """Most similar training reports that the prompt shows before each report."""
    fixed: tuple[Exemplar, ...] = field(default=(), repr=False)
    """Exemplars that it shows before every report in their place."""

    def fill(self, report: Mapping[str, Any], exemplars: Sequence[Exemplar] = ()) -> str:
        """Return the model's input for `report`, which has the columns that the task reads.

        It shows the fixed exemplars where there are some, else `exemplars`.
        """
        return self.task.fill(self.prompt, report, self.fixed or exemplars, fixed=bool(self.fixed))

    def beside(self, findings: str) -> "Asked":
        """Return the same asked without fixed exemplars of the same words as `findings`: their answer is learnt."""
        own = normalise(findings)
        return replace(self, fixed=tuple(its for its in self.fixed if normalise(its.findings) != own))

    def showing(self, fixed: Sequence[Exemplar], name: str, trained: Mapping[str, Any]) -> "Asked":
        """Return what the model `name` is asked with `fixed` exemplars; with none, the same.

        `trained` is its manifest's provenance. Raises ConfigError for a prompt that shows no exemplars, and a model
        that was trained without these.
        """
        if not fixed:
            return self
        if self.prompt.exemplar is None:
            raise ConfigError(f"model.exemplars_file is set, but prompt {self.prompt.id} shows no exemplars")
        if "prompt_id" in trained and "fixed_exemplars" not in trained:
            raise ConfigError(f"model.exemplars_file is set, but model {name} was trained without: leave it unset")
        return replace(self, exemplars=0, fixed=tuple(fixed))

    @property
    def decides(self) -> dict[str, Any]:
        """What the key of a run has of it beside its ids: fixed exemplars, which a model may not have in its folder."""
        pairs = [[its.findings, its.impression] for its in self.fixed]
        return {"exemplars": pairs} if pairs else {}

    def background_first(self) -> "Asked":
        """Return the same asked with the background before the findings; where the prompt has no such order, as is."""
        order = self.prompt.background_first
        return self if order is None else replace(self, prompt=replace(self.prompt, template=order))

    @property
    def provenance(self) -> dict[str, Any]:
        """What a manifest records of it, and `choose` reads."""
        shown = {"exemplars": self.exemplars} if self.exemplars else {}
        shown |= {"fixed_exemplars": len(self.fixed)} if self.fixed else {}
        return {"task": self.task.id, "prompt_id": self.prompt.id, **shown}


def find_prompt(prompt_id: str, exemplars: int | None = None) -> Asked:
    """Return the impression's prompt `prompt_id` with `exemplars` (None: EXEMPLARS), none where it shows none.

    Raises ConfigError, listing all prompts, if there is no such prompt.
    """
    prompt = IMPRESSION.prompts.get(prompt_id)
    if prompt is not None:
        return Asked(IMPRESSION, prompt, 0 if prompt.exemplar is None else exemplars or EXEMPLARS)
    known = ", ".join(sorted(IMPRESSION.prompts))
    raise ConfigError(f"model.prompt: unknown prompt {prompt_id!r}; known: {known}")


def refuse_unknown(settings: ModelSettings) -> None:
    """Raise ConfigError when `settings` name a prompt or a task that there is none of."""
    if settings.task is not None and settings.task != IMPRESSION.id:
        raise ConfigError(
            f"model.task: unknown task {settings.task!r}; known: {IMPRESSION.id}; others are set by tasks"
        )
    if settings.prompt is not None:
        asked = find_prompt(settings.prompt)
        if settings.exemplars is not None and not asked.exemplars:
            raise ConfigError(f"model.exemplars={settings.exemplars}, but prompt {settings.prompt} shows none")


def choose(settings: ModelSettings, name: str, family: str, trained: Mapping[str, Any]) -> Asked:
    """Return what the model `name` of `family` is asked: what it was trained for, else what `settings` say.

    `trained` is its manifest's provenance: its `prompt_id` and `task` (absent: impression), which a model that nobody
    fine-tuned here has not. For that one the settings decide, and where they are silent the task's default for the
    family. Raises ConfigError, naming both, where a setting is another than what the model was trained with, for a
    model that was trained for other tasks alone, and as `refuse_unknown`.
    """
    refuse_unknown(settings)
    trained_prompt = trained.get("prompt_id")
    if trained_prompt is None and "tasks" in trained:
        raise ConfigError(
            f"model {name} was trained for {', '.join(sorted(trained['tasks']))} and for no impressions: set tasks, or"
            " name another model"
        )
    if trained_prompt is None:
        if settings.prompt is not None:
            return find_prompt(settings.prompt, settings.exemplars)
        return find_prompt(IMPRESSION.defaults[family])
    for setting, wanted, has in (
        ("model.prompt", settings.prompt, trained_prompt),
        ("model.task", settings.task, trained.get("task", IMPRESSION.id)),
        ("model.exemplars", settings.exemplars, trained.get("exemplars", 0)),
    ):
        if wanted not in (None, has):
            raise ConfigError(
                f"{setting}={wanted}, but model {name} was trained with {has}: leave {setting} unset, or name another"
                " model"
            )
    return find_prompt(str(trained_prompt), trained.get("exemplars"))


def find_tasks(tasks: Sequence[str], setting: str = "tasks") -> list[AnswerTask]:
    """Return those of `tasks` that have rows in `examples` and `answers`, in order: all but the impression.

    No tasks give none. Raises ConfigError, naming the `setting` and listing all, for a task that there is none of.
    """
    for task_id in tasks:
        if task_id not in TASKS:
            raise ConfigError(f"{setting}: unknown task {task_id!r}; known: {', '.join(sorted(TASKS))}")
    return [ANSWER_TASKS[task_id] for task_id in dict.fromkeys(tasks) if task_id in ANSWER_TASKS]


def asks_impression(tasks: Sequence[str]) -> bool:
    """Return whether impressions are asked for: where no task is named, or the impression is."""
    return not tasks or IMPRESSION.id in tasks


def choose_tasks(
    tasks: Sequence[str], name: str, family: str, trained: Mapping[str, Any], *, learning: bool = False
) -> list[AskedTask]:
    """Return each of `tasks` but the impression, in order, as the model `name` of `family` is asked it.

    `trained` is its manifest's provenance: its `tasks`, prompt ids by task. A model that nobody fine-tuned here has
    none, and is asked by the task's default for the family; so is one that is `learning` a task which is new to it.
    Raises ConfigError for a task that there is none of, and for one that the model was not trained for, naming those
    that it was.
    """
    asked = []
    tuned = not learning and not trained.keys().isdisjoint(("prompt_id", "tasks"))
    for task in find_tasks(tasks):
        learnt = trained.get("tasks", {})
        if tuned and task.id not in learnt:
            first = [trained.get("task", IMPRESSION.id)] if "prompt_id" in trained else []
            knows = ", ".join(sorted({*first, *learnt}))
            raise ConfigError(f"tasks={task.id}, but model {name} was trained for {knows}: name another model")
        prompt_id = learnt.get(task.id, task.defaults[family])
        if prompt_id not in task.prompts:
            raise ConfigError(f"model {name} was trained with prompt {prompt_id}, which this version does not have")
        asked.append(AskedTask(task, task.prompts[prompt_id]))
    return asked
