"""What follows "signed by": names, credentials, roles, dates and numbers, as far as they go on one line."""

import re
from typing import NamedTuple

from radray.language.ordinary_words import MEDICAL, MEDICAL_ENDINGS, NEVER_NAMES
from radray.reports.text.signing.words import (
    CREDENTIAL,
    DATE,
    MASK,
    OTHER_CREDENTIAL,
    PERSON,
    PHONE,
    ROLE,
    TIME,
    TITLE,
    WEEKDAY,
    ZONE,
)

_TOKEN = re.compile(
    rf"""[ \t]*+(?:
        (?P<phone>{PHONE})
        | (?P<date>{DATE})
        | (?P<time>{TIME})
        | (?P<zone>{ZONE}|{WEEKDAY})
        | (?P<mask>{MASK})
        | (?P<strong>{CREDENTIAL})
        | (?P<weak>{OTHER_CREDENTIAL})
        | (?P<title>{TITLE})
        | (?P<site>(?i:at|from|of)[ ](?:[A-Z][\w'&-]*+[ ]){{0,4}}?(?i:hospital|clinic|radiology
            |imaging|university|institute|medical[ ]cent(?:er|re)|cent(?:er|re))(?![A-Za-z]))
        | (?P<role>{ROLE})
        | (?P<typist>/[ ]?[a-z]{{2,3}}(?![\w/]))
        | (?P<join>(?i:on|at|by|for|and|of|date|time|dated)(?![A-Za-z])[ ]?:?|&)
        | (?P<particle>(?:van|von|der|den|de|del|della|la|le|du|di|da|dos|bin|ibn|al|el|ter|ten)(?![A-Za-z]))
        | (?P<number>(?:ID[ ]?:?[ ]?)?[#(\[]{{0,2}}[A-Z]{{0,4}}[0-9]{{4,12}}[A-Z]?(?![\w/]|[ ]?[cm]m)[)\]]?)
        | (?P<name>[A-Z]\.(?:[ ]?[A-Z]\.)*
            |[A-Z\u00c0-\u00d6\u00d8-\u00de][^\W\d_]*+(?:['\u2019-][^\W\d_]++)*+)(?![ ]?[:=])
        | (?P<mark>[,;:/()\[\]|+-]|\.)
    )""",
    re.VERBOSE,
)
_PERSON = re.compile(PERSON, re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_LINE_ENDS = re.compile(r"[^\w\n]*(?:\n|\Z)")
_AFTER_INITIAL = re.compile(r"[ ]*[A-Z](?:,|[ ]*(?:\n|\Z|[0-9(]|(?i:on|at)\b|M\.?D))")
_LOWER_FOLLOWS = re.compile(r"[ \t]*(?!(?:on|at|by|for|and|of|in|date|time|cc(?= ?:))\b)[a-z]")
_SENTENCE = re.compile(
    rf"""[A-Z][\w'\u2019-]*+,?[ \t]+(?!(?:on|at|by|for|and|of|in|from|as|van|von|de[nrl]?|la|le|du|di|da|dos|bin
    |al|el|ter|md    |m\.|physicians?|certified|{PERSON})\b)[a-z]""",
    re.VERBOSE,
)
_LONGEST = 400
"""What is read behind a "by", in characters: a signature with two names and their roles has 200."""
_LONGEST_NAME = 5


class Tail(NamedTuple):
    """What was read, and as far as it holds."""

    end: int
    names: int = 0
    """Words that can be of a name."""
    plain: bool = True
    """No word of the names is of findings."""
    coined: bool = False
    """A word of the names ends like a disease."""
    strong: bool = False
    """A credential is there."""
    title: bool = False
    stamp: bool = False
    """A date or time is there."""
    mask: bool = False
    person: bool = False
    """The role of a person is there: radiologist, registrar."""
    role: bool = False
    """A role, or a place such as a hospital, is there."""
    role_last: bool = False
    comma: bool = False
    """A comma sets a credential, a role or the second name off."""
    cut: bool = False
    """The last word was given back to a sentence that goes on."""


def is_line_end(text: str, at: int) -> bool:
    """Return whether nothing but punctuation follows on the line; True at the end of the text."""
    return _LINE_ENDS.match(text, at) is not None


def goes_on(text: str, at: int) -> bool:
    """Return whether a sentence goes on at `at`: a word in lower case follows on the line."""
    return _LOWER_FOLLOWS.match(text, at) is not None


def is_sentence(text: str, at: int) -> bool:
    """Return whether text at `at` begins like a sentence, its second word in lower case, as no name does."""
    return _SENTENCE.match(text, at) is not None


def is_name(words: str) -> bool:
    """Return whether no word of `words` is of findings or of sentences; True for text without words."""
    for word in _WORD.findall(words):
        lower = word.lower()
        if lower in MEDICAL or lower in NEVER_NAMES or MEDICAL_ENDINGS.fullmatch(lower):
            return False
    return True


def read_tail(text: str, at: int) -> Tail:
    """Return what signs at `at`: its `end` is `at` where nothing does.

    A sentence that begins behind a name takes its first word back ("Robin Example There is ..."); behind a date or a
    credential, names need a comma before them; a stop ends all but a date or a credential.
    """
    reader = _Reader(text, at)
    while (match := _TOKEN.match(text, reader.place, reader.limit)) is not None and reader.take(match):
        reader.place = match.end()
    return reader.tail()


class _Reader:
    """What was read so far, and whether the next word can be of it."""

    def __init__(self, text: str, at: int) -> None:
        self.text, self.place, self.end, self.before_last = text, at, at, at
        self.limit = min(len(text), at + _LONGEST)
        self.names = self.run = 0
        self.last = ""
        self.seen: set[str] = set()
        self.plain, self.coined = True, False
        self.comma = self.comma_before = self.separated = self.joined = self.due = False
        self.stop: int | None = None
        self.owed: int | None = None
        """Where it ends if no role, credential or line end follows names behind a credential or date."""

    def take(self, match: re.Match[str]) -> bool:
        """Return whether `match` goes on with what was read, and add it if so."""
        kind = match.lastgroup or ""
        if kind == "mark":
            return self._mark(match)
        if self.stop is not None and kind not in ("date", "time", "zone", "strong", "weak"):
            return False
        if kind == "join":
            return self._join(match["join"].rstrip(": ").lower())
        if kind == "particle":
            return True
        if self.due and kind not in ("date", "time", "zone", "mask", "number", "phone"):
            return False
        if kind in ("strong", "weak") and not self._may_be_credential(kind):
            kind = "name" if kind == "weak" else ""
        elif kind == "title" and self.last == "role" and "prof" in match.group().lower():
            kind = "role"
        allowed = {
            "name": self._name,
            "title": self._title,
            "date": self._new,
            "time": self._new,
            "role": self._role,
            "site": self._something_before,
            "typist": self._something_before,
            "phone": self._something_before,
            "number": self._something_before,
            "mask": self._mask,
        }.get(kind, self._anything if kind else self._nothing)
        if not allowed(kind, match.group().strip()):
            return False
        if kind in ("strong", "weak"):
            self.comma = self.comma or self.comma_before
        if kind in ("strong", "weak", "role", "site"):
            self.owed, kind = None, kind if kind != "site" else "role"
        self.run = self.run + 1 if kind == "name" else 0
        self.seen.add(kind)
        self.before_last, self.end, self.last = self.end, match.end(), kind
        self.separated = self.comma_before = self.joined = self.due = False
        return True

    def tail(self) -> Tail:
        """Return what was read, without what belongs to a sentence behind it."""
        end, names, cut = self.end, self.names, False
        if self.owed is not None and not is_line_end(self.text, end):
            end = self.owed
        elif self.stop is not None and end > self.stop and goes_on(self.text, end):
            end = self.stop
        elif self.last in ("name", "mask", "role") and self.stop is None and goes_on(self.text, end):
            end, names, cut = self.before_last, names - (self.last == "name"), True
        seen = self.seen
        return Tail(
            end=end,
            names=names,
            plain=self.plain,
            coined=self.coined,
            strong="strong" in seen,
            title="title" in seen,
            stamp=not seen.isdisjoint(("date", "time", "zone")),
            mask="mask" in seen,
            person="person" in seen,
            role="role" in seen,
            role_last=self.last == "role",
            comma=self.comma,
            cut=cut,
        )

    def _mark(self, match: re.Match[str]) -> bool:
        if match["mark"] == ".":
            if self.stop is not None or not self.last:
                return False
            self.stop = match.end()
            if self.place == self.end:
                self.end = self.stop
        elif self.last:
            self.separated = True
            self.comma_before = self.comma_before or match["mark"] in ",;"
        return True

    def _join(self, word: str) -> bool:
        if word in ("and", "&"):
            self.separated = self.comma_before = True
            return bool(self.last)
        if word == "by":
            self.joined = True
            return self.last in ("", "date", "time", "zone", "mask")
        if word in ("for", "of"):
            self.joined = True
            return self.last == "role"
        self.due = True
        return True

    def _may_be_credential(self, kind: str) -> bool:
        if self.last in ("strong", "weak", "mask", "title"):
            return True
        if self.last == "name":
            return kind == "strong" or self.comma_before
        return self.last == "role" and self.separated and self.names > 0

    def _name(self, kind: str, word: str) -> bool:
        initial = len(word) == 1 and _AFTER_INITIAL.match(self.text, self.place) is not None
        if self.run >= _LONGEST_NAME or (word.lower() in NEVER_NAMES and not initial):
            return False
        dated = not self.seen.isdisjoint(("date", "time"))
        if self.last == "role" or (self.run == 0 and (dated or "strong" in self.seen)):
            if not is_name(word) or (dated and self.names > 0):
                return False
            if not (self.separated or self.joined or self.last == "role"):
                return False
            if not self.joined:
                self.owed = self.end if self.owed is None else self.owed
        self.names += 1
        self.plain = self.plain and is_name(word)
        self.coined = self.coined or MEDICAL_ENDINGS.fullmatch(word.lower()) is not None
        self.comma = self.comma or (self.comma_before and self.names == 2)
        return True

    def _title(self, kind: str, word: str) -> bool:
        return not self.last or self.separated or self.joined

    def _new(self, kind: str, word: str) -> bool:
        return kind not in self.seen

    def _role(self, kind: str, word: str) -> bool:
        if self.last in ("date", "time", "zone") and not self.separated:
            return False
        self.comma = self.comma or self.comma_before
        if _PERSON.search(word) is not None:
            self.seen.add("person")
        return True

    def _mask(self, kind: str, word: str) -> bool:
        self.comma = self.comma or (self.comma_before and "mask" in self.seen)
        return self.due or self.joined or self.names == 0 or self.last not in ("date", "time", "zone")

    def _something_before(self, kind: str, word: str) -> bool:
        return bool(self.last)

    def _anything(self, kind: str, word: str) -> bool:
        return True

    def _nothing(self, kind: str, word: str) -> bool:
        return False
