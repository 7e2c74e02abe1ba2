"""Sentences of footers, attestations, thanks and the like: every word is of a list of their kind."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from radray.reports.text.signing.names import goes_on, read_tail
from radray.reports.text.signing.words import DATE, MASK, PHONE, TIME, TITLE, word_set

_PLAIN = """
    a an the this that these those of in on at to by for from with and or as is are was were be been being has have had
    may might it its i my me we us our you your all any both each if not there which such also other than so
"""
ATTESTING = word_set(
    f"""{_PLAIN}
    attending attendings physician physicians radiologist radiologists resident residents resident's residents' fellow
    fellow's fellows trainee trainee's registrar registrar's staff faculty teaching supervising supervised supervise
    supervision undersigned doctor reviewed review viewed interpreted reinterpreted examined read edited modified
    corrected revised made approved approve verified verify finalized finalised signed sign attest attests attestation
    certify confirm agree agrees agreed concur concurs agreement personally personal independently independent direct
    directly immediate immediately available present presence physically participated performed performing involved
    images image imaging films film study studies exam exams examination examinations data radiographs report reports
    interpretation interpretations finding findings impression impressions conclusion conclusions dictation document
    documentation note wording content contents contained stated described documented dictated transcribed written
    rendered recorded presented provided prepared above herein final preliminary entire entirety complete key critical
    essential portion portions part parts procedure procedures service services during throughout through necessary
    needed appropriate where when corrections correction edits modifications accordingly case pertinent well accurate
    accurately represents represent reflects reflect own responsible responsibility using his her their he she
    electronic electronically signature statement wording md do s initial under
    """
) - {"not", "there", "if", "other", "than"}
THANKING = word_set(
    f"""{_PLAIN}
    thank thanks many very much kind kindly kindest regards best wish wishes yours sincerely faithfully truly warm dear
    appreciate
    involved see seeing review reviewing appreciated pleasure opportunity allow allowing permitting participate
    participating participation involve involving involvement care caring management
    evaluation evaluating assist assisting refer referral referrals referring consult
    consultation request requesting sending asking interesting pleasant nice lovely delightful courtesy trust confidence
    continued support help helping patient patients patient's lady gentleman man woman boy girl child baby year years
    old year-old imaging service services department radiology practice choosing using letting family her his him
    examination exam study again
    """
)
DISCLAIMING = word_set(
    f"""{_PLAIN}
    voice speech voice-recognition speech-recognition recognition recognize recognized recognizing speech-to-text
    voice-to-text activated voice-activated transcription transcriptional transcribed typographic typographical typo
    typos grammatical grammar spelling syntax syntactic homonym homonyms homophone homophones sound alike sound-alike
    soundalike wrong word words word-choice substitution substitutions phrase phrases sentence sentences text error
    errors inaccuracy inaccuracies mistake mistakes omission omissions punctuation dictated dictating dictation
    dictations generated created prepared produced completed performed documented software system systems technology
    program programs application assistance assisted aid automated automatic computer computerized computer-generated
    computer-assisted dragon dictate naturally speaking naturallyspeaking medical one powerscribe nuance modal mmodal
    m-modal fluency report reports document documents note notes portion portions part parts some occasional
    occasionally inadvertent inadvertently unintended unintentional unintentionally
    minor possible potential potentially incorrect
    nonsensical random occur occurred occurs occurring result resulting results because due inherent limitation
    limitations nature despite although though while even every effort efforts attempt attempts made make ensure assure
    accuracy accurate accurately proofread proofreading proofed editing edited edit review reviewed reviewing careful
    carefully corrected correct correcting correction corrections identify identified detect detected noticed missed
    overlooked escape escaped remain remained exist contain contains contained present can could should would will
    please excuse disregard interpret reader read context contextual content meaning intended interpreted appropriately
    keep mind aware understand understood contact clarification clarify clarified question questions regarding
    concerning about radiologist author physician provider department office hesitate need additional further
    information immediately entirely entire completely fully process used using use utilizing utilized via during
    within subject prone dictator call do always when where
    disclaimer persist persisted preparation creation generation prepare preparing create transcribe
    """
)
ASKING = word_set(
    f"""{_PLAIN}
    question questions concern concerns regarding about concerning report reports study exam examination interpretation
    results findings further additional discuss clarification please call contact page phone telephone reach email
    radiologist radiologists radiology department doctor dr reading room office extension ext number pager directly
    hesitate feel free available hours day clinician clinicians physician physicians provider providers referring
    ordering should can reached do let know board certified interpreting dictating signing information
    required require requires need needed wish like would case
    """
)

_PIECE = re.compile(
    rf"""[ \t]*+(?:
        (?P<apart>\n[ \t]*+(?:\n\s*+)?)
        | (?P<number>{PHONE}|{DATE}|{TIME}|{MASK}|[0-9]{{1,3}}(?:[ -](?i:years?|y/?o)[ -]?(?i:old)?)(?![0-9])
            |[0-9]{{4,6}}(?![0-9])|360\b)
        | (?P<title>{TITLE}|(?:Mr|Mrs|Ms|Miss|MR|MRS|MS)\b\.?)
        | (?P<word>[A-Za-z]+(?:\(s\))?(?:['\u2019*-][A-Za-z]+)*['\u2019]?)
        | (?P<stop>[.!?]++)
        | (?P<mark>[^\w\n])
    )""",
    re.VERBOSE,
)
_PERSONS = r"(?:attending|teaching|supervising|undersigned|staff|faculty|radiologist|physician)"


class Kind(NamedTuple):
    """A kind of sentence."""

    words: frozenset[str]
    """Every word of it must be one of these, or of a name or date."""
    beginning: re.Pattern[str]
    meaning: re.Pattern[str]
    """What it must have somewhere."""
    least: int
    """Words that it has at least."""
    needs: frozenset[str]
    """A text without any of these words has no such sentence."""


_KINDS = (
    Kind(
        ATTESTING,
        re.compile(
            rf"""(?:I\b|we\b|as[ ](?:the|a)[ ]{_PERSONS}|(?:the[ ])?{_PERSONS}\b
            |(?:the[ ]|this[ ]|these[ ]|all[ ])?(?:above[ ])?(?:study|images?|exam|report|case|films?|procedure
            |findings?)\w*\b
            (?=[^.\n]{{0,80}}\b(?:by|under|with[ ](?:the[ ])?attending)\b))""",
            re.VERBOSE | re.IGNORECASE,
        ),
        re.compile(
            r"\b(?:review\w*|view\w*|agree\w*|concur\w*|attest\w*|certif\w*|supervis\w*|present|interpreted|examined"
            r"|edited|approved?|verif\w*)\b",
            re.IGNORECASE,
        ),
        6,
        word_set("i we attending teaching supervising undersigned staff faculty radiologist physician md"),
    ),
    Kind(
        THANKING,
        re.compile(
            r"(?:many |with |our )?(?:thank|thanks)\b|(?:with )?(?:kind|kindest|best|warm) (?:regards|wishes)\b"
            r"|regards\b|yours\b|dear\b"
            r"|(?:we|I) (?:very much |greatly )?(?:appreciate|thank)\b|it (?:was|is|has been) (?:a|our|my) pleasure\b",
            re.IGNORECASE,
        ),
        re.compile(r"\bthank|regards\b|wishes\b|\byours\b|\bdear\b|apprecia|pleasure", re.IGNORECASE),
        1,
        word_set("thank thanks regards wishes yours dear appreciate appreciated pleasure"),
    ),
    Kind(
        DISCLAIMING,
        re.compile(r"[A-Za-z]"),
        re.compile(
            r"(?:voice|speech)[ -](?:recogni|to[ -]text|activated)|dictation (?:software|system)|\bdragon\b|powerscribe"
            r"|typographic|transcription(?:al)? error|proofread|homophon|homonym|sound[ -]?alike"
            r"|computer[ -](?:generated|assisted|ized)",
            re.IGNORECASE,
        ),
        3,
        word_set(
            "voice speech dictation dragon powerscribe typographic typographical transcription transcriptional"
            " proofread computer homophone homophones homonym homonyms alike soundalike"
        ),
    ),
    Kind(
        ASKING,
        re.compile(r"(?:if|should|please|for|any|questions?|do|the radiologist)\b", re.IGNORECASE),
        re.compile(
            r"\b(?:questions?|further information)\b[^\n]*?(?:call|contact|page|reach|hesitate|phone|discuss|XXXX|__)"
            r"|(?:call|contact|page|phone|reached)\b[^\n]*?\bquestions?\b",
            re.IGNORECASE,
        ),
        4,
        word_set("question questions information"),
    ),
)
_BEHIND = (
    (DISCLAIMING, re.compile(r"errors?\b|mistake|inaccura|accura|clarif|context|software", re.IGNORECASE), 3),
    (ATTESTING, re.compile(r"findings|report|interpretation|images|agree|procedure", re.IGNORECASE), 3),
)
"""Sentences that are footers only behind another: "Please contact the radiologist for clarification."."""
_SIGNED_OFF = re.compile(r"review.{0,80}(?:agree|report|interpret)|agree.{0,40}report", re.IGNORECASE | re.DOTALL)
_PATIENT = re.compile(r"[ ]*M(?:r|rs|s|iss|R|RS|S)\b\.?(?:[ ][A-Z][\w'-]*+){1,2}")
_CAPITALISED = re.compile(r"[A-Z]")
_LONGEST = 900
_MOST_BREAKS = 6
"""Words in one sentence that could begin another footer; "and I agree" is one."""


def kinds_in(words: Iterable[str]) -> tuple[Kind, ...]:
    """Return the kinds of sentences that can be in a text of `words`, in lower case; () for most texts."""
    there = frozenset(words)
    return tuple(kind for kind in _KINDS if not kind.needs.isdisjoint(there))


def sentence_end(text: str, at: int, kinds: tuple[Kind, ...], *, behind: bool, breaks: frozenset[int]) -> int | None:
    """Return where the footer's sentence that begins at `at` ends; None if none does.

    `behind`: whether a footer stands directly before; `breaks`: places where other footers may begin inside a line.
    """
    for words, beginning, meaning, least, _ in kinds:
        if beginning.match(text, at) is not None:
            end = _end_of(text, at, words, breaks)
            if end is not None and _has(text, at, end, meaning, least):
                return end
    if _CAPITALISED.match(text, at) is not None and kinds and kinds[0].words is ATTESTING:
        # "Robin Example, MD has reviewed the images and agrees with the report."
        tail = read_tail(text, at)
        end = _end_of(text, tail.end, ATTESTING, breaks, named=False) if tail.strong and tail.names else None
        if end is not None and _SIGNED_OFF.search(text, tail.end, end) is not None:
            return end
    if behind and text[at].isalpha():
        for words, meaning, least in _BEHIND:
            end = _end_of(text, at, words, breaks, named=False)
            if end is not None and _has(text, at, end, meaning, least):
                return end
    return None


def _has(text: str, at: int, end: int, meaning: re.Pattern[str], least: int) -> bool:
    sentence = text[at:end]
    return meaning.search(sentence) is not None and len(sentence.split()) >= least


def _end_of(text: str, at: int, words: frozenset[str], breaks: frozenset[int], *, named: bool = True) -> int | None:
    """Return where the sentence at `at` ends if all its words are of `words`, dates, or names if `named`; else None."""
    limit = min(len(text), at + _LONGEST)
    pos = end = at
    soft_end: int | None = None
    begun = 0
    while pos < limit:
        if end > at and (pos in breaks or pos + 1 in breaks):
            soft_end, begun = end, begun + 1
            if begun > _MOST_BREAKS:
                return soft_end
        piece = _PIECE.match(text, pos, limit)
        if piece is None:
            return soft_end
        kind = piece.lastgroup
        if kind == "stop":
            return piece.end()
        if kind == "apart":
            if piece.group().count("\n") > 1:
                return end
            # the sentence may go on in the next line; if that is of other words, it ended here
            following = piece.end()
            goes_on_below = text[following : following + 1].islower() or text[at:end].isupper()
            soft_end = None if goes_on_below and following not in breaks else end
        elif kind == "word":
            word = piece["word"].lower().replace("\u2019", "'").replace("(s)", "")
            if word not in words and word.rstrip("'") not in words and word.removesuffix("'s") not in words:
                name = piece.start("word")
                name_end = _end_of_name(text, name, comma=text[end - 1] == ",") if named else None
                if name_end is None:
                    return soft_end
                pos = end = name_end
                continue
            end = piece.end()
        elif kind == "title":
            if not named:
                return None
            tail = read_tail(text, pos)
            patient = _PATIENT.match(text, pos)
            pos = end = max(tail.end, piece.end(), patient.end() if patient else 0)
            continue
        elif kind == "number" or piece.group().strip():
            end = piece.end() if kind == "number" or text[piece.end() - 1] in ',)]"' else end
            # "at 1530 hours." on a line of its own
            if kind == "number" and text[end - 1] == "." and text[end : end + 1] in ("", "\n"):
                return end
        pos = piece.end()
    return end


def _end_of_name(text: str, at: int, *, comma: bool) -> int | None:
    """Return where a name with a credential, or between commas ("I, Robin Example, have"), ends; None for no name."""
    if _CAPITALISED.match(text, at) is None:
        return None
    tail = read_tail(text, at)
    if tail.names and (tail.strong or tail.title):
        return tail.end
    named = comma and tail.names >= 2 and tail.plain and text[tail.end : tail.end + 1] == ","
    return tail.end if named and not goes_on(text, tail.end) else None
