"""How often each question has each answer: ``python -m tests.benchmarks.question_prevalences``.

Counts the answers by people's codes in the training part of Open-i (see `task_split`); sizes by rule, since no code has
them. Prints the lines of `radray.tasks.questions.prevalences`, which has the questions with 12 or more answers that
something is there, and those of a night; then the questions that would be drawn by template and answer, and how often
our rules agree where codes alone say what is right. Needs RADRAY_DATA.
"""

from collections import Counter, defaultdict

from radray.reports.formats import openi_csv as openi
from radray.tasks.codes import CODED, codes_of
from radray.tasks.questions.prevalences import QUESTIONS, STANDING, share
from radray.tasks.questions.readings import by_codes, by_rules
from radray.tasks.questions.templates import (
    NO,
    NONE,
    PLACE,
    PRESENCE,
    SEVERITY,
    SIDE,
    SIZE,
    UNSTATED,
    denies,
    label_of,
)
from tests.benchmarks.task_split import splits
from tests.benchmarks.trained_model import say
from tests.support.paths import openi_file

LEAST = 12
_PLACES = ("upper_lobe", "lower_lobe", "base", "apex", "hilum")


def _items() -> list[str]:
    concepts = [f"{template}.{coded.id}" for template in (PRESENCE, SIDE, SEVERITY) for coded in CODED]
    places = [f"{PLACE}.{side}.{place}" for side in ("left", "right") for place in _PLACES]
    return [*concepts, *places, f"{PLACE}.right.middle_lobe", f"{PLACE}.lingula", SIZE]


def main() -> None:
    """Print the counts."""
    chosen = splits()
    with openi_file().open("rb") as opened:
        records = [its for its in openi.read(opened) if chosen.get(str(its.study_id)) == "train"]
    coded = [
        (codes, [record.findings or "", record.reference or ""])
        for record in records
        if (codes := codes_of({"format": "openi_csv", "human_codes": record.human_codes})) is not None
    ]
    say(f"{len(records):,} reports, {len(coded):,} of them with codes")
    drawn: dict[str, float] = defaultdict(float)
    agreed: dict[str, float] = {}
    by_template: dict[str, float] = defaultdict(float)
    for item in _items():
        counts = Counter[str]()
        for codes, texts in coded:
            by_rule = by_rules(item, texts)
            answer = by_codes(item, codes, texts) or (by_rule[0] if item == SIZE and len(by_rule) == 1 else None)
            if answer is None:
                continue
            kind = "given" if item == SIZE and answer != NONE else answer
            counts[kind] += 1
            if item in QUESTIONS:
                label = label_of(item, answer) or ""
                drawn[label] += share(item, answer)
                if item != SIZE and not denies(item, answer):
                    agreed.setdefault(label, 0.0)
                    agreed[label] += share(item, answer) * (label_of(item, by_rule[0]) == label)
        if counts.total() - sum(counts[answer] for answer in (NO, UNSTATED, NONE)) >= LEAST or item in STANDING:
            say(f'    "{item}": {dict(sorted(counts.items()))},'.replace("'", '"'))
    for label, number in sorted(drawn.items()):
        by_template[label.partition(":")[0]] += number
        by_rules_too = f", of which our rules answer {agreed[label] / number:.3f} so" if label in agreed else ""
        say(f"{label:30} {number:7.1f} drawn{by_rules_too}")
    say("questions a report: " + ", ".join(f"{name} {its / len(coded):.2f}" for name, its in by_template.items()))


if __name__ == "__main__":
    main()
