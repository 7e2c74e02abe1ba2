"""Questions of others with options to choose from: read from JSON lines, and how an answer in words is understood.

A line has one of three forms, told by its fields:

- MedQA (Jin et al. 2021): ``question``, ``options`` (by letter, or a list), ``answer_idx`` (a letter) or ``answer``.
- MedMCQA (Pal et al. 2022): ``question``, ``opa`` to ``opd``, ``cop``, which counts from 1 in the files of its authors
  and from 0 in others'.
- PubMedQA (Jin et al. 2019): ``question``, ``context`` with ``contexts`` (or ``QUESTION``, ``CONTEXTS``) and
  ``final_decision``: yes, no or maybe.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from radray.errors import ConfigError, InputError

DECISIONS = ("yes", "no", "maybe")
"""The options of PubMedQA."""
_SETTING = "evaluate.choices"
_LETTER = re.compile(r"\(?([A-Za-z])(?:[.):]|\s|$)\s*(.*)")
_CUE = re.compile(r"(?:the )?(?:correct )?answer(?: is)?:? ", re.IGNORECASE)
_COP = ("opa", "opb", "opc", "opd")


@dataclass(frozen=True, slots=True)
class ChoiceQuestion:
    """A question with its options; `right` is the place of the right one. Texts are on a line each."""

    context: str
    """What the question is about; "": nothing but the question."""
    question: str
    options: tuple[str, ...]
    right: int

    @property
    def key(self) -> str:
        """What questions share that are about the same text, or are alike but for their options."""
        return (self.context or self.question).lower()


def read_choices(file: str) -> list[ChoiceQuestion]:
    """Return the questions of `file`, in order; blank lines are passed over.

    Raises ConfigError for a file that cannot be read or has no question, InputError, which names the line and never
    what it says, for a line that has none of the three forms, or a right answer that is none of its options.
    """
    try:
        lines = Path(file).read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise ConfigError(f"{_SETTING}: {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{_SETTING}: {file}: not UTF-8") from None
    rows = [(f"{_SETTING}: {file}, line {number}", line) for number, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        raise ConfigError(f"{_SETTING}: {file}: no question in it; expected a JSON object a line")
    parsed = [(where, _parse(where, line)) for where, line in rows]
    first = _first_number(file, [row["cop"] for _, row in parsed if "cop" in row])
    return [_question(where, row, first) for where, row in parsed]


def _parse(where: str, line: str) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise InputError(f"{where}: not JSON; expected an object a line") from None
    if not isinstance(row, dict):
        raise InputError(f"{where}: expected a JSON object")
    return row


def _first_number(file: str, numbers: Sequence[Any]) -> int:
    """Return the number of the first option in the ``cop`` of a file: it has a 0, or a 4, where it is large enough."""
    if not numbers:
        return 1
    if (0 in numbers) == (4 in numbers):
        raise InputError(
            f"{_SETTING}: {file}: cop has {'both' if 0 in numbers else 'neither'} 0 and 4, so nobody knows whether it"
            " counts from 0 or from 1; write options and answer_idx instead"
        )
    return 0 if 0 in numbers else 1


def _question(where: str, row: Mapping[str, Any], first: int) -> ChoiceQuestion:
    asked = row.get("question", row.get("QUESTION"))
    if not isinstance(asked, str) or not asked.strip():
        raise InputError(f"{where}: question is missing, or no text")
    context = row.get("CONTEXTS", row.get("context", ""))
    context = context.get("contexts", "") if isinstance(context, Mapping) else context
    context = " ".join(map(str, context)) if isinstance(context, list) else context
    options, right = _options(where, row, first)
    texts = tuple(_line(option) for option in options)
    if len(texts) < 2 or len(texts) > len(ascii_uppercase) or not all(texts):
        raise InputError(f"{where}: expected 2 to {len(ascii_uppercase)} options, none of them empty")
    return ChoiceQuestion(_line(context or ""), _line(asked), texts, right)


def _options(where: str, row: Mapping[str, Any], first: int) -> tuple[list[Any], int]:
    if "final_decision" in row:
        return list(DECISIONS), _place(where, "final_decision", DECISIONS, row["final_decision"])
    if "cop" in row:
        return [row.get(name) for name in _COP], _place(where, "cop", range(first, first + len(_COP)), row["cop"])
    options = row.get("options")
    if isinstance(options, Mapping):
        letters, texts = [str(letter).upper() for letter in options], list(options.values())
    elif isinstance(options, list):
        letters, texts = list(ascii_uppercase[: len(options)]), options
    else:
        raise InputError(f"{where}: expected options, or opa to opd with cop, or final_decision")
    if row.get("answer_idx") is not None:
        return texts, _place(where, "answer_idx", letters, str(row["answer_idx"]).upper())
    return texts, _place(where, "answer", texts, row.get("answer"))


def _place(where: str, name: str, among: Sequence[Any], value: object) -> int:
    if value not in among or isinstance(value, bool):
        raise InputError(f"{where}: {name} is none of the options")
    return among.index(value)


def _line(text: object) -> str:
    return " ".join(str(text).split()) if isinstance(text, str | int | float) else ""


def chosen(text: str, options: Sequence[str]) -> int | None:
    """Return the place of the option that a model's `text` names: its words, its letter, or both; None: no option.

    "B", "(b)", "B. Aspirin", "Aspirin." and "The answer is B" name the second of Ibuprofen and Aspirin. Of a text that
    goes on, the first word counts where it is an option: "Yes, because ...".
    """
    text = _CUE.sub("", " ".join(text.split()), count=1).strip()
    plain = [_plain(option) for option in options]
    if _plain(text) in plain:
        return plain.index(_plain(text))
    letter = _LETTER.fullmatch(text)
    if letter:
        place = ascii_uppercase.index(letter[1].upper())
        if place < len(options) and _plain(letter[2]) in ("", plain[place]):
            return place
    first = _plain(text.split(" ", 1)[0])
    return plain.index(first) if first in plain else None


def _plain(text: str) -> str:
    return text.lower().strip(" .,;:")
