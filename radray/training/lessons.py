"""What a model is to learn: which tasks, each under which prompt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from radray.errors import ConfigError
from radray.settings.root import Settings
from radray.settings.train import INSTRUCTION
from radray.tasks.answering import AskedTask
from radray.tasks.impression.task import IMPRESSION
from radray.tasks.registry import Asked, choose, choose_tasks, find_tasks, refuse_unknown
from radray.training.sources.instructions import INSTRUCTION_PROMPT


@dataclass(frozen=True, slots=True)
class Lessons:
    """The tasks that a model is to learn, each as the model is asked it."""

    impression: Asked | None
    """The impression; None: the model learns to write none."""
    answered: tuple[AskedTask, ...] = ()
    """Those whose examples are rows of `examples`, by id."""
    instructions: bool = False
    """Whether it learns those of `train.instructions`."""

    @property
    def tasks(self) -> dict[str, str]:
        """Prompt ids by task, of all but the impression."""
        own = {INSTRUCTION: INSTRUCTION_PROMPT} if self.instructions else {}
        return {asked.task.id: asked.prompt.id for asked in self.answered} | own

    @property
    def chat(self) -> bool:
        """Whether the inputs go through the chat template of the model's tokenizer: all, or none."""
        return self.impression is not None and self.impression.prompt.chat

    @property
    def provenance(self) -> dict[str, Any]:
        """What a manifest records of it, and `registry.choose` and `choose_tasks` read."""
        impression = {} if self.impression is None else self.impression.provenance
        return {**impression, **({"tasks": self.tasks} if self.tasks else {})}


def refuse_unknown_lessons(settings: Settings) -> None:
    """Raise ConfigError for a task in `train.tasks` that there is none of, and for a prompt of what is not learnt.

    And as `registry.refuse_unknown`.
    """
    refuse_unknown(settings.model)
    weights = settings.train.weights
    find_tasks([task for task in weights if task != INSTRUCTION], "train.tasks")
    if IMPRESSION.id not in weights:
        for name in ("prompt", "exemplars", "exemplars_file"):
            if getattr(settings.model, name) is not None:
                raise ConfigError(f"model.{name} is of impressions, which train.tasks does not name: leave it unset")


def choose_lessons(settings: Settings, name: str, family: str, trained: Mapping[str, Any]) -> Lessons:
    """Return what the model `name` of `family` is to learn: `train.tasks`, each as it was trained, else as is usual.

    `trained` is its manifest's provenance; of fixed exemplars nothing is known yet. Raises ConfigError as
    `refuse_unknown_lessons` and `registry.choose`, and where one prompt is a turn of a chat and another is not.
    """
    refuse_unknown_lessons(settings)
    weights = settings.train.weights
    # a task that is new to a model begins with its usual prompt, so of one that wrote no impressions nothing is to obey
    impression = (
        choose(settings.model, name, family, {key: trained[key] for key in trained.keys() - {"tasks"}})
        if IMPRESSION.id in weights
        else None
    )
    ids = sorted(weights.keys() - {INSTRUCTION})
    lessons = Lessons(
        impression,
        tuple(choose_tasks(ids, name, family, trained, learning=True)),
        INSTRUCTION in weights,
    )
    others = {asked.task.id: asked.prompt.chat for asked in lessons.answered}
    others |= {INSTRUCTION: False} if lessons.instructions else {}
    if impression is not None and (other := [task for task, chat in others.items() if chat != lessons.chat]):
        raise ConfigError(
            f"model.prompt={impression.prompt.id} is {'' if lessons.chat else 'not '}a turn of a chat, and the prompt"
            f" of {other[0]} is otherwise: one model has one form; set another model.prompt"
        )
    return lessons


def describe_lessons(settings: Settings) -> list[str]:
    """Return lines: what is read, what of it is learnt how often, and what is held out. Reads no table."""
    train = settings.train
    others = [task for task in train.weights if task not in (IMPRESSION.id, INSTRUCTION)]
    lines = []
    if train.reads_reports:
        tables = "reports" + (f", examples of {', '.join(others)}" if others else "")
        lines.append(f"read {settings.warehouse.uri}: {tables}, batch_date={settings.date}, split=train")
    if train.instructions is not None:
        lines.append(f"read {train.instructions}: instructions")
    if train.weights.keys() != {IMPRESSION.id}:
        drawn = ", ".join(f"{task} {weight:g}" for task, weight in train.weights.items())
        lines.append(f"learn in each epoch, by how often the examples of a task are drawn: {drawn}")
    lines.append(f"hold out {settings.split.validation_fraction:.0%} of the split keys for validation")
    if IMPRESSION.id in train.weights:
        lines.append(
            "remove masks and sentences of communication from targets (train.keep_masks, train.keep_communications)"
        )
    return lines
