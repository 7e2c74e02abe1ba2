"""Earlier exams: whether an impression refers to one, or to change, and whether its input knows of one."""

import re
from functools import lru_cache

from radray.checks.spans import CACHED_TEXTS, IMPRESSION, Hit, Place, matches, sentence_of, stems

_I = re.IGNORECASE | re.VERBOSE

_EXAM = r"""(?:exam(?:ination)?s?|stud(?:y|ies)|films?|radiographs?|x-?\s?rays?|x-?___|images?|imaging|ct|cts|mri|scans?
    |chest(?!\s+(?:pain|wall|tube|port|discomfort|tightness|trauma|injur|surg|press))|cxrs?|comparisons?|reports?
        |priors?|pet|mammogra\w+|___)"""
_PRIOR_STEMS = stems(
    "compar prior previous earlier preceding last old recent yesterday outside former antecedent baseline since"
    " interval stable unaltered static stability new again still longer once~more migrat moved disappear"
    " appeared gone stay over~t over~the re- redemonst reidentif reaccum"
    " redevelop recurr worse improv progress regress resol evolved enlarg grown shrunk deterior diminish subsid"
    " cleared clearing persist remain longstanding long-standing developed increas decreas growing shrinking"
    " larger~than smaller~than serial similar change unchang past meant meanw before"
)
_CHANGE = r"""(?:unchanged|no(?:\s+(?:significant|interval|substantial|appreciable|definite|important|gross|major
    |relevant
    |acute|other|new|further|real|overall|large))*\s+(?:interval\s+)?changes?(?=\s+(?:in|from|since|compared|when|as|to|over
    |is|are|was|seen|identified|noted|appreciated)\b|\s*[.,;]|\s*$)
    |not\s+(?:significantly\s+|appreciably\s+|substantially\s+)?changed|without\s+(?:\w+\s+)?(?:interval\s+)?change\b
    |(?:little|minimal|slight|some|mild|marked)\s+(?:interval\s+)?change\s+(?:in|from|since)|changed?\s+(?:from|since)
    |has\s+not\s+changed|have\s+not\s+changed)"""
# What happened to the patient and is no exam: "prior trauma", "previous granulomatous disease", "old healed fracture".
_EVENT = r"""(?:trauma\w*|injur\w*|fractur\w*|surg\w*|operat\w*|procedur\w*|interven\w*|granulomat\w*|infect\w*
    |inflammat\w*|sternotom\w*|cabg|bypass|resect\w*|radiation|radiotherap\w*|irradiat\w*|treatment\w*|therap\w*|chemo\w*|tubercul\w*
    |tb|disease\w*|insult\w*|infarct\w*|strokes?|h(?:a)?emorrhag\w*|bleed\w*|aspirat\w*|pneumonia\w*|episodes?|scar\w*
    |healed|events?|exposure|asbestos|stent\w*|implant\w*|placement|removal|graft\w*|fusion\w*|fixation|amputat\w*
    |transplant\w*|drain\w*|biops\w*|dislocat\w*|pleur\w*|emboli\w*|thromb\w*|ischemi\w*|contusion\w*|rupture\w*
    |tear\w*|repair\w*|instrument\w*|deliver\w*|pregnan\w*|h(?:a)?ematoma\w*|contrast\s+administration|lacerat\w*
    |[a-z]{3,}(?:ectom|ostom|otom|plast|scop|centes|desis|odes)\w*|[a-z]{4,}(?:osis|itis|oses))\b"""
_SYMPTOM = r"""(?:symptom|pain|cough|dyspn|fever|shortness|headache|weakness|hypoxi|oxygen
    |respiratory\s+(?:distress|status)|nausea|vomit|vision|visual|confusion|mental|renal\s+(?:failure|function)|leukocyt|anemia|seizure|wheez|sputum)"""
# Wordings that only somebody who has seen an earlier exam can use.
_PRIOR = re.compile(
    rf"""\b(?:
        compar(?:ed|ing|able|ison)\s+(?:is\s+made\s+)?(?:to|with)\b
        | (?:in|by|on)\s+comparison\b | when\s+compared | {_CHANGE}
        | (?:prior|previous|earlier|preceding|last|(?<!year\s)(?<!years\s)(?<!-)(?<!yo\s)old|older|most\s+recent
            |yesterday\W{{0,2}}s|outside(?!\s+(?:of|the|this|both|each|a|its|his|her)\b)|former|antecedent
            |baseline)\s+(?!{_EVENT})(?:(?!{_EVENT})[\w-]+\s+){{0,3}}?{_EXAM}\b
        | (?:from|than|since|to|with|on)\s+(?:the\s+|a\s+)?(?:prior|previous|earlier|before|last|baseline|yesterday)s?\b
            (?!\s+(?:[\w-]+\s+){{0,3}}?{_EVENT})
        | (?<!short\s)(?<!short-)interval\s+(?!film|follow|imag|exam|stud|chest|radio|ct\b|month|outside|of\b)\w+
        | in\s+the\s+interval
        | (?<!hemodynamically\s)(?<!clinically\s)(?<!mechanically\s)(?<!neurologically\s)(?:stable|unaltered|static)\b
            (?!\s+(?:patient|vital|angina|condition|encephalopathy|fracture\s+pattern|fixation|pelvic\s+ring))
        | (?<!joint\s)(?<!ligamentous\s)(?<!mechanical\s)(?<!spinal\s)stability\b
            (?!\s+of\s+the\s+(?:\w+\s+)?(?:fracture|joint|fixation))
        | (?:new|newly)\b
            (?!\s+(?:york|line\b|onset|arriv|diagnos|patient|hire|enroll|baseline|[\w-]+\s+onset|{_SYMPTOM}))
            | since\s+(?!birth)(?:___|the|prior|previous|last|\d|\w+\s+\d|exam|then)
        | (?:re-?demonstrat\w+|again\b|re-?identified|still\b|no\s+longer|once\s+more|as\s+before|reaccumulat\w+
            |re-?develop\w+|recurr(?:ed|ing))
        | (?:worsen(?:ed|ing)|improv(?:ed|ing|ement)|progress(?:ed|ing|ion)|(?<!caudal\s)regress(?:ed|ing|ion)
            |resolv(?:ed|ing)|(?<!high[-\s])(?<!spatial\s)(?<!low[-\s])resolution|evolved|enlarging
            |enlarged\s+(?:since|from|compared)|grown|shrunk\w*|deteriorat\w+
            |diminishing|diminished(?:\s+(?:in\s+(?:size|extent|number)|since|from|compared|markedly|slightly))
            |subsid(?:ed|ing)|clearing|(?<!\bbe\s)cleared
            |persist(?:s|ed|ently|ing)|persistent(?!\s+(?:left\s+)?(?:svc|superior\s+vena|fetal|truncus|ductus))
            |remains?(?!\s+(?:a\s+(?:consideration|possib|concern)|possible|in\s+the\s+differential|of\s+concern
                |indeterminate|uncertain|unclear))
            |(?<!well[-\s])(?<!under[-\s])(?<!poorly\s)(?<!fully\s)(?<!incompletely\s)developed)\b
            (?!\s+(?:\w+\s+)?{_SYMPTOM})
        | (?:same|different|similar|unlike|worse|more|less|\w{{3,}}er)\s+(?:\w+\s+){{0,2}}?
            (?:as|than|from|to)?\s*(?:on\s+|in\s+|at\s+)?(?:the\s+)?(?:before|last|prior|previous|earlier|yesterday
            |comparison)\b
        | (?:last|past)\s+(?:week|month|year|time|night|visit|admission)\b | yesterday\b | in\s+the\s+meantime
            | meanwhile
        | previously\b(?!\s+(?:healthy|well|normal\s+patient)) | (?:not|absent)\s+(?:\w+\s+)?before\b
        | (?:has|have)\s+(?:\w+ly\s+|since\s+|now\s+)?(?:increased|decreased|improved|worsened|changed|grown|enlarged
            |progressed|moved
            |cleared|resolved|diminished|migrated|shrunk|regressed|developed|appeared|disappeared|gone|stayed
            |remained)\b
        # "increased heart size" needs no earlier exam
        | (?:increas|decreas)(?:ed|ing|e)\s+(?!in\s+(?:size|prominence)\s+of\s+the\s+(?:heart|cardi))(?:in\s+(?:size
            |extent|number|volume|conspicuity|severity|prominence)
            |since|from|compared|slightly\s+from|when|over\s+the|now)\b
        | (?:increasing|decreasing|growing|shrinking|larger\s+than|smaller\s+than)\b
        | (?:previously|formerly|earlier)\s+(?:seen|noted|described|identified|reported|demonstrated|present
            |visuali[sz]ed
            |mentioned|documented|measured|measuring|was|were|on|it)\b
        | serial\s+{_EXAM} | over\s+time | similar\s+(?:to|in\s+appearance\s+to)\s+(?:the\s+)?(?:prior|previous|earlier
            |last|___|before)
    )""",
    _I,
)
_OF_DEGREE = re.compile(r"\b(?:progressive|evolving|developing)\s+(?:[\w-]+\s+){0,3}$", re.IGNORECASE)
# Sentences in which an earlier exam is missing or wanted, or which look ahead.
_NOT_A_PRIOR = re.compile(
    r"""\b(?:
        recommend\w* | suggest(?:ed|s)?\b | (?:would|could|may|might|can|should)\s+(?:\w+\s+)?(?:be|help|confirm
            |provide)
        | if\s | helpful | consider\b | advised? | obtain\w* | correlat\w+ | to\s+(?:ensure|document|confirm|assess
            |exclude
            |verify|establish|determine|evaluate)\b | until | follow-?\s?up
        | (?:without|lack\s+of|absence\s+of|no|not|are\s+no|is\s+no|unavailable)\s+(?:(?!chang|interval|from
            |since)[\w-]+\s+){0,3}?
            (?:comparisons?|priors?|previous|prior|old|earlier)\b
        | (?:comparisons?|prior|previous|old)\s+(?:\w+\s+){0,2}?(?:not|unavailable|were\s+not|is\s+not|are\s+not)
        | first\s+(?:study|exam)
    )""",
    _I,
)
_NO_COMPARISON = re.compile(
    r"""(?:comparisons?\s*:\s*)?\W*(?:nones?|nil|n/?a|not?\b(?:\s+\w+){0,6}?\s+(?:available|priors?|stud(?:y|ies)
        |comparisons?
    |exams?\w*|films?|images?|imaging|radiographs?|x-?\w*|___|previous)|no\s+(?:priors?|comparisons?|previous|relevant)|no\W*$
    |unavailable|not\s+(?:available|applicable|provided|given|made)|first\s+(?:study|exam)\w*)\b""",
    _I,
)
_COMPARISON = re.compile(r"\bcomparisons?(?:\s+stud(?:y|ies)|\s+exams?)?\s*:\s*", re.IGNORECASE)
_HEADING = re.compile(
    r"\b(?:Indication|Technique|History|Clinical\s\w+|Exam(?:ination)?|Procedure|Reason|Findings)\b[^:.]{0,30}:"
)
_SOME_TEXT = re.compile(r"[^\W_]|__")
# Words that imply an earlier exam without comparing with it.
_FOLLOWED = re.compile(
    r"\b(?:follow[\s-]?up|f/u|re-?check|re-?evaluat\w+|re-?assess\w*|repeat|interval|serial|known|surveillance"
    r"|previously|post-?\s?(?:thoracentesis|paracentesis|drainage|extubation|intubation|diuresis|treatment)"
    r"|(?:status\s+post|s/p|after|following)\s+(?:\w+\s+){0,2}?(?:thoracentesis|paracentesis|drainage|extubation|diuresis)"
    r"|abnormal\s+(?:chest|x-?ray|ct|cxr)|has\s+been\s+(?:development|removal|placement))\b",
    re.IGNORECASE,
)


def find_prior(impression: str, findings: str, background: str) -> list[Hit]:
    """Return where the `impression` refers to an earlier exam or to change when its input knows of no exam; else [].

    An earlier exam is known where the background's "Comparison:" names one (a mask counts: it stands for a date), or
    where findings or background themselves refer to change, to an earlier exam or to follow-up. A sentence that asks
    for an earlier exam, or states that there is none, invents nothing.
    """
    spans = _priors(impression)
    return [] if not spans or knows_prior(findings, background) else [(Place(IMPRESSION, *span),) for span in spans]


@lru_cache(maxsize=CACHED_TEXTS)
def _priors(text: str) -> tuple[tuple[int, int], ...]:
    return tuple(
        match.span() for match, span in matches(_PRIOR, _PRIOR_STEMS, text) if not _NOT_A_PRIOR.search(text, *span)
    )


def wants_prior(text: str, position: int) -> bool:
    """Return whether the sentence at `position` asks for an earlier exam, states that there is none, or looks ahead."""
    start, end = sentence_of(text, position)
    return start <= position < end and _NOT_A_PRIOR.search(text, start, end) is not None


def is_of_degree(text: str, position: int) -> bool:
    """Return whether the finding at `position` is only called progressive, evolving or developing, as on one film."""
    return _OF_DEGREE.search(text, max(0, position - 40), position) is not None


@lru_cache(maxsize=CACHED_TEXTS)
def knows_prior(findings: str, background: str) -> bool:
    """Return whether `findings` or `background` know of an earlier exam."""
    heading = _COMPARISON.search(background)
    rest = background
    if heading:
        following = _HEADING.search(background, heading.end())
        end = following.start() if following else len(background)
        comparison = background[heading.end() : end]
        if _SOME_TEXT.search(comparison) and not _NO_COMPARISON.match(comparison):
            return True
        rest = f"{background[: heading.start()]}. {background[end:]}"
    return any(_FOLLOWED.search(text) is not None or bool(_priors(text)) for text in (findings, rest))
