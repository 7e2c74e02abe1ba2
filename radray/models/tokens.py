"""Texts as token ids: each tokenised once, and cut so that what must stand at its end stays."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def encode(tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str]) -> list[list[int]]:
    """Return the token ids of each text, whole, with what the tokenizer puts around it. No texts: an empty list."""
    # not verbose: it warns of texts that are longer than the model's limit, which are cut later
    return tokenizer(list(texts), verbose=False)["input_ids"] if texts else []


def cut(row: list[int], limit: int, side: str, tail: int = 1) -> list[int]:
    """Return the token ids `row` cut to `limit`, the last `tail` of them kept; a shorter row as it is.

    The end of what stands before the tail is lost, or with `side` "left" the beginning of the row.
    """
    if len(row) <= limit:
        return row
    return row[-limit:] if side == "left" or tail >= limit else row[: limit - tail] + row[len(row) - tail :]
