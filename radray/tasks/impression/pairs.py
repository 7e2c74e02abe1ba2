"""Pairs of prompt and completion as JSON lines, for fine-tuning elsewhere; `reports.formats.jsonl` reads them back."""

import json


def pair_line(study_id: str, subject_id: str | None, split: str | None, findings: str, reference: str) -> str:
    r"""Return one report as a JSON object on one line, without the line end.

    The prompt is the cleaned findings and the completion the cleaned impression, without an instruction: whoever
    fine-tunes adds that, and reading the line back must give the same report. Characters are not escaped, so write the
    line in UTF-8; line ends inside a text are escaped.
    """
    pair = {
        "study_id": study_id,
        "subject_id": subject_id,
        "split": split,
        "prompt": findings,
        "completion": reference,
    }
    return json.dumps(pair, ensure_ascii=False)
