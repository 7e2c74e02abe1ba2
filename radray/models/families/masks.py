"""The tokens that a model has read a thousand times and must not write: masks of de-identification, soft prompts."""

from itertools import product

from transformers import PreTrainedTokenizerBase

_WORD_MARKS = "\N{LOWER ONE EIGHTH BLOCK}\N{LATIN CAPITAL LETTER G WITH DOT ABOVE}"
"""What SentencePiece and byte-level BPE write for the space before a word."""


SOFT_PROMPT_PIECE = "<soft_prompt_{}>"
"""Piece of a learnt vector that stands before every input; see `adapters`."""


def never_written(tokenizer: PreTrainedTokenizerBase, *, suppress_masks: bool) -> tuple[tuple[int, ...], ...]:
    """Return the token sequences that no output may hold: pieces of a soft prompt, and masks where so asked."""
    start = SOFT_PROMPT_PIECE.format("").rstrip(">")
    soft = tuple(sorted((token,) for piece, token in tokenizer.get_vocab().items() if piece.startswith(start)))
    return soft + (mask_sequences(tokenizer) if suppress_masks else ())


def mask_sequences(tokenizer: PreTrainedTokenizerBase) -> tuple[tuple[int, ...], ...]:
    """Return the token sequences without which neither ``___`` nor ``XXXX`` can be written, sorted.

    Every piece that holds ``__`` or ``XXX``, or is underscores alone or ``XX``; and ``X`` followed by ``X`` in one
    word. A single X stays: it is a word of radiology. A tokenizer without such pieces gives none.
    """
    special = set(tokenizer.all_special_ids)
    pieces = {token: piece for piece, token in tokenizer.get_vocab().items() if token not in special}
    bare = {token: piece.strip(_WORD_MARKS) for token, piece in pieces.items()}
    single = {(t,) for t, text in bare.items() if "__" in text or "XXX" in text or text in ("_", "XX")}
    cross = [token for token, text in bare.items() if text == "X"]
    inside = [token for token in cross if pieces[token] == "X"]
    return tuple(sorted(single | set(product(cross, inside))))
