"""What `train.precision=auto` comes to, by the processor that trains."""

from typing import Any

import pytest
import torch

from radray.settings.loading import load_settings
from radray.training.plan import describe_plan
from radray.training.precision import with_precision

OLD_GPU, NEW_GPU = 7.0, 8.6


@pytest.mark.parametrize("precision", ["fp32", "bf16", "bf16_weights"])
def test_a_precision_that_is_named_stays(precision: str) -> None:
    settings = load_settings([], [f"train.precision={precision}"])
    assert with_precision(settings) == (settings, None)


@pytest.mark.parametrize(
    ("capabilities", "chosen", "why"),
    [
        ({"amx_bf16": True, "avx512_bf16": True}, "bf16", "this processor has amx_bf16"),
        ({"amx_bf16": False, "avx512_bf16": True}, "bf16", "this processor has avx512_bf16"),
        ({"amx_bf16": False, "avx512_bf16": False}, "fp32", "this processor has neither amx_bf16 nor avx512_bf16"),
        # of a processor of another kind
        ({"sve": True}, "fp32", "this processor has neither amx_bf16 nor avx512_bf16"),
    ],
)
def test_a_cpu_computes_in_bfloat16_where_it_has_units_for_it(
    capabilities: dict[str, bool], chosen: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    # what is known of a node's GPUs plays no part
    asked = load_settings([], ["train.precision=auto", f"node.gpu_compute_capability={OLD_GPU}"])
    settings, line = with_precision(asked)
    assert line == f"train.precision=auto: {chosen}, {why}"
    assert settings.train.precision == chosen
    assert settings.train.model_copy(update={"precision": "auto"}) == asked.train
    assert settings.model_copy(update={"train": asked.train}) == asked


@pytest.mark.parametrize(
    ("nodes", "own", "chosen", "capability"),
    [
        (OLD_GPU, None, "fp32", "7.0"),
        (8.0, None, "bf16", "8.0"),
        (NEW_GPU, None, "bf16", "8.6"),
        # the node's, where it is said, and not this machine's
        (OLD_GPU, (9, 0), "fp32", "7.0"),
        (None, (9, 0), "bf16", "9.0"),
        (None, (7, 5), "fp32", "7.5"),
        (None, None, "fp32", "unknown"),
    ],
)
def test_a_gpu_computes_in_bfloat16_from_a_capability_of_8(
    nodes: float | None, own: tuple[int, int] | None, chosen: str, capability: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # units of the CPU play no part
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    monkeypatch.setattr(torch.cuda, "is_available", lambda: own is not None)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: own)
    given: list[Any] = [] if nodes is None else [f"node.gpu_compute_capability={nodes}"]
    settings, line = with_precision(load_settings([], ["train.precision=auto", "train.use_gpu=true", *given]))
    assert (settings.train.precision, line) == (
        chosen,
        f"train.precision=auto: {chosen}, a GPU of compute capability {capability}",
    )


def test_a_plan_without_tables_takes_auto_for_what_it_will_come_to() -> None:
    given = ["model.init=hf://google/flan-t5-small", "train.use_gpu=true", f"node.gpu_compute_capability={OLD_GPU}"]
    lines = describe_plan(load_settings([], [*given, "train.precision=auto"]))
    assert lines == describe_plan(load_settings([], [*given, "train.precision=fp32"]))
