"""Questions of others with options: the three forms of files, answers in words, and figures beside floors."""

import json
from pathlib import Path
from typing import Any

import pytest

from radray.errors import ConfigError, InputError
from radray.evaluation.outside.choice_figures import LIKELIHOOD, TEXT, choice_rows
from radray.evaluation.outside.choices import ChoiceQuestion, chosen, read_choices

MEDQA = {
    "question": "Which drug?\nChoose.",
    "options": {"A": "Ampicillin", "B": "Nitrofurantoin", "C": "Ceftriaxone"},
    "answer_idx": "B",
    "answer": "Nitrofurantoin",
    "meta_info": "step1",
}
MEDMCQA = {"question": "Which nerve?", **{f"op{letter}": f"nerve {letter}" for letter in "abcd"}}
PUBMEDQA = {"question": "Does it help?", "context": {"contexts": ["It was tried.", "It helped."]}}


def _file(folder: Path, *rows: Any) -> str:
    file = folder / "questions.jsonl"
    file.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return str(file)


def test_the_three_forms_are_read(tmp_path: Path) -> None:
    original = {"QUESTION": "Does it?", "CONTEXTS": ["Tried."], "final_decision": "maybe"}
    file = _file(tmp_path, MEDQA, "", {**PUBMEDQA, "final_decision": "yes"}, original, {**MEDMCQA, "cop": 4})
    medqa, pubmedqa, as_published, medmcqa = read_choices(file)
    assert medqa == ChoiceQuestion("", "Which drug? Choose.", ("Ampicillin", "Nitrofurantoin", "Ceftriaxone"), 1)
    assert pubmedqa == ChoiceQuestion("It was tried. It helped.", "Does it help?", ("yes", "no", "maybe"), 0)
    assert (as_published.context, as_published.right) == ("Tried.", 2)
    assert (medmcqa.options[medmcqa.right], medmcqa.right) == ("nerve d", 3)


def test_an_answer_may_be_given_in_words_and_options_as_a_list(tmp_path: Path) -> None:
    listed = {"question": "Which?", "options": ["left", "right"], "answer": "right"}
    assert [its.right for its in read_choices(_file(tmp_path, listed, {**listed, "answer_idx": "a"}))] == [1, 0]


@pytest.mark.parametrize(("numbers", "first"), [((0, 2), "nerve a"), ((4, 1), "nerve d")])
def test_cop_counts_from_0_or_1_by_what_the_file_has(tmp_path: Path, numbers: tuple[int, ...], first: str) -> None:
    question = read_choices(_file(tmp_path, *({**MEDMCQA, "cop": number} for number in numbers)))[0]
    assert question.options[question.right] == first


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((MEDQA, "{SECRET"), "line 2: not JSON"),
        (("[1]",), "line 1: expected a JSON object"),
        (({**MEDQA, "answer_idx": "E"},), "line 1: answer_idx is none of the options"),
        (({**MEDQA, "answer_idx": None, "answer": "SECRET"},), "line 1: answer is none of the options"),
        (({"question": "SECRET"},), "line 1: expected options, or opa to opd with cop, or final_decision"),
        (({"options": ["a", "b"], "answer": "a"},), "line 1: question is missing"),
        (({**MEDQA, "options": {"B": "SECRET"}},), "line 1: expected 2 to 26 options"),
        (({**PUBMEDQA, "final_decision": "perhaps"},), "line 1: final_decision is none of the options"),
        (({**MEDMCQA, "cop": 2},), "cop has neither 0 and 4"),
        (({**MEDMCQA, "cop": 0}, {**MEDMCQA, "cop": 4}), "cop has both 0 and 4"),
    ],
)
def test_a_wrong_line_is_named_and_not_shown(tmp_path: Path, rows: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InputError) as raised:
        read_choices(_file(tmp_path, *rows))
    assert message in str(raised.value)
    assert "SECRET" not in str(raised.value)


def test_a_file_without_questions_is_refused(tmp_path: Path) -> None:
    for file in (_file(tmp_path, ""), str(tmp_path / "none.jsonl")):
        with pytest.raises(ConfigError, match=r"^evaluate\.choices: "):
            read_choices(file)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Aspirin.", 1),
        ("B", 1),
        ("(a)", 0),
        ("B. Aspirin", 1),
        ("b) aspirin", 1),
        ("The answer is B.", 1),
        ("Answer: aspirin", 1),
        ("C", None),
        ("B. Ibuprofen", None),
        ("A man of 60", None),
        ("", None),
        ("both", None),
    ],
)
def test_an_answer_in_words_names_an_option(text: str, place: int | None) -> None:
    assert chosen(text, ("Ibuprofen", "Aspirin")) == place


def test_the_first_word_counts_where_it_is_an_option() -> None:
    assert chosen("Yes, since it helped.", ("yes", "no", "maybe")) == 0


def test_figures_stand_beside_floors_with_intervals() -> None:
    asked = [ChoiceQuestion("", f"q{at}", ("no", "a longer one"), int(at % 4 == 0)) for at in range(40)]
    right: list[int | None] = [its.right for its in asked]
    answers: dict[tuple[str, str], list[int | None]] = {("m", LIKELIHOOD): right, ("m", TEXT): [None] * 40}
    about = {"run_id": "r"}
    figures, differences = choice_rows(asked, answers, about, resamples=200, seed=1)
    means = {(row["system"], row["scorer_id"]): row["mean"] for row in figures}
    assert means["m", LIKELIHOOD] == 1.0
    assert means["m", TEXT] == 0.0
    assert [means[f"floor: {name}", TEXT] for name in ("chance", "commonest", "longest option")] == [0.5, 0.75, 0.25]
    failed = {row["scorer_id"]: row["failed"] for row in figures if row["system"] == "m"}
    assert failed == {LIKELIHOOD: 0, TEXT: 40}
    over = next(row for row in differences if row["system_b"] == "floor: commonest" and row["mean_a"] == 1.0)
    assert over["difference"] == 0.25
    assert 0 < over["ci_low"] < 0.25 < over["ci_high"]
    assert all(0 < row["ci_low"] <= 1 for row in figures if row["mean"] == 1.0)
