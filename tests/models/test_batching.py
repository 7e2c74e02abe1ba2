import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.models.batching import equal_length_batches, in_order, length_batches, pad


def test_longest_come_first_and_ties_stay_in_order() -> None:
    assert length_batches([3, 9, 3, 1, 9], 2) == [[1, 4], [0, 2], [3]]


def test_nothing_gives_no_batches() -> None:
    assert length_batches([], 4) == equal_length_batches([], 4) == []
    assert in_order([], []) == []
    assert pad([], 0) == []


def test_a_batch_holds_at_least_one_row() -> None:
    with pytest.raises(ValueError, match="max_rows"):
        length_batches([1], 0)
    with pytest.raises(ValueError, match="max_tokens"):
        length_batches([1], 1, 0)
    with pytest.raises(ValueError, match="max_rows"):
        equal_length_batches([1], 0)


def test_a_batch_is_no_wider_than_its_tokens_and_a_long_row_stands_alone() -> None:
    # the first alone is over 8 tokens, two of the next too; 2 x 3 is not
    assert length_batches([3, 9, 5, 1, 5, 3], 10, 8) == [[1], [2], [4], [0, 5], [3]]
    assert length_batches([3, 9, 5, 1, 5, 3], 10, 10) == [[1], [2, 4], [0, 5, 3]]
    assert length_batches([0, 0], 10, 8) == [[0, 1]]


@given(lengths=st.lists(st.integers(0, 50)), rows=st.integers(1, 7))
def test_batches_hold_each_index_once_and_the_order_comes_back(lengths: list[int], rows: int) -> None:
    batches = length_batches(lengths, rows)
    assert all(1 <= len(batch) <= rows for batch in batches)
    flat = [lengths[index] for batch in batches for index in batch]
    assert flat == sorted(lengths, reverse=True)
    assert in_order(batches, [[lengths[index] for index in batch] for batch in batches]) == lengths


@given(lengths=st.lists(st.integers(0, 12), max_size=40), rows=st.integers(1, 7), tokens=st.none() | st.integers(1, 40))
def test_rows_of_one_batch_may_be_required_to_be_equally_long(
    lengths: list[int], rows: int, tokens: int | None
) -> None:
    batches = equal_length_batches(lengths, rows, tokens)
    assert all(len({lengths[index] for index in batch}) == 1 for batch in batches)
    assert all(1 <= len(batch) <= rows for batch in batches)
    # none is wider than its tokens but a row that is so alone
    assert all(len(batch) == 1 or tokens is None or len(batch) * lengths[batch[0]] <= tokens for batch in batches)
    flat = [lengths[index] for batch in batches for index in batch]
    assert flat == sorted(lengths, reverse=True)
    assert in_order(batches, [[lengths[index] for index in batch] for batch in batches]) == lengths
    # no batch could take in the next one of its length
    for first, second in itertools.pairwise(batches):
        width, both = lengths[first[0]], len(first) + 1
        if lengths[second[0]] == width:
            assert both > rows or (tokens is not None and both * width > tokens)


@pytest.mark.parametrize(
    ("batches", "results"), [([[0, 1]], [["a"]]), ([[0], [1]], [["a"]]), ([[0, 2]], [["a", "b"]]), ([[1]], [["a"]])]
)
def test_results_that_do_not_fit_their_batches_are_refused(batches: list[list[int]], results: list[list[str]]) -> None:
    with pytest.raises(ValueError, match=r"batches|zip"):
        in_order(batches, results)


def test_rows_are_filled_to_the_longest() -> None:
    assert pad([[5], [6, 7, 8], []], -100) == [[5, -100, -100], [6, 7, 8], [-100, -100, -100]]
