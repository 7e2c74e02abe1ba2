"""Split impressions and findings into sentences, without a model or a download."""

import re

SPLITTER_ID = "sentences-1"
"""Part of `scorer_id`: raise it when a change here can change a score."""

_GLUED = re.compile(r"(?<=[a-z]{2})([.!?])(?=[A-Z][a-z])")
"""A full stop without a space after it ("effusion.No"): lower case on its left, so that it is not a measurement."""
_MARK = re.compile(r"\(?(\d{1,2}|[A-Za-z])[.)](?=$|[A-Z])")
"""A list number or letter, alone or glued to its item ("2.Small"); never the start of "1.9"."""
_STOPS = (".", "!", "?")
_BEHIND_STOPS = "\"')]"
_WORDLESS = re.compile(r"[^\w]*")

_TITLES = frozenset({"dr.", "drs.", "mr.", "mrs.", "ms.", "prof.", "st."})
_ABBREVIATIONS = _TITLES | {"vs.", "e.g.", "i.e.", "cf.", "approx.", "incl.", "resp.", "fig.", "figs."}
"""Words whose dot never ends a sentence. For those whose dot may ("etc.", "cm.", "p.m.") the next letter decides."""
_BEFORE_NUMBERS = frozenset({"no.", "nos."})
"""Words whose dot does not end a sentence when a number follows: "rib no. 5"."""
_INITIAL = re.compile(r"[A-Z]\.")


def split_sentences(text: str) -> list[str]:
    """Return the sentences of `text` in order, stripped; [] for a text without a word.

    A line break ends a sentence; so does a stop that is followed by a space and anything but a lower-case letter,
    unless it belongs to an abbreviation, a title or an initial after a title. A list number stays at the start of its
    item, and the next number of a list begins a sentence even where the item before it has no stop. Pieces of
    punctuation alone are left out; a mask (``___``) is a word. Text without capitals is split only at line breaks.
    """
    return [
        sentence
        for line in text.splitlines()
        for sentence in _split_line(_GLUED.sub(r"\1 ", line).split())
        if not _WORDLESS.fullmatch(sentence)
    ]


def _split_line(words: list[str]) -> list[str]:
    sentences: list[str] = []
    current: list[str] = []
    next_number = 0
    last_word = ""  # the last that is no initial
    for index, word in enumerate(words):
        mark = _MARK.match(word) if "." in word or ")" in word else None
        number = int(mark[1]) if mark and mark[1].isdigit() else 0
        if current and number > 1 and number == next_number:
            sentences.append(" ".join(current))
            current = []
        begins_item = mark is not None and not current
        if begins_item:
            next_number = number + 1
        current.append(word)
        if begins_item and _MARK.fullmatch(word):
            continue
        # letters alone end no sentence: most words need no look at the next
        if index + 1 == len(words) or (not word.isalnum() and _ends_sentence(word, words[index + 1], last_word)):
            sentences.append(" ".join(current))
            current = []
        if len(word) != 2 or not _INITIAL.fullmatch(word):
            last_word = word
    if current:
        sentences.append(" ".join(current))
    return sentences


def _ends_sentence(word: str, following: str, before: str) -> bool:
    """Whether `word`, which `following` follows, is the last of its sentence; `before`: the last that is no initial."""
    lower = word.lower().lstrip("([")
    if not lower.rstrip(_BEHIND_STOPS).endswith(_STOPS) or following[0].islower():
        return False
    if lower in _ABBREVIATIONS or (lower in _BEFORE_NUMBERS and following[0].isdigit()):
        return False
    # initials after a title: "Dr. J. R. Smith"; without a title a letter may end a sentence: "hepatitis C. No"
    return not _INITIAL.fullmatch(word) or before.lower() not in _TITLES
