"""A word that several organs share means the organ named beside it; emergencies are found in other words, too."""

import pytest

from radray.language.lexicon.concept import expand
from radray.language.lexicon.trie import TRIE, scan
from radray.language.mentions import State, find_mentions


def concepts(text: str) -> set[str]:
    return {mention.concept for mention in find_mentions(text) if mention.state is State.PRESENT}


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("Obstruction at the left ureterovesical junction.", "urinary_obstruction"),
        ("Obstruction of the bronchus by a mucous plug.", "airway_compromise"),
        ("Obstruction of the distal ileum.", "bowel_obstruction"),
        ("Obstruction with dilated small bowel loops.", "bowel_obstruction"),
        ("Herniation at L5-S1 abuts the nerve root.", "disc_herniation"),
        ("Herniation of the right uncus.", "brain_herniation"),
        ("A wedge of infarction in the spleen.", "organ_infarct"),
        ("Old infarction of the left thalamus.", "chronic_infarct"),
        ("New infarction of the left thalamus.", "acute_infarct"),
        ("Prior right radical neck dissection.", "postsurgical_change"),
        ("The dissection reaches the left iliac artery.", "aortic_dissection"),
        ("Edema of the bone marrow in the tibial plateau.", "soft_tissue_swelling"),
        ("Cardiomegaly with interstitial edema.", "edema"),
        ("A moderate effusion of the left knee.", "joint_effusion"),
        ("Collapse of the L1 vertebral body.", "fracture"),
        ("Collapse of the left lower lobe.", "atelectasis"),
        ("Thrombus extends into the splenic vein.", "visceral_vein_thrombosis"),
    ],
)
def test_a_shared_word_is_of_the_organ_beside_it(text: str, concept: str) -> None:
    named = {mention.concept for mention in find_mentions(text)}
    shared = {"bowel_obstruction", "urinary_obstruction", "airway_compromise", "disc_herniation", "brain_herniation"}
    shared |= {"organ_infarct", "chronic_infarct", "acute_infarct", "postsurgical_change", "aortic_dissection", "edema"}
    shared |= {"soft_tissue_swelling", "joint_effusion", "pleural_effusion", "fracture", "atelectasis"}
    assert concept in named
    assert not named & (shared - {concept})


@pytest.mark.parametrize(
    "text",
    [
        "Mass effect on the urinary bladder by the uterus.",
        "Perforation of the nasal septum.",
        "Ectopic ossification about the hip.",
        "Restricted diffusion within the prostate lesion.",
        "Scalp laceration with a small foreign body.",
        "Embolism coils in the gastroduodenal artery.",
        "Small thrombus in the left atrial appendage.",
        "Haemorrhage within a renal cyst.",
        "Ocular hemorrhage on the right.",
    ],
)
def test_a_shared_word_of_another_organ_is_no_emergency(text: str) -> None:
    emergencies = {"brain_herniation", "free_air", "ectopic_pregnancy", "acute_infarct", "organ_laceration"}
    emergencies |= {"pulmonary_embolism", "deep_vein_thrombosis", "intracranial_hemorrhage"}
    assert not concepts(text) & emergencies


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("Gas collects below the left hemidiaphragm.", "free_air"),
        ("The falciform ligament sign is seen.", "free_air"),
        ("The lung edge is separated from the chest wall.", "pneumothorax"),
        ("A left haemopneumothorax has developed.", "pneumothorax"),
        ("An eccentric filling defect lies in the left lower lobe artery.", "pulmonary_embolism"),
        ("Blood layers in the occipital horns.", "intracranial_hemorrhage"),
        ("Loss of the left insular ribbon.", "acute_infarct"),
        ("The grey-white interface is blurred over the right convexity.", "acute_infarct"),
        ("The left ovary is enlarged without arterial flow.", "torsion"),
        ("The basilar artery fails to opacify.", "arterial_occlusion"),
        ("The right popliteal vein does not compress.", "deep_vein_thrombosis"),
        ("The cecal wall shows absent enhancement; bowel is ischemic.", "bowel_ischemia"),
        ("There is no fetal heart motion.", "placental_abruption"),
        ("The spleen is shattered.", "organ_laceration"),
        ("The basal cisterns are effaced.", "brain_herniation"),
    ],
)
def test_an_emergency_is_found_in_other_words(text: str, concept: str) -> None:
    assert concept in concepts(text)


@pytest.mark.parametrize(
    "text",
    [
        "No gas below the left hemidiaphragm.",
        "No filling defect in the left lower lobe artery.",
        "No blood in the occipital horns.",
        "The right popliteal vein is compressible.",
        "No flow limiting stenosis of the basilar artery.",
        "The left ventricle is dilated.",
    ],
)
def test_a_denied_emergency_in_other_words_is_none(text: str) -> None:
    emergencies = {"free_air", "pulmonary_embolism", "intracranial_hemorrhage", "deep_vein_thrombosis"}
    assert not concepts(text) & (emergencies | {"arterial_occlusion", "hydrocephalus"})


def test_a_bracket_stands_for_each_of_its_words() -> None:
    assert expand("air (under|below) (the|) diaphragm") == [
        *("air under the diaphragm", "air under diaphragm", "air below the diaphragm", "air below diaphragm")
    ]
    assert expand("free air") == ["free air"]


def test_singular_and_plural_of_two_roles_are_one_phrase() -> None:
    ((_, _, entry),) = scan(TRIE, ["clot"], [0], 0, 1)
    assert entry.concepts == ("deep_vein_thrombosis",)
    assert entry.attributes == ("clot",)
