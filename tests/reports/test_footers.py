"""What is a footer and what is of the report; « and » stand around what is to be cut."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.reports.text.footers import find_footers

SIGNATURES = [
    "Normal hand.\n\n«Electronically signed by Robin Example, MD on 3/4/2026 10:15 AM»",
    "No displaced fracture. «Electronically signed by: Robin Example, MD»",
    "No displaced fracture «Electronically signed by: Robin Example, MD on Mar 4, 2026 10:15 AM»",
    "NO DISPLACED FRACTURE. «ELECTRONICALLY SIGNED BY: ROBIN EXAMPLE, M.D.»",
    "no displaced fracture. «electronically signed by robin example, md on 3/4/2026»",
    "Normal hand.\n«Dictated by: Robin Example, MD\nTranscribed by: RE\nSigned by: Pat Sample, MD»",
    "Normal hand. «Dictated by: Robin Example, M.D. 03/04/2026 10:15. Transcribed by: xy 03/04/2026 11:00.»",
    "Normal hand.\n«Requested by Dr R Example»",
    "Normal hand.\n«Reported by Dr Robin Example FRANZCR»",
    "Normal hand.\n«Interpreted by: Robin Example, MD, PGY-3»",
    "Normal hand.\n«Dictated by Robin Example, MD (resident) and reviewed by Pat Sample, MD (attending)»",
    "Normal hand. «Read by: Robin Example, MD»",
    "Normal hand.\n«This report was finalized on 3/4/2026 10:15 AM by Robin Example, MD»",
    "Normal hand.\n«Final report electronically signed by Robin Example, MD at 3/4/2026 10:15 AM»",
    "Normal hand.\n«Approved: SAT 3/4/2026 10:51 PM»",
    "Normal hand. «Dictated: 3/4/2026 10:15 Transcribed: 3/4/2026 11:15»",
    "1. Normal hand\n2. Old burn\n«Signed: 3/4/2026 10:15»",
    "Normal hand.\n«/es/ ROBIN EXAMPLE\nStaff Radiologist\nSigned: 03/04/2026 10:15»",
    "Normal hand.\n«** Electronically Signed by ROBIN EXAMPLE M.D. **\n** on 03/04/2026 at 1015 **»",
    "Normal hand.\n«Dr Robin Example MBBS, FRANZCR\nElectronically signed at 10:15 am Wed, 4 Mar 2026»",
    "Normal hand.\n«Electronically signed by: ___, MD on ___ at ___»",
    "Normal hand.\n«Signed by: [**First Name8 (NamePattern2) **] [**Last Name**], M.D.»",
    "Normal hand.\n«Dictated by: *** on ***»",
    "Normal hand.\n«Electronically signed by: EXAMPLE, ROBIN A on 03/04/2026 10:15 EST»",
    "Normal hand.\n«Electronically signed by Maria de la Cruz-Sample, MD»",
    "Normal hand. «Electronically Signed By: Robin Example, M.D., F.R.C.R. Signed Date/Time: 3/4/2026 10:15 AM»",
    "normal hand. «electronically signed by resident robin example, md and attending pat sample, md»",
    "Normal hand «This report has been electronically signed by Robin Example, MD.»",
    "Normal hand. «Transcribed: 03/04/2026 11:20:33 by XY Verified by: EXAMPLE,ROBIN»",
    "Normal hand.\n«Examination interpreted by Robin Example, MD, at North Hospital.»",
    "Normal hand.\n«Dictated and signed by Robin Example, MD using voice recognition»",
    "Normal hand.\n«Electronically signed by: [NAME] on [DATE]»",
    "Normal hand.\n«READ BY- ROBIN EXAMPLE, PHYSICIAN - RADIOLOGIST\nE-SIGNED BY- ROBIN EXAMPLE»",
    "NORMAL HAND. «READ BY- ROBIN EXAMPLE REVIEWED AND E-SIGNED BY- ROBIN EXAMPLE RELEASED DATE TIME- 03/04/26 21:05»",
    "NORMAL HAND. «SIGNED BY ROBIN EXAMPLE ON 3/4/2026»",
    "Normal hand.\n«RELEASED BY- ROBIN EXAMPLE\nRELEASED DATE TIME- 03/04/26 21:05»",
    "Normal hand.\n«Electronically signed by: Dr. Robin Example; Dictated: 3/4/2026 10:15»",
    "Normal hand. «FINAL REPORT *** ELECTRONICALLY SIGNED ***»",
    "Normal hand.\n«Final report - electronically signed»",
    "Normal hand.\n«Signed: Electronically by Robin Example, MD»",
    "Normal hand.\n«Dictated: Mar 04 2026 10:15A\nBy: XY»",
]
ROLES = [
    "Normal hand.\n«Attending radiologist: Robin Example, MD»",
    "Normal hand.\n«Dictating Radiologist: EXAMPLE, ROBIN»",
    "Normal hand.\n«Resident: Robin Example, MD\nAttending: Pat Sample, MD»",
    "Normal hand.\n«Primary Interpreting Staff:\n  ROBIN EXAMPLE, RADIOLOGIST (Verifier)\n/RE»",
    "Normal hand.\n«Transcriptionist: abc»",
    "Normal hand.\n«RE/xy 3/4/2026»",
    "Normal hand.  «I have reviewed the images and agree with the report. Robin Example»",
    "Normal hand. «I have reviewed the images and agree with the report.» Small Effusion",
    "Normal hand. «Requested by: Dr. Robin Example cc: Dr. Pat Doe»",
    "Normal hand.\n«Dictated by: Pat Doe MD\n3/4/2026 10:15 Transcribed by: XYZ»",
    "Normal hand.\n«Signed by: Pat Doe, MD\nI viewed the image/s and agree with the written report.\nRobin Example»",
    "Normal hand. This was discussed with Dr. Example\nby telephone at 10:15 on 3/4/2026.\n"
    "«I have reviewed the images and agree with the report.»",
    "Normal hand. This was called to the emergency\ndepartment at 1015 hours.\n"
    "«Created with voice recognition software.»",
    "Normal hand.\n«Transcriptionist- ABC\nRead By- DOE,PAT MD»",
    "Normal hand.\n«Pat Doe, PA-C»",
    "Normal hand.\n«cc: Robin Example, MD; Pat Sample, MD»",
    "Normal hand.\n«Ordering Provider: EXAMPLE, ROBIN»",
    "Normal hand.\n«Primary Diagnostic Code: MINOR ABNORMALITY»",
    "Normal hand. «Primary Diagnostic Code: NORMAL Primary Interpreting Staff: ROBIN EXAMPLE, RADIOLOGIST /RE»",
    "normal hand.\n«attending: example, robin, md»",
]
NUMBERS = [
    "Normal hand.\n«Workstation ID: RW-12»",
    "Normal hand. «Workstation ID: RADREAD»",
    "OLD BURN OF THE HAND «WORKSTATION ID: RADREAD»",
    "Normal hand.\n«Job #: 12345»",
    "Normal hand.\n«Accession number: 12345678»",
    "Normal hand.\n«WSN: 12»",
    "Normal hand.\n«D: 3/4/2026 10:15 T: 3/4/2026 11:15»",
    "Normal hand.\n«T: xy 3/4/2026 10:15\nD: 3/4/2026 09:15»",
    "Normal hand.\n«RE/xy»",
    "Normal hand. «RE/xy»",
    "Normal hand.\n«WORKSTATION PERFORMED: RPBGXYZ»",
    "Normal hand.\n«Reading location: North Hospital\nReading station: RS-12»",
    "Normal hand.\n«RE:xy  D: 3/4/2026 T: 3/4/2026»",
    "Normal hand.\n«Finalized on workstation RW12»",
    "Normal hand.\n«Accession Number(s): 1234567, 1234568»",
    "Normal hand.\n«Ref: 123456»",
    "Normal hand. «Electronically signed by Robin Example, MD (Radiology) License #: TX123456»",
]
ENDS = [
    "Normal hand.\n«End of report»",
    "Normal hand.\n«*** End of Report ***»",
    "Normal hand. «END OF REPORT.»",
    "Normal hand.\n«FINAL REPORT»",
    "Normal hand.\n«*** Final ***»",
    "Normal hand.\n«Dictated but not read»",
    "Normal hand.\n«===== END OF REPORT =====»",
    "Normal hand.\n«** END REPORT Mar 04, 2026 11:04:23 am **»",
    "Normal hand. «END OF REPORT Robin Example, MD»",
    "Normal hand.\n«Report Status: Final»",
]
SENTENCES = [
    "Normal hand. «I, the attending physician, have reviewed the images and agree with the resident's interpretation.»",
    "Normal hand. «I, Robin Example, MD, have personally reviewed the images and agree with the report.»",
    "Normal hand.\n«I have personally reviewed the images and agree with the\nresident's interpretation.»",
    "Normal hand.\n«Teaching Physician Attestation: I was present for the key portions of the procedure.»",
    "Normal hand.\n«The study and the report were reviewed by the staff radiologist.»",
    "Normal hand. «END OF IMPRESSION: I have personally reviewed the images. By: Robin Example on: 10-17-2026»",
    "Normal hand.\n«This report was dictated using voice recognition software. Occasional errors may occur.»",
    "Normal hand. «Thank you for allowing us to participate in the care of this patient.»",
    "Normal hand «Thank you for this referral. Robin Example, MD»",
    "Normal hand. See a surgeon. «Thank you.»",
    "1. Normal hand.\n«2. Thank you for this referral.»",
    "Normal hand.\n«If you have any questions about this report, please call Dr. Example at 555-123-4567.»",
    "Normal hand.\n«Kind regards,\nDr Robin Example\nMBBS FRANZCR\nConsultant Radiologist»",
    "Normal hand.\n«As the attending, I have reviewed the images, interpreted and/or supervised the study, and agree.»",
    "Normal hand.\n«I have personally reviewed the image(s) and the resident's report and agree.»",
    "Normal hand.\n«Robin Example, MD has reviewed the images and agrees with the report.»",
    "Normal hand.\n«Thank you for your referral. It was a pleasure to be involved in the care of your patient.»",
    "Normal hand.\n«If further information is required please contact Dr Example on 0400 000 000.»",
    "Normal hand.\n«Thank you for referring Mr. Example.»",
    "Normal hand.\n«This report was created using PowerScribe 360 voice recognition software.»",
    "Normal hand. «If there are any questions please XXXX. XXXX XXXX, XXXX certified radiologist, at XXXX.»",
]
NAMES = [
    "Normal hand.\n«Robin Example, MD»",
    "Normal hand. «Robin Example, MD»",
    "Old deformity of the hand «Robin Example, MD»",
    "Normal hand\n«Dr. R. Example FRANZCR»",
    "Specifically, no change in the upper arm\n«Dr. R. Example FRANZCR»",
    "Normal hand.\n«ROBIN EXAMPLE M.D., RADIOLOGIST»",
    "Normal hand.\n\n«Dr Robin Example\nConsultant Radiologist»",
    "Normal hand.\n\n«Robin Example\nConsultant Radiologist»",
    "normal hand.\n«robin example, md»",
    "Normal hand.\n«Dr. XXXX, MD»",
    "Normal hand.\n«DR. ___ ___»",
    "Normal hand.\n«Robin Example, M.D., Ph.D.\nDepartment of Radiology\nNorth Hospital»",
    "Normal hand.\n«_______________\nRobin Example, MD»",
    "Normal hand.\n«3/4/2026 10:15 AM»",
    "Normal hand.\n«Example, Robin A, MD»",
    "Normal hand.\n«R. EXAMPLE, M.D./xy»",
    "Normal hand.\n«Robin Example, PA-C»",
    "Normal hand.\n«Dr. Example / Dr. Sample»",
    "Normal hand. «___, M.D. Approved: SAT ___ 10:51 PM»",
    "Normal hand.\n«ROBIN EXAMPLE, M.D.\nDIPLOMATE, AMERICAN BOARD OF RADIOLOGY»",
    "Normal hand.\n«Robin Example\nElectronically signed by Robin Example, 3/4/2026»",
    "Normal hand.\n«Electronically signed\nRobin Example»",
]
BETWEEN = [
    "Normal hand. «Electronically signed by: Robin Example, MD on 3/4/2026 10:15 AM» ADDENDUM: The wrist is broken.",
    "Normal hand. «Electronically signed by: Robin Example, MD.» There is a fracture of the wrist.",
    "Normal hand. «Electronically signed by Robin Example» There is a fracture of the wrist.",
    "Normal hand.\n«Signed by: Robin Example, MD 3/4/2026»\nThe wrist is broken, as seen later.",
]
REPORT = [
    "Findings were discussed with Dr. Sample by telephone at 10:15 AM on 3/4/2026.",
    "Results communicated to Robin Example, MD by telephone.",
    "Critical results were called to Robin Example, MD",
    "Findings discussed with\nRobin Example, MD\nat 10:15.",
    "Findings discussed with:\nRobin Example, MD\nPat Sample, MD",
    "Critical results called to Robin\nExample, MD",
    "Dr. Sample was notified.",
    "Dr. Sample notified at 10:15 AM.",
    "Please contact Dr. Sample with the results.",
    "Fracture as read by Dr. Sample.",
    "As interpreted by Dr. Sample, there is a fracture.",
    "Reported by Dr. Sample to be painful.",
    "Images reviewed with Dr. Sample.",
    "Reviewed by radiology and agreed that the fracture is old",
    "PAIN REPORTED BY PATIENT.",
    "Placement verified by CT.",
    "The patient was signed out to the ward.",
    "Signed out.",
    "I agree with the outside read that there is no fracture.",
    "I have personally reviewed the images and agree except that there is a fracture of the wrist.",
    "I have reviewed the images and do not agree with the report.",
    "There is a voice recognition error in the prior report; the fracture is of the left wrist.",
    "Thank you for referring this patient with a broken wrist.",
    "If there is concern for a fracture, please call for CT.",
    "Device seen by the technologist.",
    "Technologist: patient moved",
    "ATTENDING: NO FRACTURE",
    "RADIOLOGIST: FRACTURE PRESENT",
    "Recommend evaluation by an MD.",
    "FOLLOW UP WITH MD.",
    "Plaque measures 5 mm, MS.",
    "Portable chest, PA",
    "AP/lat",
    "T: 3 N: 1",
    "D: 5 mm",
    "CC: wrist pain",
    "Study #2: normal.",
    "Unchanged from\n3/4/2026",
    "Reviewed: 3/4/2026 CT of the wrist shows a fracture.",
    "Final report to follow.",
    "END OF TUBE IN STOMACH.",
    "Normal Hand",
    "D/W Dr. Sample 3/4/2026 10:15.",
    "PAGED DR. SAMPLE.",
    "The study was reviewed by Dr. Sample, who agrees that there is a fracture.",
    "VERIFIED BY DR. SAMPLE IN SURGERY TO BE A FRACTURE.",
    "Referred by Dr. Sample for pain.",
    "End of study showed reflux to the thoracic inlet.",
    "R/L SHUNT.",
    "LV/rv.",
    "Findings were discussed.\nXXXX by Dr.\nXXXX at XXXX p.m.",
    "READ BY: DR. SAMPLE AS NORMAL.",
    "ORDERING PHYSICIAN: ROBIN SAMPLE, MD NOTIFIED AT 10:15.",
    "NORMAL HAND ROBIN SAMPLE, MD",
    "DR. SAMPLE WITNESSES\nTHE FRACTURE.",
    "Dr. Sample\nsaw the fracture.",
    "Seen in the pelvis. Dr. XXXX\nXXXX was told.",
    "There are calcified lymph\nXXXX.",
    "MD aware.",
    "SEEN BY MD.",
    "MUSCULAR DYSTROPHY, MD.",
    "Harrington Rods",
    "TECHNOLOGIST: MOTION.",
    "CONSULTANT RADIOLOGIST DR. SAMPLE SUGGESTS SURGERY.",
    "TELEPHONED TO DR. XXXX XXXX, MD",
    "Wet read by Dr. ___ at ___.",
    "ATTENDING DR. ___ PAGED.",
    "10:15 AM film shows the tube higher.",
    "On 3/4/2026 the tube was higher.",
    "Hospital acquired pneumonia.",
    "I have reviewed the images and agree\nexcept for the fracture.",
    "DIGITALLY SUBTRACTED IMAGES SHOW NO LEAK.",
    "Electronically transmitted images show a fracture.",
    "WORKSTATION REVIEW SHOWS A FRACTURE.",
    "Report: T12 fracture.",
    "Status: stable.",
]


@pytest.mark.parametrize(
    "marked", [*SIGNATURES, *ROLES, *NUMBERS, *ENDS, *SENTENCES, *NAMES, *BETWEEN], ids=lambda marked: marked[:60]
)
def test_a_footer_is_cut_and_the_report_is_not(marked: str) -> None:
    text = marked.replace("«", "").replace("»", "")
    start = marked.index("«")
    end = start + len(marked[marked.index("«") + 1 : marked.index("»")])
    (span,) = find_footers(text)
    assert (text[: span[0]].strip(), text[span[1] :].strip()) == (text[:start].strip(), text[end:].strip())


@pytest.mark.parametrize("before", ["", "Normal hand. ", "Normal hand.\n", "No change\n\n"])
@pytest.mark.parametrize("text", REPORT)
def test_what_the_report_says_stays(text: str, before: str) -> None:
    assert find_footers(before + text) == []
    assert find_footers((before + text).upper()) == []
    assert find_footers((before + text).lower()) == []


@pytest.mark.parametrize("apart", ["\n", " "])
@pytest.mark.parametrize("text", REPORT)
def test_what_the_report_says_stays_beside_a_signature(text: str, apart: str) -> None:
    signature = "Electronically signed by Robin Example, MD on 3/4/2026 10:15 AM"
    above = f"Normal hand.{apart}{text}{apart}{signature}"
    below = f"Normal hand.{apart}{signature}{apart}{text}"
    assert [above[start:end] for start, end in find_footers(above)] == [signature]
    assert [below[start:end].strip(" \n.") for start, end in find_footers(below)] == [signature]


@pytest.mark.parametrize("marked", [*SIGNATURES, *ROLES, *NUMBERS, *SENTENCES, *NAMES], ids=lambda marked: marked[:60])
def test_a_section_of_nothing_else_is_one_footer(marked: str) -> None:
    text = marked[marked.index("«") + 1 : marked.index("»")]
    assert find_footers(f"\n{text}\n") == [(0, len(text) + 2)]


def test_no_text_has_no_footer() -> None:
    assert find_footers("") == []
    assert find_footers(" \n ") == []


def test_two_footers_around_text_are_two_spans() -> None:
    text = "Signed by: Robin Example, MD\nThe wrist is broken.\nWorkstation ID: RW-12"
    assert [text[start:end] for start, end in find_footers(text)] == [
        "Signed by: Robin Example, MD",
        "Workstation ID: RW-12",
    ]


@given(st.text(alphabet="MD.,: \nIiThakyouSgnedbRE12/_*", max_size=300))
def test_spans_are_in_order_and_apart(text: str) -> None:
    edges = [edge for span in find_footers(text) for edge in span]
    assert edges == sorted(edges)
    assert all(0 <= edge <= len(text) for edge in edges)


@pytest.mark.parametrize(
    "piece", ["I have ", "Signed by ", "Robin Example, MD ", "___ ", "Thank you for ", "D: ", "MD\n", "*", "-\n", "1. "]
)
def test_time_is_in_proportion_to_length(piece: str) -> None:
    def seconds(text: str) -> float:
        start = time.process_time()
        find_footers(text)
        return time.process_time() - start

    short = "Signed. " + piece * (4_000 // len(piece))
    long = "Signed. " + piece * (40_000 // len(piece))
    assert seconds(long) < 40 * min(seconds(short) for _ in range(3)) + 0.2
