"""Floors that tasks share: answers that need no model and know nothing of the task."""

from collections import Counter
from collections.abc import Callable, Sequence

from radray.errors import InputError
from radray.evaluation.similarity import TIE, FindingsSimilarity
from radray.tasks.answering import Example, Floor, Parsed


def constant(write: Callable[[Parsed], str], otherwise: Parsed) -> Floor:
    """Return the floor that gives the commonest right answer of training every time; the first of equals.

    `write` tells answers apart; `otherwise` is given without training.
    """

    def answer(training: Sequence[Example], asked: Sequence[Example]) -> list[Parsed]:
        known = {write(its.gold): its.gold for its in reversed(training) if its.gold is not None}
        counts = Counter(write(its.gold) for its in training if its.gold is not None)
        best = known[counts.most_common(1)[0][0]] if counts else otherwise
        return [best] * len(asked)

    return answer


def nearest(otherwise: Parsed) -> Floor:
    """Return the floor that gives the answer of the training example with the most similar inputs, see `similarity`.

    Ties go to the first; `otherwise` is given where training has no example, or none with a word.
    """

    def answer(training: Sequence[Example], asked: Sequence[Example]) -> list[Parsed]:
        known = [(_text(its), its.gold) for its in training if its.gold is not None]
        try:
            similarity = FindingsSimilarity([text for text, _ in known]) if known else None
        except InputError:
            similarity = None
        if similarity is None:
            return [otherwise] * len(asked)
        texts = [_text(its) for its in asked]
        return [known[int((cosines >= cosines.max() - TIE).argmax())][1] for cosines in similarity.cosines(texts)]

    return answer


def _text(example: Example) -> str:
    return " ".join(example.inputs.values())
