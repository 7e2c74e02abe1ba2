"""Checks that need no concept: measurements, communications, earlier exams."""

import pytest

from radray.checks.communication import find_communication
from radray.checks.numbers.measurements import find_changed, find_measurements
from radray.checks.prior import find_prior, knows_prior
from radray.checks.recommendations.actions import find_actions

NODULE = "There is an 8 mm nodule in the right upper lobe and a 2.4 x 1.85 cm mass at the left base."


@pytest.mark.parametrize(
    "impression",
    [
        "8 mm right upper lobe nodule.",
        "0.8 cm nodule.",
        "An 8-mm nodule and a 2.4 x 1.9 cm mass.",
        "A mass of 24 mm by 19 mm.",
        "2 cm mass at the left base.",
        "Mass measuring 2.4 centimeters.",
        "Nodule smaller than 1 cm.",
        "Right upper lobe nodule, follow-up in 6 months.",
        "Compression of T12, two views.",
        "Eight mm nodule.",
    ],
)
def test_equal_measurements_pass(impression: str) -> None:
    assert find_changed(impression, NODULE, "") == []


@pytest.mark.parametrize(
    ("impression", "words"),
    [
        ("8 cm right upper lobe nodule.", "8 cm"),
        ("9 mm nodule.", "9 mm"),
        ("28 mm nodule.", "28 mm"),
        ("0.08 cm nodule.", "0.08 cm"),
        ("2.4 x 1.3 cm mass.", "1.3 cm"),
        ("Mass of 2.4 mm.", "2.4 mm"),
        ("A nodule measuring three cm.", "three cm"),
        ("Nodule, 8 % of the lobe.", "8 %"),
        ("Mass of 2.5 centimetres.", "2.5 centimetres"),
        ("5-mm nodule.", "5-mm"),
    ],
)
def test_changed_measurements_are_found(impression: str, words: str) -> None:
    (hit,) = find_changed(impression, NODULE, "")
    assert impression[hit[0].start : hit[0].end] == words


def test_another_unit_shows_where_the_number_stands() -> None:
    (hit,) = find_changed("An 8 cm nodule.", NODULE, "")
    assert [(place.form, place.start) for place in hit] == [("impression", 3), ("findings", NODULE.index("8"))]


def test_a_measurement_of_the_background_is_known() -> None:
    assert find_changed("A 7 mm stone.", "A stone is seen.", "Indication: 7 mm stone.") == []


def test_both_numbers_of_a_product_and_of_a_range_have_the_unit() -> None:
    measurements = find_measurements("1.9 x 1.8 cm, 4-5 mm")
    assert [measurement.value for measurement in measurements] == pytest.approx([19, 18, 4, 5])
    assert [measurement.step for measurement in measurements] == pytest.approx([1, 1, 1, 1])


def test_a_date_before_a_measurement_is_none() -> None:
    assert [measurement.value for measurement in find_measurements("on 03/12/2019 and 4.3 cm")] == pytest.approx([43])


PLAIN = "There is a large opacity in the left lower lobe."


@pytest.mark.parametrize(
    "impression",
    [
        "Left lower lobe pneumonia. Dr. Adams was notified at 4 p.m.",
        "Findings discussed with the ordering clinician.",
        "These results were called to the ward.",
        "The emergency department was made aware.",
        "Left opacity, paged to the resident on call.",
        "I spoke with the surgical team about this.",
        "Critical result notification was sent.",
        "Verbal report given to the nurse, who read it back.",
        "The referring office acknowledged receipt.",
        "Message left with the clinic.",
        "Results conveyed to the provider by telephone.",
        "Pneumonia. Team aware.",
    ],
)
def test_invented_communications_are_found(impression: str) -> None:
    assert find_communication(impression, PLAIN, "Indication: cough.")


@pytest.mark.parametrize(
    "impression",
    [
        "Left lower lobe pneumonia, as discussed above.",
        "Please notify the referring clinician.",
        "Communicating fistula to the pleural space.",
        "So-called pseudotumor of the fissure.",
        "The patient should be told to return.",
        "Findings as reported previously.",
        "Nodule called benign on CT.",
        "Left lower lobe opacity, clinical correlation advised.",
        "Consider discussion at the tumor board.",
    ],
)
def test_what_tells_nobody_passes(impression: str) -> None:
    assert find_communication(impression, PLAIN, "Indication: cough.") == []


def test_a_communication_that_the_findings_have_is_not_invented() -> None:
    assert find_communication("Dr. B was notified.", f"{PLAIN} This was discussed with Dr. B.", "") == []


@pytest.mark.parametrize(
    "impression",
    [
        "Unchanged left lower lobe opacity.",
        "Stable appearance of the chest.",
        "No interval change.",
        "Opacity, increased since the prior exam.",
        "New left lower lobe opacity.",
        "Improving aeration compared to yesterday's film.",
        "Worsening pneumonia.",
        "Persistent left base opacity.",
        "Left opacity again seen.",
        "Interval development of pneumonia.",
        "The effusion has resolved.",
        "No significant change in the opacity.",
        "Left base opacity, smaller than on the previous exam of the chest.",
        "Increase in size since prior.",
    ],
)
@pytest.mark.parametrize(
    "background",
    [
        "",
        "Indication: cough. Comparison: None.",
        "Comparison: No prior films available.",
        "Indication: new onset cough, worsening dyspnea. Comparison: None.",
    ],
)
def test_invented_priors_are_found(impression: str, background: str) -> None:
    assert find_prior(impression, PLAIN, background)


@pytest.mark.parametrize(
    "impression",
    [
        "Left lower lobe pneumonia.",
        "Degenerative changes of the spine.",
        "Prior granulomatous disease.",
        "Recommend follow-up to ensure resolution.",
        "Comparison with old films would be helpful.",
        "No prior exam is available for comparison.",
        "Increased lung markings.",
        "Decreased lung volumes.",
        "If symptoms persist, obtain a CT.",
        "Old healed rib fracture.",
        "Chronic changes.",
        "Deformity compatible with previous surgery.",
        "Scarring from prior histoplasmosis.",
        "Early infiltrate, perhaps a developing pneumonia.",
        "Progressive consolidation is not excluded.",
        "Side port of the drain outside the chest.",
        "Pneumonia remains a consideration.",
        "High-resolution CT shows fibrosis.",
        "Stable fracture pattern.",
        "Persistent left superior vena cava.",
        "The bases cannot be cleared.",
    ],
)
def test_what_needs_no_earlier_exam_passes(impression: str) -> None:
    assert find_prior(impression, PLAIN, "Comparison: None.") == []


@pytest.mark.parametrize(
    ("findings", "background"),
    [
        (PLAIN, "Indication: cough. Comparison: Chest radiograph of May."),
        (PLAIN, "Comparison: ___."),
        ("The opacity is unchanged.", "Comparison: None."),
        ("Compared to the previous study the opacity is smaller.", ""),
        (PLAIN, "Indication: follow-up of pneumonia."),
        ("New opacity at the base.", ""),
    ],
)
def test_with_an_earlier_exam_at_hand_change_is_not_invented(findings: str, background: str) -> None:
    assert knows_prior(findings, background)
    assert find_prior("Unchanged left opacity.", findings, background) == []


@pytest.mark.parametrize(
    "background",
    [
        "Comparison: None",
        "Comparison: none available. Technique: two views.",
        "Comparison: No comparison studies.",
        "Comparison:",
    ],
)
def test_a_comparison_with_nothing_is_no_earlier_exam(background: str) -> None:
    assert not knows_prior(PLAIN, background)


@pytest.mark.parametrize(
    "text",
    [
        "Recommend CT of the chest.",
        "Follow-up in 6 weeks is suggested.",
        "Clinical correlation is advised.",
        "Consider biopsy.",
        "A chest CT would be helpful.",
        "Repeat film in two days.",
        "Further evaluation with MRI.",
        "The tube should be withdrawn by 2 cm.",
    ],
)
def test_actions_are_found(text: str) -> None:
    assert find_actions(text)


@pytest.mark.parametrize(
    "text",
    [
        "Opacity suggestive of pneumonia.",
        "Considerations include edema.",
        "No acute disease.",
        "Further to the left lies a nodule.",
        "Normal follow-through.",
        "The appearance suggests emphysema.",
        "Status post biopsy.",
        "CT shows a nodule.",
    ],
)
def test_descriptions_are_no_actions(text: str) -> None:
    assert find_actions(text) == ()
