"""A prompt that is too long loses exemplars, the farthest first, before it loses a word of its own report."""

from typing import Any

import pytest

from radray.language.exemplar_marks import unmark
from radray.models.families.masks import soft_pieces
from radray.models.families.registry import open_family
from radray.models.tokens import cut, encode
from radray.tasks.registry import find_prompt
from radray.tasks.task import Prompt
from tests.models.causal.kinds import tokenizer_of
from tests.support.training.examples import tokenise
from tests.support.training.toy import build_toy

PROMPTS = {
    "t5": ("similar-findings-v1", "pairs-findings-v1"),
    "causal": ("similar-sections-v1", "pairs-sections-v1"),
    "chat": ("similar-sections-v1", "pairs-sections-v1"),
}
FINDINGS, BACKGROUND = "There is a small nodule on the left.", "Large opacity on the right."


class Shown:
    """A training report that a prompt shows."""

    def __init__(self, impression: str) -> None:
        self.findings, self.impression = "The heart is normal.", impression


SHOWN = [Shown("Small left nodule."), Shown("Large right effusion. ___"), Shown("Moderate opacity.")]


@pytest.fixture(scope="module", params=PROMPTS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=["plain", "soft prompt"])
def asked(kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """A family and its tokenizer, with and without a soft prompt before every input."""
    folder = tmp_path_factory.mktemp("toys") / "toy"
    if kind == "chat":
        tokenizer_of(folder)
    else:
        build_toy(kind, folder)
    family = open_family(folder)
    tokenizer = family.load_tokenizer(folder)
    if request.param == "soft prompt":
        tokenizer.add_tokens(soft_pieces(3), special_tokens=True)
        family.put_soft_prompt(family.load_model(folder), tokenizer, soft_pieces(3))
    return family, tokenizer


@pytest.fixture(params=[0, 1], ids=["impressions", "pairs"])
def prompt(kind: str, request: pytest.FixtureRequest) -> Prompt:
    return find_prompt(PROMPTS[kind][request.param]).prompt


@pytest.mark.parametrize("background", [BACKGROUND, None])
def test_a_long_prompt_is_the_one_with_fewer_exemplars(
    background: str | None, kind: str, prompt: Prompt, asked: tuple[Any, Any]
) -> None:
    family, tokenizer = asked
    filled = [prompt.fill(FINDINGS, background, SHOWN[:count]) for count in range(4)]
    bare, *_, most = encoded = family.encode_prompts(tokenizer, filled, chat=kind == "chat")
    lengths = [len(its.ids) for its in encoded]
    assert lengths == sorted(set(lengths))
    for limit in range(8, lengths[-1] + 2):
        fits = [its.ids for its in encoded if len(its.ids) <= limit]
        expected = fits[-1] if fits else cut(bare.ids, limit, "right", bare.tail)
        assert cut(most.ids, limit, "right", most.tail, most.exemplars) == expected, limit
    # training has the same, from the tokens alone
    both: dict[str, Any] = {"max_input_tokens": lengths[1], "max_target_tokens": 8, "chat": kind == "chat"}
    learnt = tokenise(family, tokenizer, [filled[3]], ["Small nodule."], **both)
    assert learnt.inputs == [encoded[1].ids]
    assert learnt.inputs_truncated == 1


def test_no_mark_is_tokenised(kind: str, prompt: Prompt, asked: tuple[Any, Any]) -> None:
    family, tokenizer = asked
    filled = prompt.fill(f"\x1e{FINDINGS}\x1f", f"{BACKGROUND}\x1d", SHOWN, fixed=True)
    text, spans, _ = unmark(filled)
    assert [text[first:end].split(": ")[-1].strip() for first, end in spans] == [its.impression for its in SHOWN]
    assert not set("\x1d\x1e\x1f") & set(text)
    (encoded,) = family.encode_prompts(tokenizer, [filled], chat=False)
    assert [encoded.ids] == encode(tokenizer, [text])


def test_what_all_prompts_of_a_run_begin_with_is_known(kind: str, prompt: Prompt, asked: tuple[Any, Any]) -> None:
    family, tokenizer = asked
    reports = [(FINDINGS, BACKGROUND), ("No effusion.", None), ("", None)]
    filled = [prompt.fill(*report, SHOWN, fixed=True) for report in reports]
    encoded = family.encode_prompts(tokenizer, filled, chat=kind == "chat")
    alike = [its.ids[: its.alike] for its in encoded]
    assert alike[0] == alike[1] == alike[2]
    if prompt.id.startswith("similar-") or kind == "t5":
        assert alike[0] == []
    else:
        # with all three exemplars in it, and no word of a report
        assert [its.alike for its in encoded] == [its.exemplars[-1][1] for its in encoded]
    loose = family.encode_prompts(tokenizer, [prompt.fill(*reports[0], SHOWN)], chat=kind == "chat")
    assert (loose[0].alike, loose[0].ids) == (0, encoded[0].ids)


def test_a_prompt_without_exemplars_is_cut_as_ever(prompt: Prompt, asked: tuple[Any, Any]) -> None:
    family, tokenizer = asked
    (encoded,) = family.encode_prompts(tokenizer, [prompt.fill(FINDINGS, BACKGROUND)], chat=False)
    assert encoded.exemplars == ()
    assert len(cut(encoded.ids, 9, "right", encoded.tail, encoded.exemplars)) == 9


@pytest.mark.parametrize(
    ("limit", "side", "expected"),
    [
        (10, "right", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (9, "right", [0, 1, 2, 3, 4, 8, 9]),
        (6, "right", [0, 1, 4, 8, 9]),
        (4, "right", [0, 1, 4, 9]),
        (9, "left", [0, 1, 2, 3, 4, 8, 9]),
        (4, "left", [1, 4, 8, 9]),
    ],
)
def test_the_last_exemplars_are_lost_first_and_whole(limit: int, side: str, expected: list[int]) -> None:
    assert cut(list(range(10)), limit, side, 1, [(2, 4), (5, 8)]) == expected
