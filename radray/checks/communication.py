"""Communications: an impression that reports that somebody was informed of the findings."""

import re
from functools import lru_cache

from radray.checks.spans import CACHED_TEXTS, IMPRESSION, Hit, Place, matches, stems

_I = re.IGNORECASE | re.VERBOSE

_RECIPIENT = r"""(?:dr\b|drs\b|doctors?|physicians?|clinicians?|providers?|nurses?|rn\b|np\b|pa-c|residents?|teams?
    |services?|wards?|floor|departments?|ed\b|er\b|icu|offices?|clinics?|surgeons?|surgery|attendings?|fellows?|interns?
    |staff|patients?|famil(?:y|ies)|referrers?|consultants?|officers?|registrars?|practitioners?|\w+ologists?
    |hospitalists?|caregivers?|coordinators?|practice|unit|anesthesia|gp\b|pcp\b|housestaff|midwi(?:fe|ves)
    |prescribers?|him\b|her\b|them\b|extender|(?:front\s|nursing\s|triage\s)?desk|md\b)"""

# A verb of communication that needs no recipient, a verb that does need one (things are discussed "above", a nodule is
# "called" benign), or the traces of a call: its medium, its acknowledgement, its record.
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
            (?:discussed(?!\s+(?:above|below|previously))|called|reported\s+to|shared\s+with|given\s+to|sent\s+to
            |transmitted
            |passed\s+(?:on\s+)?to|handed|delivered|reviewed\s+with|flagged|brought\s+to|read\s+(?:out\s+)?to
            |telegraphed
            |forwarded|transferred\s+to|dictated\s+to|made\s+known|explained)\b
        | (?:called|reported|shared|given|sent|transmitted|passed|handed|delivered|reviewed|flagged|forwarded|explained
            |verbali[sz]ed|rung\s+through|rung)\s+(?:on\s+|over\s+|directly\s+|immediately\s+|verbally\s+|urgently\s+)?
            (?:to|with|by|for)\s+(?:the\s+|his\s+|her\s+|on-?call\s+
            |attention\s+of\s+)*(?:[\w-]+\s+){{0,2}}?{_RECIPIENT}
        | brought\s+to\s+(?:the\s+)?(?:[\w-]+\s+){{0,2}}?attention
        | (?:phone|telephone|verbal|verbally|pager|page|secure|voice|electronic)\s+(?:notification|report|communication
            |call|message|alert|chat|contact|handover|hand-?off|conversation|discussion|read-?back)s?\b
        | (?:critical|urgent|significant|unexpected|alert|important)\s+(?:\w+\s+){{0,2}}?(?:notification|alert
            |communication
            |message|call)s?\b
        | (?:notification|alert|message|page|fax|email|e-mail|call)s?\s+(?:was|were|has\s+been
            |have\s+been)\s+(?:\w+ly\s+)?
            (?:sent|documented|made|placed|left|completed|given|issued|delivered|generated|received|recorded|logged)
        | (?:employed|used|made|sent|placed|attempted)\s+to\s+(?:notify|inform|alert|contact|reach|tell)
        | (?:by|via|over|through|on)\s+(?:the\s+|a\s+|secure\s+)*(?:telephone|phone|pager|page|text|email|e-mail|fax
            |intercom
            |secure\s+(?:chat|message)|messaging|voicemail|chat)\b
        | (?:acknowledged?|acknowledging|confirmed|accepted|confirms)\s+(?:\w+\s+)?receipt
            | receipt\s+(?:\w+\s+){{0,3}}?
            (?:acknowledged|confirmed) | read[\s-]?back | message\s+left | left\s+(?:a\s+)?(?:message|voicemail)
        | reached\s+(?:the\s+|on-?call\s+)*(?:[\w-]+\s+)?{_RECIPIENT} | {_RECIPIENT}\s+(?:\w+\s+)?(?:was|were
            |has\s+been|have\s+been)\s+reached
        | (?:has|have|had|was|were)\s+(?:\w+\s+)?let\s+know | word\s+(?:was\s+)?left | left\s+word
            | {_RECIPIENT}\s+(?:already\s+|now\s+)?knows?\b
        | (?:handed|signed)\s+(?:off|over|out)\s+to | passed\s+along | got\s+hold\s+of | gave\s+(?:\w+\s+)?(?:report
            |word|notice)
        | acknowledg\w+\s+(?:by|the\s+(?:results?|findings?|call|message)) | heads-?up
        | verbal(?:ly)?\s+(?:report|discuss|relay|convey|communicat|deliver|confirm|acknowledg|given|inform|to)\w*
    )""",
    _I,
)
_COMMUNICATION_STEMS = stems(
    "voice secure notif appris phone telephon page text mail email e-mail messag fax relay convey"
    " communicat alert inform escalat contact brief told aware call rung rang updated acknowledg receipt"
    " discuss review spoke speak conversation"
    " talked conferred report shared given sent transmitted passed handed deliver flagged brought read~to"
    " read~out read~back read-back readback forwarded transferred dictated explained telegraphed verbal chat"
    " tell reach voicemail know word gave signed heads advised~of hold~of intercom"
    " ve~left has~left i~left we~left radiology~left radiologist~left"
)
# "Please notify ...", "should be discussed with": still to be done.
_NOT_YET = re.compile(
    r"""\b(?:please|should|recommend\w*|suggest\w*|advise|will|would|could|can|may|might|must|needs?\s+to|to\s+be
        |consider
    |if)\b""",
    _I,
)
_DONE = re.compile(r"\b(?:was|were|been|employed|documented|acknowledged|accepted|i|notified|spoke)\b", _I)


def find_communication(impression: str, findings: str, background: str) -> list[Hit]:
    """Return where the `impression` reports a communication that neither findings nor background do; [] for none.

    Informed, notified, paged, discussed with, read back; not what is still to be done ("please notify") and not
    "discussed above". A model has called nobody: a call that it reports is invented, unless the findings or the
    background report one too.
    """
    spans = _communications(impression)
    if not spans or _communications(findings) or _communications(background):
        return []
    return [(Place(IMPRESSION, start, end),) for start, end in spans]


@lru_cache(maxsize=CACHED_TEXTS)
def _communications(text: str) -> tuple[tuple[int, int], ...]:
    return tuple(
        match.span()
        for match, span in matches(_COMMUNICATION, _COMMUNICATION_STEMS, text)
        if not _NOT_YET.search(text, span[0], match.end()) or _DONE.search(text, *span)
    )
