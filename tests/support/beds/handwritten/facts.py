"""Bed (c), errors of fact: side, polarity, measurement, a critical finding missed."""

from tests.support.beds.handwritten.entry import entries

SIDE = entries(
    r"""
XR CHEST | SOB. Comparison none. | Mod L pleural eff w/ adjacent atelectasis. R lung clear. No ptx. | Moderate R
    pleural effusion.
XR CHEST | Fever | lll airspace dz, no effusion, heart nl | RLL airspace disease, likely pneumonia
XR CHEST | - | Volume loss at the right base with elevation of the right hemidiaphragm. Left lung is clear. | 1.
    Left basilar volume loss with elevated hemidiaphragm.
CT CHEST | Lung nodule follow up | A 9 mm spiculated nodule lies in the left upper lobe (4/112). The right lung is
    unremarkable. | 9 mm spiculated nodule in the right upper lobe.
CT CHEST | Pleuritic pain. Comparison: none. | Filling defect in the right lower lobe segmental artery. Left-sided
    pulmonary arteries are patent. | Acute segmental pulmonary embolus in the left lower lobe.
CT HEAD | Fall on warfarin | Acute subdural hematoma over the left convexity measuring 8 mm, with 3 mm of midline
    shift. | Acute right convexity subdural hematoma.
CT ABDOMEN | Flank pain | 5 mm obstructing stone at the left ureterovesical junction with mild left hydronephrosis.
    Right kidney normal. | 5 mm right UVJ stone with mild hydronephrosis.
US RENAL | aki | right kidney: moderate hydronephrosis. left kidney: normal, no hydro | Moderate left
    hydronephrosis.
XR WRIST | FOOSH | Transverse fracture of the distal right radius with dorsal angulation. | Dorsally angulated
    distal left radius fracture.
XR CHEST | Trauma | Displaced fractures of left ribs 6-8 laterally. No pneumothorax. | Acute displaced right 6th
    through 8th rib fractures.
MR BRAIN | Slurred speech | Focus of restricted diffusion in the right corona radiata. | Acute infarct in the left
    corona radiata.
XR CHEST | s/p thoracentesis | Small residual fluid on the rt. Tiny apical pneumothorax, also on the rt side. |
    Tiny lt apical pneumothorax.
XR CHEST | Line placement | RIGHT IJ CATHETER TIP IN THE SVC. SMALL RIGHT APICAL PNEUMOTHORAX. | SMALL LEFT APICAL
    PNEUMOTHORAX.
US LOWER EXTREMITY | Leg swelling | Occlusive thrombus in the left popliteal vein. The right deep veins compress
    normally. | Right popliteal deep venous thrombosis.
"""
)

POLARITY = entries(
    r"""
XR CHEST | Chest pain. | No ptx or effusion. Cardiac silhouette nl. | Small pneumothorax.
XR CHEST | Cough | Lungs are free of consolidation. Pleural spaces clear, without effusion. | Bilateral pleural
    effusions.
XR CHEST | Dyspnea | Moderate pulmonary edema with perihilar haze. Heart enlarged. | Cardiomegaly without pulmonary
    edema.
XR CHEST | - | there is a moderate right sided effusion. left lung ok | no effusion.
CT CHEST | r/o PE | There are no filling defects within the pulmonary arteries to suggest pulmonary embolism. |
    Bilateral pulmonary emboli.
CT CHEST | r/o PE | Filling defects in both lower lobe pulmonary arteries, consistent with pulmonary emboli. | No
    evidence of pulmonary embolism.
CT HEAD | Headache | No intracranial hemorrhage, mass effect or midline shift. | Acute intracranial hemorrhage.
CT HEAD | Found down | Large left frontal intraparenchymal hemorrhage with surrounding edema. | 1. No acute
    intracranial hemorrhage.
CT ABDOMEN | RLQ pain | Appendix is dilated to 12 mm with periappendiceal stranding, diagnostic of acute
    appendicitis. | No evidence of acute appendicitis.
XR ANKLE | Twisted ankle | No fracture or dislocation is evident. Mortise is congruent. | Fracture of the lateral
    malleolus.
US GALLBLADDER | RUQ pain | Gallbladder contains no stones. No wall thickening. | Cholelithiasis with gallstones.
XR CHEST | Trauma | Fracture of the left clavicle, mid shaft. Lungs clear. | No fracture.
XR CHEST | s/p tube removal | Following removal of the chest tube there's no residual pneumothorax. | Residual
    pneumothorax on the left after tube removal.
XR CHEST | Wt loss | Lungs: 2 cm nodule RUL. Pleura: negative for effusion. | 1. RUL nodule. 2. Small pleural
    effusion.
XR CHEST | Eval | Cardiomegaly is present. Vessels are normal. | Clear lungs. No cardiomegaly.
"""
)

MEASUREMENT = entries(
    r"""
XR CHEST | - | A 14 mm nodule is seen in the RML. | 2.4 cm RML nodule.
CT CHEST | Known nodule | Solid nodule in the lingula, 6 mm (series 3, image 88). | 6 cm solid nodule in the
    lingula.
CT CHEST | Cough | Spiculated mass right upper lobe, 3.2 x 2.8 cm. | Spiculated right upper lobe mass measuring 5.2
    x 2.8 cm.
XR CHEST | Intubated | ETT tip 4.5 cm above the carina. | ETT tip 1.5 cm above the carina.
CT ABDOMEN | AAA | Infrarenal abdominal aortic aneurysm, max diameter 4.1 cm. | 4.7 cm infrarenal abdominal aortic
    aneurysm.
US RENAL | Hematuria | Simple cyst upper pole right kidney 23 mm. | Simple right renal cyst, 32 mm.
US THYROID | Goiter | Left lobe nodule, isoechoic, 1.8 cm, TR3. | TR3 nodule of the left lobe, 1.8 mm.
CT HEAD | Fall | Subdural collection on the right, maximal thickness 7 mm, 4 mm midline shift. | Right subdural
    hematoma 7 mm thick with 9 mm of midline shift.
CT ABDOMEN | Stone | 3mm nonobstructing calculus in the lower pole of the left kidney | 13mm nonobstructing left
    renal calculus
MR SHOULDER | Pain | Full-thickness supraspinatus tear with 1.5 cm of retraction. | Full-thickness supraspinatus
    tear retracted by 3.5 cm.
XR CHEST | PTX | Right apical pneumothorax, 11 mm from the apex. | Right apical pneumothorax measuring 21 mm.
CT CHEST | Staging | Right paratracheal node measures 1.1 cm in short axis. | 1. Paratracheal node, 1.9 cm in short
    axis.
XR CHEST | Nodule | Calcified nodule in the left base. Heart normal. | 5 mm calcified nodule in the left base.
US ABDOMEN | RUQ pain | common duct measures 5 mm. gallbladder normal | common duct dilated to 15 mm
"""
)

CRITICAL_MISSED = entries(
    r"""
XR CHEST | s/p line | New L apical pneumothorax, approx 1 cm. L subclavian line tip in SVC. | Left subclavian line
    in good position.
XR CHEST | Abd pain | Crescent of free air under the R hemidiaphragm. Bibasilar atelectasis. | Bibasilar
    atelectasis.
XR CHEST | Intubation | ETT tip is in the right mainstem bronchus with collapse of the left lung. | Left lung
    atelectasis.
CT CHEST | Chest pain | Intimal flap in the descending thoracic aorta, a type B dissection. Small hiatal hernia. |
    Small hiatal hernia.
CT CHEST | SOB | Saddle pulmonary embolus with right heart strain. Mild emphysema. | Mild emphysema.
CT CHEST | hypoxia | acute PE in the rll segmental branches. dependent atelectasis | dependent atelectasis only
CT HEAD | Trauma | Acute subarachnoid hemorrhage in the sylvian fissure. Chronic small vessel change. | Chronic
    small vessel ischemic change.
CT HEAD | Fall | There is an acute subdural hematoma along the falx. Mild atrophy. | Mild age-related atrophy.
CT ABDOMEN | Abd pain | Pneumoperitoneum adjacent to a thickened sigmoid colon. Gallstones. | Cholelithiasis.
XR CHEST | NG tube | Nasogastric tube passes into the right lower lobe bronchus. No effusion. | No acute
    cardiopulmonary process.
XR CHEST | Trauma | Large right tension pneumothorax with leftward mediastinal shift. Right rib fractures. | Right
    rib fractures.
XR CHEST | Vomiting | Pneumomediastinum with gas tracking into the neck. Lungs clear. | Clear lungs.
CT HEAD | AMS | Right basal ganglia hemorrhage, 2.5 cm, with intraventricular extension. Sinus mucosal thickening.
    | 1. Paranasal sinus disease.
XR ABDOMEN | Distension | Free intraperitoneal air outlines the liver. Nonspecific bowel gas. | Nonspecific bowel
    gas pattern.
"""
)
