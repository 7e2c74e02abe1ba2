"""Tasks made up for tests: SIDES asks two questions of a report, SIZE one, if the report has an impression.

`registered` puts them among the tasks that there are.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from radray.schema.statuses import NotAskedReason
from radray.tasks import registry
from radray.tasks.answering import AnswerTask, Counts, Entry, Example, GoldSource, Outcome, Parsed
from radray.tasks.task import Prompt


def _sides(report: Mapping[str, Any]) -> list[Example]:
    text = report["findings"] or ""
    examples = []
    for side in ("left", "right"):
        gold = None if report["split"] == "live" else Parsed(value="yes" if side in text.lower() else "no")
        source = None if gold is None else GoldSource.RULES
        examples.append(Example(side, {"findings": text, "side": side}, gold, source))
    return examples


def _sizes(report: Mapping[str, Any]) -> list[Example]:
    if not report["reference"]:
        return [Example(reason=NotAskedReason.NO_IMPRESSION)]
    if report["reference"] == "broken":
        raise ValueError(report["reference"])
    entries = tuple(Entry(word, "size") for word in ("small", "large") if word in report["findings"].lower())
    return [Example("", {"findings": report["findings"]}, Parsed(entries=entries), GoldSource.RULES)]


def _write(answer: Parsed) -> str:
    if answer.entries is None:
        return answer.value or ""
    return ", ".join(entry.name for entry in answer.entries) or "none"


def _parse_side(text: str) -> Parsed | None:
    return Parsed(value=text) if text in ("yes", "no") else None


def _parse_sizes(text: str) -> Parsed | None:
    names = [] if text == "none" else text.split(", ")
    return Parsed(entries=tuple(Entry(name, "size") for name in names)) if {*names} <= {"small", "large"} else None


def _score(example: Example, answer: Parsed | None) -> Outcome:
    correct = answer == example.gold
    return Outcome(correct, {"all": Counts(int(correct), 0, int(not correct))})


def _never(training: Sequence[Example], asked: Sequence[Example]) -> list[Parsed]:
    return [Parsed(value="no", entries=()) for _ in asked]


def _prompts(name: str, template: str) -> dict[str, Prompt]:
    return {f"{name}-v1": Prompt(f"{name}-v1", template)}


SIDES = AnswerTask(
    id="sides",
    reads=("findings",),
    prompts=_prompts("sides", "Findings: {findings}\nIs it on the {side}?\nAnswer:"),
    defaults={"t5": "sides-v1", "causal": "sides-v1"},
    probe={"findings": "Clear.", "side": "left"},
    version="sides-1",
    make_examples=_sides,
    write=_write,
    parse=_parse_side,
    score=_score,
    floors={"never": _never},
)
SIZE = replace(
    SIDES,
    id="size",
    reads=("findings", "reference"),
    prompts=_prompts("size", "Findings: {findings}\nSizes:"),
    defaults={"t5": "size-v1", "causal": "size-v1"},
    probe={"findings": "Clear."},
    version="size-1",
    make_examples=_sizes,
    parse=_parse_sizes,
)


@contextmanager
def registered(*tasks: AnswerTask) -> Iterator[None]:
    """Let `tasks` be among those that there are while the block runs."""
    added = {task.id: task for task in tasks}
    with patch.dict(registry.ANSWER_TASKS, added), patch.dict(registry.TASKS, added):
        yield
