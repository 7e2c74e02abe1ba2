"""Texts of numbered sentences, ``[1] Cough. [2] None. [3] Clear lungs.``: what the task gives a model to read."""

import re
from collections.abc import Mapping, Sequence

_NUMBER = re.compile(r"(?:^| )\[\d+\] ")
_BRACKETS = str.maketrans("[]", "()")


def number(sentences: Sequence[str]) -> str:
    """Return the text of `sentences`, each after its number. None: "".

    Square brackets and line breaks in them are replaced: what a report says cannot begin a sentence of its own.
    """
    return " ".join(
        f"[{place}] {' '.join(sentence.translate(_BRACKETS).split())}"
        for place, sentence in enumerate(sentences, start=1)
    )


def sentences_of(inputs: Mapping[str, str]) -> list[str]:
    """Return the sentences that `inputs` of an example number, in order; [] for no text."""
    return _NUMBER.split(inputs["text"])[1:]
