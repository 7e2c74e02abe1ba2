"""What an impression says besides findings: that somebody was told, that there was an earlier exam, what to do."""

import re
from functools import lru_cache

from radray.metrics.checks_spans import IMPRESSION, Hit, Place, matches, sentence_spans

_I = re.IGNORECASE | re.VERBOSE

_RECIPIENT = r"""(?:dr\b|drs\b|doctors?|physicians?|clinicians?|providers?|nurses?|rn\b|np\b|pa-c|residents?|teams?
    |services?|wards?|floor|departments?|ed\b|er\b|icu|offices?|clinics?|surgeons?|surgery|attendings?|fellows?|interns?
    |staff|patients?|famil(?:y|ies)|referrers?|consultants?|officers?|registrars?|practitioners?|\w+ologists?
    |hospitalists?|caregivers?|coordinators?|practice|unit|anesthesia|gp\b|pcp\b|housestaff|midwi(?:fe|ves)
    |prescribers?|him\b|her\b|them\b|extender|(?:front\s|nursing\s|triage\s)?desk|md\b)"""

# A verb of telling that needs nobody named, a verb that does (discussed "above", a nodule "called" benign), or the
# traces of a call: its means, its receipt, its record.
_COMMUNICATION = re.compile(
    rf"""\b(?:
        (?:notified|notifying|apprised|phoned|telephoned|paged|texted|emailed|e-mailed|messaged|faxed|relayed|conveyed
            |communicated|alerted|informed|escalated|contacted|briefed)\b(?!\s+consent)
        | (?:was|were|been|is|are|being|all)\s+(?:\w+\s+)?(?:told|aware\b(?!\s+that)|called|rung|updated|advised\s+of)\b
        | made\s+aware | have\s+been\s+told | told\s+(?:about|of|that) | now\s+aware | aware\s+of\s+(?:the|this|these)
        | {_RECIPIENT}(?:\W+\w+){{0,3}}?\W+(?:aware|told|called|acknowledged|acknowledges|confirmed\s+receipt|rang)\b
        | (?:i|we|radiologist|radiology)\s+(?:have\s+|has\s+|just\s+)?(?:discussed|called|rang|spoke|informed|reviewed
            \s+(?:this|these|the\s+(?:findings|results))\s+with|told|paged|sent|gave|left|reported)\b
        | (?:spoke|spoken|speaking|conversation|talked|conferred|telephone\s+call|phone\s+call|call\s+placed)
            \s+(?:to|with|between)\b
        | discussed\s+(?:(?:with|by|in\s+person|over|via|directly|verbally|at|on)\b|_)
        | (?:findings?|results?|recommendations?|this|these|report|case|above|abnormality|impression|it)\s
            (?:\w+\s+){{0,3}}?(?:was|were|have\s+been|has\s+been|had\s+been|being)\s+(?:\w+ly\s+|also\s+)?
            (?:discussed(?!\s+(?:above|below|previously))|called|reported\s+to|shared\s+with|given\s+to|sent\s+to|transmitted
            |passed\s+(?:on\s+)?to|handed|delivered|reviewed\s+with|flagged|brought\s+to|read\s+(?:out\s+)?to|telegraphed
            |forwarded|transferred\s+to|dictated\s+to|made\s+known|explained)\b
        | (?:called|reported|shared|given|sent|transmitted|passed|handed|delivered|reviewed|flagged|forwarded|explained
            |verbali[sz]ed|rung\s+through|rung)\s+(?:on\s+|over\s+|directly\s+|immediately\s+|verbally\s+|urgently\s+)?
            (?:to|with|by|for)\s+(?:the\s+|his\s+|her\s+|on-?call\s+|attention\s+of\s+)*(?:[\w-]+\s+){{0,2}}?{_RECIPIENT}
        | brought\s+to\s+(?:the\s+)?(?:[\w-]+\s+){{0,2}}?attention
        | (?:phone|telephone|verbal|verbally|pager|page|secure|voice|electronic)\s+(?:notification|report|communication
            |call|message|alert|chat|contact|handover|hand-?off|conversation|discussion|read-?back)s?\b
        | (?:critical|urgent|significant|unexpected|alert|important)\s+(?:\w+\s+){{0,2}}?(?:notification|alert|communication
            |message|call)s?\b
        | (?:notification|alert|message|page|fax|email|e-mail|call)s?\s+(?:was|were|has\s+been|have\s+been)\s+(?:\w+ly\s+)?
            (?:sent|documented|made|placed|left|completed|given|issued|delivered|generated|received|recorded|logged)
        | (?:employed|used|made|sent|placed|attempted)\s+to\s+(?:notify|inform|alert|contact|reach|tell)
        | (?:by|via|over|through|on)\s+(?:the\s+|a\s+|secure\s+)*(?:telephone|phone|pager|page|text|email|e-mail|fax|intercom
            |secure\s+(?:chat|message)|messaging|voicemail|chat)\b
        | (?:acknowledged?|acknowledging|confirmed|accepted|confirms)\s+(?:\w+\s+)?receipt | receipt\s+(?:\w+\s+){{0,3}}?
            (?:acknowledged|confirmed) | read[\s-]?back | message\s+left | left\s+(?:a\s+)?(?:message|voicemail)
        | reached\s+(?:the\s+|on-?call\s+)*(?:[\w-]+\s+)?{_RECIPIENT} | {_RECIPIENT}\s+(?:\w+\s+)?(?:was|were|has\s+been|have\s+been)\s+reached
        | (?:has|have|had|was|were)\s+(?:\w+\s+)?let\s+know | word\s+(?:was\s+)?left | left\s+word | {_RECIPIENT}\s+(?:already\s+|now\s+)?knows?\b
        | (?:handed|signed)\s+(?:off|over|out)\s+to | passed\s+along | got\s+hold\s+of | gave\s+(?:\w+\s+)?(?:report|word|notice)
        | acknowledg\w+\s+(?:by|the\s+(?:results?|findings?|call|message)) | heads-?up
        | verbal(?:ly)?\s+(?:report|discuss|relay|convey|communicat|deliver|confirm|acknowledg|given|inform|to)\w*
    )""",
    _I,
)
_COMMUNICATION_STEMS = (
    "voice", "secure",
    "notif", "appris", "phone", "page", "text", "mail", "messag", "fax", "relay", "convey", "communicat", "alert",
    "inform", "escalat", "contact", "brief", "told", "aware", "call", "rung", "rang", "updated", "acknowledg",
    "receipt", "discuss", "review", "spoke", "speak", "conversation", "talked", "conferred", "report", "shared",
    "given", "sent", "transmitted", "passed", "handed", "deliver", "flagged", "brought", "read", "forwarded",
    "transferred", "dictated", "explained", "telegraphed", "verbal", "chat", "tell", "reach", "voicemail", "know",
    "word", "gave", "signed", "heads", "left", "advis", "hold", "intercom",
)
# "Please notify ...", "should be discussed with": what to do, not what was done.
_NOT_YET = re.compile(
    r"""\b(?:please|should|recommend\w*|suggest\w*|advise|will|would|could|can|may|might|must|needs?\s+to|to\s+be|consider
    |if)\b""",
    _I,
)
_DONE = re.compile(r"\b(?:was|were|been|employed|documented|acknowledged|accepted|i|notified|spoke)\b", _I)


def find_communication(impression: str, findings: str, background: str) -> list[Hit]:
    """Return where the `impression` says that somebody was told, and nothing else says so.

    Told, notified, paged, discussed with, read back; not what is still to be done ("please notify") and not a plain
    "discussed above". A model did not call anybody: what it says of a call is invented, unless the findings or the
    background have a communication of their own.
    """
    found = _communications(impression)
    if not found or _communications(findings) or _communications(background):
        return []
    return [(Place(IMPRESSION, start, end),) for start, end in found]


@lru_cache(maxsize=256)
def _communications(text: str) -> tuple[tuple[int, int], ...]:
    return tuple(
        match.span()
        for match, span in matches(_COMMUNICATION, _COMMUNICATION_STEMS, text)
        if not _NOT_YET.search(text, span[0], match.end()) or _DONE.search(text, *span)
    )


_EXAM = r"""(?:exam(?:ination)?s?|stud(?:y|ies)|films?|radiographs?|x-?\s?rays?|x-?___|images?|imaging|ct|cts|mri|scans?
    |chest(?!\s+(?:pain|wall|tube|port|discomfort|tightness|trauma|injur|surg|press))|cxrs?|comparisons?|reports?|priors?|pet|mammogra\w+|___)"""
_PRIOR_STEMS = (
    "compar", "prior", "previous", "earlier", "preceding", "last", "old", "recent", "yesterday", "outside", "former",
    "antecedent", "baseline", "from", "than", "since", "interval", "stable", "unaltered", "static", "stability", "new",
    "again", "still", "longer", "once", "migrat", "moved", "disappear", "appear", "gone", "stay", "over", "re-", "redemonst", "reidentif", "reaccum", "redevelop", "recurr",
    "worse", "improv", "progress", "regress", "resol", "evolved", "enlarg", "grown", "shrunk", "deterior", "diminish",
    "subsid", "clear", "persist", "remain", "longstanding", "long-standing", "developed", "increas", "decreas", "growing",
    "shrinking", "serial", "similar", "change", "same", "past", "er ", "unlike", "differ", "more", "less", "mean", "before", 
)
_CHANGE = r"""(?:unchanged|no(?:\s+(?:significant|interval|substantial|appreciable|definite|important|gross|major|relevant
    |acute|other|new|further|real|overall|large))*\s+(?:interval\s+)?changes?(?=\s+(?:in|from|since|compared|when|as|to|over
    |is|are|was|seen|identified|noted|appreciated)\b|\s*[.,;]|\s*$)
    |not\s+(?:significantly\s+|appreciably\s+|substantially\s+)?changed|without\s+(?:\w+\s+)?(?:interval\s+)?change\b
    |(?:little|minimal|slight|some|mild|marked)\s+(?:interval\s+)?change\s+(?:in|from|since)|changed?\s+(?:from|since)
    |has\s+not\s+changed|have\s+not\s+changed)"""
# What can be said only by who has seen an earlier exam.
_PRIOR = re.compile(
    rf"""\b(?:
        compar(?:ed|ing|able|ison)\s+(?:is\s+made\s+)?(?:to|with)\b
        | (?:in|by|on)\s+comparison\b | when\s+compared | {_CHANGE}
        | (?:prior|previous|earlier|preceding|last|(?<!year\s)(?<!years\s)(?<!-)(?<!yo\s)old|older|most\s+recent|yesterday\W{{0,2}}s|outside|former|antecedent
            |baseline)\s+(?:[\w-]+\s+){{0,3}}?{_EXAM}\b
        | (?:from|than|since|to|with|on)\s+(?:the\s+)?(?:prior|previous|earlier|before|last|baseline|yesterday)s?\b
        | interval\s+(?!film|follow|imag|exam|stud|chest|radio|ct\b|month|outside|of\b)\w+ | in\s+the\s+interval
        | (?<!hemodynamically\s)(?<!clinically\s)(?:stable|unaltered|static)\b(?!\s+(?:patient|vital|angina|condition))
        | stability\b
        | (?:new|newly)\b(?!\s+(?:york|line\b)) | since\s+(?!birth)(?:___|the|prior|previous|last|\d|\w+\s+\d|exam|then)
        | (?:re-?demonstrat\w+|again\b|re-?identified|still\b|no\s+longer|once\s+more|as\s+before|reaccumulat\w+
            |re-?develop\w+|recurr(?:ed|ing))
        | (?:worsen(?:ed|ing)|improv(?:ed|ing|ement)|progress(?:ed|ing|ion)|regress(?:ed|ing|ion)|resolv(?:ed|ing)
            |resolution|evolved|enlarging|enlarged\s+(?:since|from|compared)|grown|shrunk\w*|deteriorat\w+
            |diminish(?:ed|ing)(?!\s+(?:breath|lung|inspir|sound|aeration))|subsid(?:ed|ing)|clearing|cleared|persist(?:s|ed|ent|ently|ing)|remains?|longstanding
            |long-standing|developed)\b
        | (?:same|different|similar|unlike|worse|more|less|\w{{3,}}er)\s+(?:\w+\s+){{0,2}}?
            (?:as|than|from|to)?\s*(?:on\s+|in\s+|at\s+)?(?:the\s+)?(?:before|last|prior|previous|earlier|yesterday
            |comparison)\b
        | (?:last|past)\s+(?:week|month|year|time|night|visit|admission)\b | yesterday\b | in\s+the\s+meantime | meanwhile
        | previously\b(?!\s+(?:healthy|well|normal\s+patient)) | (?:not|absent)\s+(?:\w+\s+)?before\b
        | (?:has|have)\s+(?:\w+ly\s+|since\s+|now\s+)?(?:increased|decreased|improved|worsened|changed|grown|enlarged|progressed|moved
            |cleared|resolved|diminished|migrated|shrunk|regressed|developed|appeared|disappeared|gone|stayed|remained)\b
        # the heart's size is called increased of itself
        | (?:increas|decreas)(?:ed|ing|e)\s+(?!in\s+(?:size|prominence)\s+of\s+the\s+(?:heart|cardi))(?:in\s+(?:size|extent|number|volume|conspicuity|severity|prominence)
            |since|from|compared|slightly\s+from|when|over\s+the|now)\b
        | (?:increasing|decreasing|growing|shrinking|larger\s+than|smaller\s+than)\b
        | (?:previously|formerly|earlier)\s+(?:seen|noted|described|identified|reported|demonstrated|present|visuali[sz]ed
            |mentioned|documented|measured|measuring|was|were|on|it)\b
        | serial\s+{_EXAM} | over\s+time | similar\s+(?:to|in\s+appearance\s+to)\s+(?:the\s+)?(?:prior|previous|earlier
            |last|___|before)
    )""",
    _I,
)
# Sentences that speak of an earlier exam as missing or wanted, of what is to come, or of the disease's own history.
_NOT_A_PRIOR = re.compile(
    r"""\b(?:
        recommend\w* | suggest(?:ed|s)?\b | (?:would|could|may|might|can|should)\s+(?:\w+\s+)?(?:be|help|confirm|provide)
        | if\s | helpful | consider\b | advised? | obtain\w* | correlat\w+ | to\s+(?:ensure|document|confirm|assess|exclude
            |verify|establish|determine|evaluate)\b | until | follow-?\s?up
        | (?:without|lack\s+of|absence\s+of|no|not|are\s+no|is\s+no|unavailable)\s+(?:(?!chang|interval|from|since)[\w-]+\s+){0,3}?
            (?:comparisons?|priors?|previous|prior|old|earlier)\b
        | (?:comparisons?|prior|previous|old)\s+(?:\w+\s+){0,2}?(?:not|unavailable|were\s+not|is\s+not|are\s+not)
        | first\s+(?:study|exam)
    )""",
    _I,
)
_NONE_SAID = re.compile(
    r"""(?:comparisons?\s*:\s*)?\W*(?:nones?|nil|n/?a|not?\b(?:\s+\w+){0,6}?\s+(?:available|priors?|stud(?:y|ies)|comparisons?
    |exams?\w*|films?|images?|imaging|radiographs?|x-?\w*|___|previous)|no\s+(?:priors?|comparisons?|previous|relevant)|no\W*$
    |unavailable|not\s+(?:available|applicable|provided|given|made)|first\s+(?:study|exam)\w*)\b""",
    _I,
)
_COMPARISON = re.compile(r"\bcomparisons?(?:\s+stud(?:y|ies)|\s+exams?)?\s*:\s*", re.IGNORECASE)
_HEADING = re.compile(
    r"\b(?:Indication|Technique|History|Clinical\s\w+|Exam(?:ination)?|Procedure|Reason|Findings)\b[^:.]{0,30}:"
)
_SAID = re.compile(r"[^\W_]|__")
# Words that tell that there was an exam before without comparing to it.
_FOLLOWED = re.compile(
    r"\b(?:follow[\s-]?up|f/u|re-?check|re-?evaluat\w+|re-?assess\w*|repeat|interval|serial|known|surveillance"
    r"|previously|abnormal\s+(?:chest|x-?ray|ct|cxr)|has\s+been\s+(?:development|removal|placement))\b",
    re.IGNORECASE,
)


def find_prior(impression: str, findings: str, background: str) -> list[Hit]:
    """Return where the `impression` speaks of an earlier exam or of change, when nothing else knows of one.

    An earlier exam is known where the background's "Comparison:" names one (a mask is one: its date was taken out),
    or where findings or background themselves speak of change, of an earlier exam or of a follow-up. A sentence that
    asks for an earlier exam, or says that there is none, invents nothing.
    """
    found = [
        (Place(IMPRESSION, *match.span()),)
        for match, span in matches(_PRIOR, _PRIOR_STEMS, impression)
        if not _NOT_A_PRIOR.search(impression, *span)
    ]
    return [] if not found or knows_prior(findings, background) else found


def wants_prior(text: str, position: int) -> bool:
    """Return whether the sentence at `position` asks for an earlier exam, says that there is none, or looks ahead."""
    return any(start <= position < end and _NOT_A_PRIOR.search(text, start, end) for start, end in sentence_spans(text))


@lru_cache(maxsize=256)
def knows_prior(findings: str, background: str) -> bool:
    """Return whether `findings` or `background` know of an earlier exam."""
    heading = _COMPARISON.search(background)
    rest = background
    if heading:
        following = _HEADING.search(background, heading.end())
        end = following.start() if following else len(background)
        said = background[heading.end() : end]
        if _SAID.search(said) and not _NONE_SAID.match(said):
            return True
        rest = f"{background[: heading.start()]}. {background[end:]}"
    return any(
        _FOLLOWED.search(text) is not None
        or any(not _NOT_A_PRIOR.search(text, *span) for _, span in matches(_PRIOR, _PRIOR_STEMS, text))
        for text in (findings, rest)
    )


_TEST = r"""(?:ct|cta|mri?|mra|pet(?:[\s/-]?ct)?|ultraso\w+|sonogra\w+|echo\w*|radiographs?|x-?\s?rays?|x-?___|films?|imaging
    |images?|views?|scans?|stud(?:y|ies)|exam(?:ination)?s?|biops(?:y|ies)|bronchoscop\w+|evaluation|work-?\s?up|assessment
    |correlation|comparison|characterization|thoracentesis|drainage|follow-?\s?up|surveillance|consult\w*|referral
    |angiogra\w+|tomogra\w+|aspiration|sampling|investigation|testing|clinic\s+visit|mammogra\w+|scintigra\w+|___)"""
_ACTION_STEMS = (
    "rec", "f/u", "necessary", "prudent", "appropriate", "useful", "reasonable", "encourage", "mandatory", "benefit", "value", "use",
    "help", "better", "definitive", "more", "order", "step", "worth", "book", "send", "sent",
    "recommend", "advis", "advocat", "urge", "suggest", "consider", "should", "must", "ought", "need", "indicated",
    "warrant", "would", "could", "can", "may", "might", "correlat", "requir", "merit", "deserv", "necessitat",
    "further", "follow", "repeat", "obtain", "perform", "schedul", "arrang", "order", "proceed", "refer", "get",
    "request", "undertake", "pursue", "please", "dedicated", "additional", "re-imag", "reimag", "recheck", "rescan",
    "urgent", "immediate", "prompt", "emergent", "surgical", "cardiology", "pulmonary", "oncology", "helpful",
    "needed",
)
# The ways to say what to do; each needs its action, so that "suggestive of", "further to the left" are none.
_ACTION = re.compile(
    rf"""\b(?:
        recommend(?:s|ed|ing|ations?)?\b(?!\s+were) | advis(?:e|ed|able|es|ing)\b | advocated | urged?\b
        | suggest(?:ed|s|ing)?\s+(?:[\w-]+\s+){{0,3}}?(?:{_TEST}|placement|insertion|removal|repositioning)\b
        | {_TEST}\s+(?:[\w-]+\s+){{0,4}}?(?:is|are|be|was|were)\s+(?:\w+ly\s+)?(?:suggested|advised|recommended|warranted|indicated
            |needed|required|considered|requested|necessary|prudent|appropriate|helpful|useful|reasonable|encouraged|mandatory
            |of\s+(?:benefit|value|use|help))
        | (?<!under\s)consider\s+(?!ation)(?:[\w-]+\s+){{0,5}}?(?:{_TEST}|repeat\w*|treat\w*|therap\w*|surg\w*|antibiotics?|removal
            |repositioning|advancing|placement|retract\w*|withdraw\w*|exchange|admission|anticoagulation)\b
        | (?:should|must|needs?\s+to|ought\s+to)\s+(?:undergo|have|get|receive|proceed|return|go)\s+(?:[\w-]+\s+){{0,5}}?(?:{_TEST}
            |placement|insertion|tube|drain|surgery|resection|treatment|therapy|antibiotics?|hospital|clinic|care)\b
        | (?:should|must|needs?\s+to|ought\s+to)\s+(?:\w+\s+)?be\s+(?:\w+\s+)?(?:considered|obtained
            |performed|evaluated|followed|repeated|excluded|correlated|advanced|retracted|repositioned|withdrawn|removed|assessed
            |biopsied|drained|treated|referred|done|scheduled|arranged|pursued|an?|further|urgent|re-?imaged|monitored|{_TEST})
        | (?:is|are)\s+(?:\w+ly\s+)?(?:warranted|indicated\s+for|advised|needed)\b
        | (?:would|could|may|might|can)\s+be\s+(?:helpful|useful|of\s+(?:benefit|value|use|help|further)|obtained|performed
            |considered|pursued|indicated|initiated|beneficial|warranted|required|done|arranged|better\s+evaluated|confirmed\s+with)
        | (?:would|could)\s+(?:recommend|advise|suggest|benefit|obtain|get|repeat|follow|re-?image|consider|pursue|proceed)\b
        | rec(?:s|'d|d)?\b\.? | f/u\b
        | correlate\b | (?:clinical|laboratory|lab|physical|direct)\s+(?:and\s+\w+\s+)?correlation
        | correlation\s+(?:with|is|for|to)\b
        | (?:requires?|needs?|warrants?|merits?|deserves?|necessitates?)\s+(?:[\w-]+\s+){{0,3}}?(?:{_TEST}|attention|treatment|surgery)\b
        | further\s+(?:\w+\s+)?(?:evaluat\w+|imaging|work-?\s?up|characteri[sz]\w+|assess\w*|investigat\w+|stud\w+)
        | follow-?\s?up\s+(?:[\w-]+\s+){{0,3}}?(?:{_TEST}|in\s+(?:\d|one|two|three|four|five|six|an?\b|several|about)|to\s+(?:resol\w+
            |clear\w*|ensure|document|confirm|exclude|assess|evaluate)|with\b|recommended|suggested|advised|after|at\b)
        | (?:{_TEST}|\d+\s*-?\s*(?:week|month|year|day))\s+follow-?\s?up
        | (?:repeat|obtain|perform|schedule|arrange|order|proceed\s+(?:to|with)|refer\s+(?:to|for)|get|request|undertake|pursue)
            \s+(?:[\w-]+\s+){{0,4}}?(?:{_TEST}|specialist|surgeon|clinic|pulmon\w+|oncolog\w+|cardiolog\w+)\b
        | please\s+(?:correlate|obtain|repeat|perform|evaluate|consider|refer|follow|order|arrange|advance|withdraw|retract
            |reposition|remove|re-?check)
        | (?:dedicated|additional)\s+{_TEST}\s+(?:to|for)\b | {_TEST}\s+(?:for|to)\s+(?:further|better|definitive|more)\b
        | {_TEST}\s+(?:is|are|would\s+be)\s+(?:in\s+order|the\s+next\s+step) | next\s+step | worth\s+(?:an?|doing|obtaining|getting)\b
        | (?:book|booked|send|sent)\s+(?:the\s+patient\s+)?for\s+(?:[\w-]+\s+){{0,3}}?{_TEST}\b
        | (?:refer|referral)\s+(?:to|for)\s+\w+ | (?:re-?image|re-?imaging|recheck|rescan)\b
        | (?:urgent|immediate|prompt|emergent|surgical|cardiology|pulmonary|oncology)\s+(?:\w+\s+)?(?:consultation|referral
            |intervention|attention|evaluation|biopsy|surgery|drainage|decompression|review|assessment)
    )""",
    _I,
)


@lru_cache(maxsize=512)
def find_actions(text: str) -> tuple[tuple[int, int, int, int], ...]:
    """Return where `text` says what to do: start and end of the words, start and end of their sentence."""
    return tuple((*match.span(), *span) for match, span in matches(_ACTION, _ACTION_STEMS, text))
