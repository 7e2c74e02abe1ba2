"""The phrase table holds together: ids, parents, sources, urgency, and no phrase that another swallows."""

import pytest

from radray.language.lexicon.attributes import CHANGES, SEVERITIES, SEVERITY_WORDS
from radray.language.lexicon.concepts import CONCEPTS, URGENCIES, ancestors
from radray.language.lexicon.cues import CUES
from radray.language.lexicon.pairs import ANATOMY, ATTRIBUTES, BORDERLINE_PAIRS, NORMAL_PAIRS

CHEXPERT = {
    *("no_finding", "enlarged_cardiomediastinum", "cardiomegaly", "lung_opacity", "lung_lesion", "edema"),
    *("consolidation", "pneumonia", "atelectasis", "pneumothorax", "pleural_effusion", "pleural_other", "fracture"),
    "support_devices",
}


def test_the_fourteen_observations_are_there() -> None:
    assert len(CHEXPERT) == 14
    assert {concept.id for concept in CONCEPTS.values() if "CheXpert" in concept.source} >= CHEXPERT


def test_every_concept_is_written_out() -> None:
    for name, concept in CONCEPTS.items():
        assert name == concept.id
        assert concept.name
        assert concept.synonyms
        assert concept.source
        assert concept.urgency in (None, *URGENCIES)
        assert all(phrase == phrase.lower().strip() for phrase in concept.synonyms)
        assert len(set(concept.synonyms)) == len(concept.synonyms), name
        assert set(concept.parents) <= CONCEPTS.keys()
        for anatomy, attribute in concept.pairs:
            assert anatomy in ANATOMY
            assert attribute in ATTRIBUTES


def test_ancestors_are_all_the_way_up_and_never_the_concept_itself() -> None:
    assert ancestors("pneumonia") == {"consolidation", "infiltrate", "airspace_disease", "lung_opacity"}
    assert ancestors("tension_pneumothorax") == {"pneumothorax"}
    assert ancestors("lung_opacity") == frozenset()
    assert all(concept not in ancestors(concept) for concept in CONCEPTS)
    with pytest.raises(KeyError):
        ancestors("no such concept")


def test_what_may_not_be_missed_has_its_urgency() -> None:
    critical = {concept.id for concept in CONCEPTS.values() if concept.urgency == "critical"}
    assert critical >= {
        *("pneumothorax", "tension_pneumothorax", "free_air", "pulmonary_embolism", "aortic_dissection", "torsion"),
        *("intracranial_hemorrhage", "malpositioned_device", "appendicitis", "bowel_obstruction", "bowel_ischemia"),
        *("acute_infarct", "cord_compression", "ectopic_pregnancy", "aortic_rupture"),
    }
    urgent = {concept.id for concept in CONCEPTS.values() if concept.urgency == "urgent"}
    assert urgent >= {"displaced_fracture", "mass", "malignancy", "pneumonia"}


def test_normal_pairs_name_concepts_and_parts_of_the_tables() -> None:
    for anatomy, attribute, concept in (*NORMAL_PAIRS, *BORDERLINE_PAIRS):
        assert anatomy in ANATOMY
        assert attribute in ATTRIBUTES
        assert concept in CONCEPTS


def test_no_cue_is_the_name_of_a_concept() -> None:
    names = {phrase for concept in CONCEPTS.values() for phrase in concept.synonyms}
    assert not names & {phrase for phrases in (*CUES.values(), *CHANGES.values()) for phrase in phrases}


def test_severities_are_on_the_scale() -> None:
    assert set(SEVERITY_WORDS.values()) == set(SEVERITIES)
