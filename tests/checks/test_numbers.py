"""Numbers bound to what they belong to: measurements of the right finding and exam, grades on their scale."""

import pytest

from radray.checks.numbers.counts import find_changed_counts
from radray.checks.numbers.exchanged import find_changed_grades, find_exchanged
from radray.checks.numbers.grades import find_grades
from radray.checks.numbers.measurements import find_changed

LIVER = "Cyst of 31 mm in the right hepatic lobe and haemangioma of 14 mm in the left hepatic lobe. Spleen 11 cm."
ANEURYSM = "The popliteal artery aneurysm now measures 2.6 cm, previously 2.1 cm."
SHUNT = "Left subdural collection up to 9 mm thick, with 5 mm of midline shift."


@pytest.mark.parametrize(
    ("impression", "findings"),
    [
        ("14 mm cyst in the right hepatic lobe.", LIVER),
        ("Hemangioma of the left lobe of the liver, 31 mm.", LIVER),
        ("Hepatic cyst measuring 11 cm.", LIVER),
        ("Popliteal aneurysm, 2.1 cm.", ANEURYSM),
        ("Popliteal artery aneurysm, previously 2.6 cm.", ANEURYSM),
        ("5 mm left subdural collection.", SHUNT),
        ("Midline shift of 9 mm.", SHUNT),
        (
            "21 mm left acoustic neuroma.",
            "Enhancing 21 mm mass in the right auditory canal. Left canal normal.",
        ),
        ("Segment 6 lesion, 15 mm.", "Hepatic lesions: 22 mm in segment VI, 15 mm in segment II."),
        ("7 mm full-thickness infraspinatus tear.", "Full infraspinatus tear of 18 mm. Partial teres tear of 7 mm."),
        ("Groin node of 9 mm.", "The groin node measures 1.3 x 1.1 cm, previously 0.9 x 0.8 cm."),
        ("The node has shrunk from 17 mm to 12 mm.", "The node has grown from 12 mm to 17 mm."),
        ("Node, 12 mm on the left.", "Groin nodes: 12 mm on the right, 20 mm on the left."),
        ("11.4 cm stone of the left kidney.", "The left kidney is 11.4 cm long. A 6 mm stone lies in its upper pole."),
    ],
)
def test_a_size_of_something_else_is_found(impression: str, findings: str) -> None:
    assert find_changed(impression, findings, "") == []
    assert find_exchanged(impression, findings, "")


@pytest.mark.parametrize(
    ("impression", "findings"),
    [
        ("31 mm right hepatic cyst. 14 mm left hepatic hemangioma.", LIVER),
        ("3.1 cm liver cyst and 1.4 cm lesion on the left.", LIVER),
        ("Benign hepatic lesions, the largest 31 mm.", LIVER),
        ("Popliteal aneurysm of 2.6 cm, formerly 2.1 cm.", ANEURYSM),
        ("Popliteal aneurysm, grown from 2.1 cm to 2.6 cm.", ANEURYSM),
        ("9 mm subdural haematoma on the left; 5 mm midline shift.", SHUNT),
        ("Left subdural of 9 mm, 5 mm shift to the right.", SHUNT),
        ("21 mm mass on the left.", "Left cyst of 9 mm, right mass of 14 mm, and on the left a mass of 21 mm."),
        ("Shift of 8 mm (previously 5 mm).", "Midline shift now 8 mm, previously 5 mm."),
        ("Growth of the node (0.9 to 1.3 cm).", "The node measures 1.3 x 1.1 cm, previously 0.9 x 0.8 cm."),
        ("Two nodules: right upper lobe (5 mm), left lower lobe (8 mm).", "5 mm RUL nodule and 8 mm LLL nodule."),
        ("Larger node, 13 mm (was 9 mm).", "The node has grown from 9 mm to 13 mm."),
        ("6 mm left renal calculus.", "The left kidney is 11.4 cm long. It contains a 6 mm stone in its upper pole."),
        ("Nodes of 12 mm and 20 mm.", "Groin nodes: 12 mm on the right, 20 mm on the left."),
        ("Right groin node, 12 mm.", "Groin nodes: 12 mm on the right, 20 mm on the left."),
        (
            "1.5 cm tonsillar abscess with a narrowed airway.",
            "Hypodense collection of 1.5 cm beside the right tonsil. The airway is narrowed to 8 mm.",
        ),
    ],
)
def test_a_size_of_the_same_thing_in_other_words_passes(impression: str, findings: str) -> None:
    assert find_changed(impression, findings, "") == []
    assert find_exchanged(impression, findings, "") == []


def test_an_exchange_shows_where_the_right_size_stands() -> None:
    (hit,) = find_exchanged("14 mm cyst of the right hepatic lobe.", LIVER, "")
    assert [(place.form, place.start) for place in hit] == [("impression", 0), ("findings", LIVER.index("31"))]


def test_a_size_that_the_background_has_may_be_of_anything() -> None:
    assert find_exchanged("14 mm cyst of the right hepatic lobe.", LIVER, "Indication: 14 mm cyst on ultrasound.") == []


@pytest.mark.parametrize(
    ("impression", "findings"),
    [
        ("Aneurysm of 6.1 cm.", "Aneurysm of up to 6.1 cm."),
        ("Nodes of 9 mm.", "No node exceeds 9 mm."),
        ("Nodes measuring up to 9 mm.", "Nodes, the largest 9 mm."),
        ("Stone of at least 2 cm.", "Stone of 2 cm."),
        ("Tube to be withdrawn by 3 cm.", "Tube 1 cm above the carina."),
        ("Consider advancing the line 4 cm.", "Line tip in the axillary vein, 9 cm of it inside."),
        ("12 mm nodule; CT in a year is advised for nodules of 6-8 mm.", "12 mm nodule."),
        ("Mass, grown by 4 mm.", "Mass of 17 mm, previously 13 mm."),
        ("Mass, reduced by 25 %.", "Mass of 15 mm, previously 20 mm."),
        ("Ejection fraction 41 %.", "Ejection fraction is 41."),
        ("Normal duct (normal up to 7 mm).", "The duct measures 4 mm."),
    ],
)
def test_bounds_and_advice_are_no_new_sizes(impression: str, findings: str) -> None:
    assert find_changed(impression, findings, "") == []


@pytest.mark.parametrize(
    ("impression", "findings"),
    [
        ("Aneurysm of up to 6.8 cm.", "Aneurysm of up to 6.1 cm."),
        ("Tube to be withdrawn by 5 cm.", "Recommend withdrawing the tube by 3 cm."),
        ("Mass, grown by 9 mm.", "Mass of 17 mm, previously 13 mm."),
        ("Ejection fraction 14 %.", "Ejection fraction is 41."),
    ],
)
def test_changed_bounds_and_advice_are_found(impression: str, findings: str) -> None:
    assert find_changed(impression, findings, "")


@pytest.mark.parametrize(
    ("impression", "findings"),
    [
        ("PI-RADS 3 lesion.", "Lesion, PI-RADS category 4."),
        ("BIRADS 2.", "BI-RADS 4C mass."),
        ("Lung-RADS 4A.", "Lung-RADS 4B nodule."),
        ("LR-3 observation.", "LR-5 observation."),
        ("Bosniak IIF cyst.", "Bosniak II cyst."),
        ("Type B aortic dissection.", "Type A dissection of the aorta."),
        ("Grade II splenic laceration.", "Splenic laceration, AAST grade IV."),
        ("Kellgren-Lawrence grade 2 osteoarthritis.", "Osteoarthritis, Kellgren-Lawrence grade 4."),
        ("ASPECTS of 9.", "ASPECTS is 6."),
        ("Agatston score of 31.", "Agatston score 310."),
        ("T-score of -1.2 at the hip.", "Hip T-score is -2.2."),
        ("SUV max 4.8.", "SUV max of 8.4."),
        (
            "TI-RADS 2 on the right, TI-RADS 5 on the left.",
            "Right lobe nodule: TI-RADS 5. Left lobe nodule: TI-RADS 2.",
        ),
    ],
)
def test_changed_grades_are_found(impression: str, findings: str) -> None:
    assert find_changed_grades(impression, findings, "")


@pytest.mark.parametrize(
    ("impression", "findings"),
    [
        ("PI-RADS IV lesion.", "Lesion, PI-RADS category 4."),
        ("BI-RADS 4.", "BI-RADS 4C mass."),
        ("BI-RADS 1.", "Normal breasts."),
        ("Grade 4 laceration of the spleen.", "Splenic laceration, AAST grade IV."),
        ("Grade 1 listhesis.", "Grade 3 hydronephrosis. Slight listhesis of L4."),
        ("Grade II-III sprain of the ligament.", "Grade 2 sprain of the ligament."),
        ("SUV 8.4.", "SUV max of 8.44."),
        ("TI-RADS 5 on the right.", "Right lobe nodule: TI-RADS 5. Left lobe nodule: TI-RADS 2."),
        ("Edema at the lateral aspect of 4 metatarsals.", "ASPECTS 7. The lateral aspects of 3 metatarsals."),
        ("Type II endoleak.", "Patient with type 1 diabetes. Type 2 endoleak."),
        ("No grade is given.", "Grade 4 laceration."),
    ],
)
def test_the_same_grade_in_other_words_passes(impression: str, findings: str) -> None:
    assert find_changed_grades(impression, findings, "") == []


def test_roman_numerals_and_letters_are_read() -> None:
    grades = find_grades("Bosniak IIF; grade III-IV tear; BI-RADS category 4a; type B dissection")
    assert [(grade.scale, sorted(grade.values)) for grade in grades] == [
        ("bosniak", ["2f"]),
        ("grade", ["3", "4"]),
        ("bi-rads", ["4a"]),
        ("type", ["b"]),
    ]


@pytest.mark.parametrize(
    ("impression", "findings", "right"),
    [
        ("Four left rib fractures.", "Two left rib fractures.", False),
        ("Solitary pulmonary nodule.", "Three pulmonary nodules.", False),
        ("Two left rib fractures.", "Two left rib fractures.", True),
        ("Five nodules.", "Two nodules on the right and three nodules on the left.", True),
        ("Four stones.", "Two stones on the right. Stones on the left.", True),
        ("Type 1 fracture of the dens.", "Two fractures of the dens.", True),
        ("Two right-sided cysts.", "Three hemangiomas.", True),
        ("Three views of the ribs.", "Two views. No rib fracture.", True),
    ],
)
def test_counts_are_compared_by_noun_and_summed(impression: str, findings: str, right: bool) -> None:
    assert (find_changed_counts(impression, findings) == []) is right


def test_a_size_of_something_else_is_found_though_the_finding_has_none() -> None:
    assert find_exchanged("8 mm renal stone.", "Stone in the kidney. The common bile duct is 8 mm wide.", "")
    assert find_exchanged("8 mm renal stone.", "Stone in the kidney, in the lower pole. It is 8 mm wide.", "") == []
