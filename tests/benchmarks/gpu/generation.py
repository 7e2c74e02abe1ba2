"""Beam search by both engines: reports a second by batch, memory, and whether they write the same.

Random weights end no sentence, so every output has MAX_NEW_TOKENS. transformers runs FLAN-T5 XL's size and a causal
model of 3 billion parameters. CTranslate2 runs FLAN-T5 Large's, with the tokenizer's 2,000 pieces as its vocabulary:
each type has a conversion of its own, and one of XL takes 18 GB of memory, which four of them would not do within the
part's limit. Beams over random weights lie close together, so types of few digits may rightly write another: `parity`
compares trained models. float16 is measured though no setting chooses it: published T5 weights overflow in it, and
what it would be worth is not known.
"""

import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from radray.models.batching import length_batches
from radray.models.engines.engine import Engine, Generation
from radray.models.families.causal.shape import CausalShape
from radray.models.families.registry import named_family, open_family
from radray.models.families.shapes import Shape, published_shape
from radray.models.families.t5.shape import T5Shape
from radray.models.folder import open_model
from radray.settings.generate import GenerateSettings
from tests.benchmarks.gpu.desk import Desk
from tests.benchmarks.gpu.shapes import random_model, report_texts, report_tokenizer, shape_of

MAX_NEW_TOKENS = 40
BATCH_TOKENS = (16_384, 65_536, 4_096)
"""The setting's default first."""
REPORTS, COMPARED = 256, 32


def measure_transformers(desk: Desk) -> None:
    """Record transformers at FLAN-T5 XL's size, in bfloat16 and float32, and a causal model's in bfloat16."""
    from radray.models.engines.transformers_beam import TransformersEngine

    prompts = _prompts(desk)

    def measure(case: str, compute_type: str, folder: Path) -> None:
        began = time.perf_counter()
        engine = TransformersEngine(folder, _settings(desk, "transformers", compute_type))
        desk.record(case, {"loaded_s": _since(began)})
        _measure_batches(desk, case, engine, prompts, folder)

    folder = _folder(desk, shape_of("t5", small=desk.small))
    for compute_type in ("bfloat16", "float32"):
        desk.attempt(compute_type, partial(measure, compute_type, compute_type, folder))
    shutil.rmtree(folder)
    case = "causal, bfloat16"
    desk.attempt(case, lambda: measure(case, "bfloat16", _folder(desk, shape_of("causal", small=desk.small))))


def measure_ctranslate2(desk: Desk) -> None:
    """Record CTranslate2 at FLAN-T5 Large's size in each compute type, beside transformers in float32."""
    from radray.models.engines.ctranslate2_beam import CTranslate2Engine
    from radray.models.engines.transformers_beam import TransformersEngine

    large = published_shape("hf://google/flan-t5-large")
    assert large is not None
    shape = shape_of("t5", small=True) if desk.small else large
    folder, prompts = _folder(desk, shape, own_vocabulary=True), _prompts(desk)
    compared = prompts[: 4 if desk.small else COMPARED]
    written: list[Generation] = []
    reference = "transformers, float32"

    def write() -> None:
        began = time.perf_counter()
        written.extend(TransformersEngine(folder, _settings(desk, "transformers", "float32")).generate(compared))
        desk.record(reference, {"reports": len(compared), "seconds_with_loading": _since(began)})

    def measure(compute_type: str) -> None:
        began = time.perf_counter()
        model, settings = open_model(str(folder), verify=False), _settings(desk, "ctranslate2", compute_type)
        engine = CTranslate2Engine(model, settings)
        desk.record(compute_type, {"converted_and_loaded_s": _since(began)})
        if written:
            desk.record(compute_type, compare(written, engine.generate(compared)))
        _measure_batches(desk, compute_type, engine, prompts, folder)

    desk.attempt(reference, write)
    # on a CPU CTranslate2 computes in neither of the two
    for compute_type in ("float32", "int8") if desk.small else ("float32", "bfloat16", "int8", "float16"):
        desk.attempt(compute_type, partial(measure, compute_type))


def compare(first: Sequence[Generation], second: Sequence[Generation]) -> dict[str, Any]:
    """Return of how many reports the best, and all hypotheses are the same text; no report: zeros."""
    texts = [
        [[hypothesis.text for hypothesis in answer.hypotheses] for answer in answers] for answers in (first, second)
    ]
    pairs = list(zip(*texts, strict=True))
    return {
        "compared": len(pairs),
        "best_equal": sum(left[0] == right[0] for left, right in pairs),
        "all_equal": sum(left == right for left, right in pairs),
    }


def _since(began: float) -> float:
    return round(time.perf_counter() - began, 2)


def _measure_batches(desk: Desk, case: str, engine: Engine, prompts: list[str], folder: Path) -> None:
    """Record reports a second for each size of batch, in the batches that a run would make."""
    family = open_family(folder)
    rows = family.encode_prompts(family.load_tokenizer(folder), prompts, chat=False)
    lengths = [len(row.ids) for row in rows]
    desk.record(case, {"reports": len(prompts), "mean_input_tokens": round(sum(lengths) / len(lengths), 1)})
    engine.generate(prompts[:2])  # what is made ready at the first call is not of the batch
    for tokens in BATCH_TOKENS[:1] if desk.small else BATCH_TOKENS:
        batches = length_batches(lengths, len(prompts), tokens)
        start = time.perf_counter()
        for batch in batches:
            engine.generate([prompts[place] for place in batch])
        seconds = time.perf_counter() - start
        desk.record(
            case,
            {
                f"batch_tokens={tokens}": {
                    "calls": len(batches),
                    "reports_per_second": round(len(prompts) / seconds, 2),
                    # both libraries keep what they took once
                    "device_bytes_after": desk.used_bytes(),
                }
            },
        )


def _settings(desk: Desk, engine: str, compute_type: str) -> GenerateSettings:
    # one call for all that it is given: the batches are made here
    settings = GenerateSettings.model_validate(
        {
            **{"engine": engine, "num_beams": 4, "num_return_sequences": 4},
            **{"max_new_tokens": 4 if desk.small else MAX_NEW_TOKENS, "max_input_tokens": 512},
            **{"batch_size": 1024, "batch_tokens": 1_000_000, "use_gpu": not desk.small},
        }
    )
    # not validated: float16 is none of the setting's
    return settings.model_copy(update={"compute_type": compute_type})


def _prompts(desk: Desk) -> list[str]:
    return [f"Impression of findings: {text}" for text in report_texts(8 if desk.small else REPORTS)]


def _folder(desk: Desk, shape: Shape, *, own_vocabulary: bool = False) -> Path:
    """Write a model of `shape` in bfloat16 and return its folder; `own_vocabulary`: as many rows as pieces."""
    family = named_family("t5" if isinstance(shape, T5Shape) else "causal")
    tokenizer = report_tokenizer(family.name, desk.scratch / "tokenizer")
    pieces = len(tokenizer)
    if isinstance(shape, T5Shape):
        shape = replace(shape, vocab_size=pieces if own_vocabulary else max(pieces, shape.vocab_size))
    else:
        shape = CausalShape({**shape.config, "vocab_size": max(pieces, shape.config["vocab_size"])})
    model = random_model(shape, torch.bfloat16, desk.device)
    family.save_model(model, tokenizer, desk.scratch / "model")
    return desk.scratch / "model"
