"""Tasks other than the impression: what they ask of a report, and how what a model writes is parsed and scored.

What is asked is an `Example`: a row of `examples`, made by `jobs.prepare`, and of `answers`, once a model answered it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from radray.schema.statuses import NotAskedReason
from radray.settings.generate import GenerateSettings
from radray.tasks.decoding import answer_settings
from radray.tasks.task import Prompt, Task

PRIOR_READS = ("prior_findings", "prior_reference")
"""What a task may read beside columns of `reports`: texts of the patient's report before; None where none is known."""


class Entry(NamedTuple):
    """An entry of an answer that is a list, as `schema.column.ENTRIES` has it."""

    name: str
    """A concept, a kind of device, the number of a sentence: what the task lists."""
    state: str
    """What the answer says of it: present, malpositioned, findings, worse, ..."""
    place: str | None = None
    """Where it is, where the answer says that."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """An answer in the typed columns of `answers`, the right one or a model's; a task uses one or two of these."""

    value: str | None = None
    """A short answer: yes, no, left, fine, ..."""
    rewritten: str | None = None
    """A text that the task asks for, such as a repaired impression."""
    entries: tuple[Entry, ...] | None = None
    """A list, which may be empty; None: the task asks for none."""


class GoldSource(StrEnum):
    """Where the right answer of an example is from."""

    CODES = "codes"
    """Codes that people gave the report, such as Open-i's MeSH."""
    AGREED = "agreed"
    """People's codes leave it out, and our rules read no more in the text: judges models, and never the rules."""
    HEADINGS = "headings"
    """The author's own headings."""
    PLANTED = "planted"
    """An error that was put into a text of which none is known, or that text as it was."""
    COURSE = "course"
    """The course of a synthetic patient, from which the reports were written."""
    FILE = "file"
    """A file of questions and answers, or of instructions."""
    RULES = "rules"
    """Our own rules on the report's text: for training, and never to judge the rules by."""


@dataclass(frozen=True, slots=True)
class Example:
    """What a task asks of a report, with the right answer where it is known."""

    item: str = ""
    """Names it among those that the task asks of the report: letters, digits, "_", "-" and "."; "": the only one."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """What the prompt is filled with, by the names in its template; {}: nothing is asked, for `reason`."""
    gold: Parsed | None = None
    """The right answer; None: not known, as of a night's reports."""
    gold_source: GoldSource | None = None
    reason: NotAskedReason | None = None
    """Why nothing is asked; then it is the report's only example."""


class Counts(NamedTuple):
    """How often a label was given rightly, wrongly, and not where it should be."""

    true_positives: int = 0
    false_positives: int = 0
    false_negatives: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an answer compares with the right one."""

    correct: bool
    """Whether all of it is right."""
    counts: Mapping[str, Counts]
    """By label: a class of a short answer, a finding, a section. F1 is of these, its macro mean over labels."""

    @property
    def f1(self) -> float | None:
        """F of all labels together, 0 to 1; None where neither answer has any."""
        hits, wrong, missed = (
            (sum(counts) for counts in zip(*self.counts.values(), strict=True)) if self.counts else (0,) * 3
        )
        return None if not hits + wrong + missed else 2 * hits / (2 * hits + wrong + missed)


class Floor(Protocol):
    """Answers without a model."""

    def __call__(self, training: Sequence[Example], asked: Sequence[Example]) -> list[Parsed]:
        """Return the answer to each of `asked`, in order, of which the right ones must not be looked at.

        `training` are examples with right answers; without any, what a floor answers then is its own choice.
        """
        ...


class Detection(NamedTuple):
    """How the answers of a task that looks for errors are ranked, to count those seen at a rate of false alarms."""

    error: str
    """Value of a right answer that says there is one."""
    suspicion: Callable[[Parsed | None, float | None], float]
    """Return how much an answer (None: failed) suspects an error, by it and its log-probability a token, if known."""


@dataclass(frozen=True, slots=True)
class AnswerTask(Task):
    """A task whose rows are `examples` and `answers`. Each is a room in `radray/tasks`."""

    version: str
    """Raised when the code makes other examples, or parses or scores otherwise, such as ``labels-1``: part of the keys
    of runs, and `scorer_id` of `answers`."""
    make_examples: Callable[[Mapping[str, Any]], Sequence[Example]]
    """Return what is asked of an ok report, at least one: a row of `reports` with `reads`, unit_id and split.

    In split ``live`` it is what one wants to know of a night's reports, and right answers need not be known; elsewhere
    what can be learnt from or scored. Whatever is drawn depends on unit_id alone, never on other reports."""
    write: Callable[[Parsed], str]
    """Return an answer as a model learns to write it; `parse` gives the same answer back."""
    parse: Callable[[str], Parsed | None]
    """Return what a model's text answers; None: nothing that can be read."""
    score: Callable[[Example, Parsed | None], Outcome]
    """Compare an answer (None: failed) with the right one, which the example has."""
    floors: Mapping[str, Floor]
    """By name, as `evaluations` has it: ``constant``, ``nearest``, ``rules``, ``always no``, ..."""
    detection: Detection | None = None
    """Of a task that looks for errors; None: of another."""
    part_of: Callable[[str], str | None] | None = None
    """Return the part of the examples that an item is of, None without one: each part has figures of its own; None: no
    parts."""
    decode: Callable[[GenerateSettings], GenerateSettings] = field(default=answer_settings, kw_only=True)
    """As in `Task`. Tasks that are asked of one loaded model must have the same."""


@dataclass(frozen=True, slots=True)
class AskedTask:
    """A task under one of its prompts."""

    task: AnswerTask
    prompt: Prompt

    def fill(self, inputs: Mapping[str, str | None]) -> str:
        """Return the model's input for an example's `inputs`."""
        return self.prompt.fill_inputs(inputs)
