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
text stays. `signing.names` has the words of names, `signing.sentences` those of sentences.
"""

import re
from bisect import bisect_right

from radray.reports.text.signing.lines import label_end, name_end, number_end, signed_end, word_end
from radray.reports.text.signing.names import CREDENTIAL, is_line_end, is_name, is_sentence, read_tail, word_set
from radray.reports.text.signing.sentences import kinds_in, sentence_end

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
    wsn
    """
)
"""Every footer has one of these words, or ends the text in a date or in capitals; 9 of 10 sections do not."""
_NO_LETTERS = {code: " " for code in range(128) if not chr(code).isalpha()}
_LAST = re.compile(
    r"(?:[0-9][/:.-][0-9]{2,4}(?: ?[AaPp]\.?[Mm])?|\b(?!X)(?:[A-Z.]{2,}|PA-C)|\b[A-Z]{2,3} ?[/:] ?[a-z]{2,3})\W*\Z"
)
_BOUNDARIES = re.compile(r"\n|(?<=[.!?;])[\"')\]]*[ \t]++|[ \t]{2,}+|(?<=[a-z0-9)]{2}\.)(?=[A-Z][a-z])|[=*_~-]{5,}+")
_ABBREVIATION = re.compile(r"(?:\b(?i:drs?|mr|mrs|ms|prof|st|vs|no|approx|ext)|(?:^|[ \t\n])[A-Za-z])\.\Z")
_LEAD = re.compile(r"(?:[\s#|>\u2022([{\"']|\*{1,3}(?!\*)|[-\u2013\u2014](?=[ -])|[=~*-]{4,}+|_{5,}+)*+")
_ITEM = re.compile(r"\(?[0-9]{1,2}[.)][ \t]+")
_INLINE = re.compile(
    r"""(?<![\w/-])(?=[A-Z/edswjm])(?:
        (?i:(?:(?:this|the)[ ](?:report|document|study|exam|examination)[ ](?:was|is|has[ ]been)[ ])?
            (?:electronically|digitally)[ ][a-z]+|/e?s/|signed[ ]electronically)
        |(?:Dictated|Transcribed|Signed|Verified|Approved|Finali[sz]ed|Authenticated|Typed|Interpreted|Reported|Released
            |Requested|Reviewed|Read|Authori[sz]ed|DICTATED|TRANSCRIBED|SIGNED|VERIFIED|APPROVED|FINALIZED|TYPED
            |INTERPRETED|REPORTED|Report|Final[ ]report|Preliminary[ ]report)\b(?=[^.\n:]{0,40}(?:\b[Bb][Yy]\b|:))
        |T(?:hank|HANK)(?:s|S)?[ ]|Many[ ]thanks|(?:Kind|Best)[ ]regards
        |I(?:,[ ]|[ ](?:have|HAVE|agree|AGREE|was|personally|PERSONALLY|reviewed|concur|attest|certify)\b)
        |As[ ]the[ ]|AS[ ]THE[ ]ATTENDING|(?:This|The)[ ](?:report|document|dictation|note)[ ]|Portions[ ]of[ ]this
        |Voice[ ]recog|Speech[ ]recog
        |(?i:work[ ]?station|wsn|accession|job|mrn|cpt)(?=[ ]?(?:[\#:]|id|no|num|performed|name|code))
        |(?:Voice|Dictation|Reading|Signing)[ ](?:[A-Za-z]+[ ]){0,2}(?:[\#:]|location:)
        |(?:E(?:nd|ND))[ ](?:[Oo][Ff]|[Rr][Ee][Pp])
        |[DTR]{1,2}(?:/T)?:[ ]?(?=[0-9_]|[A-Za-z]{2,4}[ ][0-9_])
        |(?:[A-Z][a-z]+[ ]){0,2}(?:[Rr]adiologist|[Pp]hysician|[Rr]esident|[Ff]ellow|[Aa]ttending|[Tt]ranscriptionist
            |RADIOLOGIST|PHYSICIAN|RESIDENT|ATTENDING|TRANSCRIPTIONIST)(?:\([Ss]\))?[ ]?:
        |cc:|CC:|Primary[ ]Diagnostic[ ]Code
    )""",
    re.VERBOSE,
)
_CREDENTIAL = re.compile(rf"(?<=[ ,])(?=[A-Zmfp]){CREDENTIAL}", re.VERBOSE)
_NAME_BEFORE = re.compile(
    r"(?:(?:Dr|DR|Prof)\.? )?(?:[A-Z][\w'\u2019-]*+\.? ){1,3}[A-Z][\w'\u2019-]*+,? ?\Z|(?:Dr|DR)\.? [A-Z][\w'-]*+,? ?\Z"
)
_LONGEST_NAME = 60
_LONGEST_LEAD = 90
"""Marks before a line, a rule included, have fewer characters."""
_LONGEST_LINE = 160
"""Lines of names, roles and dates have fewer characters."""
_COMMUNICATION = (
    "discuss", "notif", "communicat", "inform", "call", "phone", "page", "relay", "convey", "contact", "told", "spoke",
    "aware", "acknowledg", "read back", "readback", "receiv", "reported to", "reviewed with", "given to", "text",
    "messag",
    "alert", "agree", "fax", "sent to", "advise", "e-mail", "email", "consult", "refer", "follow", "according", "per ",
)  # fmt: skip
"""Beginnings of words of a sentence that can go on with a name on the next line."""
_OPEN_WORDS = word_set(
    """
    a an and or the of to in on at by for with from as is are was were per via dr drs mr mrs ms prof physician doctor
    provider surgeon nurse resident attending radiologist team clinician oncologist cardiologist pulmonologist urologist
    neurologist orthopedist hospitalist intensivist internist pediatrician colleague consultant service office that than
    between after before see his her their our
    """
)
_STOPS = ".!?"
_LAST_WORD = re.compile(r"([A-Za-z]+)\Z")
_BLANK_LINE = re.compile(r"\n[ \t]*\n\W*\Z")
_RULE = re.compile(r"(?:[-=*~_]{3,}[ \t]*\n?|[*\[({\"'-][ \t]*)\Z")
_CLOSE = re.compile(r"[ \t]*(?:[)\]}\"';:,.|]+|\*{1,3}(?![*\w])|[-=~*_]{4,})+")


def find_footers(text: str) -> list[Span]:
    """Return the spans of `text`, a section's, that are footers, in order and apart; [] for none and for empty text.

    A section of nothing but footers gives one span over all of it. Takes time in proportion to the length.
    """
    if not may_hold_footers(text):
        return []
    spans = _merged(text, _Scan(text).spans())
    if spans and not _words_outside(text, spans):
        return [(0, len(text))]
    return spans


def signature_start(text: str) -> int:
    """Return where the block of footers that ends `text` begins; the length of `text` if it does not end with one."""
    spans = find_footers(text)
    if spans and not any(character.isalnum() for character in text[spans[-1][1] :]):
        return spans[-1][0]
    return len(text)


def may_hold_footers(text: str) -> bool:
    """Return whether any word of a footer is in `text`; most sections have none. False for empty text."""
    # a set of words takes a quarter of the time of a search for each of them
    words = text.lower().translate(_NO_LETTERS).split()
    return not _GUARDS.isdisjoint(words) or _LAST.search(text, max(0, len(text) - 20)) is not None


class _Scan:
    """One pass over a text, from one place where a footer may begin to the next."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.inline = [match.start() for match in _INLINE.finditer(text)]
        self.breaks = frozenset(self.inline)
        named = self._names_inside()
        boundaries = {match.end() for match in _BOUNDARIES.finditer(text) if not self._abbreviated(match)}
        self.boundaries = frozenset({0, *boundaries})
        self.named = frozenset(named)
        self.kinds = kinds_in(text)
        self.places = sorted({*self.boundaries, *self.inline, *named})

    def spans(self) -> list[Span]:
        """Return the footers, not merged yet."""
        text, spans = self.text, list[Span]()
        waiting: list[Span] = []
        place, behind = 0, False
        while place < len(text):
            at, end = self._read(place, behind=behind)
            if end is not None:
                start = self._with_lines_above(at, end, waiting)
                close = _CLOSE.match(text, end)
                end = close.end() if close else end
                spans.append((start, end))
                waiting, place, behind = [], end, True
                continue
            following = bisect_right(self.places, max(place, at))
            after = self.places[following] if following < len(self.places) else len(text)
            content = text[place:after].strip()
            if any(character.isalnum() for character in content):
                behind = False
                if (self._is_line_start(at)) and self._may_wait(at, after):
                    waiting.append((at, after))
                else:
                    waiting = []
            place = after
        return spans

    def _read(self, place: int, *, behind: bool) -> tuple[int, int | None]:
        """Return where text begins at or after `place`, and where a footer that begins there ends."""
        text = self.text
        lead = _LEAD.match(text, place)
        at = lead.end() if lead else place
        item = _ITEM.match(text, at)
        for start in dict.fromkeys((at, item.end() if item else at, place)):
            if start < len(text) and (end := self._end_at(start, place, behind=behind)) is not None and end > start:
                return start, end
        return at, None

    def _end_at(self, at: int, place: int, *, behind: bool) -> int | None:
        text = self.text
        own_line = self._is_line_start(at)
        boundary = place in self.boundaries or behind
        before = self._sentence_before(at)
        begins = behind or (boundary and (before == "" or (before is not None and own_line and not text[at].islower())))
        if not begins and not boundary and place not in self.breaks:
            return self._name_at(at, own_line=False, begins=True, behind=False) if place in self.named else None
        if (
            begins
            or not text[at].islower()
            or text[at : at + 14].lower().startswith(("electronically", "digitally", "/"))
        ):
            end = signed_end(text, at, begins=begins)
            if end is not None:
                return end
            end = label_end(text, at, behind=behind) or number_end(text, at)
            if end is not None:
                return end
        end = sentence_end(text, at, self.kinds, behind=behind, breaks=self.breaks)
        if end is not None:
            return end
        if begins or boundary or place in self.breaks:
            end = word_end(text, at, own_line=own_line, behind=behind)
            if end is not None:
                return end
        return (
            self._name_at(at, own_line=own_line, begins=begins, behind=behind)
            if boundary or place in self.named
            else None
        )

    def _name_at(self, at: int, *, own_line: bool, begins: bool, behind: bool) -> int | None:
        text = self.text
        if not (text[at].isupper() or text[at] in "_*[<(0123456789" or (own_line and text[at].islower())):
            return None
        near = self._rest_of_line(at) <= _LONGEST_LINE or self._break_near(at)
        if not near or is_sentence(text, at):
            return None
        before = "" if behind else self._sentence_before(at)
        if before is None or any(map(before.lower().__contains__, _COMMUNICATION)):
            return None
        end = name_end(text, at, own_line=own_line, begins=begins, behind=behind)
        if end is not None or not self.inline:
            return end
        # a name before another footer on its line
        tail = read_tail(text, at)
        if not ((tail.strong or tail.title) and tail.names and is_name(text[at : tail.end])):
            return None
        lead = _LEAD.match(text, tail.end)
        following = lead.end() if lead else tail.end
        return tail.end if following in self.breaks and self._follows(following) else None

    def _follows(self, at: int) -> bool:
        text = self.text
        return at < len(text) and (
            signed_end(text, at, begins=True) or label_end(text, at, behind=True) or number_end(text, at)
            or sentence_end(text, at, self.kinds, behind=True, breaks=self.breaks)
            or word_end(text, at, own_line=False, behind=True)
        ) is not None  # fmt: skip

    def _names_inside(self) -> list[int]:
        """Return where names with a credential begin behind a word in lower case: "... disease Robin Example, MD"."""
        text, places = self.text, list[int]()
        for credential in _CREDENTIAL.finditer(text):
            if credential.start() == 0 or text[credential.start() - 1] not in " ,":
                continue
            name = _NAME_BEFORE.search(text, max(0, credential.start() - _LONGEST_NAME), credential.start())
            if name is None or not is_name(name.group()):
                continue
            before = text[max(0, name.start() - 2) : name.start()]
            if len(before) == 2 and before[1] == " " and (before[0].islower() or before[0] in "0123456789)%"):
                places.append(name.start())
        return places

    def _abbreviated(self, boundary: re.Match[str]) -> bool:
        start = boundary.start()
        return self.text[start - 1 : start] == "." and (
            _ABBREVIATION.search(self.text, max(0, start - 8), start) is not None
        )

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
            return ""
        word = _LAST_WORD.search(before, max(0, len(before) - 20))
        if before[-1] in ",:;/" or (word is not None and word[1].lower() in _OPEN_WORDS):
            return None
        if _BLANK_LINE.search(self.text, max(0, at - 80), at) is not None:
            return ""
        return before[max(before.rfind(stop + gap) for stop in _STOPS for gap in " \n") + 1 :]

    def _may_wait(self, at: int, end: int) -> bool:
        """Return whether a line can be of a footer if another follows: a name, role or date alone."""
        if end - at > _LONGEST_LINE or is_sentence(self.text, at):
            return False
        tail = read_tail(self.text, at)
        return tail.end > at and is_line_end(self.text, tail.end) and tail.names <= 4

    def _rest_of_line(self, at: int) -> int:
        line_end = self.text.find("\n", at)
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
                named = is_name(text[above : tail.end]) and tail.names >= 2 and above > 0
                if not any(word in footer for word in words[-2:]) and not (signed and named):
                    break
                if not is_name(text[above : tail.end]):
                    break
            start = above
        return start


def _merged(text: str, spans: list[Span]) -> list[Span]:
    """Return `spans`, joined where only white space and marks part them, with the rules and marks before them."""
    merged: list[Span] = []
    for start, end in spans:
        while (rule := _RULE.search(text, max(0, start - _LONGEST_LEAD), start)) is not None and rule.start() < start:
            start = rule.start()
        line = text.rfind("\n", 0, start) + 1
        if _ITEM.fullmatch(text, line, start):
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
