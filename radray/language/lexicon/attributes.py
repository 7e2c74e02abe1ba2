"""Attributes of findings: side, severity, location and change, each word with its normal form."""

LEFT = frozenset({"left"})
RIGHT = frozenset({"right"})
BOTH = LEFT | RIGHT

SIDES: dict[str, frozenset[str]] = {
    "left": LEFT,
    "lt": LEFT,
    "leftsided": LEFT,
    "right": RIGHT,
    "rt": RIGHT,
    "rightsided": RIGHT,
    "bilateral": BOTH,
    "bilaterally": BOTH,
    "both": BOTH,
    "bibasilar": BOTH,
    "bibasal": BOTH,
    "biapical": BOTH,
    "biapically": BOTH,
    "bibasally": BOTH,
    "bihilar": BOTH,
    "lingula": LEFT,
    "lingular": LEFT,
    "rul": RIGHT,
    "rml": RIGHT,
    "rll": RIGHT,
    "lul": LEFT,
    "lll": LEFT,
}
"""Words of a side; bilateral means both. Lobes that only one lung has imply its side."""

SEVERITIES = ("borderline", "trace", "mild", "moderate", "severe")
"""The scale, lowest first. "Small" and "mild", "large" and "severe" are the same step: a size is the severity of a
collection, and reports use both for the same finding. Of two ("small to moderate") the greater is taken."""

SEVERITY_WORDS: dict[str, str] = {
    "borderline": "borderline",
    "trace": "trace",
    "tiny": "trace",
    "minimal": "trace",
    "minimally": "trace",
    "minor": "trace",
    "miniscule": "trace",
    "minuscule": "trace",
    "mild": "mild",
    "mildly": "mild",
    "small": "mild",
    "slight": "mild",
    "slightly": "mild",
    "subtle": "mild",
    "moderate": "moderate",
    "moderately": "moderate",
    "medium": "moderate",
    "large": "severe",
    "severe": "severe",
    "severely": "severe",
    "marked": "severe",
    "markedly": "severe",
    "extensive": "severe",
    "massive": "severe",
    "massively": "severe",
    "gross": "severe",
    "huge": "severe",
    "extensively": "severe",
}

LOCATIONS: dict[str, str] = {
    "upper lobe": "upper lobe|upper lung|upper zone|upper lung zone|upper lung field|rul|lul",
    "middle lobe": "middle lobe|rml",
    "lower lobe": "lower lobe|lower lung|lower zone|lower lung zone|lower lung field|rll|lll",
    "midlung": "midlung|mid lung|mid zone|midzone|mid lung zone",
    "lingula": "lingula|lingular",
    "base": "base|basilar|basal|bibasilar|bibasal|lung base|bibasally",
    "apex": "apex|apical|biapical|lung apex|apices|biapically",
    "hilum": "hilum|hilar|perihilar|parahilar|suprahilar|infrahilar|hila|bihilar",
    "retrocardiac": "retrocardiac",
    "mediastinum": "mediastinum|mediastinal|paratracheal|subcarinal",
    "costophrenic angle": "costophrenic angle|costophrenic sulcus|costophrenic",
    "pleura": "pleura",
    "fissure": "fissure|fissural",
    "retrosternal": "retrosternal|substernal",
    "subdiaphragmatic": "subdiaphragmatic|under the diaphragm|beneath the diaphragm",
    "diaphragm": "diaphragm|hemidiaphragm",
    "rib": "rib",
    "clavicle": "clavicle|clavicular",
    "sternum": "sternum|sternal",
    "scapula": "scapula|scapular",
    "shoulder": "shoulder|acromioclavicular|glenohumeral|ac joint",
    "humerus": "humerus|humeral|humeral head",
    "thoracic spine": "thoracic spine|t spine|dorsal spine|thoracic vertebra|thoracic vertebral|midthoracic"
    "|mid thoracic",
    "lumbar spine": "lumbar spine|l spine|lumbar vertebra|lumbar",
    "cervical spine": "cervical spine|c spine|cervical vertebra|cervical",
    "spine": "spine|vertebra|vertebral|vertebral body|spinal|thoracolumbar|thoracolumbar spine",
    "aorta": "aorta|aortic|thoracic aorta|aortic arch|aortic knob",
    "coronary": "coronary",
    "svc": "svc|superior vena cava",
    "cavoatrial junction": "cavoatrial junction|caval atrial junction",
    "right atrium": "right atrium",
    "right ventricle": "right ventricle",
    "carina": "carina",
    "trachea": "trachea",
    "mainstem bronchus": "mainstem bronchus|main stem bronchus|mainstem",
    "esophagus": "esophagus|oesophagus",
    "stomach": "stomach|gastric",
    "duodenum": "duodenum",
    "abdomen": "abdomen|abdominal|quadrant",
    "axilla": "axilla|axillary",
    "breast": "breast",
    "neck": "neck",
    "hip": "hip|acetabulum|acetabular",
    "pelvis": "pelvis|pelvic",
    "femur": "femur|femoral",
    "knee": "knee|patella|patellar",
    "tibia": "tibia|tibial",
    "fibula": "fibula|fibular",
    "ankle": "ankle|malleolus",
    "foot": "foot|metatarsal|forefoot|midfoot|hindfoot",
    "toe": "toe",
    "hand": "hand|metacarpal",
    "finger": "finger",
    "wrist": "wrist|scaphoid",
    "elbow": "elbow",
    "forearm": "forearm|radius|ulna|distal radius",
    "kidney": "kidney|renal",
    "liver": "liver|hepatic",
    "spleen": "spleen|splenic",
    "pancreas": "pancreas|pancreatic",
    "frontal lobe": "frontal lobe|frontal",
    "parietal lobe": "parietal lobe|parietal",
    "temporal lobe": "temporal lobe|temporal",
    "occipital lobe": "occipital lobe|occipital",
    "cerebellum": "cerebellum|cerebellar",
    **{
        f"{region}{number}": f"{region}{number}"
        for region, last in (("c", 7), ("t", 12), ("l", 5))
        for number in range(1, last + 1)
    },
}
"""Locations, each with its phrases. A "frontal" view is not a location: see `NOT_PLACES`."""

NOT_PLACES = "frontal view|frontal radiograph|frontal projection|frontal and lateral|frontal image|frontal film"
"""Phrases that contain a word of a location without naming one."""

CHANGES: dict[str, str] = {
    "new": "new|interval placement of|interval placement|interval insertion of|has been placed|have been placed"
    "|not visualized on prior|not seen on prior|not present on prior|not identified on prior|not seen previously"
    "|not previously seen|not visualized previously|not seen on the prior|not present previously"
    "|not previously present|not previously identified|not seen on previous|not present on the prior|newly|developing"
    "|developed|newly developed|interval development|interval development of|has developed|have developed"
    "|development of",
    "increased": "increased|increasing|worsening|worsened|worse|progressed|progression|larger|increase|enlarging"
    "|more prominent|progressive|progressing|interval increase|interval worsening|interval progression"
    "|increase in size|increased in size|more extensive|more conspicuous|has progressed",
    "decreased": "decreased|decreasing|improved|improving|improvement|smaller|resolving|diminished|diminishing"
    "|decrease|less prominent|interval decrease|interval improvement|partially resolved|partial resolution"
    "|near complete resolution|partial clearing|less extensive|lessened|decrease in size|decreased in size|regressed"
    "|less conspicuous|near resolution|nearly resolved|incompletely resolved",
    "unchanged": "unchanged|stable|no change|no significant change|no interval change|no significant interval change"
    "|without change|persistent|persists|persisting|not changed|not significantly changed|similar|no increase"
    "|no decrease|no worsening|no progression|no improvement|without significant change|no appreciable change"
    "|no substantial change|no definite change|no significant increase|without interval change|no new change"
    "|redemonstrated|redemonstration|again|grossly unchanged|not significantly increased"
    "|no substantial interval change|no significant decrease|no significant worsening|no interval increase"
    "|without increase|no longer changing|not increased|not worsened|continued|remain|remains|remaining|not improved"
    "|no interval worsening|no interval progression|no significant progression|no definite interval change"
    "|not appreciably changed|without significant interval change|stable appearing|constant|chronic appearing stable"
    "|as before",
    "resolved": "resolved|resolution of|interval resolution|has resolved|have resolved|has cleared|have cleared"
    "|complete resolution|cleared|no longer seen|no longer identified|no longer visualized|no longer present"
    "|no longer evident|no longer visible|complete clearing|interval resolution of|resolution|complete resolution of"
    "|interval clearing|interval removal|has been removed|have been removed|removed|interval removal of"
    "|is no longer seen|no longer appreciated|has disappeared|interval clearing of|near total resolution",
}
"""Phrases of a change since an earlier examination. A resolved finding is absent; an unchanged one is present."""
