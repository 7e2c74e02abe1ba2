"""The task `change`: a report and the one before of the same patient in, what is new, gone, better or worse out.

Right answers are known only of synthetic patients, whose course was there before their reports (`synthetic/courses`):
nothing is known of how well anybody answers it on real reports.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from radray.reports.synthetic.courses import CONCEPTS, COURSE, STATES
from radray.schema.statuses import NotAskedReason
from radray.tasks.answering import PRIOR_READS, AnswerTask, Counts, Entry, Example, GoldSource, Outcome, Parsed
from radray.tasks.change.floors import both_reports, words
from radray.tasks.entries import parse_entries, write_entries
from radray.tasks.floors import constant, nearest
from radray.tasks.report import REPORT_READS, report_inputs, without_breaks
from radray.tasks.task import Prompt

_ASK, _CUE = "List what changed since the prior report, each new, gone, better, worse or unchanged.", "Changes:"
_CAUSAL = Prompt(
    "change-report-v1", f"Findings: {{findings}}\nImpression: {{impression}}\nPrior report: {{prior}}\n{_ASK} {_CUE}"
)
_T5 = Prompt(
    "change-instruction-v1",
    f"{_ASK} Findings: {{findings}} Impression: {{impression}} Prior report: {{prior}}",
)
_NOTHING = Parsed(entries=())


def make_examples(report: Mapping[str, Any]) -> Sequence[Example]:
    """Return the one example of a report; nothing is asked without an earlier report of the patient.

    Of a night's reports the right answer is not known; of a corpus only what has a course is asked.
    """
    inputs = report_inputs(report)
    prior = " ".join(filter(None, (without_breaks(report.get(name)) for name in PRIOR_READS)))
    if inputs is None:
        return [Example(reason=NotAskedReason.NO_TEXT)]
    if not prior:
        return [Example(reason=NotAskedReason.NO_PRIOR)]
    inputs["prior"] = prior
    if report["split"] == "live":
        return [Example(inputs=inputs)]
    course = _course(report["human_codes"])
    if course is None:
        return [Example(reason=NotAskedReason.NO_GOLD)]
    return [Example(inputs=inputs, gold=Parsed(entries=course), gold_source=GoldSource.COURSE)]


def write(answer: Parsed) -> str:
    """Return an answer as a model learns to write it: "pleural effusion: worse; nodule: new"."""
    return write_entries(answer.entries or ())


def parse(text: str) -> Parsed | None:
    """Return the changes of a model's text; None where any of it is none, or it says two things of one concept."""
    entries = parse_entries(text, CONCEPTS, STATES, ())
    return None if entries is None else Parsed(entries=entries)


def score(example: Example, answer: Parsed | None) -> Outcome:
    """Compare `answer` with the right one, by state: an entry is right where concept and state are."""
    right, given = (
        {(entry.name, entry.state) for entry in (its.entries or () if its else ())} for its in (example.gold, answer)
    )
    counts = {
        state: Counts(
            *(sum(its == state for _, its in entries) for entries in (right & given, given - right, right - given))
        )
        for state in STATES
    }
    return Outcome(answer is not None and right == given, {state: its for state, its in counts.items() if any(its)})


def _course(codes: str | None) -> tuple[Entry, ...] | None:
    """Return the course that `codes` of a synthetic report say; None: none, it is another report's codes."""
    if codes is None or not codes.startswith(COURSE):
        return None
    parts = (part.partition("=") for part in codes.removeprefix(COURSE).split(",") if part)
    return tuple(Entry(name, state) for name, _, state in parts)


TASK = AnswerTask(
    id="change",
    reads=(*REPORT_READS, "human_codes", *PRIOR_READS),
    prompts={prompt.id: prompt for prompt in (_CAUSAL, _T5)},
    defaults={"causal": _CAUSAL.id, "t5": _T5.id},
    probe={"findings": "Large left pleural effusion.", "impression": "", "prior": "Small left pleural effusion."},
    version="change-1",
    make_examples=make_examples,
    write=write,
    parse=parse,
    score=score,
    floors={
        "constant": constant(write, _NOTHING),
        "nearest": nearest(_NOTHING),
        "words": words,
        "both reports": both_reports,
    },
)
"""What changed since the patient's report before."""
