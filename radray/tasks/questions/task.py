"""The task `questions`: findings, impression and a question in, a short answer out."""

from collections.abc import Mapping, Sequence
from typing import Any

from radray.schema.statuses import NotAskedReason
from radray.tasks.answering import AnswerTask, Counts, Example, GoldSource, Outcome, Parsed
from radray.tasks.codes import codes_of
from radray.tasks.questions.floors import FLOORS
from radray.tasks.questions.prevalences import QUESTIONS, STANDING, is_drawn
from radray.tasks.questions.readings import by_codes, by_rules
from radray.tasks.questions.templates import (
    SIZE,
    denies,
    family_of,
    label_of,
    parse_answer,
    template_of,
    write_question,
)
from radray.tasks.report import REPORT_READS, report_inputs, report_prompts

_PROMPTS, _DEFAULTS = report_prompts("questions", "Question: {question}", "Answer")


def make_examples(report: Mapping[str, Any]) -> Sequence[Example]:
    """Return the questions that are asked of a report: the standing ones of a night, else those drawn for it.

    The right answer is by people's codes where the report has Open-i's, else by our rules; a size is by rule always.
    That something is not there has our rules' consent beside the codes.
    """
    inputs = report_inputs(report)
    if inputs is None:
        return [Example(reason=NotAskedReason.NO_TEXT)]
    if report["split"] == "live":
        return [Example(item, {**inputs, "question": write_question(item)}) for item in STANDING]
    texts = list(inputs.values())
    codes = codes_of(report)
    examples = []
    for item in QUESTIONS:
        coded = codes is not None and template_of(item) != SIZE
        answer = by_codes(item, codes or (), texts) if coded else _alone(by_rules(item, texts))
        if answer is not None and is_drawn(report["unit_id"], item, answer):
            by_people = GoldSource.AGREED if denies(item, answer) else GoldSource.CODES
            source = by_people if coded else GoldSource.RULES
            asked = {**inputs, "question": write_question(item)}
            examples.append(Example(item, asked, Parsed(value=answer), source))
    return examples or [Example(reason=NotAskedReason.NOT_DRAWN)]


def _alone(answers: Sequence[str]) -> str | None:
    return answers[0] if len(answers) == 1 else None


def write(answer: Parsed) -> str:
    """Return an answer as a model learns to write it; "" without one."""
    return answer.value or ""


def parse(text: str) -> Parsed | None:
    """Return the short answer of a model's text; None where it is none of any question's."""
    answer = parse_answer(text)
    return None if answer is None else Parsed(value=answer)


def score(example: Example, answer: Parsed | None) -> Outcome:
    """Compare an answer with the right one, of which there is one label: "presence: yes".

    In a place a finding of the same family is right. An answer that the question does not allow, or a failed one, is
    wrong and gives no label.
    """
    right = example.gold.value if example.gold is not None else None
    given = answer.value if answer is not None else None
    correct = right is not None and given is not None and family_of(given) == family_of(right)
    wanted, named = (None if its is None else label_of(example.item, its) for its in (right, given))
    counts: dict[str, Counts] = {}
    if wanted is not None:
        counts[wanted] = Counts(1, 0, 0) if correct else Counts(0, 0, 1)
    if named is not None and not correct:
        missed = counts.get(named, Counts())
        counts[named] = missed._replace(false_positives=1)
    return Outcome(correct, counts)


TASK = AnswerTask(
    id="questions",
    reads=(*REPORT_READS, "format", "human_codes"),
    prompts=_PROMPTS,
    defaults=_DEFAULTS,
    probe={
        "findings": "The lungs are clear. No pleural effusion or pneumothorax.",
        "impression": "Normal chest.",
        "question": write_question("presence.pneumothorax"),
    },
    version="questions-2",
    make_examples=make_examples,
    write=write,
    parse=parse,
    score=score,
    floors=FLOORS,
)
"""Short answers to written questions about a report."""
