"""Footers in the text of a section: who signed, when and where, which says nothing of the patient.

A radiologist's name at the end of an impression would be learned as part of the answer. Footers are recognised by
form, never by a list of names. Each begins where a line, a sentence or another footer begins, or with words that begin
nothing else ("Electronically signed by"):

1. a verb of signing with "by" and a name, or with a date: "Dictated by: ...", "Signed: 3/4/2026 10:15";
2. a role with a colon and a name: "Attending radiologist: ...";
3. a number of a system (workstation, job, accession), "D: 3/4/2026 T: 3/4/2026", a transcriptionist's initials;
4. "End of report", "Final report";
5. sentences of attestation, thanks, voice recognition, questions: every word must be of their list;
6. on a line of its own, at the end, or before another footer: a name with a credential or "Dr", a role, a date.

What was communicated to a named person ("discussed with Dr. ...") is part of the report and never a footer. In doubt
text stays. `signing.words` has the words of names and dates, `signing.sentences` those of sentences.
"""

import re
from bisect import bisect_right

from radray.reports.text.signing.lines import label_end, name_end, signed_end, word_end
from radray.reports.text.signing.names import is_line_end, is_sentence, read_tail
from radray.reports.text.signing.numbers import number_end
from radray.reports.text.signing.places import boundary_places, inline_places, may_begin, name_places
from radray.reports.text.signing.sentences import DISCLAIMING, kinds_in, sentence_end
from radray.reports.text.signing.words import word_set

Span = tuple[int, int]
"""Start and end of a footer in the text."""

_GUARDS = word_set(
    """
    accession approved appreciate appreciated attending attest attestation authenticated authorised authorized cc
    certify checked code completed confirmation consultant cosigned cpt d dd dear dictated dictating dictation digitally
    document dr edited electronically end es fellow final finalised finalized franzcr frcr i interpreted interpreting
    job mbbs md mrn npi ordered ordering phd physician pleasure prepared professor provider question questions
    radiologist radiology read recognition referring registrar regards released reported reporting requested requesting
    resident reviewed signature signed sincerely staff submitted supervised t teaching technologist thank thanks trans
    transcribed transcription transcriptionist typed typist typographical validated verified verifier visit workstation
    wsn ws reading signing diplomate aprn arnp bmbs crnp dabr dacvr dmrd dmre dnb dvm facr ffrrcsi fracp
    fracs frcp frcpc frcs fsir mbbch mmed mrcp mrcs pharmd rdms status ext information doc page wishes ref tech
    """
)
"""Every footer has one of these words, or ends in a date or initials: 49 of the 3,263 sections of Open-i do."""
_GUARD_BYTES = frozenset(word.encode() for word in _GUARDS)
_LOWER_LETTERS = bytes(code | 32 if chr(code).isalpha() and code < 128 else 32 for code in range(256))
_T = frozenset({b"t"})
"""Of "T: 3/4/2026", but also of "doesn't" and "T12"."""
_NO_LETTERS = {code: " " for code in range(128) if not chr(code).isalpha()}
_LAST = re.compile(r"(?:[0-9][/:.-][0-9]{2,4}(?: ?[AaPp]\.?[Mm])?|\b(?:DO|PA-C)|\b[A-Z]{2,3} ?[/:] ?[a-z]{2,3})\W*\Z")
_LEAD = re.compile(r"(?:[\s#|>\u2022([{\"']|\*{1,3}(?!\*)|[-\u2013\u2014](?=[ -])|[=~*-]{4,}+|_{5,}+)*+")
_ITEM = re.compile(r"\(?[0-9]{1,2}[.)][ \t]+")
_LINE_BELOW = re.compile(r"[^\w\n]*\n[ \t]*(?=\S)")
_LOWER_LABEL = re.compile(r"[a-z][a-z /]{1,40}[:#]")
_TITLE_CASE = re.compile(r"[A-Z][a-z]")
_ELECTRONIC = re.compile(r"(?i)(?:electronically|digitally)\b|/e?s/|e-?signed")
_LONGEST_BLOCK = 400
_LONGEST_LEAD = 90
"""Marks before a line, a rule included, have fewer characters."""
_LONGEST_LINE = 160
"""Lines of names, roles and dates have fewer characters."""
_COMMUNICATION = (
    " discuss", " notif", " communicat", " inform", " call", " phone", " telephon", " page", " relay", " convey",
    " contact", " told", " spoke", " aware", " acknowledg", " read back", " readback", " receiv", " reported to",
    " reviewed with", " given to", " text", " messag", " alert", " agree", " fax", " sent to", " advise", " e-mail",
    " email", " consult", " refer", " follow", " according", " per ",
)  # fmt: skip
"""Beginnings of words of a sentence that can go on with a name on the next line."""
_OPEN_WORDS = word_set(
    """
    a an and or the of to in on at by for with from as is are was were per via dr drs prof physician doctor
    provider surgeon nurse resident attending radiologist team clinician oncologist cardiologist pulmonologist urologist
    neurologist orthopedist hospitalist intensivist internist pediatrician colleague consultant service office that than
    between after before see his her their our
    """
)
_STOPS = ".!?"
_TITLE_LAST = re.compile(r"(?i)\b(?:drs?|prof|mrs?)\.\Z")
_DOTTED_TITLE = re.compile(r"\b([Dd][Rr]s?|Mrs?|Ms|Prof)\.")
_LAST_WORD = re.compile(r"([A-Za-z]+)\Z")
_BLANK_LINE = re.compile(r"\n[ \t]*\n\W*\Z")
_RULE = re.compile(
    r"(?:(?:(?<=\n)|(?<=\A))[ \t]*[-=*~_]{3,}[ \t]*\n?|[-=~]{4,}+[ \t]*|_{5,}+[ \t]*|\*{4,}+[ \t]*"
    r"|(?:(?<=[\n.])|(?<=[\n.] ))\*{1,3}[ \t]*|[\[({\"'][ \t]*)\Z"
)
_CLOSE = re.compile(r"[ \t]*(?:[)\]}\"';:,.|]+|\*{1,3}(?![*\w])|[-=~*_]{4,})+")


def find_footers(text: str) -> list[Span]:
    """Return the spans of `text`, a section's, that are footers, in order and apart; [] for none and for empty text.

    A section of nothing but footers gives one span over all of it. Takes time in proportion to the length.
    """
    if not may_hold_footers(text):
        return []
    if text.islower() and len(capitals := text.upper()) == len(text):
        # names in lower case have no form; in capitals the rules for reports in capitals hold
        text = capitals
    spans = _merged(text, _Scan(text).spans())
    if spans and not _words_outside(text, spans):
        return [(0, len(text))]
    return spans


def may_hold_footers(text: str) -> bool:
    """Return whether any word of a footer is in `text`; most sections have none. False for empty text."""
    # a set of words takes a quarter of the time of a search for each of them, words of bytes half of that
    words = text.encode(errors="replace").translate(_LOWER_LETTERS).split()
    if not _GUARD_BYTES.isdisjoint(words) and (_GUARD_BYTES.intersection(words) != _T or "T:" in text or "t:" in text):
        return True
    return _LAST.search(text, max(0, len(text) - 20)) is not None


def _words(text: str) -> list[str]:
    return text.lower().translate(_NO_LETTERS).split()


class _Scan:
    """One pass over a text, from one place where a footer may begin to the next."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.inline = inline_places(text)
        self.breaks = frozenset(self.inline)
        self.boundaries = boundary_places(text)
        self.named = name_places(text)
        self.kinds = kinds_in(_words(text))
        self.disclaims = any(kind.words is DISCLAIMING for kind in self.kinds)
        self.places = sorted(self.breaks | self.boundaries | self.named)

    def spans(self) -> list[Span]:
        """Return the footers, not merged yet."""
        text, spans = self.text, list[Span]()
        waiting: list[Span] = []
        place, block = 0, 0
        while place < len(text):
            at, end = self._read(place, text[max(block, place - _LONGEST_BLOCK) : place])
            if end is not None:
                start = self._with_lines_above(at, end, waiting)
                close = _CLOSE.match(text, end)
                end = close.end() if close else end
                block = block if block < place and spans else start
                spans.append((start, end))
                waiting, place = [], end
                continue
            following = bisect_right(self.places, max(place, at))
            after = self.places[following] if following < len(self.places) else len(text)
            if any(map(str.isalnum, text[place:after])):
                block = after
                waits = self._is_line_start(at) and self._may_wait(at, after)
                if not waits:
                    waiting = []
                else:
                    waiting.append((at, after))
            place = after
        return spans

    def _read(self, place: int, block: str) -> tuple[int, int | None]:
        """Return where text begins at or after `place`, and where a footer that begins there ends.

        `block`: the footers that end at `place`, '' if text or nothing does.
        """
        text = self.text
        lead = _LEAD.match(text, place)
        at = lead.end() if lead else place
        item = _ITEM.match(text, at)
        for start in dict.fromkeys((at, item.end() if item else at, place)):
            if start < len(text) and (end := self._end_at(start, place, block)) is not None and end > start:
                return start, end
        return at, None

    def _end_at(self, at: int, place: int, block: str) -> int | None:
        text, behind = self.text, bool(block)
        formal = may_begin(text, at)
        if not (formal or behind or self.disclaims) and is_sentence(text, at):
            return None
        before = "" if behind else self._sentence_before(at)
        boundary = behind or place in self.boundaries
        if before is None and _ELECTRONIC.match(text, at) is not None:
            before = ""
        if before is None or not (boundary or place in self.breaks):
            return self._name_at(at, before, own_line=False, begins=True, block="") if place in self.named else None
        own_line, lower = self._is_line_start(at), text[at].islower()
        labelled = own_line and lower and _LOWER_LABEL.match(text, at) is not None
        begins = boundary and (before == "" or (own_line and (labelled or not lower)))
        begins = begins or (place in self.breaks and _TITLE_CASE.match(text, at) is not None)
        end = None
        if formal and (begins or labelled or not lower or _ELECTRONIC.match(text, at) is not None):
            end = (
                signed_end(text, at, begins=begins, breaks=self.breaks)
                or label_end(text, at, behind=behind, breaks=self.breaks)
                or number_end(text, at, breaks=self.breaks)
            )
        end = (
            end
            or sentence_end(text, at, self.kinds, behind=behind, breaks=self.breaks)
            or word_end(text, at, own_line=own_line, behind=behind, breaks=self.breaks)
        )
        if end is None and (boundary or place in self.named):
            return self._name_at(at, before, own_line=own_line, begins=begins, block=block)
        return end

    def _name_at(self, at: int, before: str | None, *, own_line: bool, begins: bool, block: str) -> int | None:
        """Return where a name, role or date alone ends; `before`: the unfinished sentence before it."""
        text = self.text
        if not (text[at].isupper() or text[at] in "_*[<(0123456789" or text.startswith(("on ", "at "), at)):
            return None
        near = self._rest_of_line(at) <= _LONGEST_LINE or self._break_near(at)
        if not near or is_sentence(text, at):
            return None
        if before is None or _communicates(before):
            return None
        end = name_end(text, at, own_line=own_line, begins=begins, block=block)
        if end is not None:
            return None if self._goes_on_below(at, end) else end
        if not self.inline:
            return None
        # a name, or the date of the footer before, before another footer on its line
        tail = read_tail(text, at)
        dated = bool(block) and tail.stamp and not (tail.names or tail.person)
        if not (dated or ((tail.strong or tail.title) and (tail.names or tail.mask) and tail.plain)):
            return None
        lead = _LEAD.match(text, tail.end)
        following = lead.end() if lead else tail.end
        return tail.end if following in self.breaks and self._follows(following) else None

    def _goes_on_below(self, at: int, end: int) -> bool:
        """Return whether the sentence with the name at `at` may go on in the line below: "Dr. Example" / "was told"."""
        below = _LINE_BELOW.match(self.text, end)
        if below is None:
            return False
        start = below.end()
        text, tail = self.text, read_tail(self.text, at)
        if not tail.names and not tail.title:
            return False
        if text[start].islower():
            return not text.startswith(("on ", "at "), start)
        if tail.strong or not tail.title or self._follows(start):
            return False
        return name_end(text, start, own_line=True, begins=True, block=text[at:end]) is None

    def _follows(self, at: int) -> bool:
        """Return whether a footer that is no name begins at `at`."""
        text, breaks = self.text, self.breaks
        end = signed_end(text, at, begins=True, breaks=breaks) or label_end(text, at, behind=True, breaks=breaks)
        end = (
            end or number_end(text, at, breaks=breaks) or sentence_end(text, at, self.kinds, behind=True, breaks=breaks)
        )
        return (end or word_end(text, at, own_line=False, behind=True, breaks=breaks)) is not None

    def _is_line_start(self, at: int) -> bool:
        before = self.text[max(0, at - _LONGEST_LEAD) : at]
        line = before.rfind("\n") + 1
        if not line and at > _LONGEST_LEAD:
            return False
        return not any(character.isalnum() for character in before[line:].rstrip("0123456789.) "))

    def _sentence_before(self, at: int) -> str | None:
        """Return the sentence before `at` as far as it is unfinished: '' if it is finished, None if it must go on."""
        before = self.text[max(0, at - 300) : at].rstrip(" \t\n*#-_=([{\"'")
        if not before or before[-1] in _STOPS:
            return None if _TITLE_LAST.search(before, max(0, len(before) - 6)) is not None else ""
        word = _LAST_WORD.search(before, max(0, len(before) - 20))
        if before[-1] in ",:;/" or (word is not None and word[1].lower() in _OPEN_WORDS):
            return None
        if _BLANK_LINE.search(self.text, max(0, at - 80), at) is not None:
            return ""
        # "with Dr. Example" is one sentence
        before = _DOTTED_TITLE.sub(r"\1 ", before)
        return before[max(before.rfind(stop + gap) for stop in _STOPS for gap in " \n") + 1 :]

    def _may_wait(self, at: int, end: int) -> bool:
        """Return whether a line can be of a footer if another follows: a name, role or date alone."""
        if end - at > _LONGEST_LINE or is_sentence(self.text, at):
            return False
        tail = read_tail(self.text, at)
        if tail.end == at or not is_line_end(self.text, tail.end) or tail.names > 4:
            return False
        # a mask or a date alone may end the sentence above
        named = tail.names > 0 or tail.person or tail.strong
        return self._is_apart(at) if named else tail.stamp and self._sentence_before(at) == ""

    def _is_apart(self, at: int) -> bool:
        """Return whether the sentence before `at` cannot go on with a name or date."""
        before = self._sentence_before(at)
        return before is not None and not _communicates(before)

    def _rest_of_line(self, at: int) -> int:
        line_end = self.text.find("\n", at, at + _LONGEST_LINE + 1)  # farther it does not matter
        return (line_end if line_end >= 0 else len(self.text)) - at

    def _break_near(self, at: int) -> bool:
        following = bisect_right(self.inline, at)
        return following < len(self.inline) and self.inline[following] - at <= _LONGEST_LINE

    def _with_lines_above(self, at: int, end: int, waiting: list[Span]) -> int:
        """Return where the footer at `at` begins with the lines above it, `waiting`, that are of it."""
        text, start = self.text, at
        footer = text[at : end + 80].lower()
        for above, _ in reversed(waiting):
            tail = read_tail(text, above)
            if tail.names:
                words = re.findall(r"[^\W\d_]{3,}", text[above : tail.end].lower())
                role = read_tail(text, start)
                signed = role.person and not role.names
                named = tail.plain and tail.names >= 2 and above > 0
                if not any(word in footer for word in words[-2:]) and not (signed and named):
                    break
                if not tail.plain:
                    break
            start = above
        return start


def _communicates(sentence: str) -> bool:
    words = " " + " ".join(sentence.lower().split())
    return any(map(words.__contains__, _COMMUNICATION))


def _merged(text: str, spans: list[Span]) -> list[Span]:
    """Return `spans`, joined where only white space and marks part them, with the rules and marks before them."""
    merged: list[Span] = []
    for start, end in spans:
        while (rule := _RULE.search(text, max(0, start - _LONGEST_LEAD), start)) is not None and rule.start() < start:
            start = rule.start()
        before = max(0, start - _LONGEST_LEAD)
        line = text.rfind("\n", before, start) + 1 or before
        if (not line or text[line - 1] == "\n") and _ITEM.fullmatch(text, line, start):
            start = line
        if merged and not any(character.isalnum() for character in text[merged[-1][1] : start]):
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _words_outside(text: str, spans: list[Span]) -> bool:
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    return any(
        character.isalnum() for start, end in zip(edges[::2], edges[1::2], strict=True) for character in text[start:end]
    )
