"""Labels of a report, from people's codes and by our rules."""

import pytest

from radray.language.lexicon.concepts import CONCEPTS
from radray.tasks.answering import Entry
from radray.tasks.codes import CODED, parse_codes
from radray.tasks.labels.labels import LABELS, labels_of
from radray.tasks.labels.readings import concise, read_codes, read_texts


@pytest.mark.parametrize(
    ("codes", "entries"),
    [
        ("normal", ()),
        ("Hernia, Hiatal", ()),
        ("Cardiomegaly/mild", (Entry("cardiomegaly", "present"),)),
        ("Pleural Effusion/left/small;Pleural Effusion/right", (Entry("pleural_effusion", "present", "bilateral"),)),
        ("Calcified Granuloma/lung/base/right;normal", (Entry("granuloma", "present", "right"),)),
        ("Mass/lung/right", (Entry("lung_lesion", "present", "right"),)),
        ("Stents/coronary vessels/left", (Entry("support_devices", "present", "left"),)),
        # signs that our phrases count as the label are not it yet
        ("Lung/hyperdistention;Diaphragm/flattened;Pulmonary Congestion", ()),
        ("Markings/bronchovascular;Volume Loss/lung/lower lobe/left", ()),
        ("Lung/hyperdistention;Pulmonary Emphysema", (Entry("emphysema", "present"),)),
        # an opacity that a pneumonia explains says no more, but the side of one elsewhere does
        ("Opacity/lung;Pneumonia/right", (Entry("pneumonia", "present", "right"),)),
        (
            "Opacity/lung/left;Pneumonia/right",
            (Entry("lung_opacity", "present", "left"), Entry("pneumonia", "present", "right")),
        ),
    ],
)
def test_codes_are_read_as_what_is_there(codes: str, entries: tuple[Entry, ...]) -> None:
    assert read_codes(parse_codes(codes)) == entries


def test_the_strongest_state_of_a_report_prevails_with_its_side() -> None:
    texts = ["No pleural effusion. Possible left basilar atelectasis.", "Atelectasis in the right lower lobe."]
    assert read_texts(texts) == (Entry("atelectasis", "present", "right"), Entry("pleural_effusion", "absent"))


def test_that_a_kind_is_absent_leaves_the_label_open() -> None:
    assert read_texts(["No mass."]) == ()
    assert read_texts(["No pneumothorax."]) == (Entry("pneumothorax", "absent"),)


def test_a_denied_label_gives_way_to_a_kind_of_it() -> None:
    # "no focal opacity" is not said of the nodule
    assert read_texts(["No lung opacity.", "Nodule in the left upper lobe."]) == (Entry("nodule", "present", "left"),)


def test_a_certain_label_stays_beside_a_possible_kind() -> None:
    reading = {"pneumonia": ("uncertain", frozenset({"left"})), "lung_opacity": ("present", frozenset({"left"}))}
    assert concise(reading) == (Entry("lung_opacity", "present", "left"), Entry("pneumonia", "uncertain", "left"))


def test_every_code_and_label_is_of_a_concept() -> None:
    assert set(LABELS) <= {coded.id for coded in CODED} <= CONCEPTS.keys()
    assert len(set(LABELS)) == len(LABELS)
    assert labels_of("osteophyte") == {"degenerative_change"}
    assert labels_of("stent") == {"support_devices"}
    assert labels_of("gallstones") == frozenset()
