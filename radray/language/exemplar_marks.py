"""Where the exemplars of a prompt begin and end: marks in its text, which no model reads.

A prompt that is too long loses exemplars before it loses words of its own report, so whoever cuts it must know them.
They stand between control characters that no report has (`plain` takes them out); no tokenizer meets these.
"""

from typing import NamedTuple

_BEGIN, _END = "\x1e", "\x1f"
ALIKE = "\x1d"
"""Mark after what all prompts of a run begin with."""
_NONE = str.maketrans("", "", _BEGIN + _END + ALIKE)


class Unmarked(NamedTuple):
    """A prompt without marks, and the characters of each exemplar in it, (first, end), in order.

    All prompts of a run have the first `alike` characters.
    """

    text: str
    exemplars: tuple[tuple[int, int], ...]
    alike: int


def plain(text: str) -> str:
    """Return `text` without a character that would be a mark."""
    return text.translate(_NONE)


def marked(exemplar: str) -> str:
    """Return the text of an exemplar, between marks. No text: an empty one, of no exemplar."""
    return f"{_BEGIN}{exemplar}{_END}" if exemplar else ""


def without_exemplars(prompt: str) -> str:
    """Return `prompt` without its marks and without what its exemplars say. A prompt without marks: as it is."""
    text, exemplars, _ = unmark(prompt)
    first = 0
    kept = []
    for begin, end in exemplars:
        kept.append(text[first:begin])
        first = end
    return "".join([*kept, text[first:]])


def unmark(prompt: str) -> Unmarked:
    """Return `prompt` without its marks, and where they were. A prompt without marks: as it is."""
    same, mark, own = prompt.partition(ALIKE)
    first, *rest = (same + own).split(_BEGIN)
    text, exemplars = first, []
    for part in rest:
        exemplar, _, after = part.partition(_END)
        exemplars.append((len(text), len(text) + len(exemplar)))
        text += exemplar + after
    return Unmarked(text, tuple(exemplars), len(plain(same)) if mark else 0)
