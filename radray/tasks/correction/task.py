"""The task `correction`: findings and an impression, which is fine or has an error that the findings show.

The impressions are the radiologists' own. In split train each is asked about twice, fine and with an error; elsewhere
once, with an error in half of them, as unit_id decides. An error is a change of the radiologist's words where these
admit one (`planting/attributes.py` and its neighbours): the part ``own`` of the examples, where the fine are as they
are. In the part ``planted`` a finding is planted in findings, impression or both, with and without an error, each in
words of its own (`planting/agreement.py`), so that neither text alone gives the error away, nor words that both have.
The floors ``wording`` and ``both texts`` say how far these do. An impression in which no error can be planted is fine,
and in neither part; so is a human one, though it may have an error of its own. The item names the part and what was
done: ``own.as-is``, ``own.side``, ``planted.stated``, ``planted.denied``, ``planted.passed-over``, ``planted.side``.

The answer is fine, or the impression without its error. Whether an answer finds the error, its value, is scored by
label, the repaired text by `correct`, where it can be known: see `score`.
"""

import re
from collections.abc import Mapping
from random import Random
from typing import Any

from radray.language.normality import is_normal
from radray.schema.statuses import NotAskedReason
from radray.tasks.answering import AnswerTask, Counts, Detection, Example, GoldSource, Outcome, Parsed
from radray.tasks.correction.floors import FLOORS
from radray.tasks.correction.planted import as_is, ask, part_of
from radray.tasks.correction.planting.statements import Report, sentences
from radray.tasks.correction.prompts import DEFAULTS, PROMPTS
from radray.tasks.correction.suspicion import ERROR, FINE, suspicion

MOST_CHARACTERS, MOST_OF_A_SENTENCE = 10_000, 1_000
"""Findings, or an impression, of more, or with such a sentence, have no error planted: ten times a long report;
the word logic of the planting takes time as the square of a sentence."""

_WORDS = re.compile(r"\d+(?:\.\d+)?|\w+")


def make_examples(report: Mapping[str, Any]) -> list[Example]:
    """Return the impression of `report`, fine or with an error; in split train both. Live: as it is, nothing known.

    Without an impression nothing is asked.
    """
    findings, background, impression = report["findings"] or "", report["background"], report["reference"]
    if not impression or not impression.strip():
        return [Example(reason=NotAskedReason.NO_IMPRESSION)]
    inputs = {"findings": findings, "background": background or "", "impression": impression}
    if report["split"] == "live":
        return [Example(inputs=inputs)]
    own = Report(findings, background, impression)
    draw = Random(f"correction {report['unit_id']}")
    wanted = draw.random() < 0.5
    short = _is_short(findings) and _is_short(impression)
    fine, error = ask(draw, own, of_chest=report["body_part"] in (None, "chest")) if short else (as_is(own), None)
    both = report["split"] == "train"
    asked = [error] if error is not None and (wanted or both) else []
    if not asked or both:
        asked.append(fine)
    return [
        Example(
            its.kind,
            {**inputs, "findings": its.findings, "impression": its.impression},
            Parsed(FINE) if its.right is None else Parsed(ERROR, its.right),
            GoldSource.PLANTED,
        )
        for its in asked
    ]


def _is_short(text: str) -> bool:
    return len(text) <= MOST_CHARACTERS and all(len(each) <= MOST_OF_A_SENTENCE for each in sentences(text))


def write(answer: Parsed) -> str:
    """Return ``fine``, or the repaired impression on one line."""
    return FINE if answer.value == FINE else " ".join((answer.rewritten or "").split())


def parse(text: str) -> Parsed | None:
    """Return the answer of `text`: ``fine``, or all of it as the repaired impression; None for blank text."""
    answer = " ".join(text.split())
    if not answer:
        return None
    return Parsed(FINE) if answer.rstrip(".").casefold() == FINE else Parsed(ERROR, answer)


def score(example: Example, answer: Parsed | None) -> Outcome:
    """Return whether the error, or that there is none, was seen, and as `correct` whether it was rightly repaired too.

    Labels are ``error`` and ``fine``. Capitals and punctuation of a repaired text do not matter; of a normal impression
    any normal one is a right repair. Where the right text has a word that stands in no input, and is not normal, nobody
    can know it: the repair does not count.
    """
    gold = example.gold or Parsed()
    right, given = str(gold.value), None if answer is None else answer.value
    seen = given == right
    counts = {right: Counts(int(seen), 0, int(not seen))}
    if given is not None and not seen:
        counts[given] = Counts(0, 1, 0)
    return Outcome(seen and (right == FINE or _is_repaired(example, (answer and answer.rewritten) or "")), counts)


def _is_repaired(example: Example, rewritten: str) -> bool:
    right = (example.gold and example.gold.rewritten) or ""
    if _words(rewritten) == _words(right):
        return True
    if is_normal(right) is True:
        return is_normal(rewritten) is True
    return not set(_words(right)) <= set(_words(" ".join(example.inputs.values())))


def _words(text: str) -> list[str]:
    return _WORDS.findall(text.casefold())


TASK = AnswerTask(
    id="correction",
    reads=("findings", "background", "reference", "body_part"),
    prompts=PROMPTS,
    defaults=DEFAULTS,
    probe={"findings": "The lungs are clear. No effusion.", "background": "", "impression": "No acute disease."},
    version="correction-2",
    make_examples=make_examples,
    write=write,
    parse=parse,
    score=score,
    floors=FLOORS,
    detection=Detection(ERROR, suspicion),
    part_of=part_of,
)
"""Seeing and repairing an error in an impression."""
