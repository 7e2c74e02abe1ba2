"""Identifiers in what a model wrote that findings and background do not have: such a text is written nowhere."""

import json
from collections.abc import Mapping
from typing import Any

from radray.checks.identifiers.written import invents_identifier


def withhold(row: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return the columns of the answered `row` without texts that invent an identifier, and if its prediction is one.

    `row` has study_id, subject_id, findings, background, prediction, hypotheses and candidates, which may be null.
    A hypothesis or candidate that invents one is left out of the list, whatever becomes of the prediction.
    """
    identifiers = tuple(identifier for identifier in (row["study_id"], row["subject_id"]) if identifier)
    texts = (row["findings"], row["background"] or "")

    def invents(text: str | None) -> bool:
        return bool(text) and invents_identifier(str(text), identifiers, texts)

    columns = {"hypotheses": row["hypotheses"], "candidates": row["candidates"]}
    if row["hypotheses"]:
        columns["hypotheses"] = [each for each in row["hypotheses"] if not invents(each["text"])]
    if row["candidates"]:
        listed = json.loads(row["candidates"])
        kept = [each for each in listed if not invents(each.get("text"))]
        if len(kept) < len(listed):
            columns["candidates"] = json.dumps(kept, ensure_ascii=False)
    return columns, invents(row["prediction"])
