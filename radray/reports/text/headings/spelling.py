"""Misspelt words of headings: one or two letters wrong, lost, added or exchanged ("CONLCUSION", "Imrpession")."""

from functools import lru_cache

from rapidfuzz.distance import OSA

_WORDS = {
    # letters that may be wrong: two of eight or more; fewer would make other words of shorter ones
    2: (
        *("FINDINGS", "IMPRESSION", "IMPRESSIONS", "CONCLUSION", "CONCLUSIONS", "INTERPRETATION", "DIAGNOSIS"),
        *("INDICATION", "COMPARISON", "TECHNIQUE", "EXAMINATION", "RECOMMENDATION", "RECOMMENDATIONS", "ADDENDUM"),
    ),
    1: ("OPINION", "SUMMARY", "HISTORY", "FINDING"),
}
_KNOWN = frozenset(word for words in _WORDS.values() for word in words)
_OTHER_WORDS = frozenset(
    {"ADMISSION", "AGGRESSION", "BINDING", "BINDINGS", "BLINDING", "COMMENDATION", "COMPRESSION"}
    | {"COMPRESSIONS", "CONCESSION", "CONCLUSIVE", "CONCUSSION", "CONCUSSIONS", "CONDITION", "CONFESSION"}
    | {"CONFUSION", "CONTUSION", "CONTUSIONS", "CONVULSION", "CONVULSIONS", "DEDICATION", "DEPRESSION"}
    | {"DEPRESSIONS", "DIAGNOSES", "DIAGNOSTIC", "ENDINGS", "EXCLUSION", "EXPRESSION", "EXPRESSIONS"}
    | {"FEEDING", "FEEDINGS", "FINALIST", "FUNDING", "GRINDING", "GROUNDINGS", "IMMERSION", "IMPLOSION"}
    | {"IMPRESSIVE", "INCLUSION", "INCLUSIONS", "INDENTATION", "INDICATED", "INDICATING", "INDICATIVE"}
    | {"INDICATOR", "INDICATORS", "INDUCTION", "INFLATION", "LANDING", "LANDINGS", "MEDICATION"}
    | {"MEDICATIONS", "MISSION", "OCCLUSION", "OCCLUSIONS", "OPPRESSION", "PINDING", "PROGRESSION"}
    | {"READINGS", "RECESSION", "REGRESSION", "REMISSION", "REPRESSION", "SUPPRESSION", "SUMMARIES"}
    | {"TECHNICAL", "TECHNIQUES", "VIDEOS", "WINDING", "WINDINGS"}
)
"""Words that are themselves within two letters of a heading's."""


@lru_cache(maxsize=16_384)
def correct(word: str) -> str:
    """Return the heading's word that `word`, in capitals, is a misspelling of; `word` itself where there is none.

    The distance is that of optimal string alignment: letters added, lost, replaced, or exchanged with the next.
    """
    if len(word) < 6 or len(word) > 17 or word in _KNOWN or word in _OTHER_WORDS:
        return word
    for most, words in _WORDS.items():
        for right in words:
            if abs(len(right) - len(word)) <= most and OSA.distance(word, right, score_cutoff=most) <= most:
                return right
    return word
