"""Words of findings and of sentences, which are in no name."""

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NEVER_NAMES = _words(
    """
    the a an no not and or of in on at to with by for from as is are was were has have had there this that these those
    if be been than then per see please new both all any it its we i your our which who when where after before above
    below also but however without within
    call called contact notify notified discuss discussed recommend recommended consider suggest suggested refer follow
    followup correlate correlation clinical clinically inform informed phone page await awaiting repeat further advise
    advised given referring ordering treating primary patient nurse team
    addendum impression findings finding comparison technique history indication conclusion recommendation
    recommendations exam examination study report reports critical result results electronically digitally dictated
    transcribed signed interpreted verified approved finalized reviewed read reported workstation accession job end
    final thank thanks time date released typed requested authorised authorized authenticated checked edited prepared
    attested validated
    paged told aware alerted contacted acknowledged communicated communicates relayed conveyed telephoned phoned emailed
    messaged texted faxed spoke notifies agrees agree agreed suggests requests requested recommends performed performs
    states stated reports wishes will would should may can seen saw says did does do is
    """
)
"""Words that are in no name: where a name is expected, it ends before them."""
MEDICAL = _words(
    """
    normal abnormal stable unchanged negative positive acute chronic mild moderate severe minimal small large tiny left
    right bilateral upper lower middle lobe chest lung lungs heart cardiac pulmonary pleural abdomen abdominal pelvis
    pelvic head neck brain spine lumbar cervical thoracic knee hip shoulder wrist ankle elbow hand foot rib ribs bone
    bones bowel liver kidney renal spleen breast breasts sinus sinuses skull arm leg femur tibia ct mri mr us xr pa ap
    lateral portable view views radiograph ultrasound doppler scan contrast film films images image limited
    unremarkable clear improved improving worsening increased decreased interval benign malignant probable possible
    likely suspected question mass nodule nodules lesion lesions cyst cysts stone stones node nodes tube line lines
    catheter clot bleed bleeding disease copd chf dvt pe tb mets metastases arthritis hernia hemorrhage haemorrhage air
    free fluid gas spur spurs changes change status post prior old early subtle none nothing evidence process
    degenerative healing healed complete incomplete partial low high volumes volume infiltrate infiltrates infection
    airspace opacity opacities shadow technically adequate inadequate satisfactory position placement agree within
    limits birads bi-rads category grade type present absent seen noted biopsy wires motion protocol shunt rods screws
    """
)
"""Words of findings: a line with one of them is no name, unless a credential follows."""
MEDICAL_ENDINGS = re.compile(
    r"""
    .*(?:itis|osis|asis|oma|omas|emia|aemia|thorax|ectasis|megaly|pathy|tures?|tions?|sions?|ments?|ness|graphy|grams?
    |plasty|ectomy|edema|oedema|scopy|trophy|plasia|onia|algia|lysis|plegia|rrhea|eous|ious|able|ible|ated|ized|ised|ening|rrhage|sclerotic|itic|otic)
    """,
    re.VERBOSE,
)
