"""How often, and in which words, an epoch learns a report."""

import pyarrow as pa
import pytest

from radray.settings.train import TrainSettings
from radray.tasks.registry import Asked, find_prompt
from radray.training.driver.tokens import in_order
from radray.training.sources.copies import copies_of

ASKED = find_prompt("sections-v1")
REPORT = {
    "unit_id": "u7",
    "findings": "The lungs are clear. Old fracture. Large heart. The trachea is midline.",
    "background": "Indication: cough.",
}


def _inputs(target: str, settings: TrainSettings, asked: Asked = ASKED, unit_id: str = "u7") -> list[str]:
    report = {**REPORT, "unit_id": unit_id}
    return [form.fill(altered) for form, altered in copies_of(report, target, asked, settings)]


@pytest.mark.parametrize(
    ("target", "copies", "augment", "plain", "altered"),
    [
        ("No acute disease.", 1, 0, 1, 0),
        ("Large effusion.", 1, 0, 1, 0),
        ("No acute disease.", 3, 0, 1, 0),
        ("Large effusion.", 3, 0, 3, 0),
        ("No acute disease.", 3, 2, 1, 2),
        ("Large effusion.", 3, 2, 3, 6),
        # nothing that can be judged
        ("Chest.", 3, 0, 1, 0),
    ],
)
def test_abnormal_reports_are_learnt_more_often_the_report_itself_first(
    target: str, copies: int, augment: int, plain: int, altered: int
) -> None:
    inputs = _inputs(target, TrainSettings(abnormal_copies=copies, augment=augment))
    assert inputs[:plain] == [ASKED.fill(REPORT)] * plain
    assert len(inputs) == plain + altered


def test_forms_differ_by_seed_report_and_number_and_are_drawn_alike_again() -> None:
    settings = TrainSettings(augment=16)
    inputs = _inputs("No acute disease.", settings)
    assert inputs == _inputs("No acute disease.", settings)
    assert len(set(inputs)) > 10
    # with more forms those of before stay
    assert _inputs("No acute disease.", TrainSettings(augment=4)) == inputs[:5]
    assert _inputs("No acute disease.", TrainSettings(augment=16, seed=14)) != inputs
    assert _inputs("No acute disease.", settings, unit_id="u8") != inputs


@pytest.mark.parametrize("prompt", ["background-findings-v1", "sections-v1", "chat-sections-v1", "similar-findings-v1"])
def test_some_forms_have_the_background_first(prompt: str) -> None:
    inputs = _inputs("No acute disease.", TrainSettings(augment=16), find_prompt(prompt))[1:]
    first = [text.index("Background: Indication: cough.") < text.lower().index("findings:") for text in inputs]
    assert 4 <= sum(first) <= 12
    assert len({sum(map(text.count, ("Background:", "indings:"))) for text in inputs}) == 1


def test_a_prompt_without_a_background_keeps_its_order() -> None:
    asked = find_prompt("findings-v1")
    assert all(form is asked for form, _ in copies_of(REPORT, "Normal.", asked, TrainSettings(augment=8)))


def test_workers_have_copies_in_one_order_whatever_came_first() -> None:
    rows = [{"unit_id": unit_id, "copy": copy} for unit_id in ("u1", "u10", "u2") for copy in range(11)]
    for step in (1, 7, 32):
        shuffled = [rows[place * step % len(rows)] for place in range(len(rows))]
        assert in_order(pa.Table.from_pylist(shuffled)).to_pylist() == rows
