"""The tokens that a model has read a thousand times and must not write: masks of de-identification, soft prompts."""

import re
from itertools import product

from transformers import PreTrainedTokenizerBase

_WORD_MARKS = "\N{LOWER ONE EIGHTH BLOCK}\N{LATIN CAPITAL LETTER G WITH DOT ABOVE}"
"""What SentencePiece and byte-level BPE write for the space before a word."""


SOFT_PROMPT_PIECE = "<soft_prompt_{}>"
"""Piece of a learnt vector that stands before every input; see `adapters`."""
_BYTE = re.compile("<0x([0-9A-F]{2})>")
"""What a tokenizer with byte fallback calls the piece of a single byte: it spells ``_`` and ``X`` so, too."""


def never_written(tokenizer: PreTrainedTokenizerBase, *, suppress_masks: bool) -> tuple[tuple[int, ...], ...]:
    """Return the token sequences that no output may hold: pieces of a soft prompt, and masks where so asked."""
    soft = tuple((token,) for token in sorted(soft_pieces_in(tokenizer).values()))
    return soft + (mask_sequences(tokenizer) if suppress_masks else ())


def soft_pieces(count: int) -> list[str]:
    """Return the pieces of a soft prompt of `count` vectors."""
    return [SOFT_PROMPT_PIECE.format(index) for index in range(count)]


def soft_pieces_in(tokenizer: PreTrainedTokenizerBase) -> dict[str, int]:
    """Return the pieces of a soft prompt that the tokenizer has, with their ids, in the order of the vectors."""
    start = SOFT_PROMPT_PIECE.format("").rstrip(">")
    pieces = {piece: token for piece, token in tokenizer.get_vocab().items() if piece.startswith(start)}
    return dict(sorted(pieces.items(), key=lambda item: item[1]))


def mask_sequences(tokenizer: PreTrainedTokenizerBase) -> tuple[tuple[int, ...], ...]:
    """Return the token sequences without which neither ``___`` nor ``XXXX`` can be written, sorted.

    Every piece that holds ``__`` or ``XX``, or is one underscore; and ``X`` followed by ``X`` in one word. Whatever
    pieces spell a mask, one of these is among them: of three underscores the second is a piece of its own where no
    piece has two, and so are the second and third of four X. A single X stays: it is a word of radiology. A tokenizer
    without such pieces gives none.
    """
    special = set(tokenizer.all_special_ids)
    pieces = {token: piece for piece, token in tokenizer.get_vocab().items() if token not in special}
    bare = {token: _spelt(piece).strip(_WORD_MARKS) for token, piece in pieces.items()}
    single = {(t,) for t, text in bare.items() if "__" in text or "XX" in text or text == "_"}
    cross = [token for token, text in bare.items() if text == "X"]
    inside = [token for token in cross if _spelt(pieces[token]) == "X"]
    return tuple(sorted(single | set(product(cross, inside))))


def _spelt(piece: str) -> str:
    """Return the character of a piece that is the name of a byte; any other piece as it is."""
    byte = _BYTE.fullmatch(piece)
    return chr(int(byte.group(1), 16)) if byte else piece
