"""Longest common subsequences of words, as rouge-score's ROUGE-L and ROUGE-Lsum count them, in little memory.

rouge-score fills a table with a Python list for each word of the reference. Here a row of that table is one integer
with a bit for each word of the prediction, which is set where the row does not grow (Hyyro, "Bit-parallel LCS-length
computation revisited", 2004).
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

Words = tuple[str, ...]
_KEPT = 4096
"""Pairs of sentences whose common words are kept: normal ones recur, and a reference is scored cleaned and raw."""


def common_length(reference: Sequence[str], prediction: Sequence[str]) -> int:
    """Return the length of the longest common subsequence; 0 where either is empty."""
    masks = _masks(prediction)
    row = full = (1 << len(prediction)) - 1
    for word in reference:
        if mask := masks.get(word, 0):
            both = row & mask
            row = ((row + both) | (row - both)) & full
    return len(prediction) - row.bit_count()


def common_in_sentences(references: Sequence[Words], predictions: Sequence[Words]) -> int:
    """Return the words of the union of common subsequences of each reference with all predictions (ROUGE-Lsum).

    Each word counts no more often than either side has it, as in rouge-score and ROUGE-1.5.5. 0 where either is empty.
    """
    left = Counter(word for sentence in references for word in sentence)
    left &= Counter(word for sentence in predictions for word in sentence)
    hits = 0
    sets = [(sentence, frozenset(sentence)) for sentence in dict.fromkeys(predictions)]
    for reference in references:
        places: set[int] = set()
        for sentence, words in sets:
            if not words.isdisjoint(reference):
                places.update(_common_places(reference, sentence))
        for place in sorted(places):
            if left[reference[place]] > 0:
                left[reference[place]] -= 1
                hits += 1
    return hits


@lru_cache(maxsize=_KEPT)
def _common_places(reference: Words, prediction: Words) -> tuple[int, ...]:
    """Return the places in `reference` of one of the longest common subsequences: that which rouge-score reads out.

    From the end: a common word is taken; else the last word of the prediction is left out if that costs less than to
    leave out that of the reference.
    """
    masks = _masks(prediction)
    row = full = (1 << len(prediction)) - 1
    rows = [row]
    for word in reference:
        if mask := masks.get(word, 0):
            both = row & mask
            row = ((row + both) | (row - both)) & full
        rows.append(row)
    places: list[int] = []
    at, left = len(reference), len(prediction)
    while at and left:
        if reference[at - 1] == prediction[left - 1]:
            at, left = at - 1, left - 1
            places.append(at)
            continue
        here, above = rows[at], rows[at - 1]
        # the lengths without the one and without the other: words up to there, less the bits that are set
        without_last = left - 1 - (here & ((1 << (left - 1)) - 1)).bit_count()
        if without_last > left - (above & ((1 << left) - 1)).bit_count():
            left -= 1
        else:
            at -= 1
    return tuple(places)


def _masks(words: Sequence[str]) -> dict[str, int]:
    """Return for each of `words` the bits of its places."""
    masks: dict[str, int] = {}
    for place, word in enumerate(words):
        masks[word] = masks.get(word, 0) | 1 << place
    return masks
