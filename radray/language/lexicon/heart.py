"""Concepts of the heart, vessels, mediastinum and diaphragm."""

from radray.language.lexicon.concept import ACR, CHEXPERT, FLEISCHNER, OPENI, RADLEX, Concept, concept

HEART: tuple[Concept, ...] = (
    concept(
        "enlarged_cardiomediastinum",
        "enlarged cardiomediastinum",
        "enlarged cardiomediastinum|widened mediastinum|mediastinal widening|widening of the mediastinum"
        "|wide mediastinum|enlarged mediastinum|mediastinal enlargement|mediastinal prominence|prominent mediastinum"
        "|superior mediastinal widening|cardiomediastinal enlargement|enlarged mediastinal contour"
        "|mediastinal abnormality|abnormal mediastinum",
        source=CHEXPERT,
        pairs="mediastinum~enlarged",
    ),
    concept(
        "cardiomegaly",
        "cardiomegaly",
        "cardiomegaly|cardiomegally|enlarged heart|cardiac enlargement|heart enlargement|enlarged cardiac silhouette"
        "|enlargement of the heart|enlargement of the cardiac silhouette|cardiac silhouette enlargement"
        "|enlarged cardiac shadow|enlarged cardiomediastinal silhouette|cardiomyopathy|left ventricular enlargement"
        "|left atrial enlargement|right ventricular enlargement|chamber enlargement|biventricular enlargement",
        parents="enlarged_cardiomediastinum",
        source=CHEXPERT,
        pairs="heart~enlarged",
    ),
    concept(
        "pericardial_effusion",
        "pericardial effusion",
        "pericardial effusion|pericardial fluid|hemopericardium",
        source=RADLEX,
        urgency="urgent",
    ),
    concept(
        "aortic_tortuosity",
        "tortuous aorta",
        "aortic tortuosity|aortic unfolding|tortuosity|aortic ectasia|dolichoectasia",
        source=OPENI,
        pairs="aorta~tortuous",
    ),
    concept(
        "aortic_atherosclerosis",
        "atherosclerosis of the aorta",
        "atherosclerosis|atherosclerotic|atherosclerotic disease|atherosclerotic calcification|atherosclerotic change"
        "|aortic calcification|aortic atherosclerosis|arteriosclerosis|aortic atherosclerotic disease"
        "|vascular calcification|aortic arch calcification|arterial calcification|aortic atherosclerotic calcification"
        "|aortic vascular calcification|calcified plaque|atheromatous calcification|coronary calcification"
        "|coronary artery calcification|atherosclerotic vascular disease|atherosclerotic plaque",
        source=OPENI,
        pairs="aorta~calcified",
    ),
    concept(
        "aortic_aneurysm",
        "aortic aneurysm",
        "aortic aneurysm|aneurysm|aneurysmal dilatation|aneurysmal dilation|aneurysm of the aorta|aneurysmal",
        source=ACR,
        urgency="urgent",
    ),
    concept(
        "hilar_enlargement",
        "hilar enlargement",
        "hilar enlargement|enlarged hila|enlarged hilum|hilar prominence|prominent hila|prominent hilum|hilar fullness"
        "|fullness of the hila|hilar abnormality|prominent pulmonary artery|pulmonary artery prominence"
        "|bihilar prominence|enlarged pulmonary artery|pulmonary hypertension|pulmonary arterial hypertension"
        "|pulmonary artery enlargement|pulmonary artery hypertension",
        source=RADLEX,
        pairs="hila~enlarged",
    ),
    concept(
        "lymphadenopathy",
        "lymphadenopathy",
        "lymphadenopathy|adenopathy|hilar adenopathy|mediastinal adenopathy|enlarged lymph node|hilar lymphadenopathy"
        "|mediastinal lymphadenopathy|lymph node enlargement",
        source=RADLEX,
        urgency="urgent",
    ),
    concept(
        "shift",
        "mediastinal or tracheal shift",
        "mediastinal shift|shift of the mediastinum|tracheal deviation|deviation of the trachea|tracheal shift"
        "|midline shift|shift of midline structure|shift",
        source=FLEISCHNER,
        urgency="urgent",
        pairs="trachea~shifted mediastinum~shifted",
    ),
    concept(
        "hiatal_hernia",
        "hiatal hernia",
        "hiatal hernia|hiatus hernia|hernia hiatal|paraesophageal hernia|intrathoracic stomach|diaphragmatic hernia",
        source=OPENI,
    ),
    concept(
        "elevated_diaphragm",
        "elevated diaphragm",
        "elevated diaphragm|elevated hemidiaphragm|diaphragmatic elevation|diaphragm elevation|eventration"
        "|hemidiaphragm elevation|diaphragmatic eventration|elevation of the diaphragm|elevation of the hemidiaphragm"
        "|eventration of the diaphragm",
        source=OPENI,
        pairs="diaphragm~elevated",
    ),
    concept(
        "fat_pad",
        "epicardial or mediastinal fat",
        "epicardial fat|fat pad|pericardial fat|mediastinal fat|mediastinal lipomatosis|epicardial fat pad"
        "|mediastinal lipoma",
        source=OPENI,
    ),
)
