from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.models.loading import load_tokenizer
from radray.training.examples import Examples, endless, epoch_batches, share, tokenise, validation_batches


def _examples(lengths: list[int]) -> Examples:
    return Examples([[5] * length for length in lengths], [[1]] * len(lengths), 0, 0)


@given(lengths=st.lists(st.integers(1, 40), max_size=200), size=st.integers(1, 9), epoch=st.integers(0, 5))
def test_an_epoch_holds_each_example_once(lengths: list[int], size: int, epoch: int) -> None:
    batches = epoch_batches(_examples(lengths), size, seed=1, epoch=epoch)
    assert all(1 <= len(batch) <= size for batch in batches)
    assert len(batches) == -(-len(lengths) // size)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))


def test_batches_hang_on_seed_and_epoch_alone() -> None:
    examples = _examples(list(range(1, 101)))
    first = epoch_batches(examples, 8, seed=1, epoch=0)
    assert epoch_batches(examples, 8, seed=1, epoch=0) == first
    assert epoch_batches(examples, 8, seed=1, epoch=1) != first
    assert epoch_batches(examples, 8, seed=2, epoch=0) != first


def test_little_of_a_batch_is_padding() -> None:
    lengths = [1 + 7 * index % 100 for index in range(400)]
    batches = epoch_batches(_examples(lengths), 8, seed=1, epoch=0)
    padded = sum(max(lengths[index] for index in batch) * len(batch) for batch in batches)
    assert padded < 1.1 * sum(lengths)


def test_epochs_follow_one_another() -> None:
    examples = _examples([1, 2, 3])
    stream = endless(examples, 2, seed=1)
    expected = epoch_batches(examples, 2, seed=1, epoch=0) + epoch_batches(examples, 2, seed=1, epoch=1)
    assert [next(stream) for _ in range(4)] == expected


def test_validation_goes_longest_first() -> None:
    assert validation_batches(_examples([2, 9, 4]), 2) == [[1, 2], [0]]


def test_workers_share_a_batch_without_rest_or_overlap() -> None:
    assert [list(share([7, 8, 9, 10, 11], rank, 3)) for rank in range(3)] == [[7, 10], [8, 11], [9]]
    assert list(share([7], 1, 2)) == []


def test_long_texts_lose_their_end_keep_the_end_token_and_are_counted(toy_model: Path) -> None:
    tokenizer = load_tokenizer(toy_model)
    inputs = ["There is a small nodule on the left.", "nodule"]
    targets = ["Small left nodule.", "Large left effusion on the right on the left."]
    whole = tokenizer(inputs + targets)["input_ids"]
    made = tokenise(tokenizer, inputs, targets, max_input_tokens=8, max_target_tokens=8)
    assert made.inputs == [[*whole[0][:7], 1], whole[1]]
    assert made.targets == [whole[2], [*whole[3][:7], 1]]
    assert (made.inputs_truncated, made.targets_truncated) == (1, 1)


@pytest.mark.parametrize("limit", [8, 512])
def test_nothing_gives_nothing(toy_model: Path, limit: int) -> None:
    made = tokenise(load_tokenizer(toy_model), [], [], max_input_tokens=limit, max_target_tokens=limit)
    assert (len(made), made.inputs, made.targets) == (0, [], [])
    assert epoch_batches(made, 4, seed=1, epoch=0) == []
