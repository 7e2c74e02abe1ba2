"""The task `correction`: what is planted is an error that the findings show, and neither text alone gives it away."""

import re
from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.checks.check import check
from radray.reports.formats import openi_csv
from radray.reports.synthetic.studies import make_studies
from radray.reports.text.sections import parse as parse_report
from radray.schema.statuses import NotAskedReason
from radray.tasks.answering import Counts, Example, Parsed
from radray.tasks.correction.floors import FLOORS
from radray.tasks.correction.planted import part_of
from radray.tasks.correction.planting.attributes import location, severity, side
from radray.tasks.correction.planting.omissions import omission
from radray.tasks.correction.planting.statements import PATTERNS, Report
from radray.tasks.correction.planting.topics import TOPICS, Topic
from radray.tasks.correction.suspicion import ERROR, FINE, suspicion
from radray.tasks.correction.task import MOST_CHARACTERS, MOST_OF_A_SENTENCE, TASK
from tests.support.paths import openi_file

NORMAL = {
    "unit_id": "u1",
    "split": "test",
    "background": None,
    "findings": "Heart size is normal. The lungs are clear. No pleural effusion or pneumothorax. The bones are intact.",
    "reference": "No acute disease.",
    "body_part": "chest",
}
ADDED = ("polarity", "unsupported")
"""Errors of an impression that has a finding too many."""


def asked(**changes: Any) -> list[Example]:
    return list(TASK.make_examples({**NORMAL, **changes}))


def many(count: int = 400, **changes: Any) -> list[Example]:
    return [example for number in range(count) for example in asked(unit_id=f"u{number}", **changes)]


def test_half_of_the_impressions_have_an_error_as_unit_id_decides() -> None:
    examples = many()
    assert len(examples) == 400
    assert 160 < sum(example.gold.value == ERROR for example in examples if example.gold) < 240
    assert many() == examples


def test_in_training_each_impression_is_fine_once_and_wrong_once() -> None:
    for number in range(20):
        error, fine = asked(unit_id=f"u{number}", split="train")
        assert error.gold is not None
        assert (error.gold.value, fine.gold) == (ERROR, Parsed(FINE))
        assert error.gold.rewritten != error.inputs["impression"]
        assert error.item != fine.item


def test_a_night_asks_about_the_impression_as_it_is() -> None:
    inputs = {"findings": str(NORMAL["findings"]), "background": "", "impression": "No acute disease."}
    assert asked(split="live") == [Example(inputs=inputs)]


@pytest.mark.parametrize("reference", [None, "", " \n"])
def test_without_an_impression_nothing_is_asked(reference: str | None) -> None:
    assert asked(reference=reference) == [Example(reason=NotAskedReason.NO_IMPRESSION)]


def test_nothing_is_planted_in_a_text_too_long_or_not_of_the_chest() -> None:
    long = many(20, findings="No effusion. " * (MOST_CHARACTERS // 12))
    knee = many(20, body_part="knee", findings="The knee is normal.", reference="Normal knee.")
    endless = many(20, findings=f"No effusion {'or effusion ' * (MOST_OF_A_SENTENCE // 12)}.")
    assert {example.item for example in (*long, *endless, *knee)} == {"as-is"}


def test_own_words_are_changed_where_they_name_what_findings_have() -> None:
    report = Report(
        "There is a small left pleural effusion. The heart is normal.", None, "Small left pleural effusion."
    )
    for planter, wrong in (
        (side, "Small right pleural effusion."),
        (severity, "Large pleural effusion."),
        (omission, None),
    ):
        error = planter(Random(1), report)
        assert error is not None
        assert wrong in (None, error.wrong)
        assert "left" not in error.wrong
    lobe = Report("There is a nodule in the right upper lobe.", None, "Right upper lobe nodule.")
    error = location(Random(1), lobe)
    assert error is not None
    assert error.wrong == "Right lower lobe nodule."
    examples = many(40, findings=report.findings, reference=report.impression)
    errors = {"own.side", "own.severity", "own.omission", "own.polarity"}
    assert {example.item for example in examples} == {"own.as-is", *errors}
    assert {part_of(item) for item in ("own.side", "planted.stated", "as-is")} == {"own", "planted", None}
    for example in examples:
        fine = example.item == "own.as-is"
        assert example.inputs["findings"] == report.findings
        assert (example.inputs["impression"] == report.impression) is fine
        assert example.gold == (Parsed(FINE) if fine else Parsed(ERROR, report.impression))


def test_a_check_sees_each_invention_and_nothing_in_a_right_denial() -> None:
    """A second reader, who shares no words with the planting; it need not know what the descriptions are of."""
    kinds = {"unsupported": True, "polarity": True, "denied": False, "passed-over": False}
    for example in many(300):
        item = example.item.split(".")[1]
        if item in kinds:
            flags = check(example.inputs["impression"], example.inputs["findings"], None).flags
            assert any(flags.values()) is kinds[item], example.item


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_each_wording_has_each_attribute_and_findings_have_no_name(topic: Topic) -> None:
    attributes = topic.draw(Random(1))
    assert attributes
    for seed in range(10):
        drawn = topic.draw(Random(seed))
        others = topic.others(Random(seed), drawn)
        assert all(others[name] != value for name, value in drawn.items())
    for wording in (*topic.described, *topic.concluded, *topic.beside):
        assert all(f"{{{name}}}" in wording for name in attributes), wording
    for described in topic.described:
        assert not any(noun in described.casefold() for noun in topic.nouns)
        assert not PATTERNS[topic.name].search(described) or topic.name in ("cardiomegaly", "scoliosis")
    for beside in topic.beside:
        assert not any(PATTERNS[other.name].search(beside) for other in TOPICS)


def test_all_that_impressions_say_of_a_finding_is_as_often_right_as_wrong() -> None:
    counts: Counter[tuple[str, bool]] = Counter()
    for example in many(3000):
        part, item = example.item.split(".")
        error = example.gold is not None and example.gold.value == ERROR
        says = {"denied": "denies", "denial": "denies", "passed-over": "is silent", "omission": "is silent"}
        counts[says.get(item, "asserts"), error] += 1
        counts["findings have it" if item not in ("denied", "passed-over", *ADDED) else "they do not", error] += 1
        assert part == "planted"
    for claim in ("asserts", "denies", "is silent", "findings have it", "they do not"):
        assert counts[claim, True] / (counts[claim, True] + counts[claim, False]) == pytest.approx(0.5, abs=0.05), claim


def test_nothing_is_said_of_the_whole_chest_beside_a_conclusion() -> None:
    own = "Tortuous aorta. No acute disease. Normal chest otherwise."
    for example in many(300, reference=own):
        item = example.item.split(".")[1]
        impression = example.inputs["impression"]
        if item in ("denied", "denial", "passed-over", "omission"):
            assert "No acute disease." in impression
        else:
            assert "Tortuous aorta." in impression
            assert not re.search("acute disease|Normal chest", impression)
        if example.gold is not None and example.gold.rewritten is not None:
            assert not re.search("acute disease|Normal chest", example.gold.rewritten)
    mild = "Mild thoracic curve without acute disease."
    assert {example.item for example in many(20, reference=mild)} == {"as-is"}


@pytest.mark.parametrize("own", ["No acute disease.", "Tortuous aorta. No acute disease."])
def test_a_repair_is_written_in_words_of_the_inputs_or_normal(own: str) -> None:
    for example in many(300, reference=own):
        if example.gold is not None and example.gold.rewritten is not None:
            known = set(re.findall(r"\w+", " ".join(example.inputs.values()).casefold()))
            needed = set(re.findall(r"\w+", example.gold.rewritten.casefold()))
            assert needed <= known or example.gold.rewritten == own == "No acute disease."
            assert not TASK.score(example, Parsed(ERROR, "Another.")).correct
            assert not TASK.score(example, Parsed(ERROR, example.inputs["impression"])).correct
            assert TASK.score(example, example.gold).correct


@pytest.mark.parametrize("floor", ["wording", "both texts"])
def test_words_alone_hardly_give_a_planted_error_away(floor: str) -> None:
    synthetic = []
    for number, study in enumerate(make_studies(900, seed=3)):
        parsed = parse_report(study.text)
        split = "train" if number < 600 else "test"
        texts = {"findings": parsed.get("findings"), "reference": parsed.get("impression")}
        if all(texts.values()):
            synthetic.append((split, asked(unit_id=f"s{number}", split=split, **texts)))
    training = [example for split, examples in synthetic if split == "train" for example in examples]
    asked_of = [example for split, examples in synthetic if split == "test" for example in examples]
    tested = [example for example in asked_of if example.item.startswith("planted.")]
    assert len(tested) > 100
    answers = FLOORS[floor](training, tested)
    right = sum(
        answer.value == example.gold.value for answer, example in zip(answers, tested, strict=True) if example.gold
    )
    assert right / len(tested) < 0.7


def test_real_reports_have_as_many_errors_as_fine_impressions() -> None:
    file = openi_file()
    if not file.is_file():
        pytest.skip(f"no Open-i reports at {file}: set RADRAY_DATA to the folder that has them")
    with file.open("rb") as opened:
        records = [record for record in openi_csv.read(opened) if record.findings and record.reference]
    examples = [
        example
        for record in records
        for example in asked(
            unit_id=record.source_digest,
            findings=record.findings,
            background=record.background,
            reference=record.reference,
            body_part=record.body_part,
        )
    ]
    items = Counter(example.item for example in examples)
    errors = sum(example.gold.value == ERROR for example in examples if example.gold)
    assert len(examples) == len(records)
    assert 0.45 < errors / len(examples) < 0.55
    parts = Counter(part_of(example.item) for example in examples)
    assert min(parts["own"], items["own.as-is"], items["planted.stated"], items["planted.omission"]) > 20
    assert parts[None] < 0.1 * len(examples)


def test_both_texts_sees_what_the_findings_lack() -> None:
    """The same impressions, fine and wrong: only the findings tell."""

    def example(side: str, of_findings: str) -> Example:
        inputs = {"findings": f"Effusion on the {of_findings}.", "background": "", "impression": f"{side} effusion."}
        return Example(inputs=inputs, gold=Parsed(FINE if side == of_findings else ERROR))

    examples = [example(side, other) for side in ("left", "right") for other in ("left", "right")]
    assert [answer.value for answer in FLOORS["both texts"](examples, examples)] == [FINE, ERROR, ERROR, FINE]
    assert len({answer.value for answer in FLOORS["wording"](examples, examples)}) == 1


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", None),
        (" \n", None),
        ("fine", Parsed(FINE)),
        (" Fine.\n", Parsed(FINE)),
        ("Fine scarring.", Parsed(ERROR, "Fine scarring.")),
        ("Small\nleft  effusion.", Parsed(ERROR, "Small left effusion.")),
    ],
)
def test_an_answer_is_fine_or_the_repaired_impression(text: str, answer: Parsed | None) -> None:
    assert TASK.parse(text) == answer


@given(st.one_of(st.just(Parsed(FINE)), st.text(min_size=1).map(lambda text: Parsed(ERROR, f"No {text}"))))
def test_an_answer_is_read_as_it_was_written(answer: Parsed) -> None:
    parsed = TASK.parse(TASK.write(answer))
    assert parsed is not None
    assert (parsed.value, TASK.write(parsed)) == (answer.value, TASK.write(answer))


def test_seeing_an_error_is_scored_by_label_and_its_repair_as_correct() -> None:
    inputs = {"findings": "Small left effusion, 1.5 cm.", "impression": "Small right effusion, 1.5 cm."}
    wrong = Example("side", inputs, Parsed(ERROR, "Small left effusion, 1.5 cm."))
    seen, missed, false = Counts(1, 0, 0), Counts(0, 0, 1), Counts(0, 1, 0)
    for answer, correct, counts in (
        (Parsed(ERROR, "small left effusion 1.5 cm"), True, {ERROR: seen}),
        (Parsed(ERROR, "small left effusion 15 cm"), False, {ERROR: seen}),
        (Parsed(FINE), False, {ERROR: missed, FINE: false}),
        (None, False, {ERROR: missed}),
    ):
        outcome = TASK.score(wrong, answer)
        assert (outcome.correct, outcome.counts) == (correct, counts)
    assert TASK.score(Example(gold=Parsed(FINE)), Parsed(FINE)).correct
    assert TASK.score(Example(gold=Parsed(FINE)), Parsed(ERROR, "No.")).counts == {FINE: missed, ERROR: false}


def test_a_repair_counts_where_it_can_be_known() -> None:
    def repaired(right: str, text: str) -> bool:
        example = Example(
            "side", {"findings": "Fluid on the left.", "impression": "Fluid, right."}, Parsed(ERROR, right)
        )
        return TASK.score(example, Parsed(ERROR, text)).correct

    assert repaired("Fluid, left.", "fluid left")
    assert not repaired("Fluid, left.", "Fluid, right.")
    assert not repaired("Fluid, left.", "Normal chest.")
    assert repaired("No acute disease.", "Normal chest.")
    assert not repaired("No acute disease.", "Fluid.")
    assert repaired("Effusion.", "Fluid.")


def test_suspicion_is_by_decision_and_then_by_confidence() -> None:
    ranked = [
        suspicion(Parsed(FINE), -0.01),
        suspicion(Parsed(FINE), -1.5),
        suspicion(None, None),
        suspicion(Parsed(ERROR, "x"), -2.0),
        suspicion(Parsed(ERROR, "x"), -0.1),
    ]
    assert ranked == sorted(set(ranked))
    assert (suspicion(Parsed(FINE), None), suspicion(Parsed(ERROR), None)) == (0, 1)


def test_a_check_repairs_by_leaving_the_sentence_out() -> None:
    inputs = {"findings": "Small left pleural effusion. Clear lungs.", "background": ""}
    wrong = Example(inputs={**inputs, "impression": "Small right pleural effusion. No pneumonia."})
    sound = Example(inputs={**inputs, "impression": "Small left pleural effusion."})
    for name in ("checks of Tier A", "all checks"):
        assert FLOORS[name]([], [wrong, sound]) == [Parsed(ERROR, "No pneumonia."), Parsed(FINE)]
    assert FLOORS["always fine"]([], [wrong, sound]) == [Parsed(FINE), Parsed(FINE)]
    training = [Example(inputs=wrong.inputs, gold=Parsed(ERROR)), Example(inputs=sound.inputs, gold=Parsed(FINE))]
    assert FLOORS["wording"]([], [wrong]) == [Parsed(FINE)]
    assert FLOORS["wording"](training, [wrong, sound]) == [Parsed(ERROR), Parsed(FINE)]
    assert FLOORS["both texts"]([], [wrong]) == FLOORS["both texts"](training[:1], [wrong]) == [Parsed(FINE)]
    assert FLOORS["both texts"](training, []) == []
