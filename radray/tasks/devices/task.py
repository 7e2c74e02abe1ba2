"""The task `devices`: findings and impression in, the devices that the report has out."""

from collections.abc import Mapping, Sequence
from typing import Any

from radray.schema.statuses import NotAskedReason
from radray.tasks.answering import AnswerTask, Example, GoldSource, Parsed
from radray.tasks.codes import codes_of
from radray.tasks.devices.kinds import KINDS
from radray.tasks.devices.readings import PLACES, STATES, read_codes, read_texts
from radray.tasks.devices.scores import score
from radray.tasks.entries import parse_entries, write_entries
from radray.tasks.floors import constant, nearest
from radray.tasks.report import REPORT_READS, report_inputs, report_prompts

_NOTHING = Parsed(entries=())
_PROMPTS, _DEFAULTS = report_prompts(
    "devices", "List the tubes, lines, implants and foreign bodies, with state and place.", "Devices"
)


def make_examples(report: Mapping[str, Any]) -> Sequence[Example]:
    """Return the one example of a report; of a night's report the right answer is not known.

    In split ``test`` it is what people coded, where they did. Else it is what our rules read: the codes know neither a
    tube's kind nor a malposition, and a model that learnt from them could say neither.
    """
    inputs = report_inputs(report)
    if inputs is None:
        return [Example(reason=NotAskedReason.NO_TEXT)]
    if report["split"] == "live":
        return [Example(inputs=inputs)]
    codes = codes_of(report) if report["split"] == "test" else None
    if codes is not None:
        return [Example(inputs=inputs, gold=Parsed(entries=read_codes(codes)), gold_source=GoldSource.CODES)]
    return [Example(inputs=inputs, gold=_by_rules(inputs), gold_source=GoldSource.RULES)]


def _by_rules(inputs: Mapping[str, str]) -> Parsed:
    return Parsed(entries=read_texts(inputs.values()))


def write(answer: Parsed) -> str:
    """Return an answer as a model learns to write it: "enteric tube: malpositioned, right, main bronchus"."""
    return write_entries(answer.entries or ())


def parse(text: str) -> Parsed | None:
    """Return the devices of a model's text; None where any of it is no device, or it says two things of one kind."""
    entries = parse_entries(text, KINDS, STATES, PLACES)
    return None if entries is None else Parsed(entries=entries)


def rules(training: Sequence[Example], asked: Sequence[Example]) -> list[Parsed]:
    """Return what our rules read in each report; training is of no use to them."""
    return [_by_rules(its.inputs) for its in asked]


TASK = AnswerTask(
    id="devices",
    reads=(*REPORT_READS, "human_codes", "format"),
    prompts=_PROMPTS,
    defaults=_DEFAULTS,
    probe={"findings": "Right PICC with tip in the SVC. The lungs are clear.", "impression": "No acute disease."},
    version="devices-2",
    make_examples=make_examples,
    write=write,
    parse=parse,
    score=score,
    floors={"constant": constant(write, _NOTHING), "nearest": nearest(_NOTHING), "rules": rules},
)
"""Which devices a report has."""
