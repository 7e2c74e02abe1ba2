"""Tiny models of every causal type that radray knows, with random weights and a byte-level tokenizer."""

import json
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from radray.models.families.causal.family import CausalFamily
from radray.models.families.causal.tiny import build_tiny_causal
from radray.models.families.pieces import PATIENTS
from radray.models.families.registry import FAMILY_OF
from radray.models.folder import ModelFolder, open_model
from radray.models.manifest import write_manifest
from radray.settings.generate import GenerateSettings
from radray.settings.model import TinySettings

FAMILY = CausalFamily()
TYPES = sorted(model_type for model_type, family in FAMILY_OF.items() if family == "causal")
TEXTS = [
    "The lungs are clear. No pleural effusion or pneumothorax, compared with ___.",
    "There is a 1.9 x 1.8 cm nodule in the right upper lobe (unchanged since ___).",
    "Heart size is normal; the tip of the line ends in the SVC.",
]
PROMPTS = [
    "Findings: The lungs are clear.\nImpression:",
    "Findings: Heart size is normal; the tip of the line ends in the SVC.\nBackground: fall\nImpression:",
    *("nodule", "(", "No pleural effusion.", "The SVC; the tip.", "1.9 x 1.8 cm", "compared with ___", "é", "a\n\nb"),
    f"Findings: {'No line. ' * 9}\nImpression:",
    "There is a nodule (unchanged).",
]
SIZE = TinySettings(vocab_size=300, d_model=32, d_ff=48, num_layers=2, num_heads=4)
_SMALL = {
    **{"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4},
    **{"num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 512, "initializer_range": 0.3},
}
_OWN: dict[str, dict[str, Any]] = {
    # one layer with each kind of attention
    "gemma3_text": {"layer_types": ["sliding_attention", "full_attention"], "query_pre_attn_scalar": 8},
    "gemma2": {"layer_types": ["sliding_attention", "full_attention"], "query_pre_attn_scalar": 8},
    "phi": {"num_key_value_heads": 4, "partial_rotary_factor": 0.5},
}


def tokenizer_of(folder: Path) -> PreTrainedTokenizerBase:
    """Return a byte-level tokenizer of some 300 pieces, which is written to `folder` beside a Llama."""
    build_tiny_causal(TEXTS * PATIENTS, folder, size=SIZE, seed=1)
    return FAMILY.load_tokenizer(folder)


def build(model_type: str, folder: Path, *, seed: int = 1, **config: Any) -> ModelFolder:
    """Write a model of the type with random weights, norms and biases too, whose end token is often likely."""
    tokenizer_of(folder)
    (folder / "config.json").write_text(json.dumps({"model_type": model_type}))
    tokenizer = FAMILY.load_tokenizer(folder)  # as the type's own class has it
    settings = _SMALL | _OWN.get(model_type, {}) | {"vocab_size": len(tokenizer)} | config
    ids = {"bos_token_id": None, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(model_type, **settings, **ids))
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.ndim == 1:
                    parameter.add_(torch.randn_like(parameter) * 0.2)
            model.get_output_embeddings().weight[tokenizer.eos_token_id] *= 2.0
    model.generation_config = GenerationConfig(**ids)
    return written(model, tokenizer, folder)


def written(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> ModelFolder:
    """Write model and tokenizer with a manifest, and return the folder as it is opened."""
    FAMILY.save_model(model, tokenizer, folder)
    write_manifest(folder, "m", {"test": str(folder)})  # a digest of its own: nobody else has a copy of it
    return open_model(str(folder))


def settings_of(**settings: Any) -> GenerateSettings:
    """Return the settings of a small beam search on one thread, all of whose hypotheses are kept."""
    values = {"num_beams": 4, "num_return_sequences": 4, "max_new_tokens": 12, "max_input_tokens": 120}
    return GenerateSettings(**values | {"threads_per_actor": 1, "batch_size": 5} | settings)
