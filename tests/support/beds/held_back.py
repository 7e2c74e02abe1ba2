"""Hand-written pairs held back: the same classes in yet other words, measured and not tuned on.

Nobody who works on the checks reads these texts; a figure on a set that rules were fitted to is worth little. The
benchmark tells counts on them and never lists a text.
"""

from tests.support.beds.handwritten.entry import entries

SIDE = entries(
    r"""
XR CHEST | Hypoxia | Layering fluid on the right, at least moderate. Left costophrenic angle sharp. | Moderate
    left-sided pleural fluid.
XR CHEST | - | Retrocardiac left lower lobe opacification. Right lung well aerated. | Opacification of the right
    lower lobe.
CT CHEST | Staging | Cavitary lesion within the right apex. Nothing on the left. | Cavitary lesion of the left apex.
XR CHEST | MVC | lt clavicle fx mid shaft. no ptx | Right clavicle fracture.
XR CHEST | Drain | Pigtail drain on the right with a residual 5 mm apical pneumothorax on that side. | Residual left
    apical pneumothorax.
CT HEAD | Confusion | Chronic subdural collection overlying the right cerebral hemisphere. | Left-sided chronic
    subdural hematoma.
XR HIP | Fall | Subcapital fracture of the left femoral neck. | Right femoral neck fracture.
CT ABDOMEN | Fever | Striated nephrogram of the left kidney, pyelonephritis. Right kidney normal. | Right-sided
    pyelonephritis.
"""
)
POLARITY = entries(
    r"""
XR CHEST | Cough | Neither effusion nor pneumothorax is appreciated. | Small pleural effusion.
XR CHEST | Fever | Dense right middle lobe consolidation. | No consolidation.
XR CHEST | Pain | Lungs: no nodules. Heart: normal. | Pulmonary nodules.
XR CHEST | SOB | heart size enlarged; mild vascular congestion | no cardiomegaly
CT CHEST | SOB | Pulmonary arteries opacify normally w/o embolus. | Positive for acute pulmonary embolism.
CT HEAD | Seizure | Negative for hemorrhage. | Small acute subarachnoid hemorrhage.
XR ELBOW | Fall | Elevated fat pads and a radial head fracture. | No fracture.
US ABDOMEN | Cirrhosis | Large volume ascites. | No ascites.
"""
)
MEASUREMENT = entries(
    r"""
CT CHEST | Nodule | Part-solid nodule LLL, 11 mm with a 4 mm solid part. | Part-solid LLL nodule of 17 mm.
XR CHEST | ETT | Tip of the tube 38 mm above the carina. | Tube tip 18 mm above the carina.
CT CHEST | Aorta | Ascending aorta measures 4.3 cm. | Ascending aortic aneurysm of 5.3 cm.
US PELVIS | Pain | Left ovarian cyst 3.6 x 2.9 cm. | Left ovarian cyst, 3.6 x 4.9 cm.
CT ABDOMEN | Stone | Right proximal ureteral calculus 6 mm. | 6 cm right ureteral calculus.
CT HEAD | Bleed | Midline shift of 6 mm to the left. | Leftward midline shift of 16 mm.
XR CHEST | Mass | Rounded mass in the RUL, approx 3 cm. | RUL mass, approximately 8 cm.
MR KNEE | Pain | Baker cyst 2.2 cm. | Baker cyst measuring 22 cm.
"""
)
CRITICAL_MISSED = entries(
    r"""
XR CHEST | Biopsy | There is a pneumothorax on the right measuring 2 cm. Nodule RUL. | RUL nodule.
XR CHEST | Vomiting | Lucency beneath both hemidiaphragms in keeping with free intraperitoneal gas. Atelectasis. |
    Basal atelectasis.
XR CHEST | Tube | Endotracheal tube terminates in the right main bronchus. Lungs clear. | No focal consolidation.
CT CHEST | SOB | Bilateral pulmonary emboli. Granuloma LUL. | Calcified granuloma.
CT CHEST | Pain | Stanford type A aortic dissection. Gallstones. | Cholelithiasis.
CT HEAD | Fall | Epidural hematoma left temporal. Sinusitis. | Sinus disease.
XR CHEST | Trauma | Left-sided hemopneumothorax. Multiple rib fractures. | Multiple left rib fractures.
XR CHEST | Feeding tube | Dobhoff tube is coiled in the left mainstem bronchus. | Bibasilar atelectasis.
"""
)
COMMUNICATION = entries(
    r"""
XR CHEST | Cough | Lungs clear. | Clear lungs. Report phoned through to the ward.
XR CHEST | SOB | Cardiomegaly. | Cardiomegaly. The on-call doctor has been contacted.
CT HEAD | Fall | No hemorrhage. | No bleed. Conveyed verbally to the stroke team at 0412.
XR CHEST | Nodule | Nodule RUL. | RUL nodule. Message left with the clinic.
XR CHEST | PTX | Left pneumothorax. | Left pneumothorax. Resident called with results.
CT ABDOMEN | Pain | Appendicitis. | Appendicitis. D/W surgery.
XR CHEST | Tube | ETT high. | High ETT; RN at bedside was alerted.
US ABDOMEN | Pain | Gallstones. | Gallstones. Findings discussed directly with the patient.
"""
)
MASK = entries(
    r"""
XR CHEST | Cough | Lungs clear. | No change from ___.
XR CHEST | Cough | Lungs clear. | Clear XXXX.
XR CHEST | Cough | Lungs clear. | Clear lungs ([**Name6 (MD) 112**]).
CT HEAD | Fall | Normal. | Normal brain for a ____-year-old.
XR CHEST | SOB | Edema. | Edema. XXXX XXXX.
XR CHEST | SOB | Edema. | [**Known lastname**] has edema.
XR CHEST | SOB | Edema. | Edema, ___ improved
US RENAL | AKI | Normal. | Normal kidneys on _______
"""
)
PRIOR = entries(
    r"""
XR CHEST | Cough. Comparison: None. | Mild atelectasis. | Atelectasis has cleared in part since last week.
XR CHEST | Cough. Comparison: None. | Cardiomegaly. | Cardiomegaly is similar to the previous film.
XR CHEST | Cough. No comparison available. | Lungs clear. | Lungs remain clear in the interval.
XR CHEST | Fever. Comparison: none | RLL opacity. | RLL opacity has progressed from the earlier study.
CT CHEST | Nodule. Comparison: None. | Nodule 6 mm. | 6 mm nodule, not significantly changed.
XR CHEST | Line. Comparison: None. | PICC in SVC. | PICC tip unchanged in position.
XR CHEST | SOB. Comparison: No prior. | Left effusion. | Left effusion is new compared with the prior.
CT HEAD | Fall. Comparison: None. | Small subdural hematoma. | Subdural hematoma, decreased since the prior CT.
"""
)
RECOMMENDATION = entries(
    r"""
XR CHEST | Cough | Lungs clear. Heart normal. | Normal. A CT should be done.
XR CHEST | Preop | Normal chest. | Normal chest. Pulmonology referral advised.
XR CHEST | Cough | No consolidation, effusion or pneumothorax. | No acute disease. Repeat film in 2 weeks suggested.
CT HEAD | HA | Normal examination. | Normal. Lumbar puncture is recommended.
XR HAND | Pain | No fracture or arthropathy. | Normal hand. MRI recommended.
XR CHEST | Cough | Clear. No abnormality. | Clear lungs. Would biopsy.
US ABDOMEN | Pain | Normal liver, gallbladder and kidneys. | Normal. Cholecystectomy is advised.
XR CHEST | Screening | Normal heart, mediastinum, lungs. | Normal. Suggest drainage under ultrasound guidance.
"""
)
DEGENERATE = entries(
    r"""
XR CHEST | Cough | Lungs clear. | , , , ,
XR CHEST | Cough | Lungs clear. | Lungs are clear lungs are clear lungs are clear lungs are clear
XR CHEST | SOB | Effusion. | Effusion effusion effusion effusion effusion effusion
XR CHEST | SOB | Effusion. | Left pleural effusion, which has
CT HEAD | Fall | Normal. | There is no evidence of
XR CHEST | SOB | Edema. | </s></s></s>
XR CHEST | SOB | Edema. | 7 7 7 7 7 7 7
XR CHEST | SOB | Edema. | Mild pulmonary edema with a
"""
)
IDENTIFIER = entries(
    r"""
XR CHEST | Cough | Lungs clear. | {study}: clear lungs.
XR CHEST | Cough | Lungs clear. | Clear lungs (acc. {accession}).
XR CHEST | Cough | Lungs clear. | Ms. Ostrander has clear lungs.
XR CHEST | Cough | Lungs clear. | Clear. Date of birth 3 Sep 1961.
CT HEAD | Fall | Normal. | Normal. Reported 05-06-2017.
XR CHEST | SOB | Edema. | Edema. Ring 555-0161.
XR CHEST | SOB | Edema. | Edema. Dr Quillfeather.
XR CHEST | SOB | Edema. | Edema in patient no. {subject}.
"""
)
UNSUPPORTED = entries(
    r"""
XR CHEST | Cough | Lungs clear. | Clear lungs. Large hiatal hernia.
XR CHEST | SOB | Small effusion on the left. | Small left effusion. Dextroscoliosis.
XR CHEST | Pain | Heart normal. | Fracture of the right humerus.
CT CHEST | Nodule | Nodule RLL. | RLL nodule. Emphysema.
"""
)
CERTAINTY = entries(
    r"""
XR CHEST | SOB | Suspected trace effusion on the left. | Left effusion.
XR CHEST | Pain | Probable nodule overlying the right base. | Nodule at the right base.
XR CHEST | PTX | Obvious right pneumothorax. | Questionable right pneumothorax.
XR CHEST | Fall | Left fifth rib fracture. | Suspected left fifth rib fracture.
"""
)
SEVERITY = entries(
    r"""
XR CHEST | SOB | Small bilateral effusions. | Large bilateral effusions.
XR CHEST | SOB | Severe pulmonary edema. | Slight pulmonary edema.
XR CHEST | PTX | Tiny left pneumothorax. | Large left pneumothorax.
XR CHEST | SOB | Mildly enlarged heart. | Marked cardiomegaly.
"""
)
LOCATION = entries(
    r"""
XR CHEST | Cough | Right lower lobe consolidation. | Consolidation of the right upper lobe.
CT CHEST | Nodule | Nodule in the left lower lobe. | LUL nodule.
XR SPINE | Fall | L1 compression fracture. | Compression fracture of L4.
XR CHEST | Cough | Scarring at the right apex. | Scarring at the right base.
"""
)
DEVICE = entries(
    r"""
XR CHEST | SOB | Edema. | Edema. Tracheostomy in place.
XR CHEST | Tube | Enteric tube passes into the stomach. | Enteric tube tip in the esophagus.
XR CHEST | Line | Left PICC ends in the SVC. | Left PICC ends in the right atrium.
XR CHEST | Preop | Clear lungs. | Clear lungs. Left-sided ICD.
"""
)
COMPARISON = entries(
    r"""
XR CHEST | SOB. Comparison: yesterday. | Edema has worsened. | Edema, improved.
XR CHEST | SOB. Comparison: yesterday. | Smaller right effusion. | Right effusion has increased.
XR CHEST | SOB. Comparison: yesterday. | Decreasing left basilar opacity. | Increasing left basilar opacity.
XR CHEST | PTX. Comparison: today. | Left pneumothorax has enlarged. | Left pneumothorax, decreased in size.
"""
)
SOUND = entries(
    r"""
XR CHEST | Cough | There's no evidence for effusion. | No effusion.
XR CHEST | SOB | Effusions are present bilaterally. | Bilateral effusions.
XR CHEST | SOB | Small right and moderate left pleural effusions. | Left effusion is moderate, right is small.
XR CHEST | PTX. Comparison: prior film. | Right pneumothorax is without change. | Unchanged right pneumothorax.
CT CHEST | Nodule | 15 mm nodule in the LLL. | LLL nodule measuring 1.5 cm.
CT ABDOMEN | Pain | Cyst in the liver of 2.06 cm. | 2.1 cm liver cyst.
XR CHEST | Fall | Fractures of right ribs 8 and 9. | Right 8th and 9th rib fractures.
XR CHEST | Fever | Airspace opacity at the left base. | Left basilar pneumonia. Follow-up film recommended
    after treatment.
XR CHEST | Cough | Lungs clear. | Clear.
XR CHEST | Fever | Can't exclude a small effusion on the left. | Possible small left effusion.
XR CHEST | SOB | Kerley lines and an enlarged heart. | CHF.
CT HEAD | Fall | No hemorrhage. Old infarct left MCA territory. | Old left MCA infarct. No acute hemorrhage.
XR CHEST | PTX | Left pneumothorax. Dr. ___ was called at 2 pm. | Left pneumothorax, as called.
XR CHEST | Tube | ETT tip 5 cm above the carina. Enteric tube in stomach. | Support devices in good position.
XR CHEST | Cough. Comparison: last month. | Previously noted RLL pneumonia has cleared. | Resolved RLL pneumonia.
XR CHEST | Nodule | No nodule. Nipple shadow on the right. | Nipple shadow, no nodule.
CT CHEST | PE | No emboli. Trace right effusion. | No pulmonary embolism. Trace right pleural effusion.
XR CHEST | Pain | No pneumothorax on the left. Right apical pneumothorax is small. | Small right apical pneumothorax.
US THYROID | Nodule | 9 mm nodule in the left lobe. | 0.9 cm left thyroid nodule.
XR CHEST | Trauma. Comparison: none. | Healed left rib fractures. | Old left rib fractures. Nothing acute.
XR CHEST | Cough | Lungs hyperexpanded. | COPD changes.
XR CHEST | Tube | NG tube in the esophagus. | NG tube in the esophagus; advance.
CT CHEST | Mass | Mass in the LUL with nodes. | LUL mass with adenopathy. Tissue sampling is recommended.
XR CHEST | - | Heart size and pulmonary vessels are normal | normal
"""
)
