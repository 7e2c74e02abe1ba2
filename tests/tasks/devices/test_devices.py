"""The task `devices`: what is read from codes and texts, and how it is scored."""

import pytest

from radray.schema.statuses import NotAskedReason
from radray.tasks.answering import Counts, Entry, Example, GoldSource, Parsed
from radray.tasks.codes import parse_codes
from radray.tasks.devices.kinds import GROUP_OF, KINDS, group_of
from radray.tasks.devices.readings import read_codes, read_texts
from radray.tasks.devices.task import TASK
from radray.tasks.entries import write_entries

REPORT = {
    "unit_id": "u1",
    "split": "train",
    "format": "openi_csv",
    "findings": "Right internal jugular catheter with its tip in the SVC.",
    "reference": "No acute disease.",
    "human_codes": "Catheters, Indwelling/right",
}


@pytest.mark.parametrize(
    ("codes", "answer"),
    [
        ("normal", "none"),
        ("Cardiomegaly", "none"),
        ("Catheters, Indwelling/left;Catheters, Indwelling/right", "line: present, bilateral"),
        ("Tube, Inserted/trachea, carina;Medical Device", "tube: present; device: present"),
        ("Implanted Medical Device/humerus/left", "orthopedic hardware: present, left"),
        ("Implanted Medical Device/left;Surgical Instruments", "device: present, left; surgical clips: present"),
    ],
)
def test_codes_are_read_as_groups_with_their_sides(codes: str, answer: str) -> None:
    assert write_entries(read_codes(parse_codes(codes))) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("The lungs are clear.", "none"),
        ("Right PICC with tip in the mid SVC.", "central line: present, right, superior vena cava"),
        (
            "There is a left chest port. The tip is at the cavoatrial junction.",
            "central line: present, left, cavoatrial junction",
        ),
        # the side is that of the generator, not of an atrium
        ("Left chest pacemaker, leads in the right atrium.", "cardiac device: present, left, right atrium"),
        ("Endotracheal tube ends 3.2 cm above the carina.", "endotracheal tube: present, carina"),
        ("Surgical clips in the left axilla.", "surgical clips: present, left, axilla"),
        ("Bilateral breast implants.", "breast implant: present, bilateral"),
        ("The right-sided PICC has been removed.", "none"),
        ("No pneumothorax after removal. No chest tube.", "none"),
        ("Right IJ catheter. Lines and tubes as above.", "central line: present, right"),
        ("Dual-lumen catheter over the left chest.", "line: present, left"),
        # a catheter that is not named is the PICC of the same report
        ("Left PICC. The catheter is stable.", "central line: present, left"),
        ("Possible nasogastric tube.", "enteric tube: uncertain"),
    ],
)
def test_texts_are_read_as_kinds_with_side_and_end(text: str, answer: str) -> None:
    assert write_entries(read_texts([text])) == answer


def test_a_misplaced_tube_is_the_one_that_was_named_with_the_place() -> None:
    text = "Right PICC ends in the SVC. The endotracheal tube tip is in the right main bronchus."
    assert write_entries(read_texts([text])) == (
        "endotracheal tube: malpositioned, main bronchus; central line: present, right, superior vena cava"
    )
    assert read_texts(["The catheter tip may be in the azygos vein."])[0].state == "possibly_malpositioned"


def test_training_learns_kinds_from_rules_and_testing_has_peoples_codes() -> None:
    texts = {}
    for split in ("train", "test", "live"):
        (example,) = TASK.make_examples({**REPORT, "split": split})
        texts[split] = (example.gold_source, example.gold and TASK.write(example.gold))
    assert texts == {
        "train": (GoldSource.RULES, "central line: present, right, superior vena cava"),
        "test": (GoldSource.CODES, "line: present, right"),
        "live": (None, None),
    }
    (example,) = TASK.make_examples({**REPORT, "split": "test", "human_codes": "No Indexing"})
    assert example.gold_source == GoldSource.RULES


def test_a_report_without_text_is_not_asked() -> None:
    blank = {**REPORT, "findings": None, "reference": " "}
    assert TASK.make_examples(blank) == [Example(reason=NotAskedReason.NO_TEXT)]


def test_every_kind_is_parsed_as_it_is_written() -> None:
    places = (None, "left", "right, stomach", "bilateral, lumbar spine", "carina")
    entries = tuple(Entry(kind, "present", places[number % 5]) for number, kind in enumerate(KINDS))
    assert TASK.parse(TASK.write(Parsed(entries=entries))) == Parsed(entries=entries)
    assert TASK.parse("enteric tube:malpositioned,right,main bronchus.") == Parsed(
        entries=(Entry("enteric_tube", "malpositioned", "right, main bronchus"),)
    )
    assert TASK.parse("right PICC") is None
    assert set(GROUP_OF.values()) <= set(KINDS)
    assert group_of("sternotomy_wires") is None


def _example(source: GoldSource, *gold: Entry) -> Example:
    return Example(inputs={"findings": "x"}, gold=Parsed(entries=gold), gold_source=source)


def test_people_s_codes_judge_groups_and_sides_alone() -> None:
    example = _example(GoldSource.CODES, Entry("line", "present", "left"))
    answer = Parsed(
        entries=(
            Entry("central_line", "malpositioned", "right, azygos vein"),
            Entry("cardiac_device", "present"),
            Entry("sternotomy_wires", "present"),
        )
    )
    outcome = TASK.score(example, answer)
    assert not outcome.correct
    assert outcome.counts == {"line": Counts(1, 0, 0), "device": Counts(0, 1, 0), "side": Counts(0, 1, 1)}
    right = Parsed(entries=(Entry("central_line", "uncertain", "left, carina"), Entry("sternotomy_wires", "present")))
    assert TASK.score(example, right).correct


def test_sides_of_devices_that_one_answer_lacks_are_missed_or_wrong() -> None:
    example = _example(GoldSource.CODES, Entry("line", "present", "left"))
    assert TASK.score(example, Parsed(entries=())).counts["side"] == Counts(0, 0, 1)
    outcome = TASK.score(example, Parsed(entries=(Entry("cardiac_device", "present", "left"),)))
    assert outcome.counts == {"line": Counts(0, 0, 1), "device": Counts(0, 1, 0), "side": Counts(0, 1, 1)}


def test_elsewhere_kind_state_and_place_are_judged() -> None:
    gold = Entry("enteric_tube", "malpositioned", "trachea")
    example = _example(GoldSource.RULES, gold)
    assert TASK.score(example, Parsed(entries=(gold,))).correct
    outcome = TASK.score(example, Parsed(entries=(Entry("tube", "present", "trachea"),)))
    assert not outcome.correct
    assert outcome.counts == {
        "enteric_tube": Counts(0, 0, 1),
        "tube": Counts(1, 0, 0),
        "malpositioned": Counts(0, 0, 1),
    }


def test_a_failed_answer_is_wrong_even_where_there_is_no_device() -> None:
    for source in (GoldSource.CODES, GoldSource.RULES):
        assert not TASK.score(_example(source), None).correct
        assert TASK.score(_example(source), Parsed(entries=())).correct


def test_the_rules_need_no_training() -> None:
    (example,) = TASK.make_examples(REPORT)
    assert TASK.floors["rules"]([], [example]) == [example.gold]
