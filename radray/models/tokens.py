"""Texts as token ids: each tokenised once, and cut as a T5's tokenizer cuts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def encode(tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str]) -> list[list[int]]:
    """Return the token ids of each text, whole, end token included. No texts: an empty list."""
    # not verbose: it warns of texts that are longer than the model's limit, which are cut later
    return tokenizer(list(texts), verbose=False)["input_ids"] if texts else []


def cut(row: list[int], limit: int, side: str) -> list[int]:
    """Return the ids of `encode` cut to `limit` tokens, end token included; a shorter row as it is.

    The end of the text is lost, or with `side` "left" its beginning; the end token stays.
    """
    if len(row) <= limit:
        return row
    return row[-limit:] if side == "left" else row[: limit - 1] + row[-1:]
