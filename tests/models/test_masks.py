import itertools

from transformers import T5Tokenizer

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
