"""The actions that a text recommends: tests, treatments and follow-up, in any wording."""

import re
from functools import lru_cache

from radray.checks.spans import CACHED_TEXTS, matches, stems

_I = re.IGNORECASE | re.VERBOSE

_TEST = r"""(?:ct|cta|mri?|mra|pet(?:[\s/-]?ct)?|ultraso\w+|sonogra\w+|echo\w*|radiographs?|x-?\s?rays?|x-?___|films?
    |imaging
    |images?|views?|scans?|stud(?:y|ies)|exam(?:ination)?s?|biops(?:y|ies)|bronchoscop\w+|evaluation|work-?\s?up|assessment
    |correlation|comparison|characterization|thoracentesis|drainage|follow-?\s?up|surveillance|consult\w*|referral
    |angiogra\w+|tomogra\w+|aspiration|sampling|investigation|testing|clinic\s+visit|mammogra\w+|scintigra\w+
    |cxrs?|ctpa|mrcp|ercp|fna|colonoscop\w+|endoscop\w+|dopplers?|duplex|___)"""
_NUMBER = r"(?:\d{1,3}|an?|one|two|three|four|five|six|eight|nine|ten|twelve)\b"
_ACTION_STEMS = stems(
    "rec f/u necessary prudent appropriate useful reasonable encourage mandatory of~benefit of~value of~use"
    " of~help benefit for~better to~better definitive for~more to~more in~order order next~step worth book send"
    " sent recommend advis advocat urge suggest consider should must ought need indicated warrant would~be"
    " could~be can~be may~be might~be obtain correlat requir merit deserv necessitat further follow repeat"
    " perform schedul arrang proceed refer get request undertake pursue please dedicated additional re-imag"
    " reimag recheck rescan re-check consult interven attention evaluat biops surg drain decompress review"
    " assess helpful week month year day surveillance no~follow without~follow work-up work~up workup start begin"
    " initiat commenc"
)
# Wordings of a recommendation; each needs an action, so that "suggestive of" and "further to the left" do not match.
_ACTION = re.compile(
    rf"""\b(?:
        recommend(?:s|ed|ing|ations?)?\b(?!\s+were) | advis(?:e|ed|able|es|ing)\b | advocated | urged?\b
        | suggest(?:ed|s|ing)?\s+(?:[\w-]+\s+){{0,3}}?(?:(?!___){_TEST}|management|treatment|surgery
            |placement|insertion|removal|repositioning)\b
        | {_TEST}\s+(?:[\w-]+\s+){{0,4}}?(?:is|are|be|was|were)\s+(?:\w+ly\s+)?(?:suggested|advised|recommended
            |warranted|indicated
            |needed|required|considered|requested|necessary|prudent|appropriate|helpful|useful|reasonable|encouraged
            |mandatory
            |of\s+(?:benefit|value|use|help))
        | (?<!under\s)consider\s+(?!ation)(?:[\w-]+\s+){{0,5}}?(?:{_TEST}|repeat\w*|treat\w*|therap\w*|surg\w*
            |antibiotics?|removal
            |repositioning|advancing|placement|retract\w*|withdraw\w*|exchange|admission|anticoagulation)\b
        | (?:should|must|needs?\s+to|ought\s+to)\s+(?:undergo|have|get|receive|proceed|return
            |go)\s+(?:[\w-]+\s+){{0,5}}?(?:{_TEST}
            |placement|insertion|tube|drain|surgery|resection|treatment|therapy|antibiotics?|hospital|clinic|care)\b
        | (?:should|must|needs?\s+to|ought\s+to)\s+(?:\w+\s+)?be\s+(?:\w+\s+)?(?:considered|obtained
            |performed|evaluated|followed|repeated|excluded|correlated|advanced|retracted|repositioned|withdrawn
            |removed|assessed
            |biopsied|drained|treated|referred|done|scheduled|arranged|pursued|an?|further|urgent|re-?imaged
            |monitored|{_TEST})
        | (?:is|are)\s+(?:\w+ly\s+)?(?:warranted|indicated\s+for|advised|needed)\b
        | (?:would|could|may|might|can)\s+be\s+(?:helpful|useful|of\s+(?:benefit|value|use|help|further)|obtained
            |performed
            |considered|pursued|indicated|initiated|beneficial|warranted|required|done|arranged|better\s+evaluated
            |confirmed\s+with)
        | (?:would|could)\s+(?:recommend|advise|benefit|obtain|get|repeat|follow|re-?image|consider|pursue
            |proceed)\b
        | rec(?:s|'d|d)?\b\.? | f/u\b
        | correlate\b | (?:clinical|laboratory|lab|physical|direct)\s+(?:and\s+\w+\s+)?correlation
        | correlation\s+(?:with|is|for|to)\b
        | (?:requires?|needs?|warrants?|merits?|deserves?|necessitates?)\s+(?:[\w-]+\s+){{0,3}}?(?:{_TEST}|attention
            |treatment|surgery)\b
        | further\s+(?:\w+\s+)?(?:evaluat\w+|imaging|work-?\s?up|characteri[sz]\w+|assess\w*|investigat\w+|stud\w+)
        | follow-?\s?up\s+(?:[\w-]+\s+){{0,3}}?(?:{_TEST}|in\s+(?:\d|one|two|three|four|five|six|an?\b|several|about)
            |to\s+(?:resol\w+
            |clear\w*|ensure|document|confirm|exclude|assess|evaluate)|with\b|recommended|suggested|advised|after|at\b)
        | (?:{_TEST}|\d+\s*-?\s*(?:week|month|year|day))\s+follow-?\s?up
        | (?:repeat|obtain|perform|schedule|arrange|order|proceed\s+(?:to|with)|refer\s+(?:to|for)|get|request
            |undertake|pursue)
            \s+(?:[\w-]+\s+){{0,4}}?(?:{_TEST}|specialist|surgeon|clinic|pulmon\w+|oncolog\w+|cardiolog\w+)\b
        | (?:start|begin|initiate|commence)\s+(?:[\w-]+\s+){{0,2}}?(?:anticoagula\w+|heparin|antibiotics?|antimicrob\w+
            |steroids?|treatment|therapy|thrombolysis|chemotherapy|diure\w+)\b
        | please\s+(?:correlate|obtain|repeat|perform|evaluate|consider|refer|follow|order|arrange|advance|withdraw
            |retract
            |reposition|remove|re-?check)
        | (?:dedicated|additional)\s+{_TEST}\s+(?:to|for)\b | {_TEST}\s+(?:for|to)\s+(?:further|better|definitive
            |more)\b
        | {_TEST}\s+(?:is|are|would\s+be)\s+(?:in\s+order|the\s+next\s+step) | next\s+step | worth\s+(?:an?|doing
            |obtaining|getting)\b
        | (?:book|booked|send|sent)\s+(?:the\s+patient\s+)?for\s+(?:[\w-]+\s+){{0,3}}?{_TEST}\b
        | (?:refer|referral)\s+(?:to|for)\s+\w+ | (?:re-?image|re-?imaging|re-?check|re-?scan)\b
        | {_TEST}\s+(?:[\w-]+\s+){{0,2}}?(?:in|at|after|within|every)\s+{_NUMBER}[\w\s-]{{0,12}}?
            (?:day|week|month|year)s?\b
        | (?:no|without)\s+(?:further|additional|specific|routine)?\s*(?:\w+\s+)?(?:follow-?\s?up|work-?\s?up
            |surveillance|imaging|intervention|action)\s*(?=[.;,]|$|is\b|needed|required|necessary)
        | (?:urgent|immediate|prompt|emergent|surgical|cardiology|pulmonary|oncology)\s+(?:\w+\s+)?(?:consultation
            |referral
            |intervention|attention|evaluation|biopsy|surgery|drainage|decompression|review|assessment)
    )""",
    _I,
)


@lru_cache(maxsize=CACHED_TEXTS)
def find_actions(text: str) -> tuple[tuple[int, int, int, int], ...]:
    """Return the recommendations of `text`: start and end of the words, then of their sentence; () for none."""
    return tuple((*match.span(), *span) for match, span in matches(_ACTION, _ACTION_STEMS, text))
