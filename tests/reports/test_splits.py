import collections
import hashlib
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.errors import InputError
from radray.reports.record.identity import split_key
from radray.reports.splits import count_missing, digest_split, is_validation, read_split_file
from tests.support.paths import data_folder

REAL = data_folder() / "mediqa2021" / "mimic_split_train_dev.csv"


def splits(text: str, encoding: str = "utf-8") -> Any:
    return read_split_file(io.BytesIO(text.encode(encoding)))


def test_what_a_corpus_holds_out_is_test() -> None:
    words = {
        "train": "train",
        "Training ": "train",
        "test": "test",
        "dev": "test",
        "val": "test",
        "valid": "test",
        "validate": "test",
        "validation": "test",
    }
    text = "subject_id,study_id,split\n" + "".join(f"7,s{number},{word}\n" for number, word in enumerate(words))
    assert splits(text) == {f"s{number}": split for number, split in enumerate(words.values())}


def test_a_study_may_stand_in_several_rows_of_one_split() -> None:
    assert splits("\ufeffstudy_id,split\r\n 1 ,train\r\n\r\n1,train\r\n2,test\r\n") == {"1": "train", "2": "test"}


def test_no_rows_give_no_splits() -> None:
    assert splits("study_id,split\n") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("study_id,split\n1,train\n2,later\n", "line 3: split is not one of train"),
        ("study_id,split\n1,train\n1,dev\n", "line 3: the study is in another split"),
        ("study_id,split\n1,train\n ,dev\n", "line 3: the study_id is blank"),
        ("study_id,split\n1,train\n2\n", "line 3: malformed; expected 2 cells"),
        ("study_id,part\n1,train\n", "no column split: expected study_id, split; found 2 names, study_id among them"),
        ("", "is empty"),
    ],
)
def test_a_file_that_does_not_decide_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        splits(text)


def test_a_byte_order_mark_decides_the_encoding() -> None:
    text = "\ufeffstudy_id,split\r\n007,train\r\n7,test\r\n"
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        assert splits(text, encoding) == {"007": "train", "7": "test"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"study_id,split\n\x81,train\n", "line 2: bad encoding"),
        (b"study_id,split\n1\x00,train\n", "line 2: bad encoding"),
        (b'study_id,split\n"1,train\n2,train\n', "line 2: malformed; expected 2 cells of text"),
        ("study_id,split\n1,train\n".encode("utf-16-le"), "found a first line that is bad encoding"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_split_file(io.BytesIO(data))


def test_ids_that_no_report_has_are_counted() -> None:
    assigned = {"3": "train", "1": "test", "2": "train", "10": "train"}
    assert count_missing(assigned, iter(["2", None, "other", "2"])) == 3
    assert count_missing(assigned, assigned) == 0
    assert count_missing({}, ["1"]) == 0


SUBJECTS = st.one_of(st.none(), st.sampled_from(["", " ", "p1", "p2", "p3", "p4"]))
REPORTS = st.lists(st.tuples(st.sampled_from("abcdefgh"), SUBJECTS, st.sampled_from(["Clear.", "clear", "Edema.", ""])))


@given(REPORTS, REPORTS, st.floats(0, 1), st.integers(0, 9))
def test_adding_reports_moves_none_and_no_subject_is_in_two_splits(
    before: Any, more: Any, fraction: float, seed: int
) -> None:
    def parts(reports: Any) -> list[bool]:
        keys = [split_key("d", *report) for report in reports]
        return [is_validation(key, fraction=fraction, seed=seed) for key in keys]

    assert parts([*before, *more])[: len(before)] == parts(before)
    assert sorted(parts([*more, *before])) == sorted(parts([*before, *more]))
    drawn = collections.defaultdict(set)
    for report, part in zip([*before, *more], parts([*before, *more]), strict=True):
        if (report[1] or "").strip():
            drawn[report[1]].add(part)
    assert all(len(part) == 1 for part in drawn.values())


def test_the_digest_hangs_on_what_the_file_says() -> None:
    assert digest_split({"2": "test", "1": "train"}) == hashlib.sha256(b'[["1", "train"], ["2", "test"]]').hexdigest()
    assert digest_split({"1": "train", "2": "test"}) == digest_split({"2": "test", "1": "train"})
    assert digest_split({}) == hashlib.sha256(b"[]").hexdigest()


def test_validation_is_drawn_as_stated() -> None:
    drawn = int(hashlib.sha256(b"13:openi:s1").hexdigest()[:16], 16) / 2**64
    assert is_validation("openi:s1", fraction=drawn + 1e-9, seed=13)
    assert not is_validation("openi:s1", fraction=drawn - 1e-9, seed=13)


def test_validation_is_about_its_fraction_of_the_keys() -> None:
    # 10,000 draws of 5 %: sd 22
    keys = [f"p{number}" for number in range(10_000)]
    assert 400 < sum(is_validation(key, fraction=0.05, seed=13) for key in keys) < 600
    assert not any(is_validation(key, fraction=0.0, seed=13) for key in keys)
    assert all(is_validation(key, fraction=1.0, seed=13) for key in keys)


def test_another_seed_draws_other_keys() -> None:
    keys = [f"p{number}" for number in range(1_000)]
    first, second = ({key for key in keys if is_validation(key, fraction=0.2, seed=seed)} for seed in (1, 2))
    assert first != second


@given(st.text(st.characters(exclude_categories=["Cs"])), st.floats(0, 1), st.floats(0, 1))
def test_a_greater_fraction_keeps_what_a_smaller_one_drew(key: str, first: float, second: float) -> None:
    less, more = sorted((first, second))
    assert is_validation(key, fraction=more, seed=3) >= is_validation(key, fraction=less, seed=3)


def test_the_real_split_file_is_read() -> None:
    if not REAL.is_file():
        pytest.skip(f"the MEDIQA 2021 split file is not here: {REAL}")
    with REAL.open("rb") as file:
        assert collections.Counter(read_split_file(file).values()) == {"train": 91_544, "test": 2_000}
