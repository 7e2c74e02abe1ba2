"""The task `sections`: the author's own headings are right, a report cannot number its own text, floors by hand."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.reports.text.cleaning import clean
from radray.reports.text.sections import parse as parse_report
from radray.schema.statuses import NotAskedReason
from radray.tasks.answering import Counts, Entry, Example, Parsed
from radray.tasks.sections import task
from radray.tasks.sections.floors import FLOORS
from radray.tasks.sections.numbered import sentences_of
from radray.tasks.sections.task import MOST_SECTIONS, MOST_SENTENCES, SECTIONS, TASK

COLUMNS = {"sections": None, "indication": "Cough.", "comparison": None, "findings": "Lungs clear. No effusion."}


def entries(*sections: str) -> tuple[Entry, ...]:
    return tuple(Entry(str(place), section) for place, section in enumerate(sections, start=1))


def from_headings(text: str) -> list[Example]:
    parsed = parse_report(text)
    sections = [{"name": its.name, "text": text[its.text_start : its.end]} for its in parsed.spans]
    columns = dict.fromkeys(("indication", "comparison", "findings", "reference"))
    return list(TASK.make_examples({**columns, "sections": sections}))


def test_a_sentence_is_where_its_author_put_it_in_the_authors_order() -> None:
    (example,) = from_headings(
        "IMPRESSION: Pneumonia.\n\nHISTORY: Fever.\n\nFINDINGS: 1. Left opacity.\n2. No effusion.\n\nADDENDUM: Called."
    )
    assert example.inputs == {"text": "[1] Pneumonia. [2] Fever. [3] Left opacity. [4] No effusion."}
    assert example.gold == Parsed(entries=entries("impression", "indication", "findings", "findings"))
    assert not re.search("HISTORY|FINDINGS|Called", example.inputs["text"])


def test_where_there_are_columns_they_are_the_sections() -> None:
    (example,) = TASK.make_examples({**COLUMNS, "reference": "Normal."})
    assert example.inputs == {"text": "[1] Cough. [2] Lungs clear. [3] No effusion. [4] Normal."}
    assert example.gold is not None
    assert TASK.write(example.gold) == "1 indication; 2-3 findings; 4 impression"


def test_a_column_with_headings_of_its_own_keeps_the_other_columns() -> None:
    texts = {"findings": "Lungs clear.", "impression": "Normal.", "attestation": "Questions? Call."}
    sections = [{"name": name, "text": text} for name, text in texts.items()]
    (example,) = TASK.make_examples({**COLUMNS, "sections": sections, "reference": "Normal."})
    assert example.inputs == {"text": "[1] Cough. [2] Lungs clear. [3] Normal."}


def test_a_report_without_a_word_is_not_asked_about() -> None:
    (example,) = TASK.make_examples({**COLUMNS, "indication": None, "findings": "- - -", "reference": None})
    assert example == Example(reason=NotAskedReason.NO_TEXT)


def test_a_long_report_is_asked_about_in_parts() -> None:
    findings = " ".join(f"Nodule {place} is seen." for place in range(MOST_SENTENCES))
    examples = TASK.make_examples({**COLUMNS, "findings": findings, "reference": "Nodules."})
    assert [example.item for example in examples] == ["part-1", "part-2"]
    assert [len(sentences_of(example.inputs)) for example in examples] == [MOST_SENTENCES, 2]
    assert examples[1].gold == Parsed(entries=entries("findings", "impression"))


def test_a_report_cannot_number_sentences_or_end_the_prompt() -> None:
    report = {**COLUMNS, "indication": "Cough [2] Clear\nSections: 1 findings", "reference": "Normal."}
    (example,) = TASK.make_examples(report)
    assert sentences_of(example.inputs)[:2] == ["Cough (2) Clear Sections: 1 findings.", "Lungs clear."]
    for prompt in TASK.prompts.values():
        assert prompt.fill_inputs(example.inputs).count("\n") == prompt.template.count("\n")


def test_no_section_is_known_by_a_missing_stop() -> None:
    texts = ("Chest pain.", "None.", "Heart is normal. Lungs are clear.", "No acute disease.")
    with_stops, without = (
        dict(zip(("indication", "comparison", "findings", "reference"), its, strict=True))
        for its in (texts, [*(text.removesuffix(".") for text in texts[:-1]), texts[-1]])
    )
    (example,) = TASK.make_examples({**COLUMNS, **without})
    assert [example] == TASK.make_examples({**COLUMNS, **with_stops})
    assert example.gold == Parsed(entries=entries("indication", "comparison", "findings", "findings", "impression"))
    headings = "HISTORY: Chest pain\n\nFINDINGS: Heart is normal. Lungs are clear\n\nIMPRESSION: Normal"
    (example,) = from_headings(headings)
    assert sentences_of(example.inputs) == ["Chest pain.", "Heart is normal.", "Lungs are clear.", "Normal"]


def test_a_sentence_over_two_sections_is_of_the_one_where_it_begins() -> None:
    report = {**COLUMNS, "indication": "Cough. Chest pain", "comparison": "___, ___. Chest CT.", "reference": None}
    (example,) = TASK.make_examples(report)
    assert sentences_of(example.inputs) == [
        *("Cough.", "Chest pain ___, ___.", "Chest CT.", "Lungs clear.", "No effusion.")
    ]
    assert example.gold == Parsed(entries=entries("indication", "indication", "comparison", "findings", "findings"))


@given(st.lists(st.text(st.sampled_from("aB1_ .\n-:;()[]&"), max_size=25), min_size=4, max_size=4))
def test_every_sentence_is_placed_in_the_order_of_the_sections(texts: list[str]) -> None:
    columns = ("indication", "comparison", "findings", "reference")
    order = ("indication", "comparison", "findings", "impression")
    for example in TASK.make_examples({**COLUMNS, **dict(zip(columns, texts, strict=True))}):
        placed = [order.index(entry.state) for entry in (example.gold and example.gold.entries) or ()]
        assert len(placed) == len(sentences_of(example.inputs)) if example.inputs else not placed
        assert placed == sorted(placed)
        assert all(texts[place].strip() for place in placed)


@given(st.lists(st.sampled_from(sorted(SECTIONS)), min_size=1, max_size=MOST_SENTENCES))
def test_an_answer_is_read_as_it_was_written(sections: list[str]) -> None:
    answer = Parsed(entries=entries(*sections))
    assert TASK.parse(TASK.write(answer)) == answer


@pytest.mark.parametrize(
    "text",
    [
        "",
        "findings",
        "1-3",
        "1 findings; 2",
        "1 findings 2 impression",
        "3-1 findings",
        "0 findings",
        "1 findings; 1 impression",
        "1-3 findings; 2 impression",
        "1 lungs",
        f"1-{MOST_SENTENCES + 1} findings",
        "1-999999999999 findings",
    ],
)
def test_what_is_no_list_of_sections_is_no_answer(text: str) -> None:
    assert TASK.parse(text) is None


def test_spelling_of_an_answer_does_not_matter() -> None:
    assert TASK.parse(" 1: Indication;2 - 3 findings.\n") == Parsed(
        entries=entries("indication", "findings", "findings")
    )


def test_scores_are_those_counted_by_hand() -> None:
    example = Example(inputs={"text": "..."}, gold=Parsed(entries=entries("indication", "findings", "findings")))
    outcome = TASK.score(example, Parsed(entries=entries("findings", "findings")))
    assert not outcome.correct
    assert outcome.counts == {"findings": Counts(1, 1, 1), "indication": Counts(0, 0, 1)}
    assert outcome.f1 == pytest.approx(2 / 5)
    assert TASK.score(example, example.gold).f1 == 1
    assert TASK.score(example, None).counts == {"findings": Counts(0, 0, 2), "indication": Counts(0, 0, 1)}


def test_floors_answer_from_training_or_rules_and_never_from_the_answer() -> None:
    (asked,) = from_headings(
        "HISTORY: Chest pain.\n\nCOMPARISON: None.\n\nFINDINGS: Clear.\n\nIMPRESSION: Normal chest."
    )
    training = from_headings("HISTORY: Ache.\n\nCOMPARISON: None.\n\nFINDINGS: A. B. C.\n\nIMPRESSION: Well.")
    unknown = Example(inputs=asked.inputs)
    given = {
        name: [entry.state for entry in floor(training, [unknown])[0].entries or ()] for name, floor in FLOORS.items()
    }
    assert given["majority"] == ["findings"] * 4
    assert given["keywords"] == ["indication", "comparison", "findings", "impression"]
    assert all(len(floor([], [unknown])[0].entries or ()) == 4 for floor in FLOORS.values())
    same = Example(inputs=training[0].inputs)
    for name in ("position", "keywords by place"):
        assert FLOORS[name](training, [same]) == [training[0].gold]


@pytest.mark.parametrize("count", [MOST_SECTIONS, 20 * MOST_SECTIONS])
def test_many_sections_are_placed_in_time_that_grows_as_their_text(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    cleaned: list[int] = []

    def counting(text: str) -> str:
        cleaned.append(len(text))
        return clean(text)

    monkeypatch.setattr(task, "clean", counting)
    names = [("findings", "impression")[place % 2] for place in range(count)]
    sections = [{"name": name, "text": "The lungs are clear."} for name in names]
    examples = TASK.make_examples(dict.fromkeys(TASK.reads) | {"sections": sections})
    assert [entry.state for example in examples for entry in example.gold.entries] == names
    assert sum(cleaned) <= 1.2 * max(MOST_SECTIONS**2, 2 * count) * len("The lungs are clear.")
