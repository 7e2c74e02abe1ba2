"""Bed (c), sound pairs that look like errors: exam, background, findings, impression. None may raise anything."""

from tests.support.beds.handwritten.entry import entries

POLARITY_AND_SIDE = entries(
    r"""
XR CHEST | Cough | No ptx, no effusion. | No pneumothorax or effusion.
XR CHEST | Follow up. Comparison: chest radiograph of yesterday. | No change in the small left pneumothorax. |
    Small left pneumothorax, no change.
XR CHEST | Follow up. Comparison: chest radiograph of yesterday. | There is no change in right effusion. | No
    significant change in right pleural effusion.
XR CHEST | SOB | Not without a small right effusion. | Small right effusion.
XR CHEST | SOB | Bilateral pleural effusions, right larger than left. | Right greater than left pleural effusions.
XR CHEST | SOB | Bilateral effusions. | Left effusion. Right effusion.
XR CHEST | SOB | Small effusion on the left. Small effusion on the right. | Small bilateral effusions.
XR CHEST | SOB | Bibasilar atelectasis, left worse than right. | Left basilar atelectasis.
XR CHEST | Trauma | Left rib fractures. No right rib fracture. Small right effusion. | Left rib fractures; small
    right effusion.
XR CHEST | Cough | RLL opacity. Left lung clear. | Right lower lobe pneumonia. No left-sided consolidation.
XR CHEST | Fever | Effusion cannot be excluded. | No definite effusion.
XR CHEST | - | Mediastinum shifted to the left by a large right effusion. | Large right effusion with leftward
    mediastinal shift.
XR CHEST | s/p R lobectomy | Volume loss on the right. | Postoperative volume loss in the right hemithorax.
XR CHEST | L sided chest pain | No rib fracture. Right base atelectasis. | No acute abnormality on the left. Right
    basilar atelectasis.
XR CHEST | Fall | The right hemidiaphragm is elevated. Left costophrenic angle is blunted. | Elevated R
    hemidiaphragm. Blunted L costophrenic angle.
CT HEAD | Fall | Left frontal scalp hematoma. No intracranial hemorrhage. | Left scalp hematoma without
    intracranial hemorrhage.
CT CHEST | r/o PE | No filling defect in the pulmonary arteries. | No PE.
CT CHEST | r/o PE | Embolus in the left lower lobe artery. No right-sided emboli. | LLL pulmonary embolus.
XR CHEST | Cough | No focal consolidation. Streaky left base opacity, likely atelectasis. | Likely left basilar
    atelectasis.
XR CHEST | Cough | no large effusion. small left effusion is possible | possible small left effusion
XR CHEST | Follow up. Comparison: chest radiograph of yesterday. | Previously seen right pneumothorax has resolved.
    | Resolved right pneumothorax.
US LOWER EXTREMITY | Swelling | Normal compressibility of the deep veins of both legs. | No DVT in either leg.
XR SHOULDER | Pain | No acute fracture. Old healed fracture of the left clavicle. | Old left clavicle fracture, no
    acute fracture.
XR CHEST | SOB | Heart is not enlarged. There is no edema. | No cardiomegaly or edema.
"""
)

NUMBERS = entries(
    r"""
CT CHEST | Nodule | 12 mm nodule in the RUL. | 1.2 cm RUL nodule.
CT CHEST | Nodule | 0.8 cm nodule in the LUL. | 8 mm LUL nodule.
CT CHEST | Mass | Mass of 4.3 x 3.1 cm in the right hilum. | Right hilar mass, 43 x 31 mm.
CT ABDOMEN | Stone | Left ureteral stone measuring 5.2 mm. | 5 mm left ureteral stone.
CT ABDOMEN | AAA | Aneurysm of the infrarenal aorta, 4.04 cm. | 4.0 cm infrarenal aortic aneurysm.
XR CHEST | Tube | ETT ends 4 cm above the carina. | ETT 4.0 cm above the carina.
XR CHEST | Trauma | Fractures of left ribs 5, 6 and 7. | Left 5th through 7th rib fractures.
XR SPINE | Fall | Compression deformity of T12. | T12 compression deformity.
XR CHEST | Nodule, 9 mm on outside CT. | Nodule in the right upper lobe. | 9 mm right upper lobe nodule.
CT CHEST | Nodule | Solid 7 mm nodule in the lingula. | 7 mm lingular nodule. Follow-up CT in 6-12 months per 2017
    Fleischner guidelines.
US THYROID | Goiter | 1.6 cm TI-RADS 4 nodule in the right lobe. | 1.6 cm TR4 nodule, right lobe.
XR CHEST | Tube | ETT tip 8 cm above the carina. | High ETT, recommend advancing.
"""
)

TIME_AND_ADVICE = entries(
    r"""
XR CHEST | Follow up. Comparison: chest radiograph of yesterday. | Unchanged cardiomegaly. | Stable cardiomegaly.
XR CHEST | Cough. Comparison: CT of 2019. | Nodule in the RUL. | RUL nodule, stable since 2019.
XR CHEST | Follow up. Comparison: chest radiograph of yesterday. | Lungs clear. Heart size normal. No effusion or
    pneumothorax. | No interval change. No acute process.
XR CHEST | - | Compared to prior, edema has improved. | Improved edema.
XR CHEST | Cough. Comparison: None. | Heart size is normal. | No prior studies for comparison. Normal chest.
XR CHEST | Trauma, hemodynamically stable. Comparison: None. | Old rib fractures on the left. | Old left rib
    fractures.
XR CHEST | Cough. Comparison: None. | Changes of chronic obstructive disease. | Chronic obstructive changes.
XR CHEST | Pain. Comparison: None. | Degenerative changes of the spine. | Degenerative changes. No acute
    abnormality.
XR CHEST | Nodule | 9 mm nodule in the left apex. | Left apical nodule. Recommend chest CT.
XR CHEST | Fever | RML consolidation. | RML pneumonia. Follow-up radiograph in 6 weeks to document resolution.
XR CHEST | Cough | Mass-like opacity in the RUL. CT is recommended. | RUL mass-like opacity. CT recommended.
XR CHEST | Tube | ETT in the right mainstem bronchus. | ETT in the right mainstem. Recommend retraction.
CT ABDOMEN | Pain | Indeterminate 2 cm left adrenal nodule. | Indeterminate left adrenal nodule; adrenal protocol
    CT suggested.
CT ABDOMEN | Pain | Dilated appendix with stranding. | Acute appendicitis. Surgical consultation recommended.
XR CHEST | Pain | Findings were discussed with the ED team. Large left pneumothorax. | Large left pneumothorax,
    discussed with the ED team.
XR CHEST | Pain | Right pneumothorax. The referring physician was notified by phone. | Right pneumothorax.
    Referring physician was notified.
XR CHEST | ___ with cough. Comparison: ___. | Opacity in the ___ lower lobe. | Lower lobe opacity.
XR CHEST | Call Dr. ___ with results | Lungs clear. Heart size normal. No effusion or pneumothorax. | No acute
    disease
"""
)

MEANINGS = entries(
    r"""
XR CHEST | Fever | Patchy opacity in the RLL. | RLL pneumonia.
XR CHEST | SOB, CHF | Cephalization, Kerley B lines and a large heart. | Congestive heart failure.
XR CHEST | COPD | Hyperinflated lungs with flat diaphragms. | Emphysema.
XR CHEST | SOB | Blunting of the left costophrenic angle. | Small left effusion.
XR CHEST | SOB | Enlarged cardiac silhouette. | Cardiomegaly.
XR CHEST | TB? | Calcified nodule in the RUL. | Old granulomatous disease.
CT CHEST | SOB | Filling defect in the right main pulmonary artery. | Acute pulmonary embolism.
CT HEAD | Stroke | Loss of gray-white differentiation in the left MCA territory. | Acute left MCA infarct.
CT ABDOMEN | Pain | Extraluminal gas beneath the diaphragm. | Pneumoperitoneum.
XR ABDOMEN | Vomiting | Dilated loops of small bowel with air-fluid levels. | Small bowel obstruction.
XR CHEST | Cough | lungs clr, heart nl | normal cxr
XR CHEST | Cough | Lungs clear. Heart size normal. No effusion or pneumothorax. | Normal
XR CHEST | Line | Left PICC in the lower SVC. | PICC in standard position.
XR CHEST | Preop | Sternotomy wires. Dual lead pacer. | Pacemaker in place. No acute disease.
XR KNEE | Pain | Medial joint space narrowing with osteophytes. | Osteoarthritis of the knee
XR CHEST | SOB | Mild to moderate edema. | Moderate edema.
"""
)

SOUND = (*POLARITY_AND_SIDE, *NUMBERS, *TIME_AND_ADVICE, *MEANINGS)
