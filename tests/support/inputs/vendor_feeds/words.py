"""The words that invented reports are drawn from: exams with their sentences, people, headings, footers, addenda."""

from typing import NamedTuple


class Exam(NamedTuple):
    """An exam with sentences for its findings and, apart from them, for its impression."""

    code: str
    name: str
    modality: str
    findings: tuple[str, ...]
    impression: tuple[str, ...]


EXAMS = (
    Exam(
        "71046",
        "XR CHEST 2 VIEWS",
        "CR",
        (
            "The lungs are well expanded and clear.",
            "There is a hazy opacity at the left base, where the diaphragm is lost.",
            "The heart is at the upper limit of normal size.",
            "A small amount of fluid blunts the right costophrenic angle.",
            "A nodule of ~6 mm projects over the right third rib.",
            "The leads of an electronic pacemaker end as before.",
            "Attending to the left apex, no pneumothorax is seen.",
            "Degenerative changes are noted throughout the thoracic spine.",
        ),
        (
            "Left basal pneumonia.",
            "Small right pleural effusion.",
            "No acute cardiopulmonary abnormality.",
            "Right apical nodule, for which CT is recommended.",
            "Stable cardiomegaly without congestion.",
        ),
    ),
    Exam(
        "74177",
        "CT ABDOMEN AND PELVIS W CONTRAST",
        "CT",
        (
            "The liver has a low density lesion of 1.4 cm in segment 6.",
            "The common duct measures 5 mm [<6 mm].",
            "Both kidneys enhance evenly and are not obstructed.",
            "The appendix is thickened to 11 mm with stranding around it.",
            "Diverticula line the sigmoid colon, none of them inflamed.",
            "No free air and no free fluid.",
            "Portal and splenic veins are patent (series 4, image 52).",
            "The bladder is only partly filled.",
            "An umbilical hernia holds fat alone.",
        ),
        (
            "Acute appendicitis without perforation.",
            "Hepatic lesion, most likely a cyst.",
            "Diverticulosis without diverticulitis.",
            "No acute process in the abdomen or pelvis.",
            "Follow up with ultrasound in 6 months.",
        ),
    ),
    Exam(
        "70450",
        "CT HEAD W/O CONTRAST",
        "CT",
        (
            "There is no intracranial hemorrhage.",
            "Gray and white matter are well told apart.",
            "A wedge of low density lies in the right parietal lobe.",
            "Ventricles and sulci are wide for the age.",
            "The mastoid air cells are clear.",
            "A mucous retention cyst fills half of the left maxillary sinus.",
            "The calvarium is intact.",
        ),
        (
            "No acute intracranial abnormality.",
            "Subacute right parietal infarct.",
            "Age related volume loss.",
            "If symptoms go on, MRI is more sensitive.",
        ),
    ),
    Exam(
        "76705",
        "US ABDOMEN LIMITED",
        "US",
        (
            "The gallbladder holds several mobile stones.",
            "Its wall is 2 mm thick.",
            "The liver is bright and 17 cm long.",
            "The common bile duct is 4 mm wide.",
            "The right kidney is 10.8 cm long, without a stone.",
            "The pancreas is hidden by bowel gas.",
        ),
        (
            "Gallstones without signs of cholecystitis.",
            "Fatty liver.",
            "No dilatation of the bile ducts.",
        ),
    ),
    Exam(
        "72148",
        "MRI LUMBAR SPINE WITHOUT CONTRAST",
        "MR",
        (
            "Alignment is normal from L1 to S1.",
            "At L4-L5 a broad disc bulge flattens the thecal sac.",
            "At L5-S1 the left neural foramen is moderately narrowed.",
            "The conus ends at T12-L1.",
            "Marrow signal is normal apart from a hemangioma in L2.",
            "Report of a fall notwithstanding, no edema of the endplates is seen.",
        ),
        (
            "Moderate left foraminal stenosis at L5-S1.",
            "Disc bulge at L4-L5 with mild central stenosis.",
            "No fracture.",
        ),
    ),
    Exam(
        "73562",
        "XR KNEE 3 VIEWS RIGHT",
        "DX",
        (
            "The medial joint space is narrowed to 2 mm.",
            "Small osteophytes arise from the patella.",
            "There is a moderate joint effusion.",
            "No fracture line is seen.",
            "Soft tissues are swollen in front of the patella.",
        ),
        (
            "Moderate osteoarthritis of the medial compartment.",
            "Joint effusion without fracture.",
            "No acute fracture or dislocation.",
        ),
    ),
)
"""No sentence comes from a real report; some are near to footers ("Attending to", "Report of", "Follow up with")."""

MASKED = (
    ("Compared with [DATE], nothing has changed.", "Compared with ___, nothing has changed."),
    ("The catheter that <PERSON> placed is unchanged.", "The catheter that ___ placed is unchanged."),
    ("The film of ***, *** showed the same.", "The film of ___, ___ showed the same."),
)
COMMUNICATION = (
    "These findings were discussed with Dr. Abernethy by telephone at 10:42 AM on 3/14/2021.",
    "Dr. Abernethy was informed of the result at the time of reading.",
    "Clinical correlation is recommended.",
    "Reviewed against the outside study, the change is real.",
    "Results were called to the emergency department at 1530 hours.",
)
"""Sentences of an impression that are content, though near to a footer."""
ORGANS = (("LUNGS:", "Clear."), ("HEART:", "Normal in size."), ("Bones:", "Intact."), ("Liver:", "Homogeneous."))
INDICATIONS = (
    "Cough for a week",
    "Fall from a ladder",
    "Right upper quadrant pain",
    "Headache, rule out bleed",
    "Fever",
)
FIRST = ("Alma", "Bruno", "Celia", "Dietmar", "Esra", "Farid", "Greta", "Hanh", "Ignatius", "Jolanda")
LAST = ("Quistgaard", "Oyelaran", "Featherby", "Szabolcs", "Vanterpool", "Nakagomi", "McIlwraith", "O'Sheary", "Dupraz")
CREDENTIALS = ("MD", "M.D.", "DO", "MD, PhD", "MBBS, FRANZCR", "FRCR", "M.D., FACR", "PA-C")

FINDINGS_HEADINGS = {
    "capitals": ("FINDINGS:", "FINDINGS", "CT FINDINGS:", "RADIOGRAPHIC FINDINGS:"),
    "title": ("Findings:", "Findings", "Imaging Findings:"),
    "misspelt": ("FINDNGS:", "Findigs:", "FINDIGNS:", "FINDINGD:"),
    "locale": ("RESULTS:", "OBSERVATIONS:", "DESCRIPTION:", "Report:"),
    "marked": (
        "**FINDINGS:**",
        "FINDINGS -",
        "FINDINGS:\n=========",
        "== FINDINGS ==",
        "[FINDINGS]",
        "\u00a0FINDINGS\u00a0:",
    ),
    "low": ("findings:",),
}
IMPRESSION_HEADINGS = {
    "capitals": ("IMPRESSION:", "IMPRESSION", "CONCLUSION:", "IMPRESSIONS:"),
    "title": ("Impression:", "Impression", "Conclusion:", "Final Impression:"),
    "compound": ("IMPRESSION AND RECOMMENDATION:", "Impression/Recommendations:", "Impression and Plan:"),
    "misspelt": ("IMPRESION:", "Conlcusion:", "IMPRESSSION:", "Impresssion:", "CONCLUSON:"),
    "locale": ("Interpretation:", "SUMMARY:", "DIAGNOSIS:", "Opinion:", "OPINION:", "Radiological Impression:"),
    "marked": (
        "**IMPRESSION:**",
        "IMPRESSION -",
        "IMPRESSION:\n----------",
        "== IMPRESSION ==",
        "*IMPRESSION*:",
        "\u00a0IMPRESSION:",
    ),
    "low": ("impression:",),
}
BACKGROUND_HEADINGS = (
    ("EXAMINATION:", "INDICATION:", "TECHNIQUE:", "COMPARISON:"),
    ("EXAM:", "CLINICAL HISTORY:", "TECHNIQUE:", "COMPARISON:"),
    ("Exam:", "Reason for exam:", "Technique:", "Comparison:"),
    ("PROCEDURE:", "CLINICAL INDICATION:", "TECHNIQUE:", "COMPARISONS:"),
    ("Examination:", "Clinical Details:", "Technique:", "Comparison:"),
)

FOOTERS = (
    ("Electronically signed by: {name}, {cred} on {date} {time}",),
    ("Electronically Signed By: {name} {cred}", "{date} {time}"),
    ("Dictated by: {name}, {cred}", "Signed by: {other}, {cred} on {date}"),
    ("Dictated By: {name} {cred}  {date} {time}", "Transcribed By: {initials}"),
    ("I, {name}, {cred}, have personally reviewed the images and agree with the above report.",),
    ("I have personally reviewed the images and the resident's interpretation and agree with it.", "{name}, {cred}"),
    ("ATTESTATION: I, the teaching physician, have reviewed this study and agree with the findings.",),
    ("Resident: {name}, {cred}", "Attending: {other}, {cred}"),
    ("Workstation: RAD{number}", "Job #: {number}"),
    ("Workstation ID: WS-{number}PC",),
    ("D: {date} {time}", "T: {date} {time}", "{initials}/{low}", "Job: {number}"),
    ("Thank you for this referral.", "Dr {name}", "{cred}"),
    ("Thank you for referring this patient.", "{name} {cred}", "Consultant Radiologist"),
    ("Thank you for your kind referral.", "Reported by: Dr {name}"),
    ("{name}, {cred}",),
    ("{last}, {first} {cred}",),
    ("Dr. {name}",),
    ("Verified by: {name}, {cred}", "Verified date: {date} {time}"),
    ("Final report electronically signed by {name} {cred} at {date} {time}",),
    ("Approved by: {name} {date} {time}",),
    ("Read by: {name}, {cred}", "Finalized by: {other}, {cred}"),
    ("Interpreting Physician: {name}, {cred}", "NPI: {number}"),
    ("Requested by: Dr. {name}", "cc: Dr. {other}"),
    ("/es/ {upper}, {cred}",),
    ("Primary Interpreting Staff:", "  {upper}, RADIOLOGIST (Verifier)", "/{initials}"),
    (
        "Transcriptionist- {initials}",
        "Read By- {upper} {cred}",
        "Released By- {upper} {cred}",
        "Released- {date} {time}",
    ),
    ("Signing Physician: {name}", "Signed: {date} {time}"),
    ("Electronically authenticated by {name} on {date} at {time}", "Report ID: {number}"),
    ("This report was created with voice recognition software.", "Signed, {name}, {cred}"),
    ("Accession: ACC{number}", "MRN: {number}", "Electronically signed: {name}"),
    ("Final Report", "Signed by {name}, {cred}", "{date}"),
    ("End of report",),
    ("Report Electronically Verified and Signed by: {name}, {cred}", "Signed Date/Time: {date} {time}"),
    ("Signed By: {name} on {date} {time}", "Workstation: {initials}-READ{two}"),
    ("I personally viewed the image/s and the resident's interpretation and agree with the written report.", "{name}"),
    ("Dr {name} {cred}", "Electronically signed at {time} {date}"),
    ("Typed by: {initials}", "Reported By: DR {other}", "Reported On: {date}"),
    ("Interpreted by {name} {cred}.", "Preliminary report by: {other}, {cred}"),
    ("Thank you for allowing us to participate in the care of your patient.",),
    ("Yours sincerely,", "Dr {name}"),
    ("Kind regards,", "{name}, {cred}"),
    ("** Electronically Signed by {upper} on {date} at {time} **",),
    ("{initials}/{low} {date}",),
    ("DICTATED BY:  {name}, {cred}", "DICTATED DATE:  {date}", "SIGNED BY:  {other}, {cred}", "SIGNED DATE:  {date}"),
    ("This document has been electronically signed by: {name}, {cred} on {date} {time}",),
    ("Copies to: Dr {other}", "Report authorised by: Dr {name}"),
    ("Dictating workstation: {initials}{two}",),
    ("***** Final *****", "Dictated: {date} {time}", "Dictating Radiologist: {name}, {cred}"),
    ("If there are questions about this report, please call the reading room at 555-01{two}.",),
)
ADDENDA = (
    ("ADDENDUM: {date}", "{note}", "{name}, {cred}"),
    ("*** ADDENDUM #1 ***", "{note}"),
    ("Addendum by {name} on {date}:", "{note}"),
    ("ADDENDUM", "{note}", "End of addendum"),
    ("AMENDED REPORT {date}:", "{note}"),
    ("---- Addendum ----", "{note}", "Addendum electronically signed by {name}, {cred}"),
)
NOTES = (
    "The side was misnamed above and should read left.",
    "Older films have arrived and show the same.",
    "The measurement in the second sentence should read 14 mm.",
)
TECHNOLOGIST = ("Patient could not hold still, repeated twice.", "Shielded, LMP last week, 3 tries at the IV.")
PLACEHOLDERS = ("See impression.", "As below.", "None.", "N/A", "See dictated report.", "nan", "-")
