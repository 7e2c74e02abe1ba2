"""CTranslate2 against transformers on real findings: ``python -m tests.benchmarks.parity [folder]``.

A T5 with an output layer of its own, trained on Open-i (in `folder`, kept there for the next time), writes for all
of its findings, beam 4, n-best 4. Prints how many are equal, why each other one is not, and, as the last line, JSON.
A difference is explained when float32 alone makes it: transformers itself writes the other text for the same report
in a batch of another size, or all scores agree rank by rank, or both engines give each other's texts the score that
the other one gave.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch

from radray.models.engines.engine import Engine, Generation
from radray.models.engines.opening import open_engine
from radray.models.engines.parity import TOLERANCE, compare, score_difference
from radray.models.families.loading import load_tokenizer
from radray.models.families.t5.loading import load_model
from radray.models.folder import ModelFolder
from radray.settings.generate import GenerateSettings
from tests.benchmarks.trained_model import say, trained_model

# one thread: torch's threads wait for each other where the machine has other work
SETTINGS = GenerateSettings(num_beams=4, num_return_sequences=4, max_new_tokens=128, threads_per_actor=1)


def opened(model: ModelFolder, **settings: Any) -> Engine:
    """Return the engine for SETTINGS changed by `settings`."""
    return open_engine(model, SETTINGS.model_copy(update=settings))


def texts(generation: Generation) -> list[str]:
    """Return the texts of the n-best."""
    return [hypothesis.text for hypothesis in generation.hypotheses]


def reason(generation: Generation, wanted: Generation, alone: Generation) -> str:
    """Return why two engines differ on a report; `alone`: the reference on that report by itself."""
    apart = [score_difference(a.score, b.score) for a, b in zip(generation.hypotheses, wanted.hypotheses, strict=True)]
    if texts(alone) != texts(wanted):
        return "transformers differs from itself when the report is alone in its batch"
    if max(apart) <= TOLERANCE:
        return "equal scores, rank by rank: candidates of one score in another order"
    return f"unexplained: scores {max(apart):.1e} apart"


def main() -> int:
    """Compare the engines, print, and return 1 where a difference is not explained."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out/benchmarks").resolve()
    model, prompts = trained_model(folder)
    head, embedding = (getattr(load_model(model.path), name).weight for name in ("lm_head", "shared"))
    reference = opened(model, engine="transformers")
    generations = opened(model, engine="ctranslate2").generate(prompts)
    quantised = opened(model, engine="ctranslate2", compute_type="int8").generate(prompts)
    wanted = reference.generate(prompts)
    result = compare(generations, wanted)
    differ = [
        place
        for place, pair in enumerate(zip(generations, wanted, strict=True))
        if compare([pair[0]], [pair[1]]).equal == 0
    ]
    reasons: dict[str, int] = {}
    for place in differ:
        (alone,) = reference.generate([prompts[place]])
        why = reason(generations[place], wanted[place], alone)
        reasons[why] = reasons.get(why, 0) + 1
        ranks = [r for r in range(4) if texts(generations[place])[r] != texts(wanted[place])[r]]
        say(f"report {place}: ranks {ranks}: {why}")
    int8 = compare(quantised, wanted)
    figures = {
        "model": f"T5, {sum(p.numel() for p in load_model(model.path).parameters()):,} parameters",
        "pieces": len(load_tokenizer(model.path)),
        "lm_head_untied": not torch.equal(head, embedding),
        "reports": result.n,
        "equal": result.equal,
        "hypotheses": result.hypotheses,
        "equal_hypotheses": result.equal_hypotheses,
        "max_score_difference": result.max_score_difference,
        "ended": sum(not generation.output_cut for generation in wanted),
        "differences": reasons,
        "int8": {
            "equal": int8.equal,
            "equal_hypotheses": int8.equal_hypotheses,
            "equal_best": int8.equal_best,
            "max_score_difference": int8.max_score_difference,
        },
    }
    for name, value in figures.items():
        say(f"{name:24} {value}")
    say(json.dumps(figures))
    return int(any(why.startswith("unexplained") for why in reasons))


if __name__ == "__main__":
    sys.exit(main())
