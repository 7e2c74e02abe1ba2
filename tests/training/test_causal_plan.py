"""The plan of a causal model: what torch counts on fake tensors against what it allocates, and profiles."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from radray.errors import ConfigError, InputError
from radray.models.families.adapters import add_adapter
from radray.models.families.causal.shape import CausalShape, tiny_config
from radray.models.families.causal.tiny import build_tiny_causal
from radray.models.families.registry import FAMILY_OF, named_family
from radray.models.families.shapes import initial_shape, published_shape
from radray.models.families.step import GIB
from radray.settings.loading import load_settings
from radray.settings.model import TinySettings
from radray.settings.root import Settings
from radray.settings.train import TrainSettings
from radray.training.plan import describe_plan, plan_training, refuse
from tests.support.paths import ROOT
from tests.support.training.allocated import allocated
from tests.support.training.fake import counted

CONFIGS = ROOT / "jobs" / "configs"
SMALL = ["train.sharding=none", "train.batch_size=4", "train.max_input_tokens=96", "train.max_target_tokens=32"]
CHECKPOINTING, LORA = "train.activation_checkpointing=true", "train.method=lora"
SIZE = TinySettings(vocab_size=1000, d_model=64, d_ff=128, num_layers=7, num_heads=4)
PLAIN = {**tiny_config(SIZE), "pad_token_id": 0}
TYPES = sorted(name for name, family in FAMILY_OF.items() if family == "causal")


def profile(name: str, *overrides: str) -> Settings:
    return load_settings([str(CONFIGS / f"{name}.yaml")], overrides)


def known(settings: Settings) -> CausalShape:
    shape = initial_shape(settings.model)
    assert isinstance(shape, CausalShape)
    return shape


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("hf://Qwen/Qwen3-4B", 4_022_468_096),
        ("hf://microsoft/Phi-3-mini-4k-instruct", 3_821_079_552),
        ("hf://meta-llama/Llama-3.2-3B", 3_212_749_824),
        ("smollm2", 134_515_008),
    ],
)
def test_a_published_model_has_the_parameters_that_it_has(name: str, parameters: int) -> None:
    shape = published_shape(name)
    assert shape is not None
    assert (shape.family, shape.parameters) == ("causal", parameters)


@pytest.mark.parametrize("method", ["full", "lora", "soft_prompt"])
@pytest.mark.parametrize("model_type", TYPES)
def test_what_learns_is_what_the_adapters_have_learn(model_type: str, method: Any) -> None:
    shape, train = CausalShape({**PLAIN, "model_type": model_type}), TrainSettings(method=method)
    with torch.device("meta"):
        learnt = add_adapter(shape.untrained(), train, named_family("causal"))
    assert sum(part.numel() for part in learnt.parameters() if part.requires_grad) == shape.learning(train)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama deeper than what is measured."""
    folder = tmp_path_factory.mktemp("models") / "llama"
    build_tiny_causal([f"word{n} lungs clear {n * 37}" for n in range(300)], folder, size=SIZE, seed=1)
    return folder


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        (CHECKPOINTING, "train.micro_batch_tokens=256"),
        ("train.precision=bf16",),
        ("train.precision=bf16_weights", "train.optimiser=adafactor"),
        (LORA, "train.precision=bf16"),
        ("train.method=soft_prompt",),
    ],
    ids=["fp32", "checkpointing, two calls", "bf16", "bf16 weights, adafactor", "lora", "soft prompt"],
)
def test_the_plan_s_memory_is_what_torch_allocates(overrides: tuple[str, ...], llama: Path) -> None:
    settings = load_settings([], [f"model.init={llama}", *SMALL, "train.max_steps=3", *overrides])
    planned = plan_training(settings, known(settings)).memory.total
    assert planned == pytest.approx(allocated(llama, settings), rel=0.1)


@pytest.mark.parametrize("overrides", [(LORA,), (CHECKPOINTING, "train.precision=bf16")])
def test_the_line_through_few_layers_meets_the_count_of_all(overrides: tuple[str, ...], llama: Path) -> None:
    sharded = ["train.workers=4", "train.sharding=fsdp", "train.batch_size=8", "train.max_input_tokens=32"]
    settings = load_settings([], [f"model.init={llama}", *sharded, *overrides])
    planned = plan_training(settings, known(settings)).memory.total
    assert planned == pytest.approx(counted(known(settings), settings), rel=0.01)


@pytest.mark.parametrize("model_type", TYPES)
def test_every_type_of_causal_model_has_a_plan(model_type: str) -> None:
    shape = CausalShape({**PLAIN, "model_type": model_type, "num_hidden_layers": 1})
    memory = plan_training(load_settings([], SMALL), shape).memory
    # without activations: float32 weights and two moments
    assert memory.weights >= 4 * shape.parameters
    assert memory.optimiser >= 8 * shape.parameters
    assert memory.activations > 0


def test_the_work_of_a_forward_pass_is_what_torch_counts() -> None:
    shape = CausalShape(tiny_config(SIZE))
    with FakeTensorMode():
        model = shape.untrained()
        model.set_attn_implementation("eager")
        with FlopCounterMode(display=False) as counter:
            model(input_ids=torch.zeros(1, 96 + 31, dtype=torch.long), use_cache=False, logits_to_keep=32)
    assert shape.flops(96, 32) == pytest.approx(counter.get_total_flops(), rel=0.02)


@pytest.mark.parametrize("name", ["g5.48xlarge-qwen3-4b-lora", "p4d.24xlarge-phi-3-mini"])
def test_a_profile_of_a_causal_model_fits_and_says_how_long(name: str) -> None:
    settings = profile(name)
    plan = plan_training(settings, known(settings))
    refuse(settings, plan)
    less = settings.model_copy(update={"node": settings.node.model_copy(update={"host_memory_gib": 10.0})})
    with pytest.raises(ConfigError, match=r"the node's memory: .* use fewer train\.workers"):
        refuse(less, plan)
    assert plan.device_bytes < settings.node.gpu_memory_gib * GIB
    assert plan.steps == 3 * 2718
    assert plan.hours is not None
    assert "of them learn" in plan.lines()[0]


def test_what_does_not_fit_is_refused_with_the_levers(llama: Path) -> None:
    node = ["node.name=small", "node.gpus=4", "node.gpu_memory_gib=1.2", "node.disk_gib=0.001", "train.use_gpu=true"]
    settings = load_settings([], [f"model.init={llama}", *SMALL, "train.workers=4", "train.sharding=ddp", *node])
    with pytest.raises(ConfigError) as caught:
        describe_plan(settings)
    assert "a step needs 1.3 GiB on each GPU, small has 1.2: use train.sharding=fsdp or" in str(caught.value)
    assert "the node's disk:" in str(caught.value)


@pytest.mark.parametrize("config", ['{"model_type": "llama", "hidden_size": "CANARY"}', "[]"])
def test_a_config_without_a_model_is_refused_without_its_values(config: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(config, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        describe_plan(load_settings([], [f"model.init={tmp_path}"]))
    assert "CANARY" not in str(caught.value)
