"""The kinds of identifiers that the rules know: the 18 of HIPAA's Safe Harbor, as far as text can hold them."""

from typing import NamedTuple

KINDS = {
    "name": "a person's name: by title, credential, role or relation, or two words in a row that no report has",
    "address": "a street, post box, postcode or home town, or an institution by its name",
    "birth": "a date of birth",
    "date": "another date more precise than a year: an admission, an operation, a call",
    "exam_date": "the date of an exam, as comparisons have it",
    "age": "an age over 89",
    "phone": "a number of a telephone or pager",
    "fax": "a number of a fax",
    "email": "an e-mail address",
    "ssn": "a social security number",
    "mrn": "a number of the patient or the record",
    "plan": "a number of an insurance or health plan",
    "account": "a number of an account, an invoice, a stay or a card",
    "licence": "a number of a licence, certificate or passport",
    "vehicle": "a vehicle's number or plate",
    "device": "a device's serial number, lot or identifier",
    "url": "an address on the web",
    "ip": "an address of a computer",
    "biometric": "a record of a finger, voice, iris or palm",
    "photo": "a file of a picture",
    "number": "another number long enough to be one person's: accession, order, UID, barcode",
}
"""What each kind is. 45 CFR 164.514(b)(2)(i) lists them; `exam_date` and `birth` are of its dates."""

ORDINARY = frozenset({"exam_date"})
"""Kinds that are counted apart, and for which no report is refused: every comparison has such a date, and data sets
that were de-identified by shifting dates keep them all."""


class Identifier(NamedTuple):
    """Characters `start` to `end` of a text, its label or title among them."""

    kind: str
    start: int
    end: int
    value: str
    """Its text without label or title, in lower case: to be compared, and never printed."""


class Reading(NamedTuple):
    """A text as the rules read it, each of which looks first for a word that it cannot do without."""

    text: str
    lowered: str
    """The text in lower case, of the same length."""
    words: frozenset[str]
    """Its runs of the letters a to z, in lower case."""
    digits: bool
    """Whether it has any."""

    def has(self, words: frozenset[str]) -> bool:
        """Return whether any of `words` is in the text; False for none."""
        return not self.words.isdisjoint(words)


def word_set(words: str) -> frozenset[str]:
    """Return the words of `words`, apart by white space; empty for blank text."""
    return frozenset(words.split())
