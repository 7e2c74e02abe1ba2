"""A task: what is asked of a model about a report; and the first, which writes its impression."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from radray.evaluation.floors import Floor
from radray.evaluation.rouge import Scorer
from radray.language.exemplar_marks import ALIKE, marked, plain
from radray.settings.generate import GenerateSettings


class Exemplar(Protocol):
    """A training report that a prompt shows."""

    @property
    def findings(self) -> str:
        """Its findings."""
        ...

    @property
    def impression(self) -> str:
        """The impression that was learnt from it."""
        ...


@dataclass(frozen=True, slots=True)
class Prompt:
    """A named template of a model's input. A prompt never changes; a new one gets a new id."""

    id: str
    template: str
    """Template for a report with a background, with {findings}, {background} and, with an `exemplar`, {exemplars}. Its
    last line stays where a causal model's input is cut."""
    bare_template: str | None = None
    """Template for a report without a background, the same without {background}; None: the task has no background, and
    `template` has the names of an example's inputs."""
    chat: bool = False
    """Whether it is a user's turn in the chat template of the model's tokenizer."""
    exemplar: str | None = None
    """Template of each training report that the prompt shows, with {impression} and, where it shows them, {findings};
    None: it shows none."""
    background_first: str | None = None
    """`template` with the background before the findings, for `train.augment`; None: there is none."""
    stop: str | None = None
    """Text with which a model that was not trained for the prompt goes on to another report; None: it does not."""

    def fill(
        self, findings: str, background: str | None, exemplars: Sequence[Exemplar] = (), *, fixed: bool = False
    ) -> str:
        """Return the model's input. A blank background counts as none; blank findings leave only the instruction.

        `exemplars` are passed over by a prompt that shows none; others have marks around each, see
        `language.exemplar_marks`. `fixed`: they are those of all prompts of a run.
        """
        values = {"findings": plain(findings)}
        if self.exemplar is not None:
            values["exemplars"] = "".join(
                marked(self.exemplar.format(findings=plain(exemplar.findings), impression=plain(exemplar.impression)))
                for exemplar in exemplars
            )
            if fixed and "{" not in self.template.partition("{exemplars}")[0]:
                values["exemplars"] += ALIKE
        if background and background.strip():
            return self.template.format(background=plain(background), **values)
        return (self.bare_template or self.template).format(**values)

    def fill_inputs(self, inputs: Mapping[str, str | None]) -> str:
        """Return `template` filled with `inputs`, of which one that is None counts as blank."""
        return self.template.format(**{name: plain(text or "") for name, text in inputs.items()})


FAULTED_BY = ("findings", "background", "modality", "body_part")
"""Columns of a report that the checks of an answer look at."""


@dataclass(frozen=True, slots=True)
class TargetCounts:
    """Numbers of targets from which masks or communications were removed, and of those empty afterwards."""

    masks: int
    communications: int
    empty: int


class MakeTargets(Protocol):
    """Makes the targets of training from the references."""

    def __call__(
        self, references: Iterable[str], *, keep_masks: bool, keep_communications: bool
    ) -> tuple[list[str | None], TargetCounts]:
        """Return the target of each reference, in order, None where nothing is left; and what was removed."""
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked of a model about a report."""

    id: str
    """Stands in a model's manifest, in rows and, but for `impression`, in the key of a run."""
    reads: tuple[str, ...]
    """Columns of `reports` that it needs; of the impression in the order of `Prompt.fill`."""
    prompts: Mapping[str, Prompt]
    """By id; no other task has a prompt of such an id."""
    defaults: Mapping[str, str]
    """Id of the prompt of a model that was trained with none, by family."""
    probe: Mapping[str, str | None]
    """What a prompt is filled with that is about nobody: each start of an engine must answer it before it is given a
    report."""
    decode: Callable[[GenerateSettings], GenerateSettings]
    """Return the settings of generation for its answers, by those that are set."""


@dataclass(frozen=True, slots=True)
class ImpressionTask(Task):
    """Writing the impression of a report, whose rows are `predictions`."""

    make_targets: MakeTargets
    parse: Callable[[str], str | None]
    """What of a model's text is the answer; None: there is none."""
    score: Callable[[Scorer, Mapping[str, Any]], dict[str, Any]]
    """Scores and checks of one answered report, by column of the task's table."""
    faults: Callable[[Mapping[str, Any], str], int]
    """How badly the checks fault an answer to a report, of which they need FAULTED_BY; 0: not at all."""
    floors: Mapping[str, Floor]
    """By name, as `evaluations` has it."""

    def fill(
        self, prompt: Prompt, report: Mapping[str, Any], exemplars: Sequence[Exemplar] = (), *, fixed: bool = False
    ) -> str:
        """Return the model's input for `report`, which has the columns `reads`, with the `exemplars`.

        `fixed`: they are those of all prompts of a run.
        """
        findings, background = (report[name] for name in self.reads)
        return prompt.fill(findings, background, exemplars, fixed=fixed)
