"""Concepts of actionable findings: those that must be communicated, beyond the ones of the plain chest film.

`critical` and `urgent` follow the three categories of the ACR's paper on actionable findings (minutes, hours, days).
The paper gives examples and leaves the list to each hospital, so these entries may be changed.
"""

from radray.language.lexicon.concept import ACR, RADLEX, Concept, concept

CRITICAL: tuple[Concept, ...] = (
    # abdomen
    concept(
        "free_air",
        "free air in the abdomen",
        "free air|pneumoperitoneum|free intraperitoneal air|intraperitoneal free air|free intraabdominal air"
        "|intraperitoneal air|free subdiaphragmatic air|subdiaphragmatic free air|subdiaphragmatic air"
        "|free intraperitoneal gas|extraluminal air|extraluminal gas|free gas|free intra abdominal air"
        "|air under the diaphragm|bowel perforation|perforation|perforated viscus|perforated"
        "|free air under the diaphragm|free peritoneal air|air beneath the diaphragm|free intra peritoneal air"
        "|free air beneath the diaphragm",
        source=ACR,
        urgency="critical",
    ),
    concept(
        "bowel_obstruction",
        "bowel obstruction",
        "bowel obstruction|small bowel obstruction|sbo|large bowel obstruction|obstructive bowel gas pattern|volvulus"
        "|intussusception|closed loop obstruction|dilated small bowel loop|dilated loop of small bowel"
        "|dilated bowel loop|dilated loop of bowel|obstruction|colonic obstruction|intestinal obstruction"
        "|dilated small bowel|obstructive pattern",
        source=ACR,
        urgency="critical",
    ),
    concept(
        "bowel_ischemia",
        "ischaemic bowel",
        "bowel ischemia|ischemic bowel|mesenteric ischemia|pneumatosis|pneumatosis intestinalis|portal venous gas"
        "|ischemic colitis|ischaemic bowel|bowel infarction|intestinal ischemia|mesenteric artery occlusion"
        "|bowel necrosis",
        source=ACR,
        urgency="critical",
    ),
    concept(
        "appendicitis",
        "appendicitis",
        "appendicitis|inflamed appendix|dilated appendix|perforated appendix|acute appendicitis|appendiceal abscess",
        source=ACR,
        urgency="critical",
    ),
    concept(
        "cholecystitis", "cholecystitis", "cholecystitis|acute cholecystitis|cholangitis", source=ACR, urgency="urgent"
    ),
    concept("diverticulitis", "diverticulitis", "diverticulitis|acute diverticulitis", source=ACR, urgency="urgent"),
    concept(
        "pancreatitis",
        "pancreatitis",
        "pancreatitis|acute pancreatitis|pancreatic necrosis",
        source=ACR,
        urgency="urgent",
    ),
    concept(
        "pyelonephritis", "pyelonephritis", "pyelonephritis|emphysematous pyelonephritis", source=ACR, urgency="urgent"
    ),
    concept(
        "abscess",
        "abscess",
        "abscess|lung abscess|intraabdominal abscess|drainable fluid collection|epidural abscess"
        "|intra abdominal abscess|phlegmon|rim enhancing collection|rim enhancing fluid collection",
        source=ACR,
        urgency="urgent",
    ),
    concept(
        "organ_laceration",
        "laceration or haematoma of an organ",
        "laceration|splenic laceration|liver laceration|hepatic laceration|renal laceration|splenic rupture"
        "|ruptured spleen|splenic hematoma|subcapsular hematoma|devascularization",
        source=ACR,
        urgency="critical",
    ),
    concept(
        "active_bleeding",
        "active bleeding",
        "active extravasation|contrast extravasation|active bleeding|active hemorrhage|hemoperitoneum|haemoperitoneum"
        "|retroperitoneal hematoma|retroperitoneal hemorrhage|retroperitoneal bleed|active haemorrhage"
        "|arterial extravasation",
        source=ACR,
        urgency="critical",
    ),
    # pelvis
    concept(
        "torsion",
        "torsion of a testis or an ovary",
        "torsion|testicular torsion|ovarian torsion|adnexal torsion|absent testicular blood flow"
        "|absent ovarian blood flow|torsed testis|torsed testicle|torsed ovary",
        source=ACR,
        urgency="critical",
    ),
    concept(
        "ectopic_pregnancy",
        "ectopic pregnancy",
        "ectopic pregnancy|tubal pregnancy|ruptured ectopic|ectopic gestation|ruptured ectopic pregnancy|ectopic",
        source=ACR,
        urgency="critical",
    ),
    concept(
        "placental_abruption",
        "abruption or fetal demise",
        "placental abruption|abruption|fetal demise|intrauterine demise|absent fetal heart"
        "|absent fetal cardiac activity",
        source=ACR,
        urgency="critical",
    ),
    # vessels
    concept(
        "pulmonary_embolism",
        "pulmonary embolism",
        "pulmonary embolism|pulmonary embolus|pulmonary emboli|pe|pulmonary thromboembolism"
        "|pulmonary artery filling defect|saddle embolus|filling defect in the pulmonary artery"
        "|pulmonary arterial filling defect|embolism|embolus|emboli|pulmonary thromboembolic disease",
        source=ACR,
        urgency="critical",
    ),
    concept(
        "aortic_dissection",
        "aortic dissection",
        "aortic dissection|dissection|dissection flap|intimal flap|intramural hematoma|aortic intramural hematoma"
        "|type a dissection|type b dissection|carotid dissection|vertebral dissection|arterial dissection",
        source=ACR,
        urgency="critical",
    ),
    concept(
        "aortic_rupture",
        "rupture of the aorta",
        "aortic rupture|ruptured aneurysm|ruptured aortic aneurysm|ruptured abdominal aortic aneurysm"
        "|aortic transection|traumatic aortic injury|aortic injury|impending rupture|aneurysm rupture"
        "|contained rupture",
        source=ACR,
        urgency="critical",
    ),
    concept(
        "deep_vein_thrombosis",
        "thrombosis of a deep vein",
        "deep vein thrombosis|deep venous thrombosis|dvt|venous thrombosis|thrombus|thrombosis|venous thrombus"
        "|occlusive thrombus",
        source=ACR,
        urgency="urgent",
    ),
    concept(
        "arterial_occlusion",
        "occluded artery",
        "arterial occlusion|large vessel occlusion|vessel occlusion|carotid occlusion|basilar occlusion|mca occlusion"
        "|basilar thrombosis|middle cerebral artery occlusion|lvo|hyperdense mca|proximal occlusion",
        source=ACR,
        urgency="critical",
    ),
    # head and spine
    concept(
        "intracranial_hemorrhage",
        "bleeding inside the skull",
        "intracranial hemorrhage|intracranial haemorrhage|intracranial bleed|subarachnoid hemorrhage|subdural hematoma"
        "|epidural hematoma|intraparenchymal hemorrhage|intraventricular hemorrhage|subdural hemorrhage"
        "|intracerebral hemorrhage|subdural|sah|sdh|ich|parenchymal hemorrhage|hemorrhagic contusion|acute hemorrhage"
        "|hemorrhage|haemorrhage|subarachnoid haemorrhage|subdural haematoma|epidural haematoma|extra axial hemorrhage"
        "|extraaxial hemorrhage|cerebral hemorrhage|intracranial hematoma|parenchymal hematoma|extra axial collection"
        "|extraaxial collection|extra axial fluid collection|extraaxial fluid collection",
        source=ACR,
        urgency="critical",
    ),
    concept(
        "acute_infarct",
        "acute infarct",
        "infarct|infarction|acute infarct|acute infarction|stroke|acute stroke|acute ischemia|acute ischemic change"
        "|cerebral infarct|restricted diffusion|diffusion restriction|territorial infarct|acute territorial infarct"
        "|acute ischemic infarct|acute cva|lacunar infarct|loss of gray white differentiation|acute ischaemia"
        "|territorial infarction",
        source=ACR,
        urgency="critical",
    ),
    concept(
        "brain_herniation",
        "herniation or mass effect in the head",
        "mass effect|brain herniation|uncal herniation|tonsillar herniation|subfalcine herniation"
        "|transtentorial herniation|herniation|effacement of the basal cistern|cerebral edema|brain edema"
        "|vasogenic edema|cerebral oedema|effaced basal cistern",
        source=ACR,
        urgency="critical",
    ),
    concept(
        "hydrocephalus",
        "hydrocephalus",
        "hydrocephalus|ventricular enlargement|ventriculomegaly|enlarged ventricle|shunt malfunction",
        source=ACR,
        urgency="critical",
    ),
    concept(
        "cord_compression",
        "compression of the spinal cord",
        "cord compression|spinal cord compression|cauda equina compression|cord signal abnormality"
        "|cauda equina syndrome|cord edema|compression of the spinal cord|compression of the cord|cord impingement",
        source=ACR,
        urgency="critical",
    ),
    concept(
        "meningitis",
        "infection of the head or spine",
        "meningitis|encephalitis|discitis|diskitis|osteomyelitis|ventriculitis|spondylodiscitis|septic arthritis"
        "|necrotizing fasciitis|discitis osteomyelitis",
        source=ACR,
        urgency="urgent",
    ),
    # airway
    concept(
        "airway_compromise",
        "narrowed airway",
        "epiglottitis|airway obstruction|airway compromise|airway narrowing|tracheal narrowing|tracheal obstruction"
        "|tracheal stenosis|retropharyngeal abscess|steeple sign|bronchial obstruction|mucus plug|mucous plug"
        "|mucous plugging|mucus plugging",
        source=ACR,
        urgency="urgent",
    ),
    # devices in the wrong place
    concept(
        "malpositioned_device",
        "tube or line in the wrong place",
        "malpositioned|malposition|mal positioned|misplaced|malpositioned tube|malpositioned line"
        "|right mainstem intubation|mainstem intubation|retained surgical instrument|retained sponge|lead fracture"
        "|fractured lead|catheter fracture|fractured catheter|right mainstem bronchus|left mainstem bronchus"
        "|right main stem bronchus|malpositioned catheter|kinked|coiled in the esophagus|coiled in the pharynx"
        "|tip in the right mainstem|right mainstem|dislodged",
        source=ACR,
        urgency="critical",
    ),
    # tumour
    concept(
        "malignancy",
        "malignancy",
        "malignancy|malignant|cancer|carcinoma|neoplasm|neoplastic|neoplastic process|tumor|tumour|metastasis"
        "|metastatic|metastatic disease|metastases|lymphoma|sarcoma|bronchogenic carcinoma|lung cancer"
        "|malignant process|malignant lesion|adenocarcinoma|neoplastic disease|osseous metastasis|bone metastasis"
        "|bony metastasis|hepatic metastasis|liver metastasis|brain metastasis|myeloma|glioma|bi rads 5"
        "|suspicious mass|suspicious nodule|suspicious lesion|carcinomatosis|metastatic lesion|brain tumor",
        source=ACR,
        urgency="urgent",
    ),
    concept(
        "organ_mass",
        "mass of an organ beyond the lung",
        "renal mass|liver mass|hepatic mass|adrenal mass|adrenal nodule|ovarian mass|adnexal mass|pancreatic mass"
        "|breast mass|brain mass|intracranial mass|hepatic lesion|liver lesion|renal lesion|splenic lesion"
        "|testicular mass|pelvic mass|thyroid mass|bladder mass|complex cyst|complex cystic mass|pancreatic lesion"
        "|brain lesion|intracranial lesion|enhancing mass|enhancing lesion",
        parents="mass",
        source=ACR,
        urgency="urgent",
    ),
    concept(
        "congenital_heart",
        "anomaly of heart or vessels",
        "dextrocardia|situs inversus|right aortic arch|right sided aortic arch|azygos lobe|azygous lobe"
        "|aberrant subclavian artery",
        source=RADLEX,
    ),
)
