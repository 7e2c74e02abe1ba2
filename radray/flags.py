"""The classes of flags that the checks put on an impression: those that harm (Tier A), and those to be read (Tier B).

Columns (``flag_side``), views, charts and pages follow from their names. Each class of Tier A has a limit of its own
among the settings (`gates.max_flag_rates`).
"""

TIER_A = {
    "side": "says another side of a finding than the findings do",
    "polarity": "denies what the findings assert, or asserts what they deny",
    "measurement": "holds a measurement, grade or interval that is not that of findings or background",
    "critical_missed": "leaves out a critical finding, asserted or suspected",
    "critical_invented": "asserts a critical finding that the findings do not have",
    "level": "puts a finding at another lobe, vertebral level or rib than the findings do",
    "change": "reverses the change of a finding since the prior exam",
    "communication": "says that somebody was told, which its input does not say",
    "mask": "holds a mask of de-identification",
    "prior": "compares with a prior exam that its input does not know of",
    "recommendation": "recommends to act where its input does not",
    "degenerate": "is empty, repeats itself or breaks off",
    "identifier": "holds an identifier of the patient or the study",
}
"""Errors that harm, by class: what an impression with the flag does. These may gate a night."""

TIER_B = {
    "unsupported": "names a finding that the findings do not have",
    "certainty": "is surer of a finding, or less sure, than the findings are",
    "severity": "gives a finding another severity than the findings do",
    "location": "gives a finding another place than the findings do",
    "device": "names a device that the findings do not have, or another state of it",
    "comparison": "gives a finding another change since the prior exam than the findings do",
    "normal_over_abnormal": "reads normal where the findings assert something abnormal",
    "omission": "leaves out an urgent finding without a related word",
    "recommendation_missed": "leaves out a recommendation that the findings make",
}
"""Differences that are often a radiologist's own interpretation: to be read against the radiologist's rate."""

CLASSES = (*TIER_A, *TIER_B)
