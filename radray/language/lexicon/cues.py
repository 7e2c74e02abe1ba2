"""Cues around findings: negation, uncertainty, history and the words that end their scope, after NegEx and ConText.

Sources: NegEx (Chapman et al. 2001) and ConText (Harkema et al. 2009) for the method and the core of the lists; the
wordings of chest reports are added. A longer phrase wins over a shorter one within it, which is how a
pseudo-negation ("no change in", "cannot be excluded") keeps its "no" from negating.
"""


def words(packed: str) -> frozenset[str]:
    """Return the words of `packed`, which spaces separate."""
    return frozenset(packed.split())


CUES: dict[str, str] = {
    # what follows is absent
    "negation": "no|not|without|w o|negative for|negative acute|negative focal|no evidence of|no evidence for"
    "|no evidence to suggest|without evidence of|free of|clear of|grossly clear of|absence of|absent|denies|denied"
    "|neither|nor|never|rules out|ruled out for|exclude the presence of|lack of|fails to reveal|free from|rather than"
    "|no signs of|no sign of|without sign of|without signs of|no findings of|no findings to suggest|insufficient for"
    "|non|resolution of prior|devoid of|not seen is|cannot see|nothing to suggest|no suggestion of|not demonstrate"
    "|not show|clear from|without any evidence of|non visualization of|nonvisualization of",
    # what precedes is absent
    "negation_after": "not seen|not identified|not visualized|not present|not evident|not appreciated|not demonstrated"
    "|not detected|ruled out|are absent|is absent|unlikely|is excluded|are excluded|excluded|has been excluded"
    "|have been excluded|not noted|not observed|not suspected|is negative|are negative|not apparent|none"
    "|not definitely seen|not clearly seen|not definitely identified|not visible|is not seen|not found|no evidence"
    "|is thought unlikely|are unlikely|is felt unlikely|considered unlikely|felt to be unlikely|is unlikely"
    "|highly unlikely|not clearly identified|not readily identified",
    # what follows is uncertain
    "uncertainty": "possible|possibly|probable|probably|may|might|could|may represent|may reflect|may be|may be due to"
    "|may be related to|might represent|could represent|could be|could reflect|suspicious for|suspicious of"
    "|suspicion for|suspicion of|concerning for|concern for|concern of|worrisome for|questionable|question|question of"
    "|equivocal|likely|likely represent|likely representing|likely represents|likely reflect|likely reflecting"
    "|most likely|more likely|less likely|presumed|presumably|suspected|suspect|suggest|suggests|suggesting"
    "|suggestive of|suggested|cannot exclude|cannot rule out|can not exclude|can not rule out|does not exclude"
    "|do not exclude|not excluding|unable to exclude|rule out|r o|versus|vs|differential|differential includes"
    "|differential considerations include|differential diagnosis includes|consider|considerations include|considering"
    "|potentially|potential|perhaps|apparent|apparently|seems|not certain if|not certain whether|uncertain if"
    "|unclear if|indeterminate for|evaluate for|assess for|exclude|to exclude|correlate for|difficult to exclude"
    "|not entirely exclude|cannot completely exclude|cannot entirely exclude|may indicate|may suggest|could indicate"
    "|raise the possibility of|raises the possibility of|possibility of|favor|favored|favored to represent|favors"
    "|appears to represent|appear to represent|maybe|probable represents|would suggest|would be concerning for"
    "|if there is|suggestion of|hint of|not exclude|if|whether|evidence suggesting|could be due to|could be related to"
    "|might be|as well as possible|clinical concern for|can represent|can be seen with|can be seen in"
    "|cannot be excluded for|looks like|worry for|risk of|at risk for|believed to represent|thought to represent"
    "|felt to represent",
    # what precedes is uncertain
    "uncertainty_after": "cannot be excluded|can not be excluded|not excluded|is not excluded|are not excluded"
    "|cannot be ruled out|can not be ruled out|not ruled out|is possible|are possible|is suspected|are suspected"
    "|is questioned|are questioned|is a consideration|in the differential|is in the differential"
    "|would be a consideration|cannot be entirely excluded|cannot be completely excluded|not entirely excluded"
    "|not completely excluded|is considered|are considered|be considered|is likely|are likely|is favored|are favored"
    "|is probable|is difficult to exclude|difficult to exclude given|is difficult to completely exclude"
    "|is not entirely excluded|could have this appearance|would have this appearance|not definitely excluded"
    "|less likely considered|also possible|also a consideration|remains possible|considerations|may be present"
    "|could be present|might be present",
    # what follows is historical
    "history": "history of|hx of|h o|status post|s p|prior|previous|remote|old|healed|past|past history of|previously"
    "|remote history of|prior history of|known history of|previous history of|has history of|longstanding"
    "|sequela of prior|sequelae of prior|remotely",
    # what follows interprets what precedes: side and location carry over
    "link": "representing|represents|represent|consistent with|compatible with|in keeping with|indicating"
    "|indicative of|indicates|reflecting|reflects|due to|secondary to|related to|characteristic of|typical of"
    "|typical for|diagnostic of|most consistent with|attributed to|relating to|worrisome|associated with"
    "|which represents|and represents",
    # the scope of an earlier cue ends here
    "end": "but|however|although|though|except|except for|excepting|other than|apart from|aside from"
    "|with the exception of|otherwise|because|since|there is|there are|there has been|there was|there were"
    "|there have been|which is|which are|despite|yet|nevertheless|still|while|whereas|besides|excluding|does have"
    "|is seen in|are seen in|there remains|there remain|again seen is|again seen are|as well as|is present in"
    "|are present in|there has|there may be|there could be",
    # words of the past that refer to an examination
    "nothing": "compared to prior|compared to the prior|compared with prior|compared with the prior"
    "|comparison to prior|in comparison to prior|comparison with prior|as compared to prior|as compared to the prior"
    "|comparison prior|from prior|from the prior|since prior|since the prior|since previous|since the previous"
    "|than prior|than on prior|than on the prior|than previous|to prior|to the prior|to previous|to the previous"
    "|on prior|on the prior|on previous|on the previous|from previous|from the previous|with the prior"
    "|with the previous|seen previously|noted previously|previously noted|previously seen|previously described"
    "|previously identified|previously demonstrated|prior study|prior exam|prior examination|prior radiograph"
    "|prior film|prior ct|prior chest|prior imaging|prior to|previous study|previous exam|previous examination"
    "|previous radiograph|previous film|previous ct|previous chest|previous imaging|prior studies|prior xxxx"
    "|previous xxxx|no comparison|no prior|no prior study|no prior exam|no comparisons|no previous|not only"
    "|not limited to|not necessarily|small bowel gas|small bowel|large bowel|post contrast|no acute distress|old film"
    "|old study|line up|heart failure symptoms|prior comparison|prior report|prior x ray|prior chest x ray"
    "|prior chest radiograph|no prior studies|right upper quadrant|left upper quadrant|right lower quadrant"
    "|left lower quadrant|port of|airport|portable|left lateral decubitus|lateral view|chest tube site|carinal lead"
    "|small volume|no further|without prior|without comparison|without comparisons|line of|lead to|leads to|not well"
    "|at least|no need|clear margin|increased risk|evaluation for|further evaluation",
}
"""Cue phrases by their effect. Those of "nothing" have none: they keep their words from matching another cue."""

PREDICATES = words(
    "is are was were has have had been be being appears appear appearing remains remain seems demonstrates"
    " demonstrate shows show measures measuring"
)
"""Words after which an attribute belongs to what precedes them."""

PREPOSITIONS = words("in within at on along over overlying involving throughout near from to through projecting")
"""Words after which a location belongs to what precedes them."""

ASSERTIVE = words(
    "there the this these a an it is are small mild minimal moderate trace tiny slight stable unchanged"
    " persistent increased decreased new mildly minimally slightly moderately bibasilar bilateral left right heart"
    " lungs lung cardiac mediastinum bony osseous visualized old prior chronic some scattered severe healed"
    " multiple several degenerative calcified again probable possible likely clear normal tortuous atherosclerotic"
    " low residual with"
)
"""Words that, after a comma or "and", end a negated list and introduce something present, unless an "or" further on
continues the list: "No edema, small left effusion." against "No edema, large effusion or ..."."""

CLOSING = words("seen identified noted present visualized evident demonstrated appreciated detected")
"""Words that close a negated list: a comma, bracket or "and" after them begins something else."""

ORGANS = words("lung heart mediastinum trachea aorta spine diaphragm hemidiaphragm")
"""Words that, between "the" and "is" or "are", begin a new statement where the full stop was left out."""
