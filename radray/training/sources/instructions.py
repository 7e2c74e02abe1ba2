"""Instructions of others that a model learns from: a file of JSON lines with instruction, input and output."""

import json
from typing import NamedTuple

from radray.errors import ConfigError
from radray.reports.record.identity import normalise
from radray.settings.root import Settings
from radray.settings.train import INSTRUCTION
from radray.storage.failures import MissingFile
from radray.storage.files import Storage
from radray.tables.identity import digest
from radray.tasks.answering import GoldSource
from radray.training.sources.reports import split_cut
from radray.training.sources.source import Row, TaskExamples, drawn_units, times_drawn

INSTRUCTION_PROMPT = "instruction-v1"
"""Id of the prompt. It never changes; another one gets another id."""
_SETTING = "train.instructions"


class Instruction(NamedTuple):
    """A line of the file."""

    key: str
    """Digest of the words of the question: those with one key are never in training and validation both."""
    number: int
    """Its line, from 1."""
    prompt: str
    output: str


def read_instructions(uri: str, storage: Storage) -> list[Instruction]:
    """Return the instructions of the JSON lines file at `uri`, in order; of equal ones the first.

    Blank lines are passed over. Raises ConfigError for no file, one that is not UTF-8 or without an instruction, and
    for the first line that is none, with its number.
    """
    try:
        lines = storage.read(uri).decode("utf-8-sig").split("\n")
    except (MissingFile, OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{_SETTING}: {uri} is not a file in UTF-8 ({type(error).__name__})") from None
    first: dict[tuple[str, str], Instruction] = {}
    for number, line in enumerate(lines, 1):
        if line.strip():
            instruction = _parse(line, number, uri)
            first.setdefault((instruction.key, instruction.output), instruction)
    if not first:
        raise ConfigError(f"{_SETTING}: {uri} has no instructions")
    return list(first.values())


def _parse(line: str, number: int, uri: str) -> Instruction:
    try:
        value = json.loads(line)
        # one line each: neither can look like the end of the prompt
        question, text = (" ".join(part.split()) for part in (value["instruction"], value.get("input") or ""))
        output = value["output"].strip()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        question = text = output = ""
    if not question or not output:
        raise ConfigError(
            f"{_SETTING}: line {number:,} of {uri} is no JSON object with the texts instruction, output and, where"
            " there is one, input"
        ) from None
    words = [normalise(part) or part for part in (question, text)]
    prompt = "\n".join(filter(None, (question, text, "Answer:")))
    return Instruction(digest(words)[:32], number, prompt, output)


def instruction_examples(settings: Settings, storage: Storage) -> TaskExamples:
    """Return the examples of `train.instructions`, validation cut by the words of the question as that of reports is.

    Raises ConfigError as `read_instructions`, and where none is left to train on.
    """
    uri = str(settings.train.instructions)
    cut = split_cut(settings)
    sides: dict[str, list[Instruction]] = {"train": [], "validation": []}
    for instruction in sorted(read_instructions(uri, storage)):
        sides[str(cut.split_of("train", instruction.key))].append(instruction)
    drawn = drawn_units((its.key for its in sides["train"]), settings)
    train = [instruction for instruction in sides["train"] if instruction.key in drawn]
    if not train:
        raise ConfigError(f"{_SETTING}: all instructions of {uri} are validation: set split.validation_fraction")
    times = times_drawn(len(train), INSTRUCTION, settings)
    return TaskExamples(
        INSTRUCTION,
        [_example(its, copy) for its, count in zip(train, times, strict=True) for copy in range(count)],
        [_example(its) for its in sides["validation"]],
        [its.key for its, count in zip(train, times, strict=True) for _ in range(count)],
        len(train),
        {GoldSource.FILE.value: len(train)},
    )


def _example(instruction: Instruction, copy: int = 0) -> Row:
    return {
        "unit_id": f"{instruction.key}/{instruction.number:08}",
        "copy": copy,
        "input": instruction.prompt,
        "target": instruction.output,
        "reference": None,
    }
