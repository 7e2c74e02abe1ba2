"""The tokens of de-identification masks, which a model has read a thousand times and must not write."""

from itertools import product

from transformers import PreTrainedTokenizerBase

_WORD_MARKS = "\N{LOWER ONE EIGHTH BLOCK}\N{LATIN CAPITAL LETTER G WITH DOT ABOVE}"
"""What SentencePiece and byte-level BPE write for the space before a word."""


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
