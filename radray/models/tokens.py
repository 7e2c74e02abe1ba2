"""Texts as token ids: each tokenised once, and cut so that what must stand at its end stays."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

Span = tuple[int, int]
"""The first of a range, and the place after its last."""

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def encode(tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str]) -> list[list[int]]:
    """Return the token ids of each text, whole, with what the tokenizer puts around it. No texts: an empty list."""
    # not verbose: it warns of texts that are longer than the model's limit, which are cut later
    return tokenizer(list(texts), verbose=False)["input_ids"] if texts else []


def cut(row: list[int], limit: int, side: str, tail: int = 1, exemplars: Sequence[Span] = ()) -> list[int]:
    """Return the token ids `row` cut to `limit`; a shorter row as it is.

    Of `exemplars`, ranges of `row` that do not overlap, the last are lost first, each whole, and only then the end of
    what stands before the last `tail` tokens, or with `side` "left" the beginning of the row.
    """
    for first, end in sorted(exemplars, reverse=True):
        if len(row) <= limit:
            break
        row = row[:first] + row[end:]
    if len(row) <= limit:
        return row
    return row[-limit:] if side == "left" or tail >= limit else row[: limit - tail] + row[len(row) - tail :]


def token_span(offsets: Sequence[Span], characters: Span) -> Span:
    """Return the tokens that lie within `characters`, by the characters of each; none: an empty range.

    Tokens without a character (special ones, soft prompts) are in no range.
    """
    first, end = characters
    places = [place for place, (start, stop) in enumerate(offsets) if first <= start < stop <= end]
    return (places[0], places[-1] + 1) if places else (0, 0)


def tokens_before(offsets: Sequence[Span], end: int) -> int:
    """Return how many tokens at the beginning have no character at `end` or after it; none: 0."""
    return next((place for place, (_, stop) in enumerate(offsets) if stop > end), len(offsets))
