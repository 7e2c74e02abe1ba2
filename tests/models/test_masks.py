import itertools

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast, T5Tokenizer

from radray.models.families.masks import mask_sequences

WORD = "\N{LOWER ONE EIGHTH BLOCK}"


def _sequences(*pieces: str) -> tuple[tuple[int, ...], ...]:
    return mask_sequences(T5Tokenizer(vocab=[(piece, -1.0) for piece in ("<pad>", "</s>", "<unk>", *pieces)]))


def test_pieces_of_masks_are_suppressed_whatever_they_are_glued_to() -> None:
    assert _sequences("___", f"{WORD}___", f"{WORD}___.", "_", "XXXX", "XX", f"{WORD}aXXX") == tuple(
        (token,) for token in range(3, 10)
    )


def test_a_single_x_stays_and_two_in_a_word_do_not() -> None:
    # 3: X that goes on a word, 4: X that starts one, which may follow any X; the rest is radiology
    assert _sequences("X", f"{WORD}X", f"{WORD}X-ray", "XI", "a_b", WORD) == ((3, 3), (4, 3))


def test_a_vocabulary_without_masks_gives_none() -> None:
    assert _sequences("a", f"{WORD}b") == ()


def test_no_way_to_spell_a_mask_is_left() -> None:
    pieces = ["_", "__", "___", "X", "XX", "XXX", "XXXX", f"{WORD}_", f"{WORD}__", f"{WORD}X", f"{WORD}XX", WORD]
    suppressed = _sequences(*pieces)
    for length in range(1, 6):
        for spelling in itertools.product(range(len(pieces)), repeat=length):
            text = "".join(pieces[place] for place in spelling).replace(WORD, " ").strip()
            if text in ("___", "XXXX"):
                ids = tuple(place + 3 for place in spelling)
                windows = {ids[i:j] for i in range(length) for j in range(i + 1, length + 1)}
                assert windows & set(suppressed)


BYTE_MARK = "\N{LATIN CAPITAL LETTER G WITH DOT ABOVE}"
"""What byte-level BPE writes for the space before a word."""


@pytest.mark.parametrize(
    ("mark", "pieces"),
    [
        (BYTE_MARK, ["_", "__", "___", "(_", "_)", "a_b", "X", "XX", "AX", "XI", "XXXX"]),
        (WORD, ["_", "___", "(_", "<0x5F>", "<0x58>", "X", "XX", "AX", "XI", "a_"]),
    ],
    ids=["byte-level", "byte-fallback"],
)
def test_no_pieces_that_may_follow_each_other_spell_a_mask(mark: str, pieces: list[str]) -> None:
    vocabulary = [*pieces, mark, *(mark + piece for piece in pieces if not piece.startswith("<0x"))]
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel({piece: token for token, piece in enumerate(vocabulary)}))
    )
    suppressed = set(mask_sequences(tokenizer))
    spelt = [piece.replace(mark, " ").replace("<0x5F>", "_").replace("<0x58>", "X") for piece in vocabulary]
    tried = forbidden = 0
    # what may come next hangs on the last piece alone, and a mask is spelt by four pieces at most
    allowed: set[tuple[int, ...]] = {()}
    for _ in range(5):
        longer = {(*row, token) for row in allowed for token in range(len(vocabulary))}
        allowed = {row for row in longer if not {row[-1:], row[-2:]} & suppressed}
        tried, forbidden = tried + len(allowed), forbidden + len(longer) - len(allowed)
        texts = ["".join(spelt[token] for token in row) for row in allowed]
        assert not [text for text in texts if "___" in text or "XXXX" in text]
        allowed = {row[-3:] for row in allowed}
    assert min(tried, forbidden) > 1_000
    # a single X, and an underscore inside a word, are no masks
    assert not {(vocabulary.index(piece),) for piece in ("X", "XI", "AX", "(_", f"{mark}X")} & suppressed
