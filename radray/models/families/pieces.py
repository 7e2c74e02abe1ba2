"""Which pieces a tokenizer is learnt with: its file goes wherever the model goes, and names no patient."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import PreTokenizer
from tokenizers.trainers import BpeTrainer

PATIENTS = 5
"""Fewest patients whose texts hold a piece of more than one character. With 5, 1,384 reports of Open-i still
give the default 2,000 pieces; with 11, the size of a cell below which Medicare publishes no figure, they give 1,490."""

_LONGEST_PIECE = 24
"""Characters; the longest word of Open-i that is a piece has 18."""
_LONGEST_WORD = 100
"""Characters of a word that is learnt from: longer is no word, and its parts are counted in all their lengths."""
_CANDIDATES = 4
"""Pieces learnt for each that is wanted: of Open-i's, 46 % are of too few patients."""


def learn_pieces(
    texts: Sequence[str],
    patients: Sequence[str] | None,
    splitter: PreTokenizer,
    size: int,
    alphabet: Sequence[str],
    special: Sequence[str] = (),
) -> Tokenizer:
    """Return a BPE tokenizer of at most `size` pieces, which splits by `splitter` and merges as `texts` have it.

    `patients` says whose each text is; None: each is of a patient of its own. Every piece is `special`, in the
    `alphabet`, or stands in the texts of at least PATIENTS patients: the name or the number of a patient is none,
    however often that patient's texts have it. Equal texts give equal pieces. No text gives `special` and `alphabet`.
    """
    words = _Words(texts, patients, splitter)
    learner = Tokenizer(BPE())
    trainer = BpeTrainer(
        vocab_size=size * _CANDIDATES,
        show_progress=False,
        max_token_length=_LONGEST_PIECE,
        initial_alphabet=list(alphabet),
    )
    learner.train_from_iterator(words.by_text(), trainer=trainer)  # a word is a sequence: nothing splits it again
    model = json.loads(learner.to_str())["model"]
    common = words.common(model["vocab"])
    pieces = dict.fromkeys([*special, *sorted({*alphabet, *(piece for piece in common if len(piece) == 1)})])
    merges = []
    for first, second in model["merges"]:
        if len(pieces) == size:
            break
        # what is part of a common piece is common: its own merge came before
        if first + second in common:
            merges.append((first, second))
            pieces[first + second] = None
    tokenizer = Tokenizer(BPE({piece: number for number, piece in enumerate(pieces)}, merges))
    tokenizer.pre_tokenizer = splitter
    return tokenizer


class _Words:
    """The words of texts, each with the patients who have it; of PATIENTS and more it is not kept who they are."""

    def __init__(self, texts: Sequence[str], patients: Sequence[str] | None, splitter: PreTokenizer) -> None:
        self._texts = texts
        self._splitter = splitter
        self._counts: Counter[str] = Counter()
        self._few: dict[str, set[int]] = {}
        owners = [str(number) for number in range(len(texts))] if patients is None else patients
        order = sorted(range(len(texts)), key=owners.__getitem__)
        for patient, (_, places) in enumerate(groupby(order, key=owners.__getitem__)):
            for word in {word for place in places for word in self._split(texts[place])}:
                self._counts[word] += 1
                if self._counts[word] < PATIENTS:
                    self._few.setdefault(word, set()).add(patient)
                else:
                    self._few.pop(word, None)

    def by_text(self) -> Iterator[list[str]]:
        """Yield the words of each text, in order, as the splitter writes them."""
        for text in self._texts:
            yield list(self._split(text))

    def common(self, pieces: dict[str, int]) -> frozenset[str]:
        """Return those of `pieces` that are a part of the words of PATIENTS patients or more."""
        common: set[str] = set()
        few: dict[str, set[int]] = {}
        for word in self._counts:
            patients = self._few.get(word)
            for piece in _parts(word) & pieces.keys() - common:
                if patients is not None:
                    few.setdefault(piece, set()).update(patients)
                if patients is None or len(few[piece]) >= PATIENTS:
                    common.add(piece)
        return frozenset(common)

    def _split(self, text: str) -> Iterator[str]:
        return (word for word, _ in self._splitter.pre_tokenize_str(text) if len(word) <= _LONGEST_WORD)


def _parts(word: str) -> set[str]:
    return {
        word[first:end]
        for first in range(len(word))
        for end in range(first + 1, min(first + _LONGEST_PIECE, len(word)) + 1)
    }
