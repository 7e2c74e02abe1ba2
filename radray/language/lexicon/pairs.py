"""Findings named by an anatomy and an attribute near it ("the heart is mildly enlarged")."""

ANATOMY: dict[str, str] = {
    "heart": "heart|heart size|cardiac silhouette|cardiac shadow|cardiac size|cardiac contour"
    "|cardiopericardial silhouette|cardiac|heart silhouette|heart shadow|heart contour|cardiac heart size"
    "|cardiac silhouette size|size of the heart|cor|cardiac and mediastinal silhouette|heart and mediastinal contour"
    "|cardiac and mediastinal contour|heart and mediastinal silhouette|heart mediastinum"
    "|cardiac mediastinal silhouette|cardiac mediastinal contour|cardiomediastinal silhouette"
    "|cardio mediastinal silhouette|cardiomediastinal contour|cardiomediastinal|cardio mediastinal contour",
    "mediastinum": "mediastinum|paratracheal stripe|mediastinal silhouette|mediastinal contour|mediastinal structure"
    "|mediastinal|cardiac and mediastinal silhouette|heart and mediastinal contour|cardiac and mediastinal contour"
    "|heart mediastinum|heart and mediastinal silhouette|superior mediastinum|cardiac mediastinal silhouette"
    "|cardiac mediastinal contour|cardiomediastinal silhouette|cardio mediastinal silhouette|cardiomediastinal contour"
    "|cardiomediastinal|cardio mediastinal contour",
    "lungs": "lung|lung field|lung parenchyma|lung zone|pulmonary parenchyma|lung bases|hemithorax",
    "lung_volumes": "lung volume|inspiratory volume|lung aeration",
    "pleura": "pleura|pleural space|pleural|apical pleura|fissure|pleural surface",
    "angles": "costophrenic angle|costophrenic sulcus|cp angle|costophrenic recess|costophrenic|posterior sulcus"
    "|lateral sulcus|costophrenic sulci|sulcus|sulci|costophrenic gutter",
    "diaphragm": "diaphragm|hemidiaphragm|diaphragmatic contour|hemi diaphragm",
    "aorta": "aorta|thoracic aorta|aortic|aortic arch|aortic knob|descending aorta|descending thoracic aorta"
    "|aortic contour|thoracoabdominal aorta|ascending aorta|abdominal aorta|arch of the aorta",
    "vessels": "pulmonary vasculature|pulmonary vascularity|vascularity|pulmonary vessel|central vasculature"
    "|vasculature|pulmonary vascular|pulmonary vascular marking|central pulmonary vasculature|central vascularity"
    "|pulmonary vascular pattern|pulmonary venous vasculature|central pulmonary vascularity|vascular marking",
    "hila": "hilum|hila|bihilar|pulmonary artery|hilar lung|hilar contour|hilar structure|hilar|hilar shadow"
    "|hilar region|hilus",
    "trachea": "trachea|tracheal air column|airway",
    "bones": "bony structure|osseous structure|bone|bony thorax|skeletal structure|skeleton|bony|osseous|rib"
    "|visualized bone|osseous thorax|skeletal|regional skeleton|bony skeleton",
    "spine": "spine|thoracic spine|lumbar spine|cervical spine|vertebra|vertebral body|t spine|l spine|c spine"
    "|thoracolumbar spine|dorsal spine|vertebrae|vertebral|vertebral bodies",
    "tip": "tip|distal tip",
    "chest": "chest|thorax|cardiopulmonary exam",
}
"""Anatomies, each with the phrases of reports; a phrase may name two."""

ATTRIBUTES: dict[str, str] = {
    "enlarged": "enlarged|enlargement|prominent|prominence|dilated|enlarging|widened|widening|increased in size|large"
    "|hypertrophied|distended|dilatation|dilation|fullness|full|wide|generous|increased",
    "borderline": "borderline|borderline enlarged|borderline large|borderline prominent|borderline enlargement",
    "normal": "upper limits of normal|upper limit of normal|upper limits normal|upper limit normal|upper normal"
    "|top normal|upper end of normal|high normal|top limits of normal|top limits normal|top normal limits"
    "|upper range of normal|upper normal limits|top limit of normal|within limits of normal|limits of normal|normal"
    "|unremarkable|within normal limits|within normal limit|normal in size|normal in contour|wnl|normal limits"
    "|not remarkable|unchanged normal|normal in size and contour|normal in appearance|within normal range|midline"
    "|normal in caliber|nonenlarged|normal sized|sharp|preserved"
    "",
    "clear": "clear|well aerated",
    "intact": "intact",
    "hazy": "hazy|opacified|white",
    "low": "low|small|diminished|decreased|reduced|shallow",
    "hyperexpanded": "hyperexpanded|hyperinflated|hyperlucent|overexpanded|overinflated|large volume|over inflated"
    "|over expanded|overaerated",
    "flattened": "flattened|flattening|flat|depressed",
    "elevated": "elevated|elevation|raised|high|higher",
    "blunted": "blunted|blunting|obscured|obscuration|obliterated|obliteration|blunt",
    "tortuous": "tortuous|tortuosity|ectatic|ectasia|uncoiled|unfolded|unfolding|elongated|uncoiling|dilated"
    "|dilatation|prominent|prominence|tortuous and ectatic|enlarged|dilation",
    "calcified": "calcified|calcification|calcific|atherosclerotic",
    "thickened": "thickened|thickening|thick",
    "congested": "congested|engorged|cephalized|indistinct|redistributed|prominent|prominence|congestion|engorgement"
    "|crowded|crowding|accentuated",
    "venous": "svc|superior vena cava|cavoatrial junction|caval atrial junction|brachiocephalic vein|distal svc"
    "|mid svc|proximal svc",
    "shifted": "deviated|shifted|deviation|displaced|displacement",
}
"""Attributes, each with its phrases."""

NORMAL_PAIRS: tuple[tuple[str, str, str], ...] = (
    ("heart", "normal", "cardiomegaly"),
    ("heart", "clear", "cardiomegaly"),
    ("mediastinum", "normal", "enlarged_cardiomediastinum"),
    ("mediastinum", "clear", "enlarged_cardiomediastinum"),
    ("lungs", "clear", "lung_opacity"),
    ("lungs", "normal", "lung_opacity"),
    ("pleura", "clear", "pleural_effusion"),
    ("pleura", "normal", "pleural_effusion"),
    ("angles", "clear", "pleural_effusion"),
    ("angles", "normal", "blunted_angle"),
    ("vessels", "normal", "edema"),
    ("hila", "normal", "hilar_enlargement"),
    ("bones", "intact", "fracture"),
    ("bones", "normal", "bone_abnormality"),
    ("diaphragm", "normal", "elevated_diaphragm"),
    ("aorta", "normal", "aortic_aneurysm"),
    ("trachea", "normal", "shift"),
)
"""What a statement of normality denies: (anatomy, attribute, concept)."""

BORDERLINE_PAIRS: tuple[tuple[str, str, str], ...] = (
    ("heart", "borderline", "cardiomegaly"),
    ("vessels", "borderline", "edema"),
)
"""What makes a concept uncertain: (anatomy, attribute, concept)."""
