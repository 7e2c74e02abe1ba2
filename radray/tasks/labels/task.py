"""The task `labels`: findings and impression in, the findings that the report has out."""

from collections.abc import Mapping, Sequence
from typing import Any

from radray.schema.statuses import NotAskedReason
from radray.tasks.answering import AnswerTask, Example, GoldSource, Parsed
from radray.tasks.codes import FORMATS, codes_of
from radray.tasks.entries import SIDES, parse_entries, write_entries
from radray.tasks.floors import constant, nearest
from radray.tasks.labels.floors import by_rules, fitted_rules, rules
from radray.tasks.labels.labels import LABELS
from radray.tasks.labels.readings import STATES, read_codes
from radray.tasks.labels.scores import score
from radray.tasks.report import REPORT_READS, report_inputs, report_prompts

_NOTHING = Parsed(entries=())
_PROMPTS, _DEFAULTS = report_prompts("labels", "List the findings, each present, uncertain or absent.", "Labels")


def make_examples(report: Mapping[str, Any]) -> Sequence[Example]:
    """Return the one example of a report.

    The right answer is what people coded, where they did, else what our rules read; of a night's it is not known. One
    that people gave up coding is not asked: rules list denials, too, which the answers beside it never do.
    """
    inputs = report_inputs(report)
    if inputs is None:
        return [Example(reason=NotAskedReason.NO_TEXT)]
    if report["split"] == "live":
        return [Example(inputs=inputs)]
    codes = codes_of(report)
    if codes is not None:
        return [Example(inputs=inputs, gold=Parsed(entries=read_codes(codes)), gold_source=GoldSource.CODES)]
    if report["format"] in FORMATS and report["human_codes"]:
        return [Example(reason=NotAskedReason.NO_GOLD)]
    return [Example(inputs=inputs, gold=by_rules(inputs), gold_source=GoldSource.RULES)]


def write(answer: Parsed) -> str:
    """Return an answer as a model learns to write it: "pleural effusion: present, left; edema: uncertain"."""
    return write_entries(answer.entries or ())


def parse(text: str) -> Parsed | None:
    """Return the labels of a model's text; None where any of it is no label, or it says two things of one."""
    entries = parse_entries(text, LABELS, STATES, SIDES)
    return None if entries is None else Parsed(entries=entries)


TASK = AnswerTask(
    id="labels",
    reads=(*REPORT_READS, "human_codes", "format"),
    prompts=_PROMPTS,
    defaults=_DEFAULTS,
    probe={"findings": "The lungs are clear. No pleural effusion or pneumothorax.", "impression": "Normal chest."},
    version="labels-2",
    make_examples=make_examples,
    write=write,
    parse=parse,
    score=score,
    floors={
        "constant": constant(write, _NOTHING),
        "nearest": nearest(_NOTHING),
        "rules": rules,
        "fitted rules": fitted_rules,
    },
)
"""Which findings a report has."""
