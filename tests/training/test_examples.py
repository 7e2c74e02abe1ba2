from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerBase

from radray.language.exemplar_marks import marked
from radray.models.families.loading import load_tokenizer
from radray.models.families.registry import named_family, open_family
from radray.training.driver.tokens import TAIL, how_to_cut, tokenised
from radray.training.loop.examples import (
    Examples,
    batches_from,
    calls,
    epoch_batches,
    rounds,
    share,
    validation_batches,
)
from tests.support.training.examples import tokenise
from tests.support.training.toy import both_families

T5 = named_family("t5")


def _examples(lengths: list[int]) -> Examples:
    return Examples([[5] * length for length in lengths], [[1]] * len(lengths), 0, 0)


@given(lengths=st.lists(st.integers(1, 40), max_size=200), size=st.integers(1, 9), epoch=st.integers(0, 5))
def test_an_epoch_holds_each_example_once(lengths: list[int], size: int, epoch: int) -> None:
    batches = epoch_batches(_examples(lengths), size, seed=1, epoch=epoch)
    assert all(1 <= len(batch) <= size for batch in batches)
    assert len(batches) == -(-len(lengths) // size)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))


def test_batches_depend_on_seed_and_epoch_alone() -> None:
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


@pytest.mark.parametrize("step", [0, 1, 2, 3, 7])
def test_epochs_follow_one_another_from_any_step(step: int) -> None:
    examples = _examples([1, 2, 3])
    expected = [batch for epoch in range(6) for batch in epoch_batches(examples, 2, seed=1, epoch=epoch)]
    stream = batches_from(examples, 2, seed=1, step=step)
    assert [next(stream) for _ in range(4)] == expected[step : step + 4]


@given(
    lengths=st.lists(st.tuples(st.integers(1, 30), st.integers(1, 10)), min_size=1, max_size=40),
    workers=st.integers(1, 4),
    limit=st.one_of(st.none(), st.integers(1, 120)),
)
def test_calls_hold_each_example_once_in_equal_numbers_a_worker(
    lengths: list[tuple[int, int]], workers: int, limit: int | None
) -> None:
    examples = Examples([[5] * source for source, _ in lengths], [[6] * target for _, target in lengths], 0, 0)
    batch = list(range(len(lengths)))
    by_worker = [calls(examples, batch, rank, workers, limit) for rank in range(workers)]
    assert len({len(own) for own in by_worker}) == 1
    assert len(by_worker[0]) >= 1
    for rank, own in enumerate(by_worker):
        assert sorted(index for call in own for index in call) == batch[rank::workers]
        for call in own:
            if limit is not None and len(call) > 1:
                widest = max(len(examples.inputs[i]) for i in call) + max(len(examples.targets[i]) for i in call)
                assert widest * len(call) <= limit


def test_a_step_without_a_limit_is_one_call() -> None:
    assert calls(_examples([3, 1, 2]), [2, 0, 1], 0, 1, None) == [[2, 0, 1]]
    assert calls(_examples([3, 1, 2]), [2], 1, 2, None) == [[]]


def test_rounds_are_as_many_for_each_worker() -> None:
    batches = [[0], [1], [2]]
    assert [rounds(batches, rank, 2) for rank in range(2)] == [[[0], [2]], [[1], []]]
    assert [rounds(batches, rank, 4) for rank in range(4)] == [[[0]], [[1]], [[2]], [[]]]


def test_validation_goes_longest_first() -> None:
    assert validation_batches(_examples([2, 9, 4]), 2) == [[1, 2], [0]]


def test_validation_keeps_to_the_tokens_of_a_call() -> None:
    # with one token of target each: 10 tokens hold the two short ones, the long one is alone
    assert validation_batches(_examples([2, 9, 4]), 3, 10) == [[1], [2, 0]]


def test_workers_share_a_batch_without_rest_or_overlap() -> None:
    assert [list(share([7, 8, 9, 10, 11], rank, 3)) for rank in range(3)] == [[7, 10], [8, 11], [9]]
    assert list(share([7], 1, 2)) == []


def test_long_texts_lose_their_end_keep_the_end_token_and_are_counted(toy_model: Path) -> None:
    tokenizer = load_tokenizer(toy_model)
    inputs = ["There is a small nodule on the left.", "nodule"]
    targets = ["Small left nodule.", "Large left effusion on the right on the left."]
    whole = tokenizer(inputs + targets)["input_ids"]
    examples = tokenise(T5, tokenizer, inputs, targets, max_input_tokens=8, max_target_tokens=8)
    assert examples.inputs == [[*whole[0][:7], 1], whole[1]]
    assert examples.targets == [whole[2], [*whole[3][:7], 1]]
    assert (examples.inputs_truncated, examples.targets_truncated) == (1, 1)


@pytest.mark.parametrize("limit", [8, 512])
def test_nothing_gives_nothing(toy_model: Path, limit: int) -> None:
    examples = tokenise(T5, load_tokenizer(toy_model), [], [], max_input_tokens=limit, max_target_tokens=limit)
    assert (len(examples), examples.inputs, examples.targets) == (0, [], [])
    assert epoch_batches(examples, 4, seed=1, epoch=0) == []


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("limit", [2, 5, 8, 512])
def test_rows_are_cut_as_the_tokenizer_itself_cuts_texts(toy_model: Path, side: str, limit: int) -> None:
    tokenizer = load_tokenizer(toy_model)
    tokenizer.truncation_side = side
    texts = ["", "nodule", "There is a small nodule on the left.", "There is a small nodule on the left. " * 4]
    by_itself = tokenizer(texts, truncation=True, max_length=limit)["input_ids"]
    examples = tokenise(T5, tokenizer, texts, texts[:1], max_input_tokens=limit, max_target_tokens=limit)
    assert examples.inputs == by_itself
    whole = tokenizer(texts)["input_ids"]
    assert examples.inputs_truncated == sum(len(row) > len(cut) for row, cut in zip(whole, by_itself, strict=True))


class _Counting:
    """A tokenizer that counts how often it is given each text."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self.texts = Counter[str]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def __call__(self, texts: list[str], **options: Any) -> Any:
        self.texts.update(texts)
        return self._tokenizer(texts, **options)


def test_each_text_is_tokenised_once_and_nulls_stay(toy_model: Path) -> None:
    tokenizer = _Counting(load_tokenizer(toy_model))
    columns: dict[str, Any] = {
        "unit_id": ["a", "b", "c"],
        "input": ["There is a small nodule.", "There is an opacity.", "There is an effusion."],
        "target": ["Small nodule.", None, "Effusion."],
        "reference": [None, "___.", "Effusion ___."],
    }
    table = tokenised(pa.table(columns), T5, tokenizer, chat=False)
    assert tokenizer.texts == Counter([*columns["input"], "Small nodule.", "Effusion."])
    plain = load_tokenizer(toy_model)
    assert table["input"].to_pylist() == plain(columns["input"])["input_ids"]
    assert table["target"].to_pylist() == [
        *plain(["Small nodule."])["input_ids"],
        None,
        *plain(["Effusion."])["input_ids"],
    ]
    assert table[TAIL].to_pylist() == [1, 1, 1]
    assert table.select(["unit_id", "reference"]).to_pydict() == {
        name: columns[name] for name in ("unit_id", "reference")
    }


@both_families
def test_workers_know_how_to_cut_as_the_driver_does(toy_family: str, toy_model: Path) -> None:
    family = open_family(toy_model)
    asked = [f"There is a nodule.{marked(' Small nodule.')}{marked(' Opacity.')}\nImpression:", "There is an opacity."]
    table = pa.table({"unit_id": ["a", "b"], "input": asked, "target": ["Nodule.", None]})
    encoded = family.encode_prompts(family.load_tokenizer(toy_model), asked, chat=False)
    assert [len(prompt.exemplars) for prompt in encoded] == [2, 0]
    assert how_to_cut(tokenised(table, family, family.load_tokenizer(toy_model), chat=False)) == {
        "tails": [prompt.tail for prompt in encoded],
        "exemplars": [list(prompt.exemplars) for prompt in encoded],
    }


@both_families
def test_a_table_without_rows_has_no_tokens(toy_model: Path) -> None:
    empty = pa.table({name: pa.array([], pa.string()) for name in ("unit_id", "input", "target")})
    family = open_family(toy_model)
    assert tokenised(empty, family, family.load_tokenizer(toy_model), chat=False).to_pylist() == []


@pytest.mark.parametrize("toy_family", ["causal"], indirect=True)
@pytest.mark.parametrize("chat", [False, True])
def test_prompt_and_target_of_a_causal_model_are_one_text(chat: bool, toy_model: Path) -> None:
    family = open_family(toy_model)
    tokenizer = family.load_tokenizer(toy_model)
    prompt, target = "Findings: There is a small nodule.\nImpression:", "Small nodule."
    columns = {"unit_id": ["a", "b"], "input": [prompt, prompt], "target": [target, None]}
    first, second = tokenised(pa.table(columns), family, tokenizer, chat=chat).to_pylist()
    whole = f"<|user|>{prompt}<|end|>\n<|user|>\n{target}" if chat else f"{prompt} {target}"
    assert tokenizer.decode(first["input"] + first["target"]) == f"{whole}<|end|>"
    # as it would be tokenised in one: the model meets no other pieces than it was pretrained on
    assert first["input"] + first["target"] == [*tokenizer(whole)["input_ids"], tokenizer.eos_token_id]
    assert (second["input"], second["target"]) == (first["input"], None)
    tail = "\nImpression:<|end|>\n<|user|>\n" if chat else "\nImpression:"
    assert tokenizer.decode(first["input"][-first[TAIL] :]) == tail


@pytest.mark.parametrize("toy_family", ["causal"], indirect=True)
def test_a_long_prompt_of_a_causal_model_keeps_its_last_line(toy_model: Path) -> None:
    family = open_family(toy_model)
    tokenizer = family.load_tokenizer(toy_model)
    long = f"Findings: {'There is a small nodule on the left. ' * 9}\nImpression:"
    examples = tokenise(family, tokenizer, [long], ["Small nodule."], max_input_tokens=24, max_target_tokens=4)
    assert len(examples.inputs[0]) == 24
    assert tokenizer.decode(examples.inputs[0]).startswith("Findings: There is a small nodule")
    assert tokenizer.decode(examples.inputs[0]).endswith("\nImpression:")
    assert examples.targets[0][-1] == tokenizer.eos_token_id
    assert (examples.inputs_truncated, examples.targets_truncated) == (1, 1)
