"""The synthetic corpus: form, determinism, splits, and impressions that follow from findings by rule."""

import io
import re
import zipfile
from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from radray.errors import ConfigError
from radray.reports.synthetic.studies import SyntheticStudy, make_studies, split_rows, write_zip

STUDIES = list(make_studies(4000, seed=7))

_SECTIONS = re.compile(
    r" {33}FINAL REPORT\n EXAMINATION:  (?P<exam>.*?)\n \n (?:INDICATION|HISTORY):  (?P<indication>.*?)\n \n"
    r" TECHNIQUE:  .*?\n \n COMPARISON:  (?P<comparison>.*?)\n \n FINDINGS:\n \n (?P<findings>.*?)\n \n"
    r" IMPRESSION:\n \n (?P<impression>.*)\n",
    re.DOTALL,
)


def _parts(study: SyntheticStudy) -> dict[str, str]:
    match = _SECTIONS.fullmatch(study.text)
    assert match is not None, study.study_id
    return {name: " ".join(text.split()) for name, text in match.groupdict().items()}


PARTS = [_parts(study) for study in STUDIES]


def _items(impression: str) -> list[str]:
    return [item.strip() for item in re.split(r"(?:^|(?<=\.) )[123]\. ", impression) if item.strip()]


def test_same_seed_same_studies_and_fewer_are_a_prefix_of_more() -> None:
    assert list(make_studies(300, seed=7)) == STUDIES[:300]
    assert [s.text for s in make_studies(50, seed=8)] != [s.text for s in STUDIES[:50]]
    assert list(make_studies(0, seed=7)) == []


def test_a_count_beyond_the_ids_is_refused() -> None:
    with pytest.raises(ValueError, match="count must be 0 to 10,000,000"):
        next(make_studies(10_000_001, seed=1))


def test_ids_have_mimics_form_and_are_distinct() -> None:
    study = STUDIES[0]
    assert all(re.fullmatch(r"1\d{7}", s.subject_id) and re.fullmatch(r"5\d{7}", s.study_id) for s in STUDIES)
    assert len({s.study_id for s in STUDIES}) == 4000
    assert study.path == f"files/p{study.subject_id[:2]}/p{study.subject_id}/s{study.study_id}.txt"
    runs = Counter(s.subject_id for s in STUDIES)
    assert set(runs.values()) == {1, 2, 3, 4}
    # a subject's studies stand together: as many changes of subject as subjects
    changes = sum(a.subject_id != b.subject_id for a, b in pairwise(STUDIES))
    assert changes + 1 == len(runs)


def test_lines_are_wrapped_and_indented_as_mimic_does() -> None:
    lines = [line for study in STUDIES for line in study.text.split("\n")[:-1]]
    assert all(line.startswith(" ") and len(line) <= 80 for line in lines)
    assert all("  " not in parts["findings"] for parts in PARTS)


def test_variety_and_compactness() -> None:
    impressions = [parts["impression"] for parts in PARTS]
    words = {word for study in STUDIES for word in re.findall(r"[a-z]+", study.text.lower())}
    assert len({parts["findings"] for parts in PARTS}) == 4000
    assert len({text for text, study in zip(impressions, STUDIES, strict=True) if study.abnormal}) > 1700
    assert 200 < len(words) < 450
    assert 0.37 < sum(not s.abnormal for s in STUDIES) / 4000 < 0.43
    assert {len(_items(text)) for text in impressions} == {1, 2, 3}
    assert {len(re.findall(r"\.(?: |$)", parts["findings"])) for parts in PARTS} <= set(range(4, 10))


def test_normal_impressions_are_three_and_chosen_by_the_indication() -> None:
    chosen = defaultdict(set)
    for study, parts in zip(STUDIES, PARTS, strict=True):
        if not study.abnormal:
            reason = re.search(r"fever|cough|after a|$", parts["indication"])
            assert reason is not None
            chosen[reason[0]].add(parts["impression"])
    assert chosen == {
        "fever": {"No evidence of pneumonia."},
        "cough": {"No evidence of pneumonia."},
        "after a": {"No acute fracture or pneumothorax."},
        "": {"No acute cardiopulmonary process."},
    }


def test_anatomy_is_sane() -> None:
    assert not any(re.search(r"left middle lobe|right lingula", s.text) for s in STUDIES)
    for parts in PARTS:
        above = re.search(r"endotracheal tube (?:tip is|ends) (\d\.\d) cm above", parts["findings"])
        if above is None:
            continue
        low, high = float(above[1]) < 2, float(above[1]) > 7
        assert ("Low endotracheal tube" in parts["impression"]) == low
        assert ("High endotracheal tube" in parts["impression"]) == high
        assert low or high or 3 <= float(above[1]) <= 5.5


def test_what_the_impression_says_stands_in_the_findings() -> None:
    advice = re.compile(r"recommend withdrawal by 2 cm|recommend advancing by 3 cm")
    for parts in PARTS:
        impression = advice.sub("", parts["impression"])
        for measure in re.findall(r"\d(?:\.\d)? cm", impression):
            assert measure in parts["findings"]
        for word in re.findall(
            r"\b(?:trace|tiny|small|large|severe|T\d+|[a-z]+th(?= rib)|lingula\w*)\b", impression, re.IGNORECASE
        ):
            assert re.search(word.removesuffix("r"), parts["findings"], re.IGNORECASE)


@pytest.fixture(scope="module")
def many_parts() -> list[dict[str, str]]:
    return PARTS + [_parts(study) for study in make_studies(6000, seed=3)]


@pytest.mark.parametrize(
    ("finding", "indication", "item"),
    [
        (
            r"([Ff]ocal|[Pp]atchy) \w+ in the right middle lobe is (seen|noted|present)",
            "cough",
            "concerning for pneumonia",
        ),
        (
            r"([Ff]ocal|[Pp]atchy) \w+ in the right middle lobe is (seen|noted|present)",
            "hypoxia",
            "atelectasis or pneumonia",
        ),
        (r"[Ff]ree air under the left hemidiaphragm", "abdominal surgery", "likely postoperative"),
        (r"[Ff]ree air under the left hemidiaphragm", "chest pain", "concerning for perforation"),
        (r"[Mm]ediastinum is shifted to the left", "", "Large right tension pneumothorax."),
    ],
)
def test_impressions_interpret(many_parts: list[dict[str, str]], finding: str, indication: str, item: str) -> None:
    hits = [p for p in many_parts if re.search(finding, p["findings"]) and indication in p["indication"]]
    # a second opacity makes it multifocal
    hits = [p for p in hits if "Multifocal" not in p["impression"]]
    assert hits
    assert all(item in p["impression"] for p in hits)


def test_two_effusions_become_one_item() -> None:
    merged = 0
    for parts in PARTS:
        sides = set(re.findall(r"(right|left) pleural effusion", parts["findings"]))
        effusions = [item for item in _items(parts["impression"]) if "effusion" in item]
        assert len(effusions) <= 1
        if sides == {"right", "left"} and effusions:
            assert "ilateral pleural effusions" in effusions[0]
            merged += 1
    assert merged > 50


def test_the_most_urgent_item_stands_first() -> None:
    order = ["tension", "Free air", "pneumothorax", "mass,", "effusion", "nodule", "rib fracture", "cardiomegaly"]
    compared = 0
    for study, parts in zip(STUDIES, PARTS, strict=True):
        if not study.abnormal:
            continue
        ranks = [next((i for i, key in enumerate(order) if key in item), None) for item in _items(parts["impression"])]
        known = [rank for rank in ranks if rank is not None and "or pneumothorax" not in parts["impression"]]
        compared += len(known) > 1
        assert known == sorted(known)
    assert compared > 50


def test_changes_are_stated_only_with_a_prior_study() -> None:
    change = re.compile(r"prior study|unchanged|increased|decreased|worsened|improved|\b[Nn]ew\b|larger|smaller|stable")
    counts = Counter((parts["comparison"], bool(change.search(parts["findings"]))) for parts in PARTS)
    assert counts["None.", True] == 0
    assert counts["Chest radiograph ___.", True] > 500


def test_split_rows_keep_subjects_whole() -> None:
    rows = split_rows(STUDIES, held_out=300)
    assert [(study_id, subject_id) for study_id, subject_id, _ in rows] == [(s.study_id, s.subject_id) for s in STUDIES]
    test_subjects = {subject for _, subject, split in rows if split == "test"}
    assert not test_subjects & {subject for _, subject, split in rows if split == "train"}
    assert 300 <= sum(split == "test" for _, _, split in rows) <= 303
    assert {split for _, _, split in split_rows(STUDIES[:9], held_out=0)} == {"train"}


def test_split_rows_refuse_to_leave_no_training_study() -> None:
    with pytest.raises(ConfigError, match=r"demo\.held_out"):
        split_rows(STUDIES[:20], held_out=20)


def test_zip_holds_every_report_and_is_the_same_twice() -> None:
    first, second = io.BytesIO(), io.BytesIO()
    write_zip(STUDIES[:40], first)
    write_zip(make_studies(40, seed=7), second)
    assert first.getvalue() == second.getvalue()
    with zipfile.ZipFile(first) as archive:
        assert {name: archive.read(name).decode() for name in archive.namelist()} == {
            study.path: study.text for study in STUDIES[:40]
        }
