"""What all prompts of a run begin with is computed once: answers and scores as without, and as transformers'."""

from pathlib import Path
from typing import Any

import ctranslate2
import pytest
import torch

from radray.language.exemplar_marks import unmark
from radray.models.engines.opening import open_engine
from radray.models.engines.parity import compare
from radray.models.exemplars import FixedExemplar
from radray.models.families.convertible import NOT_CONVERTED
from radray.tasks.registry import Asked, find_prompt
from tests.models.causal.kinds import FAMILY, TYPES, build, settings_of

CONVERTED = [name for name in TYPES if name not in NOT_CONVERTED]
PICKED = [
    FixedExemplar("e1", None, "The lungs are clear.", "No effusion."),
    FixedExemplar("e2", None, "There is a nodule.", "Nodule (unchanged)."),
]
FINDINGS = ["Heart size is normal.", "Heart size is normal!", "Line in the SVC; no nodule.", "", "The tip of the line."]


def _asked() -> Asked:
    return find_prompt("pairs-sections-v1").showing(PICKED, "m", {})


@pytest.fixture
def static_prompts(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The static prompt of every call of CTranslate2."""
    given: list[Any] = []

    class Recording(ctranslate2.Generator):
        def generate_batch(self, *prompts: Any, **arguments: Any) -> Any:
            given.append(arguments.get("static_prompt"))
            return super().generate_batch(*prompts, **arguments)

    monkeypatch.setattr(ctranslate2, "Generator", Recording)
    return given


@pytest.mark.parametrize("model_type", CONVERTED)
def test_answers_and_scores_are_those_without_it(model_type: str, static_prompts: list[Any], tmp_path: Path) -> None:
    torch.set_num_threads(1)
    model = build(model_type, tmp_path / "m")
    marked = [_asked().fill({"findings": text, "background": None}) for text in FINDINGS]
    bare = [unmark(prompt).text for prompt in marked]
    settings = {"max_input_tokens": 400, "max_new_tokens": 8}
    fast = open_engine(model, settings_of(engine="ctranslate2", **settings))
    answers = fast.generate(marked)
    used = list(static_prompts)
    assert len(used) >= 4
    assert all(prompt == used[0] and len(prompt) > 20 for prompt in used)
    without = open_engine(model, settings_of(engine="ctranslate2", **settings)).generate(bare)
    assert static_prompts[len(used) :] == [None] * len(used)
    reference = open_engine(model, settings_of(engine="transformers", **settings)).generate(marked)
    for others in (without, reference):
        held = compare(answers, others)
        assert (held.equal, held.equal_hypotheses) == (len(FINDINGS), held.hypotheses)


def test_prompts_that_begin_otherwise_are_answered_without_it(static_prompts: list[Any], tmp_path: Path) -> None:
    model = build("llama", tmp_path / "m")
    whole, long = (
        _asked().fill({"findings": text, "background": None}) for text in ("Nodule.", "The line ends in the SVC. " * 6)
    )
    tokenizer = FAMILY.load_tokenizer(model.path)
    fits, _ = (len(prompt.ids) for prompt in FAMILY.encode_prompts(tokenizer, [whole, long], chat=False))
    engine = open_engine(model, settings_of(engine="ctranslate2", max_input_tokens=fits, max_new_tokens=4))
    engine.generate([whole])
    # a long one loses exemplars, and another run has others
    engine.generate([long, "Findings: Nodule.\nImpression:"])
    assert [prompt is not None for prompt in static_prompts] == [True, False, False]
