"""Bed (c), what no report supports: communication, mask, prior, recommendation, degenerate output, identifiers."""

from tests.support.beds.handwritten.entry import entries

COMMUNICATION = entries(
    r"""
XR CHEST | Cough | Lungs clear. Heart size normal. No effusion or pneumothorax. | Normal chest. Dr. Marlowe was
    paged at 10:40.
XR CHEST | - | RUL consolidation. | RUL pneumonia. D/w ED resident by phone.
XR CHEST | SOB | Large left pleural effusion. | 1. Large left effusion.\n2. Findings called to the floor nurse at
    1530.
CT HEAD | Fall | No intracranial hemorrhage. | No acute intracranial abnormality. Results were given to the trauma
    team in person.
CT CHEST | r/o PE | Segmental PE in the RLL. | Segmental RLL pulmonary embolus. Ordering MD notified at time of
    dictation.
CT ABDOMEN | Pain | Acute appendicitis. | Acute appendicitis. Surgery team was made aware.
XR ANKLE | Injury | Nondisplaced fibular fracture. | Nondisplaced distal fibular fracture. I discussed this with
    the orthopaedic registrar.
US GALLBLADDER | RUQ | Gallstones, no wall thickening. | Gallstones. The findings were conveyed to the requesting
    clinician by telephone.
XR CHEST | Tube | ETT in the right mainstem bronchus. | ETT in the right mainstem. ICU team informed.
MR BRAIN | MS | Stable white matter lesions as on prior. | stable white matter lesions. emailed to neurology
XR CHEST | PTX | Small right pneumothorax. | Small right pneumothorax, communicated to the covering house officer
    at 0210 hrs with read-back.
XR CHEST | Nodule | 1 cm nodule LUL. | 1 cm LUL nodule. A critical results message was sent to the referring
    provider.
XR CHEST | Fever | Lungs clear. Heart size normal. No effusion or pneumothorax. | No pneumonia. Spoke with nurse on
    4 West regarding the result.
"""
)

MASK = entries(
    r"""
XR CHEST | ___M with cough | Lungs clear. Heart size normal. No effusion or pneumothorax. | No acute process.
    Comparison was made to ___.
XR CHEST | XXXX-year-old | Mild XXXX atelectasis. | Mild XXXX atelectasis.
XR CHEST | - | Opacity at the ___ base. | Opacity at the ___ base, atelectasis.
XR CHEST | Cough | Lungs clear. Heart size normal. No effusion or pneumothorax. | normal chest x-XXXX
CT CHEST | Nodule | 5 mm nodule. | 5 mm nodule. Follow as advised by Dr. [**Last Name (STitle) 2819**].
CT HEAD | Fall | No hemorrhage. | No hemorrhage on this study of [**2145-8-12**].
XR CHEST | Pain | Lungs clear. Heart size normal. No effusion or pneumothorax. | [**Hospital1 18**]: no acute
    disease.
US ABDOMEN | Pain | Normal liver. | Normal liver, _____.
XR KNEE | Pain | Joint effusion. | Joint effusion. ___ ___ ___
XR CHEST | Fever | RLL opacity. | RLL pneumonia in XXXX-year-old.
XR CHEST | Line | PICC tip in SVC. | XXXX PICC tip in the SVC
CT ABDOMEN | Mass | Liver mass 3 cm. | 3 cm liver mass, seen on ____/____/____.
XR CHEST | SOB | Cardiomegaly. | 1. Cardiomegaly. 2. XXXX.
"""
)

PRIOR = entries(
    r"""
XR CHEST | Chest pain. Comparison: None. | Lungs clear. Heart size normal. No effusion or pneumothorax. | Stable
    chest w/o acute process.
XR CHEST | Chest pain. Comparison: None. | Mild cardiomegaly. | Mild cardiomegaly, unchanged.
XR CHEST | Cough. Comparison: No prior studies available. | RLL opacity. | Interval development of RLL opacity.
XR CHEST | Chest pain. Comparison: None. | Small left effusion. | Left effusion has decreased since the last film.
XR CHEST | Chest pain. Comparison: None. | Lungs clear. Heart size normal. No effusion or pneumothorax. | No
    significant change from prior exam.
XR CHEST | Nodule. No prior imaging for comparison. | 8 mm nodule RUL. | 8 mm RUL nodule, slightly larger than on
    the previous study.
XR CHEST | Chest pain. Comparison: None. | Bibasilar atelectasis. | worsening bibasilar atelectasis compared w/
    yesterday
CT CHEST | Mass. Comparison: none available. | 4 cm LLL mass. | 4 cm LLL mass, new since the prior CT.
CT HEAD | Headache. Comparison: None. | No hemorrhage. | No hemorrhage. Previously noted subdural has resolved.
CT ABDOMEN | Pain. Comparison: none. | Cyst in the liver, 2 cm. | Hepatic cyst, stable in size compared to 2019.
XR CHEST | Chest pain. Comparison: None. | Pulmonary edema, mild. | Improving pulmonary edema since the earlier
    radiograph.
US THYROID | Nodule. No previous ultrasound. | 1 cm nodule in the right lobe. | Right lobe nodule unchanged in size
    from prior ultrasound.
XR CHEST | Cough. Comparison: None | No focal consolidation. | Interval clearing of the pneumonia.
"""
)

RECOMMENDATION = entries(
    r"""
XR CHEST | Cough | Lungs clear. Heart size normal. No effusion or pneumothorax. | Normal. CT chest recommended for
    further evaluation.
XR CHEST | Preop | Normal heart, lungs and bones. | Normal chest. Recommend bronchoscopy.
XR CHEST | - | Clear lungs. Normal cardiomediastinal contours. | No acute dz. Rec f/u CXR in 6 wks.
XR CHEST | Fever | Lungs clear. Heart size normal. No effusion or pneumothorax. | No pneumonia. Tissue diagnosis
    with CT-guided biopsy is advised.
XR CHEST | Screening | The lungs and pleural spaces are clear. | 1. Negative chest.\n2. PET-CT should be performed.
CT HEAD | Headache | Normal brain. Ventricles normal. No hemorrhage or mass. | Normal head CT. Neurosurgical
    consultation is recommended.
US GALLBLADDER | Pain | Normal gallbladder, no stones. Normal ducts. | Normal study. Recommend ERCP.
XR KNEE | Pain | No fracture, dislocation or effusion. Joint spaces preserved. | Normal knee. Arthroscopy is
    advised.
CT ABDOMEN | Pain | Liver, spleen, pancreas and kidneys are normal. Bowel is unremarkable. | Normal CT. Recommend
    colonoscopy and biopsy of the liver.
XR CHEST | Chest pain | Lungs clear. Heart size normal. No effusion or pneumothorax. | No acute findings. Urgent
    thoracentesis is suggested.
XR WRIST | Fall | No fracture. | no fracture. orthopedic referral and surgical fixation recommended
MR BRAIN | Dizziness | Normal MRI of the brain. No restricted diffusion. No mass. | Normal MRI. Stereotactic biopsy
    recommended.
XR CHEST | Cough | Heart and lungs within normal limits. | Within normal limits. Would obtain chest CT w contrast.
"""
)

DEGENERATE = entries(
    r"""
XR CHEST | - | Lungs clear. Heart size normal. No effusion or pneumothorax. |
XR CHEST | Cough | Lungs clear. Heart size normal. No effusion or pneumothorax. | \s\s\s\n\s
XR CHEST | Cough | Lungs clear. Heart size normal. No effusion or pneumothorax. | ...
XR CHEST | Cough | Lungs clear. Heart size normal. No effusion or pneumothorax. | No acute process. No acute
    process. No acute process. No acute process.
XR CHEST | Cough | Small effusion. | Small small small small small small effusion.
XR CHEST | Cough | Small effusion. | Small pleural effusion and small pleural effusion and small pleural effusion
    and small pleural effusion and
CT CHEST | Cough | Nodule in the RUL. | Nodule in the right upper lobe, which is
CT HEAD | Fall | No hemorrhage. | No acute intracranial hemorrhage or
CT ABDOMEN | Pain | Gallstones. | Gallstones without evidence of the
XR CHEST | Cough | Lungs clear. Heart size normal. No effusion or pneumothorax. | <pad><pad></s>
XR CHEST | Cough | Lungs clear. Heart size normal. No effusion or pneumothorax. | 1. 2. 3. 4.
XR CHEST | Cough | Lungs clear. Heart size normal. No effusion or pneumothorax. | lkjh wqpo zmxn vbty
US ABDOMEN | Pain | Normal liver. | Normal liver. The gallbladder is
XR CHEST | Cough | LLL opacity. | Left lower lobe opacity, likely pneumonia or atelectasis, pneumonia or
    atelectasis, pneumonia or atelectasis, pneumonia or atelectasis.
XR CHEST | Cough | Lungs clear. Heart size normal. No effusion or pneumothorax. | the of the of the of the of the
    of
"""
)

IDENTIFIER = entries(
    r"""
XR CHEST | Cough | Lungs clear. Heart size normal. No effusion or pneumothorax. | Normal chest, study {study}.
XR CHEST | Cough | Lungs clear. Heart size normal. No effusion or pneumothorax. | Pt {subject}: no acute disease.
XR CHEST | - | Lungs clear. Heart size normal. No effusion or pneumothorax. | No acute disease. Accession
    {accession}.
XR CHEST | Cough | Lungs clear. Heart size normal. No effusion or pneumothorax. | Normal. DOB 7/22/1948.
CT CHEST | Nodule | 6 mm nodule. | 6 mm nodule. Study date: 2021-11-30.
CT HEAD | Fall | No hemorrhage. | No hemorrhage. Signed electronically by Dr. Fenwick.
CT ABDOMEN | Pain | Gallstones. | Mrs. Tolliver has gallstones.
XR KNEE | Pain | Osteoarthritis. | Osteoarthritis. Call 555-0188 for questions.
US ABDOMEN | Pain | Fatty liver. | Fatty liver. Exam performed on 14 February 2020.
XR CHEST | SOB | Cardiomegaly. | cardiomegaly. mr. beckett to follow with his physician
XR CHEST | SOB | Cardiomegaly. | Cardiomegaly. Contact (555) 555-0127.
XR CHEST | SOB | Edema. | Pulmonary edema. Transcribed Mar 3, 2018.
XR CHEST | SOB | Small effusion. | Small effusion. MRN 00712349.
"""
)
