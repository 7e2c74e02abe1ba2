"""A review sheet as one self-contained HTML file to fill in by keyboard: no server, no network, no key of the sheet."""

import base64
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from radray.evaluation.review.sheet import PREFERRED, QUESTIONS, SIDES, TEXT_COLUMNS, Question, Sheet
from radray.pages.visible import visible

TEMPLATES = Path(__file__).parent / "templates"

ASKS = {
    "preferred": "Which would you sign?",
    "completeness": "How complete is it? (5 is best)",
    "correctness": "How correct is it? (5 is best)",
    "conciseness": "How concise is it? (5 is best)",
    "harm_extent": "If somebody acts on it, how bad can the harm be?",
    "harm_likelihood": "And how likely is it?",
    "missing": "Does it lack what it should hold?",
    "added": "Does it hold what it should not?",
    "bias": "Does it hold what is wrong for a group of patients?",
    "consensus": "Does it agree with how radiologists would read these findings?",
    "correct_comprehension": "Is there evidence that the findings were understood?",
    "correct_retrieval": "Is there evidence of right medical knowledge?",
    "correct_reasoning": "Is there evidence of a right conclusion?",
    "incorrect_comprehension": "Is there evidence that the findings were misunderstood?",
    "incorrect_retrieval": "Is there evidence of wrong medical knowledge?",
    "incorrect_reasoning": "Is there evidence of a wrong conclusion?",
    "intent": "Does it answer the indication?",
    "helpful": "Does it help to decide what comes next?",
}
"""What the page asks, by question."""

_LABELS = {"a": "A", "b": "B", "same": "no difference"}


def render_form(sheet: Sheet) -> str:
    """Return the page of `sheet`, with its texts in clear and nothing of its key.

    It saves CSV in the sheet's form, without the texts, which `read_filled` reads back. What is invisible in a text is
    shown, see `visible`.
    """
    rows = sheet.sheet.to_pylist()
    script = (TEMPLATES / "review.js").read_text(encoding="utf-8")
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return environment.get_template("review.html").render(
        sheet_id=rows[0]["sheet_id"],
        items=[{"item": row["item"], **{name: visible(row[name] or "") for name in TEXT_COLUMNS}} for row in rows],
        questions=[_described(PREFERRED, (PREFERRED.name,))]
        + [_described(question, tuple(f"{side}_{question.name}" for side in SIDES)) for question in QUESTIONS],
        script=Markup(script),
        style=Markup("".join((TEMPLATES / name).read_text(encoding="utf-8") for name in ("page.css", "review.css"))),
        script_digest=digest,
    )


def _described(question: Question, columns: tuple[str, ...]) -> dict[str, Any]:
    labels = [_LABELS.get(answer, answer) for answer in question.answers]
    return {"asks": ASKS[question.name], "columns": columns, "answers": question.answers, "labels": labels}
